"""How far a suggestion may go."""

from __future__ import annotations

from dataclasses import dataclass

from synqc.settings import Settings

__all__ = ["FIELDS", "Limits"]

FIELDS = (
    "hardware_target", "hardware_preset", "drive_envelope", "probe_strength", "probe_duration_ns", "adaptive_rule",
    "objective", "notes",
)  # fmt: skip
"""Fields of a configuration that may be suggested; what pages keep beside them is theirs."""

_SHORTEST_PROBE_NS = 5
_LONGEST_PROBE_NS = 5000


@dataclass(frozen=True)
class Limits:
    """Greatest values that a run accepts.

    Args:
        max_probe_strength: 0 to 1.
        max_probe_duration_ns: 5 to 5000.
    """

    max_probe_strength: float = 0.5
    max_probe_duration_ns: int = _LONGEST_PROBE_NS

    @property
    def ranges(self) -> dict[str, tuple[float, float]]:
        """Least and greatest value of each number."""
        return {
            "probe_strength": (0.0, self.max_probe_strength),
            "probe_duration_ns": (_SHORTEST_PROBE_NS, self.max_probe_duration_ns),
        }

    @classmethod
    def of(cls, settings: Settings) -> Limits:
        """What the operator allows, within what a configuration can hold."""
        longest = min(max(settings.max_probe_duration_ns, _SHORTEST_PROBE_NS), _LONGEST_PROBE_NS)
        return cls(settings.max_probe_strength, longest)

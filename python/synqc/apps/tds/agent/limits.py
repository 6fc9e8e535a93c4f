"""How far a suggestion may go."""

from __future__ import annotations

from dataclasses import dataclass

from synqc.apps.tds.models import PROBE_DURATIONS_NS, PROBE_STRENGTHS
from synqc.apps.tds.settings import TdsSettings

__all__ = ["FIELDS", "Limits"]

FIELDS = (
    "hardware_target", "hardware_preset", "drive_envelope", "probe_strength", "probe_duration_ns", "adaptive_rule",
    "objective", "notes",
)  # fmt: skip
"""Fields of a configuration that may be suggested; what pages keep beside them is theirs."""


@dataclass(frozen=True)
class Limits:
    """Greatest values that a run accepts, both within what a configuration can hold."""

    max_probe_strength: float = 0.5
    max_probe_duration_ns: int = PROBE_DURATIONS_NS[1]

    @property
    def ranges(self) -> dict[str, tuple[float, float]]:
        """Least and greatest value of each number."""
        return {
            "probe_strength": (PROBE_STRENGTHS[0], self.max_probe_strength),
            "probe_duration_ns": (PROBE_DURATIONS_NS[0], self.max_probe_duration_ns),
        }

    @classmethod
    def of(cls, settings: TdsSettings) -> Limits:
        """What the operator allows, within what a configuration can hold."""
        shortest, longest = PROBE_DURATIONS_NS
        return cls(settings.max_probe_strength, min(max(settings.max_probe_duration_ns, shortest), longest))

"""How far a suggestion may go."""

from __future__ import annotations

from dataclasses import dataclass, replace

from synqc.apps.tds.models import PROBE_DURATIONS_NS, PROBE_STRENGTHS
from synqc.apps.tds.settings import TdsSettings

__all__ = ["FIELDS", "Limits"]

FIELDS = (
    "hardware_target", "hardware_preset", "drive_envelope", "probe_strength", "probe_duration_ns", "adaptive_rule",
    "objective", "notes",
)  # fmt: skip
"""Fields of a configuration that may be suggested; what pages keep beside them is theirs."""


_OF_SMALL_MODELS = ("probe_strength", "probe_duration_ns")
_WITH_RULE = ("qwen2.5-coder-1.5b",)
_MOST_TOKENS_OF_SMALL_MODELS = 256


@dataclass(frozen=True)
class Limits:
    """How far a suggestion may go: greatest values that a run accepts, and which fields it may change.

    Small models move what nobody asked for (another target, another preset), so that they are offered numbers alone,
    and the rule if they have proved themselves at it; the rest is locked.

    Args:
        max_probe_strength, max_probe_duration_ns: Within what a configuration can hold.
        fields: That may be changed.
        max_tokens: Of an answer; None: no limit is sent.
    """

    max_probe_strength: float = 0.5
    max_probe_duration_ns: int = PROBE_DURATIONS_NS[1]
    fields: tuple[str, ...] = FIELDS
    max_tokens: int | None = None

    @property
    def are_for_small_models(self) -> bool:
        """Whether some fields are locked; such models are asked briefly, and their reasons are only quoted."""
        return self.fields != FIELDS

    def for_small_model(self, name: str) -> Limits:
        """The same ranges, with all but a few fields locked.

        >>> Limits().for_small_model("qwen2.5-coder-1.5b").fields
        ('probe_strength', 'probe_duration_ns', 'adaptive_rule')
        """
        fields = (*_OF_SMALL_MODELS, "adaptive_rule") if name in _WITH_RULE else _OF_SMALL_MODELS
        return replace(self, fields=fields, max_tokens=_MOST_TOKENS_OF_SMALL_MODELS)

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

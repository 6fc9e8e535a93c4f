"""One thing that keeps a report from being filed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Obstacle", "ObstacleKind"]


class ObstacleKind(StrEnum):
    """What is the matter."""

    MISSING_FIELD = "missing_field"
    """A required field has no value that a person or a source gave."""
    UNDECIDED_PROVISION = "undecided_provision"
    """A check of a provision gave no answer, and no officer has decided in its place, with a reason."""


@dataclass(frozen=True)
class Obstacle:
    """One of them.

    Args:
        kind: What is the matter.
        name: Key of the field, or the act and section.
        words: The same in a sentence.
    """

    kind: ObstacleKind
    name: str
    words: str

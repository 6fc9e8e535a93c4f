"""Verdict on two answers: equal, unequal or unknown, with who said so and how sure it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["Kind", "Verdict", "Vote"]

Kind = Literal["equal", "unequal", "unknown"]


@dataclass(frozen=True)
class Vote:
    """What one voter said.

    Args:
        voter: "exact", "rational", "algebraic", "interval", "identity", "structure", "unit", "text" or "symbolic".
        kind: Its verdict.
        detail: One sentence with its reason.
    """

    voter: str
    kind: Kind
    detail: str


@dataclass(frozen=True)
class Verdict:
    """Whether an answer equals the reference.

    Args:
        kind: "equal", "unequal", or "unknown": nobody could prove either.
        method: The voter that decided; "none" for unknown.
        confidence: 1.0 for a proof; below 1 for agreement of numbers too close for chance; 0.0 for unknown.
        detail: One sentence with the reason.
        votes: All that was said, in order.
    """

    kind: Kind
    method: str
    confidence: float
    detail: str
    votes: tuple[Vote, ...] = ()

    def to_document(self) -> dict[str, Any]:
        """The verdict as JSON's types."""
        return {
            "kind": self.kind,
            "method": self.method,
            "confidence": self.confidence,
            "detail": self.detail,
            "votes": [{"voter": vote.voter, "kind": vote.kind, "detail": vote.detail} for vote in self.votes],
        }

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> Verdict:
        """The verdict that `to_document` wrote."""
        return cls(
            document["kind"],
            document["method"],
            float(document["confidence"]),
            document["detail"],
            tuple(Vote(vote["voter"], vote["kind"], vote["detail"]) for vote in document["votes"]),
        )

    @classmethod
    def unknown(cls, detail: str, votes: tuple[Vote, ...] = ()) -> Verdict:
        """Nobody could decide, and why."""
        return cls("unknown", "none", 0.0, detail, votes)

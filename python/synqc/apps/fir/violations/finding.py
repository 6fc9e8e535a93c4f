"""Results of checks: of one provision, and of all that a search found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from synqc.apps.fir.document.provision import Provision, Verdict
from synqc.apps.fir.knowledge.knowledge_base import Hit, SearchResult
from synqc.apps.fir.knowledge.record import TextKind
from synqc.apps.fir.knowledge.superseded import SupersededCitation

__all__ = ["CheckedComplaint", "Finding"]


@dataclass(frozen=True)
class Finding:
    """Of one provision.

    Args:
        hit: The provision, as it was found.
        verdict: `unknown` where the model gave no answer that is sure enough.
        cause: Why it is unknown; "" otherwise.
        probability: That the offence is described; None where no answer came.
        model: That was asked.
        calibrated: Whether the probability is that of a calibration.
        question_sha256: SHA-256 of what was asked.
        queued_s: Waited for a place among the calls under way.
        took_s: From then on.
    """

    hit: Hit
    verdict: Verdict
    cause: str
    probability: float | None
    model: str
    calibrated: bool
    question_sha256: str
    queued_s: float
    took_s: float

    def to_provision(self) -> Provision:
        """For the report, in which an officer decides on it; words of the statute only from an official text."""
        one = self.hit.record
        return Provision(
            one.code, one.section, one.title, self.verdict, cause=self.cause,
            text=one.text if one.kind is TextKind.STATUTE else "", checked_by=self.model,
        )  # fmt: skip

    def to_plain(self) -> dict[str, Any]:
        """As JSON says it."""
        return {
            **self.hit.to_plain(), "verdict": self.verdict.value, "cause": self.cause, "probability": self.probability,
            "checked_by": self.model, "calibrated": self.calibrated, "question_sha256": self.question_sha256,
            "queued_s": round(self.queued_s, 6), "took_s": round(self.took_s, 6),
        }  # fmt: skip


@dataclass(frozen=True)
class CheckedComplaint:
    """Of one complaint.

    Args:
        findings: In the order of the search, each provision once.
        found: What the search said.
        superseded: Citations of the repealed code in the complaint, with what stands in their place.
    """

    findings: tuple[Finding, ...]
    found: SearchResult
    superseded: tuple[SupersededCitation, ...]

    @property
    def violations(self) -> tuple[Finding, ...]:
        """What the complaint describes."""
        return tuple(one for one in self.findings if one.verdict is Verdict.YES)

    @property
    def unknown(self) -> tuple[Finding, ...]:
        """What an officer has to look at: a report with one of them undecided cannot be finalised."""
        return tuple(one for one in self.findings if one.verdict is Verdict.UNKNOWN)

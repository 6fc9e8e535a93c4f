"""Evaluation of search and checks on labelled complaints: recall and precision, with intervals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from synqc.apps.fir.document.provision import Verdict
from synqc.apps.fir.knowledge.knowledge_base import KnowledgeBase
from synqc.apps.fir.violations.checks import ViolationChecks
from synqc.apps.fir.violations.finding import Finding
from synqc.apps.fir.violations.labelled import LabelledComplaint
from synqc.apps.fir.violations.proportion import Proportion
from synqc.apps.fir.violations.question import FORM_SHA256, OPTIONS, question_of
from synqc.errors import InputError
from synqc.llm.calibration import Calibration
from synqc.llm.decide import decide
from synqc.llm.provider import Provider

__all__ = ["CheckQuality", "SearchQuality", "calibrate", "evaluate_checks", "evaluate_search"]

Progress = Callable[[int, int], object]
"""Callback of progress: called with how many of how many complaints are done."""


@dataclass(frozen=True)
class SearchQuality:
    """How well the search finds sections, in one language.

    Args:
        language: Language of the complaints.
        best_found: Complaints whose best section is among those found.
        all_found: Labelled sections among those found, over all complaints.
        most: How many sections were taken of each search.
        version: Version of the knowledge base.
    """

    language: str
    best_found: Proportion
    all_found: Proportion
    most: int
    version: str

    def to_plain(self) -> dict[str, Any]:
        """As JSON says it."""
        return {
            "language": self.language, "most": self.most, "version": self.version,
            "best_found": self.best_found.to_plain(), "all_found": self.all_found.to_plain(),
        }  # fmt: skip


@dataclass(frozen=True)
class CheckQuality:
    """How well checks tell sections that fit from those that do not, in one language.

    A section that fits and is not labelled counts as wrong: precision is a lower bound.

    Args:
        language: Language of the complaints.
        model: That was asked; "" where nothing was found to ask about.
        calibrated: Whether its probabilities were calibrated.
        precision: Share of labelled sections among the yeses.
        recall: Share of yeses among the labelled sections that were checked.
        wrong_noes: Share of noes among the labelled sections that were checked: no officer would look at them.
        unknown: Share of the checks that are without a verdict.
        causes: Numbers of the unknown ones, by the beginnings of their causes.
    """

    language: str
    model: str
    calibrated: bool
    precision: Proportion
    recall: Proportion
    wrong_noes: Proportion
    unknown: Proportion
    causes: dict[str, int]

    def to_plain(self) -> dict[str, Any]:
        """As JSON says it."""
        return {
            "language": self.language, "model": self.model, "calibrated": self.calibrated,
            "precision": self.precision.to_plain(), "recall": self.recall.to_plain(),
            "wrong_noes": self.wrong_noes.to_plain(), "unknown": self.unknown.to_plain(), "causes": self.causes,
        }  # fmt: skip


def evaluate_search(
    knowledge: KnowledgeBase, complaints: Sequence[LabelledComplaint], *, most: int = 10
) -> list[SearchQuality]:
    """How often sections are found, for each language.

    Args:
        knowledge: What is searched.
        complaints: With their sections.
        most: How many sections are taken of each search.

    Raises:
        InputError: There are no complaints.
    """
    told = []
    for language in _languages(complaints):
        here = [one for one in complaints if language in one.texts]
        best = found = 0
        for one in here:
            hits = {hit.record.section for hit in knowledge.search(one.texts[language], most=most, punishing=True).hits}
            best += str(one.sections[0]) in hits
            found += sum(str(number) in hits for number in one.sections)
        labels = sum(len(one.sections) for one in here)
        told.append(
            SearchQuality(language, Proportion(best, len(here)), Proportion(found, labels), most, knowledge.version)
        )
    return told


def evaluate_checks(
    checks: ViolationChecks, complaints: Sequence[LabelledComplaint], *, progress: Progress | None = None
) -> list[CheckQuality]:
    """How good the verdicts are, for each language; on other complaints than those of the calibration.

    Raises:
        InputError: There are no complaints.
    """
    told = []
    for language in _languages(complaints):
        here = [one for one in complaints if language in one.texts]
        rows: list[tuple[Finding, bool]] = []
        for place, one in enumerate(here, 1):
            labels = set(map(str, one.sections))
            findings = checks.check(one.texts[language]).findings
            rows += [(finding, finding.hit.record.section in labels) for finding in findings]
            if progress is not None:
                progress(place, len(here))
        told.append(_quality(language, rows))
    return told


def calibrate(
    knowledge: KnowledgeBase,
    complaints: Sequence[LabelledComplaint],
    *,
    provider: Provider,
    model: str,
    most: int = 10,
    most_characters: int = 3000,
    seconds: float = 120.0,
    progress: Progress | None = None,
) -> Calibration:
    """Fit a model's probabilities on complaints whose sections are known.

    What is asked is what a check asks, one question after another: of each complaint the labelled sections that are
    found, and as many of the best others. Fitted on what is found, nine of ten of which do not fit, a model that
    cannot tell would say no to everything and be right as often; fitted on halves it is unsure, and officers see that.

    Raises:
        InputError: There are no complaints, or all labels are of one kind.
        LanguageModelError: A question got no answer.
    """
    _languages(complaints)
    margins, right = [], []
    asked = [(one, text) for one in complaints for text in one.texts.values()]
    for place, (one, text) in enumerate(asked, 1):
        labels = set(map(str, one.sections))
        hits = knowledge.search(text, most=most, punishing=True).hits
        fitting = [hit for hit in hits if hit.record.section in labels]
        others = [hit for hit in hits if hit.record.section not in labels]
        for hit in (*fitting, *others[: len(fitting)]):
            question = question_of(text, hit.record, most_characters=most_characters)
            decision = decide(
                question.text, OPTIONS, provider=provider, model=model, before=question.before, says_options=False,
                most_tokens=3, deadline_s=seconds,
            )  # fmt: skip
            margins.append(decision.margin)
            right.append(hit.record.section in labels)
        if progress is not None:
            progress(place, len(asked))
    return Calibration.fitted(margins, right, model=model, options=OPTIONS, question=FORM_SHA256)


def _quality(language: str, rows: Sequence[tuple[Finding, bool]]) -> CheckQuality:
    fitting = [finding for finding, fits in rows if fits]
    yeses = [fits for finding, fits in rows if finding.verdict is Verdict.YES]
    unknown = [finding for finding, _ in rows if finding.verdict is Verdict.UNKNOWN]
    causes: dict[str, int] = {}
    for finding in unknown:
        beginning = finding.cause.partition(":")[0]
        causes[beginning] = causes.get(beginning, 0) + 1
    return CheckQuality(
        language,
        rows[0][0].model if rows else "",
        bool(rows) and rows[0][0].calibrated,
        precision=Proportion(sum(yeses), len(yeses)),
        recall=Proportion(sum(finding.verdict is Verdict.YES for finding in fitting), len(fitting)),
        wrong_noes=Proportion(sum(finding.verdict is Verdict.NO for finding in fitting), len(fitting)),
        unknown=Proportion(len(unknown), len(rows)),
        causes=causes,
    )


def _languages(complaints: Sequence[LabelledComplaint]) -> list[str]:
    if not complaints:
        raise InputError("Argument `complaints` must hold one at least, but is empty.")
    return list(dict.fromkeys(name for one in complaints for name in one.texts))

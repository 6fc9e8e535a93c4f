"""Trials of the guard of reference answers: on problems whose answers are known, with the engineer's own mistakes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from synqc.apps.prompts.acceptance import GuardReport, GuardTrial, ReferenceGuard
from synqc.apps.prompts.causes import DiscardCause, RowStatus
from synqc.apps.prompts.funnel import Funnel
from synqc.apps.prompts.request import DuplicateRule, GenerationRequest, PromptTexts, RoleModels
from synqc.apps.prompts.row import Row
from synqc.errors import InputError

__all__ = ["check_same_guard", "report_of", "trial_request"]

_TRUSTED = (RowStatus.ACCEPTED, RowStatus.SURPLUS)


def trial_request(request: GenerationRequest) -> GenerationRequest:
    """A generation that tries the guard of another one on its seeds, each once.

    Raises:
        InputError: There are no seeds, one has no answer, or the request has no guard.
    """
    if not request.seeds:
        raise InputError("Argument `seeds` must hold problems with their answers where the guard is tried.")
    count, models = len(request.seeds), request.models
    return replace(
        request, rows=count, models=RoleModels(models.engineer, models.of_judge, models.engineer), taxonomy=None,
        easy_topics=(), difficulties={}, duplicates=DuplicateRule(against_store=False),
        limits=replace(request.limits, attempts=count), on_exhaustion="return_partial", is_preview=True,
        is_guard_trial=True,
    )  # fmt: skip


def report_of(request: GenerationRequest, rows: Iterable[Row], of: Funnel | None) -> GuardReport:
    """What a guard is worth by rows of its trials; with the funnel of a generation, how many of its rows are wrong."""
    guard = request.acceptance.guard or ReferenceGuard(1, 1)
    trusted = judged = 0
    if of is not None:
        trusted = sum(of.by_status.get(one, 0) for one in _TRUSTED)
        judged = trusted + of.by_cause.get(DiscardCause.REFERENCE_DOUBTED, 0)
    trials = [one for row in rows if (one := _trial_of(row)) is not None]
    return guard.report(trials, trusted=trusted, judged=judged)


def check_same_guard(trial: GenerationRequest, of: GenerationRequest) -> None:
    """Refuses a generation of which the trial says nothing.

    Raises:
        InputError: Its engineer, its judge, their words or its rule of solutions are others.
    """
    for words, one, other in (
        ("engineer", trial.models.engineer, of.models.engineer),
        ("judge", trial.models.of_judge, of.models.of_judge),
        ("words of solver and judge", _words(trial.prompts), _words(of.prompts)),
        ("rule of independent solutions", trial.acceptance.guard, of.acceptance.guard),
        ("least confidence of the judge", trial.acceptance.judge_confidence, of.acceptance.judge_confidence),
    ):
        if one != other:
            raise InputError(
                f"Argument `of` must be a generation with the guard that was tried, but its {words} is {other}."
            )


def _words(prompts: PromptTexts) -> tuple[str | None, str | None]:
    return prompts.solver, prompts.judge


def _trial_of(row: Row) -> GuardTrial | None:
    """None where nobody knows whether the engineer was right, or the guard came to no decision."""
    said = next((one["kind"] for one in row.verdicts if one["of"] == "engineer"), "unknown")
    is_decided = row.status in _TRUSTED or row.cause is DiscardCause.REFERENCE_DOUBTED
    return GuardTrial(said == "equal", row.status in _TRUSTED) if is_decided and said != "unknown" else None

"""What this service offers: models, limits, usual values and meanings of its words, so that pages repeat none of it."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel

from synqc.apps.prompts.application import PromptsApplication
from synqc.apps.prompts.causes import DiscardCause, RowStatus, StopReason
from synqc.apps.prompts.documents.generation_request import GenerationRequestDocument
from synqc.apps.prompts.documents.limits import LONGEST_NAME, LONGEST_REASON, MOST_SEEDS
from synqc.apps.prompts.documents.model_choice import ModelChoice
from synqc.apps.prompts.documents.wire_words import stop_reason_of
from synqc.apps.prompts.request import MOST_ROWS, MOST_WORKERS
from synqc.service.context import run_in_thread
from synqc.service.prompts.context import Prompts
from synqc.service.prompts.models_there import ModelState, known_choices, model_state
from synqc.service.routes.jobs import facts_of_jobs

__all__ = ["router"]

router = APIRouter(prefix="/api", tags=["service"])

_USUAL_PROBLEMS = 10
_ROLES = ("engineer", "checker", "target")
_CAUSES: dict[DiscardCause | RowStatus, str] = {
    RowStatus.ACCEPTED: "Accepted",
    RowStatus.SURPLUS: "Accepted, beyond what was asked for",
    DiscardCause.INVALID: "Problem or answer unsound",
    DiscardCause.SOLVED: "Target solved it",
    DiscardCause.UNDECIDED: "Not decided",
    DiscardCause.REFERENCE_DOUBTED: "Reference answer doubted",
    DiscardCause.DUPLICATE: "Repeats a row",
    DiscardCause.CONTAMINATED: "Repeats a seed or benchmark",
    DiscardCause.TOO_EASY: "Topic too easy",
    DiscardCause.UNCLASSIFIED: "Seed not classified",
    DiscardCause.BY_HAND: "Discarded by hand",
    DiscardCause.MALFORMED: "Answer in no readable form",
    DiscardCause.CUT: "Answer cut off",
    DiscardCause.FILTERED: "Answer withheld",
    DiscardCause.REFUSED: "Server refused",
    DiscardCause.TIMED_OUT: "No answer in time",
    DiscardCause.UNREACHABLE: "Server not reached",
    DiscardCause.STOPPED: "Job ended first",
}
_STOPS = {
    StopReason.ENOUGH: "all problems that were asked for",
    StopReason.ATTEMPTS: "stopped: no attempts left",
    StopReason.BUDGET: "stopped: the next call might cost more than is left",
    StopReason.DEADLINE: "stopped: its time was over",
    StopReason.ERROR_RATE: "stopped: too many attempts failed at models and servers",
    StopReason.CANCELLED: "stopped by somebody",
    StopReason.EXHAUSTED: "stopped: nothing new left to try",
}


class Catalogue(BaseModel):
    """Facts about this service."""

    model_state: ModelState
    roles: dict[str, ModelChoice | None]
    models: list[ModelChoice]
    embedders: list[str]
    batch_providers: list[str]
    limits: dict[str, dict[str, Any]]
    defaults: dict[str, Any]
    stop_reasons: list[dict[str, str]]
    causes: list[dict[str, Any]]
    jobs: dict[str, Any]

    model_config = {"protected_namespaces": ()}


@router.get("/presets", operation_id="read_presets", response_model=Catalogue)
async def read_presets(request: Request, prompts: Prompts) -> Catalogue:
    """Everything that a page needs to know of this service before it asks for something."""
    return await run_in_thread(request, _catalogue, prompts)


def _catalogue(prompts: PromptsApplication) -> Catalogue:
    choices = [ModelChoice(**one.to_dict()) for one in known_choices(prompts)]
    return Catalogue(
        model_state=model_state(prompts), roles=_usual_roles(prompts, choices), models=choices,
        embedders=list(prompts.embedders.names), batch_providers=list(prompts.providers.with_batches),
        limits={
            "num_problems": {"min": 1, "max": MOST_ROWS}, "max_workers": {"min": 1, "max": MOST_WORKERS},
            "name": {"max_length": LONGEST_NAME}, "reason": {"max_length": LONGEST_REASON},
            "seeds": {"max": MOST_SEEDS},
        },
        defaults={
            "num_problems": _USUAL_PROBLEMS,
            "max_workers": GenerationRequestDocument.model_fields["max_workers"].default,
        },
        stop_reasons=[{"name": stop_reason_of(one) or "", "description": words} for one, words in _STOPS.items()],
        causes=[
            {"name": one.value, "description": words, "is_discard": isinstance(one, DiscardCause)}
            for one, words in _CAUSES.items()
        ],
        jobs=facts_of_jobs(prompts.settings.keep_ended_s),
    )  # fmt: skip


def _usual_roles(prompts: PromptsApplication, choices: list[ModelChoice]) -> dict[str, ModelChoice | None]:
    """Those of the latest batch; else one model for all, if there is one."""
    latest = prompts.batches(limit=1)
    if not latest:
        return dict.fromkeys(_ROLES, choices[0] if choices else None)
    models = latest[0].request["models"]
    return {role: ModelChoice(**models[role]) for role in _ROLES}

"""Which status each error of synthetic prompts is, and the bodies that clients of the original read."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from synqc.apps.prompts.errors import GenerationBegun, GenerationStopped, ReplayDiffers, UnknownGeneration, UnknownRow
from synqc.errors import SynqcError
from synqc.jobs import IdempotencyConflict, JobRefused, UnknownJob
from synqc.service.errors import ErrorAnswers, Problem

__all__ = ["PROMPTS_ERRORS", "GenerationFailed"]


class GenerationFailed(SynqcError):
    """A generation that somebody waits for came to nothing, for reasons that lie with models or their servers."""

    code = "generation_failed"


def _body(problem: Problem) -> dict[str, Any]:
    """`detail` as FastAPI has it, and the same as `error` and `message`: some clients read one, some the others."""
    code = problem.code or HTTPStatus(problem.status).phrase.lower().replace(" ", "_").replace("-", "_")
    body = {
        "detail": problem.detail if problem.fields is None else list(problem.fields), "error": code, "code": code,
        "message": problem.detail,
    }  # fmt: skip
    return body if problem.error_id is None else {**body, "error_id": problem.error_id}


PROMPTS_ERRORS = ErrorAnswers(
    status_of=(
        (UnknownGeneration, 404),
        (UnknownRow, 404),
        (UnknownJob, 404),
        (JobRefused, 409),
        (IdempotencyConflict, 409),
        (GenerationBegun, 409),
        (GenerationStopped, 409),
        (ReplayDiffers, 409),
        (GenerationFailed, 502),
    ),
    body=_body,
    schema={
        "type": "object", "title": "Refusal", "required": ["detail", "error", "code", "message"],
        "properties": {
            "detail": {"description": "Why: words, or a list of fields that do not fit."},
            "error": {"type": "string", "description": "Why, for programs."},
            "code": {"type": "string", "description": "The same."},
            "message": {"type": "string", "description": "Why, in words."},
        },
    },
)  # fmt: skip

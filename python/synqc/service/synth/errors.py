"""Which status each error of synthetic data is, and the shape of its body."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from synqc.apps.synth.errors import APIError, NoModelFound, RouteSelectionError, RowsMissing, UnknownDataSet
from synqc.errors import CacheMiss, TimedOut
from synqc.jobs import IdempotencyConflict, JobRefused, UnknownJob
from synqc.service.errors import ErrorAnswers, Problem

__all__ = ["SYNTH_ERRORS"]


def _body(problem: Problem) -> dict[str, Any]:
    """`detail` as FastAPI has it, and the code of the original."""
    code = problem.code or HTTPStatus(problem.status).phrase.lower().replace(" ", "_").replace("-", "_")
    body = {"detail": problem.detail if problem.fields is None else list(problem.fields), "code": code,
            "message": problem.detail}  # fmt: skip
    return body if problem.error_id is None else {**body, "error_id": problem.error_id}


SYNTH_ERRORS = ErrorAnswers(
    status_of=(
        (UnknownDataSet, 404),
        (UnknownJob, 404),
        (CacheMiss, 404),
        (JobRefused, 409),
        (IdempotencyConflict, 409),
        (NoModelFound, 409),
        (RowsMissing, 502),
        (RouteSelectionError, 503),
        (APIError, 502),
        (TimedOut, 504),
    ),
    body=_body,
    schema={
        "type": "object", "title": "Refusal", "required": ["detail", "code", "message"],
        "properties": {
            "detail": {"description": "Why: words, or a list of fields that do not fit."},
            "code": {"type": "string", "description": "Why, for programs: VALIDATION_ERROR, API_ERROR, ..."},
            "message": {"type": "string", "description": "Why, in words."},
        },
    },
)  # fmt: skip

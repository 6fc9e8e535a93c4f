"""Which status each error of reports is, and the bodies that clients of both older versions read."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from synqc.apps.fir.document.errors import FontsMissing, NotFinal, NotReadBack
from synqc.apps.fir.input.upload import UploadTooLarge, WrongUploadType
from synqc.apps.fir.numbers.errors import StatusRefused, UnknownNumber
from synqc.apps.fir.roles import NotAllowed
from synqc.apps.fir.workflow.errors import AnswerRefused, GateConflict, SessionExists, StageRunning, UnknownSession
from synqc.apps.fir.workflow.gate import Gate
from synqc.errors import MissingExtra, ServiceStopping, SynqcError, UnknownName
from synqc.service.errors import ErrorAnswers, Problem
from synqc.storage import StorageUnavailable

__all__ = ["FIR_ERRORS", "AuthKeyUnset", "StageFailedAtModel", "StageLate", "WrongAuthKey"]


class StageLate(SynqcError):
    """A stage takes longer than an answer may; it goes on."""

    code = "stage_late"


class StageFailedAtModel(SynqcError):
    """A stage gave no result; what the officer may do about it stands in the body."""

    code = "stage_failed"

    def __init__(self, words: str, gate: Gate) -> None:
        super().__init__(words)
        self.gate = gate


class WrongAuthKey(SynqcError):
    """The key for filing is not the right one."""

    code = "wrong_auth_key"


class AuthKeyUnset(SynqcError):
    """No key for filing is configured."""

    code = "auth_key_unset"


def _body(problem: Problem) -> dict[str, Any]:
    """`detail` as FastAPI has it; `error` and `message`, which pages of old show; and the later version's status."""
    status = HTTPStatus(problem.status) if problem.status != 499 else HTTPStatus.BAD_REQUEST
    code = problem.code or status.phrase.lower().replace(" ", "_").replace("-", "_")
    body = {
        "detail": problem.detail if problem.fields is None else list(problem.fields), "error": code, "code": code,
        "message": problem.detail, "status_code": problem.status, **problem.more,
    }  # fmt: skip
    return body if problem.error_id is None else {**body, "error_id": problem.error_id}


def _more_of(error: SynqcError) -> Mapping[str, Any]:
    if isinstance(error, NotFinal):
        return {
            "obstacles": [{"kind": one.kind.value, "name": one.name, "words": one.words} for one in error.obstacles]
        }
    gate = error.gate if isinstance(error, GateConflict | StageFailedAtModel) else None
    if gate is not None:
        return {
            "session_id": gate.session_id, "current_step": gate.step.value, "token": gate.token, "digest": gate.digest,
        }  # fmt: skip
    return {"kind": error.kind.value} if isinstance(error, AnswerRefused) else {}


def _retry_after_of(error: SynqcError) -> float | None:
    if isinstance(error, StageRunning):
        return error.retry_after_s
    return 1.0 if isinstance(error, StageLate | StorageUnavailable | ServiceStopping) else None


FIR_ERRORS = ErrorAnswers(
    status_of=(
        (UnknownSession, 404),
        (UnknownNumber, 404),
        (SessionExists, 409),
        (GateConflict, 409),
        (StageRunning, 409),
        (NotFinal, 409),
        (StatusRefused, 409),
        (AnswerRefused, 400),
        (UploadTooLarge, 413),
        (WrongUploadType, 415),
        (UnknownName, 404),
        (NotAllowed, 403),
        (WrongAuthKey, 401),
        (AuthKeyUnset, 500),
        (StageFailedAtModel, 502),
        (StageLate, 504),
        (NotReadBack, 500),
        (FontsMissing, 503),
        (MissingExtra, 503),
    ),
    body=_body,
    schema={
        "type": "object", "title": "Refusal", "required": ["detail", "error", "code", "message", "status_code"],
        "properties": {
            "detail": {"description": "Why: words, or a list of fields that do not fit."},
            "error": {"type": "string", "description": "Why, for programs."},
            "code": {"type": "string", "description": "The same."},
            "message": {"type": "string", "description": "Why, in words."},
            "status_code": {"type": "integer", "description": "The answer's."},
            "token": {"type": "string", "description": "Of what is there now, where something else was answered."},
            "digest": {"type": "string", "description": "SHA-256 of that."},
            "obstacles": {"type": "array", "description": "All that keeps a report from being filed."},
        },
    },
    more_of=_more_of,
    retry_after_of=_retry_after_of,
)  # fmt: skip

"""How errors are answered: the status of each class in tables, and the shape of the body by application."""

from __future__ import annotations

import logging
import math
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.utils import is_body_allowed_for_status_code
from starlette.exceptions import HTTPException

from synqc.errors import InputError, ServiceStopping, SynqcError
from synqc.service.nearest_path import words_of_nowhere
from synqc.storage import StorageUnavailable

__all__ = ["ANSWERED", "ErrorAnswers", "Problem", "answer_errors"]

_log = logging.getLogger("synqc.service")

ANSWERED = "synqc.error_answered"
"""Key of a request's scope: its internal error is logged and answered."""

StatusOf = tuple[tuple[type[SynqcError], int], ...]

_OF_ALL: StatusOf = ((ServiceStopping, 503), (StorageUnavailable, 503), (InputError, 400))
"""After an application's own rows."""
_NOWHERE = 404
_SOON_AGAIN = (StorageUnavailable, ServiceStopping)


@dataclass(frozen=True, kw_only=True)
class Problem:
    """What a client is told that gets no answer.

    Args:
        status: Status of the answer.
        detail: Why, in words.
        code: Why, for programs; None where the status says it all.
        error_id: Identifier of an internal error, as the log has it.
        fields: What is wrong with each field of a malformed request.
        more: Further members of the body, where an application's errors have some.
    """

    status: int
    detail: str
    code: str | None = None
    error_id: str | None = None
    fields: tuple[Any, ...] | None = None
    more: Mapping[str, Any] = field(default_factory=dict)


def _detail_and_code(problem: Problem) -> dict[str, Any]:
    named = {"code": problem.code, "error_id": problem.error_id}
    return {
        "detail": problem.detail if problem.fields is None else list(problem.fields),
        **{name: value for name, value in named.items() if value is not None},
    }


def _nothing(error: SynqcError) -> Mapping[str, Any]:
    return {}


def _soon_where_it_may_help(error: SynqcError) -> float | None:
    return 1.0 if isinstance(error, _SOON_AGAIN) else None


_REFUSAL = {
    "type": "object", "title": "Refusal", "required": ["detail"],
    "properties": {
        "detail": {"type": "string", "description": "Why, in words."},
        "code": {"type": "string", "description": "Why, for programs."},
    },
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class ErrorAnswers:
    """An application's answers to errors.

    Args:
        status_of: Its own classes, asked before those of every application; the first that an error is an instance of
            decides.
        body: Makes the body of a problem.
        schema: Schema of such bodies, for the OpenAPI description.
        more_of: What the body of an error says besides.
        retry_after_of: Seconds after which the same may be asked again; None: that is not known.
    """

    status_of: StatusOf = ()
    body: Callable[[Problem], dict[str, Any]] = _detail_and_code
    schema: Mapping[str, Any] = field(default_factory=lambda: _REFUSAL)
    more_of: Callable[[SynqcError], Mapping[str, Any]] = _nothing
    retry_after_of: Callable[[SynqcError], float | None] = _soon_where_it_may_help

    def answer(self, problem: Problem, headers: Mapping[str, str] | None = None) -> JSONResponse:
        """The answer to a problem."""
        return JSONResponse(self.body(problem), problem.status, headers)

    def of(self, error: SynqcError) -> JSONResponse:
        """What the tables say of an error."""
        for kind, status in (*self.status_of, *_OF_ALL):
            if isinstance(error, kind):
                seconds = self.retry_after_of(error)
                headers = None if seconds is None else {"retry-after": str(math.ceil(seconds))}
                problem = Problem(status=status, detail=str(error), code=error.code, more=self.more_of(error))
                return self.answer(problem, headers)
        return self.internal(error)

    def internal(self, error: BaseException) -> JSONResponse:
        """A defect of ours: the log has the trace, the client its number."""
        number = secrets.token_hex(6)
        _log.error("Internal error %s", number, exc_info=error)
        words = f"Internal error; its number in the server's log is {number}."
        return self.answer(Problem(status=500, detail=words, error_id=number))


def answer_errors(app: FastAPI, answers: ErrorAnswers) -> None:
    """Give an application these answers."""

    @app.exception_handler(SynqcError)
    async def _known(request: Request, error: SynqcError) -> JSONResponse:
        return answers.of(error)

    @app.exception_handler(Exception)
    async def _unknown(request: Request, error: Exception) -> JSONResponse:
        request.scope[ANSWERED] = True  # the framework raises it again
        return answers.internal(error)

    @app.exception_handler(HTTPException)
    async def _of_framework(request: Request, error: HTTPException) -> Response:
        if not is_body_allowed_for_status_code(error.status_code):
            return Response(status_code=error.status_code, headers=error.headers)
        detail = error.detail
        if (error.status_code, detail) == (_NOWHERE, "Not Found"):  # of no route; a handler says what is not found
            detail = words_of_nowhere(request) or detail
        elif isinstance(error.__cause__, RecursionError):
            detail = "The body must be JSON of fewer levels, but is nested too deeply to be read."
        return answers.answer(Problem(status=error.status_code, detail=detail), error.headers)

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        fields = tuple(_showable(_of_body_that_is_no_json(request, problem)) for problem in error.errors())
        words = "; ".join(f"{'.'.join(map(str, one['loc']))}: {_said(one)}" for one in fields[:3])
        return answers.answer(Problem(status=422, detail=words, fields=fields))


def _said(problem: Mapping[str, Any]) -> str:
    """The sentence of a check of ours, or of the framework."""
    return str(problem["msg"]).removeprefix("Value error, ")


def _of_body_that_is_no_json(request: Request, problem: Mapping[str, Any]) -> Mapping[str, Any]:
    """A problem with a body that was sent as something else, such as a form of `curl -d`: with what to send it as."""
    came_as = request.headers.get("content-type", "").partition(";")[0].strip()
    if tuple(problem["loc"]) != ("body",) or not isinstance(problem.get("input"), (bytes, str)) or not came_as:
        return problem
    if came_as.lower() == "application/json" or came_as.lower().endswith("+json"):
        return problem
    words = f"The body must be JSON with the header `Content-Type: application/json`, but came as {came_as[:100]}"
    return {**problem, "msg": words}


def _showable(value: Any, depth: int = 0) -> Any:
    """What a client sent, as far as it can be sent back: finite, encodable, short."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return value if abs(value) < 2**63 else f"{str(value)[:20]}..." if abs(value) < 10**4000 else "a huge number"
    if isinstance(value, float):
        return value if value - value == 0 else str(value)
    if isinstance(value, (bytes, bytearray)):
        value = bytes(value[:200]).decode(errors="replace")
    if isinstance(value, str):
        return value[:500].encode(errors="replace").decode()
    if depth < 4 and isinstance(value, dict):
        return {str(_showable(name)): _showable(member, depth + 1) for name, member in list(value.items())[:50]}
    if depth < 4 and isinstance(value, (list, tuple)):
        return [_showable(member, depth + 1) for member in value[:50]]
    return str(type(value).__name__) if isinstance(value, (dict, list, tuple)) else _showable(str(value))

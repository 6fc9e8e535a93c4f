"""What a router answered as documents of `/v1/chat/completions`, and what failed as OpenAI's errors."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import Any, Final

from synqc.apps.gateway.chat_request import BadRequest
from synqc.llm.completion import Spent
from synqc.llm.errors import CutAnswer, FilteredAnswer, LanguageModelError
from synqc.llm.router import BudgetExceeded, NoDeployment, Receipt, cause_of

__all__ = ["ErrorAnswer", "chunk_document", "completion_document", "error_answer", "kept_by_protocol", "usage_of"]


@dataclass(frozen=True)
class ErrorAnswer:
    """An error as a client of OpenAI reads it.

    Args:
        status: Of HTTP.
        document: The body.
        retry_after_s: For the header, or None.
    """

    status: int
    document: dict[str, Any]
    retry_after_s: int | None = None

    @classmethod
    def of(
        cls, status: int, message: str, kind: str, code: str | None = None, parameter: str | None = None,
        retry_after_s: float | None = None,
    ) -> ErrorAnswer:  # fmt: skip
        """One of this status and these words."""
        waited = None if retry_after_s is None else max(1, math.ceil(min(retry_after_s, 1e9)))
        message, parameter = _writable(message), None if parameter is None else _writable(parameter)
        error = {"message": message, "type": kind, "param": parameter, "code": code}
        return cls(status, {"error": error}, waited)


_STATUSES: Final = {
    # cause: status, type, code; statuses of a deployment's own account are not the client's.
    "bad_request": (400, "invalid_request_error", "upstream_refused"),
    "prompt_too_long": (400, "invalid_request_error", "context_length_exceeded"),
    "too_large": (413, "invalid_request_error", "request_too_large"),
    "rate_limited": (429, "rate_limit_error", "rate_limit_exceeded"),
    "overloaded": (503, "server_error", "upstream_overloaded"),
    "busy": (503, "server_error", "upstream_busy"),
    "timed_out": (504, "server_error", "upstream_timed_out"),
    "deadline": (504, "server_error", "deadline_exceeded"),
    "cancelled": (503, "server_error", "gateway_stopping"),
}
_OTHER_STATUS: Final = 502


def error_answer(error: BadRequest | LanguageModelError) -> ErrorAnswer:
    """The error that a client is told; never a status of 500, which would mean a mistake of ours.

    >>> from synqc.llm import ModelRefused
    >>> error_answer(ModelRefused("Slow down.", status=429, retry_after_s=1.5)).retry_after_s
    2
    >>> error_answer(ModelRefused("Bad key.", status=401)).status
    502
    """
    if isinstance(error, BadRequest):
        return ErrorAnswer.of(400, str(error), "invalid_request_error", error.kind, error.parameter)
    if isinstance(error, BudgetExceeded):
        code = {429: "insufficient_quota", 400: "max_tokens_required"}.get(error.status, "budget_unwritable")
        return ErrorAnswer.of(error.status, str(error), "insufficient_quota", code, retry_after_s=error.retry_after_s)
    if isinstance(error, NoDeployment):
        if error.status == 404:
            return ErrorAnswer.of(404, str(error), "invalid_request_error", "model_not_found", "model")
        kind = "rate_limit_error" if error.status == 429 else "invalid_request_error"
        code = "no_deployment_free" if error.status == 429 else "no_deployment"
        return ErrorAnswer.of(error.status, str(error), kind, code, retry_after_s=error.retry_after_s)
    cause = cause_of(error).name
    status, kind, code = _STATUSES.get(cause, (_OTHER_STATUS, "server_error", f"upstream_{cause}"))
    if cause == "bad_request" and error.status in (413, 415, 422):
        status = error.status
    retry_after_s = error.retry_after_s if status in (429, 503) else None
    return ErrorAnswer.of(status, str(error), kind, code, retry_after_s=retry_after_s)


def _writable(text: str) -> str:
    """Without halves of characters, which a client's JSON may hold and UTF-8 may not."""
    return text.encode(errors="replace").decode()


def kept_by_protocol(error: LanguageModelError) -> tuple[str | None, str, str | None] | None:
    """Text, finish reason and refusal, if the protocol has an answer with status 200 for what is an error here."""
    if isinstance(error, CutAnswer):
        return error.answer, "length", None
    if isinstance(error, FilteredAnswer):
        return error.answer, "content_filter", None
    if cause_of(error).name == "declined":
        return None, "stop", error.words or error.answer
    return None


def usage_of(receipt: Receipt, spent: Spent) -> dict[str, Any] | None:
    """Tokens of the answer as its server counts them; None: it does not."""
    last = receipt.asked[-1] if receipt.asked else None
    prompt = spent.prompt_tokens if last is None else last.prompt_tokens
    completion = spent.completion_tokens if last is None else last.completion_tokens
    if prompt is None or completion is None:
        return None
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


def completion_document(
    number: str, model: str, text: str | None, finish_reason: str, usage: dict[str, Any] | None,
    refusal: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """A whole answer."""
    message = {"role": "assistant", "content": text, "refusal": refusal}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": finish_reason}
    return {
        "id": number, "object": "chat.completion", "created": int(time.time()), "model": model, "choices": [choice],
        "usage": usage,
    }  # fmt: skip


def chunk_document(
    number: str, created: int, model: str, delta: dict[str, Any] | None, finish_reason: str | None = None,
    **more: Any,
) -> dict[str, Any]:  # fmt: skip
    """A part of an answer; without a delta it holds no choice, only what `more` says."""
    choices = [] if delta is None else [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}]
    return {
        "id": number, "object": "chat.completion.chunk", "created": created, "model": model, "choices": choices, **more,
    }  # fmt: skip

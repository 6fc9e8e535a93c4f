"""What a router answered as documents of `/v1/chat/completions`, and what failed as OpenAI's errors."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from synqc.apps.gateway.bad_request import BadRequest
from synqc.llm.completion import Completion, Spent
from synqc.llm.errors import CutAnswer, FilteredAnswer, LanguageModelError
from synqc.llm.logprobs import TokenLogprobs
from synqc.llm.router import BudgetExceeded, NoDeployment, Receipt, cause_of
from synqc.llm.tools import ToolCall

__all__ = [
    "Choice",
    "ErrorAnswer",
    "call_deltas",
    "chunk_document",
    "completion_document",
    "error_answer",
    "finish_reason",
    "kept_by_protocol",
    "usage_of",
]


@dataclass(frozen=True)
class ErrorAnswer:
    """An error as a client of OpenAI reads it.

    Args:
        status: HTTP status.
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


@dataclass(frozen=True)
class Choice:
    """One of an answer's choices.

    Args:
        text: As the model wrote it; None: it declined.
        finish_reason: In the protocol's words.
        refusal: What it said in place of an answer.
        tool_calls: Calls of tools that it asks for.
        logprobs: Log-probabilities of its tokens, where they were asked for and told.
    """

    text: str | None
    finish_reason: str
    refusal: str | None = None
    tool_calls: tuple[ToolCall, ...] = ()
    logprobs: tuple[TokenLogprobs, ...] = ()

    @classmethod
    def of(cls, completion: Completion[Any], *, has_form: bool) -> Choice:
        """What a completion is in the protocol.

        Args:
            completion: Whose.
            has_form: Whether an object was asked for: its own text is the answer then.
        """
        calls = completion.tool_calls
        text = completion.value if has_form else completion.text
        reason = finish_reason(completion.finish_reason, has_calls=bool(calls))
        return cls(text or None if calls else text, reason, None, calls, completion.logprobs)

    def message(self) -> dict[str, Any]:
        """As a message of the protocol."""
        message: dict[str, Any] = {"role": "assistant", "content": self.text, "refusal": self.refusal}
        if self.tool_calls:
            message["tool_calls"] = [one.to_sent() for one in self.tool_calls]
        return message


_REASONS: Final = ("stop", "length", "content_filter", "tool_calls")


def finish_reason(reason: str, *, has_calls: bool) -> str:
    """A server's word for why a whole answer ended as one of the protocol's.

    >>> finish_reason("eos", has_calls=False), finish_reason("stop", has_calls=True)
    ('stop', 'tool_calls')
    """
    if has_calls:
        return "tool_calls"
    return reason if reason in _REASONS else "stop"


def kept_by_protocol(error: LanguageModelError) -> Choice | None:
    """The choice that the protocol has, with status 200, for what is an error here; None: it has none."""
    if isinstance(error, CutAnswer):
        return Choice(error.answer, "length")
    if isinstance(error, FilteredAnswer):
        return Choice(error.answer, "content_filter")
    if cause_of(error).name == "declined":
        return Choice(None, "stop", error.words or error.answer)
    return None


def usage_of(receipts: Iterable[Receipt], spent: Iterable[Spent]) -> dict[str, Any] | None:
    """Tokens of the answers as their servers count them, of all together; None: one does not."""
    prompt = completion = 0
    cached: int | None = 0
    thought: int | None = 0
    for receipt, one in zip(receipts, spent, strict=True):
        last = receipt.asked[-1] if receipt.asked else one
        if last.prompt_tokens is None or last.completion_tokens is None:
            return None
        prompt, completion = prompt + last.prompt_tokens, completion + last.completion_tokens
        is_alone = len(receipt.asked) <= 1  # else it counts calls that failed, too
        cached = None if cached is None or one.cached_prompt_tokens is None or not is_alone else (
            cached + one.cached_prompt_tokens
        )  # fmt: skip
        thought = None if thought is None or one.reasoning_tokens is None or not is_alone else (
            thought + one.reasoning_tokens
        )  # fmt: skip
    usage: dict[str, Any] = {
        "prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion,
    }  # fmt: skip
    if cached is not None:
        usage["prompt_tokens_details"] = {"cached_tokens": cached}
    if thought is not None:
        usage["completion_tokens_details"] = {"reasoning_tokens": thought}
    return usage


def completion_document(
    number: str, model: str, choices: Sequence[Choice], usage: dict[str, Any] | None
) -> dict[str, Any]:
    """A whole answer."""
    return {
        "id": number, "object": "chat.completion", "created": int(time.time()), "model": model,
        "choices": [
            {"index": place, "message": one.message(), "logprobs": _logprobs(one.logprobs),
             "finish_reason": one.finish_reason} for place, one in enumerate(choices)
        ],
        "usage": usage,
    }  # fmt: skip


def call_deltas(calls: Iterable[ToolCall]) -> list[dict[str, Any]]:
    """Whole calls of tools as a part of a stream holds them."""
    return [{"index": place, **one.to_sent()} for place, one in enumerate(calls)]


def _logprobs(told: tuple[TokenLogprobs, ...]) -> dict[str, Any] | None:
    if not told:
        return None
    return {
        "content": [
            {**_token(one.token, one.logprob), "top_logprobs": [_token(*other) for other in one.alternatives]}
            for one in told
        ],
        "refusal": None,
    }  # fmt: skip


def _token(token: str, logprob: float) -> dict[str, Any]:
    return {"token": token, "logprob": logprob, "bytes": list(token.encode(errors="replace"))}


def chunk_document(
    number: str, created: int, model: str, delta: dict[str, Any] | None, reason: str | None = None, index: int = 0,
    **more: Any,
) -> dict[str, Any]:  # fmt: skip
    """A part of an answer; without a delta it holds no choice, only what `more` says."""
    choices = [] if delta is None else [{"index": index, "delta": delta, "logprobs": None, "finish_reason": reason}]
    return {
        "id": number, "object": "chat.completion.chunk", "created": created, "model": model, "choices": choices, **more,
    }  # fmt: skip

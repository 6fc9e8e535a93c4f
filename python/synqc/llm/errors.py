"""What can go wrong between a request and a language model's answer: one class for each outcome but `ok`.

LanguageModelError                  carries `outcome`, `spent`, `answer`, `words`, `status`, `retry_after_s`, `cause`
  ModelTimedOut (also TimedOut)     no answer within the time allowed; `limit` says which limit ended it
  ModelUnreachable                  no connection could be made, or it broke
  ModelRefused                      the server answered with an error status, or the model declined
    PromptTooLong                   the conversation does not fit the model's window; `limit_tokens` where it is told
  ErrorInAnswer                     an error inside an answer whose status says that all went well
  ProtocolError                     what came is not the protocol, or breaks off within it
  CutAnswer                         the answer reached the limit of tokens
  FilteredAnswer                    a filter of the server withheld it
  MalformedAnswer                   it answered, but not in the form that was asked for
    EmptyAnswer                     it answered nothing
  CallCancelled                     the client was closed while the call was under way
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from synqc.errors import SynqcError, TimedOut
from synqc.llm.completion import Spent
from synqc.llm.outcome import Outcome

__all__ = [
    "CallCancelled",
    "CutAnswer",
    "EmptyAnswer",
    "ErrorInAnswer",
    "FilteredAnswer",
    "LanguageModelError",
    "MalformedAnswer",
    "ModelRefused",
    "ModelTimedOut",
    "ModelUnreachable",
    "PromptTooLong",
    "ProtocolError",
]

_PASSING_STATUSES = frozenset({408, 409, 425, 429})
_LASTING_STATUSES = frozenset({501, 505})

Limit = Literal["total", "idle", "connect", "place", "deadline"]


class LanguageModelError(SynqcError):
    """A language model did not answer what was asked for; keys and passwords are never in the message.

    Args:
        message: What happened.
        spent: Calls, tokens and time it cost nevertheless.
        answer: What the model said last, if anything.
        words: What the server said about it, without our words around it.
        status: HTTP status, or the code that an error inside an answer names; 0: there is none.
        retry_after_s: Seconds the server asks to wait before the next request, if it does.
        finish_reason: Why the answer ended, in the server's word; "" if it did not say.
        cause: Name of what lies at the bottom of it, e.g. "ConnectionRefusedError"; never the object, which may hold
            the key.
    """

    code = "language_model_error"
    outcome: ClassVar[Outcome] = Outcome.PROTOCOL_ERROR

    def __init__(
        self,
        message: str,
        *,
        spent: Spent | None = None,
        answer: str = "",
        words: str = "",
        status: int = 0,
        retry_after_s: float | None = None,
        finish_reason: str = "",
        cause: str = "",
    ) -> None:
        super().__init__(message)
        self.spent = Spent() if spent is None else spent
        self.answer = answer
        self.words = words
        self.status = status
        self.retry_after_s = retry_after_s
        self.finish_reason = finish_reason
        self.cause = cause

    @property
    def retry_after(self) -> float | None:
        """`retry_after_s`, by the header's name."""
        return self.retry_after_s

    @property
    def retryable(self) -> bool:
        """Whether the same request may succeed a little later."""
        return False

    def __reduce__(self) -> tuple[Any, ...]:
        return _remade, (type(self), str(self), {**vars(self)})


def _remade(kind: type[LanguageModelError], message: str, attributes: dict[str, Any]) -> LanguageModelError:
    """An error that crossed a border between processes, or a copy of it without a traceback."""
    error = kind.__new__(kind, message)
    error.args = (message,)  # which the constructor of an OSError of its own does not set
    error.__dict__.update(attributes)
    return error


class ModelTimedOut(LanguageModelError, TimedOut):
    """No answer came within the time allowed.

    Args:
        limit: What ended it: "total" (the whole answer or stream), "idle" (nothing came for so long), "connect",
            "place" (others were being served), or "deadline" (the caller's own).
        seconds: That limit.
    """

    code = "model_timed_out"
    outcome = Outcome.TIMED_OUT

    def __init__(self, message: str, *, limit: Limit = "total", seconds: float = 0.0, **details: Any) -> None:
        super().__init__(message, **details)
        self.limit = limit
        self.seconds = seconds

    @property
    def retryable(self) -> bool:
        return True


class ModelUnreachable(LanguageModelError):
    """No connection could be made, or it broke."""

    code = "model_unreachable"
    outcome = Outcome.UNREACHABLE

    @property
    def retryable(self) -> bool:
        return True


class ModelRefused(LanguageModelError):
    """The server answered with an error, whose HTTP status is `status`; or, with status 200, the model declined."""

    code = "model_refused"
    outcome = Outcome.REFUSED

    def __init__(self, message: str, *, should_retry: bool | None = None, **details: Any) -> None:
        super().__init__(message, **details)
        self.should_retry = should_retry
        """What the server says of it in `x-should-retry`; None: nothing."""

    @property
    def retryable(self) -> bool:
        return _is_passing(self.status) if self.should_retry is None else self.should_retry


class PromptTooLong(ModelRefused):
    """The conversation does not fit the model's window.

    Args:
        limit_tokens: How many tokens fit, where the server says so.
    """

    code = "prompt_too_long"

    def __init__(self, message: str, *, limit_tokens: int | None = None, **details: Any) -> None:
        super().__init__(message, **details)
        self.limit_tokens = limit_tokens

    @property
    def limit(self) -> int | None:
        """`limit_tokens`."""
        return self.limit_tokens

    @property
    def retryable(self) -> bool:
        return False


class ErrorInAnswer(LanguageModelError):
    """An error inside an answer whose status says that all went well; `status` is the code it names, if any."""

    code = "error_in_answer"
    outcome = Outcome.IN_BAND_ERROR

    @property
    def retryable(self) -> bool:
        return _is_passing(self.status)


class ProtocolError(LanguageModelError):
    """What came is not the chat-completions protocol, or breaks off within it; `answer` is what was read before."""

    code = "model_protocol_error"
    outcome = Outcome.PROTOCOL_ERROR


class CutAnswer(LanguageModelError):
    """The answer reached the limit of tokens, so that `answer` is a beginning. Asking again needs a higher limit."""

    code = "answer_cut"
    outcome = Outcome.CUT


class FilteredAnswer(LanguageModelError):
    """A filter of the server withheld the answer or its end."""

    code = "answer_filtered"
    outcome = Outcome.FILTERED


class MalformedAnswer(LanguageModelError):
    """The model answered, but not in the form that was asked for."""

    code = "malformed_answer"
    outcome = Outcome.MALFORMED


class EmptyAnswer(MalformedAnswer):
    """The model answered nothing."""

    code = "empty_answer"
    outcome = Outcome.EMPTY


class CallCancelled(LanguageModelError):
    """The client was closed while the call was under way."""

    code = "call_cancelled"
    outcome = Outcome.CANCELLED

    @property
    def retryable(self) -> bool:
        return True


def _is_passing(status: int) -> bool:
    return status in _PASSING_STATUSES or (500 <= status < 600 and status not in _LASTING_STATUSES)

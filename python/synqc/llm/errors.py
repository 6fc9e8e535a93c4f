"""What can go wrong between a request and a language model's answer.

LanguageModelError
  ModelTimedOut (also TimedOut)   no answer within the time allowed
  ModelUnreachable                nobody listens there, or the connection broke
  ModelRefused                    the server answered with an error; carries `status`
  MalformedAnswer                 it answered, but not what was asked for
"""

from __future__ import annotations

from synqc.errors import SynqcError, TimedOut
from synqc.llm.completion import Spent

__all__ = ["LanguageModelError", "MalformedAnswer", "ModelRefused", "ModelTimedOut", "ModelUnreachable"]


class LanguageModelError(SynqcError):
    """A language model did not answer what was asked for; keys and passwords are never in the message.

    Args:
        message: What happened.
        spent: Calls, tokens and time it cost nevertheless.
        answer: What the model said last, if anything.
    """

    code = "language_model_error"

    def __init__(self, message: str, *, spent: Spent | None = None, answer: str = "") -> None:
        super().__init__(message)
        self.spent = Spent() if spent is None else spent
        self.answer = answer


class ModelTimedOut(LanguageModelError, TimedOut):
    """No answer came within the time allowed."""

    code = "model_timed_out"


class ModelUnreachable(LanguageModelError):
    """Nobody listens at the address, or the connection broke."""

    code = "model_unreachable"


class ModelRefused(LanguageModelError):
    """The server answered with an error; `status` is its HTTP status."""

    code = "model_refused"

    def __init__(self, message: str, *, status: int, spent: Spent | None = None, answer: str = "") -> None:
        super().__init__(message, spent=spent, answer=answer)
        self.status = status


class MalformedAnswer(LanguageModelError):
    """The model answered, but not in the form that was asked for."""

    code = "malformed_answer"

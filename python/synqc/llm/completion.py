"""An answer of a language model and what it cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

__all__ = ["Completion", "Spent"]

Value = TypeVar("Value")


@dataclass(frozen=True)
class Spent:
    """What calls to a model cost.

    Args:
        calls: Answers that were asked for, also those that were no use.
        prompt_tokens, completion_tokens: As the server counts them, over all calls; None if it does not.
        latency_s: From sending the first to reading the last.
    """

    calls: int = 0
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    latency_s: float = 0.0

    def __add__(self, other: Spent) -> Spent:
        """Of both.

        >>> Spent(1, 10, None, 0.5) + Spent(1, 20, None, 0.25)
        Spent(calls=2, prompt_tokens=30, completion_tokens=None, latency_s=0.75)
        """
        return Spent(
            self.calls + other.calls,
            _sum(self.prompt_tokens, other.prompt_tokens),
            _sum(self.completion_tokens, other.completion_tokens),
            self.latency_s + other.latency_s,
        )


@dataclass(frozen=True)
class Completion(Generic[Value]):
    """One answer.

    Args:
        value: What the request's reader made of the text; the text itself without one.
        text: As the model wrote it.
        model: As the server names it.
        finish_reason: Why it ended, e.g. "stop", or "length" if it was cut.
        spent: Calls, tokens and time, including answers that were no use; for a cached one, what it cost then.
        form: How the form of the answer was asked for: "json_schema", "json_object" or "plain".
        ignored: Parameters of the request this model does not take.
        cached: Whether no call was made for this request.
    """

    value: Value
    text: str
    model: str
    finish_reason: str
    spent: Spent
    form: str = "plain"
    ignored: tuple[str, ...] = ()
    cached: bool = False

    def to_plain(self) -> dict[str, Any]:
        """Everything but the value and where it came from, as plain values that any cache can hold."""
        return {
            "text": self.text,
            "model": self.model,
            "finish_reason": self.finish_reason,
            "spent": [
                self.spent.calls, self.spent.prompt_tokens, self.spent.completion_tokens, self.spent.latency_s,
            ],
            "form": self.form,
            "ignored": list(self.ignored),
        }  # fmt: skip

    @classmethod
    def from_plain(cls, plain: dict[str, Any], value: Value, *, cached: bool) -> Completion[Value]:
        """The completion `to_plain` described, with the value its text has."""
        return cls(
            value, plain["text"], plain["model"], plain["finish_reason"], Spent(*plain["spent"]), plain["form"],
            tuple(plain["ignored"]), cached,
        )  # fmt: skip


def _sum(first: int | None, second: int | None) -> int | None:
    return second if first is None else first if second is None else first + second

"""An answer of a language model and what it cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from synqc.llm.logprobs import TokenLogprobs
from synqc.llm.outcome import Outcome
from synqc.llm.tools import ToolCall

__all__ = ["Completion", "Spent"]

Value = TypeVar("Value")


@dataclass(frozen=True)
class Spent:
    """What calls to a model cost.

    Counts of tokens are the server's own, over all calls, or None as soon as one answer came without: never an
    estimate, never the sum of a part. A request that was refused cost no tokens.

    Args:
        calls: Requests that reached the server: repeated attempts, corrections and refusals each count.
        prompt_tokens: Tokens of the conversations sent.
        completion_tokens: Written by the model, its thoughts included.
        latency_s: From sending the first to reading the last.
        cached_prompt_tokens: Those of `prompt_tokens` that the server had in its cache; None if it does not say.
        reasoning_tokens: Those of `completion_tokens` that were thoughts; None if it does not say.
    """

    calls: int = 0
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    latency_s: float = 0.0
    cached_prompt_tokens: int | None = None
    reasoning_tokens: int | None = None

    def __add__(self, other: Spent) -> Spent:
        """Of both.

        >>> Spent(1, 10, None, 0.5) + Spent(1, 20, None, 0.25)
        Spent(calls=2, prompt_tokens=30, completion_tokens=None, latency_s=0.75, cached_prompt_tokens=None,
         reasoning_tokens=None)
        """
        if self.calls == 0 or other.calls == 0:  # no call, so nothing that went uncounted
            costly, free = (other, self) if self.calls == 0 else (self, other)
            return Spent(
                costly.calls, costly.prompt_tokens, costly.completion_tokens, costly.latency_s + free.latency_s,
                costly.cached_prompt_tokens, costly.reasoning_tokens,
            )  # fmt: skip
        return Spent(
            self.calls + other.calls,
            _sum(self.prompt_tokens, other.prompt_tokens),
            _sum(self.completion_tokens, other.completion_tokens),
            self.latency_s + other.latency_s,
            _sum(self.cached_prompt_tokens, other.cached_prompt_tokens),
            _sum(self.reasoning_tokens, other.reasoning_tokens),
        )

    @classmethod
    def without_answer(cls, calls: int, latency_s: float) -> Spent:
        """Of requests that were refused: they cost time and no tokens."""
        return cls(calls, 0, 0, latency_s, 0, 0) if calls else cls(latency_s=latency_s)


@dataclass(frozen=True)
class Completion(Generic[Value]):
    """One answer.

    Args:
        value: What the request's reader made of the text; the text itself without one.
        text: As the model wrote it.
        model: As the server names it.
        finish_reason: Why it ended, e.g. "stop"; "length" only for a partial answer that was allowed to be one.
        spent: Calls, tokens and time, including answers that were no use; for a cached one, what it cost then.
        form: How the form of the answer was asked for: "json_schema", "json_object" or "plain".
        ignored: Parameters of the request that were not sent, because this model does not take them.
        cached: Whether no call was made for this request.
        outcome: `ok`; `cut` or `filtered` only where a partial answer was allowed.
        repaired: What had to be mended before the text was JSON, in words; empty: nothing.
        prompt_truncated: The server counted fewer tokens than the conversation has words: it read a part of it.
        age_s: How long ago it was kept; 0 for one that is new.
        key: Under which a cache was asked to keep it; "" where none was.
        similarity: Similarity of the question it was given for to this one, where a `SemanticTier` found it: the cosine
            of their vectors. None: it was the same question.
        logprobs: The first tokens' alternatives, if the request asked for them and the server told them; else empty.
        tool_calls: Calls of the request's tools that the model asks for. Where there are any, `value` is the text
            beside them: neither the request's form nor its reader is for them. Such an answer is never kept.
    """

    value: Value
    text: str
    model: str
    finish_reason: str
    spent: Spent
    form: str = "plain"
    ignored: tuple[str, ...] = ()
    cached: bool = False
    outcome: Outcome = Outcome.OK
    repaired: tuple[str, ...] = ()
    prompt_truncated: bool = False
    age_s: float = 0.0
    key: str = ""
    similarity: float | None = None
    logprobs: tuple[TokenLogprobs, ...] = ()
    tool_calls: tuple[ToolCall, ...] = ()

    def to_plain(self) -> dict[str, Any]:
        """Everything but the value and where it came from, as plain values that any cache can hold."""
        spent = self.spent
        return {
            "text": self.text,
            "model": self.model,
            "finish_reason": self.finish_reason,
            "spent": [
                spent.calls, spent.prompt_tokens, spent.completion_tokens, spent.latency_s,
                spent.cached_prompt_tokens, spent.reasoning_tokens,
            ],
            "form": self.form,
            "ignored": list(self.ignored),
            "repaired": list(self.repaired),
            "logprobs": [one.to_plain() for one in self.logprobs],
        }  # fmt: skip

    @classmethod
    def from_plain(
        cls, plain: dict[str, Any], value: Value, *, cached: bool, age_s: float = 0.0, key: str = ""
    ) -> Completion[Value]:
        """The completion `to_plain` described, with the value its text has."""
        return cls(
            value, plain["text"], plain["model"], plain["finish_reason"], Spent(*plain["spent"]), plain["form"],
            tuple(plain["ignored"]), cached, repaired=tuple(plain["repaired"]),
            age_s=age_s, key=key, logprobs=tuple(TokenLogprobs.from_plain(one) for one in plain.get("logprobs", ())),
        )  # fmt: skip


def _sum(first: int | None, second: int | None) -> int | None:
    return None if first is None or second is None else first + second

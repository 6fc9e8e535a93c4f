"""What a language model is asked."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from synqc.cache import content_key
from synqc.errors import InputError

__all__ = ["JsonForm", "Message", "Request"]

_LONGEST_MODEL_NAME = 200


@dataclass(frozen=True)
class Message:
    """One message of a conversation."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True)
class JsonForm:
    """Form of an answer that is one JSON object.

    Args:
        name: Of the schema; letters, digits, `_` and `-`.
        schema: JSON schema; strict servers want every property required and no others.
    """

    name: str
    schema: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Request:
    """One question; what decides the answer and nothing else.

    Args:
        model: As the server knows it.
        messages: The conversation so far.
        temperature: None: the server's choice.
        max_tokens: Of the answer.
        seed: For servers that can repeat an answer.
        stop: Texts that end the answer.
        form: The answer is one JSON object; None: any text.
        sample: Number of this answer among several independent ones to the same question; only a cache reads it.

    Raises:
        InputError: An argument is out of its range.

    Examples:
        >>> first = Request(model="phi3", messages=(Message("user", "Why?"),), temperature=0.0)
        >>> second = Request(model="phi3", messages=(Message("user", "Why?"),), temperature=0.5)
        >>> first.key("http://localhost:11434/v1") == second.key("http://localhost:11434/v1")
        False
    """

    model: str
    messages: tuple[Message, ...]
    temperature: float | None = None
    max_tokens: int | None = None
    seed: int | None = None
    stop: tuple[str, ...] = ()
    form: JsonForm | None = None
    sample: int = 0

    def __post_init__(self) -> None:
        if not self.model or len(self.model) > _LONGEST_MODEL_NAME or not self.model.isprintable():
            raise InputError(
                f"Argument `model` must be 1 to {_LONGEST_MODEL_NAME} printable characters, but is {self.model[:80]!r}."
            )
        if not self.messages:
            raise InputError("Argument `messages` must hold at least one message, but is empty.")
        if self.temperature is not None and not 0 <= self.temperature < math.inf:
            raise InputError(f"Argument `temperature` must be a number from 0, but is {self.temperature}.")
        if self.max_tokens is not None and self.max_tokens < 1:
            raise InputError(f"Argument `max_tokens` must be at least 1, but is {self.max_tokens}.")

    @property
    def repeatable(self) -> bool:
        """Whether the same answer is to be expected again."""
        return self.temperature == 0 or self.seed is not None

    def key(self, base_url: str) -> str:
        """Names everything that decides the answer; for a cache."""
        content = {
            "messages": [[message.role, message.content] for message in self.messages],
            "form": None if self.form is None else {"name": self.form.name, "schema": dict(self.form.schema)},
        }
        parameters = {
            "base_url": base_url,
            "model": self.model,
            "temperature": self.temperature,
            "max_tokens": self.max_tokens,
            "seed": self.seed,
            "stop": self.stop,
            "sample": self.sample,
        }
        return content_key("chat_completion", content, parameters=parameters)

"""What a language model is asked."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final, Literal

from synqc.cache import content_key
from synqc.errors import InputError
from synqc.llm.logprobs import MOST_ALTERNATIVES

__all__ = ["JsonForm", "Message", "Request"]

_LONGEST_MODEL_NAME = 200
_ROLES = ("system", "user", "assistant")
_HOTTEST: Final = 2.0
_VERSION_OF_ANSWERS: Final = 2
"""Of what is kept; raise it when kept answers of before may no longer be served."""


@dataclass(frozen=True)
class Message:
    """One message of a conversation.

    Raises:
        InputError: Nobody has that role, or the content is no text.
    """

    role: Literal["system", "user", "assistant"]
    content: str

    def __post_init__(self) -> None:
        if self.role not in _ROLES:
            raise InputError(f"Argument `role` must be one of {', '.join(_ROLES)}, but is {self.role!r}.")
        if not isinstance(self.content, str):
            raise InputError(f"Argument `content` must be a text, but is {type(self.content).__name__}.")


@dataclass(frozen=True)
class JsonForm:
    """Form of an answer that is one JSON object.

    The object is looked for in the answer, and must fit the schema: servers that promise schemas overlook keywords. The
    request's reader is given the object's own text.

    Args:
        name: Of the schema; letters, digits, `_` and `-`.
        schema: JSON schema; strict servers want every property required and no others.
        checked: Whether an answer must fit the schema. False for readers that take more than the schema asks for; an
            object that fits is preferred all the same.
        repair: Whether an answer that is almost JSON is mended when all else has failed; see `structured_in`.
    """

    name: str
    schema: Mapping[str, Any]
    checked: bool = True
    repair: bool = True


@dataclass(frozen=True, kw_only=True)
class Request:
    """One question; what decides the answer and nothing else.

    Args:
        model: As the server knows it.
        messages: The conversation so far.
        temperature: 0 to 2; None: the server's choice.
        max_tokens: Of the answer.
        seed: For servers that can repeat an answer.
        stop: Texts that end the answer.
        form: The answer is one JSON object; None: any text.
        sample: Number of this answer among several independent ones to the same question; only a cache reads it.
        logprobs: How many alternatives of each of the answer's first tokens to tell, 1 to 20; None: none.

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
    logprobs: int | None = None

    def __post_init__(self) -> None:
        model, temperature = self.model, self.temperature
        if isinstance(self.stop, str):
            raise InputError(f"Argument `stop` must be several texts, but is the one text {self.stop!r:.80}.")
        for name in ("messages", "stop"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        if not isinstance(model, str) or not model or len(model) > _LONGEST_MODEL_NAME or not model.isprintable():
            raise InputError(
                f"Argument `model` must be 1 to {_LONGEST_MODEL_NAME} printable characters, but is {model!r:.80}."
            )
        if not self.messages:
            raise InputError("Argument `messages` must hold at least one message, but is empty.")
        if temperature is not None and not (_is_number(temperature) and 0 <= temperature <= _HOTTEST):
            raise InputError(f"Argument `temperature` must be a number from 0 to 2, but is {temperature!r}.")
        if self.max_tokens is not None and not (_is_integer(self.max_tokens) and self.max_tokens >= 1):
            raise InputError(f"Argument `max_tokens` must be a whole number from 1, but is {self.max_tokens!r}.")
        if self.logprobs is not None and not (_is_integer(self.logprobs) and 1 <= self.logprobs <= MOST_ALTERNATIVES):
            raise InputError(
                f"Argument `logprobs` must be a whole number from 1 to {MOST_ALTERNATIVES}, but is {self.logprobs!r}."
            )
        if self.seed is not None and not _is_integer(self.seed):
            raise InputError(f"Argument `seed` must be a whole number, but is {self.seed!r}.")

    @property
    def repeatable(self) -> bool:
        """Whether the same answer is to be expected again."""
        return self.temperature == 0 or self.seed is not None

    def key(self, base_url: str, *, tenant: str = "", wire: str = "") -> str:
        """Names everything that decides the answer; for a cache.

        Args:
            base_url: Of the server.
            tenant: Whose answers they are; see `Endpoint.tenant`.
            wire: What of the protocol decides answers, such as the size of the window; "": OpenAI's, nothing.
        """
        known: dict[tuple[str, str, str], str] = self.__dict__.get("_keys") or {}
        key = known.get((base_url, tenant, wire))
        if key is None:
            parameters = {name: _plain(getattr(self, name)) for name in _names(type(self))}
            parameters |= {"base_url": base_url, "tenant": tenant, **({"wire": wire} if wire else {})}
            content = parameters.pop("messages")
            key = content_key("chat_completion", content, parameters=parameters, version=_VERSION_OF_ANSWERS)
            if self.form is None:  # whose schema may change; all else is frozen and hashed once
                object.__setattr__(self, "_keys", {**known, (base_url, tenant, wire): key})
        return key

    def __getstate__(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in _names(type(self))}


def _names(kind: type[Any]) -> tuple[str, ...]:
    names = _names_of.get(kind)
    if names is None:
        names = _names_of[kind] = tuple(field.name for field in fields(kind))
    return names


_names_of: dict[type[Any], tuple[str, ...]] = {}


def _plain(value: Any) -> Any:
    """A part of a request as part of a key; every field of it, so that none is forgotten."""
    if value is None or isinstance(value, (str, int, float)):
        return value
    if isinstance(value, (tuple, list)):
        return [_plain(one) for one in value]
    if isinstance(value, Mapping):
        return json.dumps(dict(value))  # a schema, in its order: models answer in it
    return [[name, _plain(getattr(value, name))] for name in _names(type(value))]


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)

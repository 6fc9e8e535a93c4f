"""What a language model is asked."""

from __future__ import annotations

import difflib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

from synqc.cache import content_key
from synqc.errors import InputError
from synqc.llm.logprobs import MOST_ALTERNATIVES
from synqc.llm.message import Message
from synqc.llm.tools import TOOL_CHOICES, Tool

__all__ = ["JsonForm", "Request"]

_LONGEST_MODEL_NAME = 200
_HOTTEST: Final = 2.0
_VERSION_OF_ANSWERS: Final = 2
"""Of what is kept; raise it when kept answers of before may no longer be served."""
_RANGES: Final = (("top_p", 0, 1), ("presence_penalty", -2, 2), ("frequency_penalty", -2, 2))
_STRONGEST_BIAS: Final = 100


@dataclass(frozen=True)
class JsonForm:
    """Form of an answer that is one JSON object.

    The object is looked for in the answer, and must fit the schema: servers that promise schemas overlook keywords. The
    request's reader is given the object's own text.

    Args:
        name: Name of the schema; letters, digits, `_` and `-`.
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
        max_tokens: Most tokens of the answer.
        seed: For servers that can repeat an answer.
        stop: Texts that end the answer.
        form: The answer is one JSON object; None: any text.
        sample: Number of this answer among several independent ones to the same question; only a cache reads it.
        logprobs: How many alternatives of each of the answer's first tokens to tell, 1 to 20; None: none.
        top_p: Only the likeliest tokens that make up so much are drawn from, 0 to 1; None: the server's choice.
        presence_penalty: On tokens that have occurred, -2 to 2; None: the server's choice.
        frequency_penalty: On tokens by how often they have occurred, -2 to 2; None: the server's choice.
        logit_bias: Added to tokens' logits, -100 to 100, by the server's number of a token; None: nothing.
        tools: Functions that the model may ask for. What it asks for stands in the answer's `tool_calls`; such
            requests are never answered from a cache.
        tool_choice: "auto", "none", "required" or the name of one of them; None: the server's choice.
        parallel_tool_calls: Whether it may ask for several at once; None: the server's choice.

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
    top_p: float | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    logit_bias: Mapping[str, float] | None = None
    tools: tuple[Tool, ...] = ()
    tool_choice: str | None = None
    parallel_tool_calls: bool | None = None

    def __post_init__(self) -> None:
        model, temperature = self.model, self.temperature
        if isinstance(self.stop, str):
            raise InputError(f"Argument `stop` must be several texts, but is the one text {self.stop!r:.80}.")
        for name in ("messages", "stop", "tools"):
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
        for name, lowest, highest in _RANGES:
            value = getattr(self, name)
            if value is not None and not (_is_number(value) and lowest <= value <= highest):
                raise InputError(f"Argument `{name}` must be a number from {lowest} to {highest}, but is {value!r}.")
        if self.logit_bias is not None:
            _check_biases(self.logit_bias)
        if self.tools or self.tool_choice is not None or self.parallel_tool_calls is not None:
            self._check_tools()

    def _check_tools(self) -> None:
        names = [one.name for one in self.tools]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise InputError(f"Argument `tools` must have one of each name, but has several of {twice[0]!r}.")
        if not names:
            given = "tool_choice" if self.tool_choice is not None else "parallel_tool_calls"
            raise InputError(f"Argument `{given}` must be left out where there are no `tools`, but is given.")
        if self.tool_choice is not None and self.tool_choice not in (*TOOL_CHOICES, *names):
            near = difflib.get_close_matches(str(self.tool_choice)[:100], [*TOOL_CHOICES, *names], n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise InputError(
                f"Argument `tool_choice` must be {', '.join(TOOL_CHOICES)} or the name of one of `tools`, but is "
                f"{self.tool_choice!r:.80}.{hint}"
            )
        if self.parallel_tool_calls not in (None, True, False):
            raise InputError(
                f"Argument `parallel_tool_calls` must be True, False or None, but is {self.parallel_tool_calls!r:.80}."
            )

    @property
    def has_images(self) -> bool:
        """Whether a message holds pictures."""
        return any(one.parts and one.has_images for one in self.messages)

    @property
    def repeatable(self) -> bool:
        """Whether the same answer is to be expected again."""
        return self.temperature == 0 or self.seed is not None

    def key(self, base_url: str, *, tenant: str = "", wire: str = "") -> str:
        """Names everything that decides the answer; for a cache.

        Args:
            base_url: Address of the server.
            tenant: Whose answers they are; see `Endpoint.tenant`.
            wire: What of the protocol decides answers, such as the size of the window; "": OpenAI's, nothing.
        """
        known: dict[tuple[str, str, str], str] = self.__dict__.get("_keys") or {}
        key = known.get((base_url, tenant, wire))
        if key is None:
            parameters = dict(_members(self))
            parameters |= {"base_url": base_url, "tenant": tenant, **({"wire": wire} if wire else {})}
            content = parameters.pop("messages")
            key = content_key("chat_completion", content, parameters=parameters, version=_VERSION_OF_ANSWERS)
            if self.form is None and not self.tools and self.logit_bias is None:  # which may change; all else is frozen
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


_ATOMS: Final = frozenset({type(None), str, int, float, bool})
_LATER: Final = frozenset({
    "top_p", "presence_penalty", "frequency_penalty", "logit_bias", "tools", "tool_choice", "parallel_tool_calls",
    "parts", "tool_calls", "tool_call_id", "speaker",
})  # fmt: skip


def _plain(value: Any) -> Any:
    """A part of a request as part of a key; every field of it, so that none is forgotten."""
    if type(value) in _ATOMS or isinstance(value, (str, int, float)):
        return value
    if isinstance(value, (tuple, list)):
        return [_plain(one) for one in value]
    if isinstance(value, Mapping):
        return json.dumps(dict(value))  # a schema, in its order: models answer in it
    return _members(value)


def _members(value: Any) -> list[list[Any]]:
    """Fields by name, but for those that came later and say nothing: what was kept before they came is still found."""
    members = []
    for name in _names(type(value)):
        one = getattr(value, name)
        if type(one) in _ATOMS:
            if (one is None or one == "") and name in _LATER:
                continue
            members.append([name, one])
        elif one != () or name not in _LATER:
            members.append([name, _plain(one)])
    return members


def _check_biases(biases: Any) -> None:
    if not isinstance(biases, Mapping):
        raise InputError(f"Argument `logit_bias` must map numbers of tokens to biases, but is {biases!r:.80}.")
    for token, bias in biases.items():
        if not (isinstance(token, str) and token.isdecimal() and token.isascii()):
            raise InputError(f"Argument `logit_bias` must name tokens by their numbers, but names {token!r:.80}.")
        if not (_is_number(bias) and -_STRONGEST_BIAS <= bias <= _STRONGEST_BIAS):
            raise InputError(
                f"Argument `logit_bias[{token!r:.30}]` must be a number from -100 to 100, but is {bias!r:.80}."
            )


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)

"""One answer of a model, read out of the documents that its server sends."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from synqc.llm.completion import Spent
from synqc.llm.logprobs import MOST_TOKENS, TokenLogprobs, logprobs_in
from synqc.llm.refusal import Refusal
from synqc.llm.tools import ToolCall

__all__ = ["Answer", "NotTheProtocol", "ToldOfAnError", "count_in", "document_in"]


class NotTheProtocol(Exception):
    """A document is none of the protocol; the text says why."""


class ToldOfAnError(Exception):
    """A document tells of an error."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.words)
        self.refusal = refusal


class Answer(ABC):
    """One answer, out of one document or of many; a subclass knows the protocol.

    Args:
        model: As it was asked for; a server may name it otherwise.
    """

    def __init__(self, model: str) -> None:
        self.model = model
        self.finish_reason = ""
        self.refusal = ""
        self.has_thoughts = False
        self.documents = 0
        self._said: list[str] = []
        self._logprobs: list[TokenLogprobs] = []
        self.size_of_calls = 0

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """Calls of tools that it asks for, as far as they have come."""
        return ()

    @property
    def logprobs(self) -> tuple[TokenLogprobs, ...]:
        """Of its first tokens, where they were asked for and told."""
        return tuple(self._logprobs)

    @property
    def text(self) -> str:
        """What it says so far."""
        return "".join(self._said)

    @abstractmethod
    def take(self, document: Any, *, whole: bool) -> str:
        """Read one document; the text it adds.

        Args:
            document: As parsed.
            whole: Whether it must hold an answer; a part of a stream may hold none.

        Raises:
            ToldOfAnError: It tells of an error.
            NotTheProtocol: It is something else.
        """

    @abstractmethod
    def spent(self, calls: int, latency_s: float) -> Spent:
        """What the server counted; of several counts the last, which is of the whole."""

    def _says(self, text: str) -> str:
        if text:
            self._said.append(text)
        return text

    def _weighs(self, told: Any) -> None:
        self._logprobs += logprobs_in(told)[: MOST_TOKENS - len(self._logprobs)]


def document_in(text: str) -> Any:
    """A JSON document.

    Raises:
        NotTheProtocol: It is none.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise NotTheProtocol("its body is no JSON") from None


def count_in(usage: Mapping[str, Any], name: str) -> int | None:
    """A count of tokens, or None if what stands there is none."""
    count = usage.get(name)
    return count if isinstance(count, int) and not isinstance(count, bool) and count >= 0 else None

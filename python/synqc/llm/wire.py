"""Strategy: the protocol that a server speaks; all else of a call is the same for every server."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

from synqc.llm._answer import Answer
from synqc.llm.completion import Spent
from synqc.llm.dialect import Dialect
from synqc.llm.message import Message

__all__ = ["Body", "Wire"]


class Body(Protocol):
    """Reads the bytes of an answer, however they are cut."""

    done: bool
    """Whether the server has said that nothing follows."""

    def feed(self, piece: bytes) -> Iterator[str]:
        """The texts that a piece adds; what is wrong is raised after those before it.

        Raises:
            ToldOfAnError: The body tells of an error.
            NotTheProtocol: It is something else.
            EventTooLong: It is larger than is taken.
            UnicodeDecodeError: It is no UTF-8.
        """
        ...

    def end(self) -> Iterator[str]:
        """The texts that the end of the body completes. Raises as `feed`."""
        ...


class Wire(Protocol):
    """How one kind of server is asked, and how its answers are read."""

    @property
    def path(self) -> str:
        """Of the door, behind the endpoint's address."""
        ...

    def key_of(self, model: str) -> str:
        """What of it decides a model's answers beside the request, as a part of the key of kept ones."""
        ...

    @property
    def dialect(self) -> Dialect:
        """How a model is asked that has refused nothing yet."""
        ...

    def answer_to(self, sent: Mapping[str, Any]) -> Answer:
        """An empty answer to a body, for the documents to come."""
        ...

    def body_into(self, answer: Answer, most_bytes: int) -> Body:
        """Reads bytes into an answer; as many of one document, and of the text."""
        ...

    def is_lasting(self, status: int, words: str) -> bool:
        """Whether a refusal will be met again although its status says that it may pass."""
        ...

    def truncated_to(self, model: str, messages: Iterable[Message], spent: Spent) -> int | None:
        """How many tokens the server read, if the conversation has more; None as far as can be told."""
        ...

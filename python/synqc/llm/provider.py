"""Protocol of whoever answers requests: a server of OpenAI's protocol, a model in this process, a router over several.

`LanguageModels` is one, and so is everything in `synqc.llm.providers`. Who asks should ask for a `Provider`.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterator
from concurrent.futures import Future
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar, overload, runtime_checkable

from synqc.cache import Control
from synqc.llm.completion import Completion, Spent
from synqc.llm.outcome import Outcome
from synqc.llm.request import Request
from synqc.llm.tools import ToolCall

if TYPE_CHECKING:
    from synqc.llm.client import LanguageModels
    from synqc.llm.text_stream import AsyncTextStream, TextStream

__all__ = ["AsyncTextParts", "Provider", "TextParts"]

Value = TypeVar("Value")


@runtime_checkable
class Provider(Protocol):
    """Answers requests; any thread and any event loop may use it at once.

    Every call has one `Outcome`. What is not `ok` is raised as the `LanguageModelError` of that outcome, with what it
    cost in `spent`. Cancelling a future or a task, leaving a stream and `close` end the call where it is computed.

    Examples:
        >>> from synqc.llm import Endpoint, LanguageModels
        >>> models = LanguageModels(Endpoint(base_url="http://localhost:11434/v1", api_key="ollama"))
        >>> isinstance(models, Provider), models.name, models.most_at_once, models.is_local
        (True, 'http://localhost:11434/v1', 16, True)
    """

    @property
    def name(self) -> str:
        """Tells it from others, e.g. in a metric's label, an answer's receipt or an error; it holds no secret."""
        ...

    @property
    def most_at_once(self) -> int:
        """How many calls it has under way at a time; further ones wait inside it."""
        ...

    @property
    def is_local(self) -> bool:
        """Whether what is asked stays on this machine."""
        ...

    @overload
    def submit(
        self, request: Request, *, deadline_s: float | None = ..., control: Control | None = ..., partial: bool = ...
    ) -> Future[Completion[str]]: ...
    @overload
    def submit(
        self,
        request: Request,
        read: Callable[[str], Value],
        *,
        repeats: int = ...,
        deadline_s: float | None = ...,
        control: Control | None = ...,
        partial: bool = ...,
    ) -> Future[Completion[Value]]: ...

    def submit(
        self,
        request: Request,
        read: Callable[[str], Any] = str,
        *,
        repeats: int = 0,
        deadline_s: float | None = None,
        control: Control | None = None,
        partial: bool = False,
    ) -> Future[Completion[Any]]:
        """Ask, and go on meanwhile; cancelling the future ends the call. See `LanguageModels.submit`."""
        ...

    def complete(
        self,
        request: Request,
        read: Callable[[str], Any] = str,
        *,
        repeats: int = 0,
        deadline_s: float | None = None,
        control: Control | None = None,
        partial: bool = False,
    ) -> Completion[Any]:
        """Ask and wait."""
        ...

    async def acomplete(
        self,
        request: Request,
        read: Callable[[str], Any] = str,
        *,
        repeats: int = 0,
        deadline_s: float | None = None,
        control: Control | None = None,
        partial: bool = False,
    ) -> Completion[Any]:
        """Ask and wait in a coroutine."""
        ...

    def stream(
        self,
        request: Request,
        *,
        deadline_s: float | None = None,
        control: Control | None = None,
        partial: bool = False,
    ) -> TextParts:
        """The answer's text part by part; nothing is asked before the first part is wanted."""
        ...

    def astream(
        self,
        request: Request,
        *,
        deadline_s: float | None = None,
        control: Control | None = None,
        partial: bool = False,
    ) -> AsyncTextParts:
        """Like `stream`, in a coroutine."""
        ...

    def close(self) -> None:
        """End what is under way with `CallCancelled` and let go of what is held; the next request begins anew."""
        ...

    async def aclose(self) -> None:
        """Like `close`, in a coroutine."""
        ...


class _Parts(Protocol):
    """What every stream tells of itself, whoever reads it."""

    @property
    def text(self) -> str:
        """All that has come so far."""
        ...

    @property
    def model(self) -> str:
        """Who answers, as the provider names it."""
        ...

    @property
    def finish_reason(self) -> str:
        """Why it ended; "" as long as it has not."""
        ...

    @property
    def outcome(self) -> Outcome | None:
        """What came of it; None as long as it has not ended."""
        ...

    @property
    def spent(self) -> Spent:
        """What it has cost so far."""
        ...

    @property
    def ignored(self) -> tuple[str, ...]:
        """Parameters of the request that were not sent."""
        ...

    @property
    def prompt_truncated(self) -> bool:
        """Whether only a part of the conversation was read; known at the end."""
        ...

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """Calls of tools that it asks for; known at the end."""
        ...


class TextParts(_Parts, Iterator[str], Protocol):
    """Parts of one answer, for a thread; `TextStream` is one."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...

    def close(self) -> None:
        """End the call."""
        ...


class AsyncTextParts(_Parts, AsyncIterable[str], Protocol):
    """Parts of one answer, for a coroutine; `AsyncTextStream` is one."""

    def __aiter__(self) -> AsyncIterator[str]: ...

    async def __anext__(self) -> str: ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...

    async def aclose(self) -> None:
        """End the call."""
        ...


if TYPE_CHECKING:  # the type checker holds the client and its streams against the protocol

    def _client_as_provider(models: LanguageModels) -> Provider:
        return models

    def _stream_as_parts(stream: TextStream) -> TextParts:
        return stream

    def _stream_as_async_parts(stream: AsyncTextStream) -> AsyncTextParts:
        return stream

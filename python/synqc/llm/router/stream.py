"""A stream through a router. Until the first part has come another deployment may take over, and the reader sees
nothing of it; after that nothing is emitted twice: a stream that breaks ends in the error that broke it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from types import TracebackType
from typing import Any, Self

from synqc.cache import Control
from synqc.llm.completion import Spent
from synqc.llm.errors import LanguageModelError
from synqc.llm.outcome import Outcome
from synqc.llm.router._call import Attempt, RoutedCall
from synqc.llm.router.receipt import Receipt
from synqc.llm.tools import ToolCall

__all__ = ["AsyncRoutedStream", "RoutedStream"]


class _Routed:
    """What both kinds of stream tell of themselves, and what they do before and after they ask."""

    def __init__(self, call: RoutedCall, control: Control | None, partial: bool) -> None:
        self._call, self._control, self._partial = call, control, partial
        self._attempt: Attempt | None = None
        self._parts: Any = None
        self._emitted = False
        self._handed_ns = 0
        self._closed = False
        self._receipt: Receipt | None = None
        self._failed: Outcome | None = None

    @property
    def text(self) -> str:
        """All that has come so far."""
        return "" if self._parts is None else self._parts.text

    @property
    def model(self) -> str:
        """As the server names it."""
        return self._call.request.model if self._parts is None else self._parts.model

    @property
    def finish_reason(self) -> str:
        """Why it ended, in the server's word; "" as long as it has not."""
        return "" if self._parts is None else self._parts.finish_reason

    @property
    def outcome(self) -> Outcome | None:
        """What came of it; None as long as it has not ended."""
        if self._failed is not None:
            return self._failed
        return None if self._parts is None else self._parts.outcome

    @property
    def spent(self) -> Spent:
        """What all calls for it have cost so far."""
        if self._attempt is None:
            return self._call.spent
        return self._call.spent + (Spent() if self._parts is None else self._parts.spent)

    @property
    def ignored(self) -> tuple[str, ...]:
        """Parameters of the request that were not sent."""
        return () if self._parts is None else self._parts.ignored

    @property
    def prompt_truncated(self) -> bool:
        """Whether only a part of the conversation was read; known at the end."""
        return False if self._parts is None else self._parts.prompt_truncated

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """Calls of tools that it asks for; known at the end."""
        return () if self._parts is None else self._parts.tool_calls

    @property
    def receipt(self) -> Receipt:
        """Who was asked, why, and where the time went; until now."""
        return self._call.receipt() if self._receipt is None else self._receipt

    @property
    def deployment(self) -> str:
        """Whose parts these are; "" until the first has come."""
        if self._attempt is not None and self._emitted:
            return self._attempt.deployment.name
        return self.receipt.answered_by

    def _asked(self) -> Attempt:
        """The attempt to go on with; a new one if there is none."""
        if self._attempt is None:
            self._attempt = self._call.begin()
        elif self._emitted:
            self._call.take_back(self._handed_ns)
        return self._attempt

    def _got(self, attempt: Attempt, part: str) -> str:
        self._handed_ns = self._call.hand_over()
        if not self._emitted:
            self._emitted = True
            attempt.choice.note_first_part(self._handed_ns * 1e-9)
        return part

    def _ended(self, attempt: Attempt) -> None:
        cached = getattr(self._parts, "cached", False) is True
        self._attempt = None
        self._call.succeeded(attempt, self._parts.spent, cached=cached)
        self._receipt = self._call.close("ok")
        self._closed = True

    def _broke(self, attempt: Attempt, error: LanguageModelError) -> None:
        """Returns where another deployment takes over."""
        self._attempt = None
        parts, self._parts = self._parts, None
        try:
            self._call.failed(attempt, error, was_read=self._emitted)
        except LanguageModelError as told:
            self._parts = parts
            self._failed = told.outcome
            self._receipt = self._call.close(told.outcome.value)
            self._closed = True
            raise told from None

    def _abandoned(self) -> None:
        """The reader, or the task it was, has left."""
        attempt, self._attempt = self._attempt, None
        if attempt is not None:
            if self._emitted and not self._call._open:
                self._call.take_back(self._handed_ns)
            spent = None if self._parts is None else self._parts.spent
            self._call.left(attempt, spent)
            self._failed = self._failed or Outcome.CANCELLED
        self._receipt = self._call.close(Outcome.CANCELLED.value) if self._receipt is None else self._receipt


class RoutedStream(_Routed, Iterator[str]):
    """Parts of one answer through a router, for a thread."""

    def __next__(self) -> str:
        if self._closed:
            raise StopIteration
        while True:
            try:
                attempt = self._asked()
            except LanguageModelError as error:
                self._failed, self._closed = error.outcome, True
                raise
            try:
                if self._parts is None:
                    self._parts = attempt.deployment.provider.stream(
                        attempt.request, deadline_s=self._call.left_s, control=self._control, partial=self._partial
                    )
                return self._got(attempt, next(self._parts))
            except StopIteration:
                self._ended(attempt)
                raise
            except LanguageModelError as error:
                self._broke(attempt, error)
            except BaseException:
                self.close()
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the call."""
        if not self._closed:
            self._closed = True
            try:
                if self._parts is not None:
                    self._parts.close()
            finally:
                self._abandoned()


class AsyncRoutedStream(_Routed, AsyncIterator[str]):
    """Parts of one answer through a router, for a coroutine."""

    async def __anext__(self) -> str:
        if self._closed:
            raise StopAsyncIteration
        while True:
            try:
                attempt = self._asked()
            except LanguageModelError as error:
                self._failed, self._closed = error.outcome, True
                raise
            try:
                if self._parts is None:
                    self._parts = attempt.deployment.provider.astream(
                        attempt.request, deadline_s=self._call.left_s, control=self._control, partial=self._partial
                    )
                return self._got(attempt, await anext(self._parts))
            except StopAsyncIteration:
                self._ended(attempt)
                raise
            except LanguageModelError as error:
                self._broke(attempt, error)
            except BaseException:
                await self.aclose()
                raise

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """End the call."""
        if not self._closed:
            self._closed = True
            try:
                if self._parts is not None:
                    await self._parts.aclose()
            finally:
                self._abandoned()

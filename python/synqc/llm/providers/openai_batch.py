"""Models of OpenAI's batch interface: requests are gathered into files, and answered within a day.

A batch is known by its file before it is made, and by its id before anybody waits for it: whoever goes on for one that
was killed meanwhile reads its answers from the same batch.
"""

from __future__ import annotations

import asyncio
import contextlib
import copy
import hashlib
import time
from collections.abc import Collection, Coroutine, Iterable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Final, Protocol
from urllib.parse import quote

from synqc import json
from synqc.llm._connection import Connection, Progress, Reply
from synqc.llm.client import LanguageModels
from synqc.llm.completion import Spent
from synqc.llm.endpoint import Endpoint
from synqc.llm.errors import LanguageModelError, ModelRefused, ModelTimedOut, ModelUnreachable, ProtocolError
from synqc.llm.wire import Wire

__all__ = ["BatchCall", "BatchJournal", "BatchModels", "KeptBatch", "batch_call"]

_WINDOW: Final = "24h"
_LONGEST_S: Final = 26 * 3600.0
"""The window, and what may come before and after it."""
_MOST_BYTES: Final = 512 << 20
_MOST_REQUESTS: Final = 50_000
_ENDED: Final = ("completed", "failed", "expired", "cancelled")
_DOCUMENT_S: Final = 300.0
_LEAVING_S: Final = 10.0
_ATTEMPTS: Final = 3
_PAGE: Final = 100
"""Batches that a server lists at a time, at most."""


@dataclass
class BatchCall:
    """The call that a task makes.

    Args:
        name: Name of its own, and the same when an attempt at a job is made anew.
        made_by: Worker that had it put into a batch, if that was not this worker: `KeptBatch.made_by`.
        is_sent: Whether it is in a batch, or about to be; until then nobody can bill it.
    """

    name: str
    made_by: int | None = None
    is_sent: bool = False


batch_call: ContextVar[BatchCall] = ContextVar("batch_call")
"""Set by whoever asks, for the task that does."""


@dataclass(frozen=True)
class KeptBatch:
    """A batch as it was kept.

    Args:
        file: Id of the file of its requests at the server.
        id: Its own; None: whoever had it made did not learn it, or was killed before it was made.
        names: Names of its requests.
        made_by: Which attempt at the job had it made.
    """

    file: str
    id: str | None
    names: Sequence[str]
    made_by: int


class BatchJournal(Protocol):
    """Keeps batches for whoever goes on after a crash."""

    async def kept(self) -> Iterable[KeptBatch]:
        """Those of earlier workers."""
        ...

    async def keep(self, file: str, names: Sequence[str], batch_id: str | None) -> None:
        """Keep one in the place of what was kept of its file; it is on disk when this returns."""
        ...


class BatchModels(LanguageModels):
    """`LanguageModels` whose requests go to the server in batches.

    Each batch holds what was asked until nothing more came for `gather_s`, all of it of one model. An answer that is
    not there when the batch ends is an error of its own: refused, timed out where the batch expired, unreachable where
    it was cancelled. Nothing is streamed, and no request is put into a second batch by itself.

    Args:
        endpoint: Which server; its limits of time and its attempts are not used.
        journal: Keeps ids of batches.
        gather_s: How long nothing more must be asked before a batch is sent, s.
        poll_s: How often its state is asked for, s.
    """

    def __init__(self, endpoint: Endpoint, journal: BatchJournal, *, gather_s: float, poll_s: float) -> None:
        self._journal, self._gather_s, self._poll_s = journal, gather_s, poll_s
        super().__init__(
            Endpoint(
                base_url=endpoint.base_url, query=endpoint.query, api_key=endpoint.api_key, timeout_s=_LONGEST_S,
                attempts=1, most_at_once=_MOST_REQUESTS, most_bytes=_MOST_BYTES,
            )
        )  # fmt: skip

    def _connected(self) -> Connection:
        super()._connected()  # which says what is not installed
        return _BatchConnection(self.endpoint, self._wire, self._journal, gather_s=self._gather_s, poll_s=self._poll_s)

    async def leave(self, *, cancelling: bool) -> None:
        """Wait for no batch any more, on the loop of conversations; `cancelling` ends them at the server."""
        assert isinstance(self._connection, _BatchConnection)
        await self._connection.leave(cancelling=cancelling)


@dataclass(frozen=True)
class _Line:
    """What a batch says of one request."""

    status: int
    body: bytes


_Gathered = tuple[dict[str, Any], asyncio.Future[_Line], BatchCall]


class _BatchConnection(Connection):
    def __init__(
        self, endpoint: Endpoint, wire: Wire, journal: BatchJournal, *, gather_s: float, poll_s: float
    ) -> None:
        super().__init__(endpoint, wire)
        self._journal, self._gather_s, self._poll_s = journal, gather_s, poll_s
        self._loading: asyncio.Future[None] | None = None
        self._promised: dict[str, tuple[asyncio.Future[_Line], int]] = {}
        self._gathered: dict[str, _Gathered] = {}
        self._gathering: asyncio.Task[None] | None = None
        self._live: set[str] = set()
        self._sending: set[asyncio.Task[None]] = set()
        self._following: set[asyncio.Task[None]] = set()

    async def reply(self, body: dict[str, Any], progress: Progress, seconds: float) -> Reply:
        """Have a body answered by a batch."""
        await self._client()
        started, answer = time.perf_counter(), self.wire.answer_to(body)
        failure: BaseException | None = None
        try:
            async with asyncio.timeout(seconds):
                line = await self._line(body)
            if line.status >= 300:
                response = SimpleNamespace(content=line.body, headers={}, reason_phrase="")
                failure = self._refused(SimpleNamespace(response=response, status_code=line.status))
            else:
                reading = self.wire.body_into(answer, self.endpoint.most_bytes)
                for _ in (*reading.feed(line.body), *reading.end()):
                    pass
        except LanguageModelError as error:
            failure = copy.copy(error)  # one for each request of the batch
        except TimeoutError:
            failure = self._expired()
        except Exception as error:
            failure = self.failure(error, 1)
        latency_s = time.perf_counter() - started
        if failure is None:
            spent = answer.spent(1, latency_s)
            progress.settled += spent
            return Reply.of(answer, spent)
        if isinstance(failure, LanguageModelError) and failure.spent.prompt_tokens == 0:
            failure.spent = Spent.without_answer(1, latency_s)
            progress.settled += failure.spent
            progress.last = failure
        else:
            self.settle(failure, progress, 1, latency_s, answer)
        raise failure

    async def leave(self, *, cancelling: bool) -> None:
        """See `BatchModels.leave`."""
        if self._gathering is not None:
            self._gathering.cancel()
        if self._sending:  # else a batch might be made of which nobody knows
            await asyncio.wait(self._sending, timeout=_LEAVING_S)
        tasks = [*self._following, *self._sending, *filter(None, [self._gathering])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if cancelling:
            for batch_id in sorted(self._live):
                with contextlib.suppress(LanguageModelError):  # it may have ended meanwhile
                    await self.document(f"/batches/{batch_id}/cancel", _DOCUMENT_S, {})

    async def _line(self, body: dict[str, Any]) -> _Line:
        call = batch_call.get()
        name = f"{call.name}.{hashlib.sha256(json.canonical(body)).hexdigest()[:16]}"
        await self._load()
        promised = self._promised.pop(name, None)
        if promised is not None:
            waiting, call.made_by = promised
            call.is_sent = True
            return await waiting
        waiting = asyncio.get_running_loop().create_future()
        self._gathered[name] = (body, waiting, call)
        if self._gathering is None or self._gathering.done():
            self._gathering = asyncio.create_task(self._gather())
        return await waiting

    async def _load(self) -> None:
        """Learn, once, of batches that were made before."""
        if self._loading is not None:
            await asyncio.shield(self._loading)
            return
        loop = asyncio.get_running_loop()
        self._loading = loop.create_future()
        try:
            kept = list(await self._journal.kept())
            made = await self._made_of({one.file for one in kept if one.id is None})
            for one in kept:
                batch_id = one.id or made.get(one.file)
                if batch_id is None:  # it was not made: what it would have asked is asked anew
                    continue
                waiting = {name: loop.create_future() for name in one.names}
                self._promised |= {name: (future, one.made_by) for name, future in waiting.items()}
                self._follow(batch_id, waiting)
            self._loading.set_result(None)
        except BaseException as error:
            self._loading.set_exception(error if isinstance(error, Exception) else ConnectionError("it was ended"))
            self._loading.exception()
            raise

    async def _made_of(self, files: Collection[str]) -> dict[str, str]:
        """Ids of batches by the files of their requests, as far as the server lists them."""
        found: dict[str, str] = {}
        after = ""
        while set(files) - set(found):
            try:
                page = await self.document(f"/batches?limit={_PAGE}{after}", _DOCUMENT_S)
            except LanguageModelError as error:
                if not error.retryable:  # it has no list
                    return found
                await asyncio.sleep(self._poll_s)
                continue
            listed = page.get("data") if isinstance(page, dict) else None
            batches = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
            found |= {_text(one, "input_file_id"): _text(one, "id") for one in batches}
            if not batches or page.get("has_more") is not True:
                break
            after = f"&after={quote(_text(batches[-1], 'id'), safe='')}"
        return found

    async def _gather(self) -> None:
        while True:
            count = len(self._gathered)
            await asyncio.sleep(self._gather_s)
            if len(self._gathered) == count:
                break
        gathered, self._gathered = self._gathered, {}
        some = {name: one for name, one in gathered.items() if not one[1].done()}
        if some:
            for _, _, call in some.values():
                call.is_sent = True
            self._begin(self._sending, self._send(some))

    async def _send(self, some: Mapping[str, _Gathered]) -> None:
        waiting = {name: future for name, (_, future, _) in some.items()}
        door = f"/v1{self.wire.path}"
        lines = (
            json.dumps({"custom_id": name, "method": "POST", "url": door, "body": body})
            for name, (body, _, _) in some.items()
        )
        upload = {"file": ("requests.jsonl", b"\n".join(lines) + b"\n", "application/jsonl")}
        try:
            file = await self._uploaded(upload)
            await self._journal.keep(file, list(waiting), None)
            asked = {"input_file_id": file, "endpoint": door, "completion_window": _WINDOW}
            batch_id = await self._made(file, asked)
            self._live.add(batch_id)
            await self._journal.keep(file, list(waiting), batch_id)
        except asyncio.CancelledError:
            raise
        except Exception as error:
            _fail(waiting, error)
            return
        self._follow(batch_id, waiting)

    async def _made(self, file: str, asked: dict[str, Any]) -> str:
        """Id of a batch that is asked for once; where the answer is lost on its way, the server's list has it."""
        try:
            return _text(await self._sent("/batches", asked), "id")
        except ModelRefused:
            raise
        except LanguageModelError:
            made = (await self._made_of({file})).get(file)
            if made is None:
                raise
            return made

    async def _uploaded(self, upload: dict[str, tuple[str, bytes, str]]) -> str:
        try:
            return _text(await self._sent("/files", {"purpose": "batch"}, upload), "id")
        except LanguageModelError as error:
            raise _unbilled(error) from None

    async def _sent(
        self, path: str, body: dict[str, Any], upload: dict[str, tuple[str, bytes, str]] | None = None
    ) -> Any:
        """Send a document, and again where the server says that it was too busy; what broke may have arrived."""
        for left in reversed(range(_ATTEMPTS)):
            try:
                return await self.document(path, _DOCUMENT_S, body, upload)
            except ModelRefused as error:
                if not left or not error.retryable:
                    raise
                await asyncio.sleep(self._poll_s if error.retry_after_s is None else error.retry_after_s)
        raise AssertionError

    def _follow(self, batch_id: str, waiting: Mapping[str, asyncio.Future[_Line]]) -> None:
        self._live.add(batch_id)
        self._begin(self._following, self._followed(batch_id, waiting))

    @staticmethod
    def _begin(tasks: set[asyncio.Task[None]], coroutine: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(coroutine)
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    async def _followed(self, batch_id: str, waiting: Mapping[str, asyncio.Future[_Line]]) -> None:
        """Ask for the state of a batch until it has ended, and hand over what it came to."""
        try:
            while True:
                try:
                    batch = await self.document(f"/batches/{batch_id}", _DOCUMENT_S)
                    if isinstance(batch, dict) and batch.get("status") in _ENDED:
                        found = await self._read(batch)
                        break
                except LanguageModelError as error:
                    if not error.retryable:
                        raise
                await asyncio.sleep(self._poll_s)
        except asyncio.CancelledError:
            raise
        except Exception as error:
            self._live.discard(batch_id)
            _fail(waiting, error)
            return
        self._live.discard(batch_id)
        for name, future in waiting.items():
            if future.done():
                continue
            line = found.get(name)
            if isinstance(line, _Line):
                future.set_result(line)
            else:
                _fail({name: future}, line or self._without(batch_id, batch))

    async def _read(self, batch: Mapping[str, Any]) -> dict[str, _Line | LanguageModelError]:
        """Lines of the files of a batch, by the names of their requests, in whatever order they are."""
        found: dict[str, _Line | LanguageModelError] = {}
        for name in ("error_file_id", "output_file_id"):
            file_id = batch.get(name)
            if not isinstance(file_id, str) or not file_id:
                continue
            for raw in (await self._content(file_id)).splitlines():
                try:
                    line = json.loads(raw) if raw.strip() else None
                except ValueError:
                    continue  # whose request stays without an answer
                if isinstance(line, dict) and isinstance(line.get("custom_id"), str):
                    found[line["custom_id"]] = self._of(line)
        return found

    async def _content(self, file_id: str) -> bytes:
        from synqc.llm import _openai_sdk

        try:
            async with (
                asyncio.timeout(_DOCUMENT_S),
                _openai_sdk.got(self._sdk, f"/files/{file_id}/content") as response,
            ):
                content: bytes = await response.aread()
                return content
        except TimeoutError:
            failure: BaseException = ModelTimedOut(
                f"No file of a batch from {self.endpoint.base_url} within {_DOCUMENT_S:g} s.",
                limit="total", seconds=_DOCUMENT_S,
            )  # fmt: skip
        except Exception as error:
            failure = self.failure(error, 1)
        raise failure

    def _of(self, line: Mapping[str, Any]) -> _Line | LanguageModelError:
        response, error = line.get("response"), line.get("error")
        if isinstance(response, dict) and isinstance(response.get("status_code"), int):
            return _Line(response["status_code"], json.dumps(response.get("body")))
        code = error.get("code") if isinstance(error, dict) else None
        if code == "batch_expired":
            return _unbilled(self._expired())
        if code == "batch_cancelled":
            return _unbilled(ModelUnreachable(f"{self.endpoint.base_url} was told to cancel the batch."))
        words = self._words(str(error.get("message") or code)) if isinstance(error, dict) else ""
        told = f"{self.endpoint.base_url} answered no status: {words}"
        return _unbilled(ModelRefused(told, words=words, should_retry=False))

    def _expired(self) -> LanguageModelError:
        return ModelTimedOut(
            f"No answer from {self.endpoint.base_url} within the {_WINDOW} of its batch.",
            limit="total", seconds=_LONGEST_S,
        )  # fmt: skip

    def _without(self, batch_id: str, batch: Mapping[str, Any]) -> LanguageModelError:
        """Why a request has no line."""
        where, status = self.endpoint.base_url, batch["status"]
        if status == "expired":
            return _unbilled(self._expired())
        if status == "cancelled":
            return _unbilled(ModelUnreachable(f"Batch {batch_id} of {where} was cancelled."))
        if status == "failed":
            errors = batch.get("errors")
            listed = errors.get("data") if isinstance(errors, dict) else None
            first = listed[0] if isinstance(listed, list) and listed and isinstance(listed[0], dict) else {}
            words = self._words(str(first.get("message") or "it does not say why"))
            told = f"{where} refused batch {batch_id}: {words}"
            return _unbilled(ModelRefused(told, words=words, should_retry=False))
        return ProtocolError(f"Batch {batch_id} of {where} has no line for this request.")


def _unbilled(error: LanguageModelError) -> LanguageModelError:
    """An error of a request that was not worked on, or not at all: nobody bills it."""
    error.spent = Spent.without_answer(1, 0.0)
    return error


def _fail(waiting: Mapping[str, asyncio.Future[_Line]], error: Exception) -> None:
    for future in waiting.values():
        if not future.done():
            future.set_exception(error)
            future.exception()  # nobody may wait for it


def _text(document: Any, name: str) -> str:
    found = document.get(name) if isinstance(document, dict) else None
    if not isinstance(found, str) or not found:
        raise ProtocolError(f"A document of the batch interface must have a text as `{name}`, but has {found!r:.80}.")
    return found

"""The gateway as an ASGI application: a few routes, no framework, for it stands in the way of every call."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, MutableMapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any, Final, TypeVar

from synqc import json, metrics
from synqc.apps.gateway.bad_request import BadRequest
from synqc.apps.gateway.chat_answer import (
    Choice,
    ErrorAnswer,
    call_deltas,
    chunk_document,
    completion_document,
    error_answer,
    finish_reason,
    kept_by_protocol,
    usage_of,
)
from synqc.apps.gateway.chat_request import ChatRequest, chat_request_in
from synqc.apps.gateway.configuration import ConfigurationError, GatewayConfiguration, Tenant
from synqc.apps.gateway.reloading import Reloaded, adopt
from synqc.errors import InputError
from synqc.llm.completion import Spent
from synqc.llm.errors import LanguageModelError
from synqc.llm.provider import Provider
from synqc.llm.request import Request
from synqc.llm.router import AsyncRoutedStream, Budget, BudgetJournal, Receipt, Router, Routing

__all__ = ["GatewayApplication"]

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Value = TypeVar("Value")

_ANYBODY: Final = Tenant("anybody")
_NOBODY: Final = Tenant("nobody")
_RETRY_MS: Final = 3000
_DRAINED_EVERY_S: Final = 0.1
_JSON: Final = (b"content-type", b"application/json")
_EVENTS: Final = (
    (b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),
)  # fmt: skip
_answers = metrics.counter("synqc_gateway_answers_total", "Answers, by tenant and status.", ["tenant", "status"])
_seconds = metrics.histogram("synqc_gateway_seconds", "From a request to the end of its answer.", unit="seconds")


@lru_cache(maxsize=1024)
def _answers_of(tenant: str, status: int) -> Any:
    """The series of both, which are names and numbers of ours."""
    return _answers.labels(tenant=tenant, status=str(status))


class GatewayApplication:
    """Serves a router.

    | route | |
    |---|---|
    | `POST /v1/chat/completions` | an answer, or a stream of its parts |
    | `GET /v1/models`, `GET /v1/models/{id}` | what may be asked for |
    | `GET /health` | open to all |
    | `GET /v1/router/stats`, `GET /metrics` | for tenants that are `admin` |
    | `POST /v1/router/reload` | likewise: read the configuration anew |

    Args:
        configuration: What is served.
        router: Over its deployments.
        reread: Reads the configuration anew; None: it stays as it is.
        journal: In which budgets are kept.
    """

    def __init__(
        self, configuration: GatewayConfiguration, router: Router, *,
        reread: Callable[[], GatewayConfiguration] | None = None, journal: BudgetJournal | None = None,
    ) -> None:  # fmt: skip
        self._configuration, self._router = configuration, router
        self._reread, self._journal = reread, journal
        self._reloading = asyncio.Lock()
        self._budgets = {one.name: one.budget for one in configuration.tenants.values() if one.budget is not None}
        self._closing: set[asyncio.Task[None]] = set()
        self._numbers = itertools.count(1)
        self._began = f"{time.time_ns():x}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection's request."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            await _Exchange(self, scope, receive, send).run()

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                await self._router.aclose()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def reload(self) -> Reloaded:
        """Read the configuration anew and serve it; requests under way go on as they began.

        Raises:
            InputError: It cannot be served, or not without a restart; then nothing has changed.
            OSError: It cannot be read.
        """
        if self._reread is None:
            raise ConfigurationError("This gateway has no file to read anew.")
        async with self._reloading:
            fresh = await asyncio.to_thread(self._reread)
            found = adopt(self._configuration, fresh, self._budgets)
            self._router.replace(found.configuration.deployments)
            self._router.policy = found.configuration.policy
            for budget, microdollars in found.limits:
                budget.change_limit(microdollars)
            self._add_budgets(found.budgets)
            self._configuration = found.configuration
        for provider in found.idle:
            task = asyncio.ensure_future(self._close_when_drained(provider))
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)
        return found

    def _add_budgets(self, budgets: Mapping[str, Budget]) -> None:
        self._budgets.update(budgets)
        if self._journal is not None:
            for name, budget in budgets.items():
                budget.keep_in(self._journal, name)

    async def _close_when_drained(self, provider: Provider) -> None:
        while not self._router.drained(provider):
            if any(one.provider is provider for one in self._router.deployments):
                return  # it has come back
            await asyncio.sleep(_DRAINED_EVERY_S)
        await provider.aclose()

    def tenant_of(self, headers: Mapping[bytes, bytes]) -> Tenant | None:
        """Whose key it is; None: nobody's."""
        tenants = self._configuration.tenants
        if not tenants:
            return _ANYBODY
        given = headers.get(b"authorization", b"")
        scheme, _, key = given.partition(b" ")
        key = key.strip() if scheme.lower() == b"bearer" else headers.get(b"x-api-key", b"").strip()
        # The digest is looked up, so that the time it takes tells nothing of a key.
        return tenants.get(hashlib.sha256(key).hexdigest()) if key else None


class _Refused(Exception):
    def __init__(self, answer: ErrorAnswer, headers: tuple[tuple[bytes, bytes], ...] = ()) -> None:
        self.answer, self.headers = answer, headers


class _Left(Exception):
    """The client has gone: nobody reads an answer."""


class _Exchange:
    """One request and its answer."""

    def __init__(self, gateway: GatewayApplication, scope: Scope, receive: Receive, send: Send) -> None:
        self._gateway, self._scope, self._receive, self._send = gateway, scope, receive, send
        self._router, self._configuration = gateway._router, gateway._configuration
        self._headers = dict(scope["headers"])
        self._number = f"chatcmpl-{gateway._began}-{next(gateway._numbers)}"
        self._tenant = _NOBODY
        self._started_ns = time.perf_counter_ns()
        self._status = 0

    async def run(self) -> None:
        try:
            await self._route()
        except _Refused as refused:
            await self._refuse(refused.answer, refused.headers)
        except (BadRequest, LanguageModelError) as error:
            receipt = getattr(error, "receipt", None)
            await self._refuse(error_answer(error), () if receipt is None else _receipt_headers([receipt]))
        except InputError as error:
            await self._refuse(error_answer(BadRequest.of(error)))
        except _Left:
            self._status = 499
        finally:
            _answers_of(self._tenant.name, self._status).add()
            _seconds.record((time.perf_counter_ns() - self._started_ns) * 1e-9)

    async def _route(self) -> None:
        path, method = self._scope["path"], self._scope["method"]
        if path == "/health":
            self._allow(method, "GET")
            await self._answer(200, {"status": "ok"})
            return
        if not path.startswith("/v1/") and path != "/metrics":
            raise _Refused(ErrorAnswer.of(404, f"There is nothing at {path[:200]}.", "invalid_request_error"))
        tenant = self._gateway.tenant_of(self._headers)
        if tenant is None:
            raise _Refused(
                ErrorAnswer.of(401, "The API key is missing or not known.", "invalid_request_error", "invalid_api_key"),
                ((b"www-authenticate", b"Bearer"),),
            )
        self._tenant = tenant
        if path == "/v1/chat/completions":
            self._allow(method, "POST")
            await self._chat()
        elif path == "/v1/models" or path.startswith("/v1/models/"):
            self._allow(method, "GET")
            await self._models(path.removeprefix("/v1/models").lstrip("/"))
        elif path in ("/v1/router/stats", "/metrics"):
            self._allow(method, "GET")
            if not tenant.is_admin and self._configuration.tenants:
                raise _Refused(ErrorAnswer.of(403, "This needs the key of an `admin`.", "invalid_request_error"))
            await (self._stats() if path != "/metrics" else self._metrics())
        elif path == "/v1/router/reload":
            self._allow(method, "POST")
            if not tenant.is_admin:
                raise _Refused(ErrorAnswer.of(403, "This needs the key of an `admin`.", "invalid_request_error"))
            await self._reload()
        else:
            served = "POST /v1/chat/completions and GET /v1/models are served"
            raise _Refused(ErrorAnswer.of(404, f"There is nothing at {path[:200]}: {served}.", "invalid_request_error"))

    def _allow(self, method: str, allowed: str) -> None:
        if method != allowed:
            raise _Refused(
                ErrorAnswer.of(405, f"This must be asked by {allowed}, but was by {method}.", "invalid_request_error"),
                ((b"allow", allowed.encode()),),
            )

    # --- what is asked ---

    async def _chat(self) -> None:
        asked = chat_request_in(await self._body())
        model = asked.request.model
        if self._tenant.models and model not in self._tenant.models:
            raise _Refused(
                ErrorAnswer.of(
                    404, f"The model {model!r} is not served to you.", "invalid_request_error", "model_not_found",
                    "model",
                )
            )  # fmt: skip
        if asked.needs:
            self._check_capabilities(asked)
        session = self._headers.get(b"x-session-id", b"").decode("latin-1") or asked.session
        routing = Routing(
            session=session, capabilities=frozenset(asked.needs), budget=self._tenant.budget, tenant=self._tenant.name
        )
        await (self._stream(asked, routing) if asked.stream else self._complete(asked, routing))

    def _check_capabilities(self, asked: ChatRequest) -> None:
        known = self._router.capabilities_of(asked.request.model)
        for capability, parameter in asked.needs.items():
            if capability not in known:
                raise BadRequest(
                    f"Unsupported parameter: `{parameter}` needs a deployment of {asked.request.model!r} with the "
                    f"capability {capability!r}, but none has it.", parameter, "unsupported_parameter",
                )  # fmt: skip

    async def _complete(self, asked: ChatRequest, routing: Routing) -> None:
        answers = await self._unless_left(self._answers(asked, routing))
        document = completion_document(
            self._number, answers[0].model, [one.choice for one in answers],
            usage_of([one.receipt for one in answers], [one.spent for one in answers]),
        )  # fmt: skip
        ignored = {name for one in answers for name in one.ignored}
        receipts = [one.receipt for one in answers]
        names = [one.answered_by for one in receipts]
        await self._answer(200, document, _receipt_headers(receipts, names, ignored, self._started_ns))

    async def _answers(self, asked: ChatRequest, routing: Routing) -> list[_Answer]:
        """One for each choice that is wanted; the first that fails ends the others."""
        if asked.choices == 1:
            return [await self._one_answer(asked.request, routing)]
        calls = [
            asyncio.ensure_future(self._one_answer(asked.request_of(place), routing)) for place in range(asked.choices)
        ]
        try:
            return list(await asyncio.gather(*calls))
        finally:
            for call in calls:
                call.cancel()
            await asyncio.wait(calls)

    async def _one_answer(self, request: Request, routing: Routing) -> _Answer:
        deadline_s = self._configuration.deadline_s
        try:
            completion = await self._router.acomplete(
                request, deadline_s=deadline_s, partial=request.form is None, routing=routing
            )
        except LanguageModelError as error:
            choice = kept_by_protocol(error)
            if choice is None:
                raise
            receipt: Receipt = error.receipt  # type: ignore[attr-defined]
            return _Answer(choice, request.model, receipt, error.spent, ())
        choice = Choice.of(completion, has_form=request.form is not None)
        return _Answer(choice, completion.model, completion.receipt, completion.spent, completion.ignored)

    async def _stream(self, asked: ChatRequest, routing: Routing) -> None:
        """Status and headers wait for the first part: until then the answer may still be an error with its own."""
        deadline_s = self._configuration.deadline_s
        streams = [
            self._router.astream(asked.request_of(place), deadline_s=deadline_s, routing=routing)
            for place in range(asked.choices)
        ]
        leaving = asyncio.ensure_future(self._wait_until_left())
        reading: dict[asyncio.Task[str | None], int] = {}
        events = _Events(self._number, asked)
        open_ones = set(range(asked.choices))
        try:
            begun = False
            while open_ones:
                for place in open_ones.difference(reading.values()):
                    reading[asyncio.ensure_future(_next_part(streams[place]))] = place
                done, _ = await asyncio.wait(
                    {*reading, leaving}, timeout=self._configuration.keep_alive_s,
                    return_when=asyncio.FIRST_COMPLETED,
                )  # fmt: skip
                if leaving in done:
                    raise _Left
                if not begun:
                    for task in [one for one in reading if one.done()]:
                        if _is_failure(task):
                            task.result()  # which is told with a status of its own
                    begun = True
                    ignored = {name for one in streams for name in one.ignored}
                    names = [one.deployment for one in streams]
                    receipts = [one.receipt for one in streams]
                    await self._begin(200, (*_EVENTS, *_receipt_headers(receipts, names, ignored, self._started_ns)))
                if not done:
                    await self._write(b": keep-alive\n\n")
                for task in [one for one in reading if one.done()]:
                    place = reading.pop(task)
                    told, goes_on = events.of(task, place, streams[place])
                    await self._write(told)
                    if not goes_on:
                        open_ones.discard(place)
                        if events.have_failed:
                            open_ones.clear()
                            break
            await self._write(events.end(streams))
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            leaving.cancel()
            for task in reading:
                task.cancel()
            if reading:
                await asyncio.wait(reading)
            for stream in streams:
                await stream.aclose()

    async def _models(self, wanted: str) -> None:
        served = [model for model in self._router.models if not self._tenant.models or model in self._tenant.models]
        documents = {
            model: {"id": model, "object": "model", "created": 0, "owned_by": "synqc"} for model in served
        }  # fmt: skip
        if not wanted:
            await self._answer(200, {"object": "list", "data": list(documents.values())})
        elif wanted in documents:
            await self._answer(200, documents[wanted])
        else:
            raise _Refused(
                ErrorAnswer.of(
                    404, f"The model {wanted[:200]!r} does not exist.", "invalid_request_error", "model_not_found",
                    "model",
                )
            )  # fmt: skip

    async def _reload(self) -> None:
        try:
            found = await self._gateway.reload()
        except (InputError, OSError) as error:
            told = f"The configuration stays as it was: {error}"
            raise _Refused(ErrorAnswer.of(409, told, "invalid_request_error", "configuration_refused")) from None
        await self._answer(200, found.to_plain())

    async def _stats(self) -> None:
        deployments = [
            {**asdict(one), "since": one.since and one.since.isoformat(), "until": one.until and one.until.isoformat()}
            for one in self._router.stats()
        ]
        tenants = {
            tenant.name: None if tenant.budget is None else {**asdict(tenant.budget.state())}
            for tenant in self._configuration.tenants.values()
        }
        await self._answer(200, {"deployments": deployments, "budgets_microdollars": tenants})

    async def _metrics(self) -> None:
        told = metrics.exposition(self._headers.get(b"accept", b"").decode("latin-1"))
        body = told.text.encode()
        await self._begin(200, ((b"content-type", told.media_type.encode()), _length(body)))
        await self._send({"type": "http.response.body", "body": body})

    # --- HTTP ---

    async def _body(self) -> bytes:
        most = self._configuration.most_body_bytes
        pieces: list[bytes] = []
        size = 0
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise _Left
            piece = message.get("body", b"")
            size += len(piece)
            if size > most:
                raise _Refused(
                    ErrorAnswer.of(413, f"The body must hold at most {most} bytes.", "invalid_request_error")
                )
            pieces.append(piece)
            if not message.get("more_body", False):
                return b"".join(pieces)

    async def _wait_until_left(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def _unless_left(self, work: Coroutine[Any, Any, Value]) -> Value:
        """What the work gives; if the client goes before, the work is ended."""
        task = asyncio.current_task()
        assert task is not None
        works = True

        def end_work(_: asyncio.Task[None]) -> None:
            if works:
                task.cancel()

        leaving = asyncio.ensure_future(self._wait_until_left())
        leaving.add_done_callback(end_work)
        try:
            return await work
        except asyncio.CancelledError:
            if leaving.done() and not task.uncancel():
                raise _Left from None
            raise
        finally:
            works = False
            leaving.cancel()

    async def _begin(self, status: int, headers: tuple[tuple[bytes, bytes], ...]) -> None:
        self._status = status
        sent = [(b"x-request-id", self._number.encode()), *headers]
        await self._send({"type": "http.response.start", "status": status, "headers": sent})

    async def _write(self, data: bytes) -> None:
        await self._send({"type": "http.response.body", "body": data, "more_body": True})

    async def _answer(
        self, status: int, document: dict[str, Any], headers: tuple[tuple[bytes, bytes], ...] = ()
    ) -> None:
        body = json.dumps(document)
        await self._begin(status, (_JSON, _length(body), *headers))
        await self._send({"type": "http.response.body", "body": body})

    async def _refuse(self, answer: ErrorAnswer, headers: tuple[tuple[bytes, bytes], ...] = ()) -> None:
        if answer.retry_after_s is not None:
            headers = (*headers, (b"retry-after", str(answer.retry_after_s).encode()))
        await self._answer(answer.status, answer.document, headers)


@dataclass(frozen=True)
class _Answer:
    """What came of one call."""

    choice: Choice
    model: str
    receipt: Receipt
    spent: Spent
    ignored: tuple[str, ...]


class _Events:
    """Parts of answers as server-sent events."""

    def __init__(self, number: str, asked: ChatRequest) -> None:
        self._number, self._asked, self._created = number, asked, int(time.time())
        self._model = asked.request.model
        self._begun: set[int] = set()
        self._has_told_retry = False
        self.have_failed = False

    def of(self, task: asyncio.Task[str | None], place: int, stream: AsyncRoutedStream) -> tuple[bytes, bool]:
        """Events of what was read of one of the answers, and whether more of it is to come."""
        try:
            part = task.result()
        except (LanguageModelError, InputError) as error:
            return self._failed(error, place), False
        self._model = stream.model
        if part is not None:
            return self._event(self._delta(place, {"content": part}), place), True
        calls = stream.tool_calls
        told = self._event(self._delta(place, {"tool_calls": call_deltas(calls)}), place) if calls else b""
        return told + self._ended(place, finish_reason(stream.finish_reason or "stop", has_calls=bool(calls))), False

    def end(self, streams: Sequence[AsyncRoutedStream]) -> bytes:
        """What stands behind the last answer."""
        events = b""
        if self._asked.include_usage and not self.have_failed:
            usage = usage_of([one.receipt for one in streams], [one.spent for one in streams])
            events = _data(chunk_document(self._number, self._created, self._model, None, usage=usage))
        return events + b"data: [DONE]\n\n"

    def _failed(self, error: LanguageModelError | InputError, place: int) -> bytes:
        """The end of a stream that broke: an event that says why. What came before stands; nothing comes twice."""
        if isinstance(error, InputError):
            self.have_failed = True
            return self._first(_data(error_answer(BadRequest.of(error)).document))
        kept = kept_by_protocol(error)
        if kept is not None:
            delta = {} if kept.refusal is None else {"refusal": kept.refusal}
            return self._ended(place, kept.finish_reason, delta)
        self.have_failed = True
        return self._first(_data(error_answer(error).document))

    def _ended(self, place: int, reason: str, delta: dict[str, Any] | None = None) -> bytes:
        return self._event(self._delta(place, delta or {}) if delta else {}, place, reason)

    def _delta(self, place: int, delta: dict[str, Any]) -> dict[str, Any]:
        """The first part of an answer says whose it is."""
        if place in self._begun:
            return delta
        self._begun.add(place)
        return {"role": "assistant", **delta}

    def _event(self, delta: dict[str, Any], place: int, reason: str | None = None) -> bytes:
        document = chunk_document(self._number, self._created, self._model, delta, reason, place)
        return self._first(_data(document))

    def _first(self, event: bytes) -> bytes:
        """The first event says how long to wait before connecting anew; one of its own would be no chunk to clients."""
        if self._has_told_retry:
            return event
        self._has_told_retry = True
        return b"retry: %d\n" % _RETRY_MS + event


def _data(document: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(document) + b"\n\n"


async def _next_part(stream: AsyncRoutedStream) -> str | None:
    return await anext(stream, None)


def _is_failure(reading: asyncio.Task[Any]) -> bool:
    """Whether a read failed in a way that the protocol has no answer for."""
    error = reading.exception()
    return error is not None and not (isinstance(error, LanguageModelError) and kept_by_protocol(error) is not None)


def _length(body: bytes) -> tuple[bytes, bytes]:
    return b"content-length", str(len(body)).encode()


def _receipt_headers(
    receipts: Sequence[Receipt], names: Iterable[str] = (), ignored: Iterable[str] = (), started_ns: int | None = None
) -> tuple[tuple[bytes, bytes], ...]:
    """Who answered, who was asked, and our own time: all of it but the providers'.

    Several calls for one request were made side by side: they took as long as the longest.
    """
    if not receipts:
        return ()
    provider_ns = max(one.provider_ns for one in receipts)
    total_ns = max(one.total_ns for one in receipts)
    if started_ns is not None:
        total_ns = time.perf_counter_ns() - started_ns
    asked = [one for receipt in receipts for one in receipt.asked]
    headers = [
        (b"x-synqc-overhead-ms", b"%.3f" % (max(0, total_ns - provider_ns) * 1e-6)),
        (b"x-synqc-provider-ms", b"%.3f" % (provider_ns * 1e-6)),
    ]
    if answered := ",".join(dict.fromkeys(name for name in names if name)):
        headers.append((b"x-synqc-deployment", _header_value(answered)))
    if ignored := ",".join(sorted(ignored)):
        headers.append((b"x-synqc-ignored", _header_value(ignored)))
    if asked:
        last = asked[-1]
        strategy = f"{last.strategy};{last.degradation}" if last.degradation else last.strategy
        headers.append((b"x-synqc-asked", _header_value(",".join(f"{one.deployment}={one.cause}" for one in asked))))
        headers.append((b"x-synqc-strategy", _header_value(strategy)))
        costs = [one.cost_microdollars for one in receipts]
        if None not in costs:
            headers.append((b"x-synqc-cost-microdollars", b"%d" % sum(one for one in costs if one is not None)))
    return tuple(headers)


@lru_cache(maxsize=1024)
def _header_value(text: str) -> bytes:
    """Names of the configuration may be of any characters, and headers may not."""
    return text.encode("ascii", "replace").replace(b"\n", b" ").replace(b"\r", b" ")

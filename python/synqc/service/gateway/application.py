"""The gateway as an ASGI application: a few routes, no framework, for it stands in the way of every call."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import itertools
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping, MutableMapping
from dataclasses import asdict
from typing import Any, Final, TypeVar

from synqc import json, metrics
from synqc.apps.gateway.chat_answer import (
    ErrorAnswer,
    chunk_document,
    completion_document,
    error_answer,
    kept_by_protocol,
    usage_of,
)
from synqc.apps.gateway.chat_request import BadRequest, ChatRequest, chat_request_in
from synqc.apps.gateway.configuration import GatewayConfiguration, Tenant
from synqc.errors import InputError
from synqc.llm.errors import LanguageModelError
from synqc.llm.router import AsyncRoutedStream, Receipt, Router, Routing

__all__ = ["GatewayApplication"]

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Value = TypeVar("Value")

_ANYBODY: Final = Tenant("anybody")
_RETRY_MS: Final = 3000
_JSON: Final = (b"content-type", b"application/json")
_EVENTS: Final = (
    (b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),
)  # fmt: skip
_answers = metrics.counter("synqc_gateway_answers_total", "Answers, by tenant and status.", ["tenant", "status"])
_seconds = metrics.histogram("synqc_gateway_seconds", "From a request to the end of its answer.", unit="seconds")


class GatewayApplication:
    """Serves a router.

    | route | |
    |---|---|
    | `POST /v1/chat/completions` | an answer, or a stream of its parts |
    | `GET /v1/models`, `GET /v1/models/{id}` | what may be asked for |
    | `GET /health` | open to all |
    | `GET /v1/router/stats`, `GET /metrics` | for tenants that are `admin` |

    Args:
        configuration: What is served.
        router: Over its deployments.
    """

    def __init__(self, configuration: GatewayConfiguration, router: Router) -> None:
        self._configuration, self._router = configuration, router
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
        self._tenant = Tenant("")
        self._started_ns = time.perf_counter_ns()
        self._status = 0

    async def run(self) -> None:
        try:
            await self._route()
        except _Refused as refused:
            await self._refuse(refused.answer, refused.headers)
        except (BadRequest, LanguageModelError) as error:
            await self._refuse(error_answer(error), _receipt_headers(getattr(error, "receipt", None)))
        except InputError as error:
            await self._refuse(ErrorAnswer.of(400, str(error), "invalid_request_error"))
        except _Left:
            self._status = 499
        finally:
            _answers.labels(tenant=self._tenant.name or "nobody", status=str(self._status)).add()
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
        else:
            raise _Refused(ErrorAnswer.of(404, f"There is nothing at {path[:200]}.", "invalid_request_error"))

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
        session = self._headers.get(b"x-session-id", b"").decode("latin-1") or asked.session
        routing = Routing(session=session, budget=self._tenant.budget, tenant=self._tenant.name)
        await (self._stream(asked, routing) if asked.stream else self._complete(asked, routing))

    async def _complete(self, asked: ChatRequest, routing: Routing) -> None:
        request, deadline_s = asked.request, self._configuration.deadline_s
        try:
            completion = await self._unless_left(
                self._router.acomplete(request, deadline_s=deadline_s, partial=request.form is None, routing=routing)
            )
        except LanguageModelError as error:
            kept = kept_by_protocol(error)
            if kept is None:
                raise
            text, reason, refusal = kept
            receipt: Receipt = error.receipt  # type: ignore[attr-defined]
            document = completion_document(
                self._number, request.model, text, reason, usage_of(receipt, error.spent), refusal
            )
        else:
            receipt = completion.receipt
            text = completion.value if request.form is not None else completion.text
            document = completion_document(
                self._number, completion.model, text, completion.finish_reason, usage_of(receipt, completion.spent)
            )
        await self._answer(200, document, _receipt_headers(receipt, self._started_ns))

    async def _stream(self, asked: ChatRequest, routing: Routing) -> None:
        """Status and headers wait for the first part: until then the answer may still be an error with its own."""
        stream = self._router.astream(asked.request, deadline_s=self._configuration.deadline_s, routing=routing)
        leaving = asyncio.ensure_future(self._wait_until_left())
        reading: asyncio.Task[str | None] | None = None
        events = _Events(self._number, asked)
        silent_s = self._configuration.keep_alive_s
        try:
            begun = False
            while True:
                if reading is None:
                    reading = asyncio.ensure_future(_next_part(stream))
                done, _ = await asyncio.wait({reading, leaving}, timeout=silent_s, return_when=asyncio.FIRST_COMPLETED)
                if leaving in done:
                    raise _Left
                if not begun and (not done or reading.exception() is None or _is_kept_by_protocol(reading)):
                    begun = True
                    await self._begin(200, (*_EVENTS, *_receipt_headers(stream.receipt, self._started_ns)))
                if not done:
                    await self._write(b": keep-alive\n\n")
                    continue
                ended, reading = reading, None
                try:
                    part = ended.result()
                except LanguageModelError as error:
                    if not begun:
                        raise
                    await self._write(events.failed(error, stream))
                    break
                if part is None:
                    await self._write(events.ended(stream))
                    break
                await self._write(events.part(part, stream.model))
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            leaving.cancel()
            if reading is not None:
                reading.cancel()
                with contextlib.suppress(BaseException):
                    await reading
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
        working, leaving = asyncio.ensure_future(work), asyncio.ensure_future(self._wait_until_left())
        try:
            await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if working.done():
                return working.result()
            raise _Left
        finally:
            leaving.cancel()
            if not working.done():
                working.cancel()
                with contextlib.suppress(BaseException):
                    await working

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


class _Events:
    """Parts of an answer as server-sent events."""

    def __init__(self, number: str, asked: ChatRequest) -> None:
        self._number, self._asked, self._created = number, asked, int(time.time())
        self._model = asked.request.model
        self._has_begun = self._has_told_retry = False

    def part(self, text: str, model: str) -> bytes:
        self._model = model
        delta = {"content": text} if self._has_begun else {"role": "assistant", "content": text}
        self._has_begun = True
        return self._event(delta)

    def ended(self, stream: AsyncRoutedStream) -> bytes:
        return self._end(stream, stream.finish_reason or "stop", {})

    def failed(self, error: LanguageModelError, stream: AsyncRoutedStream) -> bytes:
        """The end of a stream that broke: an event that says why. What came before stands; nothing comes twice."""
        kept = kept_by_protocol(error)
        if kept is not None:
            _, reason, refusal = kept
            return self._end(stream, reason, {} if refusal is None else {"refusal": refusal})
        return self._first(_data(error_answer(error).document)) + b"data: [DONE]\n\n"

    def _end(self, stream: AsyncRoutedStream, reason: str, delta: dict[str, Any]) -> bytes:
        events = self._event(delta, reason)
        if self._asked.include_usage:
            usage = usage_of(stream.receipt, stream.spent)
            events += _data(chunk_document(self._number, self._created, self._model, None, usage=usage))
        return events + b"data: [DONE]\n\n"

    def _event(self, delta: dict[str, Any], reason: str | None = None) -> bytes:
        return self._first(_data(chunk_document(self._number, self._created, self._model, delta, reason)))

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


def _is_kept_by_protocol(reading: asyncio.Task[Any]) -> bool:
    """Whether a failed read is an answer in the protocol."""
    error = reading.exception()
    return isinstance(error, LanguageModelError) and kept_by_protocol(error) is not None


def _length(body: bytes) -> tuple[bytes, bytes]:
    return b"content-length", str(len(body)).encode()


def _receipt_headers(receipt: Receipt | None, started_ns: int | None = None) -> tuple[tuple[bytes, bytes], ...]:
    """Who answered, who was asked, and our own time: all of it but the providers'."""
    if receipt is None:
        return ()
    total_ns = receipt.total_ns if started_ns is None else time.perf_counter_ns() - started_ns
    overhead_ms = max(0, total_ns - receipt.provider_ns) * 1e-6
    asked = ",".join(f"{one.deployment}={one.cause}" for one in receipt.asked)
    told = {
        "x-synqc-deployment": receipt.answered_by, "x-synqc-asked": asked,
        "x-synqc-overhead-ms": f"{overhead_ms:.3f}", "x-synqc-provider-ms": f"{receipt.provider_ns * 1e-6:.3f}",
    }  # fmt: skip
    if receipt.asked:
        last = receipt.asked[-1]
        told["x-synqc-strategy"] = last.strategy + (f";{last.degradation}" if last.degradation else "")
    if receipt.cost_microdollars is not None and receipt.asked:
        told["x-synqc-cost-microdollars"] = str(receipt.cost_microdollars)
    return tuple(
        (name.encode(), value.encode("ascii", "replace").replace(b"\n", b" ").replace(b"\r", b" "))
        for name, value in told.items() if value
    )  # fmt: skip

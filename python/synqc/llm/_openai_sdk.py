"""The OpenAI SDK on a transport of ours, which counts requests, bounds what comes back, and unpacks it piece by piece.

Imported by the first call alone: loading the SDK takes a second.
"""

from __future__ import annotations

import contextlib
import importlib
import re
import ssl
import zlib
from collections.abc import AsyncIterator
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import openai

from synqc.errors import MissingExtra
from synqc.llm.endpoint import Endpoint
from synqc.llm.proxies import proxy_of

__all__ = [
    "Broken",
    "ConnectTimeout",
    "Requests",
    "TooLarge",
    "Unpackable",
    "connected",
    "deepest",
    "got",
    "is_about_certificates",
    "is_no_http",
    "is_timeout",
    "is_transport_failure",
    "no_http",
    "post",
    "posted",
    "requests",
    "unpacked",
]

# Version 3 of the SDK speaks through httpx2, earlier ones through httpx; what is used here is the same in both.
_http: Any = importlib.import_module(openai.DefaultAsyncHttpxClient.__mro__[1].__module__.split(".")[0])

_MOST_WORDS_OF_ERRORS: Final = 64 << 10
_PIECE: Final = 64 << 10
_GZIP: Final = 0x1F


@dataclass
class Requests:
    """How many requests of the present call have gone out.

    Args:
        sent: So far.
        streaming: Whether the answer is read part by part, so that its whole size is no matter.
    """

    sent: int = 0
    streaming: bool = False


requests: ContextVar[Requests | None] = ContextVar("requests", default=None)
"""Counts for the task that it is set in."""


class TooLarge(Exception):
    """An answer holds more bytes than are taken."""


class Unpackable(Exception):
    """An answer is packed in a way that is not known, or is not what its header says."""


class Broken(Exception):
    """A body ended before its length."""


def connected(endpoint: Endpoint) -> openai.AsyncOpenAI:
    """The SDK for a server: it retries nothing, follows no redirection, and sends what is OpenAI's to nobody else."""
    http_client = _http.AsyncClient(
        transport=_Transport(endpoint),
        # Limits of time are the caller's; only connecting has one here.
        timeout=_http.Timeout(None, connect=endpoint.connect_timeout_s),
        follow_redirects=False,
        trust_env=False,
    )
    sdk = openai.AsyncOpenAI(
        base_url=endpoint.base_url, api_key=endpoint.api_key.strip(), max_retries=0, http_client=http_client,
        default_query=dict(parse_qsl(endpoint.query, keep_blank_values=True)),
    )  # fmt: skip
    if not endpoint.is_openai:
        for name in ("organization", "project"):  # it takes them from the environment if it is given none
            setattr(sdk, name, None)
        for name in ("_custom_headers", "_custom_headers_env"):
            if isinstance(getattr(sdk, name, None), dict):
                setattr(sdk, name, {})
    return sdk


async def post(
    sdk: openai.AsyncOpenAI, path: str, body: dict[str, Any], upload: dict[str, tuple[str, bytes, str]] | None = None
) -> Any:
    """The response to a body, before its own body has come; to be closed. A status that is an error is raised.

    Args:
        sdk: SDK of the server.
        path: Behind its address.
        body: A JSON object; with an upload, the other fields of the form.
        upload: Files by the name of their field: name, content, media type.
    """
    form: dict[str, Any] = {}
    if upload:
        form = {"files": list(upload.items()), "options": {"headers": {"Content-Type": "multipart/form-data"}}}
    opened: Any = await sdk.post(
        path, cast_to=object, body=body, stream=True, stream_cls=openai.AsyncStream[object], **form
    )
    return opened.response


@contextlib.asynccontextmanager
async def posted(
    sdk: openai.AsyncOpenAI, path: str, body: dict[str, Any], upload: dict[str, tuple[str, bytes, str]] | None = None
) -> AsyncIterator[Any]:
    """Like `post`, closed at the end."""
    response = await post(sdk, path, body, upload)
    try:
        yield response
    finally:
        await response.aclose()


@contextlib.asynccontextmanager
async def got(sdk: openai.AsyncOpenAI, path: str) -> AsyncIterator[Any]:
    """What stands at a path, as `posted`."""
    opened: Any = await sdk.get(path, cast_to=object, stream=True, stream_cls=openai.AsyncStream[object])
    try:
        yield opened.response
    finally:
        await opened.response.aclose()


def deepest(error: BaseException) -> BaseException:
    """What lies at the bottom of an error; some errors of connections have no words of their own."""
    seen = {id(error)}
    while (below := error.__cause__ or error.__context__) is not None and id(below) not in seen:
        error = below
        seen.add(id(error))
    return error


def is_timeout(error: BaseException) -> bool:
    """Whether making a connection took too long."""
    return isinstance(error, (openai.APITimeoutError, _http.TimeoutException))


def is_transport_failure(error: BaseException) -> bool:
    """Whether a connection could not be made, or broke."""
    return isinstance(error, (openai.APIConnectionError, _http.TransportError, OSError, Broken))


def is_no_http(error: BaseException) -> bool:
    """Whether what came is not HTTP at all, rather than HTTP that breaks off."""
    below: BaseException | None = error
    for _ in range(10):
        if isinstance(below, (_http.RemoteProtocolError, _http.LocalProtocolError)):
            return re.search(r"disconnected|closed", str(below)) is None
        below = None if below is None else below.__cause__ or below.__context__
    return False


def is_about_certificates(error: BaseException) -> bool:
    """Whether somebody answered, and is not trusted."""
    return isinstance(error, ssl.SSLError)


class _Transport(_http.AsyncBaseTransport):  # type: ignore[misc]  # which of the two it is, is not known before
    def __init__(self, endpoint: Endpoint) -> None:
        self._most_bytes = endpoint.most_bytes
        limits = _http.Limits(max_connections=None, max_keepalive_connections=endpoint.most_at_once)
        try:
            # Reading the certificates of all authorities takes longer than a short answer of a server without any.
            is_secure = urlsplit(endpoint.base_url).scheme == "https"
            self._inner = _http.AsyncHTTPTransport(verify=is_secure, limits=limits, proxy=proxy_of(endpoint))
        except ImportError as error:
            raise MissingExtra(f"The proxy that the environment names needs another package: {error}") from None

    async def handle_async_request(self, request: Any) -> Any:
        counted = requests.get()

        async def trace(name: str, info: dict[str, Any]) -> None:
            sent = info.get("request")
            if counted is not None and name.endswith("send_request_headers.started"):
                counted.sent += getattr(sent, "method", b"POST") != b"CONNECT"

        request.extensions = {**request.extensions, "trace": trace}
        request.headers["accept-encoding"] = "identity"
        response = await self._inner.handle_async_request(request)
        packing = response.headers.get("content-encoding", "")
        for name in ("content-encoding", "content-length"):
            if packing and name in response.headers:
                del response.headers[name]
        is_error = response.status_code >= 300
        streaming = counted is not None and counted.streaming
        response.stream = _Body(response.stream, packing, self._most_bytes, is_error=is_error, streaming=streaming)
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()


def unpacked(inner: Any, packing: str, most_bytes: int, *, is_error: bool, streaming: bool) -> Any:
    """A body that is read piece by piece, unpacked and bounded; `inner` gives pieces as they come, and has `aclose`."""
    return _Body(inner, packing, most_bytes, is_error=is_error, streaming=streaming)


def no_http(words: str) -> Exception:
    """The error of what is not HTTP."""
    error: Exception = _http.RemoteProtocolError(words)
    return error


ConnectTimeout: type[Exception] = _http.ConnectTimeout


class _Body(_http.AsyncByteStream):  # type: ignore[misc]
    """A body, unpacked, as far as it is taken."""

    def __init__(self, inner: Any, packing: str, most_bytes: int, *, is_error: bool, streaming: bool) -> None:
        self._inner, self._packing, self._streaming, self._is_error = inner, packing, streaming, is_error
        self._most = _MOST_WORDS_OF_ERRORS if is_error else most_bytes

    async def __aiter__(self) -> AsyncIterator[bytes]:
        unpack = _unpacker(self._packing)
        taken = 0
        async for packed in self._inner:
            pieces = unpack(packed)
            for piece in pieces:
                taken += len(piece)
                if taken > self._most:
                    if self._is_error:  # its first words will do
                        return
                    if not self._streaming:
                        raise TooLarge
                yield piece
        if unpack.incomplete():
            raise Broken("the packed body ends before its end")

    async def aclose(self) -> None:
        await self._inner.aclose()


class _Plain:
    def __call__(self, packed: bytes) -> list[bytes]:
        return [packed]

    def incomplete(self) -> bool:
        return False


class _Deflated:
    """gzip and deflate, a piece at a time: a small body may unpack to any size."""

    def __init__(self) -> None:
        self._decoder: Any = None

    def __call__(self, packed: bytes) -> Any:
        try:
            while packed:
                if self._decoder is None:
                    self._decoder = zlib.decompressobj(_window_bits(packed))
                elif self._decoder.eof:
                    if packed[0] != _GZIP:
                        raise Unpackable("its packed body goes on behind its end")
                    self._decoder = zlib.decompressobj(_window_bits(packed))  # gzip may have several members
                piece = self._decoder.decompress(packed, _PIECE)
                packed = self._decoder.unused_data if self._decoder.eof else self._decoder.unconsumed_tail
                if piece:
                    yield piece
        except zlib.error as error:
            raise Unpackable(f"its body is not packed as it says: {error}") from None

    def incomplete(self) -> bool:
        return self._decoder is not None and not self._decoder.eof


def _window_bits(packed: bytes) -> int:
    """What zlib wants to be told: the header says which of both it is; some servers send deflate without one."""
    has_header = packed[0] == _GZIP or packed[0] & 0x0F == 8
    return zlib.MAX_WBITS | 32 if has_header else -zlib.MAX_WBITS


def _unpacker(packing: str) -> Any:
    name = packing.strip().lower()
    if name in ("", "identity"):
        return _Plain()
    if name in ("gzip", "x-gzip", "deflate"):
        return _Deflated()
    raise Unpackable(f"its body is packed as {name[:40]!r}, which nobody asked for")

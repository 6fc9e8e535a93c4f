"""`AsyncNetworkClient`: JSON over HTTP from coroutines, with limits that hold and retries that do not harm."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import email.utils
import importlib.util
import logging
import random
import ssl
import threading
import time
import uuid
import weakref
from collections.abc import AsyncIterator, Callable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from synqc.apps.enrichment.config import PerfConfig, load_config
from synqc.apps.enrichment.performance_metrics import get_metrics
from synqc.errors import MissingExtra

if TYPE_CHECKING:
    import httpx

__all__ = ["AsyncNetworkClient", "get_async_client"]

_log = logging.getLogger("synqc.enrichment")
_POOL_S: Final = 5.0
_PASSING: Final = frozenset({408, 425, 429})
_LASTING: Final = frozenset({501, 505})
_LONGEST_WAIT_S: Final = 60.0


class AsyncNetworkClient:
    """Gets and posts JSON.

    At most `max_concurrent` requests are under way in one event loop, of these `per_host_limit` to one host. A request
    is tried `retry_attempts` times in all if the connection fails or the answer is 408, 425, 429, or from 500 on but
    501 and 505, after `Retry-After` or, without it, between half and all of the configured pause; whoever pauses lets
    others go. All attempts of one `post` carry the same `Idempotency-Key`, so that a server can tell them from
    two requests. A `Retry-After` of more than a minute ends the attempts.

    One client serves any event loops, one after the other or at once: each has connections of its own, of which there
    are no more than requests may be under way. HTTP/2 is spoken where the package `h2` is installed.

    Args:
        config: None: `load_config()`.
        transport: Replaces the network, for tests.

    Raises:
        MissingExtra: The package `httpx` is not installed.

    Examples:
        >>> import asyncio, httpx
        >>> server = httpx.MockTransport(lambda request: httpx.Response(200, json={"path": request.url.path}))
        >>> client = AsyncNetworkClient(transport=server)
        >>> asyncio.run(client.get("http://host/songs")), asyncio.run(client.get("http://host/again"))
        ({'path': '/songs'}, {'path': '/again'})
    """

    def __init__(self, config: PerfConfig | None = None, *, transport: httpx.AsyncBaseTransport | None = None) -> None:
        try:
            import httpx
        except ImportError:
            raise MissingExtra("The asynchronous client needs `httpx`: pip install 'synqc[enrichment]'.") from None
        self._httpx = httpx
        config = load_config() if config is None else config
        self.max_concurrent = config.max_concurrent_requests
        self.per_host_limit = config.per_host_limit
        self.timeout_connect = config.timeout_connect_s
        self.timeout_read = config.timeout_read_s
        self.retry_attempts = config.retry_attempts
        self.retry_backoff_ms = list(config.retry_backoff_ms)
        self.http2 = importlib.util.find_spec("h2") is not None
        if not self.http2:
            _log.info("HTTP/2 is not spoken: the package `h2` is not installed.")
        self._transport = transport
        self._trust: ssl.SSLContext | None = None
        self._of_loops: dict[asyncio.AbstractEventLoop, _OfLoop] = {}

    async def post(
        self,
        url: str,
        json_data: Any = None,
        data: Any = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
    ) -> Any:
        """Post, and read the answer as JSON.

        Args:
            url: Where.
            json_data: Sent as JSON.
            data: Sent as a form, or as it is.
            headers: Beside the usual ones.
            timeout: Seconds that an attempt's connecting, sending or silence may take; None: the configuration's.

        Raises:
            httpx.HTTPStatusError: The last answer was an error.
            httpx.TransportError: The last attempt failed.
            ValueError: The answer is not JSON.
        """
        named = {name.lower() for name in headers or {}}
        key = {} if "idempotency-key" in named else {"Idempotency-Key": str(uuid.uuid4())}
        body: dict[str, Any] = {"json": json_data}
        if data is not None:
            body |= {"content": data} if isinstance(data, (str, bytes)) else {"data": data}
        return await self._sent("POST", url, {**key, **(headers or {})}, timeout, body)

    async def get(self, url: str, headers: Mapping[str, str] | None = None, timeout: float | None = None) -> Any:
        """Get, and read the answer as JSON; see `post`."""
        return await self._sent("GET", url, headers or {}, timeout, {})

    async def close(self) -> None:
        """Let go of this event loop's connections; the next request makes new ones."""
        mine = self._of_loops.pop(asyncio.get_running_loop(), None)
        if mine is not None:
            await mine.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def _sent(
        self, method: str, url: str, headers: Mapping[str, str], timeout: float | None, body: dict[str, Any]
    ) -> Any:
        mine = self._of_this_loop()
        host = self._httpx.URL(url).netloc.decode()
        limits = self._httpx.Timeout(
            connect=timeout or self.timeout_connect, read=timeout or self.timeout_read,
            write=timeout or self.timeout_connect, pool=_POOL_S,
        )  # fmt: skip
        started = time.perf_counter()
        for attempt in range(1, self.retry_attempts + 1):
            wait_s: float | None
            try:
                async with mine.connection(host) as http:
                    response = await http.request(method, url, headers=headers, timeout=limits, **body)
                wait_s = self._wait_s(response, attempt)
                if wait_s is None:
                    response.raise_for_status()
                    get_metrics().record_latency("http_" + method.lower(), 1e3 * (time.perf_counter() - started))
                    return response.json()
            except self._httpx.TransportError:
                get_metrics().record_error("http_" + method.lower())
                if attempt == self.retry_attempts:
                    raise
                wait_s = self._pause_s(attempt)
            except self._httpx.HTTPStatusError:
                get_metrics().record_error("http_" + method.lower())
                raise
            await asyncio.sleep(wait_s)
        raise AssertionError("The last attempt answers or raises.")

    def _wait_s(self, response: httpx.Response, attempt: int) -> float | None:
        """How long to wait before the next attempt; None: there is none."""
        status = response.status_code
        passing = status in _PASSING or (status >= 500 and status not in _LASTING)
        if not passing or attempt == self.retry_attempts:
            return None
        asked = _retry_after_s(response.headers.get("retry-after", ""))
        if asked is None:
            return self._pause_s(attempt)
        return asked if asked <= _LONGEST_WAIT_S else None

    def _pause_s(self, attempt: int) -> float:
        pauses = self.retry_backoff_ms
        return pauses[min(attempt, len(pauses)) - 1] / 1e3 * random.uniform(0.5, 1.0)

    def _of_this_loop(self) -> _OfLoop:
        loop = asyncio.get_running_loop()
        mine = self._of_loops.get(loop)
        if mine is None:
            for other in list(self._of_loops):
                if other.is_closed():
                    self._of_loops.pop(other, None)
            mine = self._of_loops[loop] = _OfLoop(self._connection, self.max_concurrent, self.per_host_limit)
        return mine

    def _connection(self) -> httpx.AsyncClient:
        """A client of one connection."""
        if self._transport is not None:
            return self._httpx.AsyncClient(transport=self._transport)
        if self._trust is None:
            self._trust = self._httpx.create_ssl_context()
        limits = self._httpx.Limits(max_connections=1, max_keepalive_connections=1)
        return self._httpx.AsyncClient(http2=self.http2, limits=limits, verify=self._trust)


class _OfLoop:
    """Connections and places of one event loop.

    Each connection is a client of its own, because the pool of one that serves many loses a connection for each
    request that is cancelled while it gets one, until it has none left. A request that did not end well
    takes its connection with it.

    Args:
        connect: Makes a client of one connection.
        most: Requests at once, and connections, idle ones included.
        most_of_a_host: Requests at once, and connections, of one host.
    """

    def __init__(self, connect: Callable[[], httpx.AsyncClient], most: int, most_of_a_host: int) -> None:
        self._connect, self._most, self._most_of_a_host = connect, most, most_of_a_host
        self._places = asyncio.Semaphore(most)
        self._hosts: weakref.WeakValueDictionary[str, asyncio.Semaphore] = weakref.WeakValueDictionary()
        self._idle: list[tuple[str, httpx.AsyncClient]] = []  # the one of longest ago first
        self._busy = 0
        self._closing: set[asyncio.Future[None]] = set()

    @contextlib.asynccontextmanager
    async def connection(self, host: str) -> AsyncIterator[httpx.AsyncClient]:
        """A place at the host, then one of all (who waits for a slow host keeps none from others), and a connection."""
        of_host = self._hosts.get(host)
        if of_host is None:
            of_host = self._hosts[host] = asyncio.Semaphore(self._most_of_a_host)
        async with of_host, self._places:
            http = self._taken(host)
            self._busy += 1
            try:
                yield http
            except BaseException:
                self._drop(http)
                raise
            else:
                self._idle.append((host, http))
            finally:
                self._busy -= 1

    async def close(self) -> None:
        """Close what is idle, and wait for what is closing."""
        while self._idle:
            self._drop(self._idle.pop()[1])
        await asyncio.gather(*self._closing, return_exceptions=True)

    def _taken(self, host: str) -> httpx.AsyncClient:
        for at in range(len(self._idle) - 1, -1, -1):
            if self._idle[at][0] == host:
                return self._idle.pop(at)[1]
        if self._idle and self._busy + len(self._idle) >= self._most:
            self._drop(self._idle.pop(0)[1])
        return self._connect()

    def _drop(self, http: httpx.AsyncClient) -> None:
        """Close a connection whatever becomes of who asks: a cancellation must not break that off."""
        closing = asyncio.ensure_future(http.aclose())
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)


def _retry_after_s(text: str) -> float | None:
    """Seconds that a header asks to wait.

    >>> _retry_after_s("2"), _retry_after_s("soon"), _retry_after_s("Thu, 01 Jan 1970 00:00:00 GMT")
    (2.0, None, 0.0)
    """
    text = text.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        then = email.utils.parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):
        return None
    if then.tzinfo is None:
        then = then.replace(tzinfo=datetime.UTC)
    return max(0.0, then.timestamp() - time.time())


_lock = threading.Lock()
_shared: AsyncNetworkClient | None = None


def get_async_client() -> AsyncNetworkClient:
    """The client of this process, for all its event loops."""
    global _shared
    if _shared is None:
        with _lock:
            if _shared is None:
                _shared = AsyncNetworkClient()
    return _shared

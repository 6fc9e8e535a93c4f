"""`AsyncNetworkClient`: JSON over HTTP from coroutines, with limits that hold and retries that do not harm."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import email.utils
import importlib.util
import logging
import random
import threading
import time
import uuid
import weakref
from collections.abc import AsyncIterator, Mapping
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

    One client serves any event loops, one after the other or at once: each has connections of its own. HTTP/2 is
    spoken where the package `h2` is installed.

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
        self._of_loops: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _OfLoop] = weakref.WeakKeyDictionary()

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
            await mine.http.aclose()

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
                async with mine.place(host):
                    response = await mine.http.request(method, url, headers=headers, timeout=limits, **body)
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
            limits = self._httpx.Limits(
                max_connections=self.max_concurrent, max_keepalive_connections=self.max_concurrent
            )
            http = self._httpx.AsyncClient(http2=self.http2, limits=limits, transport=self._transport)
            mine = self._of_loops[loop] = _OfLoop(http, self.max_concurrent, self.per_host_limit)
        return mine


class _OfLoop:
    """Connections and places of one event loop."""

    def __init__(self, http: httpx.AsyncClient, most: int, most_of_a_host: int) -> None:
        self.http = http
        self._most_of_a_host = most_of_a_host
        self._places = asyncio.Semaphore(most)
        self._hosts: weakref.WeakValueDictionary[str, asyncio.Semaphore] = weakref.WeakValueDictionary()

    @contextlib.asynccontextmanager
    async def place(self, host: str) -> AsyncIterator[None]:
        """A place at the host, then one of all: who waits for a slow host keeps no place from others."""
        of_host = self._hosts.get(host)
        if of_host is None:
            of_host = self._hosts[host] = asyncio.Semaphore(self._most_of_a_host)
        async with of_host, self._places:
            yield


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

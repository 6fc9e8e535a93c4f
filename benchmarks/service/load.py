"""Load on an HTTP server from a process of its own: keep-alive connections in a closed loop, or requests at a rate.

`python -m synqc.benchmarks.service.load PLAN`, where PLAN is JSON on standard input; prints JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from dataclasses import asdict, dataclass, field
from typing import Any

__all__ = ["LoadResult", "Plan"]


@dataclass(frozen=True)
class Plan:
    """What to send.

    Args:
        port: Port on 127.0.0.1.
        requests: One [method, path, body] per connection, sent again and again.
        seconds: How long.
        rate: Requests a second of all connections together, at even times whether or not answers came (open loop);
            None: each connection sends when it has its answer (closed loop).
    """

    port: int
    requests: list[list[str]]
    seconds: float
    rate: float | None = None


@dataclass
class LoadResult:
    """What came back; latencies in ms, in an open loop from the time a request was due."""

    answered: int = 0
    failed: int = 0
    seconds: float = 0.0
    p50_ms: float = 0.0
    p95_ms: float = 0.0
    p99_ms: float = 0.0
    statuses: dict[str, int] = field(default_factory=dict)


class _Connection(asyncio.Protocol):
    """Sends one request at a time and finds the end of its answer."""

    def __init__(self) -> None:
        self._buffer = b""
        self._waiting: asyncio.Future[int] | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head = self._buffer.find(b"\r\n\r\n")
        if head < 0:
            return
        at = self._buffer.lower().find(b"content-length:", 0, head)
        length = int(self._buffer[at + 15 : self._buffer.find(b"\r\n", at)]) if at >= 0 else 0
        if len(self._buffer) < head + 4 + length:
            return
        status = int(self._buffer[9:12])
        self._buffer = self._buffer[head + 4 + length :]
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(status)

    def connection_lost(self, error: Exception | None) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(error or ConnectionError("closed"))

    async def ask(self, request: bytes) -> int:
        assert self._transport is not None
        self._waiting = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._waiting


def _bytes_of(method: str, path: str, body: str) -> bytes:
    head = f"{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\n"
    if body:
        head += f"content-type: application/json\r\ncontent-length: {len(body.encode())}\r\n"
    return f"{head}\r\n{body}".encode()


async def _load(plan: Plan) -> LoadResult:
    loop = asyncio.get_running_loop()
    latencies: list[float] = []
    result = LoadResult()
    connections = []
    for _ in plan.requests:
        _, connection = await loop.create_connection(_Connection, "127.0.0.1", plan.port)
        connections.append(connection)
    start = time.perf_counter() + 0.05
    end = start + plan.seconds

    async def drive(index: int) -> None:
        request = _bytes_of(*plan.requests[index])
        every = 0.0 if plan.rate is None else len(connections) / plan.rate
        due = start + every * index / len(connections)
        while due < end:
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            try:
                status = await connections[index].ask(request)
            except OSError:
                result.failed += 1
                return
            now = time.perf_counter()
            latencies.append(now - due)
            result.statuses[str(status)] = result.statuses.get(str(status), 0) + 1
            due = due + every if plan.rate is not None else now

    await asyncio.gather(*(drive(index) for index in range(len(connections))))
    latencies.sort()
    result.answered = len(latencies)
    result.seconds = time.perf_counter() - start
    for name, share in (("p50_ms", 0.5), ("p95_ms", 0.95), ("p99_ms", 0.99)):
        setattr(result, name, latencies[min(len(latencies) - 1, int(share * len(latencies)))] * 1e3 if latencies else 0)
    return result


if __name__ == "__main__":
    print(json.dumps(asdict(asyncio.run(_load(Plan(**json.load(sys.stdin)))))))

"""Load on an HTTP server from a process of its own: keep-alive connections in a closed loop, or requests at a rate.

`python -m synqc.benchmarks.service.load PLAN`, where PLAN is JSON on standard input; prints JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import asdict, dataclass, field

from synqc.measure import AnswerClock, HttpTarget, LoadReport, Seconds, closed_loop, open_loop

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


async def _load(plan: Plan) -> LoadResult:
    targets = [
        HttpTarget(
            f"http://127.0.0.1:{plan.port}{path}",
            method=method,
            body=body.encode(),
            headers={"content-type": "application/json"} if body else {},
        )
        for method, path, body in plan.requests
    ]
    free: asyncio.Queue[HttpTarget] = asyncio.Queue()
    for target in targets:
        free.put_nowait(target)

    async def send(clock: AnswerClock) -> None:
        target = await free.get()  # one request of a kind at a time; waiting for it counts
        try:
            await target(clock)
        finally:
            free.put_nowait(target)

    try:
        if plan.rate is None:
            found = await closed_loop(send, workers=len(targets), seconds=plan.seconds)
        else:
            found = await open_loop(send, rate=plan.rate, seconds=plan.seconds, is_precise=False)
    finally:
        for target in targets:
            await target.aclose()
    return _result(found)


def _result(found: LoadReport) -> LoadResult:
    statuses = {"200": found.answered} if found.answered else {}
    for cause, count in found.causes.items():
        if cause.startswith("status "):
            statuses[cause.removeprefix("status ")] = count
    told = Seconds(found.latency.values)
    p50_s, p95_s, p99_s = (told.quantile(share) or 0.0 for share in (0.5, 0.95, 0.99))
    return LoadResult(
        answered=sum(statuses.values()),
        failed=found.requests - sum(statuses.values()),
        seconds=found.seconds,
        p50_ms=1e3 * p50_s,
        p95_ms=1e3 * p95_s,
        p99_ms=1e3 * p99_s,
        statuses=statuses,
    )


if __name__ == "__main__":
    print(json.dumps(asdict(asyncio.run(_load(Plan(**json.load(sys.stdin)))))))

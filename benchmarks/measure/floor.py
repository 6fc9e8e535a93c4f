"""What the load generator adds, and whether it charges a stall to everybody who came meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from synqc.benchmarks.measurement import Measurement, Setting, refuse_unless
from synqc.measure import HttpTarget, LoadReport, open_loop
from synqc.measure.null_server import AnsweringProtocol, null_server

__all__ = ["measure_floor", "measure_stall"]

_PERIOD_S, _STALL_S = 10.0, 1.0
_ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


def measure_floor(setting: Setting) -> Mapping[str, Measurement]:
    """Latency of a server that does nothing."""
    with null_server() as url:
        found = asyncio.run(_loaded(url, rate=200.0, seconds=2.0 if setting.quick else 10.0))
    refuse_unless(found.failed == 0, f"{found.causes}")
    p50_s, p99_s, late_s = (found.latency.quantile(0.5), found.latency.quantile(0.99), found.lateness.quantile(0.99))
    assert p50_s is not None
    assert p99_s is not None
    assert late_s is not None
    return {
        "load-floor": Measurement(
            1e3 * p99_s,
            proof="every request was answered",
            details=(f"Median {1e3 * p50_s:.2f} ms; the generator itself was late by {1e3 * late_s:.2f} ms at the 99th "
                     "percentile",),
        )
    }  # fmt: skip


def measure_stall(setting: Setting) -> Mapping[str, Measurement]:
    """Distance of the 99th percentile from the one that arithmetic gives, in per cent of that."""
    found, service_s = asyncio.run(_stalled(20.0 if setting.quick else 100.0))
    refuse_unless(found.failed == 0, f"{found.causes}")
    p99_s = found.latency.quantile(0.99)
    assert p99_s is not None
    expected_s = _STALL_S - 0.01 * _PERIOD_S + service_s
    return {
        "load-stalled-p99": Measurement(
            100 * abs(p99_s / expected_s - 1),
            proof="every request was answered",
            details=(f"99th percentile {p99_s:.3f} s, arithmetic says {expected_s:.3f} s",),
        )
    }


async def _loaded(url: str, *, rate: float, seconds: float) -> LoadReport:
    target = HttpTarget(url)
    try:
        return await open_loop(target, rate=rate, seconds=seconds)
    finally:
        await target.aclose()


async def _stalled(seconds: float) -> tuple[LoadReport, float]:
    """A load on a server of this process that stalls, and how long it takes for an answer otherwise (s)."""
    loop = asyncio.get_running_loop()
    begin = loop.time()

    def pause_s() -> float:
        return max(0.0, _STALL_S - (loop.time() - begin) % _PERIOD_S)

    server = await loop.create_server(lambda: AnsweringProtocol(lambda _: _ANSWER, pause_s), "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    found = await _loaded(url, rate=100.0, seconds=seconds)
    server.close()
    return found, found.latency.quantile(0.5) or 0.0

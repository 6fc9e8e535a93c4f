"""Load on an address: an open loop, a closed loop beside it, and the floor of the generator that sends them."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from synqc.measure.arrivals import ArrivalKind
from synqc.measure.http_target import HttpTarget
from synqc.measure.load import closed_loop, open_loop
from synqc.measure.load_report import LoadReport
from synqc.measure.null_server import null_server

__all__ = ["UrlLoad", "load_url"]

_FLOOR_SECONDS: Final = 3.0


@dataclass(frozen=True)
class UrlLoad:
    """What a load on an address found.

    Args:
        url: The address.
        open: The open loop, with the floor in it.
        closed: The closed loop beside it; None if it was not asked for.
    """

    url: str
    open: LoadReport
    closed: LoadReport | None

    def lines(self) -> list[str]:
        """For people."""
        return [self.url, *self.open.lines(), *([] if self.closed is None else self.closed.lines())]

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "url": self.url,
            "open": self.open.to_dict(),
            "closed": None if self.closed is None else self.closed.to_dict(),
        }


def load_url(
    url: str,
    *,
    rate: float,
    seconds: float = 10.0,
    arrivals: ArrivalKind = "poisson",
    seed: int = 0,
    closed_workers: int | None = None,
    method: str = "GET",
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    most_in_flight: int = 10_000,
    timeout_s: float = 60.0,
) -> UrlLoad:
    """Send requests to an address at a rate; blocks until the last answer.

    The same rate is first sent to a server that does nothing, for 3 s at most: no latency below that floor says
    anything of the address.

    Args:
        url: http:// or https://.
        rate: Requests per second.
        seconds: How long they are sent.
        arrivals: `even` or `poisson`.
        seed: Seed of Poisson arrivals.
        closed_workers: Workers of a closed loop of the same length after it; None: no closed loop.
        method: Such as GET or POST.
        body: What is sent with each.
        headers: Beside host and content-length.
        most_in_flight: Requests under way beyond which further ones are not sent, but counted.
        timeout_s: Time after which a request has failed.

    Raises:
        InputError: An argument is out of its range.
        MeasuredNothing: Not one request was answered.
    """
    target = HttpTarget(url, method=method, body=body, headers=headers)

    async def run(at: HttpTarget, length: float) -> LoadReport:
        try:
            return await open_loop(
                at, rate=rate, seconds=length, arrivals=arrivals, seed=seed, most_in_flight=most_in_flight,
                timeout_s=timeout_s,
            )  # fmt: skip
        finally:
            await at.aclose()

    async def run_closed(workers: int) -> LoadReport:
        try:
            return await closed_loop(target, workers=workers, seconds=seconds, timeout_s=timeout_s)
        finally:
            await target.aclose()

    with null_server() as nothing:
        floor = asyncio.run(run(HttpTarget(nothing), min(seconds, _FLOOR_SECONDS)))
    opened = asyncio.run(run(target, seconds)).require_answers()
    closed = None if closed_workers is None else asyncio.run(run_closed(closed_workers)).require_answers()
    return UrlLoad(url, dataclasses.replace(opened, floor=floor), closed)

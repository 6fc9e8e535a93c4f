"""Load generator: an open loop at a rate, whose latencies count from the intended time, and a closed loop beside it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

import numpy as np

from synqc.errors import InputError
from synqc.measure.arrivals import ArrivalKind, arrival_times
from synqc.measure.load_report import LoadReport, Seconds
from synqc.measure.stream_times import AnswerClock

__all__ = ["RequestFailed", "Target", "closed_loop", "open_loop"]

Target = Callable[[AnswerClock], Awaitable[None]]
"""Sends one request and waits for its whole answer, telling the clock of every chunk; raises if it failed."""

_BUSY_S: Final = 0.0015
"""A selector's timer is late by a millisecond; the last of the wait is spent looking at the clock."""

_MOST_BUSY_SHARE: Final = 0.2


class RequestFailed(Exception):
    """A request failed; the text is the cause by which failures are counted, such as `status 503`."""


class _Tally:
    """Counts and times of one load."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.now = now
        self.causes: Counter[str] = Counter()
        self.in_flight = self.most_in_flight = self.unsent = self.failed = 0
        self.busy_seconds = 0.0
        self.last_answer = 0.0
        self.latency: list[float] = []
        self.lateness: list[float] = []
        self.clocks: list[tuple[float, AnswerClock]] = []

    async def send(self, target: Target, intended: float, timeout_s: float) -> None:
        """One request, whose time runs from `intended`."""
        sent = self.now()
        self.lateness.append(sent - intended)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        clock = AnswerClock(self.now)
        try:
            async with asyncio.timeout(timeout_s):
                await target(clock)
        except TimeoutError:
            self._fail("timeout")
        except RequestFailed as failure:
            self._fail(str(failure))
        except Exception as error:
            self._fail(type(error).__name__)
        else:
            ended = self.now()
            self.latency.append(ended - intended)
            self.last_answer = max(self.last_answer, ended)
            self.clocks.append((intended, clock))
        finally:
            self.in_flight -= 1
            self.busy_seconds += self.now() - sent

    def _fail(self, cause: str) -> None:
        self.failed += 1
        self.causes[cause] += 1
        self.last_answer = max(self.last_answer, self.now())

    def report(self, kind: str, *, start: float, requests: int, offered: float | None) -> LoadReport:
        seconds = max(self.last_answer - start, 1e-9)
        unended = self.failed + self.unsent

        def since(moments: Iterable[tuple[float, float | None]]) -> Seconds:
            return _seconds(moment - intended for intended, moment in moments if moment is not None)

        clocks = self.clocks
        return LoadReport(
            kind="open" if kind == "open" else "closed",
            offered_rate=offered,
            achieved_rate=len(self.latency) / seconds,
            seconds=seconds,
            requests=requests,
            answered=len(self.latency),
            failed=self.failed,
            unsent=self.unsent,
            causes=dict(self.causes),
            most_in_flight=self.most_in_flight,
            mean_in_flight=self.busy_seconds / seconds,
            latency=_seconds(self.latency, unended),
            lateness=_seconds(self.lateness),
            first_chunk=since((intended, clock.first_chunk) for intended, clock in clocks),
            first_reasoning=since((intended, clock.first_reasoning) for intended, clock in clocks),
            first_content=since((intended, clock.first_content) for intended, clock in clocks),
            between_chunks=_seconds(gap for _, clock in clocks if (gap := clock.between_chunks) is not None),
            between_tokens=_seconds(gap for _, clock in clocks if (gap := clock.between_tokens) is not None),
        )


def _seconds(values: Iterable[float], unended: int = 0) -> Seconds:
    return Seconds(np.sort(np.fromiter(values, dtype=np.float64)), unended)


async def open_loop(
    target: Target,
    *,
    rate: float,
    seconds: float,
    arrivals: ArrivalKind = "even",
    seed: int = 0,
    most_in_flight: int = 10_000,
    timeout_s: float = 60.0,
    is_precise: bool | None = None,
) -> LoadReport:
    """Send requests at their intended times, whether or not earlier ones were answered.

    Latency counts from the intended time, so that a server that stalls is charged with every request that came
    meanwhile, and so is a generator that cannot keep up. Failures and requests that could not be sent count as
    never answered in every quantile.

    Args:
        target: Sends one request.
        rate: Requests per second.
        seconds: How long requests are sent; answers are waited for beyond that.
        arrivals: `even` or `poisson`.
        seed: Seed of Poisson arrivals.
        most_in_flight: Requests under way beyond which further ones are not sent, but counted.
        timeout_s: Time after which a request has failed.
        is_precise: Look at the clock for the last 1.5 ms before each sending, which saves a millisecond of lateness
            and costs processor time that a server beside it may need; None: up to a fifth of a processor's.

    Raises:
        InputError: An argument is out of its range.
    """
    if most_in_flight < 1:
        raise InputError(f"Argument `most_in_flight` must be at least 1, but is {most_in_flight}.")
    if not timeout_s > 0:
        raise InputError(f"Argument `timeout_s` must be above 0, but is {timeout_s}.")
    loop = asyncio.get_running_loop()
    times = arrival_times(rate, seconds, arrivals, seed).tolist()
    tally = _Tally(loop.time)
    start = loop.time() + 0.01
    tasks: set[asyncio.Task[None]] = set()
    if is_precise is None:
        is_precise = rate * _BUSY_S <= _MOST_BUSY_SHARE
    margin = _BUSY_S if is_precise else 0.0
    try:
        for offset in times:
            intended = start + offset
            wait = intended - loop.time() - margin
            if wait > 0:
                await asyncio.sleep(wait)
            while intended > loop.time():
                await asyncio.sleep(0 if is_precise else intended - loop.time())
            if len(tasks) >= most_in_flight:
                await asyncio.sleep(0)  # those that have ended may leave
            if len(tasks) >= most_in_flight:
                tally.unsent += 1
                tally.causes["not sent"] += 1
                continue
            task = loop.create_task(tally.send(target, intended, timeout_s))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        while tasks:
            await asyncio.wait(tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    span = len(times) / rate if arrivals == "even" else seconds
    # The last answer may come early: what was offered took its whole time all the same.
    tally.last_answer = max(tally.last_answer, start + span)
    return tally.report("open", start=start, requests=len(times), offered=len(times) / span)


async def closed_loop(
    target: Target,
    *,
    workers: int,
    seconds: float | None = None,
    requests: int | None = None,
    timeout_s: float = 60.0,
) -> LoadReport:
    """Let each of some workers send its next request when it has its answer.

    It finds the highest rate with that many under way. Its latencies leave out whoever would have come during a
    stall, and the report says so.

    Args:
        target: Sends one request.
        workers: How many.
        seconds: How long requests are begun; or
        requests: how many in all.
        timeout_s: Time after which a request has failed.

    Raises:
        InputError: An argument is out of its range, or not one of `seconds` and `requests` is given.
    """
    if workers < 1:
        raise InputError(f"Argument `workers` must be at least 1, but is {workers}.")
    if (seconds is None) == (requests is None):
        raise InputError("One of `seconds` and `requests` must be given, and only one.")
    if not (seconds or requests or 0) > 0:
        raise InputError(f"Argument `seconds` or `requests` must be above 0, but is {seconds or requests}.")
    loop = asyncio.get_running_loop()
    tally = _Tally(loop.time)
    start = loop.time()
    begun = 0

    async def work() -> None:
        nonlocal begun
        while begun < requests if requests is not None else loop.time() < start + (seconds or 0.0):
            begun += 1
            await tally.send(target, loop.time(), timeout_s)

    await asyncio.gather(*(work() for _ in range(workers)))
    return tally.report("closed", start=start, requests=begun, offered=None)

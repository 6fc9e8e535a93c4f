"""Replays what a router recorded under another policy: a discrete-event simulation that runs the router's own code."""

from __future__ import annotations

import bisect
import heapq
import itertools
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from synqc.errors import InputError
from synqc.llm.completion import Completion, Spent
from synqc.llm.errors import LanguageModelError
from synqc.llm.message import Message
from synqc.llm.request import Request
from synqc.llm.router._call import Attempt, RoutedCall
from synqc.llm.router.budget import PICODOLLARS
from synqc.llm.router.causes import CAUSES, example_of
from synqc.llm.router.deployment import Deployment
from synqc.llm.router.policy import Policy, Routing
from synqc.llm.router.router import Router
from synqc.llm.router.size import Size
from synqc.llm.router.trace import Record

__all__ = ["Prediction", "Simulation", "simulate"]

_NEIGHBOURS: Final = 32
_FEWEST_HELD_OUT: Final = 20


@dataclass(frozen=True)
class Prediction:
    """What became, or would become, of the requests of a trace.

    Args:
        requests: How many.
        answered: Share of them, from 0 to 1.
        mean_s: Time from a request to its answer, of those that were answered; None if none was, as for the next three.
        p50_s: Half are answered by then.
        p95_s: 95 in 100 are.
        p99_s: 99 in 100 are.
        cost_microdollars: Cost of all calls; None as soon as one is not known.
        shares: Calls of each deployment, as a share of all.
    """

    requests: int
    answered: float
    mean_s: float | None
    p50_s: float | None
    p95_s: float | None
    p99_s: float | None
    cost_microdollars: int | None
    shares: dict[str, float]


@dataclass(frozen=True)
class Simulation:
    """A replay beside what was recorded.

    Args:
        recorded: What did become of the requests.
        predicted: What would have become of them under the other policy.
        held_out: Requests at the end of the trace that were predicted from those before alone, asked as they were
            asked; their true figures are known.
        errors: How far those predictions were off, relative to the truth, for `mean_s`, `p50_s`, `p95_s` and
            `answered`. None: the trace is too short to tell. It is an error of the model of latencies; that loads
            elsewhere change what a deployment does is in it only as far as the trace has seen such loads.
    """

    recorded: Prediction
    predicted: Prediction
    held_out: int
    errors: dict[str, float] | None


def simulate(
    trace: Iterable[Record], deployments: Sequence[Deployment], policy: Policy, *, seed: int = 0,
    held_out_share: float = 1 / 3,
) -> Simulation:  # fmt: skip
    """Replay the requests of a trace, at their times and with their sizes, under another policy.

    A call's latency and outcome are drawn from those recorded of its deployment, among the 32 that began under the most
    similar number in flight. Nobody is asked, and nothing is waited for.

    Args:
        trace: See `read_trace`.
        deployments: Those of the router; each must be in the trace.
        policy: The other one.
        seed: Seed of the draws.
        held_out_share: Share of the requests, the last ones, on which the predictions are tried.

    Raises:
        InputError: The trace is empty, or knows nothing of a deployment or model.
    """
    arrivals = _arrivals(trace)
    if not arrivals:
        raise InputError("Argument `trace` must hold at least one record, but is empty.")
    known = {record.deployment for arrival in arrivals for record in arrival}
    for one in deployments:
        if one.name not in known:
            raise InputError(
                f"Argument `trace` must hold calls of every deployment, but lacks {one.name!r}; it holds "
                f"{', '.join(sorted(known))}."
            )
    draws = _Draws(arrivals, random.Random(seed))
    predicted = _Replay(arrivals, deployments, policy, draws, seed).run()
    fitted = arrivals[: len(arrivals) - int(len(arrivals) * held_out_share)]
    held_out = arrivals[len(fitted) :]
    errors = None
    if len(held_out) >= _FEWEST_HELD_OUT and fitted:
        errors = _errors(held_out, _Draws(fitted, random.Random(seed)))
    return Simulation(_recorded(arrivals), predicted, len(held_out), errors)


Arrival = list[Record]
"""Calls made for one request, in their order."""


def _arrivals(trace: Iterable[Record]) -> list[Arrival]:
    by_request: dict[tuple[int, float], Arrival] = {}
    for record in trace:
        by_request.setdefault((record.request, record.arrived_s), []).append(record)
    arrivals = [sorted(calls, key=lambda call: call.began_s) for calls in by_request.values()]
    return sorted(arrivals, key=lambda calls: calls[0].arrived_s)


class _Draws:
    """What a deployment does next, drawn from what it did."""

    def __init__(self, arrivals: Iterable[Arrival], source: random.Random) -> None:
        self._random = source
        self._calls: dict[str, list[Record]] = {}
        for record in itertools.chain.from_iterable(arrivals):
            if record.cause != "cancelled":  # says nothing about how long it would have taken
                self._calls.setdefault(record.deployment, []).append(record)
        for calls in self._calls.values():
            calls.sort(key=lambda call: call.in_flight)
        self._loads = {name: [call.in_flight for call in calls] for name, calls in self._calls.items()}

    def knows(self, deployment: str) -> bool:
        return deployment in self._calls

    def call(self, deployment: str, in_flight: int) -> Record:
        """One of those that began under a similar load, equally likely."""
        calls, loads = self._calls[deployment], self._loads[deployment]
        first, last = bisect.bisect_left(loads, in_flight), bisect.bisect_right(loads, in_flight)
        if last - first < _NEIGHBOURS:
            missing = _NEIGHBOURS - (last - first)
            first = max(0, min(first - missing // 2, len(calls) - _NEIGHBOURS))
            last = min(len(calls), first + max(_NEIGHBOURS, last - first))
        return calls[self._random.randrange(first, last)]


class _Replay:
    """The events of a simulation, on a clock of their own."""

    def __init__(
        self, arrivals: Sequence[Arrival], deployments: Sequence[Deployment], policy: Policy, draws: _Draws, seed: int
    ) -> None:
        self._now_ns = 0
        self._router = Router(deployments, policy=policy, seed=seed, clock_ns=lambda: self._now_ns, metrics=False)
        self._hedge_after_s = policy.hedge_after_s
        self._draws = draws
        self._events: list[tuple[int, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._latencies: list[float] = []
        self._costs: list[int | None] = []
        self._counts = {one.name: 0 for one in deployments}
        self._requests = len(arrivals)
        for arrival in arrivals:
            self._at(arrival[0].arrived_s - arrivals[0][0].arrived_s, self._arrive(arrival))

    def run(self) -> Prediction:
        while self._events:
            self._now_ns, _, event = heapq.heappop(self._events)
            event()
        return _prediction(self._requests, self._latencies, self._costs, self._counts)

    def _at(self, seconds: float, event: Callable[[], None]) -> None:
        heapq.heappush(self._events, (max(self._now_ns, int(seconds * 1e9)), next(self._order), event))

    def _arrive(self, arrival: Arrival) -> Callable[[], None]:
        first, last = arrival[0], arrival[-1]
        spent = Spent(1, last.prompt_tokens, last.completion_tokens)

        def arrive() -> None:
            request = Request(model=first.model, messages=(Message("user", ""),))
            size = Size(first.prompt_tokens, first.prompt_tokens, first.prompt_tokens, last.completion_tokens or None)
            call = RoutedCall(self._router, request, Routing(), deadline_s=None, size=size)
            running: list[Attempt] = []
            self._ask(call, running, spent, is_hedge=False)
            if self._hedge_after_s is not None:
                self._at(self._now_ns * 1e-9 + self._hedge_after_s, lambda: self._hedge(call, running, spent))

        return arrive

    def _ask(self, call: RoutedCall, running: list[Attempt], spent: Spent, *, is_hedge: bool) -> None:
        try:
            attempt = call.begin(is_hedge=is_hedge)
        except LanguageModelError:
            return
        name = attempt.deployment.name
        self._counts[name] += 1
        running.append(attempt)
        drawn = self._draws.call(name, attempt.choice.in_flight)
        end_s = self._now_ns * 1e-9 + drawn.latency_s
        self._at(end_s, lambda: self._end(call, running, attempt, drawn.cause, spent))

    def _hedge(self, call: RoutedCall, running: list[Attempt], spent: Spent) -> None:
        if running and call.may_go_on:
            self._ask(call, running, spent, is_hedge=True)

    def _end(self, call: RoutedCall, running: list[Attempt], attempt: Attempt, cause: str, spent: Spent) -> None:
        if attempt not in running:  # another one answered first
            return
        running.remove(attempt)
        if cause == "ok":
            for other in running:
                call.left(other)
            running.clear()
            completion = Completion("", "", attempt.deployment.model, "stop", spent)
            receipt = call.answered(attempt, completion).receipt
            self._latencies.append(receipt.total_ns * 1e-9)
            self._costs.extend(one.picodollars for one in receipt.asked)
            return
        try:
            call.failed(attempt, example_of(cause if cause in CAUSES else "server_error"))
        except LanguageModelError:
            self._costs.extend(one.picodollars for one in call.receipt().asked)
            return
        if not running:
            self._ask(call, running, spent, is_hedge=False)


def _recorded(arrivals: Sequence[Arrival]) -> Prediction:
    latencies: list[float] = []
    counts: dict[str, int] = {}
    costs: list[int | None] = []
    for calls in arrivals:
        for call in calls:
            counts[call.deployment] = counts.get(call.deployment, 0) + 1
            costs.append(call.picodollars)
        ends = [call.began_s + call.latency_s for call in calls if call.cause == "ok"]
        if ends:
            latencies.append(min(ends) - calls[0].arrived_s)
    return _prediction(len(arrivals), latencies, costs, counts)


def _errors(held_out: Sequence[Arrival], draws: _Draws) -> dict[str, float] | None:
    """How well what was held out is predicted from what was not, each request asked as it was asked."""
    if not all(draws.knows(call.deployment) for calls in held_out for call in calls):
        return None
    latencies = []
    for calls in held_out:
        time_s = 0.0
        for call in calls:
            drawn = draws.call(call.deployment, call.in_flight)
            time_s += drawn.latency_s
            if drawn.cause == "ok":
                latencies.append(time_s)
                break
    truth = _recorded(held_out)
    guess = _prediction(len(held_out), latencies, [], {})
    errors = {}
    for name in ("mean_s", "p50_s", "p95_s", "answered"):
        true, guessed = getattr(truth, name), getattr(guess, name)
        if not true or guessed is None:
            return None
        errors[name] = abs(guessed - true) / true
    return errors


def _prediction(
    requests: int, latencies: list[float], costs: Sequence[int | None], counts: dict[str, int]
) -> Prediction:
    latencies = sorted(latencies)
    known = [cost for cost in costs if cost is not None]
    calls = sum(counts.values())

    def quantile(share: float) -> float | None:
        return latencies[min(len(latencies) - 1, int(share * len(latencies)))] if latencies else None

    return Prediction(
        requests, len(latencies) / requests, sum(latencies) / len(latencies) if latencies else None, quantile(0.5),
        quantile(0.95), quantile(0.99), -(-sum(known) // PICODOLLARS) if len(known) == len(costs) else None,
        {name: count / calls for name, count in counts.items()} if calls else {},
    )  # fmt: skip

"""A router over providers: one `Provider` that asks others, by a policy."""

from __future__ import annotations

import asyncio
import contextlib
import difflib
import itertools
import math
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self, TypeVar, overload

from synqc._core import Balancer, routing_hash
from synqc.cache import Control
from synqc.errors import InputError, UnknownName
from synqc.llm import _loop_thread
from synqc.llm.completion import Completion
from synqc.llm.errors import LanguageModelError
from synqc.llm.provider import Provider
from synqc.llm.request import Request
from synqc.llm.router._call import Attempt, RoutedCall
from synqc.llm.router.deployment import Deployment
from synqc.llm.router.errors import NoDeployment
from synqc.llm.router.policy import Policy, Routing, check_routing
from synqc.llm.router.receipt import Explanation, Judged, RoutedCompletion
from synqc.llm.router.size import Size
from synqc.llm.router.stream import AsyncRoutedStream, RoutedStream
from synqc.llm.router.trace import Record

__all__ = ["DeploymentStatistics", "Router"]

Value = TypeVar("Value")
_MOST_CAPABILITIES = 64
_ANY = Routing()


@dataclass(frozen=True)
class DeploymentStatistics:
    """What a router knows about one deployment.

    Args:
        name: Its name.
        state: "available"; "cooling" (not asked until `until`); "open" (the circuit breaker: not asked until `until`);
            "half_open" (asked once, as a probe) or "draining" (removed, with requests under way).
        reason: The cause of that, e.g. "rate_limited"; "" while it is available.
        since: Since when, or None.
        until: Until when, or None.
        in_flight: Requests under way.
        requests: All that were begun.
        successes: Those that it answered.
        failures: Those that failed by its fault.
        failures_by_cause: The same, one by one.
        openings: How often its circuit breaker opened.
        latency_s: Expected for the next request; 0: not known.
        requests_in_last_minute: Begun in it.
        tokens_in_last_minute: Counted or expected.
    """

    name: str
    state: str
    reason: str
    since: datetime | None
    until: datetime | None
    in_flight: int
    requests: int
    successes: int
    failures: int
    failures_by_cause: dict[str, int]
    openings: int
    latency_s: float
    requests_in_last_minute: int
    tokens_in_last_minute: int


@dataclass(frozen=True)
class _Group:
    """Deployments that serve one name."""

    name: str
    number: int
    smallest_window: int
    capabilities: frozenset[str]


class Router:
    """Several deployments behind the doors of one `Provider`.

    A request names a model; those that serve it are asked one after another, as the policy and the cause of each
    failure say (`CAUSES`), until one answers. Any thread and any event loop may use it at once, and deployments may
    come and go meanwhile. The providers belong to whoever made them, unless the router is closed: that closes those of
    its present deployments.

    Args:
        deployments: Deployments that can be asked; their order is that of preference.
        policy: How one is chosen, and how long is tried.
        name: Name of this provider.
        seed: Seed of the draws among equals.
        record: Given a `Record` of each call, e.g. a `TraceFile`; it must be quick.
        clock_ns: Nanoseconds of a clock that does not go back; for simulations.
        metrics: Whether the metrics of the process hear of it; not those of simulations.

    Raises:
        InputError: There is no deployment, or two have one name.

    Examples:
        >>> from synqc.llm import Endpoint, LanguageModels, Message, Request
        >>> models = LanguageModels(Endpoint(base_url="http://127.0.0.1:9/v1", api_key="none", attempts=1))
        >>> router = Router([Deployment(provider=models, model="phi3", serves=("small",), name="local")])
        >>> router.explain(Request(model="small", messages=(Message("user", "Why?"),))).deployment
        'local'
    """

    def __init__(
        self,
        deployments: Sequence[Deployment],
        *,
        policy: Policy | None = None,
        name: str = "router",
        seed: int = 0,
        record: Callable[[Record], None] | None = None,
        clock_ns: Callable[[], int] = time.monotonic_ns,
        metrics: bool = True,
    ) -> None:
        deployments = tuple(deployments)
        _check_deployments(deployments)
        if policy is not None and not isinstance(policy, Policy):
            raise InputError(f"Argument `policy` must be a Policy or None, but is {policy!r:.80}.")
        if not isinstance(seed, int) or isinstance(seed, bool) or not 0 <= seed < 2**64:
            raise InputError(f"Argument `seed` must be a whole number from 0 to 2^64 - 1, but is {seed!r:.80}.")
        self.policy = policy or Policy()
        self._name = name
        self._record = record
        self._clock_ns = clock_ns
        self.reports_metrics = metrics
        self._numbers = itertools.count()
        self._changing = threading.Lock()
        self._bits: dict[str, int] = {}
        self._learn_words(deployments)
        policy = self.policy
        self._balancer = Balancer(
            [one.to_core(self._bits) for one in deployments], seed=seed, latency_decay_s=policy.latency_decay_s,
            latency_valid_s=policy.latency_valid_s, most_load=1.25, failures_to_open=policy.failures_to_open,
            failure_share=0.5, open_s=policy.open_s, longest_open_s=policy.longest_open_s,
        )  # fmt: skip
        # Whoever reads these takes them as they are: a change puts others in their place.
        self._by_number: tuple[Deployment, ...] = deployments
        self._places = {one.name: place for place, one in enumerate(deployments)}
        self._groups: dict[str, _Group] = {}
        self._group_numbers: dict[str, int] = {}
        self._regroup()

    def __repr__(self) -> str:
        return f"<router over {', '.join(one.name for one in self.deployments)}>"

    @property
    def deployments(self) -> tuple[Deployment, ...]:
        """Who can be asked, in order of preference."""
        return tuple(self._by_number[place] for place in self._places.values())

    @property
    def name(self) -> str:
        """As it was given."""
        return self._name

    @property
    def most_at_once(self) -> int:
        """Of all providers together."""
        providers = {id(one.provider): one.provider for one in self.deployments}
        return sum(one.most_at_once for one in providers.values())

    @property
    def is_local(self) -> bool:
        """Whether every provider is."""
        return all(one.provider.is_local for one in self.deployments)

    @property
    def models(self) -> tuple[str, ...]:
        """Names that requests may give."""
        return tuple(self._groups)

    def capabilities_of(self, model: str) -> frozenset[str]:
        """What the deployments of a model can do, taken together.

        Raises:
            NoDeployment: The model is not served.
        """
        return self._group_of(model).capabilities

    @property
    def in_flight(self) -> int:
        """Calls under way."""
        return int(self._balancer.in_flight)

    # --- who can be asked ---

    def add(self, deployment: Deployment) -> None:
        """One more, the last in order of preference; it is asked from the next choice on.

        Raises:
            InputError: Another one has its name.
        """
        _check_deployments([deployment])
        with self._changing:
            if deployment.name in self._places:
                raise InputError(
                    f"Argument `deployment` must have another name than others, but is {deployment.name!r}."
                )
            self._change((*self.deployments, deployment))

    def remove(self, name: str) -> None:
        """Nobody is sent there any more; calls under way go on to their end.

        Until they have ended, `stats` shows it as "draining". Its provider stays open.

        Raises:
            UnknownName: There is no such deployment.
            InputError: It is the last one.
        """
        with self._changing:
            self._index_of("name", name)
            if len(self._places) == 1:
                raise InputError(f"Argument `name` must leave a deployment, but {name!r} is the last one.")
            self._change([one for one in self.deployments if one.name != name])

    def replace(self, deployments: Sequence[Deployment]) -> None:
        """Others in place of all, in their order; nobody asks in between.

        What is known of those that are there already, and equal, stays known.

        Raises:
            InputError: There is none, or two have one name.
        """
        deployments = tuple(deployments)
        _check_deployments(deployments)
        names = [one.name for one in deployments]
        twice = next((name for name in names if names.count(name) > 1), None)
        if not deployments or twice is not None:
            told = "holds none" if twice is None else f"holds several of the name {twice!r}"
            raise InputError(f"Argument `deployments` must hold at least one, each of its own name, but {told}.")
        with self._changing:
            self._change(deployments)

    def drained(self, provider: Provider) -> bool:
        """Whether nothing is under way at a provider that no deployment has any more."""
        with self._changing:
            if any(one.provider is provider for one in self.deployments):
                return False
            draining = [one["number"] for one in self._balancer.statistics(self._clock_ns() * 1e-9)
                        if one["state"] == "draining"]  # fmt: skip
            return not any(self._by_number[one].provider is provider for one in draining)

    def _change(self, deployments: Sequence[Deployment]) -> None:
        """New ones come before old ones go, so that nobody who asks meanwhile finds none."""
        self._learn_words(deployments)
        before = dict(self._places)
        places = {}
        for one in deployments:
            number = before.get(one.name)
            if number is None or self._by_number[number] != one:
                number = self._balancer.add(one.to_core(self._bits))
                self._by_number = (*self._by_number[:number], one, *self._by_number[number + 1 :])
            places[one.name] = number
        self._places = places
        self._regroup()
        for number in set(before.values()) - set(places.values()):
            self._balancer.remove(number)

    def _regroup(self) -> None:
        """Who serves which name."""
        served: dict[str, list[int]] = {}
        for place in self._places.values():
            for model in self._by_number[place].serves:
                served.setdefault(model, []).append(place)
        groups = {}
        for model, members in served.items():
            if model in self._group_numbers:
                self._balancer.set_group(self._group_numbers[model], members)
            else:
                self._group_numbers[model] = self._balancer.add_group(members)
            groups[model] = _Group(
                model, self._group_numbers[model], self._smallest_window(members),
                frozenset().union(*(self._by_number[member].capabilities for member in members)),
            )  # fmt: skip
        self._groups = groups

    def _learn_words(self, deployments: Sequence[Deployment]) -> None:
        """Capabilities have a bit each, for as long as the router lives."""
        bits = dict(self._bits)
        for word in sorted(set().union(*(one.capabilities for one in deployments)) - bits.keys()):
            bits[word] = 1 << len(bits)
        if len(bits) > _MOST_CAPABILITIES:
            raise InputError(
                f"Argument `deployments` must have at most {_MOST_CAPABILITIES} different capabilities over the life "
                f"of a router, but has {len(bits)}."
            )
        self._bits = bits

    # --- doors ---

    @overload
    def submit(
        self, request: Request, *, deadline_s: float | None = ..., control: Control | None = ..., partial: bool = ...,
        routing: Routing = ...,
    ) -> Future[Completion[str]]: ...  # fmt: skip
    @overload
    def submit(
        self, request: Request, read: Callable[[str], Value], *, repeats: int = ..., deadline_s: float | None = ...,
        control: Control | None = ..., partial: bool = ..., routing: Routing = ...,
    ) -> Future[Completion[Value]]: ...  # fmt: skip

    def submit(
        self,
        request: Request,
        read: Callable[[str], Any] = str,
        *,
        repeats: int = 0,
        deadline_s: float | None = None,
        control: Control | None = None,
        partial: bool = False,
        routing: Routing = _ANY,
    ) -> Future[Completion[Any]]:
        """Ask, and go on meanwhile; cancelling the future ends the calls. See `complete`."""
        asked = self.acomplete(
            request, read, repeats=repeats, deadline_s=deadline_s, control=control, partial=partial, routing=routing
        )
        return _loop_thread.shared.submit(asked)

    def complete(
        self,
        request: Request,
        read: Callable[[str], Any] = str,
        *,
        repeats: int = 0,
        deadline_s: float | None = None,
        control: Control | None = None,
        partial: bool = False,
        routing: Routing = _ANY,
    ) -> RoutedCompletion[Any]:
        """Ask one deployment after another, and wait.

        Args:
            request: What is asked; `model` is a name that a deployment serves.
            read: See `LanguageModels.submit`, as for `repeats`, `control` and `partial`.
            repeats: Within one deployment.
            deadline_s: All of it must be done by then.
            control: What this request asks of the deployments' caches.
            partial: Take the beginning of an answer that was cut or filtered.
            routing: What this request wants of the router.

        Raises:
            NoDeployment: Nobody can be asked now (`status` 429, with `retry_after_s`) or ever.
            BudgetExceeded: What it could cost at most does not fit the budget.
            LanguageModelError: Nobody answered; `receipt` tells who was asked.
        """
        if self._hedges_after_s(routing) is not None:
            future = self.submit(
                request, read, repeats=repeats, deadline_s=deadline_s, control=control, partial=partial, routing=routing
            )
            try:
                return future.result()  # type: ignore[return-value]
            except BaseException:
                future.cancel()
                raise
        call = RoutedCall(self, request, routing, deadline_s=deadline_s, repeats=repeats)
        while True:
            attempt = call.begin()
            try:
                completion = attempt.deployment.provider.complete(
                    attempt.request, read, repeats=repeats, deadline_s=call.left_s, control=control, partial=partial
                )
            except LanguageModelError as error:
                call.failed(attempt, error)
            except BaseException:
                call.left(attempt)
                call.close("cancelled")
                raise
            else:
                return call.answered(attempt, completion)

    async def acomplete(
        self,
        request: Request,
        read: Callable[[str], Any] = str,
        *,
        repeats: int = 0,
        deadline_s: float | None = None,
        control: Control | None = None,
        partial: bool = False,
        routing: Routing = _ANY,
    ) -> RoutedCompletion[Any]:
        """Like `complete`, in a coroutine."""
        call = RoutedCall(self, request, routing, deadline_s=deadline_s, repeats=repeats)
        options = {"repeats": repeats, "control": control, "partial": partial}
        hedge_after_s = self._hedges_after_s(routing)
        if hedge_after_s is not None:
            return await _hedged(call, read, options, hedge_after_s)
        while True:
            attempt = call.begin()
            try:
                completion = await attempt.deployment.provider.acomplete(
                    attempt.request, read, repeats=repeats, deadline_s=call.left_s, control=control, partial=partial
                )
            except LanguageModelError as error:
                call.failed(attempt, error)
            except BaseException:
                call.left(attempt)
                call.close("cancelled")
                raise
            else:
                return call.answered(attempt, completion)

    def stream(
        self,
        request: Request,
        *,
        deadline_s: float | None = None,
        control: Control | None = None,
        partial: bool = False,
        routing: Routing = _ANY,
    ) -> RoutedStream:
        """The answer's text part by part. Hedging is not for streams: their first part decides who goes on.

        Raises:
            NoDeployment: The model is not served; all else is raised by the first part.
        """
        return RoutedStream(RoutedCall(self, request, routing, deadline_s=deadline_s), control, partial)

    def astream(
        self,
        request: Request,
        *,
        deadline_s: float | None = None,
        control: Control | None = None,
        partial: bool = False,
        routing: Routing = _ANY,
    ) -> AsyncRoutedStream:
        """Like `stream`, in a coroutine."""
        return AsyncRoutedStream(RoutedCall(self, request, routing, deadline_s=deadline_s), control, partial)

    def close(self) -> None:
        """Close the providers."""
        for provider in {id(one.provider): one.provider for one in self.deployments}.values():
            provider.close()

    async def aclose(self) -> None:
        """Like `close`, in a coroutine."""
        for provider in {id(one.provider): one.provider for one in self.deployments}.values():
            await provider.aclose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    # --- what it knows ---

    def explain(self, request: Request, routing: Routing = _ANY) -> Explanation:
        """Whom it would ask now, and how it judges each deployment; nobody is asked and nothing changes.

        Raises:
            NoDeployment: The model is not served.
        """
        check_routing(routing)
        group = self._group_of(request.model)
        size = Size.of(request, smallest_window=group.smallest_window)
        choice, judged = self._balancer.explain(
            group.number, self._clock_ns() * 1e-9, strategy=routing.strategy or self.policy.strategy,
            capabilities=self._bits_of(routing.capabilities), prompt_tokens=size.usual_prompt,
            completion_tokens=size.usual_completion, window_tokens=size.window,
            affinity=self._affinity_of(request, routing), needs_price=routing.budget is not None,
            prefer=self._indices_of(routing.prefer),
        )  # fmt: skip
        chosen, names = choice.deployment >= 0, self._by_number
        return Explanation(
            names[choice.deployment].name if chosen else "", choice.strategy, choice.degradation,
            choice.reason if chosen else "", 0.0 if chosen else choice.retry_after_s if choice.suitable else None,
            tuple(Judged(names[told.pop("deployment")].name, **told) for told in judged),
        )  # fmt: skip

    def stats(self) -> list[DeploymentStatistics]:
        """What it knows about each deployment."""
        now_ns, now = self._clock_ns(), datetime.now(UTC)
        told = self._balancer.statistics(now_ns * 1e-9)

        def date(one: dict[str, Any], name: str) -> datetime | None:
            return now + timedelta(seconds=one[name] - now_ns * 1e-9) if one["reason"] else None

        return [
            DeploymentStatistics(**{
                **{name: value for name, value in one.items() if name not in ("since_s", "until_s", "number")},
                "since": date(one, "since_s"), "until": date(one, "until_s"),
            })
            for one in told
        ]  # fmt: skip

    def cool(self, deployment: str, seconds: float, reason: str = "by_hand") -> None:
        """Do not ask a deployment for so long; a later deadline that stands stays.

        Raises:
            UnknownName: There is no such deployment.
            InputError: The time is below 0, or no number.
        """
        if not isinstance(seconds, (int, float)) or isinstance(seconds, bool) or not 0 <= seconds < math.inf:
            raise InputError(f"Argument `seconds` must be a number from 0, but is {seconds!r:.80}.")
        self._balancer.cool(self._index_of("deployment", deployment), seconds, reason, self._clock_ns() * 1e-9)

    def _smallest_window(self, members: Sequence[int]) -> int:
        known = [self._by_number[member].context_tokens for member in members]
        return min((window for window in known if window is not None), default=1 << 62)

    def _group_of(self, model: str) -> _Group:
        group = self._groups.get(model)
        if group is None:
            near = difflib.get_close_matches(model, self._groups, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise NoDeployment(
                f"Argument `model` must be one of {', '.join(self._groups)}, but is {model!r}.{hint}", status=404
            )
        return group

    def _bits_of(self, capabilities: frozenset[str]) -> int:
        bits = 0
        for word in capabilities:
            if word not in self._bits:
                known = ", ".join(self._bits) or "none"
                raise UnknownName(f"Argument `capabilities` must name some of {known}, but names {word!r}.")
            bits |= self._bits[word]
        return bits

    def _indices_of(self, names: tuple[str, ...]) -> list[int]:
        return [self._index_of("prefer", name) for name in names]

    def _index_of(self, argument: str, name: str) -> int:
        place = self._places.get(name)
        if place is None:
            near = difflib.get_close_matches(str(name), self._places, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise UnknownName(
                f"Argument `{argument}` must name deployments, which are {', '.join(self._places)}, but names "
                f"{name!r}.{hint}"
            )
        return place

    def _affinity_of(self, request: Request, routing: Routing) -> int | None:
        if (routing.strategy or self.policy.strategy) != "affinity":
            return None
        if routing.session is not None:
            return int(routing_hash("session\0" + routing.session))
        wanted = self.policy.prefix_characters
        if not wanted:
            return None
        beginning = ""
        for message in request.messages:
            beginning += f"{message.role}\0{message.content}\0"
            if len(beginning) >= wanted:
                return int(routing_hash("prefix\0" + beginning[:wanted].encode(errors="replace").decode()))
        return None

    def _hedges_after_s(self, routing: Routing) -> float | None:
        check_routing(routing)
        return self.policy.hedge_after_s if routing.hedge_after_s is None else routing.hedge_after_s


async def _hedged(
    call: RoutedCall, read: Callable[[str], Any], options: dict[str, Any], hedge_after_s: float
) -> RoutedCompletion[Any]:
    """Ask, and where that takes long ask another one too; the first answer counts, the other call is ended."""
    running: dict[asyncio.Task[Any], Attempt] = {}

    def ask(*, is_hedge: bool) -> None:
        attempt = call.begin(is_hedge=is_hedge)
        asked = attempt.deployment.provider.acomplete(attempt.request, read, deadline_s=call.left_s, **options)
        running[asyncio.ensure_future(asked)] = attempt

    try:
        ask(is_hedge=False)
        has_hedged = False
        while True:
            wait_s = None if has_hedged or not call.may_go_on else hedge_after_s
            done, _ = await asyncio.wait(running, timeout=wait_s, return_when=asyncio.FIRST_COMPLETED)
            if not done:
                has_hedged = True
                with contextlib.suppress(LanguageModelError):  # nobody else is free: the first goes on alone
                    ask(is_hedge=True)
            for task in done:
                attempt = running.pop(task)
                try:
                    completion = task.result()
                except LanguageModelError as error:
                    call.failed(attempt, error)
                except BaseException:
                    call.left(attempt)
                    raise
                else:
                    await _end(call, running)
                    return call.answered(attempt, completion)
            if not running:
                ask(is_hedge=False)
    except LanguageModelError as error:
        await _end(call, running)
        call.give_up(error)
        raise
    finally:
        await _end(call, running)
        call.close("cancelled")  # unless it has ended otherwise


async def _end(call: RoutedCall, running: dict[asyncio.Task[Any], Attempt]) -> None:
    """End calls whose answers nobody wants, and wait until they are gone."""
    tasks = list(running)
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks)
    for task in tasks:
        call.left(running.pop(task))
        if not task.cancelled():
            task.exception()


def _check_deployments(given: Sequence[Any]) -> None:
    """Raises InputError if one is of another kind."""
    for one in given:
        if not isinstance(one, Deployment):
            raise InputError(f"Argument `deployments` must hold Deployments, but holds a {type(one).__name__}.")

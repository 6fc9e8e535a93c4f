"""How a router chooses, and how long it tries."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from synqc._core import routing_strategies
from synqc.errors import InputError, UnknownName
from synqc.llm.router.budget import Budget
from synqc.llm.router.causes import CAUSES, Action

__all__ = ["Policy", "Routing", "check_routing", "strategy_names"]


def strategy_names() -> tuple[str, ...]:
    """Names of the strategies.

    >>> strategy_names()
    ('round-robin', 'least-latency', 'least-in-flight', 'cost', 'capability', 'preference', 'affinity')
    """
    return tuple(one["name"] for one in routing_strategies())


@dataclass(frozen=True, kw_only=True)
class Policy:
    """What holds for every request of a router, unless its `Routing` says otherwise.

    Args:
        strategy: How one of those that can answer is chosen; see `strategy_names`.
        most_attempts: Deployments asked for one request at most, hedges included.
        hedge_after_s: Another deployment is asked too where there is no answer after so many seconds; the first answer
            counts and the other call is ended. It costs up to twice as much; None: never.
        prefix_characters: Under "affinity", requests without a session go by the first so many characters of their
            conversation, if it has them: where a server keeps prompts, its cache is met again. 0: never.
        actions: Another action for a cause, e.g. `{"filtered": "next"}`; see `CAUSES`.
        cooldowns_s: Another cooldown for a cause.
        failures_to_open: So many failures in a row open a deployment's circuit breaker, as does half of its last 32
            results.
        open_s: It stays open so long the first time, and twice as long after every probe that fails.
        longest_open_s: But never longer.
        latency_decay_s: Time constant with which a latency is forgotten.
        latency_valid_s: An older latency counts as not known.

    Raises:
        InputError: An argument is out of its range.
        UnknownName: There is no such strategy or cause.
    """

    strategy: str = "least-latency"
    most_attempts: int = 3
    hedge_after_s: float | None = None
    prefix_characters: int = 0
    actions: Mapping[str, Action | str] = field(default_factory=dict)
    cooldowns_s: Mapping[str, float] = field(default_factory=dict)
    failures_to_open: int = 3
    open_s: float = 5.0
    longest_open_s: float = 300.0
    latency_decay_s: float = 10.0
    latency_valid_s: float = 300.0

    def __post_init__(self) -> None:
        _check_name("strategy", self.strategy, strategy_names())
        for name in ("most_attempts", "failures_to_open"):
            if not _is_whole(getattr(self, name), 1):
                raise InputError(f"Argument `{name}` must be a whole number from 1, but is {getattr(self, name)!r}.")
        if not _is_whole(self.prefix_characters, 0):
            raise InputError(
                f"Argument `prefix_characters` must be a whole number from 0, but is {self.prefix_characters!r}."
            )
        for name in ("hedge_after_s", "open_s", "longest_open_s", "latency_decay_s", "latency_valid_s"):
            _check_seconds(name, getattr(self, name), optional=name == "hedge_after_s")
        for cause, action in self.actions.items():
            _check_name("actions", cause, CAUSES)
            _check_name(f"actions[{cause!r}]", action, [one.value for one in Action])
        for cause, seconds in self.cooldowns_s.items():
            _check_name("cooldowns_s", cause, CAUSES)
            if not (_is_number(seconds) and 0 <= seconds < math.inf):
                raise InputError(
                    f"Argument `cooldowns_s[{cause!r}]` must be a number of seconds from 0, but is {seconds!r}."
                )


@dataclass(frozen=True, kw_only=True)
class Routing:
    """What one request wants of a router.

    Args:
        session: Under "affinity", requests of one session go to the same deployment.
        capabilities: What the deployment must be able to do.
        prefer: Names of deployments, the best first, under "preference".
        strategy: Instead of the policy's.
        hedge_after_s: Instead of the policy's.
        budget: Must have room for what the request could cost at most.
        tenant: Whose request it is, in the trace.

    Raises:
        InputError: An argument is out of its range.
        UnknownName: There is no such strategy.
    """

    session: str | None = None
    capabilities: frozenset[str] = frozenset()
    prefer: tuple[str, ...] = ()
    strategy: str | None = None
    hedge_after_s: float | None = None
    budget: Budget | None = None
    tenant: str = ""

    def __post_init__(self) -> None:
        for name in ("prefer", "capabilities"):
            if isinstance(getattr(self, name), str):
                raise InputError(
                    f"Argument `{name}` must be several names, but is the one text {getattr(self, name)!r}."
                )
        object.__setattr__(self, "capabilities", frozenset(self.capabilities))
        object.__setattr__(self, "prefer", tuple(self.prefer))
        if self.budget is not None and not isinstance(self.budget, Budget):
            raise InputError(f"Argument `budget` must be a Budget or None, but is {self.budget!r:.80}.")
        if self.session is not None and not isinstance(self.session, str):
            raise InputError(f"Argument `session` must be a text or None, but is {self.session!r:.80}.")
        if self.strategy is not None:
            _check_name("strategy", self.strategy, strategy_names())
        _check_seconds("hedge_after_s", self.hedge_after_s, optional=True)


def check_routing(routing: Any) -> None:
    """Raises InputError unless it is a Routing."""
    if not isinstance(routing, Routing):
        raise InputError(f"Argument `routing` must be a Routing, but is {routing!r:.80}.")


def _check_name(argument: str, given: Any, known: Any) -> None:
    if not isinstance(given, str) or given not in known:
        near = difflib.get_close_matches(str(given), list(known), n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise UnknownName(f"Argument `{argument}` must be one of {', '.join(known)}, but is {given!r}.{hint}")


def _check_seconds(name: str, given: Any, *, optional: bool) -> None:
    if not (given is None and optional) and not (_is_number(given) and 0 < given < math.inf):
        raise InputError(f"Argument `{name}` must be a number of seconds above 0, but is {given!r}.")


def _is_number(given: Any) -> bool:
    return isinstance(given, (int, float)) and not isinstance(given, bool)


def _is_whole(given: Any, least: int) -> bool:
    return isinstance(given, int) and not isinstance(given, bool) and given >= least

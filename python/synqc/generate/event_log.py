"""Logs of events: sessions of users that walk from type to type, and may cause further sessions."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence as SequenceOf
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Any, ClassVar

from synqc import _core
from synqc.errors import InputError
from synqc.generate._arguments import interval_of, moment_of, named_numbers, number_of, share_of, whole_number
from synqc.generate._documents import Configuration, document_of, json_of, value_from, value_from_json
from synqc.generate.columns import Column

__all__ = ["EventLog"]

_END = "end"
_FORMS = {1_000_000: "second", 1_000: "millisecond", 1: "microsecond"}


@dataclass(frozen=True)
class EventLog(Configuration):
    """Events in order of time, made by sessions of users.

    Sessions begin at random moments (a Poisson process); each has a user and walks a Markov chain of types until it
    ends, after exponential times. A session may cause further ones (a Hawkes process). Columns are `event`, `time`,
    `session`, `user` (from 1), `type`, and what `columns` adds. What makes a session depends on its number alone;
    events are made in turn, so that a late `first_row` takes the time of all events before it, or of those behind the
    `checkpoint` of earlier rows.

    Args:
        transitions: For each type, how likely each type follows, by weight; `end` ends the session. See `funnel`.
        first: Weights of the first type of a session; None for the first type of `transitions`.
        start: Before the first event.
        session_gap: Mean time between sessions that nothing caused: a timedelta, or digits and a unit.
        event_gap: Mean time until a session's next event; or one for each type.
        day_amplitude: Share by which the rate of sessions rises and falls within a day, 0 to 1.
        day_peak: Hour (UTC) at which it is highest.
        caused_sessions: How many sessions each causes on average, below 1.
        caused_gap: Mean time until they begin.
        users: How many there are.
        user_distribution: Which of them, from the first: one of `distributions(whole=True)`; None for all alike.
        user_parameters: Parameters of the distribution.
        resolution: What moments are cut to: 1s, 1ms or 1us.
        columns: Further columns, by the number of the event.
        name: Name of the log.

    Examples:
        >>> from synqc import generate
        >>> log = generate.EventLog.funnel({"visit": 0.4, "basket": 0.5, "purchase": 0.0}, session_gap="30s", users=100)
        >>> for event in generate.make(log, rows=3, seed=7):
        ...     print(event)
        {'event': 1, 'time': '2025-01-01T00:00:01.512Z', 'session': 1, 'user': 12, 'type': 'visit'}
        {'event': 2, 'time': '2025-01-01T00:00:02.438Z', 'session': 1, 'user': 12, 'type': 'basket'}
        {'event': 3, 'time': '2025-01-01T00:00:19.858Z', 'session': 2, 'user': 17, 'type': 'visit'}
    """

    kind: ClassVar[str] = "event_log"

    transitions: Mapping[str, Mapping[str, float]]
    first: Mapping[str, float] | None = None
    start: datetime | date | str = "2025-01-01"
    session_gap: timedelta | str = "1m"
    event_gap: timedelta | str | Mapping[str, timedelta | str] = "20s"
    day_amplitude: float = 0.0
    day_peak: float = 12.0
    caused_sessions: float = 0.0
    caused_gap: timedelta | str = "10m"
    users: int = 1000
    user_distribution: str | None = None
    user_parameters: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    resolution: timedelta | str = "1ms"
    columns: Mapping[str, Column] = field(default_factory=lambda: MappingProxyType({}))
    name: str = "event_log"

    def __post_init__(self) -> None:
        if not isinstance(self.transitions, Mapping) or not self.transitions:
            raise InputError(
                f"Argument `transitions` must map types to what follows them, but is {self.transitions!r}."
            )
        for name, weights in self.transitions.items():
            if not isinstance(weights, Mapping):
                raise InputError(
                    f"Argument `transitions` must map types to weights by type, but {name!r} has {weights!r}."
                )
            unknown = set(weights) - set(self.transitions) - {_END}
            if unknown or name == _END:
                raise InputError(
                    f"Argument `transitions` must name types that it has, or `end` as what follows, but has "
                    f"{sorted(unknown or {name})} at {name!r}."
                )
        object.__setattr__(self, "transitions", MappingProxyType(dict(self.transitions)))
        object.__setattr__(self, "columns", MappingProxyType(dict(self.columns)))

    @classmethod
    def funnel(
        cls,
        steps: Mapping[str, float] | SequenceOf[tuple[str, float]],
        *,
        session_gap: timedelta | str = "1m",
        users: int = 1000,
    ) -> EventLog:
        """A log of sessions that go through steps in order, each passed with a probability; the last one ends them.

        Args:
            steps: How likely the next step follows each, in order; that of the last step is not used.
            session_gap: Mean time between sessions.
            users: How many there are.
        """
        named = list(steps.items()) if isinstance(steps, Mapping) else list(steps)
        transitions: dict[str, dict[str, float]] = {}
        for at, (name, passed) in enumerate(named):
            share = share_of(f"steps[{name!r}]", passed)
            following = {named[at + 1][0]: share} if at + 1 < len(named) else {}
            transitions[name] = {**following, _END: 1 - sum(following.values())}
        return cls(transitions, session_gap=session_gap, users=users)

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> EventLog:
        """A configuration from what `to_dict` gives; DocumentError, with the path, for anything else."""
        return value_from(document, cls)

    @classmethod
    def from_json(cls, text: str | bytes) -> EventLog:
        """A configuration from what `to_json` gives."""
        return value_from_json(text, cls)

    def to_dict(self) -> dict[str, Any]:
        """The configuration as JSON has it."""
        return document_of(self)

    def to_json(self) -> str:
        """The same as text."""
        return json_of(self)

    def _plan(self, seed: int) -> _core.EventLog:
        types = list(self.transitions)
        first = {types[0]: 1.0} if self.first is None else dict(self.first)
        if set(first) - set(types):
            raise InputError(
                f"Argument `first` must name types of `transitions`, but names {sorted(set(first) - set(types))}."
            )
        gaps = dict(self.event_gap) if isinstance(self.event_gap, Mapping) else dict.fromkeys(types, self.event_gap)
        if set(gaps) != set(types):
            raise InputError(f"Argument `event_gap` must have a time for each of {types}, but has {sorted(gaps)}.")
        resolution = interval_of("resolution", self.resolution)
        if resolution not in _FORMS:
            raise InputError(f"Argument `resolution` must be 1s, 1ms or 1us, but is {self.resolution!r}.")
        further = _core.TablePlan(self.name, seed)
        places: dict[str, int] = {}
        for name, column in self.columns.items():
            if name in ("event", "time", "session", "user", "type"):
                raise InputError(f"Argument `columns` must have other names than the log's own, but has {name!r}.")
            try:
                further.add(name, column._make_after(seed, places), column._missing_share())
            except InputError as error:
                raise type(error)(f"Column `{name}`: {error}") from error
            places[name] = len(places)
        return _core.EventLog(
            name=self.name,
            seed=seed,
            further=further,
            types=types,
            first_weights=[number_of("first", first.get(name, 0.0)) for name in types],
            next_weights=[
                [number_of("transitions", self.transitions[name].get(after, 0.0)) for after in [*types, _END]]
                for name in types
            ],
            mean_delays=[float(interval_of("event_gap", gaps[name])) for name in types],
            mean_gap=float(interval_of("session_gap", self.session_gap)),
            day_amplitude=share_of("day_amplitude", self.day_amplitude),
            day_phase=0.25 - number_of("day_peak", self.day_peak) / 24,
            caused_sessions=number_of("caused_sessions", self.caused_sessions),
            caused_delay=float(interval_of("caused_gap", self.caused_gap)),
            users=whole_number("users", self.users, 1, 2**62),
            distribution=self.user_distribution,
            parameters=named_numbers("user_parameters", self.user_parameters),
            start=moment_of("start", self.start),
            form=_FORMS[resolution],
        )

"""What a model is asked for rows of each kind of data, and what its rows become."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final

from synqc.apps.synth.errors import ValidationError
from synqc.apps.synth.event_times import event_times
from synqc.apps.synth.moments import interval_of, moment_of, now, stamp
from synqc.apps.synth.options import DataOptions
from synqc.apps.synth.row_schema import schema_of_rows

__all__ = ["PROMPT_VERSION", "RowTask", "TimeGrid", "event_range", "row_task_of", "rows_asked", "time_grid"]

PROMPT_VERSION: Final = 2
"""Of the words below; raise it when they change, for kept rows were answers to them."""

_SYSTEM: Final = (
    'You write synthetic data. Answer with one JSON object and nothing else: {"rows": [...]}, where each row fits the '
    "JSON schema that is given. Rows differ from each other, are plausible, and name no real person."
)
_USUAL_ROWS: Final = {"timeseries": 100, "events": 100}
_MOST_WORDS: Final = 20_000
_OWN: Final[Mapping[tuple[str, ...], tuple[str, ...]]] = {
    ("timeseries",): ("start_date", "end_date", "interval", "metrics", "trend", "seasonality", "noise"),
    ("events",): ("event_types", "distribution", "time_range", "user_count"),
    ("structured", "json", "csv"): ("schema", "example"),
    ("timeseries", "events", "structured", "json", "csv"): ("configuration",),
}
"""Options that belong to some kinds alone."""


@dataclass(frozen=True)
class RowTask:
    """Rows that a model shall write.

    Args:
        kind: Kind of data.
        count: Rows.
        asked: JSON schema of a row as the model writes it.
        schema: JSON schema of a row as it is given out.
        words: What is said of the rows beside the schema.
        about: about(first) says more of the rows from there on.
        take: take(row) makes of a row that fits what is given out; ValueError says why it is none.
        number: number(row, place) puts on a row what concerns its place, from 0.
        may_repeat: Whether equal rows are no repetitions.
    """

    kind: str
    count: int
    asked: Mapping[str, Any]
    schema: Mapping[str, Any]
    words: str
    about: Callable[[int], str] = field(default=lambda first: "")
    take: Callable[[dict[str, Any]], dict[str, Any]] = field(default=lambda row: row)
    number: Callable[[dict[str, Any], int], dict[str, Any]] = field(default=lambda row, place: row)
    may_repeat: bool = False

    @property
    def system(self) -> str:
        """The first message."""
        return _SYSTEM

    def complete(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Rows with what concerns their places."""
        return [self.number(row, place) for place, row in enumerate(rows)]

    def told(self, rows: int, first: int, problems: tuple[str, ...], variation: int) -> str:
        """The second message, for so many rows from a place on."""
        lines = [f"Write exactly {rows} rows.", f"JSON schema of a row: {json.dumps(dict(self.asked))}"]
        lines += [self.words, self.about(first)]
        if problems:
            lines.append("Rows were refused before, because: " + "; ".join(problems) + ".")
        # A number that means nothing to the model: servers without seeds then answer each call anew.
        lines.append(f"Variation: {variation}")
        return "\n".join(line for line in lines if line)


@dataclass(frozen=True)
class TimeGrid:
    """Moments of a time series: `count` of them from `start` on, `step` apart."""

    start: datetime
    step: timedelta
    count: int

    def at(self, place: int) -> datetime:
        """The moment of a row."""
        return self.start + place * self.step


def row_task_of(kind: str, options: DataOptions) -> RowTask:
    """The task of a kind of data.

    Raises:
        ValidationError: The options do not fit the kind, or each other.
    """
    _check_own(kind, options)
    if kind == "timeseries":
        return _series(options)
    if kind == "events":
        return _events(options)
    if kind == "text":
        return _texts(options)
    if options.schema is None:
        raise ValidationError(
            f"Option `schema` must be given for {kind} data, or `example` or `configuration` instead, but is not.",
            {"option": "schema"},
        )
    schema = schema_of_rows(options.schema)
    return RowTask(kind, options.count or 10, schema, schema, _words(options))


def rows_asked(kind: str, options: DataOptions) -> int:
    """How many rows a request asks for.

    Raises:
        ValidationError: The options do not fit the kind, or each other.
    """
    whole = [name for name in ("configuration", "example") if getattr(options, name) is not None]
    if not whole:
        return row_task_of(kind, options).count
    _check_own(kind, options)
    usual = DataOptions()
    for name in (name for names in _OWN.values() for name in names if name != whole[0]):
        if getattr(options, name) != getattr(usual, name):
            raise ValidationError(
                f"Option `{name}` must be left out beside `{whole[0]}`, which says all of it.", {"option": name}
            )
    return options.count or _USUAL_ROWS.get(kind, 10)


def _check_own(kind: str, options: DataOptions) -> None:
    """Refuse options that mean nothing for a kind: what is not heeded must not be taken."""
    usual = DataOptions()
    for other, names in _OWN.items():
        for name in names if kind not in other else ():
            if getattr(options, name) != getattr(usual, name):
                raise ValidationError(
                    f"Option `{name}` must be left out for {kind} data, but is given: it is one of {', '.join(other)}.",
                    {"option": name},
                )


def time_grid(options: DataOptions) -> TimeGrid:
    """Moments of a time series.

    Raises:
        ValidationError: More rows are asked for than there are moments up to `end_date`.
    """
    start = now() if options.start_date is None else moment_of("start_date", options.start_date)
    step = interval_of(options.interval)
    if options.end_date is None:
        count = options.count or _USUAL_ROWS["timeseries"]
        try:
            start + (count - 1) * step
        except OverflowError:
            raise ValidationError(
                f"Option `count` must end before the year 10000, but {count} rows from {stamp(start)} in steps of "
                f"{options.interval} do not.",
                {"option": "count"},
            ) from None
        return TimeGrid(start, step, count)
    end = moment_of("end_date", options.end_date)
    if end < start:
        raise ValidationError(f"Option `end_date` must not be before {stamp(start)}, but is {stamp(end)}.")
    fits = (end - start) // step + 1
    if options.count is not None and options.count > fits:
        raise ValidationError(
            f"Option `count` must be at most {fits} from {stamp(start)} to {stamp(end)} in steps of "
            f"{options.interval}, for no moment has two rows, but is {options.count}.",
            {"option": "count", "most": fits},
        )
    return TimeGrid(start, step, options.count or fits)


def event_range(options: DataOptions) -> tuple[datetime, datetime]:
    """Between which moments events lie: the last 24 hours, unless told otherwise.

    Raises:
        ValidationError: It ends before it begins, or has members that are not known.
    """
    given = dict(options.time_range or {})
    unknown = set(given) - {"start", "end"}
    if unknown:
        raise ValidationError(f"Option `time_range` must have `start` and `end`, but has {sorted(unknown)[0]!r}.")
    end = moment_of("time_range.end", given["end"]) if "end" in given else None
    start = moment_of("time_range.start", given["start"]) if "start" in given else None
    try:
        end = end or (start + timedelta(days=1) if start else now())
        start = start or end - timedelta(days=1)
    except OverflowError:
        raise ValidationError(
            "Option `time_range` must be given whole at the ends of the calendar, but is not."
        ) from None
    if end <= start:
        raise ValidationError(f"Option `time_range` must end after {stamp(start)}, but ends at {stamp(end)}.")
    return start, end


def _series(options: DataOptions) -> RowTask:
    grid = time_grid(options)
    if "timestamp" in options.metrics:
        raise ValidationError("Option `metrics` must name none `timestamp`, which is the moment, but does.")
    numbers = {name: {"type": "number"} for name in options.metrics}
    asked = {"type": "object", "properties": numbers, "required": list(numbers), "additionalProperties": False}
    moment = {"type": "string", "format": "date-time"}
    schema = {
        "type": "object", "properties": {"timestamp": moment, **numbers}, "required": ["timestamp", *numbers],
        "additionalProperties": False,
    }  # fmt: skip
    season = "with a season of a day" if options.seasonality else "without a season"
    words = (
        f"Rows are a time series in steps of {options.interval}: trend {options.trend}, {season}, noise of about "
        f"{options.noise:.0%} of the values."
    )

    def number(row: dict[str, Any], place: int) -> dict[str, Any]:
        return {"timestamp": stamp(grid.at(place)), **row}

    return RowTask(
        "timeseries", grid.count, asked, schema, _words(options, words),
        about=lambda first: f"The first row is that of {stamp(grid.at(first))}.", number=number, may_repeat=True,
    )  # fmt: skip


def _events(options: DataOptions) -> RowTask:
    start, end = event_range(options)
    asked: dict[str, Any] = {
        "type": "object",
        "properties": {
            "eventType": {"enum": list(options.event_types)},
            "userId": {"type": "string", "pattern": f"^user_[1-9][0-9]{{0,{len(str(options.user_count)) - 1}}}$"},
            "metadata": {"type": "object"},
        },
        "required": ["eventType", "userId", "metadata"], "additionalProperties": False,
    }  # fmt: skip
    moment = {"type": "string", "format": "date-time"}
    schema = {
        **asked,
        "properties": {
            "eventId": {"type": "string"}, "eventType": asked["properties"]["eventType"], "timestamp": moment,
            "userId": asked["properties"]["userId"], "metadata": {"type": "object"},
        },
        "required": ["eventId", "eventType", "timestamp", "userId", "metadata"],
    }  # fmt: skip
    words = (
        f"Rows are events of {options.user_count} users, user_1 to user_{options.user_count}, from {stamp(start)} to "
        f"{stamp(end)}, in the order in which they happen."
    )
    count = options.count or _USUAL_ROWS["events"]
    seed = secrets.randbelow(2**31) if options.seed is None else options.seed

    @cache
    def times() -> list[int]:
        """Milliseconds after the start; models cannot keep to a distribution, or to the ends."""
        found: list[int] = event_times(start, end, options.distribution, count, seed).tolist()
        return found

    def take(row: dict[str, Any]) -> dict[str, Any]:
        if int(row["userId"].removeprefix("user_")) > options.user_count:
            raise ValueError(f"{row['userId']} is none of user_1 to user_{options.user_count}")
        return row

    def number(row: dict[str, Any], place: int) -> dict[str, Any]:
        moment = stamp(start + timedelta(milliseconds=times()[place]))
        return {"eventId": f"evt_{place + 1}", "eventType": row["eventType"], "timestamp": moment, **row}

    return RowTask(
        "events", count, asked, schema, _words(options, words), take=take, number=number,
        may_repeat=options.distinct is None,
    )  # fmt: skip


def _texts(options: DataOptions) -> RowTask:
    if options.prompt is None:
        raise ValidationError("Option `prompt` must be given for rows of text, but is not.", {"option": "prompt"})
    schema = {
        "type": "object", "properties": {"text": {"type": "string", "minLength": 1}}, "required": ["text"],
        "additionalProperties": False,
    }  # fmt: skip
    return RowTask("text", options.count or 10, schema, schema, _words(options))


def _words(options: DataOptions, more: str = "") -> str:
    lines = [more]
    if options.prompt is not None:
        lines.append(f"What they are about: {options.prompt}")
    if options.constraints is not None:
        said = options.constraints if isinstance(options.constraints, str) else json.dumps(options.constraints)
        lines.append(f"What else must hold: {said}")
    words = "\n".join(line for line in lines if line)
    if len(words) > _MOST_WORDS:
        raise ValidationError(f"Options `prompt` and `constraints` must have at most {_MOST_WORDS} characters in all.")
    return words

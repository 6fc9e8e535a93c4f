"""Options of requests: of a text, of a data set, and of a batch; each name also in camelCase."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from synqc.apps.synth.checks import check_choice, check_flag, check_number, check_text, check_whole, names_in
from synqc.apps.synth.errors import ValidationError
from synqc.apps.synth.option_names import read_options

__all__ = ["DATA_KINDS", "BatchOptions", "CacheOptions", "DataOptions", "TextOptions", "is_typed"]

DATA_KINDS: Final = ("timeseries", "events", "structured", "text", "json", "csv")
"""Names of data types. `json` is `structured`; `csv` is `structured` written as CSV; `text` is rows of one text."""
_TRENDS: Final = {"up": "up", "upward": "up", "down": "down", "downward": "down", "stable": "stable", "flat": "stable",
                  "random": "random"}  # fmt: skip
_DISTRIBUTIONS: Final = {"uniform": "uniform", "poisson": "poisson", "exponential": "poisson", "normal": "normal"}
"""Times that are exponential apart are those of a Poisson process."""
_MOST_ROWS = 100_000_000
_MOST_EXAMPLES: Final = 100_000


@dataclass(frozen=True, kw_only=True)
class CacheOptions:
    """What a request asks of the cache.

    Args:
        cache: False asks anew and keeps nothing.
        refresh: True asks anew and keeps the new answer.
        only_if_cached: A miss is an error (`CacheMiss`).
        ttl_ms: How long the answer is kept, in milliseconds; None: as configured.
        namespace: Whose answers; those of others are not served.
    """

    cache: bool = True
    refresh: bool = False
    only_if_cached: bool = False
    ttl_ms: float | None = None
    namespace: str | None = None

    def check(self) -> None:
        """Raises ValidationError if an option is out of its range."""
        for name in ("cache", "refresh", "only_if_cached"):
            check_flag(name, getattr(self, name))
        if self.only_if_cached and (self.refresh or not self.cache):
            raise ValidationError("Option `only_if_cached` must be false where the cache is not asked, but is true.")
        if self.ttl_ms is not None:
            check_number("ttl_ms", self.ttl_ms, 0)
        if self.namespace is not None:
            check_text("namespace", self.namespace)


@dataclass(frozen=True, kw_only=True)
class TextOptions(CacheOptions):
    """Of one text.

    Args:
        max_tokens: Most tokens of the answer.
        temperature: 0 to 2; None: the server's choice.
        top_p: 0 to 1; None: the server's choice.
        seed: A whole number or a text; the answer is repeatable where the server keeps to seeds.
        sample: Number of this answer among independent ones to the same prompt.
        system: Words before the prompt.
        stop: Texts that end the answer.
        model: Instead of those of the configuration.
        capabilities: What the model must be able to do.
        deadline_ms: The request must have ended by then.
    """

    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    seed: int | str | None = None
    sample: int = 0
    system: str | None = None
    stop: tuple[str, ...] = ()
    model: str | None = None
    capabilities: tuple[str, ...] = ()
    deadline_ms: float | None = None

    def __post_init__(self) -> None:
        self.check()
        if self.max_tokens is not None:
            check_whole("max_tokens", self.max_tokens, 1, 2**31 - 1)
        if self.temperature is not None:
            check_number("temperature", self.temperature, 0, 2)
        if self.top_p is not None:
            check_number("top_p", self.top_p, 0, 1)
        check_seed(self.seed)
        check_whole("sample", self.sample, 0, 2**31 - 1)
        for name in ("system", "model"):
            if getattr(self, name) is not None:
                check_text(name, getattr(self, name))
        for name in ("stop", "capabilities"):
            object.__setattr__(self, name, names_in(name, getattr(self, name)))
        if self.deadline_ms is not None:
            check_number("deadline_ms", self.deadline_ms, 1)

    @classmethod
    def of(cls, given: Mapping[str, Any] | None = None, **named: Any) -> TextOptions:
        """From options in either spelling.

        >>> TextOptions.of({"maxTokens": 50}, temperature=0).max_tokens
        50
        """
        return read_options(cls, given, named, {"maxOutputTokens": "max_tokens", "ttl": "ttl_ms"})


@dataclass(frozen=True, kw_only=True)
class DataOptions(CacheOptions):
    """Of a data set.

    Args:
        count: Rows; None: 10 of structured data, 100 of events, and of a time series as many as fit up to `end_date`,
            100 where none is given.
        schema: What a row is: fields by name, or a JSON schema of an object.
        configuration: All that the seeded generators shall make, as `to_dict` of a `synqc.generate` Table, Documents,
            TimeSeries or EventLog has it; instead of the kind's own options.
        example: Rows that the seeded generators shall make others like, by distributions that are fitted to them;
            instead of `schema`.
        format: "json": rows as mappings, "array": as lists of values, "csv": one text.
        seed: A whole number or a text.
        constraints: Further words or values for a model.
        prompt: What the rows shall be about, for a model.
        source: "model", "generator" (seeded, without a model), or "auto": a model where one is configured, or where an
            option is given that models alone understand; else the generator.
        model, temperature: As of a text.
        rows_per_call: Rows that a model is asked for at once.
        max_candidates: Rows that a model may make in all to have `count` accepted; None: three times as many, and 20.
        accept: accept(row) says whether a row that fits its schema is taken.
        distinct: Least similarity of texts of rows (0.2 to 1) at which one repeats another; None: only equal rows do.
        on_exhaustion: "raise" an error where too few are accepted, or "return_partial" what there is.
        start_date, end_date, interval, metrics, trend, seasonality, noise: Properties of a time series.
        event_types, distribution, time_range, user_count: Properties of events.
        deadline_ms: The request must have ended by then.
    """

    count: int | None = None
    schema: Mapping[str, Any] | None = None
    configuration: Mapping[str, Any] | None = None
    example: Sequence[Mapping[str, Any]] | None = None
    format: str = "json"
    seed: int | str | None = None
    constraints: Any = None
    prompt: str | None = None
    source: str = "auto"
    model: str | None = None
    temperature: float | None = None
    rows_per_call: int = 10
    max_candidates: int | None = None
    accept: Callable[[Mapping[str, Any]], bool] | None = field(default=None, compare=False)
    distinct: float | None = None
    on_exhaustion: str = "raise"
    start_date: Any = None
    end_date: Any = None
    interval: str = "1h"
    metrics: tuple[str, ...] = ("value",)
    trend: str = "stable"
    seasonality: bool = False
    noise: float = 0.1
    event_types: tuple[str, ...] = ("click", "view", "purchase")
    distribution: str = "uniform"
    time_range: Mapping[str, Any] | None = None
    user_count: int = 50
    deadline_ms: float | None = None

    def __post_init__(self) -> None:
        self.check()
        if self.count is not None:
            check_whole("count", self.count, 1, _MOST_ROWS)
        if self.schema is not None and not isinstance(self.schema, Mapping):
            raise ValidationError(f"Option `schema` must map names to fields, but is {self.schema!r:.80}.")
        if self.configuration is not None and not isinstance(self.configuration, Mapping):
            raise ValidationError(
                f"Option `configuration` must be a mapping with a kind, but is {self.configuration!r:.80}."
            )
        if self.example is not None:
            object.__setattr__(self, "example", _rows_given(self.example))
        check_choice("format", self.format, ("json", "csv", "array"))
        check_seed(self.seed)
        for name in ("prompt", "model"):
            if getattr(self, name) is not None:
                check_text(name, getattr(self, name))
        check_choice("source", self.source, ("auto", "model", "generator"))
        if self.temperature is not None:
            check_number("temperature", self.temperature, 0, 2)
        check_whole("rows_per_call", self.rows_per_call, 1, 1000)
        if self.max_candidates is not None:
            check_whole("max_candidates", self.max_candidates, 1, _MOST_ROWS)
        if self.accept is not None and not callable(self.accept):
            raise ValidationError(f"Option `accept` must be a function of a row, but is {self.accept!r:.80}.")
        if self.distinct is not None:
            check_number("distinct", self.distinct, 0.2, 1)
        check_choice("on_exhaustion", self.on_exhaustion, ("raise", "return_partial"))
        for name in ("metrics", "event_types"):
            object.__setattr__(self, name, _distinct_names(name, getattr(self, name)))
        check_choice("trend", self.trend, _TRENDS)
        object.__setattr__(self, "trend", _TRENDS[self.trend])
        check_flag("seasonality", self.seasonality)
        check_number("noise", self.noise, 0, 1)
        check_choice("distribution", self.distribution, _DISTRIBUTIONS)
        object.__setattr__(self, "distribution", _DISTRIBUTIONS[self.distribution])
        check_whole("user_count", self.user_count, 1, 1_000_000_000)
        if self.deadline_ms is not None:
            check_number("deadline_ms", self.deadline_ms, 1)

    @classmethod
    def of(cls, given: Mapping[str, Any] | None = None, **named: Any) -> DataOptions:
        """From options in either spelling, and the names that the original's guide uses.

        >>> DataOptions.of({"eventTypes": ["a"], "trend": "upward", "userCount": 3}).trend
        'up'
        """
        return read_options(cls, given, named, {"types": "event_types", "ttl": "ttl_ms"})


@dataclass(frozen=True, kw_only=True)
class BatchOptions:
    """Of a batch.

    Args:
        concurrency: Items under way at a time; None: as configured, and 3 of data sets.
        on_error: "collect": an item that fails is a `GenerationFailure` in its place; "fail_fast": the first failure
            ends the batch.
        dedupe: True: equal items are done once; a number: so are prompts at least so similar (0.2 to 1); False: none.
        deadline_ms: The batch must have ended by then; what has not is a failure.
        progress: progress(done, total) is called as items end.
        resume: Name of the batch in the ledger: the same call goes on from what it has, after a crash, too, and tries
            again what failed.
    """

    concurrency: int | None = None
    on_error: str = "collect"
    dedupe: bool | float = True
    deadline_ms: float | None = None
    progress: Callable[[int, int], object] | None = None
    resume: str | None = None

    def __post_init__(self) -> None:
        if self.concurrency is not None:
            check_whole("concurrency", self.concurrency, 1, 100_000)
        check_choice("on_error", self.on_error, ("collect", "fail_fast"))
        if not isinstance(self.dedupe, bool):
            check_number("dedupe", self.dedupe, 0.2, 1)
        if self.deadline_ms is not None:
            check_number("deadline_ms", self.deadline_ms, 1)
        if self.progress is not None and not callable(self.progress):
            raise ValidationError(f"Option `progress` must be a function of two numbers, but is {self.progress!r:.80}.")
        if self.resume is not None:
            check_text("resume", self.resume)


def is_typed(first: Any, options: Mapping[str, Any]) -> bool:
    """Whether a call means a kind of data: it names one exactly, and its options have one of a data set's alone.

    >>> is_typed("timeseries", {"count": 3}), is_typed("text", {"maxTokens": 9}), is_typed("Events of a day", {})
    (True, False, False)
    """
    return first in DATA_KINDS and any(name in _TYPED for name in options)


def check_seed(seed: Any) -> None:
    """Raises ValidationError unless a seed is a whole number, a text or None."""
    if seed is not None and (isinstance(seed, bool) or not isinstance(seed, (int, str))):
        raise ValidationError(f"Option `seed` must be a whole number or a text, but is {seed!r:.80}.")


def _rows_given(rows: Any) -> tuple[Mapping[str, Any], ...]:
    fits = isinstance(rows, (list, tuple)) and 1 <= len(rows) <= _MOST_EXAMPLES
    if not fits or not all(isinstance(row, Mapping) and row for row in rows):
        raise ValidationError(
            f"Option `example` must be a list of 1 to {_MOST_EXAMPLES} rows with columns, but is {rows!r:.80}.",
            {"option": "example"},
        )
    return tuple(rows)


def _distinct_names(name: str, value: Any) -> tuple[str, ...]:
    names = names_in(name, value)
    if not names or len(set(names)) < len(names):
        raise ValidationError(f"Option `{name}` must hold different names, at least one, but is {list(names)!r:.80}.")
    return names


_OF_BOTH = {
    "seed", "model", "temperature", "deadline_ms", "deadlineMs", "cache", "refresh", "only_if_cached", "onlyIfCached",
    "ttl_ms", "ttlMs", "ttl", "namespace",
}  # fmt: skip
_TYPED: Final = frozenset({
    "configuration", "example",
    "count", "schema", "format", "constraints", "prompt", "source", "rows_per_call", "rowsPerCall", "max_candidates",
    "maxCandidates", "accept", "distinct", "on_exhaustion", "onExhaustion", "start_date", "startDate", "end_date",
    "endDate", "interval", "metrics", "trend", "seasonality", "noise", "event_types", "eventTypes", "types",
    "distribution", "time_range", "timeRange", "user_count", "userCount",
}) - _OF_BOTH  # fmt: skip

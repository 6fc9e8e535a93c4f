"""The names under which a process keeps its metrics."""

from __future__ import annotations

import functools
import json
import os
import threading
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from synqc import _core
from synqc._core import Counter, Gauge, Histogram
from synqc.errors import InputError
from synqc.metrics.exposition import OPENMETRICS, PROMETHEUS, Exposition, prefers_openmetrics
from synqc.metrics.snapshots import CANCELLED, ERRORS, SECONDS, Snapshot, with_operations
from synqc.metrics.timer import Timer

__all__ = ["Registry", "Sample"]

_DEFAULT_LOWEST = 2.0**-30


@dataclass(frozen=True)
class Sample:
    """A number that somebody else keeps and a collector tells.

    Args:
        name: Name of the metric; no metric of the registry may have it.
        value: Value; of a counter, at least 0.
        kind: "counter" for what only grows, "gauge" for what goes up and down.
        labels: Names and values; the same names in every sample of a name.
        help: What the number means.
        unit: In what it counts.
    """

    name: str
    value: float
    kind: Literal["counter", "gauge"] = "gauge"
    labels: Mapping[str, object] = field(default_factory=dict)
    help: str = ""
    unit: str = ""


class Registry:
    """Metrics by name, and collectors that are asked for more when somebody looks.

    Any thread may record, register and take snapshots.

    Args:
        most_series: So many different label values has each metric at most; all further ones share one series whose
            label values are "_overflow", and how often that happened is counted. Values of your own that are all
            "_overflow", with underscores behind it or not, get one underscore more.

    Examples:
        >>> registry = Registry()
        >>> requests = registry.counter("requests_total", "Requests answered.", ["route"])
        >>> requests.labels(route="/runs").add()
        >>> sizes = registry.histogram("response_bytes", "Size of answers.", unit="bytes", lowest=1)
        >>> for size in (100, 200, 300):
        ...     sizes.record(size)
        >>> sizes.quantile(1.0)
        300.0
        >>> registry.snapshot()["metrics"]["requests_total"]["series"]
        [{'labels': {'route': '/runs'}, 'value': 1}]
    """

    def __init__(self, *, most_series: int = 1000) -> None:
        if not isinstance(most_series, int) or not 1 <= most_series < 2**63:
            raise InputError(f"Argument `most_series` must be a whole number of at least 1, but is {most_series!r}.")
        self._core = _core.MetricsRegistry(most_series)
        self._timers: dict[str, Timer] = {}
        self._collectors: dict[str, _Held] = {}
        self._names: set[str] = set()
        _registries.add(self)

    def counter(self, name: str, help: str = "", labels: Sequence[str] = (), *, unit: str = "") -> Counter:
        """A number that only grows: `add(amount=1)`, `value()`.

        The same name gives the same counter; help and unit may then be left out.

        Args:
            name: As Prometheus allows it; ends with `_total` by convention.
            help: What it counts.
            labels: Names of labels; `counter.labels(name=value)` is then what counts.
            unit: Unit of what it counts.

        Raises:
            InputError: A name is malformed or already means something else.
        """
        made: Counter = self._core.counter(name, help, unit, _names(labels))
        self._names.add(name)
        return made

    def gauge(self, name: str, help: str = "", labels: Sequence[str] = (), *, unit: str = "") -> Gauge:
        """A number that goes up and down: `set(value)`, `add(value)`, `value()`. See `counter` for the arguments."""
        made: Gauge = self._core.gauge(name, help, unit, _names(labels))
        self._names.add(name)
        return made

    def histogram(
        self, name: str, help: str = "", labels: Sequence[str] = (), *, unit: str = "", lowest: float | None = None
    ) -> Histogram:
        """Distribution of numbers: `record(value)`, `quantile(q)`, `count()`.

        Keeps count, sum, least and largest exactly and quantiles to 1 %, in 16 KiB for each thread that records (at
        most 33 of them). See `counter` for the other arguments.

        Args:
            lowest: Values above this and up to 2**48 times as much are told apart, others count at the ends. A
                power of two, or rounded down to one. By default 2**-30: 1 ns to 3 days, in seconds.
        """
        start = _DEFAULT_LOWEST if lowest is None else lowest
        made: Histogram = self._core.histogram(name, help, unit, _names(labels), start)
        return made

    def timer(self, name: str, help: str = "", labels: Sequence[str] = ()) -> Timer:
        """Time of an operation, as a context manager or a decorator: see `Timer`.

        Args:
            name: Name of the operation; the metrics `<name>_seconds` (of those that succeeded), `<name>_errors_total`
                and `<name>_cancelled_total` belong to it.
            help: What the operation does.
            labels: Names of labels; `timer.labels(name=value)` is then what times.
        """
        if not name:
            raise InputError("Argument `name` must be that of an operation, but is empty.")
        names = _names(labels)
        known = self._timers.get(name)
        if known is not None and known.label_names == tuple(names):
            return known
        # No lock: whatever allocates may run a finaliser that comes back here. Making a metric twice is making it once.
        makers: dict[str, Callable[[str], Any]] = {
            name + SECONDS: lambda metric: self.histogram(metric, help, names, unit="seconds"),
            name + ERRORS: lambda metric: self.counter(metric, f"Failures of {name}.", names),
            name + CANCELLED: lambda metric: self.counter(metric, f"Cancellations of {name}.", names),
        }
        for metric in self._names.intersection(makers):
            makers[metric](metric)  # if one means something else, it is refused before the others are made
        seconds, errors, cancelled = (make(metric) for metric, make in makers.items())
        return self._timers.setdefault(name, Timer(name, seconds, errors, cancelled, tuple(names)))

    def add_collector(self, name: str, collect: Callable[[], Iterable[Sample]]) -> None:
        """Ask `collect` whenever a snapshot is taken.

        If it fails, or tells something malformed, the snapshot is taken without it, and `snapshot()["collectors"]` says
        how often that happened and why. Ctrl-C and `SystemExit` are no failures: they are raised by the snapshot.

        Args:
            name: Under which failures are counted, and by which it is removed.
            collect: Returns samples; it may record and register.

        Examples:
            >>> registry = Registry()
            >>> registry.add_collector("queue", lambda: [Sample("queue_depth", 3)])
            >>> registry.snapshot()["metrics"]["queue_depth"]["series"]
            [{'labels': {}, 'value': 3.0}]
        """
        if not callable(collect):
            raise InputError(f"Argument `collect` must be callable, but is {collect!r}.")
        held = _Held(collect)
        self._core.add_collector(name, functools.partial(_ask, weakref.ref(held)))
        self._collectors[name] = held

    def remove_collector(self, name: str) -> bool:
        """Ask no longer; False if there is no collector of that name."""
        self._collectors.pop(name, None)
        return self._core.remove_collector(name)

    def snapshot(self) -> Snapshot:
        """Everything as plain values that JSON can hold and `merge` can add up.

        Collectors are asked first; then all metrics are read in one pass while no other Python thread runs, so that
        what Python recorded is seen as it was at one moment. A histogram's count is the sum of its cells in any case.

        Returns:
            `metrics` by name, each with `kind`, `help`, `unit`, `labels` (names), `overflowed` and `series`. A series
            has `labels` and a `value`, or for a histogram `count`, `sum`, `min`, `max`, `mean`, `p50`, `p95`, `p99`,
            `not_finite` and `cells` (pairs of cell and count). Also `operations`, `collectors`, `age_seconds`
            and `format`. What is no finite number is None.
        """
        taken: Snapshot = _uninterrupted(self._core.snapshot)
        for failures in taken["collectors"].values():
            # The core's account of an exception ends with where it was raised, which is nobody else's business.
            failures["last_failure"] = failures["last_failure"].partition(_WHERE)[0]
        return with_operations(taken)

    def prometheus(self) -> str:
        """Text format 0.0.4 of Prometheus; a histogram has 16 edges, each four times the one before, and on the default
        scale nine more, at most half apart from 1 to 64 ms."""
        text: str = _uninterrupted(self._core.prometheus)
        return text

    def openmetrics(self) -> str:
        """Text format 1.0 of OpenMetrics, with the edges of `prometheus`.

        A counter's family has no `_total` at its end, its samples do; a unit is told where the name ends with it; a
        histogram whose values add up to less than 0 has neither `_sum` nor `_count`. Where that makes two families
        of one name, such as the counter `hits_total` beside the gauge `hits`, the later one gets an underscore more.

        Examples:
            >>> registry = Registry()
            >>> registry.counter("read_bytes_total", "Bytes read.", unit="bytes").add(3)
            >>> print(registry.openmetrics(), end="")
            # HELP read_bytes Bytes read.
            # TYPE read_bytes counter
            # UNIT read_bytes bytes
            read_bytes_total 3
            # EOF
        """
        text: str = _uninterrupted(self._core.openmetrics)
        return text

    def exposition(self, accept: str = "") -> Exposition:
        """Text for whoever asks over HTTP: `openmetrics` if the request prefers it, else `prometheus`.

        Args:
            accept: The request's header `Accept`.

        Examples:
            >>> Registry().exposition("application/openmetrics-text; version=1.0.0")
            Exposition(text='# EOF\\n', media_type='application/openmetrics-text; version=1.0.0; charset=utf-8')
        """
        if prefers_openmetrics(accept):
            return Exposition(self.openmetrics(), OPENMETRICS)
        return Exposition(self.prometheus(), PROMETHEUS)

    def to_json(self) -> str:
        """The snapshot as a JSON document."""
        return json.dumps(self.snapshot(), allow_nan=False, separators=(",", ":"))


def _names(labels: Sequence[str]) -> list[str]:
    if isinstance(labels, str) or not all(isinstance(label, str) for label in labels):
        raise InputError(f"Argument `labels` must be a sequence of names, but is {labels!r}.")
    return list(labels)


class _Held:
    """A collector, held here and not by the core: a collector that knows its registry can then be freed with it."""

    def __init__(self, collect: Callable[[], Iterable[Sample]]) -> None:
        self.collect = collect


_WHERE = "\n\nAt:\n"


class _Interrupts(threading.local):
    """What collectors raised that is meant for the program, in the course of the look that a thread is taking.

    No context variable: a finaliser that takes a look while the collector runs inside ContextVar.set would have
    CPython 3.11 read a context that was freed.
    """

    raised: list[BaseException] | None = None


_interrupts = _Interrupts()


def _ask(held: weakref.ref[_Held]) -> Iterable[Sample]:
    found = held()
    try:
        return () if found is None else list(found.collect())
    except Exception:
        raise
    except BaseException as interrupt:
        raised = _interrupts.raised
        if raised is None:
            raise
        raised.append(interrupt)
        return ()


def _uninterrupted(look: Callable[[], Any]) -> Any:
    """What a look at all metrics gives; raises what a collector heard that was meant for the program."""
    raised: list[BaseException] = []
    outer = _interrupts.raised
    _interrupts.raised = raised
    try:
        taken = look()
    finally:
        _interrupts.raised = outer
    if raised:
        raise raised[0]
    return taken


_registries: weakref.WeakSet[Registry] = weakref.WeakSet()


def _start_again_in_child() -> None:
    for registry in list(_registries):
        registry._core.start_again()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_start_again_in_child)

"""Pipelines: items through stages, several at a time, with an outcome for each."""

from __future__ import annotations

import contextlib
import operator
import time
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from synqc import _core
from synqc.errors import InputError, TimedOut
from synqc.metrics import Registry
from synqc.pipeline.arguments import is_whole, seconds_in
from synqc.pipeline.progress import ProgressBar, ProgressOption, progress_callback
from synqc.pipeline.results import Results
from synqc.pipeline.run import Run, planned
from synqc.pipeline.stage import Native, Stage
from synqc.pipeline.stream import AsyncStream, Stream

__all__ = ["Pipeline", "Progress", "map"]


@dataclass(frozen=True)
class Progress:
    """Items of all runs of a pipeline so far."""

    admitted: int
    retries: int
    ok: int
    error: int
    timeout: int
    cancelled: int
    skipped: int

    @property
    def in_flight(self) -> int:
        """Admitted and not ended."""
        return max(0, self.admitted - self.ok - self.error - self.timeout - self.cancelled - self.skipped)


class Pipeline:
    """Stages that items pass one after the other, while other items are at other stages.

    A failure harms no other item. With `on_error`:

    - "raise": the first failure is raised: first in the input with `order="input"` (items before it are finished),
      first seen with `order="completion"`. The exception's attribute `results`, if it takes any, holds the outcomes
      so far.
    - "collect": failures are outcomes; a stream gives `Outcome`s instead of values.
    - "skip": items that fail are left out of the values.

    A stage that returns `SKIP` takes its item out. Ctrl-C, and `KeyboardInterrupt` or `SystemExit` of a stage, end a
    run at once and are raised with `results`, too; so is an exception of the input, after the items before it.

    Args:
        stages: `Stage`s, functions, coroutine functions, or what `native` gives.
        max_in_flight: Items at once between input and output; by default twice the places of all stages, at least 256.
        order: Order of the values: that of the input, or as they come. A stream in input order holds back what is
            early, at most `max_in_flight`.
        on_error: What becomes of failures.
        deadline: Seconds for a whole run. What is unfinished then is cancelled; "raise" raises `TimedOut`.
        metrics: Registry for `pipeline_items_total` (by outcome) and `pipeline_item_seconds`, recorded as results
            are handed out.

    Examples:
        >>> from synqc.pipeline import Pipeline, Stage
        >>> async def half(x):
        ...     return x / 2
        >>> Pipeline([abs, Stage(half, concurrency=10)]).run([-4, 6]).values
        [2.0, 3.0]
        >>> results = Pipeline([lambda x: 1 / x], on_error="collect").run([1, 0, 2])
        >>> results.values, results.counts["error"], results.outcomes[1].error
        ([1.0, 0.5], 1, ZeroDivisionError('division by zero'))
    """

    def __init__(
        self,
        stages: Sequence[Stage | Native | Callable[[Any], Any]],
        *,
        max_in_flight: int | None = None,
        order: Literal["input", "completion"] = "input",
        on_error: Literal["raise", "collect", "skip"] = "raise",
        deadline: float | None = None,
        metrics: Registry | None = None,
    ) -> None:
        if not stages:
            raise InputError("Argument `stages` must have at least one stage, but is empty.")
        if order not in ("input", "completion"):
            raise InputError(f'Argument `order` must be "input" or "completion", but is {order!r}.')
        if on_error not in ("raise", "collect", "skip"):
            raise InputError(f'Argument `on_error` must be "raise", "collect" or "skip", but is {on_error!r}.')
        if deadline is not None and not 0 < (seconds_in(deadline) or 0) < 1e9:
            raise InputError(f"Argument `deadline` must be above 0 s and below 1e9, but is {deadline!r}.")
        if max_in_flight is not None and not is_whole(max_in_flight, least=1):
            raise InputError(
                f"Argument `max_in_flight` must be a whole number from 1 to 2**31 - 1, but is {max_in_flight!r}."
            )
        self.stages = tuple(stage if isinstance(stage, Stage) else Stage(stage) for stage in stages)
        self.max_in_flight = max_in_flight or max(256, 2 * sum(stage.concurrency for stage in self.stages))
        self.order = order
        self.on_error = on_error
        self.deadline = deadline
        self._metrics = metrics
        self._plan = [planned(stage) for stage in self.stages]
        self._progress = _core.PipelineProgress()

    @property
    def progress(self) -> Progress:
        """Counts of all runs, finished or not; any thread may ask."""
        return Progress(*self._progress.counts())

    def run(self, items: Iterable[Any], *, stop: Any = None, progress: ProgressOption = False) -> Results:
        """Send all items through, and wait.

        Functions with concurrency 1 and no timeout are called on this thread, coroutines on an event loop
        of the run's own.

        Args:
            items: The input; it is asked for more as there is room.
            stop: A `StopFlag`: the run then ends with the results so far.
            progress: "auto" or True for a bar, or a callable of (done, total).

        Raises:
            TimedOut: The deadline passed, with on_error="raise".
            Exception: The first failure, with on_error="raise"; see the class.
        """
        bar = progress_callback(progress, "items")
        run = self._new_run(iter(items), stop, _show(bar, items))
        try:
            with run.core:
                run.drive()
        except BaseException as error:
            run.close("interrupt" if isinstance(error, KeyboardInterrupt) else "error")
            _attach(error, run.results())
            raise
        finally:
            run.close("error")
            if isinstance(bar, ProgressBar):
                bar.close()
        return self._concluded(run)

    async def arun(
        self, items: Iterable[Any] | AsyncIterable[Any], *, stop: Any = None, progress: ProgressOption = False
    ) -> Results:
        """`run` inside the event loop that runs, which also serves the coroutine stages.

        Functions with concurrency 1 and no timeout are called on the loop's thread, about a millisecond at a time.
        Cancelling the task cancels the run.
        """
        bar = progress_callback(progress, "items")
        run, source = self._new_async_run(items, stop, _show(bar, items))
        try:
            with run.core:
                await run.adrive(source)
        finally:
            await run.aclose("cancelled")
            if isinstance(bar, ProgressBar):
                bar.close()
        return self._concluded(run)

    def stream(self, items: Iterable[Any], *, stop: Any = None) -> Stream:
        """An iterator of values, or of `Outcome`s with on_error="collect".

        Takes from the input only while somebody iterates, at most `max_in_flight` ahead; it may be endless.
        Close it, or use it in a `with` statement, to cancel what is under way.
        """
        return Stream(self._new_run(iter(items), stop, None, keeps_all=False), self)

    def astream(self, items: Iterable[Any] | AsyncIterable[Any], *, stop: Any = None) -> AsyncStream:
        """`stream` inside the event loop that runs, for `async for`; use `async with` or `aclose` to cancel."""
        run, source = self._new_async_run(items, stop, None, keeps_all=False)
        return AsyncStream(run, source, self)

    def _new_run(self, items: Any, stop: Any, show: Any, *, keeps_all: bool = True) -> Run:
        return Run(
            self.stages, self._plan, items, stop, show, progress=self._progress, window=self.max_in_flight,
            in_order=self.order == "input", keeps_all=keeps_all, stops_at_error=self.on_error == "raise",
            deadline=self.deadline or 0.0,
        )  # fmt: skip

    def _new_async_run(self, items: Any, stop: Any, show: Any, *, keeps_all: bool = True) -> tuple[Run, Any]:
        source: AsyncIterator[Any] | None = aiter(items) if isinstance(items, AsyncIterable) else None
        return self._new_run(None if source else iter(items), stop, show, keeps_all=keeps_all), source

    def _concluded(self, run: Run) -> Results:
        results = run.results()
        self._record(results)
        error = self._reason_to_raise(run, results)
        if error is not None:
            _attach(error, results)
            raise error
        return results

    def _reason_to_raise(self, run: Run, results: Results) -> BaseException | None:
        error: BaseException | None = run.core.take_input_error()
        if error is not None or self.on_error != "raise":
            return error
        if results.stopped == "error":
            return next(iter(results.errors.values()))
        if results.stopped == "deadline":
            return TimedOut(f"Pipeline must end within {self.deadline:g} s, but did not.")
        return None

    def _record(self, results: Results) -> None:
        if self._metrics is None:
            return
        counter = self._metrics.counter("pipeline_items_total", "Items by outcome.", ["outcome"])
        for name, count in results.counts.items():
            counter.labels(outcome=name).add(count)
        seconds = self._metrics.histogram("pipeline_item_seconds", "Time in stages.", unit="seconds")
        for value in results.run_seconds.tolist():
            seconds.record(value)


def map(  # as peers call it
    function: Callable[[Any], Any] | Native,
    items: Iterable[Any],
    *,
    concurrency: int = 1,
    timeout: float | None = None,
    order: Literal["input", "completion"] = "input",
    on_error: Literal["raise", "collect", "skip"] = "raise",
    progress: ProgressOption = False,
) -> list[Any]:
    """Values of one function over many items, several at a time: a pipeline of one stage, run once.

    Args:
        function: Takes one item; may be a coroutine function.
        items: The input.
        concurrency: How many calls may run at once.
        timeout: Seconds for a call.
        order: Order of the values: that of the input, or as they come.
        on_error: Fate of failures, as for `Pipeline`; "collect" and "skip" leave them out.
        progress: As for `Pipeline.run`.

    Returns:
        Values, one for each item that did not fail.

    Raises:
        Exception: The first failure, with on_error="raise".

    Examples:
        >>> from synqc import pipeline
        >>> pipeline.map(str.upper, ["a", "b"], concurrency=8)
        ['A', 'B']
    """
    stage = Stage(function, concurrency=concurrency, timeout=timeout)
    return list(Pipeline([stage], order=order, on_error=on_error).run(items, progress=progress).values)


def _attach(error: BaseException, results: Results) -> None:
    with contextlib.suppress(Exception):  # frozen, or with slots: the error itself matters more
        error.results = results  # type: ignore[attr-defined]


def _show(bar: Callable[[int, int], object] | None, items: Any) -> Callable[[int], object] | None:
    if bar is None:
        return None
    try:
        total = operator.length_hint(items, 0)
    except Exception:  # no reason to end the run
        total = 0
    shown = [time.monotonic()]

    def show(done: int) -> None:
        now = time.monotonic()
        if now - shown[0] >= 0.1 or done == total:
            shown[0] = now
            bar(done, total)

    return show

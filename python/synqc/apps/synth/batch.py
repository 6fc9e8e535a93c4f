"""Batches: items side by side, each begun as soon as there is room, results in the order of the input."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from synqc.apps.synth.errors import BatchFailed
from synqc.apps.synth.options import BatchOptions
from synqc.apps.synth.results import BatchGenerationResult, GenerationFailure
from synqc.errors import TimedOut
from synqc.pipeline import Outcome, Pipeline, Stage
from synqc.text import deduplicate

__all__ = ["repetitions_in", "run_batch"]


def repetitions_in(keys: Sequence[str], texts: Sequence[str] | None, dedupe: bool | float) -> list[int]:
    """For each item the place of the first one that it repeats; its own, if it repeats none.

    Args:
        keys: Equal for equal items.
        texts: Texts of items that may be nearly the same; None: none may.
        dedupe: As in `BatchOptions`.

    Examples:
        >>> repetitions_in(["a", "b", "a"], None, True), repetitions_in(["a", "b", "a"], None, False)
        ([0, 1, 0], [0, 1, 2])
    """
    if dedupe is False:
        return list(range(len(keys)))
    first: dict[str, int] = {}
    of = [first.setdefault(key, place) for place, key in enumerate(keys)]
    if dedupe is True or texts is None:
        return of
    for match in deduplicate(texts, threshold=float(dedupe), progress=False).duplicates:
        of[match.row] = of[int(match.of)]
    return of


async def run_batch(
    items: Sequence[Any], make: Callable[[Any], Awaitable[Any]], of: Sequence[int], options: BatchOptions, *,
    concurrency: int, made: dict[int, Any] | None = None, keep: Callable[[int, Any], Awaitable[None]] | None = None,
) -> BatchGenerationResult:  # fmt: skip
    """Results of all items.

    Args:
        items: The input.
        make: Makes one.
        of: As `repetitions_in` says.
        options: What becomes of failures, and when it must end.
        concurrency: Items under way at a time.
        made: Results that an earlier run has, by place.
        keep: keep(place, result) stores one for good.

    Raises:
        BatchFailed: An item failed, and the first failure ends the batch.
    """
    began = time.perf_counter()
    made = dict(made or {})
    results: dict[int, Any] = dict(made)
    places = [place for place, first in enumerate(of) if place == first and place not in made]
    done = len(made)

    async def one(place: int) -> int:
        nonlocal done
        result = await make(items[place])
        if keep is not None:
            await keep(place, result)
        results[place] = result
        done += 1
        if options.progress is not None:
            options.progress(done, len(places) + len(made))
        return place

    pipeline = Pipeline(
        [Stage(one, concurrency=concurrency)], order="completion", on_error="collect",
        max_in_flight=max(concurrency, 1), deadline=None if options.deadline_ms is None else options.deadline_ms / 1000,
    )  # fmt: skip
    failures: dict[int, BaseException] = {}
    async with pipeline.astream(places) as outcomes:
        async for outcome in outcomes:
            if outcome.status == "ok":
                continue
            failures[places[outcome.index]] = _error_of(outcome, options)
            if options.on_error == "fail_fast":
                break
    if failures and options.on_error == "fail_fast":
        place, error = next(iter(failures.items()))
        raise BatchFailed(
            f"Item {place} of the batch failed: {error}", [results.get(one) for one in of],
            {"index": place, "code": getattr(error, "code", type(error).__name__)},
        ) from error  # fmt: skip
    unfinished = TimedOut(f"The batch must end within {(options.deadline_ms or 0) / 1000:g} s, but did not.")
    told = []
    for place, first in enumerate(of):
        if first in results:
            told.append(results[first])
        else:
            error = failures.get(first, unfinished)
            told.append(GenerationFailure(place, str(getattr(error, "code", type(error).__name__)), str(error), error))
    return _summed(told, of, began, resumed=len(made))


def _error_of(outcome: Outcome, options: BatchOptions) -> BaseException:
    if outcome.error is not None:
        return outcome.error
    return TimedOut(f"The batch must end within {(options.deadline_ms or 0) / 1000:g} s, but did not.")


def _summed(told: list[Any], of: Sequence[int], began: float, *, resumed: int) -> BatchGenerationResult:
    tokens, latencies, hits, succeeded = 0, [], 0, 0
    for place, (first, result) in enumerate(zip(of, told, strict=True)):
        if not result.ok:
            continue
        cached, used, latency = _figures(result)
        succeeded += 1
        latencies.append(latency)
        hits += cached or place != first
        tokens += 0 if cached or place != first else used
    return BatchGenerationResult(
        told, tokens, sum(latencies) / len(latencies) if latencies else 0.0, hits / succeeded if succeeded else 0.0,
        1e3 * (time.perf_counter() - began), repeated=sum(place != first for place, first in enumerate(of)),
        resumed=resumed,
    )  # fmt: skip


def _figures(result: Any) -> tuple[bool, int, float]:
    if hasattr(result, "metadata"):
        return result.metadata.cached, result.metadata.tokens_used, result.metadata.duration
    return result.cached, result.tokens_used, result.latency_ms

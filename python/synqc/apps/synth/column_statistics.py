"""Statistics of the columns of a data set, for whoever looks at it."""

from __future__ import annotations

import json
import math
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from synqc.apps.synth.row_formats import columns_of

__all__ = ["column_statistics"]

_MOST_VALUES: Final = 10
_MOST_WHOLE: Final = 2**53
_BINS: Final = 20


def column_statistics(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One entry per column, in their order.

    Each has `name`, `rows`, `missing`, `distinct` and `type`; numbers `min`, `max`, `mean`, `deviation`, `quartiles`
    and a `histogram` of at most 20 bins (`edges`, `counts`), of whole numbers with as many of them in each; all others
    the most frequent `values` with their counts; texts `min_length`, `max_length`.

    Examples:
        >>> found = column_statistics([{"n": 1, "c": "a"}, {"n": 3, "c": "a"}, {"n": None}])
        >>> found[0]["mean"], found[0]["missing"], found[1]["values"], found[1]["missing"]
        (2.0, 1, [['a', 2]], 1)
    """
    return [_column(name, [row.get(name) for row in rows]) for name in columns_of(rows)]


def _column(name: str, values: Sequence[Any]) -> dict[str, Any]:
    there = [value for value in values if value is not None]
    keys = [value if isinstance(value, str) else json.dumps(value, ensure_ascii=False) for value in there]
    counts = Counter(keys)
    found: dict[str, Any] = {
        "name": name, "rows": len(values), "missing": len(values) - len(there), "distinct": len(counts),
        "type": _type(there),
    }  # fmt: skip
    if found["type"] == "number":
        return found | _numbers(there)
    found["values"] = [[value, count] for value, count in counts.most_common(_MOST_VALUES)]
    if found["type"] == "text":
        lengths = [len(value) for value in there]
        found |= {"min_length": min(lengths), "max_length": max(lengths)}
    return found


def _type(values: Sequence[Any]) -> str:
    if not values:
        return "empty"
    if all(isinstance(value, bool) for value in values):
        return "boolean"
    if all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values):
        return "number"
    return "text" if all(isinstance(value, str) for value in values) else "mixed"


def _numbers(values: Sequence[float]) -> dict[str, Any]:
    ordered = sorted(float(value) for value in values)
    low, high = ordered[0], ordered[-1]
    quartiles = [ordered[0]] * 3 if len(ordered) == 1 else statistics.quantiles(ordered, n=4, method="inclusive")
    return {
        "min": low, "max": high, "mean": math.fsum(ordered) / len(ordered),
        "deviation": statistics.pstdev(ordered) if len(ordered) > 1 else 0.0, "quartiles": quartiles,
        "histogram": _histogram(ordered, low, high),
    }  # fmt: skip


def _histogram(values: Sequence[float], low: float, high: float) -> dict[str, list[Any]]:
    if low == high:
        return {"edges": [low, high], "counts": [len(values)]}
    if all(value.is_integer() for value in values) and high - low < _MOST_WHOLE:
        # As many whole numbers in each, or a histogram of few has gaps that its numbers have not.
        width = -(-int(high - low + 1) // _BINS)
        counts = [0] * -(-int(high - low + 1) // width)
        for value in values:
            counts[int(value - low) // width] += 1
        return {"edges": [low - 0.5 + width * k for k in range(len(counts) + 1)], "counts": counts}
    counts = [0] * _BINS
    half = high / 2 - low / 2  # the width itself may be beyond floats
    for value in values:
        counts[min(_BINS - 1, int((value / 2 - low / 2) / half * _BINS))] += 1
    edges = [low * (1 - k / _BINS) + high * (k / _BINS) for k in range(_BINS)]
    return {"edges": [*edges, high], "counts": counts}

"""What `measure.compare` says of functions whose times are known to be equal, or not."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping

from synqc.benchmarks.measurement import Measurement, Setting, refuse_unless
from synqc.measure import Comparison, compare

__all__ = ["measure_verdicts"]

_SIZE = 2000


def measure_verdicts(setting: Setting) -> Mapping[str, Measurement]:
    """Shares of verdicts."""
    same = _compared(1.0, 20 if setting.quick else 200, most_pairs=200)
    tenth = _compared(1.1, 10 if setting.quick else 40, most_pairs=2000)
    double = _compared(2.3, 10 if setting.quick else 40, most_pairs=2000)
    ratio = statistics.median(one.ratio for one in tenth)
    refuse_unless(1.02 < ratio < 1.3, f"1.1 times the work takes {ratio:.3f} times as long")
    return {
        "compare-false-alarms": _share(same, lambda one: one.verdict in ("slower", "faster")),
        "compare-finds-a-tenth": _share(tenth, lambda one: one.verdict == "slower"),
        "compare-finds-2.3-times": _share(double, lambda one: one.verdict == "slower"),
    }


def _work(size: int) -> Callable[[], object]:
    return lambda: sum(range(size))


def _compared(factor: float, count: int, *, most_pairs: int) -> list[Comparison]:
    return [
        compare(_work(_SIZE), _work(round(_SIZE * factor)), most_pairs=most_pairs, most_seconds=60.0)
        for _ in range(count)
    ]


def _share(found: list[Comparison], is_meant: Callable[[Comparison], bool]) -> Measurement:
    pairs = statistics.median(one.pairs for one in found)
    ratio = statistics.median(one.ratio for one in found)
    unknown = sum(one.verdict == "inconclusive" for one in found)
    return Measurement(
        100 * sum(map(is_meant, found)) / len(found),
        proof=f"the median ratio is {ratio:.3f}",
        details=(f"{len(found)} comparisons, {pairs:.0f} pairs at the median, {unknown} inconclusive",),
    )

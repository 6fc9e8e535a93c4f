"""Leak test by slope: memory over many cycles, and whether it keeps growing."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from statistics import NormalDist
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from synqc.errors import InputError
from synqc.measure.memory_readings import Readings, own_memory

__all__ = ["LeakReport", "LeakVerdict", "Slope", "leak", "slope_of"]

LeakVerdict = Literal["leak", "none", "inconclusive"]
_THIRDS: Final = 3
_LEAST_BLOCKS: Final = 12
_BLOCK_UNIT: Final = 64.0
"""Bytes that a block of Python stands for where `least_bytes` is asked of it."""


@dataclass(frozen=True)
class Slope:
    """How one reading grew.

    Args:
        reading: Its name.
        per_cycle: Median of the slopes between all pairs of blocks (Theil and Sen), in bytes per cycle, or in the
            unit that the name says.
        interval: Ends of that, at the report's error rate, after Kendall.
        thirds: The same of the first, second and last third of the blocks: a leak is in all of them, memory that is
            still being filled for the first time is not.
        first: Reading at the first counted block.
        last: Reading at the last.
        verdict: `leak`, `none`, or `inconclusive`.
    """

    reading: str
    per_cycle: float
    interval: tuple[float, float]
    thirds: tuple[float, ...]
    first: float
    last: float
    verdict: LeakVerdict


@dataclass(frozen=True)
class LeakReport:
    """What a leak test found.

    Args:
        verdict: `leak` if any reading leaks, `none` if none does, `inconclusive` otherwise.
        slopes: One per reading.
        cycles: Cycles that counted.
        least_bytes: Bytes per cycle below which growth does not matter.
    """

    verdict: LeakVerdict
    slopes: tuple[Slope, ...]
    cycles: int
    least_bytes: float

    def __str__(self) -> str:
        parts = [
            f"{one.reading} {one.per_cycle:+.3g} per cycle ({one.interval[0]:+.3g} to {one.interval[1]:+.3g})"
            for one in self.slopes
        ]
        return f"{self.verdict}: {'; '.join(parts)} over {self.cycles} cycles"

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def leak(
    action: Callable[[], object],
    *,
    cycles: int = 100,
    blocks: int = 30,
    warm_blocks: int = 10,
    least_bytes: float = 100.0,
    error_rate: float = 0.01,
    readings: Readings = own_memory,
) -> LeakReport:
    """Repeat an action and ask whether memory keeps growing.

    Args:
        action: One cycle.
        cycles: Cycles of a block, after which memory is read.
        blocks: Blocks that count, at least 12.
        warm_blocks: Blocks before them, in which caches and pools are filled.
        least_bytes: Growth per cycle that matters, in bytes; a block of Python counts as 64.
        error_rate: Error rate of the intervals.
        readings: What reads memory; `memory_of_process(pid)` watches a server.

    Raises:
        InputError: An argument is out of its range.

    Examples:
        >>> kept = []
        >>> leak(lambda: kept.append(bytearray(5000)), cycles=20, blocks=12, warm_blocks=2).verdict
        'leak'
    """
    for name, value, least in (
        ("cycles", cycles, 1),
        ("blocks", blocks, _LEAST_BLOCKS),
        ("warm_blocks", warm_blocks, 0),
    ):
        if value < least:
            raise InputError(f"Argument `{name}` must be at least {least}, but is {value}.")
    if not least_bytes > 0:
        raise InputError(f"Argument `least_bytes` must be above 0, but is {least_bytes}.")
    found: dict[str, list[float]] = {}
    for block in range(warm_blocks + blocks):
        for _ in range(cycles):
            action()
        now = readings()
        if block >= warm_blocks:
            for reading, held in now.items():
                found.setdefault(reading, []).append(float(held))
    slopes = tuple(
        slope_of(
            name, values, cycles=cycles, error_rate=error_rate,
            least=least_bytes / _BLOCK_UNIT if name.endswith("blocks") else least_bytes,
        )
        for name, values in found.items()
    )  # fmt: skip
    verdicts = {one.verdict for one in slopes}
    verdict: LeakVerdict = "leak" if "leak" in verdicts else "none" if verdicts == {"none"} else "inconclusive"
    return LeakReport(verdict, slopes, cycles * blocks, least_bytes)


def slope_of(reading: str, values: list[float], *, cycles: int, least: float, error_rate: float) -> Slope:
    """Judge one series of readings, a block of `cycles` apart.

    Examples:
        >>> slope_of("resident", [1000.0 * k for k in range(12)], cycles=10, least=50, error_rate=0.01).verdict
        'leak'
        >>> slope_of("resident", [0.0] * 6 + [9e6] * 6, cycles=10, least=50, error_rate=0.01).verdict
        'inconclusive'
    """
    series = np.array(values)
    middle, interval = _theil_sen(series, error_rate)
    thirds = tuple(_theil_sen(part, error_rate)[0] / cycles for part in np.array_split(series, _THIRDS))
    low, high = interval[0] / cycles, interval[1] / cycles
    verdict: LeakVerdict = "inconclusive"
    if low > least and min(thirds) > least / 2:
        verdict = "leak"
    elif high < least:
        verdict = "none"
    return Slope(reading, middle / cycles, (low, high), thirds, values[0], values[-1], verdict)


def _theil_sen(series: NDArray[np.float64], error_rate: float) -> tuple[float, tuple[float, float]]:
    """Median slope per step, and its interval by the variance of Kendall's count."""
    count = len(series)
    first, second = np.triu_indices(count, 1)
    slopes = np.sort((series[second] - series[first]) / (second - first))
    deviation = math.sqrt(count * (count - 1) * (2 * count + 5) / 18)
    reach = NormalDist().inv_cdf(1 - error_rate / 2) * deviation
    low = max(0, math.floor((len(slopes) - reach) / 2))
    high = min(len(slopes) - 1, math.ceil((len(slopes) + reach) / 2))
    return float(np.median(slopes)), (float(slopes[low]), float(slopes[high]))

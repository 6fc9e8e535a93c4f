"""Rows of the options of a time series: `generate.TimeSeries` for trend, walk and seasons, and uniform noise on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from synqc import generate
from synqc.apps.synth.moments import stamp
from synqc.apps.synth.options import DataOptions
from synqc.apps.synth.row_tasks import time_grid

__all__ = ["SeriesRows"]

_BASE: Final = 100.0
_STEP: Final = 1.0
_DAY_S: Final = 86_400.0
_SLOPES: Final[Mapping[str, float]] = {"up": _STEP, "down": -_STEP, "stable": 0.0, "random": 0.0}


class SeriesRows:
    """Each metric is 100, a trend of 1 a row or a walk of such steps, seasons by UTC, and noise; two decimals.

    Args:
        options: Options of a time series.
        seed: Seed of the rows.

    Examples:
        >>> asked = DataOptions.of({"count": 2, "startDate": "2026-01-01", "trend": "up", "noise": 0})
        >>> SeriesRows(asked, 7).rows(0, 2)[1]
        {'timestamp': '2026-01-01T01:00:00.000Z', 'value': 101.0}
    """

    is_open: Final = False
    """Whether rows may have columns that the schema does not name."""

    def __init__(self, options: DataOptions, seed: int | str) -> None:
        self._grid = time_grid(options)
        self._seed = seed
        turns = self._grid.start.timestamp() / _DAY_S
        seasons = []
        if options.seasonality:
            seasons.append(generate.Season("1d", 0.10 * _BASE, turns % 1))
            seasons.append(generate.Season("7d", 0.05 * _BASE, turns / 7 % 1))
        one = generate.Series(
            base=_BASE, slope=_SLOPES[options.trend], walk=_STEP if options.trend == "random" else 0.0, seasons=seasons
        )
        self._series = generate.TimeSeries(
            dict.fromkeys(options.metrics, one), start=self._grid.start, interval=self._grid.step, time="timestamp"
        )
        width = options.noise * _BASE
        noise = generate.Number("uniform", {"low": -width, "high": width})
        self._noise = generate.Table(dict.fromkeys(options.metrics, noise), name="noise") if width else None

    @property
    def configurations(self) -> tuple[generate.Table | generate.TimeSeries, ...]:
        """What makes them."""
        return (self._series,) if self._noise is None else (self._series, self._noise)

    def rows(self, first: int, count: int) -> list[dict[str, Any]]:
        """Rows from a number on."""
        means, *noises = (
            generate.make(one, rows=count, seed=self._seed, first_row=first) for one in self.configurations
        )
        columns = {
            name: np.round(sum((noise.column(name) for noise in noises), means.column(name)), 2).tolist()
            for name in self._series.series
        }
        return [
            {"timestamp": stamp(self._grid.at(first + k)), **{name: values[k] for name, values in columns.items()}}
            for k in range(count)
        ]

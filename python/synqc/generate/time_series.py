"""Time series: a mean with trend and seasons, noise with a memory, regimes, labelled anomalies, gaps and drifts."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence as SequenceOf
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Any, ClassVar

from synqc import _core
from synqc.errors import InputError
from synqc.generate._arguments import (
    MOST_ROWS,
    bounds_of,
    form_of,
    interval_of,
    moment_of,
    number_of,
    numbers_of,
    share_of,
    whole_number,
)
from synqc.generate._documents import Configuration, document_of, json_of, value_from, value_from_json

__all__ = ["Anomaly", "Drift", "Noise", "Regime", "Season", "Series", "TimeSeries"]


@dataclass(frozen=True)
class Season:
    """A sine over time.

    Args:
        period: Number of rows, or a time: a timedelta, or digits and a unit (us, ms, s, m, h, d, w).
        amplitude: Amplitude of the sine; of a season of noise, as a share of the noise's deviation.
        phase: Turns at row 0.
    """

    period: float | timedelta | str
    amplitude: float
    phase: float = 0.0

    def _numbers(self, interval: int) -> tuple[float, float, float]:
        if isinstance(self.period, (str, timedelta)):
            rows = interval_of("period", self.period) / interval
        else:
            rows = number_of("period", self.period)
        return (rows, number_of("amplitude", self.amplitude), number_of("phase", self.phase))


@dataclass(frozen=True)
class Noise:
    """Gaussian noise, or what follows it with a variance of its own past (GARCH), stationary from the first row on.

    Args:
        deviation: Standard deviation of the noise as a whole, whatever its memory.
        ar: Coefficients of the noise one, two, ... rows before (AR).
        ma: Coefficients of the impulses one, two, ... rows before (MA).
        seasons: What the deviation grows and shrinks by over time, as shares of it.
        arch: How much of the squared impulse one, two, ... rows before is in an impulse's variance (ARCH).
        garch: How much of the variance one, two, ... rows before is in it (GARCH). Both sum to less than 1; the rest is
            constant, so that the deviation stays what it is while calm and wild stretches follow each other.
    """

    deviation: float
    ar: SequenceOf[float] = ()
    ma: SequenceOf[float] = ()
    seasons: SequenceOf[Season] = ()
    arch: SequenceOf[float] = ()
    garch: SequenceOf[float] = ()


@dataclass(frozen=True)
class Regime:
    """A stretch of rows that behave alike.

    Args:
        name: As its label says.
        weight: How likely it is drawn, in any unit.
        offset: Added while it lasts.
        noise_factor: What the noise is multiplied by meanwhile.
    """

    name: str
    weight: float = 1.0
    offset: float = 0.0
    noise_factor: float = 1.0


@dataclass(frozen=True)
class Anomaly:
    """What now and then disturbs a series, with a label that says where.

    Args:
        name: As its label says.
        rate: How likely one begins at a row.
        effect: "spike" or "shift" add `size`, "noise" multiplies the noise by it, "flat" takes the noise away.
        size: Size of the effect.
        length: Rows that it lasts. Of two that overlap the later one counts.
    """

    name: str
    rate: float
    effect: str = "spike"
    size: float = 0.0
    length: int = 1


@dataclass(frozen=True)
class Drift:
    """Other behaviour from a row on.

    Args:
        first_row: From where.
        slope: What the mean moves by per row from there.
        noise_factor: What the noise is multiplied by from there.
    """

    first_row: int
    slope: float = 0.0
    noise_factor: float = 1.0


@dataclass(frozen=True)
class Series:
    """One quantity over time.

    Args:
        base: Its mean at row 0.
        slope: Trend, per row.
        walk: Deviation of each step of a random walk that is added; 0 for none.
        seasons: Sines that are added.
        noise: Noise that is added.
        regimes: What it switches between, for `regime_length` rows on average.
        regime_length: Mean number of rows until a regime is drawn anew, which may be the same; 1 to 100,000.
        anomalies: What disturbs it.
        gap_rate: How likely a gap begins at a row.
        gap_length: Greatest number of rows of a gap; all are as likely.
        drifts: Other behaviour from some rows on.
        bounds: Least and greatest value, within which values are held.
        decimals: Places after the point to round to; None keeps all.
        null_rate: How likely a single value is missing.
    """

    base: float = 0.0
    slope: float = 0.0
    walk: float = 0.0
    seasons: SequenceOf[Season] = ()
    noise: Noise | None = None
    regimes: SequenceOf[Regime] = ()
    regime_length: float = 100.0
    anomalies: SequenceOf[Anomaly] = ()
    gap_rate: float = 0.0
    gap_length: int = 1
    drifts: SequenceOf[Drift] = ()
    bounds: tuple[float, float] | None = None
    decimals: int | None = None
    null_rate: float = 0.0

    def _make(self, interval: int) -> _core.Series:
        noise = Noise(0.0) if self.noise is None else self.noise
        bounds = None if self.bounds is None else bounds_of(self.bounds)
        return _core.Series(
            base=number_of("base", self.base),
            slope=number_of("slope", self.slope),
            walk=number_of("walk", self.walk),
            seasons=[season._numbers(interval) for season in self.seasons],
            noise=number_of("deviation", noise.deviation),
            autoregression=numbers_of("ar", noise.ar),
            moving_average=numbers_of("ma", noise.ma),
            squares=numbers_of("arch", noise.arch),
            variances=numbers_of("garch", noise.garch),
            noise_seasons=[season._numbers(interval) for season in noise.seasons],
            regimes=[
                (
                    each.name,
                    number_of("weight", each.weight),
                    number_of("offset", each.offset),
                    number_of("noise_factor", each.noise_factor),
                )
                for each in self.regimes
            ],
            regime_length=number_of("regime_length", self.regime_length),
            anomalies=[
                (
                    each.name,
                    each.effect,
                    share_of("rate", each.rate),
                    number_of("size", each.size),
                    whole_number("length", each.length, 1, 1_000_000),
                )
                for each in self.anomalies
            ],
            gap_rate=share_of("gap_rate", self.gap_rate),
            gap_length=whole_number("gap_length", self.gap_length, 1, 1_000_000),
            drifts=[
                (
                    whole_number("first_row", each.first_row, 0, MOST_ROWS),
                    number_of("slope", each.slope),
                    number_of("noise_factor", each.noise_factor),
                )
                for each in self.drifts
            ],
            bounds=bounds,
            decimals=None if self.decimals is None else whole_number("decimals", self.decimals, 0, 15),
        )


@dataclass(frozen=True)
class TimeSeries(Configuration):
    """Several quantities over one time, a row per moment. Any rows can be made without those before them.

    Args:
        series: Quantities by name.
        start: Moment of row 0.
        interval: Time between rows: a timedelta, or digits and a unit (us, ms, s, m, h, d, w).
        jitter: Share of the interval by which moments are scattered, 0 to 1; they stay in order.
        labels: Whether columns `<name>_anomaly` and `<name>_regime` say what is under way, where there is any.
        time: Name of the column of moments.
        name: Name of the whole.

    Examples:
        >>> from synqc import generate
        >>> load = generate.TimeSeries(
        ...     {"load": generate.Series(
        ...         base=100, seasons=[generate.Season("1d", 20), generate.Season("7d", 5)],
        ...         noise=generate.Noise(4, ar=[0.7]), anomalies=[generate.Anomaly("outage", 0.001, "shift", -60, 5)],
        ...         decimals=1)},
        ...     start="2025-01-01", interval="1h",
        ... )
        >>> for row in generate.make(load, rows=2, seed=7):
        ...     print(row)
        {'time': '2025-01-01T00:00:00Z', 'load': 95.5, 'load_anomaly': 'none'}
        {'time': '2025-01-01T01:00:00Z', 'load': 101.8, 'load_anomaly': 'none'}
    """

    kind: ClassVar[str] = "time_series"

    series: Mapping[str, Series]
    start: datetime | date | str = "2025-01-01"
    interval: timedelta | str = "1h"
    jitter: float = 0.0
    labels: bool = True
    time: str = "time"
    name: str = "time_series"

    def __post_init__(self) -> None:
        if not isinstance(self.series, Mapping) or not self.series:
            raise InputError(f"Argument `series` must be a mapping of names to Series, but is {self.series!r}.")
        for name, series in self.series.items():
            if not isinstance(name, str) or not isinstance(series, Series):
                raise InputError(f"Argument `series` must map texts to Series, but maps {name!r} to {series!r}.")
        object.__setattr__(self, "series", MappingProxyType(dict(self.series)))

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> TimeSeries:
        """A configuration from what `to_dict` gives; DocumentError, with the path, for anything else."""
        return value_from(document, cls)

    @classmethod
    def from_json(cls, text: str | bytes) -> TimeSeries:
        """A configuration from what `to_json` gives."""
        return value_from_json(text, cls)

    def to_dict(self) -> dict[str, Any]:
        """The configuration as JSON has it."""
        return document_of(self)

    def to_json(self) -> str:
        """The same as text."""
        return json_of(self)

    def _plan(self, seed: int) -> _core.TablePlan:
        start, interval = moment_of("start", self.start), interval_of("interval", self.interval)
        jitter = share_of("jitter", self.jitter)
        plan = _core.TablePlan(self.name, seed)
        if jitter > 0:
            plan.add(self.time, _core.jittered_moment_column(start, interval, jitter, "microsecond"), 0.0)
        else:
            plan.add(self.time, _regular_moments(start, interval), 0.0)
        for name, series in self.series.items():
            try:
                made = series._make(interval)
                plan.add(name, made.column(), share_of("null_rate", series.null_rate))
                if self.labels and series.anomalies:
                    plan.add(f"{name}_anomaly", made.anomalies(plan, name), 0.0)
                if self.labels and series.regimes:
                    plan.add(f"{name}_regime", made.regimes(plan, name), 0.0)
            except InputError as error:
                raise type(error)(f"Series `{name}`: {error}") from error
        return plan


def _regular_moments(start: int, interval: int) -> _core.GeneratedColumnKind:
    form = form_of(start, interval)
    day = interval_of("interval", "1d")
    unit = day if form == "day" else 1
    return _core.regular_moment_column(start // unit, interval // unit, form)

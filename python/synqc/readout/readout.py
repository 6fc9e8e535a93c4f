"""One readout of a qubit: resonator, pulse, decay and record; simulated shot by shot."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from synqc import _core
from synqc.errors import InputError, ShapeError
from synqc.lab._whole_number import MOST_THREADS, whole_number
from synqc.lab.demodulation import matched_filter
from synqc.readout.level_rates import LevelRates
from synqc.readout.pulse import ReadoutPulse
from synqc.readout.resonator import Resonator
from synqc.readout.validity import warn_outside_validity

__all__ = ["Readout", "ReadoutRecords"]

Detection = Literal["heterodyne", "homodyne"]


@dataclass(frozen=True)
class ReadoutRecords:
    """Records of many shots, and the levels behind them.

    Args:
        values: Bin means (float64, (shots, bins)) of homodyne detection, or (complex128, (shots, bins)) of heterodyne;
            white noise of one unit of time has variance 1 in each quadrature, with time in µs.
        prepared: Level of each shot at the start (int32, (shots,)).
        final: Level of each shot at the end of the record (int32, (shots,)).
    """

    values: Any
    prepared: Any
    final: Any


@dataclass(frozen=True)
class Readout:
    """A readout pulse on a resonator, the decay of the qubit meanwhile, and the record of it.

    Args:
        resonator: With two or three levels.
        pulse: Its drive.
        duration_ns: Length of the record, from the start of the pulse; the pulse's if not given.
        bins: Of equal length, in which the record is averaged.
        rates: Of changes of level; none if not given.
        detection: "heterodyne", both quadratures as complex values, or "homodyne", the one at `Resonator.phase`.

    Examples:
        >>> resonator = Resonator(kappa_mhz=5.0, chi_mhz=0.5, drive_mhz=2.0, efficiency=0.5)
        >>> readout = Readout(resonator, ReadoutPulse.square(1000.0), bins=200, rates=LevelRates.from_t1(50.0))
        >>> records = readout.simulate([0, 1, 1], seed=7)
        >>> records.values.shape
        (3, 200)

    Source: Gambetta et al., PRA 77, 012112 (2008), for the fields and what homodyne detection shows of them.
    """

    resonator: Resonator
    pulse: ReadoutPulse
    duration_ns: float | None = None
    bins: int = 100
    rates: LevelRates | None = None
    detection: Detection = "heterodyne"

    def __post_init__(self) -> None:
        duration = self.record_ns
        if not (duration > 0 and math.isfinite(duration)):
            raise InputError(f"Argument `duration_ns` must be finite and greater than 0, but is {duration}.")
        whole_number("bins", self.bins, least=1, most=1 << 24)
        if self.detection not in ("heterodyne", "homodyne"):
            raise InputError(f'Argument `detection` must be "heterodyne" or "homodyne", but is {self.detection!r}.')
        if self.rates is not None and self.rates.levels != self.resonator.levels:
            raise InputError(
                f"Argument `rates` must be of {self.resonator.levels} levels, as the resonator, "
                f"but is of {self.rates.levels}."
            )
        warn_outside_validity(self.resonator, self.pulse)

    @property
    def record_ns(self) -> float:
        """Length of the record."""
        return self.pulse.duration_ns if self.duration_ns is None else self.duration_ns

    @property
    def levels(self) -> int:
        """Of the qubit."""
        return self.resonator.levels

    @property
    def edges_ns(self) -> NDArray[np.float64]:
        """Of the bins (float64, (bins + 1,))."""
        return np.linspace(0.0, self.record_ns, self.bins + 1)

    @property
    def bin_us(self) -> float:
        """Length of a bin; the noise of its mean has variance 1 / bin_us in each quadrature."""
        return self.record_ns * 1e-3 / self.bins

    @cached_property
    def model(self) -> _core.ReadoutModel:
        """Tables of the core."""
        generator = np.zeros((self.levels, self.levels)) if self.rates is None else self.rates.generator
        return _core.ReadoutModel(
            fields=self.resonator._fields_under(self.pulse),
            heterodyne=self.detection == "heterodyne",
            efficiency=self.resonator.efficiency,
            phase=self.resonator.phase,
            delay=self.resonator.delay_ns * 1e-3,
            edges=(self.edges_ns * 1e-3).tolist(),
            rates=generator,
        )

    def mean_records(self) -> Any:
        """Mean record of each level that stays: (float64 or complex128, (levels, bins))."""
        means = np.ascontiguousarray(self.model.means.T)
        return means if self.detection == "heterodyne" else means.real

    def matched_weights(self, levels: tuple[int, int] = (0, 1)) -> Any:
        """Weights that tell two levels that stay apart best, conj(mean_j - mean_k): scaled to a mean modulus of 1.

        Returns:
            Weights (complex128, (bins,)); real for homodyne records.
        """
        means = self.mean_records()
        weights = matched_filter(means[levels[0]], means[levels[1]])
        return weights if self.detection == "heterodyne" else weights.real

    def signal_to_noise(self, weights: ArrayLike | None = None, levels: tuple[int, int] = (0, 1)) -> float:
        """Distance of the weighted means of two levels that stay, in deviations of the noise.

        Args:
            weights: One per bin; the matched ones if not given, which have SNR^2 = 8 efficiency g for homodyne
                detection of the right quadrature and half of that for heterodyne. `numpy.ones(bins)` is the boxcar.
            levels: Which two.
        """
        means = self.mean_records()
        used = self.matched_weights(levels) if weights is None else np.asarray(weights)
        if used.shape != (self.bins,):
            raise ShapeError(f"Argument `weights` must have shape ({self.bins},), but has shape {used.shape}.")
        signal = (used * (means[levels[0]] - means[levels[1]])).sum()
        distance = abs(signal)
        return float(distance * math.sqrt(self.bin_us) / np.linalg.norm(used))

    def simulate(self, prepared: ArrayLike, *, seed: int, first_shot: int = 0, threads: int = 0) -> ReadoutRecords:
        """Records of shots of known level at the start.

        The level jumps at any moment with its rates, and the field of the shot goes on from where it was.

        Args:
            prepared (integers, (shots,)): Level of each shot at the start.
            seed: The same seed and number of a shot give the same record.
            first_shot: Number of the first shot.
            threads: At most so many; 0 for all.
        """
        levels = np.asarray(prepared)
        if levels.ndim != 1 or not np.issubdtype(levels.dtype, np.integer):
            raise ShapeError(
                f"Argument `prepared` must be integers of shape (shots,), "
                f"but is {levels.dtype} of shape {levels.shape}."
            )
        if levels.size and not (levels.min() >= 0 and levels.max() < self.levels):
            raise InputError(
                f"Argument `prepared` must be between 0 and {self.levels - 1} in every element, but is not."
            )
        values, final = self.model.sample(
            levels=levels.astype(np.int32).tolist(),
            seed=seed,
            experiment=0,
            channel=0,
            first_shot=first_shot,
            threads=whole_number("threads", threads, least=0, most=MOST_THREADS),
        )
        if self.detection == "heterodyne":
            values = values.view(np.complex128)
        return ReadoutRecords(values, levels.astype(np.int32), final)

    def populations(self, records: ArrayLike, prior: ArrayLike | None = None, *, threads: int = 0) -> Any:
        """Probability of each level at the edges of the bins, given the record until there.

        Args:
            records: (shots, bins) as `ReadoutRecords.values`; NaN where a bin is missing.
            prior (float64, (levels,)): Populations at the start; equal ones if not given.
            threads: At most so many; 0 for all.

        Returns:
            Probabilities (float64, (shots, bins + 1, levels)).

        Examples:
            >>> resonator = Resonator(kappa_mhz=5.0, chi_mhz=0.5, drive_mhz=2.0)
            >>> readout = Readout(resonator, ReadoutPulse.square(3000.0), rates=LevelRates.from_t1(50.0))
            >>> float(readout.populations(readout.simulate([1], seed=7).values)[0, -1, 1].round(3)) > 0.9
            True
        """
        weights = np.full(self.levels, 1 / self.levels) if prior is None else np.asarray(prior, np.float64)
        if weights.shape != (self.levels,):
            raise ShapeError(f"Argument `prior` must have shape ({self.levels},), but has shape {weights.shape}.")
        return self.model.filter(
            start_weights=weights[None, :], records=self.rows_of(records), keep_populations=True, threads=threads
        )[2][..., : self.levels]

    def rows_of(self, records: ArrayLike) -> NDArray[np.float64]:
        """Records as the core reads them: (float64, (shots, bins)), or (shots, 2 bins) of both quadratures in turn."""
        values = np.asarray(records)
        if values.ndim != 2 or values.shape[1] != self.bins:
            raise ShapeError(f"Argument `records` must have shape (shots, {self.bins}), but has shape {values.shape}.")
        if np.iscomplexobj(values) != (self.detection == "heterodyne"):
            kind = "complex" if self.detection == "heterodyne" else "real"
            raise InputError(
                f"Argument `records` must be {kind} for {self.detection} detection, but is {values.dtype}."
            )
        if self.detection == "heterodyne":
            return np.ascontiguousarray(values, np.complex128).view(np.float64)
        return np.ascontiguousarray(values, np.float64)

"""Likelihood of the records of a qubit behind a resonator, with its gradient by the adjoint."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike

from synqc.errors import InputError, ShapeError
from synqc.infer.goodness_of_fit import GoodnessOfFit
from synqc.infer.innovations import innovation_tests
from synqc.infer.likelihood import Likelihood, RealArray
from synqc.infer.parameter import Parameter
from synqc.lab._resonator_filter import QubitBehindResonator
from synqc.lab.filter_record import MonitoredQubit

__all__ = ["ResonatorRecordLikelihood"]

_RESONATOR = ("kappa_mhz", "chi_mhz", "drive_mhz", "detuning_mhz", "phase", "efficiency", "delay_ns")
_RECORD = ("gain", "offset", "offset_q")
_KNOWN = (*_RESONATOR, "t1_us", *_RECORD)
_POSITIVE = ("kappa_mhz", "t1_us", "gain")
_STEP = 1e-5  # of differences of tables, in what changes them
_MOST_SCAN_POINTS = 61


class ResonatorRecordLikelihood(Likelihood):
    """How likely parameters make records of a resonator's output: kappa, chi, delay, T1 and the others of `Resonator`.

    The record is that of `smesolve` and `filter_record` for a `MonitoredQubit` with a resonator: ring-up, ring-down and
    decay with the field going on from where it was. Of the qubit it shows populations alone, so that frequencies and
    pure dephasing are no parameters. x = offset + gain J.

    Args:
        records (float64, (bins,) or (records, bins)): Bin means from the start of the pulse; NaN where nothing was
            recorded. With `heterodyne` an axis of two quadratures before the bins, as `smesolve` has it.
        bin_us: Length of all bins.
        qubit: What is known of qubit, resonator and pulse; `parameters` override its numbers.
        start (complex128, (2,), (2, 2) or (records, 2, 2)): Ket or density matrix when the pulse begins, one for all
            records or one for each.
        parameters: "kappa_mhz", "chi_mhz" (half the distance of the resonator's frequencies), "drive_mhz",
            "detuning_mhz", "phase", "efficiency", "delay_ns", "t1_us", "gain", "offset", and "offset_q" of the second
            quadrature.
        heterodyne: Whether both quadratures were recorded.
        gain: Record units per unit of J, where it is known.
        offset: Mean of a record without a signal, where it is known; complex for two quadratures.
        threads: 0 uses all; results do not depend on it.

    Raises:
        ShapeError: `records` or `start` has another shape.
        InputError: A name is unknown, a bound is not possible, the qubit has no resonator, or records are infinite.

    Examples:
        >>> import numpy as np
        >>> from synqc.lab.smesolve import smesolve
        >>> from synqc.readout import ReadoutPulse, Resonator
        >>> resonator = Resonator(kappa_mhz=5.0, chi_mhz=1.0, drive_mhz=4.0, efficiency=0.5)
        >>> qubit = MonitoredQubit(t1_us=20.0, resonator=resonator, pulse=ReadoutPulse.square(500.0))
        >>> made = smesolve(qubit, [0.6, 0.8], np.linspace(0.0, 0.6, 61), ntraj=50, seeds=7)
        >>> likelihood = ResonatorRecordLikelihood(
        ...     made.measurement[:, 0], 0.01, qubit, [0.6, 0.8], {"chi_mhz": Parameter(0.2, 3.0)}
        ... )
        >>> value, gradient = likelihood.log_likelihood_and_gradient([1.0])
        >>> value == likelihood.log_likelihood([1.0]), gradient.shape
        (True, (1,))

    Source: Gambetta et al., PRA 76, 012325 (2007), with the fields of PRA 77, 012112 (2008).
    """

    has_kinks = True  # where a delay moves the edge of the pulse over the edge of a bin

    def __init__(
        self,
        records: ArrayLike,
        bin_us: float,
        qubit: MonitoredQubit,
        start: ArrayLike,
        parameters: Mapping[str, Parameter],
        *,
        heterodyne: bool = False,
        gain: float = 1.0,
        offset: complex = 0.0,
        threads: int = 0,
    ) -> None:
        self.records = _as_records(records, heterodyne)
        super().__init__(parameters, copies=len(self.records))
        for name, parameter in parameters.items():
            _check_parameter(name, parameter, heterodyne)
        if not (bin_us > 0 and math.isfinite(bin_us)):
            raise InputError(f"Argument `bin_us` must be finite and greater than 0, but is {bin_us}.")
        if qubit.resonator is None:
            raise InputError(
                "Argument `qubit` must have a resonator and its pulse, but has none: use RecordLikelihood."
            )
        self.bin_us = float(bin_us)
        self.qubit = qubit
        self._heterodyne = heterodyne
        self._unit = math.sqrt(2.0) if heterodyne else 1.0  # of J, in records whose noise has density 1
        self._edges = np.arange(self.records.shape[-1] + 1) * self.bin_us
        self._starts = _as_starts(start, len(self.records))
        self._threads = threads
        self._declared = dict(parameters)
        shifts = qubit.resonator.shifts_mhz
        self._fixed = {name: getattr(qubit.resonator, name) for name in _RESONATOR if name != "chi_mhz"} | {
            "chi_mhz": (shifts[0] - shifts[1]) / 2,
            "t1_us": qubit.t1_us,
            "gain": gain,
            "offset": complex(offset).real,
            "offset_q": complex(offset).imag,
        }

    def log_likelihood(self, values: ArrayLike) -> float:
        """Natural logarithm of the density of the records at `values` (p,)."""
        vector = self._vector(values)
        return sum(self._log_density(group, self._values_of(vector, k)) for k, group in enumerate(self._groups))

    def log_likelihood_and_gradient(self, values: ArrayLike) -> tuple[float, RealArray]:
        """The same with its derivatives (p,): one pass forwards and one backwards over the records."""
        vector = self._vector(values)
        place = {name: k for k, name in enumerate(self.names)}
        total, gradient = 0.0, np.zeros(len(vector))
        for k, group in enumerate(self._groups):
            own = self._values_of(vector, k)
            value, by_tables, by_records = self._differentiated(group, own)
            total += value
            for name, parameter in self._declared.items():
                key = name if parameter.shared else f"{name}[{k}]"
                if name in _RECORD:
                    gradient[place[key]] += self._slope_by_record_unit(name, group, own, by_records)
                else:
                    gradient[place[key]] += _inner(by_tables, self._table_slopes(own, name))
        return total, gradient

    def scan_points(self, name: str) -> int:
        """Delays are looked through in steps of a bin, other parameters at nine points."""
        if name.split("[")[0] != "delay_ns":
            return 9
        bins = self._parameters[name].width * 1e-3 / self.bin_us
        return int(min(max(9, math.ceil(bins)), _MOST_SCAN_POINTS))

    def innovations(self, values: ArrayLike) -> RealArray:
        """(record - expected) / expected deviation, in the shape of `records`, given all bins before; NaN in gaps."""
        vector = self._vector(values)
        found = np.empty_like(self.records)
        for k, group in enumerate(self._groups):
            own = self._values_of(vector, k)
            qubit = self._qubit_at(own)
            scaled = self._scaled(group, own)
            distances = qubit.model.means[:, 0] - qubit.model.means[:, 1]
            for at, record in zip(range(len(self.records))[group], scaled, strict=True):
                state = np.diag(self._starts[at]).astype(np.complex128)
                followed = qubit.follow(_rows(record[None]), state, self._threads)
                excited = followed.states[0, :-1, 1, 1].real
                for quadrature, turned in enumerate((1, -1j)[: self.records.shape[1]]):
                    expected = (turned * followed.expected[0]).real
                    spread = excited * (1 - excited) * (turned * distances).real ** 2
                    found[at, quadrature] = (record[quadrature] - expected) / np.sqrt(1 / self.bin_us + spread)
        return found

    def goodness_of_fit(self, values: ArrayLike) -> GoodnessOfFit:
        """Innovations of every quadrature: mean, variance, Ljung-Box, spectrum."""
        innovations = self.innovations(values)
        return GoodnessOfFit(tuple(innovation_tests(innovations.reshape(-1, innovations.shape[-1]))))

    @property
    def _groups(self) -> Sequence[slice]:
        """Records that share all parameters."""
        if all(parameter.shared for parameter in self._declared.values()):
            return [slice(None)]
        return [slice(k, k + 1) for k in range(len(self.records))]

    def _values_of(self, vector: RealArray, record: int) -> dict[str, float]:
        own = dict(self._fixed)
        place = dict(zip(self.names, vector, strict=True))
        for name, parameter in self._declared.items():
            own[name] = float(place[name if parameter.shared else f"{name}[{record}]"])
        return own

    def _qubit_at(self, own: Mapping[str, float]) -> QubitBehindResonator:
        assert self.qubit.resonator is not None
        resonator = replace(self.qubit.resonator, **cast(Any, {name: own[name] for name in _RESONATOR}))
        t2_us = None  # the record does not show it, and it must not refuse a T1
        return replace(self.qubit, resonator=resonator, t1_us=own["t1_us"], t2_us=t2_us).behind_resonator(
            self._edges, self._heterodyne
        )

    def _scaled(self, group: slice, own: Mapping[str, float]) -> RealArray:
        """Records (records, 1 or 2, bins) in the unit in which their noise has density 1."""
        offsets = np.array([own["offset"], own["offset_q"]])[: self.records.shape[1], None]
        return cast(RealArray, (self.records[group] - offsets) / (own["gain"] * self._unit))

    def _log_density(self, group: slice, own: Mapping[str, float]) -> float:
        scaled = self._scaled(group, own)
        values, _ = self._qubit_at(own).model.smooth_likelihoods(
            start_weights=self._starts[group], records=_rows(scaled), with_gradient=False, threads=self._threads
        )
        return float(values.sum()) + self._log_noise(scaled, own)

    def _log_noise(self, scaled: RealArray, own: Mapping[str, float]) -> float:
        """Of the density of records that are nothing but noise, in 1 / (record unit)^bins."""
        seen = scaled[np.isfinite(scaled)]
        deviation = own["gain"] * self._unit / math.sqrt(self.bin_us)
        return -float((seen**2).sum()) * self.bin_us / 2 - len(seen) * math.log(deviation * math.sqrt(2 * math.pi))

    def _differentiated(self, group: slice, own: Mapping[str, float]) -> tuple[float, dict[str, Any], RealArray]:
        scaled = self._scaled(group, own)
        values, slopes = self._qubit_at(own).model.smooth_likelihoods(
            start_weights=self._starts[group], records=_rows(scaled), with_gradient=True, threads=self._threads
        )
        quadratures = scaled.shape[1]
        by_ratio = slopes.pop("records").reshape(len(scaled), -1, quadratures).transpose(0, 2, 1)
        by_records = np.where(np.isfinite(scaled), by_ratio - scaled * self.bin_us, 0.0)
        return float(values.sum()) + self._log_noise(scaled, own), slopes, by_records

    def _slope_by_record_unit(self, name: str, group: slice, own: Mapping[str, float], by_records: RealArray) -> float:
        scale = own["gain"] * self._unit
        if name == "gain":
            scaled = self._scaled(group, own)
            seen = np.isfinite(scaled)
            moved = float((by_records[seen] * scaled[seen]).sum())
            return -(moved + int(seen.sum())) / own["gain"]
        return -float(by_records[:, 0 if name == "offset" else 1].sum()) / scale

    def _table_slopes(self, own: Mapping[str, float], name: str) -> dict[str, Any]:
        """Derivatives of the model's tables by a parameter, from differences: they cost no look at records."""
        value = own[name]
        step = _STEP * self._scale_of(name, own)
        if name in ("efficiency", "delay_ns") and value < step:
            weights = {0.0: -3.0, step: 4.0, 2 * step: -1.0}
        elif name == "efficiency" and value + step > 1:
            weights = {0.0: 3.0, -step: -4.0, -2 * step: 1.0}
        else:
            weights = {-step: -1.0, step: 1.0}
        slopes: dict[str, Any] = {}
        for shift, weight in weights.items():
            model = self._qubit_at({**own, name: value + shift}).model
            for table in ("means", "decays", "shares", "signals", "transitions"):
                slopes[table] = slopes.get(table, 0.0) + weight / (2 * step) * getattr(model, table)
        return slopes

    @staticmethod
    def _scale_of(name: str, own: Mapping[str, float]) -> float:
        """Over which a parameter changes the tables."""
        if name in ("chi_mhz", "detuning_mhz"):
            return own["kappa_mhz"]
        if name == "delay_ns":
            return 1e3 / (2 * math.pi * own["kappa_mhz"])
        if name == "phase":
            return 1.0
        return abs(own[name]) or 1.0


def _inner(by_tables: Mapping[str, Any], slopes: Mapping[str, Any]) -> float:
    return sum(float((by_tables[table].conj() * slope).real.sum()) for table, slope in slopes.items())


def _rows(scaled: RealArray) -> RealArray:
    """(records, bins), or (records, 2 bins) of both quadratures in turn, as the core reads them."""
    return np.ascontiguousarray(scaled.transpose(0, 2, 1)).reshape(len(scaled), -1)


def _check_parameter(name: str, parameter: Parameter, heterodyne: bool) -> None:
    if name not in _KNOWN:
        raise InputError(f"Argument `parameters` must have names among {', '.join(_KNOWN)}, but has {name!r}.")
    if name == "offset_q" and not heterodyne:
        raise InputError("Argument `parameters` must not have 'offset_q' where one quadrature was recorded, but has.")
    if name in _POSITIVE and not parameter.lower > 0:
        raise InputError(
            f"Argument `parameters[{name!r}]` must have a `lower` greater than 0, but has {parameter.lower}."
        )
    if name in ("efficiency", "delay_ns") and parameter.lower < 0:
        raise InputError(
            f"Argument `parameters[{name!r}]` must have a `lower` of at least 0, but has {parameter.lower}."
        )
    if name == "efficiency" and parameter.upper > 1:
        raise InputError(
            f"Argument `parameters['efficiency']` must have an `upper` of at most 1, but has {parameter.upper}."
        )


def _as_records(records: ArrayLike, heterodyne: bool) -> RealArray:
    """(records, 1 or 2, bins); a bin without one quadrature has neither."""
    array = np.asarray(records)
    if np.iscomplexobj(array):
        raise InputError(
            "Argument `records` must be real, but is complex: give both quadratures on an axis of two, times sqrt(2) "
            "if they come from synqc.readout, and heterodyne=True."
        )
    array = np.asarray(array, dtype=np.float64)
    wanted = "(records, 2, bins)" if heterodyne else "(records, bins)"
    if array.ndim == (2 if heterodyne else 1):
        array = array[None]
    if array.ndim != (3 if heterodyne else 2) or 0 in array.shape or (heterodyne and array.shape[1] != 2):
        raise ShapeError(f"Argument `records` must have shape {wanted}, but has shape {np.shape(records)}.")
    if np.isinf(array).any():
        raise InputError("Argument `records` must be finite, or NaN where nothing was recorded, but is infinite.")
    array = (array if heterodyne else array[:, None]).copy()
    array[np.broadcast_to(np.isnan(array).any(axis=1, keepdims=True), array.shape)] = math.nan
    if np.isnan(array).all():
        raise InputError("Argument `records` must hold at least one bin, but is NaN in every element.")
    return array


def _as_starts(start: ArrayLike, records: int) -> RealArray:
    """Populations (records, 2) of each record's state at the start."""
    array = np.asarray(start, dtype=np.complex128)
    if array.shape == (2,):
        array = np.outer(array, array.conj())
    if array.shape == (2, 2):
        array = np.broadcast_to(array, (records, 2, 2))
    if array.shape != (records, 2, 2):
        raise ShapeError(
            f"Argument `start` must have shape (2,), (2, 2) or ({records}, 2, 2), but has shape {np.shape(start)}."
        )
    populations = np.einsum("rii->ri", array).real
    if not (np.abs(populations.sum(axis=1) - 1) < 1e-9).all() or not (populations >= -1e-12).all():
        raise InputError("Argument `start` must be states of trace 1, but is not.")
    clipped = populations.clip(0, 1)
    return np.ascontiguousarray(clipped / clipped.sum(axis=1, keepdims=True))

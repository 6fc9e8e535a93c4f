"""Likelihood of the records of a monitored qubit, with its gradient by the adjoint."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import cast

import numpy as np
from numpy.typing import ArrayLike

from synqc import _core
from synqc.errors import InputError, ShapeError
from synqc.infer.goodness_of_fit import FitTest, GoodnessOfFit
from synqc.infer.innovations import innovation_tests
from synqc.infer.likelihood import Likelihood, RealArray
from synqc.infer.parameter import Parameter
from synqc.lab.filter_record import MonitoredQubit

__all__ = ["RecordLikelihood"]

_RAD_PER_US_OF_KHZ = 2e-3 * math.pi
_QUBIT = ("detuning_khz", "rabi_khz", "rabi_y_khz", "gamma_per_us", "efficiency", "t1_us", "t2_us")
_COEFFICIENTS = 8  # detuning, rabi_x, rabi_y, decay, coherence_loss, strength, gain, offset
_POSITIVE = ("gamma_per_us", "efficiency", "t1_us", "t2_us", "gain")
_MOST_SCAN_POINTS = 401
_MOST_SHIFT = 10  # bins
_LONG_BIN = 0.2  # of the period in which H turns what is monitored


class RecordLikelihood(Likelihood):
    """How likely parameters make records of a monitored qubit: homodyne detection of sigma_z, while H is constant.

    The map of a bin is exact for its mean (`filter_record`, method "bin-average"), so that posteriors keep their word
    for bins of any length. A record x = offset + gain J has white noise of variance gain^2 / bin.

    Args:
        records (float64, (bins,) or (records, bins)): Bin means; NaN where nothing was recorded: the qubit then goes
            through the channel of its ensemble. Shorter records are filled up with NaN.
        bin_us: Length of all bins.
        qubit: What is known of the qubit, which has no resonator; `parameters` override its numbers.
        start (complex128, (2,) or (2, 2)): Ket or density matrix when the first bin begins.
        parameters: Numbers of `MonitoredQubit`, "gain" and "offset". A t2_us beyond 2 * t1_us counts as 2 * t1_us, and
            has no prior probability.
        gain: Record units per unit of J = dY / dt, where it is known.
        offset: Mean of a record without a signal, where it is known.
        threads: 0 uses all; results do not depend on it.

    Raises:
        ShapeError: `records` or `start` has another shape.
        InputError: A name is unknown, a bound is not possible, the qubit has a resonator, records are complex or
            infinite, or bins see more than several times what one measurement time tells.

    Examples:
        >>> import numpy as np
        >>> from synqc.lab.smesolve import smesolve
        >>> qubit = MonitoredQubit(rabi_khz=500.0, gamma_per_us=0.5, efficiency=0.8)
        >>> edges = np.linspace(0.0, 20.0, 401)
        >>> made = smesolve(qubit.H, [1.0, 0.0], edges, sc_ops=qubit.sc_ops, eta=0.8, ntraj=4, seeds=7)
        >>> likelihood = RecordLikelihood(
        ...     made.measurement[:, 0], 0.05, qubit, [1.0, 0.0], {"rabi_khz": Parameter(400.0, 600.0)}
        ... )
        >>> value, gradient = likelihood.log_likelihood_and_gradient([500.0])
        >>> value == likelihood.log_likelihood([500.0]), gradient.shape
        (True, (1,))

    Source: Gambetta and Wiseman, PRA 64, 042105 (2001); Guilmin, Rouchon and Tilloy, arXiv:2505.20382.
    """

    def __init__(
        self,
        records: ArrayLike,
        bin_us: float,
        qubit: MonitoredQubit,
        start: ArrayLike,
        parameters: Mapping[str, Parameter],
        *,
        gain: float = 1.0,
        offset: float = 0.0,
        threads: int = 0,
    ) -> None:
        self.records = _as_records(records)
        super().__init__(parameters, copies=len(self.records))
        known = (*_QUBIT, "gain", "offset")
        for name, parameter in parameters.items():
            if name not in known:
                raise InputError(f"Argument `parameters` must have names among {', '.join(known)}, but has {name!r}.")
            if name in _POSITIVE and not parameter.lower > 0:
                raise InputError(
                    f"Argument `parameters[{name!r}]` must have a `lower` greater than 0, but has {parameter.lower}."
                )
            if name == "efficiency" and parameter.upper > 1:
                raise InputError(
                    f"Argument `parameters['efficiency']` must have an `upper` of at most 1, but has {parameter.upper}."
                )
        if not (bin_us > 0 and math.isfinite(bin_us)):
            raise InputError(f"Argument `bin_us` must be finite and greater than 0, but is {bin_us}.")
        if qubit.resonator is not None:
            raise InputError(
                "Argument `qubit` must have no resonator, whose ringing changes the rates while a record runs, but has "
                "one: use ResonatorRecordLikelihood, which follows it."
            )
        if qubit.thermal_population != 0:
            raise InputError(
                "Argument `qubit` must have a `thermal_population` of 0 where no resonator watches it, but has "
                f"{qubit.thermal_population}."
            )
        self.bin_us = float(bin_us)
        self.qubit = qubit
        self._start = _as_start(start)
        self._fixed = {name: getattr(qubit, name) for name in _QUBIT} | {"gain": gain, "offset": offset}
        self._threads = threads
        self._declared = dict(parameters)

    def log_likelihood(self, values: ArrayLike) -> float:
        """Natural logarithm of the density of the records at `values` (p,)."""
        return float(self.log_likelihoods([values])[0])

    def log_likelihoods(self, points: Sequence[ArrayLike]) -> RealArray:
        """At many points (points, p), which share the threads."""
        vectors = [self._vector(point) for point in points]
        if self._all_shared:
            models = np.array([self._coefficients(self._values_of(vector, 0)) for vector in vectors])
            return cast(RealArray, self._densities(self.records, models).sum(axis=1))
        total = np.zeros(len(vectors))
        for k in range(len(self.records)):
            models = np.array([self._coefficients(self._values_of(vector, k)) for vector in vectors])
            total += self._densities(self.records[k : k + 1], models)[:, 0]
        return total

    def log_likelihood_and_gradient(self, values: ArrayLike) -> tuple[float, RealArray]:
        """The same with its derivatives (p,): one pass forwards and one backwards over the records."""
        vector = self._vector(values)
        place = {name: k for k, name in enumerate(self.names)}
        groups = [slice(None)] if self._all_shared else [slice(k, k + 1) for k in range(len(self.records))]
        total, gradient = 0.0, np.zeros(len(vector))
        for k, group in enumerate(groups):
            own = self._values_of(vector, k)
            densities, by_coefficient = _core.record_log_likelihoods(
                records=self.records[group],
                bin_us=self.bin_us,
                start=self._start,
                models=self._coefficients(own)[None],
                with_gradients=True,
                threads=self._threads,
            )
            total += float(densities.sum())
            for name, parameter in self._declared.items():
                key = name if parameter.shared else f"{name}[{k}]"
                gradient[place[key]] += float(by_coefficient[0] @ _coefficient_slopes(own, name))
        return total, gradient

    def log_prior(self, values: ArrayLike) -> float:
        """As of every likelihood; -inf where a qubit's T2 is beyond 2 T1 besides."""
        prior = super().log_prior(values)
        if "t2_us" in self._declared and prior > -math.inf:
            vector = self._vector(values)
            for k in range(1 if self._all_shared else len(self.records)):
                own = self._values_of(vector, k)
                if own["t2_us"] > 2 * own["t1_us"] * (1 + 1e-9):
                    return -math.inf
        return prior

    def log_posterior_and_gradient(self, values: ArrayLike) -> tuple[float, RealArray]:
        """As of every likelihood; T2 beyond 2 T1 counts as 2 T1, so that a search finds its way back."""
        vector = self._vector(values)
        value, gradient = self.log_likelihood_and_gradient(vector)
        gradient = gradient.copy()
        for k, parameter in enumerate(self.parameters):
            if parameter.prior is not None:
                mean, deviation = parameter.prior
                value -= ((vector[k] - mean) / deviation) ** 2 / 2
                gradient[k] -= (vector[k] - mean) / deviation**2
        return value, gradient

    def scan_points(self, name: str) -> int:
        """Frequencies are looked through in quarters of a cycle over the records, other parameters at nine points."""
        parameter = self._parameters[name]
        if name.split("[")[0] not in ("detuning_khz", "rabi_khz", "rabi_y_khz"):
            return 9
        cycles = parameter.width * 1e-3 * self.bin_us * self.records.shape[1]
        return int(min(max(9, math.ceil(4 * cycles)), _MOST_SCAN_POINTS))

    def innovations(self, values: ArrayLike) -> RealArray:
        """(record - expected) / expected deviation (records, bins), given all bins before; NaN in gaps."""
        vector = self._vector(values)
        rows = []
        for k in range(len(self.records)):
            means, deviations = _core.record_predictions(
                records=self.records[k : k + 1],
                bin_us=self.bin_us,
                start=self._start,
                models=self._coefficients(self._values_of(vector, k))[None],
                threads=self._threads,
            )
            rows.append((self.records[k] - means[0]) / deviations[0])
        return np.array(rows)

    def goodness_of_fit(self, values: ArrayLike) -> GoodnessOfFit:
        """Innovations: mean, variance, Ljung-Box, spectrum; and whether records that came later or earlier fit better.

        The last compares the likelihood of the records with that of the same ones if they began up to ten bins late or
        early: under the right model a ratio of likelihoods exceeds r with a probability below 1 / r.
        """
        return GoodnessOfFit((*innovation_tests(self.innovations(values)), self._delay_test(self._vector(values))))

    def bin_warning(self, values: ArrayLike) -> str | None:
        """What must be said of bins that are long beside the period in which H turns what is monitored."""
        vector = self._vector(values)
        longest = 0.0
        for k in range(len(self.records)):
            own = self._values_of(vector, k)
            turning = math.hypot(own["rabi_khz"], own["rabi_y_khz"]) * 1e-3
            longest = max(longest, self.bin_us * turning)
        if longest < _LONG_BIN:
            return None
        return (
            f"Argument `bin_us` is {self.bin_us:g}, {longest:.2g} of the period in which H turns what is monitored: "
            "intervals keep their word, but what the record did inside a bin is lost, and shorter bins would tell more."
        )

    @property
    def _all_shared(self) -> bool:
        return all(parameter.shared for parameter in self._declared.values())

    def _values_of(self, vector: RealArray, record: int) -> dict[str, float]:
        own = dict(self._fixed)
        place = dict(zip(self.names, vector, strict=True))
        for name, parameter in self._declared.items():
            own[name] = float(place[name if parameter.shared else f"{name}[{record}]"])
        if own["t2_us"] is None:
            own["t2_us"] = math.inf
        return own

    @staticmethod
    def _coefficients(values: Mapping[str, float]) -> RealArray:
        decay = 1 / values["t1_us"]
        return np.array(
            [
                _RAD_PER_US_OF_KHZ * values["detuning_khz"],
                _RAD_PER_US_OF_KHZ * values["rabi_khz"],
                _RAD_PER_US_OF_KHZ * values["rabi_y_khz"],
                decay,
                values["gamma_per_us"] + max(1 / values["t2_us"], decay / 2),
                math.sqrt(2 * values["efficiency"] * values["gamma_per_us"]),
                values["gain"],
                values["offset"],
            ]
        )

    def _densities(self, records: RealArray, models: RealArray) -> RealArray:
        densities, _ = _core.record_log_likelihoods(
            records=records,
            bin_us=self.bin_us,
            start=self._start,
            models=models,
            with_gradients=False,
            threads=self._threads,
        )
        return cast(RealArray, densities)

    def _delay_test(self, vector: RealArray) -> FitTest:
        shifts = [k for k in range(-_MOST_SHIFT, _MOST_SHIFT + 1) if k != 0 and abs(k) < self.records.shape[1]]
        as_given = self._log_likelihood_if_late(vector, 0)
        gains = [self._log_likelihood_if_late(vector, shift) - as_given for shift in shifts]
        if not gains:
            return FitTest("delay", 0.0, 1.0, "")
        best = int(np.argmax(gains))
        shift = shifts[best] * self.bin_us
        word = "late" if shift > 0 else "early"
        return FitTest(
            "delay",
            gains[best],
            min(1.0, len(gains) * math.exp(-max(gains[best], 0.0))),
            f"records fit better if they come {abs(shift) * 1e3:.3g} ns {word}",
        )

    def _log_likelihood_if_late(self, vector: RealArray, shift: int) -> float:
        """Of all records, had the measurement begun with bin `shift` of them: bins before it are noise."""
        total = 0.0
        groups = [slice(None)] if self._all_shared else [slice(k, k + 1) for k in range(len(self.records))]
        for k, group in enumerate(groups):
            own = self._values_of(vector, k)
            records = self.records[group]
            noise, rest = records[:, : max(shift, 0)], records[:, max(shift, 0) :]
            if shift < 0:
                rest = np.concatenate([np.full((len(rest), -shift), np.nan), rest], axis=1)
            total += float(self._densities(rest, self._coefficients(own)[None]).sum())
            deviation = own["gain"] / math.sqrt(self.bin_us)
            z = (noise[np.isfinite(noise)] - own["offset"]) / deviation
            total -= float((z**2).sum()) / 2 + len(z) * math.log(deviation * math.sqrt(2 * math.pi))
        return total


def _coefficient_slopes(values: Mapping[str, float], name: str) -> RealArray:
    """Derivatives (8,) of the coefficients by one parameter."""
    slopes = np.zeros(_COEFFICIENTS)
    t1, t2 = values["t1_us"], values["t2_us"]
    is_limited = 1 / t2 < 1 / (2 * t1)
    if name in ("detuning_khz", "rabi_khz", "rabi_y_khz"):
        slopes[("detuning_khz", "rabi_khz", "rabi_y_khz").index(name)] = _RAD_PER_US_OF_KHZ
    elif name == "t1_us":
        slopes[3] = -1 / t1**2
        slopes[4] = -1 / (2 * t1**2) if is_limited else 0.0
    elif name == "t2_us":
        slopes[4] = 0.0 if is_limited else -1 / t2**2
    elif name in ("gamma_per_us", "efficiency"):
        strength = math.sqrt(2 * values["efficiency"] * values["gamma_per_us"])
        slopes[4] = 1.0 if name == "gamma_per_us" else 0.0
        slopes[5] = values["efficiency" if name == "gamma_per_us" else "gamma_per_us"] / strength
    else:
        slopes[6 if name == "gain" else 7] = 1.0
    return slopes


def _as_records(records: ArrayLike) -> RealArray:
    array = np.asarray(records)
    if np.iscomplexobj(array):
        raise InputError(
            "Argument `records` must be real, homodyne records of the quadrature that shows sigma_z, but is complex: "
            "turn it so that the signal lies in its real part, and give that; or use filter_record(heterodyne=True)."
        )
    array = np.asarray(array, dtype=np.float64)
    if array.ndim == 1:
        array = array[None]
    if array.ndim != 2 or 0 in array.shape:
        raise ShapeError(f"Argument `records` must have shape (records, bins), but has shape {array.shape}.")
    if np.isinf(array).any():
        raise InputError("Argument `records` must be finite, or NaN where nothing was recorded, but is infinite.")
    if np.isnan(array).all():
        raise InputError("Argument `records` must hold at least one bin, but is NaN in every element.")
    return np.ascontiguousarray(array)


def _as_start(start: ArrayLike) -> RealArray:
    array = np.asarray(start, dtype=np.complex128)
    if array.shape == (2,):
        array = np.outer(array, array.conj())
    if array.shape != (2, 2):
        raise ShapeError(f"Argument `start` must have shape (2,) or (2, 2), but has shape {array.shape}.")
    return np.array([array[0, 0].real, array[1, 1].real, array[0, 1].real, array[0, 1].imag])

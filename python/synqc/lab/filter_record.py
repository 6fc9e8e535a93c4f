"""What a recorded trace says: the state behind it, and which parameters made it likely."""

from __future__ import annotations

import inspect
import math
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike

from synqc import _core
from synqc.errors import InputError, ResolutionWarning, ShapeError
from synqc.lab._coefficients import Looking, frames_inside
from synqc.lab._foreign import has_matrix
from synqc.lab._operators import ComplexArray, RealArray, as_state, as_times
from synqc.lab._resonator_filter import QubitBehindResonator, as_resonator_records
from synqc.lab._trajectories import (
    METHODS,
    TrajectoryModel,
    as_model,
    check_method,
    choose_steps,
    compile_program,
    looking_at,
)
from synqc.lab._whole_number import MOST_THREADS, whole_number
from synqc.lab.device import Device
from synqc.pipeline.progress import ProgressBar, ProgressOption, progress_callback
from synqc.readout.pulse import ReadoutPulse
from synqc.readout.resonator import Resonator

__all__ = ["FilteredRecord", "MonitoredQubit", "filter_record"]

_METHODS = ("auto", *METHODS, "bin-average")

_SHORT_BIN = 0.05  # of the period in which H turns what is monitored: one update in the middle is as good as any
_LONGEST_BIN = 0.2  # from here on that update makes posteriors too confident

_MOST_GROWTH = 18.0
"""Of the exponents that the series of a bin adds up: rounding then stays below 1e-8 of white noise."""

_MOST_LEVELS, _MOST_CHANNELS = 4, 2
"""For which the map of a bin, which has some twenty matrices for each channel, is chosen unasked."""


@dataclass(frozen=True)
class MonitoredQubit:
    """A driven, decaying qubit whose sigma_z is watched, in the words of a laboratory. Times in µs.

    H = detuning |1><1| + (rabi_x sigma_x + rabi_y sigma_y) / 2, L = sqrt(gamma / 2) sigma_z; sigma_z = +1 in |0>.

    Args:
        detuning_khz: Qubit minus drive frequency.
        rabi_khz: Rabi frequency of the drive along x.
        rabi_y_khz: Along y.
        gamma_per_us: Measurement-induced dephasing rate of the ensemble (1/µs).
        efficiency: Quantum efficiency of detection, 0 to 1.
        t1_us: Energy relaxation time; infinity for none.
        t2_us: Coherence time without the measurement, at most 2 * t1_us; None for 2 * t1_us.
        resonator: What the qubit is watched through: it, and not `gamma_per_us` and `efficiency`, then says how fast
            and how well. Its fields ring up and down; the qubit must not be driven meanwhile.
        pulse: Drive of the resonator, from an empty one at time 0.
        thermal_population: P(|1>) that the bath pulls the qubit to, below 1/2: it leaves |0> at this share of
            1 / t1_us.

    Examples:
        >>> qubit = MonitoredQubit(rabi_khz=500.0, gamma_per_us=1.0, efficiency=0.4, t1_us=30.0)
        >>> round(qubit.measurement_time_us, 6)
        1.25
    """

    detuning_khz: float = 0.0
    rabi_khz: float = 0.0
    rabi_y_khz: float = 0.0
    gamma_per_us: float = 1.0
    efficiency: float = 1.0
    t1_us: float = math.inf
    t2_us: float | None = None
    resonator: Resonator | None = None
    pulse: ReadoutPulse | None = None
    thermal_population: float = 0.0

    @classmethod
    def from_device(cls, device: Device, pulse: ReadoutPulse) -> MonitoredQubit:
        """A device's typical qubit behind the device's resonator, without a drive of its own.

        Args:
            device: With a resonator. Its detuning is taken where it is given exactly, else 0.
            pulse: Drive of the resonator.

        Raises:
            InputError: The device knows no resonator, or one of three levels.

        Examples:
            >>> import synqc
            >>> fez = synqc.device("ibm_fez").replace(resonator=Resonator(kappa_mhz=5.0, chi_mhz=0.5, drive_mhz=2.0))
            >>> MonitoredQubit.from_device(fez, ReadoutPulse.square(500.0)).t2_us == fez.t2_us
            True
        """
        if device.resonator is None:
            raise InputError("Argument `device` must have a resonator, but has none: device.replace(resonator=...).")
        return cls(
            detuning_khz=device.detuning_khz or 0.0,
            t1_us=device.t1_us,
            t2_us=device.t2_us,
            thermal_population=device.thermal_population,
            resonator=device.resonator,
            pulse=pulse,
        )

    def __post_init__(self) -> None:
        self._check_resonator()
        for name in ("detuning_khz", "rabi_khz", "rabi_y_khz"):
            if not math.isfinite(getattr(self, name)):
                raise InputError(f"Argument `{name}` must be finite, but is {getattr(self, name)}.")
        if not (self.gamma_per_us >= 0 and math.isfinite(self.gamma_per_us)):
            raise InputError(f"Argument `gamma_per_us` must be finite and at least 0, but is {self.gamma_per_us}.")
        if not 0 <= self.efficiency <= 1:
            raise InputError(f"Argument `efficiency` must be between 0 and 1, but is {self.efficiency}.")
        if not 0 <= self.thermal_population < 0.5:
            raise InputError(
                f"Argument `thermal_population` must be at least 0 and below 0.5, but is {self.thermal_population}."
            )
        for name in ("t1_us", "t2_us"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise InputError(f"Argument `{name}` must be greater than 0, but is {value}.")
        if self.t2_us is not None and self.t2_us > 2 * self.t1_us * (1 + 1e-12):
            raise InputError(f"Argument `t2_us` must be at most 2 * t1_us = {2 * self.t1_us:g}, but is {self.t2_us:g}.")

    def _check_resonator(self) -> None:
        if (self.resonator is None) != (self.pulse is None):
            raise InputError("Argument `pulse` must be given with `resonator`, and only with it.")
        if self.resonator is None:
            return
        if self.resonator.levels != 2:
            raise InputError(f"Argument `resonator` must have two levels, but has {self.resonator.levels}.")
        for name in ("rabi_khz", "rabi_y_khz"):
            if getattr(self, name) != 0:
                raise InputError(
                    f"Argument `{name}` must be 0 with a `resonator`, whose field would follow the driven qubit, "
                    f"but is {getattr(self, name)}."
                )
        for name in ("gamma_per_us", "efficiency"):
            if getattr(self, name) != 1.0:
                raise InputError(
                    f"Argument `{name}` must be left out with a `resonator`, which brings its own, "
                    f"but is {getattr(self, name)}."
                )

    @property
    def dephasing_per_us(self) -> float:
        """Pure dephasing without the measurement."""
        decay = 1 / self.t1_us
        return 0.0 if self.t2_us is None else max(0.0, 1 / self.t2_us - decay / 2)

    @property
    def measurement_time_us(self) -> float:
        """tau_m = 1 / (2 efficiency gamma): how long a record must be averaged until its noise is as large as +-1."""
        information = 2 * self.efficiency * self.gamma_per_us
        return 1 / information if information > 0 else math.inf

    @property
    def H(self) -> ComplexArray:  # noqa: N802
        """Hamiltonian in rad/µs."""
        delta, x, y = (2e-3 * math.pi * value for value in (self.detuning_khz, self.rabi_khz, self.rabi_y_khz))
        return np.array([[0, (x - 1j * y) / 2], [(x + 1j * y) / 2, delta]])

    @property
    def c_ops(self) -> list[ComplexArray]:
        """Decay and pure dephasing, 1/sqrt(µs)."""
        up = self.thermal_population / self.t1_us
        rates = (1 / self.t1_us - up, self.dephasing_per_us / 2, up)
        return [
            np.array(op, dtype=np.complex128) * math.sqrt(rate)
            for rate, op in zip(rates, ([[0, 1], [0, 0]], [[1, 0], [0, -1]], [[0, 0], [1, 0]]), strict=True)
            if rate > 0
        ]

    @property
    def sc_ops(self) -> list[ComplexArray]:
        """The monitored operator.

        Raises:
            InputError: The qubit is watched through a resonator, of which no operator of the qubit alone knows.
        """
        if self.resonator is not None:
            raise InputError("Argument `resonator` must be left out where the monitored operator is asked for.")
        return [np.array([[1, 0], [0, -1]], dtype=np.complex128) * math.sqrt(self.gamma_per_us / 2)]

    def behind_resonator(self, times: RealArray, heterodyne: bool) -> QubitBehindResonator:
        """This qubit with the bins of a record of its resonator.

        Args:
            times (float64, (bins + 1,)): Edges, in us from the start of the pulse.
            heterodyne: Whether both quadratures are recorded.

        Raises:
            InputError: It has no resonator, or the bins do not begin with the pulse.
        """
        if self.resonator is None or self.pulse is None:
            raise InputError("Argument `resonator` must be given where a record of it is asked for, but is None.")
        if times[0] != 0:
            raise InputError(f"Argument `tlist` must begin at 0, where the pulse does, but begins at {times[0]:g}.")
        return QubitBehindResonator(
            self.resonator,
            self.pulse,
            self.t1_us,
            self.dephasing_per_us,
            2e-3 * math.pi * self.detuning_khz,
            times,
            heterodyne,
            self.thermal_population,
        )


@dataclass(frozen=True)
class FilteredRecord:
    """What filter_record found. `...` stands for the axes of the parameters, in order, then one for many records.

    Args:
        parameters: Names and grids, in the order of the axes.
        times: Moments (t,) of `states`.
        states: Conditioned density matrices (..., t, n, n).
        log_likelihood: Natural logarithm of how probable each parameter makes each record (...), relative to white
            noise of the same duration; for `record_unit="normalised"`, of the density of the record itself.
        many_records: Whether the last axis of `log_likelihood` counts records.
    """

    parameters: dict[str, RealArray]
    times: RealArray
    states: ComplexArray
    log_likelihood: RealArray
    many_records: bool

    @property
    def posterior(self) -> RealArray:
        """Probability of each grid point given each record (...), for a flat prior over the grid; sums to 1 over it."""
        return _normalised(self.log_likelihood, len(self.parameters))

    @property
    def joint_posterior(self) -> RealArray:
        """Probability of each grid point given all records together, for a flat prior over the grid."""
        together = self.log_likelihood.sum(axis=-1) if self.many_records else self.log_likelihood
        return _normalised(together, len(self.parameters))

    @property
    def best(self) -> dict[str, float]:
        """The grid point that all records together make most likely."""
        where = np.unravel_index(int(np.argmax(self.joint_posterior)), self.joint_posterior.shape)
        return {name: float(grid[k]) for (name, grid), k in zip(self.parameters.items(), where, strict=True)}

    def expect(self, operator: ArrayLike) -> RealArray:
        """Conditioned mean (..., t) of a Hermitian operator (n, n)."""
        return cast(RealArray, np.einsum("ij,...ji->...", np.asarray(operator), self.states).real)


def _normalised(log_weights: RealArray, grid_axes: int) -> RealArray:
    axes = tuple(range(grid_axes))
    weights = np.exp(log_weights - log_weights.max(axis=axes, keepdims=True))
    return cast(RealArray, weights / weights.sum(axis=axes, keepdims=True))


def filter_record(
    record: ArrayLike,
    H: Any,
    rho0: Any,
    tlist: ArrayLike,
    c_ops: Any = (),
    sc_ops: Any = (),
    *,
    eta: Any = 1.0,
    parameters: Mapping[str, ArrayLike] | None = None,
    args: Mapping[str, Any] | None = None,
    heterodyne: bool = False,
    method: str = "auto",
    dt: float | None = None,
    breakpoints: ArrayLike = (),
    record_unit: str = "J",
    keep_states: str = "auto",
    threads: int = 0,
    progress: ProgressOption = "auto",
) -> FilteredRecord:
    """Infer the state behind a record, and how likely each of a grid of parameters made it.

    Runs the stochastic master equation of `smesolve` on given records J instead of drawn ones. log L(theta) =
    sum_k log tr(K_k rho K_k^dag) is the likelihood of parameters theta: the Bayesian way to learn a Hamiltonian from
    weak measurement. What the record did inside a bin is lost, but not what its mean says: bins longer than a twentieth
    of a Rabi period are given the exact map for their mean, averaged over all records that have it, so that a posterior
    keeps its word (rank tests, intervals that cover) for bins of any length. Where that cannot be done, because a bin
    sees more than some four times its measurement time or there are too many levels or channels, a ResolutionWarning
    says from a fifth of a Rabi period on that the posterior is too confident.

    Args:
        record (float64): Bin means of J = dY/dt, as `smesolve` returns them: (bins,) or (records, bins) for one
            monitored operator; (channels, bins) or (records, channels, bins) for several; with an axis of 2 before the
            bins for heterodyne detection.
        H: As for `smesolve`; or a `MonitoredQubit`, which brings its own c_ops, sc_ops and eta, and may have a
            resonator: records may then be NaN where a bin is missing, and times are in µs from the start of its pulse
            (heterodyne records of `synqc.readout` are to be multiplied by sqrt(2), as `smesolve` reports them); or,
            with `parameters`, a callable of some of them that returns either; or [H0, [H1, "name"], ..], where a
            parameter scales H1.
        rho0 (complex128, (n,) or (n, n)): State at tlist[0]; or a callable of parameters.
        tlist (float64, (bins + 1,)): Edges of the bins.
        c_ops, sc_ops, eta: As for `smesolve`; or callables of parameters.
        parameters: Names and grids to scan, all combinations. For a `MonitoredQubit` the names are its fields.
            Functions of time in H find them among their `args`. With a resonator they are those of its fields that are
            one number, and `detuning_khz`, `t1_us`, `t2_us`.
        args: Further arguments of functions of time.
        heterodyne: Whether both quadratures were recorded.
        method: "auto"; "bin-average", the exact map for the mean of each bin, for any operators; "bayes-strang", an
            exact update in the middle of each step, faster and as good for short bins; or "rouchon", for operators that
            are not Hermitian. "auto" takes "bayes-strang" for short bins and wherever `dt` is given.
        dt: Longest step inside a bin. None takes one step per bin, the most accurate choice, where H is constant and
            the method "bayes-strang"; else as in `smesolve`. For "bin-average" the longest part over which what depends
            on time is averaged.
        breakpoints: As for `smesolve`.
        record_unit: "J", or "normalised" for a `MonitoredQubit`: r = J / sqrt(2 efficiency gamma), whose mean is +1 in
            |0> and -1 in |1>, which is how a record scaled by its two calibration levels reads.
        keep_states: "all" times, the "final" one only, or "auto": all if there are no parameters to scan.
        threads: 0 uses all; the result's bytes do not depend on it.
        progress: "auto", True, False, or a callable of (done, total).

    Returns:
        FilteredRecord with `states`, `log_likelihood`, `posterior`, `best` and `times`.

    Raises:
        ShapeError: The record does not fit the channels and bins.
        InputError: A record is not finite, a parameter is unknown or unused, or what `smesolve` refuses.
        KeyboardInterrupt: Ctrl-C.

    Warns:
        ResolutionWarning: Bins are too long for what H does and for the method; or a function of time may have features
            too narrow to be seen, as for `mesolve`.

    Examples:
        A day's trace of a driven qubit, simulated here, and the Rabi frequency that it speaks for.

        >>> import numpy as np
        >>> from synqc.lab.smesolve import smesolve
        >>> qubit = MonitoredQubit(rabi_khz=500.0, gamma_per_us=0.5, efficiency=0.8)
        >>> edges = np.linspace(0.0, 20.0, 1001)
        >>> ground = np.array([1.0, 0.0])
        >>> traces = smesolve(qubit.H, ground, edges, sc_ops=qubit.sc_ops, eta=0.8, ntraj=4, seeds=7).measurement
        >>> found = filter_record(traces, qubit, ground, edges, parameters={"rabi_khz": np.arange(400.0, 601.0, 10.0)})
        >>> found.log_likelihood.shape
        (21, 4)
        >>> abs(found.best["rabi_khz"] - 500.0) <= 20.0
        True
        >>> filter_record(traces[0, 0], qubit, ground, edges).states.shape
        (1001, 2, 2)

    Source: Wiseman and Milburn, Quantum Measurement and Control, ch. 4; Gambetta and Wiseman, PRA 64, 042105 (2001);
    for what a bin's mean says, Guilmin, Rouchon and Tilloy, arXiv:2505.20382.
    """
    # convert
    times = as_times("tlist", tlist)
    grids = _grids(parameters)
    points = _grid_points(grids)
    physics = _Physics(H, rho0, c_ops, sc_ops, eta)
    if isinstance(H, MonitoredQubit) and H.resonator is not None:
        _check_resonator_arguments(rho0, args, method, dt, breakpoints, record_unit)
        _check_word("keep_states", keep_states, ("auto", "all", "final"))
        return _filter_behind_resonator(
            record, H, rho0, times, grids, heterodyne, keep_states == "all" or (keep_states == "auto" and not grids),
            whole_number("threads", threads, least=0, most=MOST_THREADS),
        )  # fmt: skip
    physics.check_names(grids)
    looking = looking_at(times, breakpoints, dt)
    models = [physics.model(point, looking, {**dict(args or {}), **point}, heterodyne) for point in points]
    # check
    check_method(method, _METHODS)
    _check_word("keep_states", keep_states, ("auto", "all", "final"))
    _check_word("record_unit", record_unit, ("J", "normalised"))
    threads = whole_number("threads", threads, least=0, most=MOST_THREADS)
    records, many_records = _as_records(record, models[0], len(times) - 1)
    # call
    keep_all = keep_states == "all" or (keep_states == "auto" and not grids)
    is_normalised = record_unit == "normalised"
    taus = [physics.measurement_time(point) if is_normalised else 1.0 for point in points]
    scales = [1 / math.sqrt(tau) / model.record_scale for tau, model in zip(taus, models, strict=True)]
    bins = _Bins(models, times, _largest_record(records, scales, times))
    used = bins.best_method(dt) if method == "auto" else method
    if used == "bin-average":
        bins.check_growth()
    log_likelihood, states = _filter(models, records, scales, bins, used, dt, keep_all, threads, progress)
    if is_normalised:
        log_likelihood = log_likelihood + _noise_density(records[:, 0], np.array(taus), np.diff(times))
    if used != "bin-average":
        bins.warn_if_long(int(np.argmax(log_likelihood.sum(axis=1))), method)
    # wrap
    shape = tuple(len(grid) for grid in grids.values()) + ((len(records),) if many_records else ())
    return FilteredRecord(
        parameters=grids,
        times=times if keep_all else times[-1:],
        states=states.reshape(*shape, *states.shape[2:]),
        log_likelihood=log_likelihood.reshape(shape),
        many_records=many_records,
    )


def _check_resonator_arguments(
    rho0: Any, args: Any, method: str, dt: float | None, breakpoints: ArrayLike, record_unit: str
) -> None:
    for name, is_default, default in (
        ("args", not args, "left out"), ("method", method == "auto", '"auto"'), ("dt", dt is None, "None"),
        ("breakpoints", np.size(breakpoints) == 0, "left out"), ("record_unit", record_unit == "J", '"J"'),
        ("rho0", not callable(rho0) or has_matrix(rho0), "a state"),
    ):  # fmt: skip
        if not is_default:
            raise InputError(f"Argument `{name}` must be {default} for a MonitoredQubit with a resonator, but is not.")


def _filter_behind_resonator(
    record: ArrayLike,
    qubit: MonitoredQubit,
    rho0: Any,
    times: RealArray,
    grids: dict[str, RealArray],
    heterodyne: bool,
    keep_all: bool,
    threads: int,
) -> FilteredRecord:
    state = as_state("rho0", rho0, 2)
    records, many_records = as_resonator_records(record, len(times) - 1, heterodyne)
    likelihoods, states = [], []
    for point in _grid_points(grids):
        followed = _qubit_at(qubit, point).behind_resonator(times, heterodyne).follow(records, state, threads)
        likelihoods.append(followed.log_likelihood)
        states.append(followed.states if keep_all else followed.states[:, -1:])
    shape = tuple(len(grid) for grid in grids.values()) + ((len(records),) if many_records else ())
    return FilteredRecord(
        parameters=grids,
        times=times if keep_all else times[-1:],
        states=np.stack(states).reshape(*shape, -1, 2, 2),
        log_likelihood=np.stack(likelihoods).reshape(shape),
        many_records=many_records,
    )


def _qubit_at(qubit: MonitoredQubit, point: Mapping[str, float]) -> MonitoredQubit:
    """The qubit at a point of the grid: names are fields of the resonator, or of the qubit where it has them not."""
    assert qubit.resonator is not None
    own = {"detuning_khz", "t1_us", "t2_us"}
    of_resonator = {field.name for field in fields(Resonator)} - {"critical_photons"}
    for name in point:
        if name not in own | of_resonator:
            uses = ", ".join(sorted(own | of_resonator))
            raise InputError(f"Argument `parameters` must have names that H uses ({uses}), but has {name!r}.")
    changes = {name: value for name, value in point.items() if name in of_resonator}
    return replace(
        qubit,
        resonator=replace(qubit.resonator, **cast(Any, changes)),
        **cast(Any, {name: value for name, value in point.items() if name in own}),
    )


def _largest_record(records: RealArray, scales: list[float], times: RealArray) -> float:
    """How many deviations of white noise a bin mean reaches."""
    deviations = np.abs(records) * np.sqrt(np.diff(times))
    return float(deviations.max() * max(scales))


@dataclass(frozen=True)
class _Bins:
    """Bins of records, and what the models at all grid points make of their length.

    Args:
        models: One per grid point.
        times (float64, (bins + 1,)): Edges.
        largest_record: Largest bin mean, in deviations of white noise.
    """

    models: list[TrajectoryModel]
    times: RealArray
    largest_record: float

    def best_method(self, dt: float | None) -> str:
        """One for all grid points, so that no difference between methods masquerades as evidence."""
        updates = all(model.equation.takes_bayes_strang() for model in self.models)
        if updates and (dt is not None or max(map(self._share, self.models)) < _SHORT_BIN):
            return "bayes-strang"
        if self._takes_bin_average() and dt is None:
            return "bin-average"
        return "bayes-strang" if updates else "rouchon"

    def check_growth(self) -> None:
        """Refuse bins whose series would lose its digits."""
        if not self._growth() <= _MOST_GROWTH:
            raise InputError(
                'Argument `method` must not be "bin-average" where bins see several times what one measurement time '
                'tells, or records are scaled by mistake, but is; use "bayes-strang", or shorter bins.'
            )

    def warn_if_long(self, likeliest: int, asked: str) -> None:
        """Say that a step of any other method misses what the record did inside a bin."""
        share = self._share(self.models[likeliest])
        if share >= _LONGEST_BIN * (1 - 1e-9):
            better = asked != "auto" and self._growth() <= _MOST_GROWTH
            cure = 'method="bin-average" does not miss it' if better else "average the record over shorter bins"
            warnings.warn(
                f"Argument `tlist` has bins of {self._longest:.3g}, {share:.2g} of the period in which H turns what is "
                f"monitored: from {_LONGEST_BIN:g} of it on, what the record did inside a bin is missed and the "
                f"posterior is too confident; {cure}.",
                ResolutionWarning,
                stacklevel=frames_inside(),
            )

    @property
    def _longest(self) -> float:
        return float(np.diff(self.times).max())

    def _share(self, model: TrajectoryModel) -> float:
        """Of the period in which H turns what is monitored."""
        return self._longest * model.equation.turning_rate(self.times) / (2 * math.pi)

    def _takes_bin_average(self) -> bool:
        first = self.models[0]
        is_small = first.levels <= _MOST_LEVELS and first.channels <= _MOST_CHANNELS
        return is_small and self._growth() <= _MOST_GROWTH

    def _growth(self) -> float:
        return max(model.equation.bin_average_growth(self.times.tolist(), self.largest_record) for model in self.models)


def _filter(
    models: list[TrajectoryModel],
    records: RealArray,
    scales: list[float],
    bins: _Bins,
    method: str,
    dt: float | None,
    keep_all: bool,
    threads: int,
    progress: ProgressOption,
) -> tuple[RealArray, ComplexArray]:
    times = bins.times
    # The same steps at every grid point, so that no discretisation error masquerades as evidence.
    steps = np.max([_steps_of(model, times, method, dt) for model in models], axis=0)
    parts: list[int] = []
    if method == "bin-average":
        parts, steps = steps.tolist(), np.ones_like(steps)
    programs = [
        compile_program(model, times, steps.tolist(), method=method, parts=parts, largest_record=bins.largest_record)
        for model in models
    ]
    bar = progress_callback(progress, "records")
    try:
        found = _core.TrajectoryProgram.filter(
            programs=programs,
            records=np.repeat(records, steps, axis=2),
            record_scales=scales,
            keep_all_times=keep_all,
            threads=threads,
            progress=bar,
        )
    finally:
        if isinstance(bar, ProgressBar):
            bar.close()
    return cast(tuple[RealArray, ComplexArray], found)


def _steps_of(model: TrajectoryModel, times: RealArray, method: str, dt: float | None) -> list[int]:
    if model.equation.is_constant and (method == "bin-average" or (dt is None and method == "bayes-strang")):
        # Measured on records averaged from 8192 steps: cutting their bins again makes conditioned states worse by up to
        # 16 %, at every bin length, because one Bayes update in the middle is the better guess of when the record came.
        return [1] * (len(times) - 1)
    return choose_steps(model, times, method=method, dt=dt)


def _noise_density(records: RealArray, taus: RealArray, bins: RealArray) -> RealArray:
    """Log density (points, records) of records r if they were white noise of variance tau_m / bin."""
    variances = taus[:, None] / bins
    exponents = -np.einsum("rb,pb->pr", records**2, 1 / (2 * variances))
    return cast(RealArray, exponents - np.log(2 * math.pi * variances).sum(axis=1)[:, None] / 2)


class _Physics:
    """H, rho0, c_ops, sc_ops and eta as given, which become a model at every point of the grid."""

    def __init__(self, H: Any, rho0: Any, c_ops: Any, sc_ops: Any, eta: Any) -> None:
        self._H = H
        self._rho0 = rho0
        self._c_ops = c_ops
        self._sc_ops = sc_ops
        self._eta = eta
        if isinstance(H, MonitoredQubit) and (len(c_ops) or len(sc_ops)):
            raise InputError(
                "Argument `sc_ops` must be left out with a MonitoredQubit, which brings its own, but is given."
            )

    def check_names(self, grids: Mapping[str, RealArray]) -> None:
        """Every parameter must have an effect somewhere."""
        if isinstance(self._H, MonitoredQubit):
            known = {field.name for field in fields(MonitoredQubit)}
            used = set(known)
        else:
            used = set()
            for value in (self._H, self._rho0, self._c_ops, self._sc_ops, self._eta):
                used |= _names_in(value)
        for name in grids:
            if name not in used and "**" not in used:
                uses = ", ".join(sorted(used)) or "none"
                raise InputError(
                    f"Argument `parameters` must have names that H or another argument uses ({uses}), but has {name!r}."
                )

    def qubit(self, point: Mapping[str, float]) -> MonitoredQubit:
        """The MonitoredQubit at this point."""
        given = _at(self._H, point)
        if not isinstance(given, MonitoredQubit):
            raise InputError('Argument `record_unit` must be "J" unless H is a MonitoredQubit, but is "normalised".')
        return replace(given, **cast(Any, point)) if isinstance(self._H, MonitoredQubit) else given

    def measurement_time(self, point: Mapping[str, float]) -> float:
        """tau_m of the MonitoredQubit at this point: a normalised record is J sqrt(tau_m)."""
        tau = self.qubit(point).measurement_time_us
        if not math.isfinite(tau):
            raise InputError(
                'Argument `record_unit` must be "J" where efficiency or gamma_per_us is 0, but is "normalised".'
            )
        return tau

    def model(
        self, point: dict[str, float], looking: Looking, args: dict[str, Any], heterodyne: bool
    ) -> TrajectoryModel:
        """The equation at this point of the grid."""
        H = _at(self._H, point)
        rho0 = _at(self._rho0, point)
        if isinstance(H, MonitoredQubit):
            qubit = self.qubit(point)
            return as_model(qubit.H, rho0, looking, qubit.c_ops, qubit.sc_ops, qubit.efficiency, args, heterodyne)
        if isinstance(H, list | tuple):
            H = [_scaled(term, point) for term in H]
        return as_model(
            H, rho0, looking, _at(self._c_ops, point), _at(self._sc_ops, point), _at(self._eta, point), args, heterodyne
        )


def _scaled(term: Any, point: Mapping[str, float]) -> Any:
    """[H1, "name"] with the parameter's value in place of its name."""
    if isinstance(term, list | tuple) and len(term) == 2 and isinstance(term[1], str) and term[1] in point:
        return [term[0], point[term[1]]]
    return term


def _own_parameters(function: Callable[..., Any]) -> set[str]:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return set()
    return {"**" if p.kind is p.VAR_KEYWORD else p.name for p in parameters if p.kind is not p.VAR_POSITIONAL}


def _names_in(value: Any) -> set[str]:
    if callable(value) and not has_matrix(value):
        return _own_parameters(value)
    names: set[str] = set()
    if isinstance(value, list | tuple):
        for term in value:
            if isinstance(term, list | tuple) and len(term) == 2:
                if isinstance(term[1], str):
                    names.add(term[1])
                elif callable(term[1]):
                    names |= _own_parameters(term[1])
    return names - {"t", "args"}


def _at(value: Any, point: Mapping[str, float]) -> Any:
    """What a callable of parameters returns at this point; anything else, and callables of time, as they are."""
    if not callable(value) or has_matrix(value):
        return value
    names = _own_parameters(value)
    if not names or not names <= set(point):
        return value
    return value(**{name: point[name] for name in names})


def _grids(parameters: Mapping[str, ArrayLike] | None) -> dict[str, RealArray]:
    grids: dict[str, RealArray] = {}
    for name, values in (parameters or {}).items():
        grid = np.asarray(values, dtype=np.float64)
        if grid.ndim != 1 or len(grid) == 0:
            raise ShapeError(f"Argument `parameters[{name!r}]` must have shape (grid,), but has shape {grid.shape}.")
        if not np.isfinite(grid).all():
            raise InputError(f"Argument `parameters[{name!r}]` must be finite in every element, but is not.")
        grids[name] = grid
    return grids


def _grid_points(grids: Mapping[str, RealArray]) -> list[dict[str, float]]:
    axes = np.meshgrid(*grids.values(), indexing="ij")
    columns = [axis.ravel() for axis in axes]
    count = len(columns[0]) if columns else 1
    return [{name: float(column[k]) for name, column in zip(grids, columns, strict=True)} for k in range(count)]


def _as_records(record: ArrayLike, model: TrajectoryModel, bins: int) -> tuple[RealArray, bool]:
    """Records (records, channels, bins), and whether there was an axis of records."""
    array = np.asarray(record, dtype=np.float64)
    one = (2, bins) if model.heterodyne else (bins,)
    operators = len(model.monitored)
    shapes = [(operators, *one)] + ([one] if operators == 1 else [])
    many = any(array.ndim == len(shape) + 1 and array.shape[1:] == shape for shape in shapes)
    if not many and array.shape not in shapes:
        shown = " or ".join(str(shape) for shape in reversed(shapes))
        raise ShapeError(
            f"Argument `record` must have shape {shown}, or that with an axis of records in front, "
            f"but has shape {array.shape}; `tlist` holds the {bins + 1} edges of {bins} bins."
        )
    if not np.isfinite(array).all():
        raise InputError("Argument `record` must be finite in every element, but is not.")
    if many and len(array) == 0:
        raise ShapeError("Argument `record` must have at least one record, but has none.")
    count = len(array) if many else 1
    return array.reshape(count, model.channels, bins), many


def _check_word(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise InputError(f"Argument `{name}` must be one of {', '.join(known)}, but is {value!r}.")

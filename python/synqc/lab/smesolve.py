"""Trajectories of a continuously monitored quantum system: the stochastic master equation."""

from __future__ import annotations

import math
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike

from synqc.errors import InputError
from synqc.lab._foreign import has_matrix, maker_of_states
from synqc.lab._operators import ComplexArray, RealArray, as_operator, as_state, as_times
from synqc.lab._qutip_options import understood
from synqc.lab._resonator_trajectories import ResonatorTrajectories
from synqc.lab._trajectories import (
    TrajectoryModel,
    as_model,
    check_method,
    choose_steps,
    compile_program,
    ensemble_error,
    looking_at,
)
from synqc.lab._whole_number import MOST_THREADS, whole_number
from synqc.lab.filter_record import MonitoredQubit
from synqc.pipeline.progress import ProgressBar, ProgressOption, progress_callback

__all__ = ["TrajectoryResult", "smesolve"]


@dataclass(frozen=True)
class TrajectoryResult:
    """What many trajectories of one monitored system showed. Names are QuTiP's.

    Args:
        times: Moments (t,) of everything below.
        average_expect: Mean of each `e_ops` over trajectories, (w, t); real if all are Hermitian.
        std_expect: Deviation over trajectories, (w, t): how different they are, not how uncertain the mean is.
        standard_errors: Uncertainty of `average_expect`, (w, t); NaN for a single trajectory, which shows no spread.
        average_states: Ensemble density matrices (t, n, n). States are Qobj, in lists, if `rho0` was one.
        runs_expect: Every trajectory's expectation values (w, ntraj, t), or None unless kept.
        runs_states: Every trajectory's states (ntraj, t, n, n), or None unless kept.
        runs_final_states: Every trajectory's last state (ntraj, n, n), or None unless kept.
        measurement: Records J = dY/dt averaged over each interval of `times`, (ntraj, channels, t - 1), or
            (ntraj, channels, 2, t - 1) for heterodyne detection; None unless stored.
        dW: Innovations dY - sqrt(eta) tr[(L + L^dag) rho] dt summed over each interval, the noise that drives the
            equation; shapes of `measurement`, for heterodyne detection that of J is sqrt(2) times theirs. None unless
            records are stored. They have mean 0 whatever came before and variance dt: exactly so, as independent
            normals, for all methods but "bayes-strang", where the mean over a step is that of its ends and a variance
            exceeds dt by about v**2 / 4 of it, v = eta dt Var(L + L^dag) in a step (at most 1 % by default). Behind a
            resonator the mean is the one before a step, and a variance exceeds dt by that of this mean times dt**2.
        num_trajectories: How many there are; fewer than asked for if `partial`.
        seeds: What reproduces them: `smesolve(..., seeds=result.seeds)`.
        partial: True if Ctrl-C ended the run early; the trajectories there are, are complete.
        stats: method, dt (largest step), steps (of one trajectory), weak_error (trace distance of the scheme's mean
            state from the exact one, without sampling noise; exact for "bayes-strang", within a small factor for the
            others; where anything depends on time the exact one is `mesolve`'s, to 1e-6; behind a resonator 0 without
            decay and NaN, unknown, with it), run_time_s, threads.
        e_keys: Names of the rows of `average_expect` if `e_ops` was a dict.
    """

    times: RealArray
    average_expect: RealArray | ComplexArray
    std_expect: RealArray
    standard_errors: RealArray
    average_states: Any
    runs_expect: RealArray | ComplexArray | None
    runs_states: Any
    runs_final_states: Any
    measurement: RealArray | None
    dW: RealArray | None  # noqa: N815
    num_trajectories: int
    seeds: int | list[int]
    partial: bool
    stats: dict[str, Any]
    e_keys: tuple[Any, ...] = ()

    @property
    def wiener_process(self) -> RealArray | None:
        """Sums of `dW` up to each of `times`, of shape (ntraj, channels, t), or (ntraj, channels, 2, t); 0 at first."""
        if self.dW is None:
            return None
        start = np.zeros((*self.dW.shape[:-1], 1))
        return np.concatenate([start, np.cumsum(self.dW, axis=-1)], axis=-1)

    @property
    def expect(self) -> RealArray | ComplexArray:
        """The same as `average_expect`."""
        return self.average_expect

    @property
    def e_data(self) -> dict[Any, RealArray | ComplexArray]:
        """Rows of `average_expect` by the keys of `e_ops`."""
        return dict(zip(self.e_keys, self.average_expect, strict=True))

    @property
    def average_final_state(self) -> Any:
        """Ensemble density matrix (n, n) at the last time."""
        return self.average_states[-1]

    def __repr__(self) -> str:
        ended = ", partial" if self.partial else ""
        return (
            f"<TrajectoryResult: {self.num_trajectories} trajectories, {len(self.times)} times, "
            f"{self.stats['method']}{ended}>"
        )


def smesolve(
    H: Any,
    rho0: Any,
    tlist: ArrayLike,
    c_ops: Any = (),
    sc_ops: Any = (),
    heterodyne: bool = False,
    *,
    e_ops: Any = (),
    eta: float | Sequence[float] = 1.0,
    ntraj: int = 500,
    seeds: int | Sequence[int] | None = None,
    method: str = "bayes-strang",
    store_measurement: bool = True,
    dt: float | None = None,
    breakpoints: ArrayLike = (),
    args: Mapping[str, Any] | None = None,
    options: Mapping[str, Any] | None = None,
    keep_runs_results: bool = False,
    store_states: bool = False,
    eigenvalue_tolerance: float = 1e-6,
    error_estimate: bool = True,
    threads: int = 0,
    progress: ProgressOption = "auto",
) -> TrajectoryResult:
    """Sample trajectories of a system whose emission is detected, and the records they come with.

    d rho = (-i [H, rho] + sum_j D[C_j] rho + sum_k D[L_k] rho) dt + sum_k sqrt(eta_k) H[L_k] rho dW_k and
    J_k dt = sqrt(eta_k) tr[(L_k + L_k^dag) rho] dt + dW_k, with hbar = 1; times in any unit, rates in its inverse.
    With eta = 1 this is QuTiP's smesolve; QuTiP writes efficiency as sc_op = sqrt(eta) L and c_op = sqrt(1 - eta) L.

    Args:
        H (complex128, (n, n)): Hamiltonian, n from 2 to 9; or [H0, [H1, f], ..] with f(t, **args) or samples at
            `tlist`; or a callable of time that returns a matrix; or a QobjEvo. Arrays or Qobj everywhere. Functions of
            time are followed as by `mesolve`, and enter each half step by their mean over it. Or a `MonitoredQubit`,
            which brings its own c_ops, sc_ops and eta. One with a resonator is watched through that: fields ring up and
            down, the qubit dephases and is Stark-shifted by them at every moment, each trajectory decays at any moment
            with the field going on from where it was, and the record is what the resonator emits. Times are then in us
            from the start of its pulse; states at t are those of t - delay, which the record until t tells of.
        rho0 (complex128, (n,) or (n, n)): Ket or density matrix at tlist[0].
        tlist (float64, (t,)): Moments to record, strictly increasing; records are averaged between them.
        c_ops (each complex128, (n, n)): Unmonitored collapse operators C_j, which may depend on time as H may.
        sc_ops (each complex128, (n, n)): Monitored operators L_k, likewise. The record of a step sees the mean of L_k
            over it, the state that of L_k^dag L_k: what the record cannot see dephases.
        e_ops (each complex128, (n, n)): Operators whose mean is recorded; a list or a dict. A callable f(t, state) is
            called with each state of every trajectory, all of which are kept for it.
        eta: Efficiency of detection, one for all or one per monitored operator, 0 to 1.
        ntraj: Trajectories.
        seeds: A number for the whole ensemble, or one per trajectory; None draws one, which the result records.
        method: "bayes-strang" (default): exact Bayes update between exact half steps of the rest; physical for every
            step, needs sc_ops that are Hermitian (or normal) and commute, also at different times. "rouchon": any
            sc_ops, positive, strong order 1. "platen", "milstein", "euler": for comparison, not positive.
        store_measurement: Keep the records and innovations; 2 * ntraj * channels * (t - 1) numbers.
        dt: Longest step. None takes 0.05 over the fastest rate, at least ten steps for each cycle in which an operator
            oscillates, or whole intervals where that is exact. Features of operators as wide as `dt` are found. Behind
            a resonator: steps whose means the observer is given; 0.05 over the rates of field, decay and information.
        breakpoints (float64, (k,)): Edges in functions of time that the looks of `mesolve` could miss.
        heterodyne: Detect both quadratures of every L_k, each with half the signal power.
        args: Arguments of functions of time.
        options: QuTiP's dictionary: dt, method, store_measurement, keep_runs_results, store_states and num_cpus count,
            what says how QuTiP works changes nothing, anything else is refused.
        keep_runs_results: Keep expectation values and final states of every trajectory.
        store_states: Keep all states of every trajectory: ntraj * t * n**2 complex numbers.
        eigenvalue_tolerance: How far below 0 an eigenvalue of a saved state may lie before a comparison method
            raises; infinity lets only overflow raise.
        error_estimate: Compute stats["weak_error"]; costs about one trajectory of a large system.
        threads: 0 uses all; the result's bytes do not depend on it.
        progress: "auto", True, False, or a callable of (done, total).

    Returns:
        TrajectoryResult. After Ctrl-C it holds the trajectories that were complete and has `partial` set.

    Raises:
        InputError: H is not Hermitian, times are out of order, an efficiency or step is out of range, a monitored
            operator does not suit the method.
        ShapeError: An operator does not fit H.
        NonPhysicalState: A comparison method left the set of states; names the time and the eigenvalue.
        KeyboardInterrupt: Ctrl-C came before the first trajectories were complete.

    Warns:
        ResolutionWarning: A function of time may have features too narrow to be seen, as for `mesolve`.

    Examples:
        A qubit looked at weakly, without a drive: single trajectories collapse, the ensemble keeps its populations.

        >>> import numpy as np
        >>> sz = np.diag([1.0, -1.0])
        >>> plus = np.array([1.0, 1.0]) / np.sqrt(2)
        >>> result = smesolve(0 * sz, plus, [0.0, 5.0], sc_ops=[sz / np.sqrt(2)], e_ops=[sz], ntraj=1000, seeds=1)
        >>> bool(abs(result.average_expect[0, -1]) < 4 * result.standard_errors[0, -1])
        True
        >>> bool(result.std_expect[0, -1] > 0.9)
        True
        >>> result.measurement.shape
        (1000, 1, 1)
        >>> result.wiener_process.shape
        (1000, 1, 2)

        The same, looked at only while a window is open:

        >>> window = [[sz / np.sqrt(2), lambda t: 1.0 if 1 <= t < 2 else 0.0]]
        >>> result = smesolve(0 * sz, plus, [0.0, 1.0, 2.0, 5.0], sc_ops=window, e_ops=[sz], ntraj=1000, seeds=1)
        >>> bool(result.std_expect[0, 1] < 1e-9), bool(abs(result.std_expect[0, 3] - result.std_expect[0, 2]) < 1e-9)
        (True, True)

        A qubit behind a resonator that rings up: little is known of it after the first tenth of the pulse.

        >>> from synqc.readout import ReadoutPulse, Resonator
        >>> resonator = Resonator(kappa_mhz=5.0, chi_mhz=2.5, drive_mhz=2.5)
        >>> qubit = MonitoredQubit(resonator=resonator, pulse=ReadoutPulse.square(500.0))
        >>> result = smesolve(qubit, plus, [0.0, 0.05, 0.5], e_ops=[sz], ntraj=1000, seeds=1)
        >>> bool(result.std_expect[0, 1] < 0.5 < result.std_expect[0, 2])
        True

    Source: Wiseman and Milburn, Quantum Measurement and Control, ch. 4; Jacobs and Steck, Contemp. Phys. 47, 279
    (2006); behind a resonator Gambetta et al., PRA 77, 012112 (2008).
    """
    # convert
    if options is not None:
        direct = {"dt": (dt, None), "method": (method, "bayes-strang"), "threads": (threads, 0),
                  "store_measurement": (store_measurement, True), "store_states": (store_states, False),
                  "keep_runs_results": (keep_runs_results, False)}  # fmt: skip
        renamed = {**{name: name for name in direct if name != "threads"}, "num_cpus": "threads"}
        chosen = understood(options, direct, renamed, {"tol", "map", "bitgenerator", "timeout", "normalize_output"})
        dt, method, threads = chosen["dt"], chosen["method"], chosen["threads"]
        store_measurement, store_states = bool(chosen["store_measurement"]), bool(chosen["store_states"])
        keep_runs_results = bool(chosen["keep_runs_results"])
    times = as_times("tlist", tlist)
    if isinstance(H, MonitoredQubit):
        _check_brought_by_qubit(c_ops, sc_ops, eta)
    behind = model = None
    if isinstance(H, MonitoredQubit) and H.resonator is not None:
        _check_resonator_arguments(args, method, breakpoints)
        behind = ResonatorTrajectories.between(H.behind_resonator(times, heterodyne), as_state("rho0", rho0, 2), dt)
    else:
        if isinstance(H, MonitoredQubit):
            H, c_ops, sc_ops, eta = H.H, H.c_ops, H.sc_ops, H.efficiency
        model = as_model(H, rho0, looking_at(times, breakpoints, dt), c_ops, sc_ops, eta, args, heterodyne)
    keys, operators, custom = _named_observables(e_ops, 2 if model is None else model.levels)
    made = maker_of_states(rho0)
    watched, parts = _hermitian_parts(operators)
    used_seeds, seed_list = _seeds(seeds, ntraj)
    # check
    check_method(method)
    _check_count("ntraj", ntraj)
    threads = whole_number("threads", threads, least=0, most=MOST_THREADS)
    # call
    started = time.perf_counter()
    if behind is not None:
        plan = _plan_behind_resonator(behind, error_estimate)
    else:
        assert model is not None
        plan = _plan_of_equation(model, times, method, dt, eigenvalue_tolerance, error_estimate)
    bar = progress_callback(progress, "trajectories")
    try:
        raw = plan.sample(
            watched=watched,
            seeds=seed_list,
            trajectories=ntraj,
            keep_watched=keep_runs_results,
            keep_measurement=store_measurement,
            keep_states=store_states or bool(custom),
            keep_final_states=keep_runs_results,
            threads=threads,
            progress=bar,
        )
    finally:
        if isinstance(bar, ProgressBar):
            bar.close()
    # wrap
    count = raw["count"]
    if count == 0:
        raise KeyboardInterrupt
    mean, deviation = _joined(raw["watched_mean"], parts), _joined_deviation(raw["watched_variance"], parts)
    runs_expect = _joined(raw["watched"][:, :count], parts) if keep_runs_results else None
    if custom:
        own = _means_of_callables(custom, times, raw["states"][:count], made)
        mean = _inserted(mean, custom, own.mean(axis=1))
        deviation = _inserted(deviation, custom, own.std(axis=1)).real
        runs_expect = None if runs_expect is None else _inserted(runs_expect, custom, own)
    measurement = innovations = None
    if store_measurement:
        shape = (count, -1, 2, len(times) - 1) if heterodyne else (count, plan.channels, len(times) - 1)
        measurement = (plan.record_scale * raw["measurement"][:count]).reshape(shape)
        innovations = raw["innovations"][:count].reshape(shape)
    return TrajectoryResult(
        times=times,
        average_expect=mean,
        std_expect=deviation,
        standard_errors=deviation / np.sqrt(count - 1) if count > 1 else np.full_like(deviation, np.nan),
        average_states=_as_given(raw["average_states"], made),
        runs_expect=runs_expect,
        runs_states=_as_given(raw["states"], made) if store_states else None,
        runs_final_states=_as_given(raw["final_states"], made) if keep_runs_results else None,
        measurement=measurement,
        dW=innovations,
        num_trajectories=count,
        seeds=used_seeds,
        partial=count < ntraj,
        stats={
            "method": plan.method,
            "dt": plan.longest_step,
            "steps": plan.steps,
            "weak_error": plan.weak_error,
            "run_time_s": time.perf_counter() - started,
            "threads": threads,
        },
        e_keys=keys,
    )


@dataclass(frozen=True)
class _Plan:
    """What samples trajectories, and what is to be said of it."""

    sample: Callable[..., dict[str, Any]]
    channels: int
    record_scale: float
    method: str
    longest_step: float
    steps: int
    weak_error: float | None


def _plan_of_equation(
    model: TrajectoryModel,
    times: RealArray,
    method: str,
    dt: float | None,
    eigenvalue_tolerance: float,
    error_estimate: bool,
) -> _Plan:
    steps = choose_steps(model, times, method=method, dt=dt)
    program = compile_program(model, times, steps, method=method, eigenvalue_tolerance=eigenvalue_tolerance)
    weak_error = ensemble_error(model, times, program) if error_estimate else None
    longest = float(np.max(np.diff(times) / np.array(steps)))
    return _Plan(program.sample, model.channels, model.record_scale, method, longest, int(sum(steps)), weak_error)


def _plan_behind_resonator(behind: ResonatorTrajectories, error_estimate: bool) -> _Plan:
    two = behind.qubit.heterodyne
    weak_error = behind.weak_error if error_estimate else None
    return _Plan(
        behind.sample, 2 if two else 1, math.sqrt(2) if two else 1.0, "resonator", behind.longest_step,
        int(behind.ends[-1]), weak_error,
    )  # fmt: skip


def _check_brought_by_qubit(c_ops: Any, sc_ops: Any, eta: Any) -> None:
    for name, is_given in (
        ("c_ops", len(c_ops) > 0),
        ("sc_ops", len(sc_ops) > 0),
        ("eta", np.any(np.asarray(eta) != 1)),
    ):
        if is_given:
            raise InputError(
                f"Argument `{name}` must be left out with a MonitoredQubit, which brings its own, but is given."
            )


def _check_resonator_arguments(args: Any, method: str, breakpoints: ArrayLike) -> None:
    for name, is_default in (
        ("args", not args), ("method", method == "bayes-strang"), ("breakpoints", np.size(breakpoints) == 0),
    ):  # fmt: skip
        if not is_default:
            raise InputError(f"Argument `{name}` must be left out for a MonitoredQubit with a resonator, but is given.")


def _check_count(name: str, value: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        raise InputError(f"Argument `{name}` must be a whole number of at least 1, but is {value!r}.")


def _named_observables(
    e_ops: Any, levels: int
) -> tuple[tuple[Any, ...], list[ComplexArray], dict[int, Callable[..., Any]]]:
    """Names of all, the operators among them, and the callables by their position among all."""
    named = isinstance(e_ops, Mapping)
    if e_ops is None:
        listed: list[tuple[Any, Any]] = []
    elif isinstance(e_ops, Mapping):
        listed = list(e_ops.items())
    else:
        is_single = has_matrix(e_ops) or callable(e_ops) or (isinstance(e_ops, np.ndarray) and e_ops.ndim == 2)
        listed = list(enumerate([e_ops] if is_single else list(e_ops)))
    operators: list[ComplexArray] = []
    custom: dict[int, Callable[..., Any]] = {}
    for position, (key, value) in enumerate(listed):
        if callable(value) and not has_matrix(value):
            custom[position] = value
        else:
            operators.append(as_operator(f"e_ops[{key!r}]" if named else f"e_ops[{key}]", value, levels))
    return tuple(key for key, _ in listed), operators, custom


def _means_of_callables(
    custom: Mapping[int, Callable[..., Any]], times: RealArray, states: ComplexArray, made: Callable[..., Any] | None
) -> RealArray | ComplexArray:
    """What each callable says of every state, (w, ntraj, t)."""

    def along(function: Callable[..., Any], run: ComplexArray) -> list[Any]:
        shown = run if made is None else [made(state) for state in run]
        return [function(t, state) for t, state in zip(times.tolist(), shown, strict=True)]

    return np.array([[along(function, run) for run in states] for _, function in sorted(custom.items())])


def _inserted(
    rows: RealArray | ComplexArray, custom: Mapping[int, Any], own: RealArray | ComplexArray
) -> RealArray | ComplexArray:
    """Rows of the operators with those of the callables at their positions."""
    listed = list(rows)
    for position, row in zip(sorted(custom), own, strict=True):
        listed.insert(position, row)
    return np.stack(listed)


def _as_given(states: ComplexArray, made: Callable[[ComplexArray], Any] | None) -> Any:
    """States as arrays, or as lists of Qobj where the initial state was one."""
    if made is None:
        return states
    return made(states) if states.ndim == 2 else [_as_given(each, made) for each in states]


def _hermitian_parts(operators: list[ComplexArray]) -> tuple[list[ComplexArray], list[tuple[int, int | None]]]:
    """Every operator as X + iY with X and Y Hermitian: what to watch, and where each one's parts are."""
    watched: list[ComplexArray] = []
    parts: list[tuple[int, int | None]] = []
    for op in operators:
        watched.append((op + op.conj().T) / 2)
        if np.allclose(op, op.conj().T, rtol=0, atol=1e-14 * max(1.0, float(np.abs(op).max(initial=0)))):
            parts.append((len(watched) - 1, None))
        else:
            watched.append((op - op.conj().T) / 2j)
            parts.append((len(watched) - 2, len(watched) - 1))
    return watched, parts


def _joined(values: RealArray, parts: list[tuple[int, int | None]]) -> RealArray | ComplexArray:
    if all(imaginary is None for _, imaginary in parts):
        return values
    return np.stack([values[re] + (0 if im is None else 1j * values[im]) for re, im in parts])


def _joined_deviation(variances: RealArray, parts: list[tuple[int, int | None]]) -> RealArray:
    if not parts:
        return variances
    return cast(
        RealArray, np.sqrt(np.stack([variances[re] + (0 if im is None else variances[im]) for re, im in parts]))
    )


def _seeds(seeds: Any, ntraj: int) -> tuple[int | list[int], list[int]]:
    if seeds is None:
        seeds = secrets.randbits(53)
    if isinstance(seeds, int | np.integer) and not isinstance(seeds, bool):
        return _seed(seeds), [_seed(seeds)]
    if isinstance(seeds, Sequence | np.ndarray) and len(seeds) == ntraj and not isinstance(seeds, str):
        listed = [_seed(seed) for seed in seeds]
        return listed, listed
    raise InputError(f"Argument `seeds` must be a whole number or one per trajectory, but is {seeds!r}.")


def _seed(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or not 0 <= int(value) < 2**64:
        raise InputError(f"Argument `seeds` must be whole numbers from 0 to 2**64 - 1, but is {value!r}.")
    return int(value)

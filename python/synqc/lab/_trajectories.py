"""What smesolve and filter_record share: an equation, a grid of steps and the compiled program."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from synqc import _core
from synqc.errors import InputError, ShapeError
from synqc.lab._coefficients import Looking
from synqc.lab._operators import ComplexArray, RealArray, as_state
from synqc.lab._varying_operators import OperatorReader, Terms

__all__ = [
    "METHODS",
    "TrajectoryModel",
    "as_model",
    "check_method",
    "choose_steps",
    "compile_program",
    "ensemble_error",
    "looking_at",
]

METHODS = ("bayes-strang", "rouchon", "platen", "milstein", "euler")

_RATE_TIMES_STEP = 0.05
"""Default steps turn a state by at most this much: conditioned states are then off by some 0.004 in trace distance."""

_STEPS_PER_PIECE = 4.0
"""Pieces hold at most 0.4 of a cycle, over which half steps take means: about ten steps a cycle."""

_MOST_STEPS = 2**32


def check_method(method: str, known: Sequence[str] = METHODS) -> None:
    """Refuse unknown schemes."""
    if method not in known:
        raise InputError(f"Argument `method` must be one of {', '.join(known)}, but is {method!r}.")


@dataclass(frozen=True)
class TrajectoryModel:
    """A stochastic master equation, before it is cut into steps.

    Attributes:
        hamiltonian, collapse, monitored: Operators as terms, whose coefficients are `coefficients`.
        efficiencies: One per monitored operator.
        start (complex128, (n, n)): State at the first time.
        heterodyne: Whether both quadratures of every monitored operator are recorded.
        equation: The same as the core sees it.
    """

    hamiltonian: Terms
    collapse: list[Terms]
    monitored: list[Terms]
    coefficients: list[_core.Coefficient]
    efficiencies: list[float]
    start: ComplexArray
    heterodyne: bool
    equation: _core.StochasticEquation

    @property
    def levels(self) -> int:
        """n."""
        return self.equation.levels

    @property
    def channels(self) -> int:
        """Real records: one per monitored operator, two for heterodyne detection."""
        return self.equation.channels

    @property
    def record_scale(self) -> float:
        """Reported records are this times dY/dt, as QuTiP reports them."""
        return float(np.sqrt(2.0)) if self.heterodyne else 1.0


def looking_at(tlist: RealArray, breakpoints: ArrayLike, dt: float | None) -> Looking:
    """How functions of time are looked at: no more coarsely than the steps that the caller asked for."""
    edges = np.unique(np.asarray(breakpoints, dtype=np.float64).ravel())
    if not np.isfinite(edges).all():
        raise InputError("Argument `breakpoints` must be finite in every element, but is not.")
    inside = edges[(edges > tlist[0]) & (edges < tlist[-1])]
    gap = dt / 2 if dt is not None and np.isfinite(dt) and dt > 0 else 0.0
    return Looking(tlist, inside, gap, "give its edges as `breakpoints=`, or a `dt=` no longer than it is wide")


def as_model(
    H: Any,
    rho0: Any,
    looking: Looking,
    c_ops: Any,
    sc_ops: Any,
    eta: Any,
    args: Mapping[str, Any] | None,
    heterodyne: bool,
) -> TrajectoryModel:
    """Convert and check everything physical."""
    reader = OperatorReader(looking, args)
    hamiltonian = reader.terms_of("H", H)
    collapse = reader.terms_of_each("c_ops", c_ops)
    monitored = reader.terms_of_each("sc_ops", sc_ops)
    efficiencies = _efficiencies(eta, len(monitored))
    equation = _core.StochasticEquation(
        hamiltonian=hamiltonian,
        collapse=collapse,
        monitored=monitored,
        coefficients=reader.coefficients,
        efficiencies=efficiencies,
        heterodyne=heterodyne,
    )
    start = as_state("rho0", rho0, equation.levels)
    return TrajectoryModel(
        hamiltonian, collapse, monitored, reader.coefficients, efficiencies, start, heterodyne, equation
    )


def _efficiencies(eta: Any, count: int) -> list[float]:
    values = np.asarray(eta, dtype=np.float64)
    if values.ndim == 0:
        values = np.full(count, float(values))
    if values.shape != (count,):
        raise ShapeError(
            f"Argument `eta` must be a number or have one per monitored operator, shape ({count},), "
            f"but has shape {values.shape}."
        )
    if not ((values >= 0) & (values <= 1)).all():
        raise InputError(f"Argument `eta` must be between 0 and 1, but is {eta}.")
    return [float(value) for value in values]


def choose_steps(model: TrajectoryModel, tlist: RealArray, *, method: str, dt: float | None) -> list[int]:
    """How many steps each interval of `tlist` gets: none longer than `dt`; without one, than a fraction of the fastest
    motion, or than a quarter of a piece that follows what depends on time; one where that is exact."""
    equation = model.equation
    intervals = np.diff(tlist)
    if dt is not None:
        if not (np.isfinite(dt) and dt > 0):
            raise InputError(f"Argument `dt` must be finite and greater than 0, but is {dt}.")
        return _counts(intervals / dt)
    if method == "bayes-strang" and equation.is_measurement_undisturbed():
        return [1] * len(intervals)
    rate = equation.fastest_rate(np.union1d(tlist, (tlist[1:] + tlist[:-1]) / 2))
    return _counts(np.maximum(intervals * rate / _RATE_TIMES_STEP, _STEPS_PER_PIECE * equation.pieces_between(tlist)))


def _counts(wanted: RealArray) -> list[int]:
    # A step longer than it should be by rounding alone is not worth one more step.
    counts = np.ceil(wanted * (1 - 1e-9)).clip(min=1)
    if counts.sum() >= _MOST_STEPS:
        raise InputError(f"Argument `dt` must give fewer than 2**32 steps, but gives {counts.sum():.3g}.")
    return [int(count) for count in counts]


def compile_program(
    model: TrajectoryModel,
    tlist: RealArray,
    steps: list[int],
    *,
    method: str,
    eigenvalue_tolerance: float = 1e-6,
    parts: Sequence[int] = (),
    largest_record: float = 0.0,
) -> _core.TrajectoryProgram:
    """The scheme, ready to run; `parts` and `largest_record` are for "bin-average" alone."""
    return _core.TrajectoryProgram(
        equation=model.equation,
        times=tlist.tolist(),
        steps=steps,
        initial_state=model.start,
        method=method,
        eigenvalue_tolerance=eigenvalue_tolerance,
        parts=list(parts),
        largest_record=largest_record,
    )


def ensemble_error(model: TrajectoryModel, tlist: RealArray, program: _core.TrajectoryProgram) -> float:
    """Largest trace distance between the mean state of the program's steps and the solution of the master equation.

    Where anything depends on time the latter comes from `mesolve`'s integrator, which chooses its own steps and looks
    at coefficients itself, so that what the program's steps overlook shows.
    """
    if model.equation.is_constant:
        return program.ensemble_error()
    jumps = [*model.collapse, *model.monitored]
    solved = _core.evolve_open_system(
        model.hamiltonian, jumps, model.coefficients, model.start, tlist, [], _core.usual_evolution(), True
    )
    return program.ensemble_error(list(solved[0]))

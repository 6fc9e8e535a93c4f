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
from synqc.lab._operators import (
    ComplexArray,
    Hamiltonian,
    RealArray,
    as_hamiltonian,
    as_operators,
    as_state,
)

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
"""Pieces hold at most 0.4 of a cycle of H(t), over which half steps take means: about ten steps a cycle."""

_MOST_STEPS = 2**32


def check_method(method: str) -> None:
    """Refuse unknown schemes."""
    if method not in METHODS:
        raise InputError(f"Argument `method` must be one of {', '.join(METHODS)}, but is {method!r}.")


@dataclass(frozen=True)
class TrajectoryModel:
    """A stochastic master equation as arrays, before it is cut into steps."""

    hamiltonian: Hamiltonian
    collapse: list[ComplexArray]
    monitored: list[ComplexArray]
    efficiencies: list[float]
    start: ComplexArray
    heterodyne: bool

    @property
    def channels(self) -> int:
        """Real records: one per monitored operator, two for heterodyne detection."""
        return len(self.monitored) * (2 if self.heterodyne else 1)

    @property
    def record_scale(self) -> float:
        """Reported records are this times dY/dt, as QuTiP reports them."""
        return float(np.sqrt(2.0)) if self.heterodyne else 1.0

    def turning_rate(self, times: RealArray) -> float:
        """How fast H turns what is monitored: |[H, L]| / |L - tr L / n|, the Rabi rate of a driven qubit whose
        sigma_z is watched."""
        values = self.hamiltonian.at(np.union1d(times, self.hamiltonian.landmarks()))
        rate = 0.0
        for op in self.monitored:
            spread = float(np.linalg.norm(op - np.trace(op) / len(op) * np.eye(len(op)), 2))
            if spread > 0:
                rate = max(rate, float(np.linalg.norm(values @ op - op @ values, 2, axis=(1, 2)).max()) / spread)
        return rate


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
    hamiltonian = as_hamiltonian(H, looking, args)
    levels = hamiltonian.levels
    monitored = as_operators("sc_ops", sc_ops, levels)
    return TrajectoryModel(
        hamiltonian,
        as_operators("c_ops", c_ops, levels),
        monitored,
        _efficiencies(eta, len(monitored)),
        as_state("rho0", rho0, levels),
        heterodyne,
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
    motion, or than a quarter of a piece that follows H(t)."""
    hamiltonian = model.hamiltonian
    if hamiltonian.is_constant:
        return _steps(_equation(model, hamiltonian.at(tlist[:1])[0], []), [], tlist, method, dt)
    points = np.union1d(hamiltonian.landmarks(), np.union1d(tlist, (tlist[1:] + tlist[:-1]) / 2))
    values = hamiltonian.at(points)
    energies = np.linalg.eigvalsh(values)
    widest = int(np.argmax(energies[:, -1] - energies[:, 0]))
    constant, modulated, coefficients = _expanded(values)
    steps = _steps(_equation(model, constant, modulated), list(coefficients[widest]), tlist, method, dt)
    if dt is not None:
        return steps
    resolving = np.ceil(_STEPS_PER_PIECE * hamiltonian.pieces_between(tlist) * (1 - 1e-9)).astype(int)
    return [int(count) for count in np.maximum(steps, resolving)]


def compile_program(
    model: TrajectoryModel, tlist: RealArray, steps: list[int], *, method: str, eigenvalue_tolerance: float = 1e-6
) -> _core.TrajectoryProgram:
    """The scheme, ready to run."""
    if model.hamiltonian.is_constant:
        equation = _equation(model, model.hamiltonian.at(tlist[:1])[0], [])
        coefficients = np.empty(0)
    else:
        constant, modulated, sampled = _expanded(model.hamiltonian.means_between(_half_step_edges(tlist, steps)))
        equation = _equation(model, constant, modulated)
        coefficients = sampled.ravel()
    return _core.TrajectoryProgram(
        equation=equation,
        times=tlist.tolist(),
        steps=steps,
        coefficients=coefficients.tolist(),
        initial_state=model.start,
        method=method,
        eigenvalue_tolerance=eigenvalue_tolerance,
    )


def ensemble_error(model: TrajectoryModel, tlist: RealArray, program: _core.TrajectoryProgram) -> float:
    """Largest trace distance between the mean state of the program's steps and the solution of the master equation.

    Where H depends on time the latter comes from `mesolve`'s integrator, which chooses its own steps and looks at H(t)
    itself, so that what the program's steps overlook shows.
    """
    hamiltonian = model.hamiltonian
    if hamiltonian.is_constant:
        return program.ensemble_error()
    terms = [(hamiltonian.constant, -1)] + [(matrix, k) for k, (matrix, _) in enumerate(hamiltonian.terms)]
    jumps = [[(operator, -1)] for operator in (*model.collapse, *model.monitored)]
    coefficients = [coefficient for _, coefficient in hamiltonian.terms]
    solved = _core.evolve_open_system(
        terms, jumps, coefficients, model.start, tlist, [], "auto", 1e-8, 1e-6, 0.0, [], True
    )
    return program.ensemble_error(list(solved[0]))


def _equation(
    model: TrajectoryModel, constant: ComplexArray, modulated: Sequence[ComplexArray]
) -> _core.StochasticEquation:
    return _core.StochasticEquation(
        hamiltonian=constant,
        modulated=list(modulated),
        collapse=model.collapse,
        monitored=model.monitored,
        efficiencies=model.efficiencies,
        heterodyne=model.heterodyne,
    )


def _expanded(values: ComplexArray) -> tuple[ComplexArray, list[ComplexArray], RealArray]:
    """H(t) = constant + sum of Hermitian unit matrices times real coefficients (k, m), for those that change."""
    constant = values[0]
    moved = values - constant
    modulated: list[ComplexArray] = []
    columns: list[RealArray] = []
    levels = constant.shape[0]
    for i in range(levels):
        for j in range(i, levels):
            for part, phase in ((moved[:, i, j].real, 1.0), (moved[:, i, j].imag, 1j)):
                if np.any(part != 0) and not (i == j and phase == 1j):
                    unit = np.zeros_like(constant)
                    unit[i, j] = phase
                    unit[j, i] = np.conj(phase)
                    modulated.append(unit)
                    columns.append(part)
    coefficients = np.stack(columns, axis=1) if columns else np.zeros((len(values), 0))
    return constant, modulated, coefficients


def _half_step_edges(tlist: RealArray, steps: list[int]) -> RealArray:
    pieces = [
        start + (end - start) * np.arange(2 * count) / (2 * count)
        for start, end, count in zip(tlist[:-1], tlist[1:], steps, strict=True)
    ]
    return np.concatenate([*pieces, tlist[-1:]])


def _steps(
    equation: _core.StochasticEquation, coefficients: list[float], tlist: RealArray, method: str, dt: float | None
) -> list[int]:
    intervals = np.diff(tlist)
    if dt is None:
        if method == "bayes-strang" and equation.is_measurement_undisturbed():
            return [1] * len(intervals)
        rate = equation.fastest_rate(coefficients)
        dt = _RATE_TIMES_STEP / rate if rate > 0 else float(intervals.max())
    elif not (np.isfinite(dt) and dt > 0):
        raise InputError(f"Argument `dt` must be finite and greater than 0, but is {dt}.")
    # A step longer than dt by rounding alone is not worth one more step.
    steps = np.ceil(intervals / dt * (1 - 1e-9)).clip(min=1)
    if steps.sum() >= _MOST_STEPS:
        raise InputError(f"Argument `dt` must give fewer than 2**32 steps, but gives {steps.sum():.3g}.")
    return [int(count) for count in steps]

"""The search for a pulse: L-BFGS-B over exact gradients, with limits by augmented Lagrangians."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from synqc.errors import InputError, ShapeError
from synqc.optimise._objective import Objective, ShapedObjective
from synqc.optimise._scipy import minimiser
from synqc.optimise.ensemble import Ensemble
from synqc.optimise.goals import Gate, StateTransfer
from synqc.optimise.limits import Limits
from synqc.optimise.line import LineFilter, Quantisation
from synqc.optimise.optimised_pulse import LargerSystem, OptimisedPulse
from synqc.optimise.shapes import Samples, Shape
from synqc.optimise.systems import ControlSystem, Transmon

__all__ = ["optimise_pulse", "pulse_error"]

Reals = NDArray[np.float64]

_MORE_LEVELS = 2
_ROUNDS = 12  # of multipliers; each lowers what is exceeded about tenfold
_EXCESS_ALLOWED = 1e-7  # of a limit; the pulse is then scaled by less than as much, and keeps it exactly


def optimise_pulse(
    system: ControlSystem | Transmon,
    goal: Gate | StateTransfer,
    limits: Limits,
    *,
    duration_ns: float,
    sample_ns: float,
    shape: Shape | None = None,
    line: LineFilter | None = None,
    quantisation: Quantisation | None = None,
    ensemble: Ensemble | None = None,
    start: ArrayLike | None = None,
    starts: int = 4,
    enough: float = 1e-12,
    iterations: int = 2000,
    seed: int = 0,
    threads: int = 0,
) -> OptimisedPulse:
    """Find the controls that reach a goal with least error within the limits of an instrument.

    Minimises the goal's cost, averaged over the ensemble, by L-BFGS-B over the exact gradient. Bounds of samples are
    bounds of the search; whatever else is limited is held by an augmented Lagrangian, and kept exactly in the end. The
    answer is then repeated with two levels more, where the system knows them (`OptimisedPulse.larger`).

    A quantised pulse is rounded and then improved by single steps of single samples until none helps.

    Args:
        system: What is driven.
        goal: What shall happen.
        limits: What may be played.
        duration_ns, sample_ns: Length of the pulse, a whole number of samples.
        shape: Free parameters of the pulse; every sample if not given.
        line: Filter between program and qubit.
        quantisation: Steps of the converter.
        ensemble: Errors that the pulse shall bear; none if not given.
        start (float64, (p,)): Parameters of the shape to start from (MHz), in place of random ones; (c, k) samples of
            Samples may be given as they are.
        starts: Random smooth starts, of which the best answer is kept.
        enough: Cost at which no further start is tried.
        iterations: Most iterations of a start.
        seed: Seed of the starts.
        threads: Threads over the members of the ensemble; 0 for all. The answer does not depend on it.

    Returns:
        The pulse, its error and leakage, and what two levels more make of it.

    Raises:
        InputError: The duration is not a whole number of samples, or an argument is out of range.

    Examples:
        >>> qubit = Transmon(anharmonicity_mhz=-300.0, levels=3)
        >>> pulse = optimise_pulse(qubit, Gate([[0, 1], [1, 0]]), Limits(300.0), duration_ns=5, sample_ns=0.5)
        >>> pulse.error < 1e-10
        True

    Source: Khaneja et al., J. Magn. Reson. 172, 296 (2005); Nocedal and Wright, Numerical Optimization, chapter 17.
    """
    samples = _whole_samples(duration_ns, sample_ns)
    if starts < 1:
        raise InputError(f"Argument `starts` must be at least 1, but is {starts}.")
    ensemble = ensemble or Ensemble()
    objective = Objective(system, goal, ensemble, line, sample_ns, threads)
    search = _Search(ShapedObjective(objective, shape or Samples(), samples), limits, sample_ns, iterations)
    best = search.best_of(_start_of(start, search.shaped), starts, enough, np.random.default_rng(seed))
    program = limits_kept(best.program, limits, sample_ns)
    if quantisation is not None:
        program = _with_steps(program, objective, quantisation, limits, sample_ns)
    errors = objective.errors(program)
    return OptimisedPulse(
        samples_mhz=program,
        sample_ns=sample_ns,
        error=errors.error,
        leakage=errors.leakage,
        member_errors=errors.member_errors,
        levels=system.levels,
        larger=_repeated(program, system, goal, ensemble, line, sample_ns, threads),
        parameters=best.parameters,
        worst_limit=limits.worst(program, sample_ns),
        evaluations=objective.evaluations,
        converged=best.converged,
    )


def pulse_error(
    system: ControlSystem | Transmon,
    goal: Gate | StateTransfer,
    samples_mhz: ArrayLike,
    *,
    sample_ns: float,
    line: LineFilter | None = None,
    ensemble: Ensemble | None = None,
) -> NDArray[np.float64]:
    """Errors (m,) of given samples for each member of an ensemble.

    Args:
        system: What is driven.
        goal: What should happen.
        samples_mhz (float64, (c, k)): Piecewise-constant controls.
        sample_ns: Length of a sample.
        line: Filter between program and qubit.
        ensemble: Errors looked at; none if not given.

    Examples:
        >>> qubit = Transmon(anharmonicity_mhz=-300.0, levels=2)
        >>> half_turn = pulse_error(qubit, Gate([[0, 1], [1, 0]]), [[25.0], [0.0]], sample_ns=20.0)
        >>> round(float(half_turn[0]), 12)
        0.0
    """
    objective = Objective(system, goal, ensemble or Ensemble(), line, sample_ns, 0)
    return objective.errors(np.ascontiguousarray(samples_mhz, np.float64)).member_errors


def limits_kept(program: Reals, limits: Limits, sample_ns: float) -> Reals:
    """The program, smaller by what rounding and the search left beyond a limit."""
    worst = limits.worst(program, sample_ns)
    return program / (worst * (1 + 1e-15)) if worst > 1 else program


@dataclass(frozen=True)
class _Found:
    parameters: Reals
    program: Reals
    cost: float
    converged: bool


class _Search:
    """One problem: parameters in units of the largest bound, so that the search sees numbers near 1."""

    def __init__(self, shaped: ShapedObjective, limits: Limits, sample_ns: float, iterations: int) -> None:
        self.shaped = shaped
        self.limits = limits
        self.sample_ns = sample_ns
        self.iterations = iterations
        self.free_samples = isinstance(shaped.shape, Samples)
        self.scale = float(limits.amplitudes(shaped.objective.controls).max())
        self.bounds = self._bounds() if self.free_samples else None

    def _bounds(self) -> list[tuple[float, float]]:
        controls, samples = self.shaped.objective.controls, len(self.shaped.moments)
        highest = np.repeat(self.limits.amplitudes(controls)[:, None] / self.scale, samples, axis=1)
        if self.limits.zero_ends:
            highest[:, [0, -1]] = 0.0
        return [(-bound, bound) for bound in highest.ravel()]

    def best_of(self, start: Reals | None, starts: int, enough: float, random: np.random.Generator) -> _Found:
        """The best answer of several starts, or that from the given one."""
        if start is not None:
            return self.from_start(start)
        best: _Found | None = None
        for _ in range(starts):
            controls = self.shaped.objective.controls
            found = self.from_start(self.shaped.shape.guess(controls, self.shaped.moments, self.scale / 3, random))
            if best is None or found.cost < best.cost:
                best = found
            if best.cost <= enough:
                break
        assert best is not None
        return best

    def from_start(self, parameters: Reals) -> _Found:
        """Search from some parameters, with the limits' multipliers raised until nothing exceeds them."""
        point = parameters / self.scale
        excesses = self._excesses(point * self.scale)
        multipliers, weight = np.zeros_like(excesses), 1.0
        worst = np.inf
        answer = self._minimised(point, multipliers, weight)
        for _ in range(_ROUNDS):
            excesses = self._excesses(answer.x * self.scale)
            before, worst = worst, float(excesses.max(initial=0.0))
            if worst <= _EXCESS_ALLOWED:
                break
            multipliers = np.maximum(0.0, multipliers + weight * excesses)
            weight *= 10.0 if worst > before / 4 else 1.0
            answer = self._minimised(answer.x, multipliers, weight)
        found = answer.x * self.scale
        program = limits_kept(self.shaped.program(found), self.limits, self.sample_ns)
        return _Found(found, program, self.shaped.objective.cost(program), bool(answer.success))

    def _excesses(self, parameters: Reals) -> Reals:
        return self.limits.excesses(self.shaped.program(parameters), self.sample_ns, not self.free_samples)

    def _minimised(self, point: Reals, multipliers: Reals, weight: float) -> Any:
        def lagrangian(scaled: Reals) -> tuple[float, Reals]:
            parameters = scaled * self.scale
            program = self.shaped.program(parameters)
            cost, slopes = self.shaped.objective.cost_and_slopes(program)
            excesses = self.limits.excesses(program, self.sample_ns, not self.free_samples)
            forces = np.maximum(0.0, multipliers + weight * excesses)
            if len(forces):
                cost += float((forces**2 - multipliers**2).sum()) / (2 * weight)
                slopes = slopes + self.limits.pulled_back(program, self.sample_ns, not self.free_samples, forces)
            return cost, self.scale * self.shaped.pulled_back(parameters, slopes)

        options = {"maxiter": self.iterations, "maxfun": 4 * self.iterations, "ftol": 0.0, "gtol": 1e-13, "maxcor": 30}
        return minimiser().minimize(lagrangian, point, jac=True, method="L-BFGS-B", bounds=self.bounds, options=options)


def _whole_samples(duration_ns: float, sample_ns: float) -> int:
    if not sample_ns > 0:
        raise InputError(f"Argument `sample_ns` must be positive, but is {sample_ns}.")
    samples = round(duration_ns / sample_ns)
    if samples < 1 or abs(samples * sample_ns - duration_ns) > 1e-9 * duration_ns:
        raise InputError(
            f"Argument `duration_ns` must be a whole number of samples of {sample_ns} ns, but is {duration_ns}."
        )
    return samples


def _start_of(start: ArrayLike | None, shaped: ShapedObjective) -> Reals | None:
    if start is None:
        return None
    parameters = np.asarray(start, np.float64).ravel()
    if len(parameters) != shaped.count:
        raise ShapeError(f"Argument `start` must hold {shaped.count} numbers, but holds {len(parameters)}.")
    return parameters


def _with_steps(
    program: Reals, objective: Objective, quantisation: Quantisation, limits: Limits, sample_ns: float
) -> Reals:
    """Rounded towards 0 where a limit asks for it, then single steps of single samples, the most promising first."""
    best = quantisation.rounded(program)
    if limits.worst(best, sample_ns) > 1:
        best = np.trunc(program / quantisation.step_mhz) * quantisation.step_mhz
    cost, slopes = objective.cost_and_slopes(best)
    improved = True
    while improved:
        improved = False
        for place in np.argsort(-np.abs(slopes), axis=None):
            where = np.unravel_index(place, best.shape)
            trial = best.copy()
            trial[where] -= np.sign(slopes[where]) * quantisation.step_mhz
            if (quantisation.rounded(trial) != trial).any() or limits.worst(trial, sample_ns) > 1:
                continue
            trial_cost = objective.cost(trial)
            if trial_cost < cost:
                best, improved = trial, True
                cost, slopes = objective.cost_and_slopes(best)
                break
    return best


def _repeated(
    program: Reals,
    system: ControlSystem | Transmon,
    goal: Gate | StateTransfer,
    ensemble: Ensemble,
    line: LineFilter | None,
    sample_ns: float,
    threads: int,
) -> LargerSystem | None:
    larger = system.with_more_levels(_MORE_LEVELS)
    if larger is None:
        return None
    errors = Objective(larger, goal, ensemble, line, sample_ns, threads).errors(program)
    return LargerSystem(larger.levels, errors.error, errors.leakage)

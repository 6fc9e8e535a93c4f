"""From parameters to the cost of a pulse and back: shape, line and quantum system, by the chain rule."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synqc import _core
from synqc.optimise.ensemble import Ensemble
from synqc.optimise.goals import Gate, StateTransfer
from synqc.optimise.line import LineFilter
from synqc.optimise.shapes import Shape
from synqc.optimise.systems import RADIANS_PER_US_PER_MHZ, ControlSystem, Transmon

__all__ = ["Objective", "ProgramErrors", "ShapedObjective"]

Reals = NDArray[np.float64]


@dataclass(frozen=True)
class ProgramErrors:
    """What a program does to each member of an ensemble (m,), and the weighted means."""

    member_errors: Reals
    member_leakages: Reals
    error: float
    leakage: float


class Objective:
    """Cost of programs (c, k) in MHz: error + leakage_weight * leakage, the weighted mean over an ensemble."""

    def __init__(
        self,
        system: ControlSystem | Transmon,
        goal: Gate | StateTransfer,
        ensemble: Ensemble,
        line: LineFilter | None,
        sample_ns: float,
        threads: int,
    ) -> None:
        columns = goal.columns(system.levels)
        members = [
            (np.asarray(one.drift, complex), [np.asarray(c, complex) for c in one.controls], list(one.collapse))
            for one in ensemble.members(system)
        ]
        self._core = _core.ControlEnsemble(
            members, columns.start, columns.target, columns.kept, goal.leakage_weight, sample_ns * 1e-3
        )
        self._leakage_weight = goal.leakage_weight
        self._shares = ensemble.shares()
        self._line = line
        self._threads = threads
        self.controls: int = self._core.controls
        self.evaluations = 0

    def _arriving(self, program: Reals) -> Reals:
        arriving = program if self._line is None else self._line.applied(program)
        return RADIANS_PER_US_PER_MHZ * arriving

    def errors(self, program: Reals) -> ProgramErrors:
        """Errors of a program, without a gradient."""
        self.evaluations += 1
        errors, leakages, _ = self._core.errors(self._arriving(program), False, self._threads)
        return ProgramErrors(errors, leakages, float(self._shares @ errors), float(self._shares @ leakages))

    def cost(self, program: Reals) -> float:
        """The cost alone."""
        found = self.errors(program)
        return found.error + self._leakage_weight * found.leakage

    def cost_and_slopes(self, program: Reals) -> tuple[float, Reals]:
        """The cost, and its gradient (c, k) per MHz of the program."""
        self.evaluations += 1
        errors, leakages, gradients = self._core.errors(self._arriving(program), True, self._threads)
        cost = float(self._shares @ (errors + self._leakage_weight * leakages))
        slopes: Reals = RADIANS_PER_US_PER_MHZ * np.tensordot(self._shares, gradients, axes=1)
        return cost, slopes if self._line is None else self._line.pulled_back(slopes)


class ShapedObjective:
    """The same as a function of a shape's parameters, for a pulse of `samples` samples."""

    def __init__(self, objective: Objective, shape: Shape, samples: int) -> None:
        self.objective = objective
        self.shape = shape
        self.moments = (np.arange(samples) + 0.5) / samples
        self.count = shape.count(objective.controls, samples)

    def program(self, parameters: Reals) -> Reals:
        """Samples (c, k), MHz."""
        return self.shape.samples(parameters, self.objective.controls, self.moments)

    def pulled_back(self, parameters: Reals, slopes: Reals) -> Reals:
        """Gradient with respect to the parameters."""
        return self.shape.pull_back(parameters, slopes, self.moments)

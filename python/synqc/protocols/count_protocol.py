"""What protocols that count outcomes have in common: run, fit, test, propose."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from synqc.errors import InputError
from synqc.infer import CountLikelihood, Curve, Parameter, fit
from synqc.infer.goodness_of_fit import LEAST_PROBABILITY
from synqc.protocols.analysis import Analysis, Verdict
from synqc.protocols.circuit import Circuit, Rotation, Settings
from synqc.protocols.instrument import Instrument
from synqc.protocols.record_tests import (
    drift_test,
    homogeneity_test,
    missing_test,
    repeats_test,
    responds,
    spectrum_test,
)
from synqc.protocols.records import Records

__all__ = ["READOUT_ERRORS", "CountProtocol", "judged"]

READOUT_ERRORS: Mapping[str, Parameter] = {
    "p0_given_1": Parameter(0.0, 0.5, start=0.03),
    "p1_given_0": Parameter(0.0, 0.5, start=0.02),
}
_FEW_SHOTS = 20
_NARROW, _WIDE = math.erf(1 / math.sqrt(2)), math.erf(2 / math.sqrt(2))


@dataclass(frozen=True, kw_only=True)
class CountProtocol(ABC):
    """Circuits that are played in sweeps, and a curve that is fitted to the counts of all of them.

    Args:
        shots: At each point of each sweep.
        sweeps: What changes between them is noticed.
        references: Points that prepare |0>, and as many that prepare |1>, for the readout's errors.
    """

    shots: int = 100
    sweeps: int = 5
    references: int = 3

    reported: ClassVar[tuple[str, ...]]

    def __post_init__(self) -> None:
        for name, least in (("shots", 1), ("sweeps", 1), ("references", 0)):
            value = getattr(self, name)
            if not (isinstance(value, int) and value >= least):
                raise InputError(f"Argument `{name}` must be a whole number of at least {least}, but is {value}.")

    @property
    @abstractmethod
    def curve(self) -> Curve:
        """What is fitted."""

    @abstractmethod
    def plan(self, gate_ns: float) -> tuple[list[Circuit], list[tuple[float, ...]]]:
        """Circuits and their settings, without the reference."""

    @abstractmethod
    def searched(self, settings: Any) -> dict[str, Parameter]:
        """Parameters and their bounds, from what was set (points, columns)."""

    def known(self) -> dict[str, float]:
        """Parameters that are not fitted."""
        return {}

    def run(self, device: Instrument) -> Records:
        """Play all sweeps and count.

        Args:
            device: One qubit.
        """
        circuits, settings = self.plan(device.gate_ns)
        idle = (0.0,) * len(settings[0])
        circuits = [*circuits, *[()] * self.references, *[(Rotation(math.pi),)] * self.references]
        rows = [(-1.0, *row) for row in settings]
        rows += [(0.0, *idle)] * self.references + [(1.0, *idle)] * self.references
        counts = [device.counts(circuits, self.shots) for _ in range(self.sweeps)]
        return Records(type(self).__name__, self.curve.columns, np.array(rows), np.array(counts), self.shots)

    def analyse(self, records: Records) -> Analysis:
        """Parameters with profile intervals, and a verdict, from records alone.

        Args:
            records: Of this protocol.

        Raises:
            InputError: They are of another protocol.
        """
        return self.analyse_one_of(records, 1)

    def analyse_one_of(self, records: Records, many: int) -> Analysis:
        """`analyse`, with tests so much stricter that as few of `many` healthy records together raise a suspicion.

        Args:
            records: Of this protocol.
            many: How many records have one verdict.

        Raises:
            InputError: They are of another protocol.
        """
        if records.protocol != type(self).__name__:
            raise InputError(f"Argument `records` must be of {type(self).__name__}, but is of {records.protocol}.")
        return judged(
            records,
            records.excited,
            self.curve,
            self.searched(records.settings),
            self.known(),
            self.reported,
            least_probability=LEAST_PROBABILITY / many,
        )

    def next(self, analysis: Analysis) -> CountProtocol:
        """Setting to go on with after `analysis`: this one again, where nothing better is known."""
        return self

    def corrected(self, settings: Settings, analysis: Analysis) -> Settings:
        """Settings of the instrument with what was found put right: as they are, where nothing can be."""
        return settings


def judged(
    records: Records,
    counted: Any,
    curve: Curve,
    searched: Mapping[str, Parameter],
    known: Mapping[str, float],
    reported: tuple[str, ...],
    *,
    least_probability: float = LEAST_PROBABILITY,
) -> Analysis:
    """Fit a curve to the counts of all sweeps, and test both.

    Args:
        records: Where the settings are.
        counted (int64, (sweeps, points, 2)): Counts of two outcomes of them.
        curve: What is fitted.
        searched: Its parameters with bounds.
        known: Those that are not fitted.
        reported: Whose intervals are computed.
        least_probability: What a test must find for a suspicion.
    """
    likelihood = CountLikelihood(curve, records.settings, counted.sum(axis=0), searched, known=known)
    found = fit(likelihood)
    tests = [missing_test(counted, records.shots), homogeneity_test(counted)]
    values = {**known, **found.values}
    probabilities = np.asarray(curve.probabilities(likelihood.settings, values)[0])
    fitted = probabilities[:, 1]
    residuals = _residuals(likelihood, fitted)
    tests += [drift_test(likelihood, counted, values), repeats_test(counted, fitted), spectrum_test(residuals)]
    complaints = [test.complaint for test in tests if test.p_value < least_probability]
    # Of the fit's own tests, what only fails by the usual measure.
    passed = {test.complaint for test in found.goodness.tests if test.p_value >= least_probability}
    # Near 0 and 1 the residuals of few shots have the sign of the likelier outcome, whatever their model.
    blind = found.goodness["runs"].complaint if counted.sum(axis=(0, 2)).max() < _FEW_SHOTS else None
    # A readout that never errs is none to be suspicious of.
    harmless = {blind, *passed, *(f"{name} is at its bound 0" for name in READOUT_ERRORS)}
    reasons = tuple(reason for reason in (*found.reasons, *complaints) if reason not in harmless)
    wide = {name: found.interval(name, _WIDE) for name in reported}
    left_open = [
        f"{name} may be beyond what was looked through"
        for name, (low, high) in wide.items()
        if low <= searched[name].lower or high >= searched[name].upper
    ]
    if not responds(counted.sum(axis=0), probabilities):
        left_open.append("outcomes do not depend on what was set")
    reasons += tuple(left_open)
    verdict: Verdict = "suspicious" if reasons else "good"
    if left_open or found.verdict == "not determined":
        verdict = "not determined"
    return Analysis(
        {name: found.values[name] for name in reported},
        {name: found.interval(name, _NARROW) for name in reported},
        wide,
        verdict,
        reasons,
        values,
    )


def _residuals(likelihood: CountLikelihood, fitted: Any) -> Any:
    """Standardised, of the points that are no references."""
    shots = likelihood.counts.sum(axis=1)
    one = np.clip(fitted, 1e-9, 1 - 1e-9)
    residuals = (likelihood.counts[:, 1] - shots * one) / np.sqrt(np.maximum(shots, 1) * one * (1 - one))
    return residuals[likelihood.settings[:, 0] < 0] if likelihood.curve.columns[0] == "reference" else residuals

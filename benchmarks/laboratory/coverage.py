"""How often the error bars of runs and trajectories hold the truth: rule by rule, shots by shots, figure by figure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from synqc import _core
from synqc.benchmarks.measurement import Measurement, Setting
from synqc.lab.estimate import Estimate
from synqc.lab.experiment import Experiment
from synqc.lab.rules import Batch
from synqc.lab.run import Run
from synqc.lab.smesolve import smesolve

__all__ = ["BANDS", "RULES", "Cell", "coverage_of_rule", "coverage_of_trajectories", "measure_coverage", "table_lines"]

BANDS = {1: (0.64, 0.72), 2: (0.93, 0.97)}
"""Share of intervals of so many deviations that should hold the truth; 0.683 and 0.954 for a normal distribution."""
RULES = ("none", "kalman", "bayes", "rl", "rl-reinforce", "nelder-mead", "random-search")

_SEEDS = 300
_SHOTS = (50, 200, 1000)
_QUBITS = (1, 4)
_TRUTH_SHOTS = 40  # times the shots of a run: its own error widens the others' by 1 %
_LOCKED_SHOTS = 50_000
_ANGLES = (0.3, math.pi / 2)
_DEVIATIONS = 3.3  # of a share of finitely many seeds; one cell of a thousand is further off by chance


@dataclass
class Cell:
    """One figure of one kind of run.

    Args:
        name: Rule and figure.
        qubits: Size of the register.
        shots: Shots of a run, exploration and calibration included; trajectories of an ensemble.
        held: How often the interval of 1 and of 2 deviations held the truth.
        held_by_error: The same for value plus and minus 1 and 2 standard errors.
        runs: How often was tried.
    """

    name: str
    qubits: int
    shots: int
    held: dict[int, int] = field(default_factory=lambda: {1: 0, 2: 0})
    held_by_error: dict[int, int] = field(default_factory=lambda: {1: 0, 2: 0})
    runs: int = 0

    def add(self, figure: Estimate, truth: float) -> None:
        """Count one more run."""
        self.runs += 1
        for deviations in BANDS:
            low, high = figure.interval(deviations)
            self.held[deviations] += low <= truth <= high
            self.held_by_error[deviations] += abs(figure.value - truth) <= deviations * figure.standard_error

    def share(self, deviations: int) -> float:
        """Of intervals that held the truth."""
        return self.held[deviations] / self.runs

    def distance(self, deviations: int) -> float:
        """How far the share lies outside its band, in deviations of a share of so many runs; 0 inside."""
        low, high = BANDS[deviations]
        outside = max(low - self.share(deviations), self.share(deviations) - high, 0.0)
        nearest = low if self.share(deviations) < low else high
        return outside / math.sqrt(nearest * (1 - nearest) / self.runs)

    @property
    def is_right(self) -> bool:
        """Whether both shares are in their bands, as far as so many runs can tell."""
        return all(self.distance(deviations) <= _DEVIATIONS for deviations in BANDS)


def _figures(run: Run) -> dict[str, Estimate]:
    qubit = run.history[-1].qubits[0]
    return {
        "fidelity": run.fidelity,
        "success": run.success,
        "fidelity of one": qubit.fidelity,
        "one_fraction of one": qubit.one_fraction,
        "mean_record of one": qubit.mean_record,
        "objective_score": run.objective_score,
    }


def _replayed(experiment: Experiment, run: Run, shots: int) -> Run:
    """A long run under the controls that the rule had deployed in the end."""
    # Learners wait for the record even where they have found that it is best ignored; a gain of 0 would not.
    waits = {rule["name"]: rule["feeds_forward"] for rule in _core.rule_properties()}.get(experiment.adaptive_rule)
    least_gain = 1e-9 if waits else 0.0
    settings = [{**one, "feedback_gain": one["feedback_gain"] or least_gain} for one in run.settings]

    def deploy(batch: Batch) -> Mapping[str, float]:
        return settings[batch.qubit]

    return experiment.replace(adaptive_rule=deploy).run(shots, seed=run.seed + 2**40, keep_bits=False, progress=False)


def coverage_of_rule(rule: str, qubits: int, shots: int, seeds: Sequence[int]) -> list[Cell]:
    """Runs of one kind, each with another second angle, so that no lattice of counts meets a single chance.

    The truth of a run is what very many shots show of the same device under the same controls. In-shot feed-forward
    cannot be deployed again: there both start from one tracker that is locked already.
    """
    cells: dict[str, Cell] = {}
    # Two levels and a square pulse: learners try many controls, and what they compile is not the point here.
    alike = Experiment(qubits=qubits, probe_strength=0.3, adaptive_rule=rule, envelope="square", levels=2, drift="none")
    carry = alike.run(_LOCKED_SHOTS, seed=1, keep_bits=False, progress=False).checkpoint if rule == "bayes" else None
    for seed in seeds:
        angle = float(np.random.default_rng([seed, shots, qubits]).uniform(*_ANGLES))
        experiment = alike.replace(second_angle=angle)
        run = experiment.run(shots, seed=seed, resume_from=carry, keep_bits=False, progress=False)
        if carry is None:
            long = _replayed(experiment, run, _TRUTH_SHOTS * shots)
        else:
            long = experiment.run(
                _TRUTH_SHOTS * shots, seed=seed + 2**40, resume_from=carry, keep_bits=False, progress=False
            )  # fmt: skip
        truths = _figures(long)
        for name, figure in _figures(run).items():
            cells.setdefault(name, Cell(f"{rule}: {name}", qubits, shots)).add(figure, truths[name].value)
    return list(cells.values())


def coverage_of_trajectories(trajectories: int, seeds: Sequence[int]) -> Cell:
    """`smesolve` of a driven and dephased qubit, against the closed form of its mean."""
    cell = Cell("smesolve: average_expect", 1, trajectories)
    sx, sz = np.array([[0, 1], [1, 0]], complex), np.diag([1.0, -1.0]).astype(complex)
    rate, turn, time = 0.5, 2.0, 1.3
    # <sz> of H = turn sx / 2 with sz dephasing at rate 2 rate: a damped oscillation.
    damping = rate
    frequency = math.sqrt(turn**2 - damping**2)
    truth = math.exp(-damping * time) * (
        math.cos(frequency * time) + damping / frequency * math.sin(frequency * time)
    )  # fmt: skip
    for seed in seeds:
        result = smesolve(
            turn * sx / 2, np.array([1, 0], complex), [0.0, time], [], [math.sqrt(rate) * sz], e_ops=[sz],
            ntraj=trajectories, seeds=seed, dt=0.01, store_measurement=False, error_estimate=False, progress=False,
        )  # fmt: skip
        cell.add(Estimate(float(result.average_expect[0, -1]), float(result.standard_errors[0, -1])), truth)
    return cell


def _all_cells(seeds: int) -> Iterator[Cell]:
    for rule in RULES:
        for qubits in _QUBITS:
            for shots in _SHOTS:
                yield from coverage_of_rule(rule, qubits, shots, range(seeds))
    for shots in _SHOTS:
        yield coverage_of_trajectories(shots, range(seeds))


def table_lines(cells: Sequence[Cell]) -> list[str]:
    """One line per cell: shares of intervals, and of plus and minus standard errors, that held the truth."""
    lines = []
    for cell in cells:
        shares = ", ".join(
            f"{deviations} sigma {cell.share(deviations):.3f} (errors {cell.held_by_error[deviations] / cell.runs:.3f})"
            for deviations in BANDS
        )
        mark = "" if cell.is_right else "  OUTSIDE"
        lines.append(f"{cell.name}, {cell.qubits} qubits, {cell.shots} shots: {shares}{mark}")
    return lines


def measure_coverage(setting: Setting) -> Mapping[str, Measurement]:
    """Every rule, at every number of shots and qubits."""
    cells = list(_all_cells(30 if setting.quick else _SEEDS))
    outside = sum(not cell.is_right for cell in cells)
    pooled = {
        deviations: sum(cell.held[deviations] for cell in cells) / sum(cell.runs for cell in cells)
        for deviations in BANDS
    }
    bands = " and ".join(f"{low} to {high} ({deviations} sigma)" for deviations, (low, high) in BANDS.items())
    return {
        "coverage": Measurement(
            float(outside),
            proof=f"goal for each share: {bands}, as far as {cells[0].runs} runs can tell",
            details=(
                f"All cells together {pooled[1]:.3f} and {pooled[2]:.3f}; normal intervals have 0.683 and 0.954",
                *table_lines(cells),
            ),
        )
    }

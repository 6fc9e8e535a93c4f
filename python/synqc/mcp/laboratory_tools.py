"""Tools of the laboratory: what may be asked, one run, a sweep, a comparison. They change nothing but the budget."""

from __future__ import annotations

import asyncio
import itertools
import math
from collections import OrderedDict
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from pydantic import Field

import synqc
from synqc import _core
from synqc.errors import InputError, SynqcError, UnknownName
from synqc.lab.estimate import Estimate
from synqc.lab.experiment import Experiment, StopFlag
from synqc.lab.run import Run
from synqc.lab.sweep import sweep
from synqc.mcp.limits import Budget, Limits

__all__ = ["LaboratoryTools"]

Value = TypeVar("Value")

_Arguments = Annotated[
    dict[str, Any], Field(description="Arguments of the experiment by name; see list_arguments. Left out: the default.")
]
_Shots = Annotated[int | None, Field(ge=1, description="Per iteration and qubit; null: 800 + 0.3 per ns of probe.")]
_Seed = Annotated[int | None, Field(ge=0, le=2**63 - 1, description="Randomness; null: drawn, and told.")]
_KPIS = ("fidelity", "success", "backaction", "information_bits", "latency_us")
_FIGURES = (*_KPIS, "objective_score", "g", "s", "eps_pulse", "shots_used")
_SAMPLES_AT_MOST = 4096
_BINS_AT_MOST = 64
_STEPS_AT_MOST = 20_000


class LaboratoryTools:
    """The laboratory within limits.

    Args:
        limits: Limits of each call.
        budget: Budget of all calls.
    """

    def __init__(self, limits: Limits, budget: Budget) -> None:
        self._limits = limits
        self._budget = budget
        self._runs: OrderedDict[str, Run] = OrderedDict()
        self._numbers = itertools.count(1)

    async def list_arguments(self) -> dict[str, Any]:
        """What an experiment may be told: name, meaning, choices and bounds of each argument; presets and targets."""
        told = ("meaning", "choices", "least", "most")
        named = {
            one["name"]: {key: one[key] for key in told if one[key] not in (None, [])}
            for one in _core.experiment_fields()
        }
        return {"arguments": named, "presets": list(synqc.presets()), "targets": list(synqc.targets())}

    async def run_experiment(
        self, experiment: _Arguments, shots: _Shots = None, iterations: int = 1, seed: _Seed = None
    ) -> dict[str, Any]:
        """Simulate one Drive-Probe-Drive experiment; figures with standard errors (0: exact, null: unknown)."""
        made = self._experiment(experiment)
        self._limits.check("iterations", iterations, self._limits.iterations)
        wanted = self._reserved(made, shots, iterations)
        run = await self._in_time(wanted, lambda stop: made.run(
            shots, iterations=iterations, seed=seed, keep_bits=False, progress=False, stop=stop
        ), lambda run: run.shots_used * made.qubits)  # fmt: skip
        name = f"run-{next(self._numbers)}"
        self._runs[name] = run
        while len(self._runs) > self._limits.runs_kept:
            self._runs.popitem(last=False)
        return {"run_id": name, **summary_of(run), "shots_left_in_budget": self._budget.left}

    async def sweep_experiment(
        self,
        experiment: _Arguments,
        axes: Annotated[
            dict[str, list[Any]], Field(description="Argument names and their values; all combinations run.")
        ],
        shots: _Shots = None,
        seed: _Seed = None,
        figures: Annotated[list[str] | None, Field(description="Which figures; null: all KPIs.")] = None,
    ) -> dict[str, Any]:
        """Simulate a grid of experiments; nested lists over the axes in their order, with standard errors."""
        made = self._experiment(experiment)
        names = _KPIS if figures is None else tuple(figures)
        for name in names:
            if name not in _FIGURES:
                raise UnknownName(f"Argument `figures` must name some of {', '.join(_FIGURES)}, but names {name!r}.")
        points = math.prod(len(values) for values in axes.values())
        self._limits.check("points of `axes`", points, self._limits.points)
        experiments = [self._experiment(experiment | dict(zip(axes, values, strict=True)))
                       for values in itertools.product(*axes.values())]  # fmt: skip
        wanted = sum(_cost(one, shots, 1) for one in experiments)
        self._limits.check("shots of all points and qubits", wanted, self._limits.shots_per_call)
        self._budget.take(wanted)
        grid = await self._in_time(wanted, lambda stop: sweep(
            made, axes, shots=shots, seed=seed, progress=False, stop=stop
        ), lambda _: wanted)  # fmt: skip
        told = {name: {"values": _plain(grid[name].tolist()), "standard_errors": _plain(grid.error(name).tolist())}
                for name in names}  # fmt: skip
        return {
            "axes": grid.axes, "figures": told, "seed": grid.seed, "partial": grid.partial,
            "shots_left_in_budget": self._budget.left,
        }  # fmt: skip

    async def compare_runs(self, first: str, second: str) -> dict[str, Any]:
        """Second minus first, of every figure, with its error and whether it exceeds two errors."""
        one, other = self._run(first), self._run(second)
        differences = {}
        for name, figure in one.kpis().items():
            difference = other.kpis()[name] - figure
            differences[name] = {**_figure(difference), "exceeds_two_errors": _exceeds(difference)}
        told: dict[str, Any] = {"second_minus_first": differences}
        if one.seed == other.seed:
            told["caution"] = (
                "Equal seeds share random numbers: errors of differences are not those of independent runs."
            )
        return told

    def document_of(self, name: str) -> dict[str, Any]:
        """Everything about a run but its arrays."""
        return self._run(name).to_dict()

    def _run(self, name: str) -> Run:
        if name not in self._runs:
            known = ", ".join(self._runs) or "none"
            raise UnknownName(f"There must be a run with that id here, but there is no {name!r}; kept are: {known}.")
        return self._runs[name]

    def _experiment(self, arguments: dict[str, Any]) -> Experiment:
        """Only names lead to devices: a path would let an agent read this machine's files."""
        preset = arguments.get("preset", "transmon-default")
        if preset not in synqc.presets():
            raise UnknownName(f"Argument `preset` must be one of {', '.join(synqc.presets())}, but is {preset!r}.")
        samples = arguments.get("samples")
        if isinstance(samples, list):
            self._limits.check("samples", len(samples), _SAMPLES_AT_MOST)
        made = Experiment(preset).replace(**{name: value for name, value in arguments.items() if name != "preset"})
        self._limits.check("qubits", made.qubits, self._limits.qubits)
        self._limits.check("probe_bins", made.probe_bins, _BINS_AT_MOST)
        self._limits.check("probe_steps", made.probe_steps, _STEPS_AT_MOST)
        return made

    def _reserved(self, experiment: Experiment, shots: int | None, iterations: int) -> int:
        if iterations < 1:
            raise InputError(f"Argument `iterations` must be at least 1, but is {iterations}.")
        wanted = _cost(experiment, shots, iterations)
        self._limits.check("shots of all iterations and qubits", wanted, self._limits.shots_per_call)
        self._budget.take(wanted)
        return wanted

    async def _in_time(
        self, taken: int, work: Callable[[StopFlag], Value], used: Callable[[Value], int]
    ) -> Value:  # fmt: skip
        """What the work gives; stopped after some time, or when the client takes its call back."""
        stop = StopFlag()
        timer = asyncio.get_running_loop().call_later(self._limits.seconds, stop.stop)
        spent = taken
        try:
            found = await asyncio.to_thread(work, stop)
            spent = used(found)
            return found
        except SynqcError:
            spent = 0
            raise
        finally:
            timer.cancel()
            stop.stop()
            self._budget.give_back(taken - spent)


def summary_of(run: Run) -> dict[str, Any]:
    """A run in a few lines."""
    return {
        "kpis": {name: _figure(value) for name, value in run.kpis().items()},
        "probe": {"regime": run.probe.regime, "g": run.probe.g, "s": run.probe.s, "eps_pulse": run.probe.eps_pulse},
        "target": run.experiment.target, "seed": run.seed, "shots_used": run.shots_used, "partial": run.partial,
    }  # fmt: skip


def _cost(experiment: Experiment, shots: int | None, iterations: int) -> int:
    return int((shots or _core.cost_law_shots(experiment.probe_duration_ns)) * iterations * experiment.qubits)


def _figure(estimate: Estimate) -> dict[str, float | None]:
    value, error = estimate.value, estimate.standard_error
    return {
        "value": value if math.isfinite(value) else None,
        "standard_error": error if math.isfinite(error) else None,
    }


def _exceeds(estimate: Estimate) -> bool | None:
    """Whether it differs from 0 by more than two errors; None: nobody knows."""
    error = estimate.standard_error
    return None if math.isnan(error) else abs(estimate.value) > 2 * error


def _plain(values: Any) -> Any:
    if isinstance(values, list):
        return [_plain(value) for value in values]
    return values if math.isfinite(values) else None

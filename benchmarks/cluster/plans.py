"""Plans of a sweep beside the sweep itself."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import synqc
from synqc.benchmarks.measurement import Measurement, Setting, Unavailable, refuse_unless
from synqc.cluster import PointCost, SweepPlan, measure_point, open_executor, plan_sweep

__all__ = ["measure_plans"]

_AIMED_AT_S = 0.1
_SHOTS = 200_000
_SEED = 4


def measure_plans(setting: Setting) -> Mapping[str, Measurement]:
    """A plan from a few points, then the sweep on processes of its own; its figures must be those of a local sweep."""
    points = 16 if setting.quick else 80
    experiment = synqc.Experiment(qubits=1)
    axes = {"probe_strength": [k / points for k in range(points)]}
    # As many shots as make a point long enough, so that the start of processes is no part of what is judged alone.
    trial = measure_point(experiment, axes, shots=_SHOTS, measured=4, seed=_SEED)
    shots = max(1000, round(_SHOTS * (0.2 if setting.quick else 1.0) * _AIMED_AT_S / trial.service_s))
    cost = measure_point(experiment, axes, shots=shots, seed=_SEED)
    here = synqc.sweep(experiment, axes, shots=shots, seed=_SEED, threads=1, progress=False)
    found = {"plan-one-process": _judged(experiment, axes, shots, cost, 1, here)}
    if setting.threads >= 2:
        found["plan-two-processes"] = _judged(experiment, axes, shots, cost, 2, here)
    else:
        raise Unavailable("Two processes need two processors.")
    return found


def _judged(
    experiment: Any, axes: Mapping[str, Sequence[Any]], shots: int, cost: PointCost, processes: int, here: Any
) -> Measurement:
    plan = plan_sweep(cost, here["fidelity"].size, processes=processes, processors=max(2, processes))
    started = time.perf_counter()
    with open_executor(f"processes:{processes}") as executor:
        there = synqc.sweep(experiment, axes, shots=shots, seed=_SEED, executor=executor, progress=False)
        seconds = time.perf_counter() - started
    refuse_unless(there == here, "figures of processes are not those of a local sweep.")
    return Measurement(
        100 * abs(seconds / plan.seconds - 1), proof="figures are the bytes of a local sweep",
        details=(f"{_words(plan)}, took {seconds:.2f} s",),
    )  # fmt: skip


def _words(plan: SweepPlan) -> str:
    return (
        f"Foretold {plan.seconds:.2f} s ({plan.start_s:.2f} start, {plan.steady_s:.2f} steady, {plan.tail_s:.2f} tail) "
        f"for {plan.points} points"
    )

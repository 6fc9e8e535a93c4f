"""Time and memory of a sweep before it is begun: a few of its points are measured, a queueing model does the rest."""

from __future__ import annotations

import math
import os
import resource
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from synqc.cluster.queueing import Throughput, closed_network
from synqc.jobs.executors import process_pool
from synqc.lab._whole_number import whole_number
from synqc.lab.experiment import Experiment
from synqc.lab.sweep import Grid, Order, Rows, run_point

__all__ = ["PointCost", "SweepPlan", "measure_point", "plan_sweep"]

_TASK_S = 0.05
_MOST_OF_A_TASK = 256
_TASKS_PER_WORKER = 4
_ECHOES = 30
_BYTES_OF_A_ROW = 177


@dataclass(frozen=True)
class PointCost:
    """Cost of a point, as it was measured.

    Args:
        service_s: Mean time of a point on a worker, s.
        service_spread_s: Standard deviation between points, s; 0 if one was measured.
        dispatch_s: Time of a processor in the process that sweeps, per task, s.
        dispatch_point_s: The same per point of a task, s.
        start_s: Until a worker has begun, s.
        worker_bytes: Memory of a worker after its points.
        threads: Threads per point.
    """

    service_s: float
    service_spread_s: float
    dispatch_s: float
    dispatch_point_s: float
    start_s: float
    worker_bytes: int
    threads: int


@dataclass(frozen=True)
class SweepPlan:
    """Time and memory that a sweep will take on some machines.

    Args:
        points: Number of points of the grid.
        machines: Machines with workers.
        processes: Workers of each.
        seconds: Until the end.
        start_s, steady_s, tail_s: Its parts: until workers have begun; while all are busy; while the last ones end.
        throughput: In the steady part, in tasks.
        points_per_task: Points that travel together.
        machine_bytes: Memory of the workers of one machine.
        sweep_bytes: Memory of the figures in the process that sweeps.
    """

    points: int
    machines: int
    processes: int
    seconds: float
    start_s: float
    steady_s: float
    tail_s: float
    throughput: Throughput
    points_per_task: int
    machine_bytes: int
    sweep_bytes: int


def measure_point(
    experiment: Experiment, axes: Mapping[str, Sequence[Any]], *, shots: float | None = None, iterations: int = 1,
    threads: int = 1, measured: int = 8, seed: int = 0,
) -> PointCost:  # fmt: skip
    """Measure points of a sweep in a process of its own, spread over the grid.

    Args:
        experiment, axes, shots, iterations, threads: As of `synqc.sweep`.
        measured: How many points are, at most.
        seed: Seed of the sweep.

    Raises:
        InputError: An axis is unknown or empty, or a value out of range.

    Examples:
        >>> import synqc
        >>> cost = measure_point(synqc.Experiment(qubits=1), {"probe_strength": [0.1, 0.5, 0.9]}, shots=1000)
        >>> 0 < cost.service_s < cost.start_s, cost.worker_bytes > 10_000_000
        (True, True)
    """
    grid = Grid(experiment, axes, shots=shots, iterations=iterations, seed=seed, threads=threads)
    measured = min(grid.points, whole_number("measured", measured, least=1))
    places = [grid.points // 2] if measured == 1 else np.linspace(0, grid.points - 1, measured).astype(int).tolist()
    with process_pool(1) as pool:
        started = time.perf_counter()
        first = pool.submit(_timed, grid.order(places[0])).result()
        start_s = time.perf_counter() - started - first[0]
        # The first point of a process compiles what others find, so it is asked once more.
        answers = [pool.submit(_timed, grid.order(place)).result() for place in places]
        seconds = np.array([answer[0] for answer in answers])
        dispatch_s, dispatch_point_s = _dispatch_costs(pool, grid, answers[0][1])
    return PointCost(
        service_s=float(seconds.mean()), service_spread_s=float(seconds.std(ddof=1)) if len(seconds) > 1 else 0.0,
        dispatch_s=dispatch_s, dispatch_point_s=dispatch_point_s, start_s=max(0.0, start_s),
        worker_bytes=max(answer[2] for answer in answers), threads=grid.threads,
    )  # fmt: skip


def plan_sweep(
    cost: PointCost, points: int, *, machines: int = 1, processes: int = 1, processors: int | None = None,
    max_in_flight: int | None = None,
) -> SweepPlan:  # fmt: skip
    """Predict time and memory of a sweep from what a point costs.

    Workers have begun after `start_s`. While all are busy, tasks go round between the process that sweeps and the
    workers (`closed_network`). At the end workers wait for the last ones: half a task, on average. Processes and
    threads beyond a machine's processors share them. What machines lose by sharing caches and memory is not in it.

    Args:
        cost: As `measure_point` found it, on a machine like those.
        points: Number of points of the grid.
        machines: With workers.
        processes: Workers of each.
        processors: Number of processors of each; None: as many as this one has.
        max_in_flight: As of `synqc.sweep`.

    Raises:
        InputError: A count is below 1.

    Examples:
        >>> cost = PointCost(0.5, 0.0, 1e-4, 5e-5, 1.0, 120_000_000, 1)
        >>> one, eight = plan_sweep(cost, 1000, processors=8), plan_sweep(cost, 1000, processes=8, processors=8)
        >>> round(one.seconds), round(eight.seconds), eight.machine_bytes
        (501, 64, 960000000)
    """
    points = whole_number("points", points, least=1)
    machines = whole_number("machines", machines, least=1)
    processes = whole_number("processes", processes, least=1)
    cores = len(os.sched_getaffinity(0)) if processors is None else whole_number("processors", processors, least=1)
    threads = cores if cost.threads == 0 else min(cost.threads, cores)
    crowding = max(1.0, processes * threads / cores)
    service_s = cost.service_s * crowding
    together = max(1, min(_MOST_OF_A_TASK, round(_TASK_S / service_s)))
    workers = machines * processes
    tasks = math.ceil(points / together)
    at_once = _TASKS_PER_WORKER * workers if max_in_flight is None else max(1, max_in_flight // together)
    through = closed_network(
        in_flight=min(at_once, tasks), workers=min(workers, tasks), service_s=service_s * together,
        dispatch_s=cost.dispatch_s + cost.dispatch_point_s * together,
    )  # fmt: skip
    steady_s = points / together / through.tasks_per_s
    busy = min(workers, tasks)
    tail_s = service_s * together * (busy - 1) / (2 * busy)
    start_s = cost.start_s * max(1.0, processes / cores)
    return SweepPlan(
        points=points, machines=machines, processes=processes, seconds=start_s + steady_s + tail_s, start_s=start_s,
        steady_s=steady_s, tail_s=tail_s, throughput=through, points_per_task=together,
        machine_bytes=processes * cost.worker_bytes, sweep_bytes=points * _BYTES_OF_A_ROW,
    )  # fmt: skip


def _timed(order: Order) -> tuple[float, dict[str, Any] | None, int]:
    """Seconds of a point in its worker, its row, and the most memory that the worker has had, bytes."""
    started = time.perf_counter()
    row = run_point(order)
    seconds = time.perf_counter() - started
    unit = 1 if sys.platform == "darwin" else 1024
    return seconds, row, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _echo(orders: list[Order], row: dict[str, Any]) -> list[dict[str, Any]]:
    """Answer of a task, without its work."""
    return [row for _ in orders]


def _dispatch_costs(pool: Any, grid: Grid, row: dict[str, Any] | None) -> tuple[float, float]:
    """Processor time of this process per task, and per point of a task, s."""
    assert row is not None
    rows = Rows(grid.shape)
    spent = {}
    for together in (1, 17):
        before = time.process_time()
        for number in range(_ECHOES):
            places = [(number * together + k) % grid.points for k in range(together)]
            orders = [grid.order(place) for place in places]
            for order, found in zip(orders, pool.submit(_echo, orders, row).result(), strict=True):
                rows.add(order.index, found)
        spent[together] = (time.process_time() - before) / _ECHOES
    per_point = max(0.0, (spent[17] - spent[1]) / 16)
    return max(0.0, spent[1] - per_point), per_point

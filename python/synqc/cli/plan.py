"""`synqc plan`: how long a sweep will take on some machines, and how much memory, from a few of its points."""

from __future__ import annotations

import argparse
import dataclasses
import os
import sys
from collections.abc import Sequence
from typing import Any

from synqc.cli.options import add_experiment_options, experiment_from, parse_axis, parse_whole
from synqc.cli.run import add_run_options
from synqc.cli.tables import json_text, table
from synqc.cluster import PointCost, SweepPlan, measure_point, plan_sweep
from synqc.errors import InputError

__all__ = ["add_command", "text_of"]

_COLUMNS = ("machines", "processes", "time", "start/s", "steady/s", "tail/s", "busy", "waits for", "memory/machine")


def add_command(commands: Any) -> None:
    """Declare it."""
    parser = commands.add_parser(
        "plan",
        description="Predict time and memory of a sweep on some machines like this one. A few of its points are "
        "measured here, in a process of their own; a queueing model does the rest (docs/scale.md).",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--axis", action="append", type=parse_axis, required=True, metavar="NAME=VALUES",
        help="first:last:count, first:last:count:log, or value,value,...; repeat for a grid",
    )  # fmt: skip
    parser.add_argument("--machines", default="1,2,4,8", metavar="N,...", help="with workers; default: 1,2,4,8")
    parser.add_argument("--processes", type=parse_whole, metavar="N", help="workers of each; default: its processors")
    parser.add_argument("--processors", type=parse_whole, metavar="N", help="of each machine; default: of this one")
    parser.add_argument("--threads", type=parse_whole, default=1, metavar="N", help="per point; default: 1")
    parser.add_argument("--measured", type=parse_whole, default=8, metavar="N", help="points to measure; default: 8")
    add_run_options(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON document to stdout and nothing else")
    add_experiment_options(parser)
    parser.set_defaults(act=_act)


def _act(arguments: argparse.Namespace) -> bool:
    names = [name for name, _ in arguments.axis]
    if len(set(names)) < len(names):
        raise InputError(f"Argument `--axis` must name every argument once, but names {', '.join(names)}.")
    machines = [part.strip() for part in arguments.machines.split(",")]
    if not all(part.isdecimal() and int(part) > 0 for part in machines):
        raise InputError(
            f"Argument `--machines` must be whole numbers from 1, as 1,2,4, but is {arguments.machines!r}."
        )
    processors = len(os.sched_getaffinity(0)) if arguments.processors is None else arguments.processors
    processes = processors if arguments.processes is None else arguments.processes
    for name, count in (("--processors", processors), ("--processes", processes)):
        if count < 1:
            raise InputError(f"Argument `{name}` must be a whole number from 1, but is {count}.")
    axes = dict(arguments.axis)
    cost = measure_point(
        experiment_from(arguments), axes, shots=arguments.shots, iterations=arguments.iterations,
        threads=arguments.threads, measured=arguments.measured, seed=arguments.seed or 0,
    )  # fmt: skip
    points = 1
    for values in axes.values():
        points *= len(values)
    plans = [
        plan_sweep(cost, points, machines=int(part), processes=processes, processors=processors) for part in machines
    ]
    if arguments.json:
        document = {"points": points, "cost": dataclasses.asdict(cost), "plans": [dataclasses.asdict(p) for p in plans]}
        sys.stdout.write(json_text(document) + "\n")
        return False
    sys.stdout.write(text_of(cost, plans) + "\n")
    return False


def text_of(cost: PointCost, plans: Sequence[SweepPlan]) -> str:
    """Plans of one sweep as a table."""
    first = plans[0]
    head = (
        f"{first.points:,} points of {1e3 * cost.service_s:.3g} ms (spread {1e3 * cost.service_spread_s:.2g} ms), "
        f"{first.points_per_task} per task; {1e-6 * first.sweep_bytes:,.0f} MB of figures where it is begun.\n\n"
    )
    return head + table(_COLUMNS, [[str(cell) for cell in _cells(one)] for one in plans], numbers=range(7))


def _cells(plan: SweepPlan) -> tuple[object, ...]:
    return (
        plan.machines, plan.processes, _duration(plan.seconds), f"{plan.start_s:.2g}", f"{plan.steady_s:.3g}",
        f"{plan.tail_s:.2g}", f"{plan.throughput.workers_busy:.0%}", plan.throughput.bottleneck,
        f"{1e-6 * plan.machine_bytes:,.0f} MB",
    )  # fmt: skip


def _duration(seconds: float) -> str:
    """In the largest units that say it.

    Examples:
        >>> _duration(4.2), _duration(75), _duration(8000)
        ('4.2 s', '1 min 15 s', '2 h 13 min')
    """
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"

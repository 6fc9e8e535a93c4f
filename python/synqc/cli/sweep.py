"""`synqc sweep`: the same experiment over a grid of its arguments."""

from __future__ import annotations

import argparse
import sys
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import numpy as np

from synqc import _core
from synqc._version import __version__
from synqc.cli.options import add_experiment_options, experiment_from, parse_axis, parse_whole
from synqc.cli.outputs import add_shared_options, check_outputs, note, write_picture
from synqc.cli.run import add_run_options
from synqc.cli.service_extra import require_service_extra
from synqc.cli.tables import json_text, table
from synqc.errors import InputError
from synqc.lab.cards import figure_in_words
from synqc.lab.estimate import Estimate
from synqc.lab.experiment import Experiment
from synqc.lab.sweep import Sweep, sweep

__all__ = ["add_command", "document_of", "table_of"]

_COLUMNS = {
    "fidelity": "fidelity",
    "backaction": "back-action",
    "information_bits": "information/bit",
    "latency_us": "latency/µs",
    "objective_score": "score",
}


def add_command(commands: Any) -> None:
    """Declare `synqc sweep`."""
    parser = commands.add_parser(
        "sweep",
        description="Run an experiment over a grid. A sweep with --cache goes on where an earlier one was stopped.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--axis",
        action="append",
        type=parse_axis,
        required=True,
        metavar="NAME=VALUES",
        help="first:last:count, first:last:count:log, or value,value,...; repeat for a grid",
    )
    add_run_options(parser)
    parser.add_argument(
        "--cache",
        type=Path,
        metavar="FILE",
        help="keep finished points in this file, and do not run again what it holds",
    )
    parser.add_argument(
        "--on",
        metavar="WHERE",
        help="run points elsewhere: processes, processes:4, dask://host:port, ray, mpi, or jobs, by `synqc worker`",
    )
    parser.add_argument(
        "--threads", type=parse_whole, metavar="N", help="per point, 0 for all; default: all, with --on 1, of jobs all"
    )
    add_shared_options(parser)
    parser.add_argument(
        "--x",
        metavar="NAME",
        help="figure or axis across the picture; default: information against back-action if the probe is swept",
    )
    parser.add_argument("--y", metavar="NAME", help="figure up the picture; default: fidelity")
    add_experiment_options(parser)
    parser.set_defaults(act=_act)


def _text(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def table_of(result: Sweep) -> str:
    """Points and figures of a sweep; the best by objective is marked.

    Examples:
        >>> import synqc
        >>> grid = synqc.sweep(synqc.Experiment(qubits=1), {"probe_strength": [0.0, 1.0]}, shots=10, seed=3)
        >>> table_of(grid).splitlines()[0].split()[:2]
        ['probe_strength', 'fidelity']
    """
    values = {name: (result[name], result.error(name)) for name in _COLUMNS}
    scores = result["objective_score"]
    best = np.unravel_index(int(np.nanargmax(scores)), scores.shape) if np.isfinite(scores).any() else None
    rows = []
    for index in np.ndindex(*result.shape):
        if not np.isfinite(scores[index]):
            continue
        cells = [_text(axis[k]) for axis, k in zip(result.axes.values(), index, strict=True)]
        for name, (value, error) in values.items():
            estimate = Estimate(float(value[index]), float(error[index]))
            cells.append(figure_in_words(estimate, 3 if name == "latency_us" else 5))
        rows.append([*cells, "best" if index == best else ""])
    return table([*result.dims, *_COLUMNS.values(), ""], rows, numbers=range(len(result.dims) + len(_COLUMNS)))


def document_of(result: Sweep) -> dict[str, Any]:
    """A sweep as one JSON document: axes, and a list of points in the grid's order.

    Examples:
        >>> import synqc
        >>> grid = synqc.sweep(synqc.Experiment(qubits=1), {"probe_strength": [0.0, 1.0]}, shots=10, seed=3)
        >>> document_of(grid)["points"][0]["information_bits"]["value"]
        0.0
    """
    points = []
    grids = {name: (result[name], result.error(name)) for name in result.names}
    for index in np.ndindex(*result.shape):
        if not np.isfinite(grids["objective_score"][0][index]):
            continue
        point: dict[str, Any] = {name: axis[k] for (name, axis), k in zip(result.axes.items(), index, strict=True)}
        for name, (value, error) in grids.items():
            if name in ("g", "s", "eps_pulse", "shots_used"):
                point["probe_" + name if name in point else name] = float(value[index])
            else:
                point[name] = {"value": float(value[index]), "standard_error": float(error[index])}
        points.append(point)
    return {
        "synqc": __version__,
        "experiment": result.experiment.to_dict(),
        "emulated": bool(_core.target(result.experiment.target).emulated),
        "axes": result.axes,
        "seed": result.seed,
        "partial": result.partial,
        "points": points,
    }


def _picture_names(arguments: argparse.Namespace, result: Sweep) -> tuple[str | None, str | None]:
    """Information against back-action if the probe was swept and nobody asked for something else."""
    is_asked = arguments.x is not None or arguments.y is not None
    sweeps_probe = bool({"probe_strength", "probe_duration_ns"} & set(result.dims))
    has_one_map = not {"target", "probe_mapping"} & set(result.dims)
    if not is_asked and sweeps_probe and has_one_map and np.nanmax(result["g"]) > 0:
        return "backaction", "information_bits"
    return arguments.x, arguments.y


def _swept(arguments: argparse.Namespace) -> Sweep:
    """Run it here, or where `--on` says."""
    experiment, axes = experiment_from(arguments), dict(arguments.axis)
    asked: dict[str, Any] = {
        "shots": arguments.shots, "iterations": arguments.iterations,
        "progress": False if arguments.quiet else "auto",
    }  # fmt: skip
    if arguments.on == "jobs":
        return _by_jobs(arguments, experiment, axes, asked)
    asked |= {"seed": arguments.seed, "cache": arguments.cache, "threads": arguments.threads}
    if arguments.on is None:
        return sweep(experiment, axes, **asked)
    from synqc.cluster import open_executor

    with ExitStack() as opened:
        try:
            executor = opened.enter_context(open_executor(arguments.on))
        except InputError as error:
            told = str(error).replace("Argument `address` must be", 'Argument `--on` must be "jobs",')
            raise InputError(told.replace("`address`", "`--on`")) from error
        return sweep(experiment, axes, executor=executor, **asked)


def _by_jobs(
    arguments: argparse.Namespace, experiment: Experiment, axes: dict[str, Any], asked: dict[str, Any]
) -> Sweep:
    if arguments.cache is not None:
        raise InputError("Argument `--cache` must be left out with --on jobs: the ledger keeps what was done.")
    require_service_extra()
    from synqc.cluster import sweep_by_jobs
    from synqc.jobs import Ledger
    from synqc.jobs.tables.schema import COMPONENT
    from synqc.settings import Settings
    from synqc.storage.database import open_shared

    location = Settings.from_environment().location
    if location.url is None:
        raise InputError("--on jobs needs SYNQC_DATABASE_URL, the PostgreSQL database that `synqc worker` looks in.")
    with closing(open_shared(location, [COMPONENT])) as database, closing(Ledger(database)) as ledger:
        return sweep_by_jobs(
            ledger, experiment, axes, seed=arguments.seed or 0, threads=arguments.threads or 0, **asked
        )


def _act(arguments: argparse.Namespace) -> bool:
    """Run; True if Ctrl-C cut it short."""
    names = [name for name, _ in arguments.axis]
    if len(set(names)) < len(names):
        raise InputError(f"Argument `--axis` must name every argument once, but names {', '.join(names)}.")
    check_outputs(arguments.cache, plot=arguments.plot)
    result = _swept(arguments)
    if arguments.json:
        sys.stdout.write(json_text(document_of(result)) + "\n")
    else:
        target = _core.target(arguments.target) if hasattr(arguments, "target") else None
        label = "  [emulated]" if target is not None and target.emulated else ""
        sys.stdout.write(f"{result.experiment}, seed {result.seed}{label}\n\n{table_of(result)}\n")
    finished = int(np.isfinite(result["objective_score"]).sum())
    if result.reused:
        note(f"{result.reused} of {finished} points were read from {arguments.cache}.")
    if result.partial:
        note(f"interrupted: {finished} of {int(np.prod(result.shape))} points are there.")
    if arguments.plot is not None and finished:
        write_picture(result.plot(*_picture_names(arguments, result)), arguments.plot)
    return result.partial

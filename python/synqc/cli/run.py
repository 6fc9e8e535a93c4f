"""`synqc run`: one experiment."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from synqc._version import __version__
from synqc.cli.options import add_experiment_options, experiment_from, parse_whole
from synqc.cli.outputs import add_shared_options, check_outputs, note, write_picture
from synqc.cli.tables import json_text
from synqc.lab.load import load
from synqc.lab.run import Run

__all__ = ["add_command", "add_run_options", "document_of"]

_PICTURES = ("summary", "latency", "history", "tracker", "records", "bloch")


def add_run_options(parser: argparse.ArgumentParser) -> None:
    """What `run` and `sweep` share beside the experiment."""
    parser.add_argument(
        "--shots",
        type=parse_whole,
        metavar="N",
        help="shots per iteration on every qubit; default: 800 + 0.3 per ns of probe",
    )
    parser.add_argument(
        "--iterations",
        type=parse_whole,
        default=1,
        metavar="N",
        help="batches between which a rule may adapt; default: 1",
    )
    parser.add_argument("--seed", type=parse_whole, metavar="N", help="randomness; default: drawn, and shown")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")


def add_command(commands: Any) -> None:
    """Declare `synqc run`."""
    parser = commands.add_parser(
        "run",
        description="Run one Drive-Probe-Drive experiment and print its figures with their errors.",
        allow_abbrev=False,
    )
    add_run_options(parser)
    parser.add_argument("--threads", type=parse_whole, default=0, metavar="N", help="default: all")
    parser.add_argument("--keep-records", action="store_true", help="keep every record, for --save")
    parser.add_argument(
        "--on",
        metavar="BACKEND",
        help="a backend of qubits plays it as a circuit: ibm:fake_manila, ibm:aer, braket:braket_dm",
    )
    parser.add_argument(
        "--resume-from",
        "--carry",  # its former name
        type=Path,
        metavar="FILE",
        help="go on from a saved run: what its rule learnt, where its device drifted",
    )
    parser.add_argument("--save", type=Path, metavar="FILE", help="write everything to a file that synqc.load() reads")
    add_shared_options(parser)
    parser.add_argument(
        "--picture", choices=_PICTURES, default="summary", help="which picture --plot writes; default: summary"
    )
    add_experiment_options(parser)
    parser.set_defaults(act=_act)


def document_of(run: Run) -> dict[str, Any]:
    """A run as one JSON document.

    Examples:
        >>> import synqc
        >>> document = document_of(synqc.Experiment().run(shots=10, seed=7))
        >>> sorted(document["figures"]["fidelity"])
        ['standard_error', 'value']
    """
    rest = run.to_dict()
    figures = run.kpis()
    return {
        "synqc": __version__,
        "experiment": run.experiment.to_dict(),
        "emulated": run.emulated,
        "figures": {
            name: {"value": figure.value, "standard_error": figure.standard_error} for name, figure in figures.items()
        },
        "interrupted": run.interrupted,
        **{name: value for name, value in rest.items() if name not in figures and name != "carry"},
    }


def _act(arguments: argparse.Namespace) -> bool:
    """Run; True if Ctrl-C cut it short."""
    check_outputs(arguments.save, plot=arguments.plot)
    run = experiment_from(arguments).run(
        arguments.shots,
        iterations=arguments.iterations,
        seed=arguments.seed,
        threads=arguments.threads,
        keep_bits=None if arguments.save is not None else False,
        keep_records=arguments.keep_records,
        on=arguments.on,
        resume_from=load(arguments.resume_from) if arguments.resume_from is not None else None,
        progress=False if arguments.quiet else "auto",
    )
    sys.stdout.write((json_text(document_of(run)) if arguments.json else str(run)) + "\n")
    if run.interrupted:
        note("interrupted: the figures are those of the shots that were complete.")
    if arguments.save is not None:
        note(f"run written to {run.save(arguments.save)}")
    if arguments.plot is not None:
        write_picture(run.plot(arguments.picture), arguments.plot)
    return run.interrupted

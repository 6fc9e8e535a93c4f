"""`synqc measure`: compare, judge by baselines, look for leaks, and load an address at a rate."""

from __future__ import annotations

import argparse
import importlib
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from synqc import measure
from synqc.cli.parser import EXIT_ERROR
from synqc.cli.tables import json_text, table
from synqc.errors import InputError

__all__ = ["EXIT_CODES", "EXIT_MEASURED_NOTHING", "add_command"]

EXIT_CODES: Final = {"same": 0, "faster": 0, "none": 0, "slower": 1, "leak": 1, "inconclusive": 3}
"""Of a verdict."""
EXIT_MEASURED_NOTHING: Final = 4
_WORDS: Final = (
    "Exit code 0: same, faster, or no leak; 1: slower, or a leak; 2: asked wrongly; 3: inconclusive; "
    "4: what was to be measured failed, or nothing ran."
)


def add_command(commands: Any) -> None:
    """Declare it and its own commands."""
    parser = commands.add_parser(
        "measure",
        description="Measuring that can be believed; see docs/measure.md.",
        allow_abbrev=False,
    )
    acts = parser.add_subparsers(title="commands", metavar="COMMAND", dest="measure_command", required=True)

    comparing = _add(acts, "compare", _compare, f"say which of two is faster. {_WORDS}")
    comparing.add_argument("a", metavar="A", help="a command in quotes, an http address, or module:function")
    comparing.add_argument("b", metavar="B", help="the other, to which the verdict belongs")
    comparing.add_argument(
        "--least-effect", type=float, default=0.02, metavar="X", help="share that does not matter; default: 0.02"
    )
    comparing.add_argument(
        "--planned-effect", type=float, default=0.1, metavar="X", help="share whose power is told; default: 0.1"
    )
    comparing.add_argument(
        "--error-rate", type=float, default=0.01, metavar="P", help="of a false alarm; default: 0.01"
    )
    comparing.add_argument("--pairs", type=int, default=2000, metavar="N", help="most pairs; default: 2000")
    comparing.add_argument("--seconds", type=float, default=30.0, metavar="S", help="most time; default: 30")
    comparing.add_argument(
        "--processor-time", action="store_true", help="time by processor time, not by the wall clock"
    )
    comparing.add_argument("--seed", type=int, metavar="N", help="of the order; default: drawn")

    _add_baseline(acts)

    leaking = _add(acts, "leak", _leak, f"repeat a function and ask whether memory keeps growing. {_WORDS}")
    leaking.add_argument("action", metavar="ACTION", help="module:function, an http address, or a command in quotes")
    leaking.add_argument("--pid", type=int, metavar="PID", help="watch this process instead of the own one")
    leaking.add_argument("--cycles", type=int, default=100, metavar="N", help="of a block; default: 100")
    leaking.add_argument("--blocks", type=int, default=30, metavar="N", help="that count; default: 30")
    leaking.add_argument("--warm-blocks", type=int, default=10, metavar="N", help="before them; default: 10")
    leaking.add_argument(
        "--least-bytes", type=float, default=100.0, metavar="N", help="per cycle that matter; default: 100"
    )

    loading = _add(acts, "load", _load, "send requests at a rate; latency counts from the intended time of sending")
    loading.add_argument("url", metavar="URL", help="http:// or https://")
    loading.add_argument("--rate", type=float, required=True, metavar="R", help="requests per second")
    loading.add_argument("--seconds", type=float, default=10.0, metavar="S", help="default: 10")
    loading.add_argument("--arrivals", choices=("poisson", "even"), default="poisson", help="default: poisson")
    loading.add_argument("--seed", type=int, default=0, metavar="N", help="of the arrivals; default: 0")
    loading.add_argument("--closed", type=int, metavar="WORKERS", help="a closed loop beside it, which omits stalls")
    loading.add_argument("--method", help="default: GET, with a body POST")
    loading.add_argument("--body", metavar="TEXT", help="what is sent; @FILE reads it")
    loading.add_argument(
        "--header", action="append", default=[], metavar="NAME:VALUE", help="beside host and length; repeatable"
    )
    loading.add_argument("--timeout-s", type=float, default=60.0, metavar="S", help="of a request; default: 60")


def _add_baseline(acts: Any) -> None:
    parser = acts.add_parser(
        "baseline",
        help="keep runs in a file, and judge later ones by them",
        description="Runs in a file with the machine they were made on, and verdicts by several of them.",
        allow_abbrev=False,
    )
    kinds = parser.add_subparsers(title="commands", metavar="COMMAND", dest="baseline_command", required=True)
    recording = _add(kinds, "record", _record, "time something and keep the run; outliers are refused")
    judging = _add(kinds, "check", _judge, f"time something and judge it by the stored runs. {_WORDS}")
    for adding in (recording, judging):
        adding.add_argument("name", metavar="NAME", help="under which runs are kept")
        adding.add_argument("timed", metavar="THING", help="a command in quotes, an http address, or module:function")
        adding.add_argument("--turns", type=int, metavar="N", help="of a run; default: 300 of functions, else 15")
    recording.add_argument("--even-if-outlier", action="store_true", help="what is timed has changed: keep it")
    judging.add_argument(
        "--least-effect", type=float, default=0.05, metavar="X", help="share that does not matter; default: 0.05"
    )
    judging.add_argument("--error-rate", type=float, default=0.01, metavar="P", help="of a false alarm; default: 0.01")
    listing = _add(kinds, "list", _list, "what is stored")
    for adding in (recording, judging, listing):
        adding.add_argument(
            "--file", type=Path, default=Path("baselines.json"), metavar="FILE", help="default: baselines.json"
        )


def _add(acts: Any, name: str, act: Callable[[argparse.Namespace], int], words: str) -> Any:
    parser = acts.add_parser(
        name, help=words.partition(". ")[0], description=f"{words[0].upper()}{words[1:]}", allow_abbrev=False
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document to stdout and nothing else")
    parser.set_defaults(act=lambda arguments: _with_exit_code(act, arguments))
    return parser


def _with_exit_code(act: Callable[[argparse.Namespace], int], arguments: argparse.Namespace) -> bool:
    try:
        code = act(arguments)
    except measure.MeasuredNothing as error:
        sys.stderr.write(f"synqc: error: {' '.join(str(error).split())}\n")
        code = EXIT_MEASURED_NOTHING
    sys.stdout.flush()
    if code:
        raise SystemExit(code)
    return False


def _timed(given: str) -> Any:
    """A function by `module:function`, or what was given: a command or an address."""
    module, colon, name = given.partition(":")
    if not colon or name.startswith("//") or not all(part.isidentifier() for part in [*module.split("."), name]):
        return given
    sys.path.insert(0, "")  # as `python -m` looks in the working directory
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise InputError(f"{given} must be module:function, but cannot be found: {error}.") from error
    finally:
        sys.path.remove("")
    if not callable(found):
        raise InputError(f"{given} must be a function, but is a {type(found).__name__}.")
    return found


def _say(arguments: argparse.Namespace, document: Any, words: str) -> None:
    print(json_text(document) if arguments.json else words)


def _compare(arguments: argparse.Namespace) -> int:
    found = measure.compare(
        _timed(arguments.a),
        _timed(arguments.b),
        least_effect=arguments.least_effect,
        planned_effect=arguments.planned_effect,
        error_rate=arguments.error_rate,
        most_pairs=arguments.pairs,
        most_seconds=arguments.seconds,
        clock=time.thread_time if arguments.processor_time else time.perf_counter,
        seed=arguments.seed,
    )
    rows = [
        [side, name, f"{times.median * 1e3:.4g} ms", f"{times.best * 1e3:.4g} ms"]
        for side, name, times in zip("ab", found.names, (found.a, found.b), strict=True)
    ]
    words = "\n".join([table(["", "what", "median", "best"], rows, numbers=[2, 3]), "", f"{found}."])
    _say(arguments, found.to_dict(), words)
    return EXIT_CODES[found.verdict]


def _record(arguments: argparse.Namespace) -> int:
    run = measure.measure_run(_timed(arguments.timed), turns=arguments.turns)
    baselines = measure.Baselines(arguments.file)
    try:
        baselines.record(arguments.name, run, even_if_outlier=arguments.even_if_outlier)
    except measure.BaselineRefused as error:
        sys.stderr.write(f"synqc: error: {str(error).replace('`even_if_outlier`', '`--even-if-outlier`')}\n")
        return EXIT_ERROR
    count = len(baselines.runs(arguments.name))
    _say(
        arguments,
        {"name": arguments.name, "runs": count, "relative": run.relative, "median_s": run.median_s},
        f"{arguments.name}: {run.median_s * 1e3:.4g} ms, {run.relative:.4g} times the reference work; {count} runs.",
    )
    return 0


def _judge(arguments: argparse.Namespace) -> int:
    run = measure.measure_run(_timed(arguments.timed), turns=arguments.turns)
    found = measure.Baselines(arguments.file).judge(
        arguments.name, run, least_effect=arguments.least_effect, error_rate=arguments.error_rate
    )
    _say(arguments, found.to_dict(), str(found))
    return EXIT_CODES[found.verdict]


def _list(arguments: argparse.Namespace) -> int:
    baselines = measure.Baselines(arguments.file)
    stored = {name: baselines.runs(name) for name in baselines.names()}
    rows = [
        [name, str(len(runs)), f"{last.median_s * 1e3:.4g} ms", f"{last.relative:.4g}", last.machine.processor]
        for name, runs in stored.items()
        for last in runs[-1:]
    ]
    document = {name: {"runs": len(runs), "last_median_s": runs[-1].median_s} for name, runs in stored.items()}
    head = ["name", "runs", "last", "times reference", "processor"]
    _say(arguments, document, table(head, rows, numbers=[1, 2, 3]) if rows else "No baselines.")
    return 0


def _leak(arguments: argparse.Namespace) -> int:
    timed = _timed(arguments.action)
    subject = None if callable(timed) else measure.subject_of(timed)
    try:
        found = measure.leak(
            timed if subject is None else subject.seconds,
            cycles=arguments.cycles,
            blocks=arguments.blocks,
            warm_blocks=arguments.warm_blocks,
            least_bytes=arguments.least_bytes,
            readings=measure.own_memory if arguments.pid is None else measure.memory_of_process(arguments.pid),
        )
    finally:
        if subject is not None:
            subject.close()
    _say(arguments, found.to_dict(), f"{found}.")
    return EXIT_CODES[found.verdict]


def _load(arguments: argparse.Namespace) -> int:
    body = b""
    if arguments.body is not None:
        body = Path(arguments.body[1:]).read_bytes() if arguments.body.startswith("@") else arguments.body.encode()
    found = measure.load_url(
        arguments.url,
        rate=arguments.rate,
        seconds=arguments.seconds,
        arrivals=arguments.arrivals,
        seed=arguments.seed,
        closed_workers=arguments.closed,
        method=arguments.method or ("POST" if body else "GET"),
        body=body,
        headers=dict(map(_header, arguments.header)),
        timeout_s=arguments.timeout_s,
    )
    _say(arguments, found.to_dict(), "\n".join(found.lines()))
    return 0


def _header(given: str) -> tuple[str, str]:
    name, colon, value = given.partition(":")
    if not (name and colon):
        raise InputError(f"Argument `--header` must be NAME:VALUE, but is {given!r}.")
    return name.strip(), value.strip()

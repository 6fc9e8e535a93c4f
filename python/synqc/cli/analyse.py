"""`synqc analyse`: parameters of a measured file with intervals, and whether to believe them."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from synqc._version import __version__
from synqc.cli.outputs import add_shared_options, check_outputs, write_picture
from synqc.cli.tables import json_text, table
from synqc.errors import InputError, SynqcError

__all__ = ["add_command"]

_EXIT_DOUBTED = 1
_MOST_SECONDS, _MOST_BYTES = 60, 4 << 30
_OPTIONS = {
    "`units`": "`--unit NAME=UNIT`", "`ground_sign`": "`--ground-sign`", "`axes`": "`--axes NAME=A,B`",
    "`layout`": "`--layout`", "`protocol`": "`--protocol`", "`shots`": "`--shots`", "`arguments`": "`--set`",
    "`source`": "`FILE`", "`path`": "`FILE`",
}  # fmt: skip
"""What arguments of readers are called here."""


def add_command(commands: Any) -> None:
    """Declare `synqc analyse`."""
    parser = commands.add_parser(
        "analyse",
        description="Read a measured file in any layout of synqc.records, find the protocol it is of, and print its "
        "parameters with intervals of 68 and 95 %, a verdict (good, suspicious, not determined) and its reason. A file "
        "that does not say its protocol, units or shots is told them here; nothing is guessed. Exit code 0 whatever "
        "the verdict, with --check 1 if one is not good, 2 after an error.",
        epilog="examples:\n"
        "  synqc analyse t1.npz\n"
        "  synqc analyse t1/ --protocol T1 --unit wait=ns --unit prob= --unit error= --shots 1000 --plot t1.html\n",
        allow_abbrev=False,
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="file, or folder of qibocal, qualibrate and zarr")
    parser.add_argument("--protocol", metavar="NAME", help="of which protocol the records are; default: what FILE says")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="an argument of the protocol, in JSON, such as span_khz=20; may be given several times",
    )
    parser.add_argument("--target", metavar="NAME", help="one qubit of the file; default: all")
    parser.add_argument("--shots", type=int, metavar="N", help="behind each share, where FILE does not say")
    parser.add_argument("--layout", metavar="NAME", help="layout of FILE; default: found from what lies there")
    parser.add_argument(
        "--ground-sign", type=int, choices=(1, -1), metavar="SIGN", help="1 if |0> lies at larger I, -1 if at smaller"
    )
    parser.add_argument(
        "--unit",
        action="append",
        default=[],
        metavar="NAME=UNIT",
        help="unit of an array or axis where FILE does not say, nothing behind = for none; may be given several times",
    )
    parser.add_argument(
        "--axes",
        action="append",
        default=[],
        metavar="NAME=A,B",
        help="names of the axes of a plain array; may be given several times",
    )
    parser.add_argument(
        "--untrusted",
        action="store_true",
        help="for files of strangers: refuse links out of FILE and more than two million numbers, stop after a minute "
        "of a processor or 4 GB",
    )
    parser.add_argument("--figures", action="store_true", help="with --json: Plotly's figure of each qubit as well")
    parser.add_argument("--check", action="store_true", help="exit code 1 if a verdict is not good")
    add_shared_options(parser)
    parser.set_defaults(act=_act)


def _act(arguments: argparse.Namespace) -> bool:
    if arguments.untrusted:
        _limit_this_process()
    from synqc.protocols import read_records

    check_outputs(None, plot=arguments.plot)
    try:
        if arguments.untrusted:
            from synqc.records.untrusted import check_untrusted

            check_untrusted(arguments.file)
        found = read_records(
            arguments.file,
            arguments.protocol,
            arguments={name: _value(name, text) for name, text in map(_pair("--set"), arguments.set)},
            shots=arguments.shots,
            layout=arguments.layout,
            ground_sign=arguments.ground_sign or "any",
            units=dict(map(_pair("--unit"), arguments.unit)),
            axes={name: tuple(axes.split(",")) for name, axes in map(_pair("--axes"), arguments.axes)},
        )
        chosen = _chosen(found, arguments.target)
        if arguments.plot is not None and len(chosen) > 1:
            raise InputError(f"Argument `--target` must be one of {', '.join(chosen)} with `--plot`, but is None.")
        analyses = {target: one.analyse() for target, one in chosen.items()}
    except SynqcError as error:
        raise InputError(_with_options(str(error))) from error
    if arguments.json:
        document = _document(arguments.file, chosen, analyses)
        if arguments.figures:
            from synqc.cli.analysis_picture import picture_of

            for target, one in chosen.items():
                document["targets"][target]["figure"] = json.loads(picture_of(one, analyses[target]).to_json())
        sys.stdout.write(json_text(document) + "\n")
    else:
        sys.stdout.write("\n\n".join(_card(target, chosen[target].protocol, analyses[target]) for target in chosen))
        sys.stdout.write("\n")
    if arguments.plot is not None:
        from synqc.cli.analysis_picture import picture_of

        ((target, one),) = chosen.items()
        write_picture(picture_of(one, analyses[target]), arguments.plot)
    if arguments.check and any(one.verdict != "good" for one in analyses.values()):
        sys.stdout.flush()
        raise SystemExit(_EXIT_DOUBTED)
    return False


def _limit_this_process() -> None:
    """Limits of time and memory, for whatever a file makes of them."""
    import resource

    for limit, most in ((resource.RLIMIT_CPU, _MOST_SECONDS), (resource.RLIMIT_AS, _MOST_BYTES)):
        hard = resource.getrlimit(limit)[1]
        resource.setrlimit(limit, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def _pair(option: str) -> Any:
    def split(given: str) -> tuple[str, str]:
        name, equals, value = given.partition("=")
        if not (name and equals):
            raise InputError(f"Argument `{option}` must be NAME=VALUE, but is {given}.")
        return name, value

    return split


def _value(name: str, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise InputError(f"Argument `--set` must have JSON behind {name}=, but has {text}: {error}.") from error


def _with_options(words: str) -> str:
    for name, option in _OPTIONS.items():
        words = words.replace(f"Argument {name}", f"Argument {option}")
    return words


def _chosen(found: dict[str, Any], target: str | None) -> dict[str, Any]:
    if target is None:
        return found
    if target not in found:
        raise InputError(f"Argument `--target` must be one of {', '.join(found)}, but is {target!r}.")
    return {target: found[target]}


def _card(target: str, protocol: Any, analysis: Any) -> str:
    """Parameters of one qubit for people."""
    lines = [f"{type(protocol).__name__} of qubit {target}", ""]
    if hasattr(analysis, "intervals"):
        rows = [
            [name, f"{value:.6g}", _span(analysis.intervals[name]), _span(analysis.wide_intervals[name])]
            for name, value in analysis.values.items()
        ]
        if rows:
            lines += [table(["parameter", "value", "68 %", "95 %"], rows, numbers=[1]), ""]
    else:
        values = [value for value in analysis.values if value == value]
        middle = sorted(values)[len(values) // 2] if values else float("nan")
        lines += [f"{analysis.name}: {len(analysis.values)} windows, median {middle:.6g}", ""]
    return "\n".join([*lines, f"verdict: {analysis.verdict}", *(f"  {reason}" for reason in analysis.reasons)])


def _span(ends: tuple[float, float]) -> str:
    return f"{ends[0]:.6g} to {ends[1]:.6g}"


def _document(file: Path, chosen: dict[str, Any], analyses: dict[str, Any]) -> dict[str, Any]:
    targets = {}
    for target, analysis in analyses.items():
        found = {"protocol": type(chosen[target].protocol).__name__, "verdict": analysis.verdict}
        found["reasons"] = list(analysis.reasons)
        if hasattr(analysis, "intervals"):
            found["parameters"] = {
                name: {
                    "value": value,
                    "interval_68": list(analysis.intervals[name]),
                    "interval_95": list(analysis.wide_intervals[name]),
                }
                for name, value in analysis.values.items()
            }
        else:
            found["series"] = {
                "name": analysis.name, "values": analysis.values.tolist(), "standard_errors": analysis.errors.tolist()
            }  # fmt: skip
        targets[target] = found
    return {"synqc": __version__, "file": str(file), "targets": targets}

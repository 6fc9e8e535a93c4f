"""`synqc presets` and `synqc targets`: what an experiment can run on, and where the figures come from."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import textwrap
from typing import Any

from synqc import _core
from synqc.cli.tables import json_text, table, terminal_columns
from synqc.errors import UnknownName
from synqc.lab.device import Device, Target, device, presets, targets
from synqc.lab.units import format_duration

__all__ = ["add_command"]

_WIDTH = 100


def add_command(commands: Any) -> None:
    """Declare `synqc presets` and `synqc targets`."""
    for name, what, act in (("presets", "device", _show_presets), ("targets", "target", _show_targets)):
        parser = commands.add_parser(
            name,
            description=f"List all {what}s, or show one with its figures, assumptions and sources.",
            allow_abbrev=False,
        )
        parser.add_argument("name", nargs="?", help=f"a {what} to show whole")
        parser.add_argument("--json", action="store_true", help="print one JSON document to stdout and nothing else")
        parser.set_defaults(act=act)


def _paragraph(text: str, indent: str = "") -> str:
    width = min(terminal_columns() or _WIDTH, _WIDTH)
    return textwrap.fill(text, width, initial_indent=indent, subsequent_indent=indent.replace("-", " "))


def _listed(title: str, lines: tuple[str, ...]) -> list[str]:
    return ["", title, *(_paragraph(line, "  - ") for line in lines)] if lines else []


def _figures_of(one: Device) -> list[list[str]]:
    rows = []
    for name, meaning in _core.device_parameters():
        value = getattr(one, name)
        rows.append([name, f"{value:g}", meaning])
    for name in ("detuning_khz", "amplitude_error"):
        value = getattr(one, name)
        rows.append([name, "drawn" if value is None else f"{value:g}", "Hidden from controllers."])
    return rows


def _preset_text(one: Device) -> str:
    lines = [f"{one.name}: {one.modality}, {one.levels} simulated levels", _paragraph(one.description), ""]
    lines.append(table(["figure", "value", "meaning"], _figures_of(one), numbers=[1]))
    for process in one.drift:
        figures = ", ".join(f"{name} {value:g}" for name, value in process.items() if name != "kind")
        lines.append(f"drift: {process['kind']} ({figures})")
    return "\n".join(lines + _listed("Assumptions", one.assumptions) + _listed("Sources", one.sources))


def _show_presets(arguments: argparse.Namespace) -> bool:
    if arguments.name is not None:
        one = device(arguments.name)
        sys.stdout.write((json_text(json.loads(one.to_json())) if arguments.json else _preset_text(one)) + "\n")
    elif arguments.json:
        sys.stdout.write(json_text({name: json.loads(one.to_json()) for name, one in presets().items()}) + "\n")
    else:
        rows = [
            [
                name,
                one.modality,
                format_duration(one.t1_us),
                format_duration(one.t2_us),
                format_duration(one.gate_ns / 1e3),
                format_duration(one.readout_ns / 1e3),
                f"{100 * one.assignment_error:.2f} %",
                f"{one.efficiency:g}",
            ]
            for name, one in presets().items()
        ]
        head = ["device", "modality", "T1", "T2", "pulse", "readout", "wrong bit", "efficiency"]
        sys.stdout.write(
            table(head, rows, numbers=range(2, 8)) + "\n\n`synqc presets NAME` shows one with its sources.\n"
        )
    return False


def _kind(target: Target) -> str:
    return "emulated" if target.emulated else "classical plant" if target.classical else "simulated"


def _target_text(target: Target) -> str:
    terms = [
        [
            "path",
            format_duration(target.path_latency_ns / 1e3),
            "in a shot that waits: readout signal to decision, trigger back",
        ],
        [
            "decision",
            format_duration(target.decision_latency_ns / 1e3),
            "in a shot that waits: state estimate, choice of the second drive",
        ],
        ["result", format_duration(target.result_latency_ns / 1e3), "in every shot: bit to the host"],
    ]
    if target.network_median_s or target.queue_median_s:
        terms.append(["network", format_duration(target.network_median_s * 1e6), "between iterations, median"])
        terms.append(["queue", format_duration(target.queue_median_s * 1e6), "between iterations, median"])
    probe = "continuous" if target.mapping == "rate" else "through an ancilla"
    lines = [f"{target.name}: {_kind(target)}, probe {probe}", _paragraph(target.description), ""]
    lines.append(table(["latency", "value", "where"], terms, numbers=[1]))
    return "\n".join(lines + _listed("Sources", target.sources))


def _show_targets(arguments: argparse.Namespace) -> bool:
    known = targets()
    if arguments.name is not None:
        if arguments.name not in known:
            raise UnknownName(f"Argument `name` must be one of {', '.join(known)}, but is {arguments.name!r}.")
        one = known[arguments.name]
        sys.stdout.write((json_text(dataclasses.asdict(one)) if arguments.json else _target_text(one)) + "\n")
    elif arguments.json:
        sys.stdout.write(json_text({name: dataclasses.asdict(one) for name, one in known.items()}) + "\n")
    else:
        rows = [
            [
                name,
                _kind(one),
                "continuous" if one.mapping == "rate" else "ancilla",
                format_duration((one.path_latency_ns + one.decision_latency_ns) / 1e3),
                format_duration(one.result_latency_ns / 1e3),
                format_duration((one.network_median_s + one.queue_median_s) * 1e6) if one.network_median_s else "none",
            ]
            for name, one in known.items()
        ]
        head = ["target", "kind", "probe", "wait for a decision", "result", "between iterations"]
        sys.stdout.write(
            table(head, rows, numbers=[3, 4, 5]) + "\n\n`synqc targets NAME` shows one with its sources.\n"
        )
    return False

"""A run or a sweep on one screen: an aligned table for terminals, a card for Jupyter."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from synqc import _core
from synqc.lab.device import Device
from synqc.lab.units import format_duration, unit_of

if TYPE_CHECKING:
    from synqc.lab.estimate import Estimate
    from synqc.lab.run import Run
    from synqc.lab.sweep import Sweep

__all__ = ["figure_in_words", "html_card", "sweep_html_card", "text_card"]


_SMALLEST_ERROR = 1e-7
_MOST_SHOWN = 4


@dataclass(frozen=True)
class _Line:
    """One row: what, how much, and a remark."""

    name: str
    value: str
    remark: str = ""


def figure_in_words(estimate: Estimate, digits: int = 5) -> str:
    """With its error in brackets, unless the error is too small for anybody to care; (?) if it is unknown.

    Examples:
        >>> from synqc.lab.estimate import Estimate
        >>> figure_in_words(Estimate(0.98765, 0.00021)), figure_in_words(Estimate(0.98652540, 2e-11))
        ('0.98765(21)', '0.986525')
        >>> figure_in_words(Estimate(0.25, 0.0))
        '0.25000'
    """
    if math.isnan(estimate.standard_error) or estimate.standard_error >= _SMALLEST_ERROR:
        return str(estimate)
    return f"{estimate.value:.{digits + (estimate.standard_error > 0)}f}"


def _title(run: Run) -> tuple[str, list[str]]:
    """Device and target, and labels that must not be overlooked."""
    experiment = run.experiment
    name = experiment.preset.name if isinstance(experiment.preset, Device) else experiment.preset
    target = _core.target(experiment.target)
    labels = ["emulated"] if run.emulated else []
    if run.backend is not None:
        return f"circuit on {run.backend['name']}", labels
    if target.classical:
        labels.append("classical plant")
    if run.partial:
        labels.append("partial")
    return f"{name} on {experiment.target}", labels


def _rule(run: Run) -> str:
    rule = run.experiment.adaptive_rule
    if isinstance(rule, str):
        return rule
    return str(getattr(rule, "name", None) or getattr(rule, "__qualname__", None) or type(rule).__qualname__)


def _probe_lines(run: Run) -> list[_Line]:
    probe, experiment = run.probe, run.experiment
    if probe.regime == "off":
        return [_Line("probe", "off")]
    how = "ancilla" if probe.mapping == "pulse" else f"{experiment.probe_duration_ns:g} ns"
    dose = "∞" if math.isinf(probe.g) else f"{probe.g:.3g}"
    information = "∞" if math.isinf(probe.s) else f"{probe.s:.3g}"
    return [
        _Line("probe", probe.regime, f"ε = {experiment.probe_strength:g}, {how}"),
        _Line("  doses", f"g = {dose}", f"s = {information}, equivalent pulse strength {probe.eps_pulse:.4f}"),
    ]


def _figure_lines(run: Run) -> list[_Line]:
    per_second = run.information_bits_per_second
    return [
        _Line("fidelity", figure_in_words(run.fidelity), "mean over shots, qubits; last iteration"),
        _Line("success", figure_in_words(run.success), "as measured, readout errors corrected"),
        _Line(
            "back-action",
            figure_in_words(run.backaction),
            f"ensemble; {run.backaction_mean_per_shot:.5f} in a single shot",
        ),
        _Line(
            "information",
            f"{figure_in_words(run.information_bits)} bit",
            f"per shot; {per_second:,.0f} bit/s",
        ),
        _Line(
            "latency",
            format_duration(float(run.latency_us)),
            f"of one shot; cycle {format_duration(run.cycle_time_us)}",
        ),
        _Line("objective", figure_in_words(run.objective_score), run.experiment.objective),
    ]


def _latency_lines(run: Run) -> list[_Line]:
    return [
        _Line(f"  {name.replace('_', ' ')}", format_duration(value))
        for name, value in run.latency_terms.items()
        if value > 0
    ]


def _tracker_lines(run: Run) -> list[_Line]:
    if run.tracker_consistent is None:
        return []
    qubits = run.history[-1].qubits
    locked = sum(qubit.tracker_locked for qubit in qubits)
    innovation = sum(qubit.normalised_innovation for qubit in qubits) / len(qubits)
    remark = f"squared innovations {innovation:.2f} of what was predicted"
    if locked == len(qubits) and not run.tracker_consistent:
        remark = f"inconsistent: {remark}"
    return [_Line("tracker", f"locked on {locked} of {len(qubits)}", remark)]


def _setting_lines(run: Run) -> list[_Line]:
    last = run.history[-1]
    batches = len(run.history)
    extra = [
        f"{count:,} {name}"
        for name, count in (("for calibration", last.calibration_shots), ("for learning", last.learning_shots))
        if count > 0
    ]
    per_batch = f"{batches} × {last.shots:,}" if batches > 1 else f"{last.shots:,}"
    lines = [
        _Line("rule", _rule(run), f"of each batch {', '.join(extra)}" if extra else ""),
        _Line("shots", per_batch, f"per qubit, on {len(last.qubits)} qubit{'s' if len(last.qubits) > 1 else ''}"),
        _Line("seed", str(run.seed)),
    ]
    lines += _tracker_lines(run)
    if run.partial:
        lines.append(_Line("stopped", "early", f"{run.shots_used:,} shots per qubit were complete"))
    if last.network_latency_s > 0:
        lines.append(
            _Line(
                "network",
                format_duration(last.network_latency_s * 1e6),
                "and queue, per iteration; not in the latency",
            )
        )
    return lines


def _blocks(run: Run) -> list[list[_Line]]:
    figures = _figure_lines(run)
    place = next(k for k, line in enumerate(figures) if line.name == "latency") + 1
    return [_setting_lines(run) + _probe_lines(run), figures[:place] + _latency_lines(run) + figures[place:]]


def text_card(run: Run) -> str:
    """A compact, aligned table of a run.

    Args:
        run: The run to describe.

    Examples:
        >>> import synqc
        >>> print(text_card(synqc.Experiment("transmon-default", qubits=1).run(shots=100, seed=7)).splitlines()[0])
        transmon-default on sim-local
    """
    name, labels = _title(run)
    blocks = _blocks(run)
    lines = [line for block in blocks for line in block]
    first = max(len(line.name) for line in lines)
    second = max(len(line.value) for line in lines)
    text = [name + "".join(f"  [{label}]" for label in labels)]
    for block in blocks:
        text.append("")
        for line in block:
            text.append(f"  {line.name:<{first}}  {line.value:<{second}}  {line.remark}".rstrip())
    return "\n".join(text)


# In the elements themselves: a sanitiser drops a sheet of styles, and a page's own rules for tables are stronger.
_CARD = (
    "display:inline-block;box-sizing:border-box;max-width:100%;overflow-x:auto;"
    "font:14px/1.5 system-ui,'Segoe UI',sans-serif;border:1px solid rgba(128,128,128,.35);"
    "border-radius:8px;padding:12px 16px;color:inherit;background:transparent"
)
_TITLE = "font-size:16px;font-weight:600;margin:0 0 6px"
_BADGE = (
    "font-size:12px;font-weight:600;margin-left:8px;padding:1px 8px;border-radius:9px;border:1px solid #ea580c;"
    "color:#ea580c;white-space:nowrap"
)
_TABLE = "border-collapse:collapse;border:0;margin:0;color:inherit"
_ROW = "background:transparent;border:0"
_RULED = "background:transparent;border:0;border-top:1px solid rgba(128,128,128,.35)"
_CELL = "padding:2px 14px 2px 0;text-align:left;border:0;vertical-align:top;white-space:normal"
_VALUE = f"{_CELL};font-variant-numeric:tabular-nums;font-weight:600"
_REMARK = f"{_CELL};opacity:.7"
_PART = "padding:2px 14px 2px 14px;text-align:left;border:0;vertical-align:top"


def html_card(run: Run) -> str:
    """The same as a card for Jupyter: no script and no sheet of styles, colours from the page, so that light and dark
    themes both suit; it scrolls where its cell is narrow.

    Args:
        run: The run to describe.

    Examples:
        >>> import synqc
        >>> card = html_card(synqc.Experiment("transmon-default", target="ionq").run(shots=100, seed=7))
        >>> ">emulated</span>" in card, "<style" in card
        (True, False)
    """
    name, labels = _title(run)
    return _html(name, labels, _blocks(run))


def sweep_html_card(sweep: Sweep) -> str:
    """A card of a sweep: its axes, what was run, the best point, and how far each figure reaches.

    Args:
        sweep: The sweep to describe.

    Examples:
        >>> import synqc
        >>> grid = synqc.sweep(synqc.Experiment(qubits=1), {"probe_strength": [0.1, 0.9]}, shots=50, seed=1)
        >>> "0.1 to 0.9" in sweep_html_card(grid)
        True
    """
    experiment = sweep.experiment
    name = experiment.preset.name if isinstance(experiment.preset, Device) else experiment.preset
    labels = ["emulated"] if _core.target(experiment.target).emulated else []
    labels += ["partial"] if sweep.partial else []
    axes = [_axis_line(axis, values) for axis, values in sweep.axes.items()]
    points = int(np.prod(sweep.shape))
    reused = f"{sweep.reused} from the cache" if sweep.reused else ""
    axes += [_Line("points", f"{len(sweep):,} of {points:,}" if sweep.partial else f"{points:,}", reused)]
    axes += [_Line("seed", str(sweep.seed))]
    return _html(f"Sweep of {name} on {experiment.target}", labels, [axes, _reached(sweep)])


def _axis_line(axis: str, values: Sequence[Any]) -> _Line:
    unit = unit_of(axis)
    numbers = [value for value in values if isinstance(value, (int, float)) and not isinstance(value, bool)]
    if len(numbers) == len(values):
        told = f"{min(numbers):g} to {max(numbers):g}" if len(set(numbers)) > 1 else f"{numbers[0]:g}"
        return _Line(axis, told if unit == "1" else f"{told} {unit}", f"{len(values)} values")
    shown = ", ".join(value.name if isinstance(value, Device) else str(value) for value in values[:_MOST_SHOWN])
    return _Line(axis, shown + (", …" if len(values) > _MOST_SHOWN else ""), f"{len(values)} values")


def _reached(sweep: Sweep) -> list[_Line]:
    """Extent of each figure; for the objective, where it is best."""
    if len(sweep) == 0:
        return [_Line("figures", "none", "no point was finished")]
    lines = []
    for name in ("fidelity", "success", "backaction", "information_bits", "latency_us"):
        unit = "" if (found := unit_of(name)) == "1" else f" {found}"
        low, high = float(np.nanmin(sweep[name])), float(np.nanmax(sweep[name]))
        told = f"{low:.5g}" if low == high else f"{low:.5g} to {high:.5g}"
        lines.append(_Line(name.removesuffix("_us").removesuffix("_bits"), told + unit))
    best = max(sweep, key=lambda point: sweep.at(**point)["objective_score"].value)
    where = ", ".join(f"{axis} = {getattr(value, 'name', value)}" for axis, value in best.items())
    score = figure_in_words(sweep.at(**best)["objective_score"])
    return [*lines, _Line("best", score, f"{sweep.experiment.objective} at {where}")]


def _html(title: str, labels: Sequence[str], blocks: Sequence[Sequence[_Line]]) -> str:
    badges = "".join(f' <span style="{_BADGE}">{html.escape(label)}</span>' for label in labels)
    rows = []
    for number, block in enumerate(blocks):
        for position, line in enumerate(block):
            cells = [(line.name.strip(), _PART if line.name.startswith(" ") else _CELL)]
            cells += [(line.value, _VALUE), (line.remark, _REMARK)]
            style = _RULED if number > 0 and position == 0 else _ROW
            told = "".join(f'<td align="left" style="{looks}">{html.escape(text)}</td>' for text, looks in cells)
            rows.append(f'<tr style="{style}">{told}</tr>')
    return (
        f'<div style="{_CARD}"><div style="{_TITLE}"><b>{html.escape(title)}</b>{badges}</div>'
        f'<table style="{_TABLE}"><tbody>{"".join(rows)}</tbody></table></div>'
    )

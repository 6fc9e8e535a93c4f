"""A run, an experiment or a sweep on one screen: an aligned table for terminals, a card for Jupyter."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from synqc import _core
from synqc.lab.device import Device
from synqc.lab.html_cards import CardLine, html_card_of
from synqc.lab.probe import ProbeDoses, probe_doses, pulse_doses
from synqc.lab.units import format_duration, unit_of

if TYPE_CHECKING:
    from synqc.lab.estimate import Estimate
    from synqc.lab.experiment import Experiment
    from synqc.lab.run import ProbeSummary, Run
    from synqc.lab.sweep import Sweep

__all__ = ["experiment_html_card", "figure_in_words", "html_card", "sweep_html_card", "text_card"]


_SMALLEST_ERROR = 1e-7
_MOST_SHOWN = 4
_TOLD_APART = (
    "preset", "target", "envelope", "probe_strength", "probe_duration_ns", "probe_mapping", "adaptive_rule",
    "objective", "qubits", "device_seed", "first_angle", "first_axis", "second_angle", "second_axis",
)  # fmt: skip
"""Arguments of an experiment that lines of its card tell in words."""


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


def _rule(experiment: Experiment) -> str:
    rule = experiment.adaptive_rule
    if isinstance(rule, str):
        return rule
    return str(getattr(rule, "name", None) or getattr(rule, "__qualname__", None) or type(rule).__qualname__)


def _probe_lines(probe: ProbeSummary | ProbeDoses, experiment: Experiment, mapping: str) -> list[CardLine]:
    if probe.regime == "off":
        return [CardLine("probe", "off")]
    how = "ancilla" if mapping == "pulse" else f"{experiment.probe_duration_ns:g} ns"
    dose = "∞" if math.isinf(probe.g) else f"{probe.g:.3g}"
    information = "∞" if math.isinf(probe.s) else f"{probe.s:.3g}"
    return [
        CardLine("probe", probe.regime, f"ε = {experiment.probe_strength:g}, {how}"),
        CardLine("  doses", f"g = {dose}", f"s = {information}, equivalent pulse strength {probe.eps_pulse:.4f}"),
    ]


def _figure_lines(run: Run) -> list[CardLine]:
    per_second = run.information_bits_per_second
    return [
        CardLine("fidelity", figure_in_words(run.fidelity), "mean over shots, qubits; last iteration"),
        CardLine("success", figure_in_words(run.success), "as measured, readout errors corrected"),
        CardLine(
            "back-action",
            figure_in_words(run.backaction),
            f"ensemble; {run.backaction_mean_per_shot:.5f} in a single shot",
        ),
        CardLine(
            "information",
            f"{figure_in_words(run.information_bits)} bit",
            f"per shot; {per_second:,.0f} bit/s",
        ),
        CardLine(
            "latency",
            format_duration(float(run.latency_us)),
            f"of one shot; cycle {format_duration(run.cycle_time_us)}",
        ),
        CardLine("objective", figure_in_words(run.objective_score), run.experiment.objective),
    ]


def _latency_lines(run: Run) -> list[CardLine]:
    return [
        CardLine(f"  {name.replace('_', ' ')}", format_duration(value))
        for name, value in run.latency_terms.items()
        if value > 0
    ]


def _tracker_lines(run: Run) -> list[CardLine]:
    if run.tracker_consistent is None:
        return []
    qubits = run.history[-1].qubits
    locked = sum(qubit.tracker_locked for qubit in qubits)
    innovation = sum(qubit.normalised_innovation for qubit in qubits) / len(qubits)
    remark = f"squared innovations {innovation:.2f} of what was predicted"
    if locked == len(qubits) and not run.tracker_consistent:
        remark = f"inconsistent: {remark}"
    return [CardLine("tracker", f"locked on {locked} of {len(qubits)}", remark)]


def _setting_lines(run: Run) -> list[CardLine]:
    last = run.history[-1]
    batches = len(run.history)
    extra = [
        f"{count:,} {name}"
        for name, count in (("for calibration", last.calibration_shots), ("for learning", last.learning_shots))
        if count > 0
    ]
    per_batch = f"{batches} × {last.shots:,}" if batches > 1 else f"{last.shots:,}"
    lines = [
        CardLine("rule", _rule(run.experiment), f"of each batch {', '.join(extra)}" if extra else ""),
        CardLine("shots", per_batch, f"per qubit, on {len(last.qubits)} qubit{'s' if len(last.qubits) > 1 else ''}"),
        CardLine("seed", str(run.seed)),
    ]
    lines += _tracker_lines(run)
    if run.partial:
        lines.append(CardLine("stopped", "early", f"{run.shots_used:,} shots per qubit were complete"))
    if last.network_latency_s > 0:
        lines.append(
            CardLine(
                "network",
                format_duration(last.network_latency_s * 1e6),
                "and queue, per iteration; not in the latency",
            )
        )
    return lines


def _blocks(run: Run) -> list[list[CardLine]]:
    figures = _figure_lines(run)
    place = next(k for k, line in enumerate(figures) if line.name == "latency") + 1
    return [
        _setting_lines(run) + _probe_lines(run.probe, run.experiment, run.probe.mapping),
        figures[:place] + _latency_lines(run) + figures[place:],
    ]


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
    return html_card_of(name, labels, _blocks(run))


def experiment_html_card(experiment: Experiment) -> str:
    """A card of an experiment that was not run: what is driven and probed, on what, and what was set beside that.

    Args:
        experiment: The experiment to describe.

    Examples:
        >>> import synqc
        >>> card = experiment_html_card(synqc.Experiment("ibm_fez", target="ionq", t1_us=90.0))
        >>> ">emulated</span>" in card, "Energy relaxation time." in card
        (True, True)
    """
    device, target = experiment.device, _core.target(experiment.target)
    labels = ["emulated"] if target.emulated else ["classical plant"] if target.classical else []
    mapping = target.mapping if experiment.probe_mapping == "auto" else experiment.probe_mapping
    drive = f"{experiment.envelope}, {format_duration(device.gate_ns / 1e3)}"
    coherence = f"T1 {format_duration(device.t1_us)}, T2 {format_duration(device.t2_us)}; {device.levels} levels"
    error = f"assignment error {100 * device.assignment_error:.3g} %"
    played = [
        CardLine("qubits", f"{experiment.qubits}", f"{coherence}; device seed {experiment.device_seed}"),
        CardLine("first drive", _rotation(experiment.first_angle, experiment.first_axis), drive),
        *_planned_probe_lines(experiment, device, mapping),
        CardLine("second drive", _rotation(experiment.second_angle, experiment.second_axis), drive),
        CardLine("readout", format_duration(device.readout_ns / 1e3), error),
        CardLine("rule", _rule(experiment), f"objective {experiment.objective}"),
    ]
    shots = f"{_core.cost_law_shots(experiment.probe_duration_ns):,}"
    note = f"run() takes {shots} shots per iteration and qubit unless it is told how many."
    title = f"Experiment: {device.name} on {experiment.target}"
    return html_card_of(title, labels, [played, _set_beside(experiment)], notes=[note])


def _planned_probe_lines(experiment: Experiment, device: Device, mapping: str) -> list[CardLine]:
    if experiment.probe_strength == 0 or (mapping != "pulse" and experiment.probe_duration_ns == 0):
        return [CardLine("probe", "off")]
    if mapping == "resonator":  # its doses follow from fields that ring up, which a run tells
        told = f"ε = {experiment.probe_strength:g}, {experiment.probe_duration_ns:g} ns"
        return [CardLine("probe", "resonator", told)]
    return _probe_lines(_doses(experiment, device, mapping), experiment, mapping)


def _rotation(angle: float, axis: float) -> str:
    turned = f"{angle / math.pi:.4g} π"
    return turned if axis == 0 else f"{turned} about {axis / math.pi:.4g} π"


def _doses(experiment: Experiment, device: Device, mapping: str) -> ProbeDoses:
    if mapping == "pulse":
        return pulse_doses(experiment.probe_strength)
    return probe_doses(
        experiment.probe_strength,
        experiment.probe_duration_ns,
        gamma_max_per_us=device.gamma_max_per_us,
        efficiency=device.efficiency,
    )


def _set_beside(experiment: Experiment) -> list[CardLine]:
    """Arguments that are not at their default and that no other line tells."""
    lines = []
    for entry in _core.experiment_fields():
        name = entry["name"]
        value, default = getattr(experiment, name), getattr(type(experiment), name, None)
        if name in _TOLD_APART or (value is None if default is None else value == default):
            continue
        unit = unit_of(name)
        if isinstance(value, float):
            told = f"{value:g}" if unit == "1" else f"{value:g} {unit}"
        elif name in ("samples", "drift") and not isinstance(value, str):
            told = f"{len(value)} in all"
        else:
            told = str(value)
        lines.append(CardLine(name, told, entry["meaning"]))
    return lines


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
    axes += [CardLine("points", f"{len(sweep):,} of {points:,}" if sweep.partial else f"{points:,}", reused)]
    axes += [CardLine("seed", str(sweep.seed))]
    return html_card_of(f"Sweep of {name} on {experiment.target}", labels, [axes, _reached(sweep)])


def _axis_line(axis: str, values: Sequence[Any]) -> CardLine:
    unit = unit_of(axis)
    numbers = [value for value in values if isinstance(value, (int, float)) and not isinstance(value, bool)]
    if len(numbers) == len(values):
        told = f"{min(numbers):g} to {max(numbers):g}" if len(set(numbers)) > 1 else f"{numbers[0]:g}"
        return CardLine(axis, told if unit == "1" else f"{told} {unit}", f"{len(values)} values")
    shown = ", ".join(value.name if isinstance(value, Device) else str(value) for value in values[:_MOST_SHOWN])
    return CardLine(axis, shown + (", …" if len(values) > _MOST_SHOWN else ""), f"{len(values)} values")


def _reached(sweep: Sweep) -> list[CardLine]:
    """Extent of each figure; for the objective, where it is best."""
    if len(sweep) == 0:
        return [CardLine("figures", "none", "no point was finished")]
    lines = []
    for name in ("fidelity", "success", "backaction", "information_bits", "latency_us"):
        unit = "" if (found := unit_of(name)) == "1" else f" {found}"
        low, high = float(np.nanmin(sweep[name])), float(np.nanmax(sweep[name]))
        told = f"{low:.5g}" if low == high else f"{low:.5g} to {high:.5g}"
        lines.append(CardLine(name.removesuffix("_us").removesuffix("_bits"), told + unit))
    best = max(sweep, key=lambda point: sweep.at(**point)["objective_score"].value)
    where = ", ".join(f"{axis} = {getattr(value, 'name', value)}" for axis, value in best.items())
    score = figure_in_words(sweep.at(**best)["objective_score"])
    return [*lines, CardLine("best", score, f"{sweep.experiment.objective} at {where}")]

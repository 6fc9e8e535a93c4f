"""`python -m synqc.demo`: the laboratory's main job on the published figures of a real device, in a few seconds."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from synqc._version import __version__
from synqc.errors import MissingExtra, SynqcError
from synqc.lab.cards import figure_in_words
from synqc.lab.device import Device, device
from synqc.lab.experiment import Experiment
from synqc.lab.run import Run
from synqc.lab.sweep import Sweep, sweep

__all__ = ["main"]

_DEVICE = "ibm_fez"
_SHOTS = 50_000
_SEED = 7
_WORTH_MENTIONING = 1e-6


@dataclass(frozen=True)
class _Rule:
    """An adaptive rule as the demo tries it."""

    name: str
    shots: int
    iterations: int
    what: str


# Learners need few shots in many batches; what is compared is the last batch.
_RULES = (
    _Rule("none", _SHOTS, 1, "fixed pulses; the probe's back-action and the detuning are simply paid for"),
    _Rule("kalman", _SHOTS, 4, "tracks the detuning with a tenth of the shots; what the probe broke stays broken"),
    _Rule("bayes", _SHOTS, 4, "tracks it too, and turns the second drive of each shot by what its record tells"),
    _Rule("rl", 2_000, 5, "learns angles, DRAG and feedback gain from measured bits alone, in far fewer shots"),
)


def _device_lines(one: Device) -> str:
    return (
        f"T1 {one.t1_us:g} µs, T2 {one.t2_us:g} µs, pulses of {one.gate_ns:g} ns, readout {one.readout_ns / 1e3:g} µs "
        f"with {100 * one.assignment_error:.2g} % wrong bits"
    )


def _gain(here: Run, fixed: Run) -> str:
    """What a rule won over fixed pulses, or that it won nothing that shows."""
    gain = here.fidelity - fixed.fidelity
    # Where nothing is left to chance the errors vanish, and a rounding of the angle generator would pass for a loss.
    if abs(gain) < max(3 * gain.standard_error, _WORTH_MENTIONING):
        return "none"
    return ("+" if gain > 0 else "") + str(gain)


def _run_rules(experiment: Experiment) -> list[tuple[_Rule, Run]]:
    return [
        (
            rule,
            experiment.replace(adaptive_rule=rule.name).run(
                rule.shots, iterations=rule.iterations, seed=_SEED, keep_bits=False, progress=False
            ),
        )
        for rule in _RULES
    ]


def _print_rules(runs: list[tuple[_Rule, Run]]) -> None:
    fixed = runs[0][1]
    print(f"  {'rule':<8}{'shots':>12}   {'fidelity':<14}{'success':<13}{'gain':<14}latency")
    for rule, run in runs:
        shots = f"{rule.iterations} × {rule.shots:,}"
        gain = "" if run is fixed else _gain(run, fixed)
        fidelity, success = figure_in_words(run.fidelity), figure_in_words(run.success)
        latency = f"{float(run.latency_us):.3f} µs"
        print(f"  {rule.name:<8}{shots:>12}   {fidelity:<14}{success:<13}{gain:<14}{latency}")
    print()
    for rule, _ in runs:
        print(f"  {rule.name + ':':<8} {rule.what}")


def _information_map(experiment: Experiment) -> Sweep:
    axes = {"probe_strength": [k / 10 for k in range(11)], "probe_duration_ns": [100.0, 400.0, 1600.0]}
    return sweep(experiment, axes, shots=2_000, seed=_SEED, progress=False)


def _write_map(result: Sweep, folder: Path) -> list[str]:
    """What was written, and what could not be."""
    from synqc.lab import plots

    try:
        figure = plots.plot_information_map(result)
    except MissingExtra as error:
        return [f"no picture: {error}"]
    folder.mkdir(parents=True, exist_ok=True)
    lines = [f"page:     {plots.write(figure, folder / 'information-map.html')}"]
    try:
        lines.append(f"picture:  {plots.write(figure, folder / 'information-map.png')}")
    except SynqcError as error:
        lines.append(f"picture:  not written. {error}")
    return lines


def main(argv: Sequence[str] | None = None) -> int:
    """Run the demonstration.

    Args:
        argv: `--out FOLDER` for another place than demo-output; None takes the process's arguments.

    Returns:
        0; also where no browser could draw the picture, which the text then says.

    Examples:
        >>> import pathlib, tempfile
        >>> folder = pathlib.Path(tempfile.mkdtemp())
        >>> main(["--out", str(folder)])  # doctest: +ELLIPSIS
        SynQc ...
        0
        >>> (folder / "information-map.html").exists()
        True
    """
    parser = argparse.ArgumentParser(
        prog="python -m synqc.demo", description="What a probe learns, breaks, and what a controller wins back."
    )
    parser.add_argument("--out", type=Path, default=Path("demo-output"), metavar="FOLDER", help="default: demo-output")
    arguments = parser.parse_args(argv)
    started = time.perf_counter()

    fez = device(_DEVICE)
    experiment = Experiment(_DEVICE, probe_strength=0.4, probe_duration_ns=400)
    print(f"SynQc {__version__}: drive, probe, drive on the published figures of {_DEVICE}")
    print(f"{fez.description}\n{_device_lines(fez)}\n")

    print("1. One run: what a weak probe learns and what it breaks\n")
    before = time.perf_counter()
    run = experiment.run(_SHOTS, seed=_SEED, progress=False)
    seconds = time.perf_counter() - before
    print("\n".join(f"  {line}".rstrip() for line in str(run).splitlines()))
    print(f"\n  {_SHOTS:,} shots on {experiment.qubits} qubits took {1e3 * seconds:.0f} ms, compiling included.\n")

    print("2. Can a controller win back what the probe and a hidden detuning cost?\n")
    print("  Figures of the last batch. Success is what the readout shows, its own errors corrected.\n")
    runs = _run_rules(experiment)
    _print_rules(runs)
    gentle = experiment.replace(probe_strength=0.0, detuning_khz=0.0, amplitude_error=0.0, drift="none")
    fixed, fed = (
        gentle.replace(adaptive_rule=name).run(_SHOTS, seed=_SEED, keep_bits=False, progress=False)
        for name in ("none", "bayes")
    )
    print("\n  Where physics leaves nothing to win, a rule must win nothing. Probe off, pulses perfectly calibrated:")
    print(f"  none {float(fixed.fidelity):.5f}, bayes {float(fed.fidelity):.5f}, gain {_gain(fed, fixed)}.\n")

    print("3. Every probe of this device on one map, with the bounds no probe can cross\n")
    result = _information_map(experiment)
    for line in _write_map(result, arguments.out):
        print(f"  {line}")

    print(f"\nAll of it took {time.perf_counter() - started:.1f} s. Where to look next:\n")
    print("  synqc run --preset ibm_fez --adaptive-rule kalman --iterations 40 --plot run.html --picture tracker")
    print("  synqc presets ibm_fez      where every figure comes from")
    print("  notebooks/                 five questions, each answered in a minute")
    print("  README.md                  the same from Python")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

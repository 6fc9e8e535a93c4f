"""The Drive-Probe-Drive experiment: describe it once, run it as often as you like."""

from __future__ import annotations

import dataclasses
import json
import math
import secrets
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from synqc import _core
from synqc.errors import Cancelled, InputError, ShapeError, UnknownArgument
from synqc.lab._near_words import class_naming_unknown_arguments, naming_unknown_arguments, near_words, unknown_name
from synqc.lab._plausibility import warn_if_implausible, warn_of_photons
from synqc.lab._reporting import count_run, run_timer
from synqc.lab._segments import shared_segments
from synqc.lab._whole_number import MOST_THREADS, whole_number
from synqc.lab.checkpoint import Checkpoint
from synqc.lab.device import Device, device_of, preset_of
from synqc.lab.plugins import plugin_names
from synqc.lab.rules import Batch, BatchRule, RecordRule, rule_hooks, rule_of_plugin
from synqc.lab.run import Run
from synqc.pipeline.progress import ProgressBar, ProgressOption, progress_callback

if TYPE_CHECKING:
    from synqc.hardware.backend import Backend
    from synqc.lab.choices import Envelope, Objective, PresetName, ProbeMapping, Rule, TargetName

__all__ = ["Experiment", "StopFlag"]

StopFlag = _core.StopFlag

_ARGUMENTS = {entry["name"]: entry for entry in _core.experiment_fields()}
_ARGUMENTS_OF_RUN = ("shots", "iterations", "seed", "threads", "keep_bits", "keep_records", "progress")
_REQUEST_FIELDS = tuple(
    name
    for name, entry in _ARGUMENTS.items()
    if entry["owner"] == "request" and entry["kind"] not in ("rule", "samples")
)
_DEVICE_OVERRIDES = tuple(
    name for name, entry in _ARGUMENTS.items() if entry["owner"] == "device" and entry["kind"] != "preset"
)


@dataclass(frozen=True)
class _RecordedRule:
    """Stands for a user's rule in an experiment read from a file, which cannot hold the function itself."""

    name: str

    def __call__(self, batch: Batch) -> None:
        raise InputError(
            f"Argument `adaptive_rule` was the function {self.name} when this was saved, which a file cannot hold: "
            "pass it again with experiment.replace(adaptive_rule=...)."
        )


@class_naming_unknown_arguments(
    {name: f"it is one of its method run(), as in Experiment().run({name}=...)" for name in _ARGUMENTS_OF_RUN}
)
@dataclass(frozen=True, kw_only=True, repr=False)
class Experiment:
    """A Drive-Probe-Drive experiment on one device.

    One shot prepares each qubit, drives it (D1), probes it weakly (P), waits if the second drive depends on the record,
    drives again (D2) and reads out (R). Everything left at None is the preset's. Times are in ns or µs as the name
    says, angles in rad, detunings in kHz of ordinary frequency.

    Args:
        preset: Name of a preset or device (see `synqc.presets()`), a `Device`, or what `synqc.device` makes one of: a
            device file, a calibration snapshot, a Qiskit backend. The only argument that may be given without its name.
        target: Where it runs: "sim-local", "classical-only", "ibm-qpu", "aws-braket" or "ionq" (the last three
            emulated).
        envelope: Shape of both drives: "square", "gaussian", "cosine", "drag", "drag-gaussian", "flat-top",
            "flat-top-gaussian" or "samples" (with `samples`).
        probe_strength: Probe amplitude as a fraction of the strongest, 0 to 1; the dephasing rate is its square times
            `gamma_max_per_us`.
        probe_duration_ns: Length of the probe.
        adaptive_rule: "none", "kalman", "bayes", "rl", "rl-reinforce", "nelder-mead", "random-search", a rule of
            your own (see `synqc.lab.rules`), or the name of one that another package brings under the entry point
            `synqc.rules`, which the argument then is.
        objective: What `Run.objective_score` scores: "maximize-fidelity", "minimize-latency", "info-vs-damage" or
            "stability-window".
        qubits: Size of the register; qubits do not interact.
        device_seed: Draws the qubits of the register, their hidden calibration and the state of their drift.
        t1_us, t2_us, efficiency, gamma_max_per_us, levels, thermal_population: Replace the preset's figure. A `t1_us`
            below half of T2 alone cuts T2 to 2 * T1.
        tphi_us: Pure dephasing time, in place of `t2_us`: 1 / T2 = 1 / tphi + 1 / (2 T1).
        detuning_khz, amplitude_error: Set the hidden calibration of every qubit instead of drawing it.
        spread: Relative deviation of T1 and T2 among the qubits.
        decision_latency_ns: Replaces the target's time to decide on the second drive.
        drift: List of drift processes of the detuning and of T1 as in a device file, or "none". `Device.replace` lists
            their kinds.
        first_angle, first_axis, second_angle, second_axis: Rotations of D1 and D2 about axes in the equatorial plane.
        drag_beta, drag_detuning: Derivative coefficient and higher-order correction of the "drag" and "drag-gaussian"
            envelopes.
        edge_fraction: Share of each edge of a flat-top pulse.
        samples (complex128, (k,)): Relative I + iQ samples of the "samples" envelope.
        interpolate_samples: Play samples with straight lines between them instead of holding each.
        probe_mapping: "rate" (continuous), "pulse" (through an ancilla), "resonator" (through the device's, which
            brings its own efficiency and, at strength 1, its own drive; two levels) or "auto" (the target's).
        probe_ringdown_ns: Time after a probe through a resonator in which it empties, recorded too. What photons are
            then left counts as lost: `Run.probe.photons_left`.
        stark_correction: Let the second drive follow the ac-Stark phase that a probe through a resonator leaves.
        probe_bins: Record bins per shot.
        probe_steps: Integrator steps over the probe; 0 chooses them from the rates.

    Raises:
        InputError: An argument is out of range; the message names it.
        UnknownArgument: There is no argument of that name; the message says which is near.
        UnknownName: A preset, target, envelope, rule or objective does not exist.

    Examples:
        >>> import synqc
        >>> exp = synqc.Experiment(preset="transmon-default", probe_strength=0.2, probe_duration_ns=120)
        >>> run = exp.run(shots=2000, seed=7)
        >>> 0.9 < float(run.fidelity) < 1
        True
        >>> gentler = exp.replace(probe_strength=0.1)
        >>> float(gentler.run(shots=100, seed=7).backaction) < float(run.backaction)
        True
    """

    preset: PresetName | str | Device = field(default="transmon-default", kw_only=False)
    target: TargetName | str = "sim-local"
    envelope: Envelope | str = "drag"
    probe_strength: float = 0.2
    probe_duration_ns: float = 120.0
    adaptive_rule: Rule | str | BatchRule | RecordRule = "none"
    objective: Objective | str = "maximize-fidelity"
    qubits: int = 4
    device_seed: int = 0

    t1_us: float | None = None
    t2_us: float | None = None
    tphi_us: float | None = None
    efficiency: float | None = None
    detuning_khz: float | None = None
    amplitude_error: float | None = None
    spread: float | None = None
    gamma_max_per_us: float | None = None
    decision_latency_ns: float | None = None
    levels: int | None = None
    thermal_population: float | None = None
    drift: Any = None

    first_angle: float = math.pi / 2
    first_axis: float = 0.0
    second_angle: float = math.pi / 2
    second_axis: float = 0.0
    drag_beta: float = 1.0
    drag_detuning: bool = True
    edge_fraction: float = 0.25
    samples: Sequence[complex] | None = None
    interpolate_samples: bool = False
    probe_mapping: ProbeMapping | str = "auto"
    probe_ringdown_ns: float = 0.0
    stark_correction: bool = True
    probe_bins: int = 1
    probe_steps: int = 0

    _core: Any = field(init=False, compare=False, default=None)
    _hooks: tuple[Callable[..., Any] | None, Callable[..., Any] | None] = field(
        init=False, compare=False, default=(None, None)
    )

    def __post_init__(self) -> None:
        self._take_arguments()
        object.__setattr__(self, "_core", self._built())
        warn_if_implausible(self, _DEFAULTS, stacklevel=4)  # of the decorator, too
        warn_of_photons(self, stacklevel=4)

    def _take_arguments(self) -> None:
        """Arguments as the types their names promise."""
        for item in dataclasses.fields(self):
            if item.init:
                value = getattr(self, item.name)
                if value is not None or item.default is not None:
                    object.__setattr__(self, item.name, _checked(item.name, value))
        if not isinstance(self.adaptive_rule, str):
            object.__setattr__(self, "_hooks", rule_hooks(self.adaptive_rule))

    def _built(self) -> Any:
        """The core's experiment of these arguments."""
        rule = self.adaptive_rule
        fields: dict[str, Any] = {name: getattr(self, name) for name in _REQUEST_FIELDS}
        fields["adaptive_rule"] = rule if isinstance(rule, str) else "none"
        if self.samples is not None:
            fields["samples"] = _samples(self.samples)
        target = _core.target(self.target)
        if self.decision_latency_ns is not None:
            target = target.with_decision_latency_ns(self.decision_latency_ns)
        return _core.Experiment(self.device._handle, target, fields, shared_segments())

    @property
    def device(self) -> Device:
        """The device with this experiment's overrides."""
        chosen = device_of("preset", self.preset)
        overrides = {name: getattr(self, name) for name in _DEVICE_OVERRIDES if getattr(self, name) is not None}
        return chosen.replace(**overrides) if overrides else chosen

    def replace(self, **changes: Any) -> Experiment:
        """The same experiment with some arguments changed."""
        known = {item.name for item in dataclasses.fields(self) if item.init}
        for name in changes:
            if name not in known:
                near = near_words(name, known)
                told = f"; near it: {', '.join(near)}" if near else ""
                raise UnknownArgument(f"Argument `{name}` must be one of {', '.join(sorted(known))}, but is not{told}.")
        return dataclasses.replace(self, **changes)

    @naming_unknown_arguments
    def run(
        self,
        shots: float | None = None,
        *,
        iterations: int = 1,
        seed: int | None = None,
        keep_bits: bool | None = None,
        keep_records: bool = False,
        progress: ProgressOption = "auto",
        resume_from: Run | Checkpoint | None = None,
        stop: StopFlag | None = None,
        threads: int = 0,
        carry: Run | Checkpoint | None = None,
        on: Backend | str | None = None,
    ) -> Run:
        """Run the experiment.

        The same experiment, arguments, seed and version give the same bytes on one machine, whatever the threads.

        Args:
            shots: Shots per iteration on every qubit; None: the budget's cost law,
                800 + floor(0.3 * probe_duration_ns).
            iterations: Batches; an adaptive rule may change the controls between them.
            seed: Randomness, 0 to 2**64 - 1; None draws one, which the result records.
            keep_bits: Keep every measured bit (one byte each); None: if they fit 64 MB.
            keep_records: Keep every record (24 bytes per bin and shot).
            progress: "auto" shows a bar where a person looks, True always, False never; or a callable of (done, total).
            resume_from: A run to go on from, or its `checkpoint`: what its rule learnt, where its device has drifted.
            stop: Another thread may call `stop.stop()`; the run returns within 50 ms.
            threads: Threads to use; 0 means all.
            carry: Former name of `resume_from`, until the next minor version.
            on: A backend of qubits that plays it as a circuit instead, one iteration: "ibm:fake_manila", "ibm:aer",
                "braket:braket_dm", or an adapter of `synqc.hardware`. See docs/hardware.md.

        Returns:
            The result. After Ctrl-C or a stop it holds what was complete, with `partial` True.

        Raises:
            InputError: An argument is out of range.
            KeyboardInterrupt: Ctrl-C came before any shot was complete.
            Cancelled: The stop flag was raised before any shot was complete.
        """
        # convert
        shots = 0 if shots is None else whole_number("shots", shots, least=1)
        iterations = whole_number("iterations", iterations, least=1)
        seed = secrets.randbits(63) if seed is None else whole_number("seed", seed, least=0, most=2**64 - 1)
        threads = whole_number("threads", threads, least=0, most=MOST_THREADS)
        # check
        if keep_bits is None:
            per_iteration = shots or _core.cost_law_shots(self.probe_duration_ns)
            keep_bits = per_iteration * iterations * self.qubits <= 2**26
        if carry is not None:
            warnings.warn("Argument `carry` is called `resume_from` now.", DeprecationWarning, stacklevel=3)
            resume_from = carry
        if isinstance(resume_from, Run):
            resume_from = resume_from.checkpoint
        if resume_from is not None and not isinstance(resume_from, Checkpoint):
            raise InputError(
                f"Argument `resume_from` must be a Run or a Checkpoint, but is {type(resume_from).__name__}."
            )
        # call
        if on is not None:
            if resume_from is not None:
                raise InputError(
                    "Argument `resume_from` must be None where a backend plays the experiment, but is not."
                )
            from synqc.hardware.play import play

            shots = shots or _core.cost_law_shots(self.probe_duration_ns)
            kept = {"keep_bits": bool(keep_bits), "keep_records": keep_records}
            return Run.of_figures(self, *play(self, on, shots=shots, seed=seed, iterations=iterations, **kept))
        show = progress_callback(progress)
        settings, second_angle = self._hooks
        try:
            with run_timer:
                raw, interrupted = self._core.run(
                    shots, iterations, seed, keep_bits, keep_records, threads,
                    None if resume_from is None else resume_from._to_core(), settings, second_angle, stop, show,
                )  # fmt: skip
        finally:
            if isinstance(show, ProgressBar):
                show.close()
        # wrap
        count_run(raw.shots_used * self.qubits, raw.partial)
        if raw.iteration_count == 0:
            if interrupted:
                raise KeyboardInterrupt
            raise Cancelled("The run was stopped before any shot was complete.")
        return Run(self, raw, interrupted=interrupted)

    def to_dict(self) -> dict[str, Any]:
        """Arguments as plain values, ready for JSON; `from_dict` makes the same experiment again."""
        plain: dict[str, Any] = {}
        for item in dataclasses.fields(self):
            if item.init:
                plain[item.name] = getattr(self, item.name)
        if isinstance(self.preset, Device):
            plain["preset"] = {"device": self.preset.to_json()}
        if not isinstance(self.adaptive_rule, str):
            name = getattr(self.adaptive_rule, "__qualname__", None) or type(self.adaptive_rule).__qualname__
            plain["adaptive_rule"] = {"function": getattr(self.adaptive_rule, "name", name)}
        if self.samples is not None:
            plain["samples"] = [[value.real, value.imag] for value in np.asarray(self.samples, dtype=np.complex128)]
        return plain

    @classmethod
    def from_dict(cls, plain: dict[str, Any]) -> Experiment:
        """The experiment that `to_dict` described."""
        return cls(**_arguments_of(plain))

    def to_json(self) -> bytes:
        """`to_dict` as a JSON document.

        Examples:
            >>> import synqc
            >>> experiment = synqc.Experiment("ibm_fez", probe_strength=0.3)
            >>> synqc.Experiment.from_json(experiment.to_json()) == experiment
            True
        """
        return json.dumps(self.to_dict(), allow_nan=False).encode()

    @classmethod
    def from_json(cls, document: bytes | str) -> Experiment:
        """The experiment a JSON document describes: members are arguments by name, each of them optional.

        Raises:
            DocumentError: The document is no JSON, a member is unknown, of the wrong type or out of range; the message
                ends with the path to it.

        Examples:
            >>> import synqc
            >>> synqc.Experiment.from_json('{"probe_strength": 0.3, "qubits": 2}')
            Experiment(preset='transmon-default', target='sim-local', probe_strength=0.3, qubits=2)
            >>> synqc.Experiment.from_json('{"samples": [[1, 0], [1]]}')
            Traceback (most recent call last):
            synqc.errors.DocumentError: Field `samples[1]` must be a pair ..., but is a list of 1 (at $.samples[1])
        """
        text: Any = document  # the core takes bytes as well
        core = _core.read_experiment(text, lambda name: preset_of("preset", name)._handle, shared_segments())
        given = {name: value for name, value in _arguments_of(json.loads(document)).items() if value is not None}
        experiment = object.__new__(cls)
        for name, default in _DEFAULTS.items():
            object.__setattr__(experiment, name, given.get(name, default))
        experiment._take_arguments()
        object.__setattr__(experiment, "_core", core)
        warn_if_implausible(experiment, _DEFAULTS, stacklevel=2)
        return experiment

    def __repr__(self) -> str:
        changed = []
        for item in dataclasses.fields(self):
            if item.init and (item.name in ("preset", "target") or getattr(self, item.name) != item.default):
                value = getattr(self, item.name)
                changed.append(f"{item.name}={value.name if isinstance(value, Device) else value!r}")
        return f"Experiment({', '.join(changed)})"

    def _repr_html_(self) -> str:
        from synqc.lab.cards import experiment_html_card

        return experiment_html_card(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return (_rebuild, ({item.name: getattr(self, item.name) for item in dataclasses.fields(self) if item.init},))


_DEFAULTS: dict[str, Any] = {item.name: item.default for item in dataclasses.fields(Experiment)}


def _arguments_of(plain: dict[str, Any]) -> dict[str, Any]:
    """Arguments from the plain values that `to_dict` made of them."""
    arguments = dict(plain)
    if isinstance(arguments.get("preset"), dict):
        arguments["preset"] = Device.from_json(arguments["preset"]["device"])
    if isinstance(arguments.get("adaptive_rule"), dict):
        arguments["adaptive_rule"] = _RecordedRule(arguments["adaptive_rule"]["function"])
    if arguments.get("samples") is not None:
        arguments["samples"] = [complex(*pair) for pair in arguments["samples"]]
    return arguments


def _rebuild(arguments: dict[str, Any]) -> Experiment:
    return Experiment(**arguments)


def _checked(name: str, value: Any) -> Any:
    """One argument as the type its name promises; the core checks ranges."""
    kind = _ARGUMENTS[name]["kind"]
    if kind == "whole":
        return whole_number(name, value, least=0, most=2**64 - 1 if name == "device_seed" else 2**40)
    if kind == "number":
        return _real(name, value)
    if kind == "text" and not isinstance(value, str):
        raise InputError(f"Argument `{name}` must be text, but is {value!r}.")
    if isinstance(value, str) and (choices := _ARGUMENTS[name]["choices"]) and value not in choices:
        if kind == "rule" and value in plugin_names("synqc.rules"):
            return rule_of_plugin(value)
        raise unknown_name(name, value, [*choices, *(plugin_names("synqc.rules") if kind == "rule" else ())])
    if kind == "flag" and not isinstance(value, (bool, np.bool_)):
        raise InputError(f"Argument `{name}` must be True or False, but is {value!r}.")
    if name == "preset":
        chosen = device_of("preset", value)
        return value if isinstance(value, str) and value == chosen.name else chosen
    return value


def _samples(samples: Any) -> list[complex]:
    try:
        array = np.asarray(samples, dtype=np.complex128)
    except (TypeError, ValueError) as error:
        raise InputError(f"Argument `samples` must be complex numbers, but is {samples!r}.") from error
    if array.ndim != 1:
        raise ShapeError(f"Argument `samples` must have shape (k,), but has shape {array.shape}.")
    return list(array)


def _real(name: str, value: Any) -> float:
    if isinstance(value, (bool, str)):
        raise InputError(f"Argument `{name}` must be a number, but is {value!r}.")
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise InputError(f"Argument `{name}` must be a number, but is {value!r}.") from error

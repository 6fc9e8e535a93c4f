"""A twin as a platform of Qibolab, so that protocols of Qibocal run on a device whose truth is known."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from synqc.errors import InputError, MissingExtra
from synqc.protocols.circuit import Circuit, Delay, Drive, Rotation, Settings
from synqc.twin.twin import Twin, TwinQubit

__all__ = ["twin_platform"]

_PI_AMPLITUDE = 0.1
"""Amplitude of a pi pulse, which has the length of the twin's gates."""
_SIGMA = 0.2
"""Of the Gaussian that stands for the twin's own shape of a rotation."""
_READOUT_AMPLITUDE = 0.1
_DRIVE_HZ, _PROBE_HZ, _STEP_HZ = 5e9, 7e9, 0.1e9


@functools.cache
def _qibolab() -> tuple[Any, Any]:
    """Qibolab, and the class of an instrument that plays on twins: made when it is first needed."""
    try:
        import qibolab
        from qibolab._core.instruments.abstract import Controller
    except ImportError as error:
        raise MissingExtra(
            "A twin as a platform needs the package qibolab: pip install 'synqc[twin-qibolab]'."
        ) from error

    class TwinController(Controller):  # type: ignore[misc]  # Qibolab has no types
        """Instrument of a `Twin`: what `twin_platform` says."""

        twin: Any = None

        @property
        def sampling_rate(self) -> float:
            """A sample a nanosecond."""
            return 1.0

        def connect(self) -> None:
            """Nothing: it is there."""

        def disconnect(self) -> None:
            """Nothing."""

        def play(self, configs: Any, sequences: Any, options: Any, sweepers: Any) -> dict[Any, Any]:
            """Arrays by the id of each acquisition, in the shapes of `options.results_shape`."""
            return _play(self.twin, configs, sequences, options, sweepers)

    return qibolab, TwinController


def _play(twin: Twin, configs: Any, sequences: Any, options: Any, sweepers: Any) -> dict[Any, Any]:
    """Play sequences at every place of the sweeps; of several lists the last one is the fastest."""
    if options.acquisition_type.name == "RAW":
        raise InputError("Argument `acquisition_type` must be DISCRIMINATION or INTEGRATION, but is RAW.")
    lengths = [min(len(sweep.values) for sweep in together) for together in sweepers]
    found: dict[Any, list[Any]] = {}
    for place in itertools.product(*map(range, lengths)):
        swept = _Swept(dict(_frequencies(configs)))
        for together, at in zip(sweepers, place, strict=True):
            for sweep in together:
                swept.set_to(sweep, float(sweep.values[at]))
        for sequence in sequences:
            for key, shots in _played(twin, sequence, options, swept).items():
                found.setdefault(key, []).append(shots)
    answers = {}
    for key, rows in found.items():
        grid = np.stack(rows).reshape(*lengths, *np.shape(rows[0]))
        shots_first = np.moveaxis(grid, len(lengths), 0)
        answers[key] = np.nanmean(shots_first, axis=0) if options.averaging_mode.average else shots_first
    return answers


def _played(twin: Twin, sequence: Any, options: Any, swept: _Swept) -> dict[Any, Any]:
    """Shots of one sequence (shots, ) or (shots, 2), by the id of each acquisition."""
    compiled = sequence.align_to_delays()
    found = {}
    for number, qubit in enumerate(twin):
        reads = [one for channel, one in compiled.acquisitions if channel == f"{number}/acquisition"]
        if not reads:
            continue
        if len(reads) > 1:
            raise InputError(f"Argument `sequences` must read qubit {number} once each, but one reads it twice.")
        circuit = _circuit_of(compiled, number, qubit.gate_ns, swept)
        before = qubit.settings
        qubit.settings = swept.settings(before, number, reads[0])
        try:
            found[reads[0].id] = _shots_of(qubit, circuit, options)
        finally:
            qubit.settings = before
    return found


def twin_platform(twin: Twin, name: str = "synqc-twin") -> Any:
    """Platform of Qibolab whose qubits are those of a twin, with native gates as its owner believes them to be.

    A pulse of the native envelope and length is a rotation of the twin, whose angle is proportional to its amplitude; a
    rectangular one is a square drive of any length. Delays, virtual Z and frequencies of drive and probe do what they
    say; so do sweeps of durations, amplitudes, phases and frequencies. Every qubit is read once, at the end. Labels and
    points of shots that are lost are NaN.

    Args:
        twin: What plays. Pulses are played with its qubits' `settings`, and frequencies are relative to theirs.
        name: Of the platform.

    Returns:
        `qibolab.Platform` with RX, RX90 and MZ of every qubit 0, 1, ..; there are no gates between qubits. Executing
        what the twin cannot play raises `InputError`.

    Raises:
        MissingExtra: qibolab is not installed.
    """
    qibolab, controller = _qibolab()
    from qibolab._core.parameters import NativeGates, Parameters
    from qibolab._core.qubits import Qubit

    qubits: dict[Any, Any] = {}
    channels: dict[Any, Any] = {}
    configs: dict[Any, Any] = {}
    natives: dict[Any, Any] = {}
    for number, one in enumerate(twin):
        qubits[number] = qubit = Qubit.default(number, channels=["probe", "acquisition", "drive"])
        channels |= {
            qubit.probe: qibolab.IqChannel(mixer=None, lo=None),
            qubit.acquisition: qibolab.AcquisitionChannel(twpa_pump=None, probe=qubit.probe),
            qubit.drive: qibolab.IqChannel(mixer=None, lo=None),
        }
        configs |= {
            qubit.probe: qibolab.IqConfig(frequency=_PROBE_HZ + number * _STEP_HZ),
            qubit.acquisition: qibolab.AcquisitionConfig(delay=0.0, smearing=0.0, threshold=0.0, iq_angle=0.0),
            qubit.drive: qibolab.IqConfig(frequency=_DRIVE_HZ + number * _STEP_HZ),
        }
        natives[number] = _natives_of(qubit, one)
    parameters = Parameters(configs=configs, native_gates=NativeGates(single_qubit=natives))
    instruments = {"twin": controller(address="here", channels=channels, twin=twin)}
    return qibolab.Platform(name=name, parameters=parameters, instruments=instruments, qubits=qubits)


def _natives_of(qubit: Any, played_by: TwinQubit) -> Any:
    qibolab, _ = _qibolab()
    from qibolab._core.native import Native, SingleQubitNatives

    envelope = qibolab.Gaussian(rel_sigma=_SIGMA)

    def rotation(share: float) -> Any:
        pulse = qibolab.Pulse(duration=played_by.gate_ns, amplitude=share * _PI_AMPLITUDE, envelope=envelope)
        return Native([(qubit.drive, pulse)])

    probe = qibolab.Pulse(
        duration=played_by.readout_duration_ns, amplitude=_READOUT_AMPLITUDE, envelope=qibolab.Rectangular()
    )
    read = Native([(qubit.acquisition, qibolab.Readout.from_probe(probe))])
    return SingleQubitNatives(RX=rotation(1.0), RX90=rotation(0.5), MZ=read)


def _frequencies(configs: Mapping[str, Any]) -> list[tuple[str, float]]:
    return [(name, float(one.frequency)) for name, one in configs.items() if hasattr(one, "frequency")]


@dataclass
class _Swept:
    """What channels and pulses are set to at one place of the sweeps."""

    frequencies: dict[str, float]
    of_pulses: dict[tuple[Any, str], float] = field(default_factory=dict)

    def set_to(self, sweep: Any, value: float) -> None:
        """Move one sweep to a value."""
        name = sweep.parameter.name
        if name == "frequency":
            self.frequencies |= dict.fromkeys(sweep.channels, value)
        elif name in ("amplitude", "duration", "duration_interpolated", "relative_phase", "phase"):
            kept = "duration" if name == "duration_interpolated" else name
            self.of_pulses |= {(pulse.id, kept): value for pulse in sweep.pulses}
        else:
            raise InputError(f"Argument `sweepers` must not sweep {name}, which a twin has not, but does.")

    def of(self, pulse: Any, name: str) -> float:
        """A number of a pulse, swept or its own."""
        return float(self.of_pulses.get((pulse.id, name), getattr(pulse, name)))

    def settings(self, settings: Settings, number: int, read: Any) -> Settings:
        """Of the qubit, with the frequencies of its channels, and length and amplitude of its probe pulse."""
        drive = self.frequencies[f"{number}/drive"] - _DRIVE_HZ - number * _STEP_HZ
        probe = self.frequencies[f"{number}/probe"] - _PROBE_HZ - number * _STEP_HZ
        return replace(
            settings,
            drive_shift_khz=settings.drive_shift_khz + 1e-3 * drive,
            readout_shift_mhz=settings.readout_shift_mhz + 1e-6 * probe,
            readout_amplitude=settings.readout_amplitude * self.of(read.probe, "amplitude") / _READOUT_AMPLITUDE,
            readout_duration_ns=self.of(read.probe, "duration"),
        )


def _circuit_of(sequence: Sequence[Any], number: int, gate_ns: float, swept: _Swept) -> Circuit:
    """What is played on a qubit's drive until its readout begins."""
    circuit: list[Delay | Rotation | Drive] = []
    played_ns = waited_ns = frame = 0.0
    for channel, pulse in sequence:
        if channel == f"{number}/acquisition" and pulse.kind == "delay":
            waited_ns += swept.of(pulse, "duration")
        if channel != f"{number}/drive":
            continue
        if pulse.kind == "virtualz":
            frame += swept.of(pulse, "phase")
            continue
        length = swept.of(pulse, "duration")
        played_ns += length
        if pulse.kind == "delay":
            circuit.append(Delay(1e-3 * length))
        else:
            circuit.append(_operation(pulse, length, gate_ns, frame, swept))
    rest = waited_ns - played_ns
    if rest < -gate_ns:
        raise InputError(
            f"Argument `sequences` must read qubit {number} behind its pulses, but one begins {-rest:g} ns before "
            "their end."
        )
    if rest > 0:
        circuit.append(Delay(1e-3 * rest))
    return tuple(circuit)


def _operation(pulse: Any, length_ns: float, gate_ns: float, frame: float, swept: _Swept) -> Rotation | Drive:
    turns = swept.of(pulse, "amplitude") / _PI_AMPLITUDE
    phase = swept.of(pulse, "relative_phase") + frame
    if pulse.envelope.kind == "rectangular":
        if math.remainder(phase, 2 * math.pi):
            raise InputError("Argument `sequences` must hold rectangular pulses of phase 0, but has another phase.")
        # As large as on average over a rotation, a square pulse turns as far in the same time.
        return Drive(1e-3 * length_ns, turns * 1e6 / (2 * gate_ns))
    if (pulse.envelope.kind, getattr(pulse.envelope, "rel_sigma", None), length_ns) != ("gaussian", _SIGMA, gate_ns):
        raise InputError(
            f"Argument `sequences` must hold pulses of {gate_ns:g} ns and the native envelope, or rectangular ones, "
            f"but has one of {length_ns:g} ns and {pulse.envelope.kind}."
        )
    return Rotation(math.pi * turns, round(math.remainder(phase, 2 * math.pi), 12))


def _shots_of(qubit: TwinQubit, circuit: Circuit, options: Any) -> Any:
    if options.acquisition_type.name == "INTEGRATION":
        points = qubit.points([circuit], options.nshots)[0]
        return np.where(np.isnan(points)[:, None], np.nan, np.stack([points.real, points.imag], axis=-1))
    labels = qubit.labels([circuit], options.nshots)[0]
    return np.where(labels < 0, np.nan, np.minimum(labels, 1))

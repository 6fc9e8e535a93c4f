"""A device of hidden truth that plays circuits and gives IQ points or counts, as an instrument does."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from synqc.errors import InputError, ShapeError
from synqc.protocols.circuit import Circuit, Delay, Drive, ReadoutTone, Rotation, Settings
from synqc.twin.drifting_state import DriftingState, Moment
from synqc.twin.faults import Faults
from synqc.twin.hidden_qubit import HiddenQubit
from synqc.twin.integrated_readout import IntegratedReadout
from synqc.twin.tone_fields import ToneFields
from synqc.twin.transmon_propagators import LEVELS, TransmonPropagators

__all__ = ["Twin", "TwinQubit"]

_HOLD_S = 0.02
"""Drift stands still for so long; the moment is that of its start."""
_SLICES = 8
"""Slices of a rotation while a resonator rings."""
_KEPT_PROPAGATORS = 8
_NOMINAL_ANHARMONICITY_MHZ = -300.0


class Twin:
    """Qubits whose truth is known to whoever made them, and to nobody else.

    Each is driven by itself: circuits on one leave the others alone. One clock runs for all.

    Args:
        qubits: The hidden truth.
        seed: Of drift, outcomes and noise.
        gate_ns: Length of a rotation, in whole nanoseconds.
        reset_us: Time between the end of a readout and the next shot, after which a qubit is in equilibrium.
        faults: What goes wrong.
        crosstalk_mhz (float64, (qubits, qubits)): Half of what qubit i, going from |0> to |1>, takes from the frequency
            of the resonator of qubit j, at [i, j]: so a `ReadoutTone` there dephases it. The diagonal is not looked at.

    Examples:
        >>> from synqc.protocols import Rotation
        >>> twin = Twin([HiddenQubit(t1_us=80.0)], seed=7)
        >>> counts = twin[0].counts([(), (Rotation(math.pi),)], shots=1000)
        >>> bool(counts[0, 0] > 950 and counts[1, 1] > 900), counts.sum(axis=1).tolist()
        (True, [1000, 1000])
        >>> twin[0].t1_us
        Traceback (most recent call last):
            ...
        AttributeError: 'TwinQubit' object has no attribute 't1_us'
    """

    def __init__(
        self,
        qubits: Sequence[HiddenQubit],
        *,
        seed: int,
        gate_ns: int = 24,
        reset_us: float = 250.0,
        faults: Faults | None = None,
        crosstalk_mhz: ArrayLike | None = None,
    ) -> None:
        if not qubits:
            raise InputError("Argument `qubits` must hold at least one, but is empty.")
        if not (isinstance(gate_ns, int) and gate_ns > 0):
            raise InputError(f"Argument `gate_ns` must be a whole number greater than 0, but is {gate_ns}.")
        if not 0 <= reset_us < math.inf:
            raise InputError(f"Argument `reset_us` must be finite and at least 0, but is {reset_us}.")
        shifts = np.zeros((len(qubits),) * 2) if crosstalk_mhz is None else np.asarray(crosstalk_mhz, np.float64)
        if shifts.shape != (len(qubits),) * 2:
            raise ShapeError(
                f"Argument `crosstalk_mhz` must have shape {(len(qubits),) * 2}, but has shape {shifts.shape}."
            )
        self._clock = _Clock()
        self._qubits = [
            TwinQubit(hidden, self._clock, np.random.default_rng([seed, number]), gate_ns, reset_us, faults or Faults())
            for number, hidden in enumerate(qubits)
        ]
        for number, qubit in enumerate(self._qubits):
            qubit._neighbours = {
                other: _shifted_by_neighbour(hidden.readout, float(shifts[number, other]))
                for other, hidden in enumerate(qubits)
                if other != number
            }
            qubit._number = number

    def __getitem__(self, number: int) -> TwinQubit:
        return self._qubits[number]

    def __len__(self) -> int:
        return len(self._qubits)

    def __iter__(self) -> Iterator[TwinQubit]:
        return iter(self._qubits)


def _shifted_by_neighbour(readout: IntegratedReadout, shift_mhz: float) -> IntegratedReadout:
    """A neighbour's resonator, its own qubit in |0>, as the levels of this qubit shift it."""
    middle = readout.shifts_mhz[0]
    return replace(readout, shifts_mhz=(middle + shift_mhz, middle - shift_mhz, middle - 3 * shift_mhz))


class _Clock:
    """Time of the instrument, in seconds."""

    def __init__(self) -> None:
        self.now_s = 0.0


class TwinQubit:
    """One qubit of a twin: an `Instrument` of `synqc.protocols`."""

    def __init__(
        self,
        hidden: HiddenQubit,
        clock: _Clock,
        generator: np.random.Generator,
        gate_ns: int,
        reset_us: float,
        faults: Faults,
    ) -> None:
        self.settings = Settings()
        self._hidden = hidden
        self._clock = clock
        self._generator = generator
        self._gate_ns = gate_ns
        self._reset_us = reset_us
        self._faults = faults
        self._drift = DriftingState(hidden, generator)
        self._held_s = -math.inf
        self._moment = self._drift.at(0.0)
        self._propagators: dict[tuple[Moment, float], TransmonPropagators] = {}
        self._neighbours: dict[int, IntegratedReadout] = {}
        self._number = 0

    @property
    def gate_ns(self) -> float:
        """Length of every rotation."""
        return float(self._gate_ns)

    @property
    def readout_duration_ns(self) -> float:
        """Length of the readout pulse, as it is set."""
        return self._readout(self.settings).duration_ns

    @property
    def moment_s(self) -> float:
        """Time on the twin's clock."""
        return self._clock.now_s

    def points(self, circuits: Sequence[Circuit], shots: int) -> NDArray[np.complex128]:
        """IQ points (complex128, (circuits, shots)), one circuit after the other; NaN where a shot is missing."""
        return self._points_and_labels(circuits, shots)[0]

    def counts(self, circuits: Sequence[Circuit], shots: int) -> NDArray[np.int64]:
        """How many shots were assigned to |0>, |1> and |2> (int64, (circuits, 3)); missing ones are in none."""
        labels = self._points_and_labels(circuits, shots)[1]
        return np.stack([(labels == level).sum(axis=1) for level in range(LEVELS)], axis=1)

    def labels(self, circuits: Sequence[Circuit], shots: int) -> NDArray[np.int64]:
        """Level that each shot was assigned to (int64, (circuits, shots)); -1 where it is missing."""
        return self._points_and_labels(circuits, shots)[1]

    def traces(
        self,
        circuits: Sequence[Circuit],
        shots: int,
        *,
        pulse_ns: float,
        amplitude: float,
        window_ns: float,
        sample_ns: float,
    ) -> NDArray[np.complex128]:
        """Records I + iQ (complex128, (circuits, shots, samples)) of a square readout pulse, and of what comes after.

        Of the faults, shots that are lost are NaN, states are exchanged, records are those before, and gain and phase
        drift.

        Args:
            circuits: What is played before.
            shots: Of each.
            pulse_ns: Length of the pulse.
            amplitude: Of it, as `Settings.readout_amplitude`.
            window_ns: How long is recorded, from the start of the pulse.
            sample_ns: Length of a sample.
        """
        at_amplitude = replace(self.settings, readout_amplitude=amplitude, readout_duration_ns=pulse_ns)
        readout = self._readout(at_amplitude)
        found: list[Any] = []
        for circuit in circuits:
            moment = self._held_moment()
            levels = self._levels_after(circuit, moment, shots)
            if self._happens(self._faults.mislabelled_share):
                levels = np.array([1, 0, 2])[levels]
            rates = (moment.down_per_us, moment.up_per_us)
            record = readout.traces(levels, *rates, window_ns, sample_ns, self._generator) * self._chain()
            dropped = max(self._faults.dropped_share, self._faults.dropped_excited_share)
            lost = np.where(levels == 1, dropped, self._faults.dropped_share)
            record[self._generator.random(shots) < lost] = np.nan
            self._pass_time(circuit, shots, window_ns)
            found.append(found[-1] if found and self._happens(self._faults.stuck_share) else record)
        return np.stack(found)

    def populations(self, circuit: Circuit) -> Any:
        """Exact populations (float64, (3,)) at the end of a circuit, now: the truth, for tests alone."""
        return self._populations(circuit, self._held_moment())

    def _points_and_labels(
        self, circuits: Sequence[Circuit], shots: int
    ) -> tuple[NDArray[np.complex128], NDArray[np.int64]]:
        if not (isinstance(shots, int | np.integer) and shots > 0):
            raise InputError(f"Argument `shots` must be a whole number greater than 0, but is {shots}.")
        points = np.empty((len(circuits), shots), complex)
        labels = np.empty((len(circuits), shots), np.int64)
        for at, circuit in enumerate(circuits):
            points[at], labels[at] = self._one_circuit(circuit, shots)
            if at and self._happens(self._faults.stuck_share):
                points[at], labels[at] = points[at - 1], labels[at - 1]
        return points, labels

    def _one_circuit(self, circuit: Circuit, shots: int) -> tuple[NDArray[np.complex128], NDArray[np.int64]]:
        faults, generator = self._faults, self._generator
        moment = self._held_moment()
        levels = self._levels_after(circuit, moment, shots)
        if self._happens(faults.mislabelled_share):
            levels = np.array([1, 0, 2])[levels]
        readout = self._readout(self.settings)
        points = readout.sample(levels, moment.down_per_us, moment.up_per_us, generator)
        points *= self._chain()
        centres = np.array(readout.centres if self.settings.centres is None else self.settings.centres)
        labels = np.abs(points[:, None] - centres).argmin(axis=1)
        lost = generator.random(shots) < np.where(
            labels == 1, max(faults.dropped_share, faults.dropped_excited_share), faults.dropped_share
        )
        points[lost], labels[lost] = np.nan, -1
        self._pass_time(circuit, shots, readout.duration_ns)
        return points, labels

    def _levels_after(self, circuit: Circuit, moment: Moment, shots: int) -> NDArray[np.int64]:
        populations = np.clip(self._populations(circuit, moment), 0, None)
        return self._generator.choice(LEVELS, size=shots, p=populations / populations.sum())

    def _readout(self, settings: Settings) -> IntegratedReadout:
        """With the length, amplitude and frequency that were set."""
        readout = self._hidden.readout
        if (settings.readout_duration_ns, settings.readout_amplitude, settings.readout_shift_mhz) == (None, 1.0, 0.0):
            return readout
        low, middle, high = readout.shifts_mhz
        shift = settings.readout_shift_mhz
        return replace(
            readout,
            duration_ns=settings.readout_duration_ns or readout.duration_ns,
            drive_mhz=readout.drive_mhz * self._compressed(settings.readout_amplitude),
            shifts_mhz=(low - shift, middle - shift, high - shift),
        )

    def _compressed(self, amplitude: float) -> float:
        """What an amplitude comes out as."""
        return amplitude * (1 - self._faults.readout_compression * amplitude**2)

    def _chain(self) -> Any:
        """Gain and phase of the readout's chain, now."""
        now = self._clock.now_s
        return (1 + self._faults.gain_drift_per_s * now) * np.exp(1j * self._faults.phase_drift_rad_per_s * now)

    def _pass_time(self, circuit: Circuit, shots: int, readout_ns: float) -> None:
        played_us = sum(self._length_us(operation) for operation in circuit)
        self._clock.now_s += 1e-6 * shots * (played_us + 1e-3 * readout_ns + self._reset_us)

    def _happens(self, share: float) -> bool:
        return bool(share and self._generator.random() < share)

    def _length_us(self, operation: Delay | Rotation | Drive | ReadoutTone) -> float:
        if isinstance(operation, ReadoutTone):
            return 1e-3 * operation.duration_ns
        return 1e-3 * self._gate_ns if isinstance(operation, Rotation) else operation.duration_us

    def _held_moment(self) -> Moment:
        now = self._clock.now_s
        if now - self._held_s >= _HOLD_S:
            self._moment, self._held_s = self._drift.at(now), now
        moment, faults = self._moment, self._faults
        if faults.frequency_jump is not None and now >= faults.frequency_jump[0]:
            moment = replace(moment, detuning_khz=moment.detuning_khz + faults.frequency_jump[1])
        if faults.burst is not None and faults.burst[0] <= now < faults.burst[1]:
            moment = replace(moment, down_per_us=1 / faults.burst_t1_us)
        return moment

    def _populations(self, circuit: Circuit, moment: Moment) -> Any:
        splitting = self._hidden.parity_splitting_khz
        branches = (splitting / 2, -splitting / 2) if splitting else (0.0,)
        found = [self._branch(circuit, moment, shift) for shift in branches]
        return np.mean(found, axis=0)

    def _branch(self, circuit: Circuit, moment: Moment, shift_khz: float) -> Any:
        propagators = self._at(moment, moment.detuning_khz + shift_khz - self.settings.drive_shift_khz)
        state = np.zeros(LEVELS**2, complex)
        weights = (self._hidden.thermal_population / (1 - self._hidden.thermal_population)) ** np.arange(LEVELS)
        state[:: LEVELS + 1] = weights / weights.sum()
        if any(isinstance(operation, ReadoutTone) for operation in circuit):
            state = self._through_tones(propagators, circuit, state)
        else:
            for operation in circuit:
                state = self._propagator(propagators, operation) @ state
        return state[:: LEVELS + 1].real

    def _propagator(self, propagators: TransmonPropagators, operation: Delay | Rotation | Drive | ReadoutTone) -> Any:
        """Of the qubit alone."""
        if isinstance(operation, Rotation):
            return self._pulse(propagators, operation)
        if isinstance(operation, Drive):
            rabi_khz = self.settings.pi_amplitude * self._hidden.rabi_scale * operation.rabi_khz
            return propagators.drive(operation.duration_us, rabi_khz, operation.detuning_khz)
        return propagators.delay(self._played(self._length_us(operation)))

    def _through_tones(self, propagators: TransmonPropagators, circuit: Circuit, state: Any) -> Any:
        """The qubit's state while fields of resonators ring up and down; they act between the slices of a rotation."""
        shift = self.settings.readout_shift_mhz
        resonators = {self._number: self._hidden.readout, **self._neighbours}
        fields = ToneFields(resonators, shift)
        for operation in circuit:
            if isinstance(operation, ReadoutTone):
                driven = self._number if operation.resonator is None else operation.resonator
                if driven not in resonators:
                    raise InputError(
                        f"Argument `resonator` must be one of {sorted(resonators)}, but is {operation.resonator}."
                    )
                amplitudes = {driven: self._compressed(operation.amplitude)}
            else:
                amplitudes = {}
            length = self._length_us(operation)
            if isinstance(operation, Delay):
                length = self._played(length)
            if isinstance(operation, Rotation | Drive) and not fields.are_empty:
                state = fields.through_rotation(self._slices(propagators, operation), length, state)
                continue
            state = fields.pass_time(length / 2, amplitudes) * state
            state = self._propagator(propagators, operation) @ state
            state = fields.pass_time(length / 2, amplitudes) * state
        return state

    def _slices(self, propagators: TransmonPropagators, operation: Rotation | Drive) -> Any:
        """Propagators of the slices of a rotation, while a resonator rings."""
        if isinstance(operation, Rotation):
            return propagators.pulse_slices(*self._played_pulse(operation), self._gate_ns, min(_SLICES, self._gate_ns))
        part = replace(operation, duration_us=operation.duration_us / _SLICES)
        turn = np.exp(
            -2e-3j * math.pi * operation.detuning_khz * part.duration_us
            * np.subtract.outer(np.arange(LEVELS), np.arange(LEVELS)).ravel()
        )  # fmt: skip
        one = self._propagator(propagators, part)
        # Each slice begins where the phase of the drive has come to.
        return [(turn**k)[:, None] * one * turn**-k for k in range(_SLICES)]

    def _at(self, moment: Moment, detuning_khz: float) -> TransmonPropagators:
        key = (moment, detuning_khz)
        if key not in self._propagators:
            while len(self._propagators) >= _KEPT_PROPAGATORS:
                self._propagators.pop(next(iter(self._propagators)))
            self._propagators[key] = TransmonPropagators(
                detuning_khz,
                self._hidden.anharmonicity_mhz,
                down_per_us=moment.down_per_us,
                up_per_us=moment.up_per_us,
                tphi_us=self._hidden.tphi_us,
            )
        return self._propagators[key]

    def _played(self, duration_us: float) -> float:
        step = self._faults.delay_step_us
        return round(duration_us / step) * step if step else duration_us

    def _pulse(self, propagators: TransmonPropagators, rotation: Rotation) -> Any:
        return propagators.pulse(*self._played_pulse(rotation), self._gate_ns)

    def _played_pulse(self, rotation: Rotation) -> tuple[float, float, float]:
        """Angle, phase and DRAG of what comes out."""
        amplitude = self.settings.pi_amplitude * rotation.angle_rad / math.pi
        amplitude *= 1 - self._faults.amplitude_compression * amplitude**2
        drag = self.settings.drag if rotation.drag is None else rotation.drag
        return (
            math.pi * self._hidden.rabi_scale * amplitude,
            rotation.phase_rad,
            _NOMINAL_ANHARMONICITY_MHZ / drag if drag else math.inf,
        )

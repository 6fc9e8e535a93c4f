"""Drive-Probe-Drive experiment as a quantum circuit, in OpenQASM 3: what every vendor's adapter starts from."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from synqc.errors import InputError

__all__ = ["PROBE_ENTANGLES", "DriveProbeDriveCircuit", "circuit_of"]

PROBE_ENTANGLES = 2
"""Number of entangling gates that a probe by an ancilla is made of."""

_LARGEST_ANGLE = 64 * math.pi


@dataclass(frozen=True, kw_only=True)
class DriveProbeDriveCircuit:
    """Circuit of one shot: drive, weak probe by an ancilla that is measured at once, second drive, readout.

    The system qubit is rotated (D1). Its ancilla stands on the equator, turns by +-theta for |0> or |1>, with
    sin(theta) = `strength`, and is measured: outcome 0 speaks for |0>, P(0 | 0) = (1 + strength) / 2. The second drive
    (D2) may turn further or less by that outcome; then the system is read. Rotations are exp(-i angle/2 (cos(axis) X +
    sin(axis) Y)). Pairs of a register do not interact.

    Args:
        strength: Strength of the probe, 0 to 1.
        first_angle, first_axis, second_angle, second_axis: Rotations D1 and D2, rad.
        corrections: What is added to `second_angle` after outcome 0 and after outcome 1, rad, for each pair of a
            system qubit and its ancilla.

    Raises:
        InputError: An argument is out of its range.

    Examples:
        >>> plain = DriveProbeDriveCircuit(strength=0.4)
        >>> plain.qubits, plain.feeds_forward
        (2, False)
        >>> print(DriveProbeDriveCircuit(strength=0.4, corrections=((0.5, -0.5),)).to_openqasm())
        OPENQASM 3.0;
        include "stdgates.inc";
        qubit[2] q;
        bit[2] c;
        rx(1.5707963267948966) q[0];
        ry(1.5707963267948966) q[1];
        cx q[0], q[1];
        rz(0.41151684606748806) q[1];
        cx q[0], q[1];
        rx(1.5707963267948966) q[1];
        c[0] = measure q[1];
        if (c[0]) {
          rx(1.0707963267948966) q[0];
        } else {
          rx(2.0707963267948966) q[0];
        }
        c[1] = measure q[0];

    Source: Wiseman and Milburn, Quantum Measurement and Control, section 1.2.2 (a measurement through an apparatus).
    """

    strength: float
    first_angle: float = math.pi / 2
    first_axis: float = 0.0
    second_angle: float = math.pi / 2
    second_axis: float = 0.0
    corrections: tuple[tuple[float, float], ...] = ((0.0, 0.0),)

    def __post_init__(self) -> None:
        if not 0 <= self.strength <= 1:
            raise InputError(f"Argument `strength` must be from 0 to 1, but is {self.strength!r}.")
        for name in ("first_angle", "first_axis", "second_angle", "second_axis"):
            _check_angle(name, getattr(self, name))
        if not self.corrections:
            raise InputError("Argument `corrections` must have a pair for at least one qubit, but is empty.")
        for pair in self.corrections:
            if len(pair) != 2:
                raise InputError(f"Argument `corrections` must hold pairs (outcome 0, outcome 1), but holds {pair!r}.")
            for correction in pair:
                _check_angle("corrections", correction)

    @classmethod
    def corrected(cls, *, strength: float, pairs: int = 1, gain: float = 1.0) -> DriveProbeDriveCircuit:
        """Two half turns, the second corrected by `gain` times the angle by which the probe tilted the state.

        Gain 1 undoes the back-action of an ideal probe, so that the fidelity is 1; gain -1 is the wrong sign.

        Args:
            strength: Strength of the probe, 0 to 1.
            pairs: System qubits, each with its ancilla.
            gain: Gain of the correction.

        Examples:
            >>> DriveProbeDriveCircuit.corrected(strength=1.0, gain=-1.0).corrections[0][0] == -math.pi / 2
            True
        """
        tilt = gain * math.asin(min(max(strength, -1.0), 1.0))
        return cls(strength=strength, corrections=((tilt, -tilt),) * pairs)

    @property
    def pairs(self) -> int:
        """System qubits, each of which has an ancilla."""
        return len(self.corrections)

    @property
    def qubits(self) -> int:
        """Twice the pairs: q[2 k] and c[2 k + 1] are system and readout of pair k, q[2 k + 1] and c[2 k] its probe."""
        return 2 * self.pairs

    @property
    def feeds_forward(self) -> bool:
        """Whether the second drive depends on the probe's outcome."""
        return any(one != other for one, other in self.corrections)

    @property
    def ancilla_angle(self) -> float:
        """By which the probe turns the ancilla, asin(strength), rad."""
        return math.asin(self.strength)

    def to_openqasm(self, *, includes_standard_gates: bool = True, reads_at_end: bool = False) -> str:
        """Text of the circuit in OpenQASM 3, with one register of bits.

        Args:
            includes_standard_gates: Whether gates are those of the language's `stdgates.inc`; otherwise nothing is
                included and `cx` is called `cnot`, as vendors whose gates are built in want it.
            reads_at_end: Whether all qubits are measured after the last gate, as machines want it that cannot measure
                before; without a condition on the probe's outcome, its distribution is the same then.

        Raises:
            InputError: The second drive depends on an outcome that would be read after it.
        """
        if reads_at_end and self.feeds_forward:
            raise InputError(
                "Argument `reads_at_end` must be False where the second drive depends on an outcome, but is True."
            )
        lines = ["OPENQASM 3.0;", 'include "stdgates.inc";', f"qubit[{self.qubits}] q;", f"bit[{self.qubits}] c;"]
        if not includes_standard_gates:
            del lines[1]
        for pair in range(self.pairs):
            lines += self._first_half(pair)
        for pair in range(self.pairs):
            lines += self._second_drive(pair)
            lines.append(f"c[{2 * pair + 1}] = measure q[{2 * pair}];")
        if reads_at_end:
            lines.sort(key=lambda line: " = measure " in line)
        text = "\n".join(lines)
        return text if includes_standard_gates else text.replace("cx ", "cnot ")

    def _first_half(self, pair: int) -> list[str]:
        system, ancilla = f"q[{2 * pair}]", f"q[{2 * pair + 1}]"
        return [
            *_rotation(self.first_angle, self.first_axis, system),
            f"ry({math.pi / 2!r}) {ancilla};",
            f"cx {system}, {ancilla};",
            f"rz({self.ancilla_angle!r}) {ancilla};",
            f"cx {system}, {ancilla};",
            f"rx({math.pi / 2!r}) {ancilla};",
            f"c[{2 * pair}] = measure {ancilla};",
        ]

    def _second_drive(self, pair: int) -> list[str]:
        system, (if_zero, if_one) = f"q[{2 * pair}]", self.corrections[pair]
        if if_zero == if_one:
            return _rotation(self.second_angle + if_zero, self.second_axis, system)
        gates = [_rotation(self.second_angle + added, self.second_axis, system) for added in (if_one, if_zero)]
        one, zero = ([f"  {gate}" for gate in turn] for turn in gates)
        return [f"if (c[{2 * pair}]) {{", *one, "} else {", *zero, "}"]


def circuit_of(experiment: Any) -> DriveProbeDriveCircuit:
    """The circuit of an `Experiment`, which a backend of qubits can play.

    Its register of `qubits`, both rotations and `probe_strength` count; envelope, durations, device figures and target
    do not, for a backend has its own. A rule of the user's own is asked once for either outcome.

    Args:
        experiment: A `synqc.Experiment`.

    Raises:
        InputError: Its rule is neither "none" nor one that corrects the second drive from the record.

    Examples:
        >>> import synqc
        >>> circuit_of(synqc.Experiment(probe_strength=0.4, qubits=3)).pairs
        3
        >>> class Undo:
        ...     def second_angle_corrections(self, qubit, records):
        ...         return 0.41 * records[:, 0]
        >>> circuit_of(synqc.Experiment(probe_strength=0.4, qubits=1, adaptive_rule=Undo())).corrections
        ((0.41, -0.41),)
        >>> circuit_of(synqc.Experiment(adaptive_rule="kalman"))
        Traceback (most recent call last):
        synqc.errors.InputError: Argument `adaptive_rule` must be "none" ..., but is 'kalman'.
    """
    rule = experiment.adaptive_rule
    corrects = getattr(rule, "second_angle_corrections", None)
    if rule != "none" and (corrects is None or callable(rule)):
        shown = repr(rule) if isinstance(rule, str) else getattr(rule, "__qualname__", type(rule).__qualname__)
        raise InputError(
            'Argument `adaptive_rule` must be "none" or an object with second_angle_corrections(qubit, records) alone '
            f"where a backend plays the experiment, but is {shown}."
        )
    return DriveProbeDriveCircuit(
        strength=experiment.probe_strength,
        first_angle=experiment.first_angle,
        first_axis=experiment.first_axis,
        second_angle=experiment.second_angle,
        second_axis=experiment.second_axis,
        corrections=tuple(_corrections(corrects, qubit) for qubit in range(experiment.qubits)),
    )


def _corrections(corrects: Any, qubit: int) -> tuple[float, float]:
    if corrects is None:
        return (0.0, 0.0)
    answered = np.asarray(corrects(qubit, np.array([[1.0], [-1.0]])), dtype=np.float64)
    if answered.shape != (2,):
        raise InputError(
            f"Method `second_angle_corrections` must answer with shape (2,) for 2 shots, but answers {answered.shape}."
        )
    return float(answered[0]), float(answered[1])


def _rotation(angle: float, axis: float, qubit: str) -> list[str]:
    """About an axis of the equatorial plane."""
    if axis == 0:
        return [f"rx({angle!r}) {qubit};"]
    return [f"rz({-axis!r}) {qubit};", f"rx({angle!r}) {qubit};", f"rz({axis!r}) {qubit};"]


def _check_angle(name: str, angle: float) -> None:
    if not abs(angle) <= _LARGEST_ANGLE:
        raise InputError(f"Argument `{name}` must be an angle of at most 64 pi rad, but is {angle!r}.")

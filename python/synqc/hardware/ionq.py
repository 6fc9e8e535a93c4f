"""IonQ's requests: the documents that its interface takes for a Drive-Probe-Drive circuit. Nothing is sent here."""

from __future__ import annotations

import math
from typing import Any

from synqc.errors import InputError
from synqc.hardware.circuit import DriveProbeDriveCircuit

__all__ = ["ionq_request"]


def ionq_request(
    circuit: DriveProbeDriveCircuit, *, backend: str, shots: int, name: str = "drive-probe-drive",
    tag: str | None = None, dry_run: bool = False,
) -> dict[str, Any]:  # fmt: skip
    """Body of a request for a job.

    A circuit that feeds forward is text of OpenQASM 3 ("ionq.qasm3.v1"), whose conditions IonQ's client sends, and says
    that its servers do not play yet. Any other is a list of gates
    ("ionq.circuit.v1"), which reads every qubit at its end: without a condition on it, the probe's outcome is the same
    then.

    Args:
        circuit: The circuit.
        backend: Backend of IonQ, such as "simulator" or "qpu.forte-1".
        shots: How often.
        name: Name of the job.
        tag: Kept with the job as metadata `tag`, to find it by.
        dry_run: Whether it is compiled and priced alone.

    Raises:
        InputError: There are no shots, or the backend has no name.

    Examples:
        >>> body = ionq_request(DriveProbeDriveCircuit.corrected(strength=0.4), backend="simulator", shots=100)
        >>> body["type"], body["input"]["qubits"]
        ('ionq.qasm3.v1', 2)
        >>> plain = ionq_request(DriveProbeDriveCircuit(strength=0.4), backend="qpu.forte-1", shots=100, dry_run=True)
        >>> plain["input"]["circuit"][2], plain["dry_run"]
        ({'gate': 'x', 'targets': [1], 'controls': [0]}, True)

    Source: Requests of IonQ's own client qiskit-ionq 1.1.1, interface 0.4.
    """
    if shots < 1:
        raise InputError(f"Argument `shots` must be at least 1, but is {shots}.")
    if not backend:
        raise InputError("Argument `backend` must name a backend of IonQ, but is empty.")
    body: dict[str, Any] = {
        "backend": backend, "shots": shots, "name": name, "metadata": {} if tag is None else {"tag": tag}
    }  # fmt: skip
    if circuit.feeds_forward:
        body["type"] = "ionq.qasm3.v1"
        body["input"] = {"qubits": circuit.qubits, "data": circuit.to_openqasm()}
        body["settings"] = {"compilation": {"service_version": "v0.4"}}
    else:
        body["type"] = "ionq.circuit.v1"
        body["input"] = {"gateset": "qis", "qubits": circuit.qubits, "circuit": _gates(circuit)}
    if dry_run:
        body["dry_run"] = True
    return body


def _gates(circuit: DriveProbeDriveCircuit) -> list[dict[str, Any]]:
    gates: list[dict[str, Any]] = []
    for pair, (correction, _) in enumerate(circuit.corrections):
        system, ancilla = 2 * pair, 2 * pair + 1
        entangle = {"gate": "x", "targets": [ancilla], "controls": [system]}
        gates += _rotation(circuit.first_angle, circuit.first_axis, system)
        gates += [
            _turn("ry", math.pi / 2, ancilla), entangle, _turn("rz", circuit.ancilla_angle, ancilla), dict(entangle),
            _turn("rx", math.pi / 2, ancilla),
        ]  # fmt: skip
        gates += _rotation(circuit.second_angle + correction, circuit.second_axis, system)
    return gates


def _rotation(angle: float, axis: float, qubit: int) -> list[dict[str, Any]]:
    turn = _turn("rx", angle, qubit)
    return [turn] if axis == 0 else [_turn("rz", -axis, qubit), turn, _turn("rz", axis, qubit)]


def _turn(gate: str, angle: float, qubit: int) -> dict[str, Any]:
    return {"gate": gate, "targets": [qubit], "rotation": angle}

"""Bodies of requests, held against those of IonQ's own client for the same circuit, which here finds no network."""

import json
import math
import types

import pytest
import qiskit.qasm3
from qiskit.providers import Options
from qiskit_ionq.helpers import qiskit_to_ionq

from synqc.errors import InputError
from synqc.hardware import DriveProbeDriveCircuit
from synqc.hardware.ionq import ionq_request

OPTIONS = Options(noise_model=None, sampler_seed=None)
MACHINE = types.SimpleNamespace(name="ionq_qpu.forte-1", gateset=lambda: "qis", options=OPTIONS)
PAIRED = DriveProbeDriveCircuit(
    strength=0.4, first_axis=0.3, second_axis=-0.7, corrections=((0.1, 0.1), (0.2, 0.2))
)  # fmt: skip


def of_client(circuit, shots):
    """What IonQ's client would send."""
    read = qiskit.qasm3.loads(circuit.to_openqasm())
    read.name = "drive-probe-drive"
    return json.loads(qiskit_to_ionq(read, MACHINE, {"shots": shots, "dry_run": True}))


def by_qubit(gates, qubit):
    """Gates of one qubit in order; the order of gates that share no qubit says nothing."""
    return [gate for gate in gates if qubit in gate["targets"] or qubit in gate.get("controls", [])]


def about(gate):
    return {**gate, "rotation": pytest.approx(gate["rotation"])} if "rotation" in gate else gate


@pytest.mark.parametrize("circuit", [DriveProbeDriveCircuit(strength=0.4), PAIRED], ids=["one pair", "two pairs"])
def test_a_circuit_without_a_condition_is_the_clients_list_of_gates(circuit):
    ours, theirs = ionq_request(circuit, backend="qpu.forte-1", shots=100, dry_run=True), of_client(circuit, 100)
    for name in ("type", "backend", "shots", "name", "dry_run"):
        assert ours[name] == theirs[name]
    assert ours["input"]["gateset"] == theirs["input"]["gateset"]
    assert ours["input"]["qubits"] == theirs["input"]["qubits"] == circuit.qubits
    for qubit in range(circuit.qubits):
        mine = by_qubit(ours["input"]["circuit"], qubit)
        assert by_qubit(theirs["input"]["circuit"], qubit) == [about(gate) for gate in mine]


def test_a_circuit_that_feeds_forward_is_text_as_the_clients_is():
    circuit = DriveProbeDriveCircuit.corrected(strength=0.4)
    ours, theirs = ionq_request(circuit, backend="qpu.forte-1", shots=100, dry_run=True), of_client(circuit, 100)
    for name in ("type", "backend", "shots", "name", "dry_run", "settings"):
        assert ours[name] == theirs[name]
    assert ours["input"].keys() == theirs["input"].keys()
    assert ours["input"]["qubits"] == theirs["input"]["qubits"]
    mine, his = (qiskit.qasm3.loads(body["input"]["data"]) for body in (ours, theirs))
    assert mine == his


def test_a_body_is_json_with_its_tag():
    body = ionq_request(DriveProbeDriveCircuit(strength=0.4), backend="simulator", shots=7, tag="synqc-1")
    assert json.loads(json.dumps(body, allow_nan=False)) == body
    assert body["metadata"] == {"tag": "synqc-1"}
    assert "dry_run" not in body
    assert body["input"]["circuit"][0] == {"gate": "rx", "targets": [0], "rotation": math.pi / 2}


@pytest.mark.parametrize(("options", "words"), [({"shots": 0}, "`shots`"), ({"backend": ""}, "`backend`")])
def test_what_ionq_cannot_play_is_refused(options, words):
    with pytest.raises(InputError, match=words):
        ionq_request(DriveProbeDriveCircuit(strength=0.4), **{"backend": "simulator", "shots": 1} | options)

"""A twin as a backend of Qiskit: gates mean what Qiskit says, and foreign programs run on it unmodified."""

import math

import numpy as np
import pytest

from synqc.errors import InputError
from synqc.records import read
from synqc.twin import Faults, HiddenQubit, Twin

qiskit = pytest.importorskip("qiskit", reason="qiskit is not installed: pip install 'synqc[twin-qiskit]'")

from qiskit.circuit.random import random_circuit  # noqa: E402
from qiskit.quantum_info import Statevector  # noqa: E402

from synqc.twin.qiskit_backend import TwinBackend, _played_by_each  # noqa: E402


def backend_of(*hidden, seed=2, **more):
    return TwinBackend(Twin(hidden, seed=seed, **more))


def test_gates_mean_what_qiskit_says(seed):
    """Random circuits of one qubit against Qiskit's own state vectors."""
    lasting = HiddenQubit(t1_us=1e9, tphi_us=1e9, anharmonicity_mhz=-1e5)
    backend = backend_of(lasting)
    for number in range(12):
        circuit = random_circuit(1, 6, max_operands=1, seed=(seed + number) % 2**31)
        expected = Statevector(circuit).probabilities()[1]
        compiled = qiskit.transpile(circuit, backend, optimization_level=1)
        played, _ = _played_by_each(compiled, 1)
        found = Twin([lasting], seed=1)[0].populations(played[0])[1]
        assert found == pytest.approx(expected, abs=3e-3), (seed, number)


def test_counts_are_those_of_each_qubit_in_its_bit():
    backend = backend_of(HiddenQubit(), HiddenQubit(), HiddenQubit())
    circuit = qiskit.QuantumCircuit(3, 3)
    circuit.x(1)
    circuit.measure([0, 1, 2], [2, 0, 1])
    result = backend.run(circuit, shots=500, memory=True).result()
    counts = result.get_counts()
    assert max(counts, key=counts.get) == "001"
    assert sum(counts.values()) == len(result.get_memory()) == 500


def test_delays_are_waited_for_in_every_unit():
    backend = backend_of(HiddenQubit(t1_us=50.0))
    shares = []
    for delay, unit in ((50.0, "us"), (50_000, "ns"), (50e-6, "s"), (50_000, "dt")):
        circuit = qiskit.QuantumCircuit(1, 1)
        circuit.x(0)
        circuit.delay(delay, 0, unit)
        circuit.measure(0, 0)
        shares.append(backend.run(circuit, shots=4000).result().get_counts()["1"] / 4000)
    assert shares == pytest.approx([0.37] * 4, abs=0.05)


def test_points_are_read_by_the_readers_of_measured_files():
    backend = backend_of(HiddenQubit())
    circuit = qiskit.QuantumCircuit(1, 1, name="excited")
    circuit.x(0)
    circuit.measure(0, 0)
    result = backend.run(circuit, shots=300, meas_level=1).result()
    file = read(result.to_dict(), ground_sign="any", units={"memory": ""})
    assert file["excited"].values.shape == (300, 1)
    mean = backend.run(circuit, shots=300, meas_level=1, meas_return="avg").result().to_dict()
    assert np.shape(mean["results"][0]["data"]["memory"]) == (1, 2)


def test_lost_shots_are_missing():
    backend = backend_of(HiddenQubit(), faults=Faults(dropped_share=0.2))
    circuit = qiskit.QuantumCircuit(1, 1)
    circuit.measure(0, 0)
    assert 700 < sum(backend.run(circuit, shots=1000).result().get_counts().values()) < 900


def test_what_it_cannot_play_is_refused_by_name():
    backend = backend_of(HiddenQubit(), HiddenQubit())
    two = qiskit.QuantumCircuit(2)
    two.cx(0, 1)
    with pytest.raises(InputError, match="no gate of two, but has cx"):
        backend.run(two)
    hadamard = qiskit.QuantumCircuit(1)
    hadamard.h(0)
    with pytest.raises(InputError, match="or be transpiled, but has h"):
        backend.run(hadamard)
    twice = qiskit.QuantumCircuit(1, 2)
    twice.measure(0, 0)
    twice.measure(0, 1)
    with pytest.raises(InputError, match="one measurement per qubit, at its end"):
        backend.run(twice)
    with pytest.raises(InputError, match="at most 2 qubits, but has 3"):
        backend.run(qiskit.QuantumCircuit(3))
    with pytest.raises(InputError, match="but has shot"):
        backend.run(qiskit.QuantumCircuit(1), shot=3)


def test_an_unmodified_experiment_of_qiskit_experiments_finds_t1():
    library = pytest.importorskip(
        "qiskit_experiments.library", reason="the package qiskit-experiments is not installed"
    )
    backend = backend_of(HiddenQubit(t1_us=60.0), seed=5)
    experiment = library.T1(physical_qubits=[0], delays=np.linspace(1e-6, 200e-6, 21), backend=backend)
    experiment.set_run_options(shots=1000)
    data = experiment.run().block_for_results(timeout=300)
    found = data.analysis_results("T1", dataframe=False)
    assert math.isclose(found.value.nominal_value, 60e-6, rel_tol=0.1)

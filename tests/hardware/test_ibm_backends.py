"""Qiskit's backends: what is read from them, and their figures beside closed forms and the laboratory's own."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit_ibm_runtime import IBMBackend
from qiskit_ibm_runtime.fake_provider import FakeFez, FakeManilaV2

import synqc
from synqc.errors import InputError
from synqc.hardware import DriveProbeDriveCircuit, circuit_of
from synqc.hardware.backend import Price, Shots, bits_of_texts
from synqc.hardware.ibm import IbmBackend, ibm_backend, with_idle_times
from synqc.hardware.plan import dry_run
from synqc.hardware.run_figures import run_figures

SHOTS = 4000
GAINS = [-1.0, 0.0, 1.0]


class Undo:
    """Corrects by a part of the angle by which an ideal probe tilted the state."""

    def __init__(self, gain):
        self.gain = gain

    def second_angle_corrections(self, qubit, records):
        return self.gain * math.asin(0.4) * records[:, 0]


def experiment(gain=0.0, **arguments):
    rule = Undo(gain) if gain else "none"
    return synqc.Experiment(**{"probe_strength": 0.4, "qubits": 1, "adaptive_rule": rule} | arguments)


def played(backend, asked, *, shots=SHOTS, seed):
    compiled = backend.compile(circuit_of(asked), seed=seed)
    return run_figures(asked, backend.capabilities, compiled, backend.sample(compiled, shots, seed=seed), seed=seed)


@pytest.mark.parametrize("gain", GAINS)
def test_qiskits_simulator_shows_the_closed_form(gain, seed):
    tilt = math.asin(0.4)
    value, error, _ = played(ibm_backend("aer"), experiment(gain), seed=seed)["fidelity"]
    assert abs(value - (1 + math.cos((1 - gain) * tilt)) / 2) < 5 * error, f"seed {seed}"


@pytest.mark.parametrize(
    ("backend", "pairs"),
    [(FakeManilaV2, (0, 1)), (FakeManilaV2, (3, 4)), pytest.param(FakeFez, (0, 1), marks=pytest.mark.deep)],
)
@pytest.mark.parametrize("gain", GAINS)
def test_the_laboratorys_emulation_of_the_same_qubits_agrees(backend, pairs, gain, seed):
    """Within chance and 0.01: both follow one calibration, and their models of gate errors differ."""
    fake = IbmBackend(backend(), pairs=[pairs])
    asked = experiment(gain)
    compiled = fake.compile(circuit_of(asked), seed=seed)
    assert compiled.layout == (pairs,)
    found = run_figures(asked, fake.capabilities, compiled, fake.sample(compiled, SHOTS, seed=seed), seed=seed)
    own = experiment(
        gain, preset=fake.device(compiled), target="ibm-qpu", detuning_khz=0.0, amplitude_error=0.0, drift="none",
        decision_latency_ns=0.0,
    ).run(SHOTS, seed=seed, progress=False)  # fmt: skip
    value, error, _ = found["fidelity"]
    assert abs(value - float(own.fidelity)) < 4 * error + 0.01, f"seed {seed}"


def test_capabilities_are_read_from_the_backend():
    said = IbmBackend(FakeManilaV2()).capabilities
    assert said.emulated
    assert said.name == "ibm:fake_manila"
    assert said.couplings == {frozenset(pair) for pair in [(0, 1), (1, 2), (2, 3), (3, 4)]}
    assert said.feeds_forward
    assert said.shots_most == 100_000


def test_entangling_gates_and_durations_are_those_of_the_compiled_circuit():
    manila = IbmBackend(FakeManilaV2(), pairs=[(0, 1)])
    compiled = manila.compile(DriveProbeDriveCircuit.corrected(strength=0.4))
    assert compiled.entangling_gates == compiled.text.count("cx $")
    readout = 1e6 * manila.backend.target["measure"][(1,)].duration
    assert compiled.latency_terms["ancilla readout"] == pytest.approx(readout)
    assert compiled.duration_us == pytest.approx(sum(compiled.latency_terms.values()))
    plain = manila.compile(DriveProbeDriveCircuit(strength=0.4))
    assert plain.duration_us < compiled.duration_us - 0.9 * readout


def test_a_qubit_idles_while_its_ancilla_is_read():
    manila = IbmBackend(FakeManilaV2(), pairs=[(0, 1)])
    compiled = manila.compile(DriveProbeDriveCircuit.corrected(strength=0.4))
    padded = with_idle_times(compiled.native, manila.backend.target)
    readout = manila.backend.target["measure"][(1,)].duration
    longest = max(item.operation.duration for item in padded.data if item.operation.name == "delay")
    assert longest == pytest.approx(readout, rel=0.02)
    assert with_idle_times(QuantumCircuit(1, 1), manila.backend.target).data == []


def test_readout_errors_are_taken_out_of_success_and_left_in_the_bits(seed):
    """Nothing but a half turn: success is 1 but for the gates, and the share of ones is short of it by the readout."""
    manila = IbmBackend(FakeManilaV2(), pairs=[(0, 1)])
    found = played(manila, experiment(probe_strength=0.0), seed=seed)
    (qubit,) = found["iterations"][0]["qubits"]
    missed = 0.0548  # of the calibration, P(0 | 1) of qubit 0
    assert abs(qubit["one_fraction"][0] - (1 - missed)) < 0.025, f"seed {seed}"
    assert abs(qubit["success"][0] - 1) < 5 * qubit["success"][1] + 0.02, f"seed {seed}"


@pytest.mark.parametrize(("first_angle", "read_ones"), [(math.pi / 2, 70), (-math.pi / 2, 10)])
def test_each_outcome_is_corrected_by_its_own_error(first_angle, read_ones):
    """P(1|0) = 0.1 and P(0|1) = 0.3: a perfect qubit in |1> reads 70 ones of 100, one in |0> reads 10."""
    asked = experiment(first_angle=first_angle)
    aer = ibm_backend("aer")
    compiled = aer.compile(circuit_of(asked))

    def read(ones):
        bits = np.zeros((100, 2), dtype=np.uint8)
        bits[:ones, 1] = 1
        return bits

    found = run_figures(asked, aer.capabilities, compiled, Shots(read(read_ones), read(10), read(70)), seed=0)
    assert found["fidelity"][0] == pytest.approx(1)
    assert 0.05 < found["fidelity"][1] < 0.2


def test_a_machine_of_an_account_is_not_emulated():
    class Machine(IBMBackend):
        """Known by its class, as machines are; with a fake's figures, for want of a machine."""

        def __init__(self, is_simulator):
            self.fake, self.is_simulator = FakeManilaV2(), is_simulator

        target = property(lambda self: self.fake.target)
        num_qubits = property(lambda self: 5)
        name = "ibm_example"

        def configuration(self):
            return SimpleNamespace(simulator=self.is_simulator, max_shots=10, default_rep_delay=None)

    metal = IbmBackend(Machine(is_simulator=False))
    assert not metal.capabilities.emulated
    assert metal.price is None
    assert metal.capabilities.shots_most == 10
    assert IbmBackend(Machine(is_simulator=True)).capabilities.emulated


def test_two_pairs_share_one_machine(seed):
    manila = IbmBackend(FakeManilaV2(), pairs=[(0, 1), (4, 3)])
    found = played(manila, experiment(qubits=2), seed=seed)
    assert found["backend"]["layout"] == [[0, 1], [4, 3]]
    assert found["backend"]["entangling_gates"] == 4
    assert len(found["iterations"][0]["qubits"]) == 2
    assert all(abs(qubit["success"][0] - 0.94) < 0.05 for qubit in found["iterations"][0]["qubits"]), f"seed {seed}"


def test_the_same_seed_gives_the_same_bits(seed):
    manila = IbmBackend(FakeManilaV2())
    compiled = manila.compile(DriveProbeDriveCircuit(strength=0.4), seed=seed)
    one, other = (manila.sample(compiled, 50, seed=seed).bits for _ in range(2))
    assert np.array_equal(one, other), f"seed {seed}"


def test_a_register_larger_than_the_machine_is_refused():
    with pytest.raises(InputError, match="`qubits` must be at most 2 on ibm:fake_manila"):
        dry_run(experiment(qubits=3), IbmBackend(FakeManilaV2()), shots=10)


def test_pairs_for_another_register_are_refused():
    with pytest.raises(InputError, match="`pairs` must have one for each of 2 qubits"):
        IbmBackend(FakeManilaV2(), pairs=[(0, 1)]).compile(DriveProbeDriveCircuit.corrected(strength=0.4, pairs=2))


def test_what_is_no_backend_is_refused():
    with pytest.raises(InputError, match="must be a Qiskit backend with a target, but is str"):
        IbmBackend("fake_manila")


def test_a_plan_shows_circuit_layout_shots_seconds_and_price():
    manila = IbmBackend(FakeManilaV2(), pairs=[(0, 1)])
    plan = dry_run(experiment(), manila, shots=1000)
    assert plan.seconds == pytest.approx(2 + 3000 * 255.98e-6, rel=1e-3)
    for words in ("ibm:fake_manila  [emulated]", "0 by 1", "3 x 1,000", "0.00 USD", "OPENQASM 3.0"):
        assert words in str(plan)
    manila.price = Price(usd_per_second=2.0)
    assert dry_run(experiment(), manila, shots=1000).usd == pytest.approx(2 * plan.seconds)
    manila.price = None
    assert "not known" in str(dry_run(experiment(), manila, shots=1000))


def test_the_last_letter_of_a_text_of_bits_is_the_first_bit():
    assert bits_of_texts(["001", "110"], 3).tolist() == [[1, 0, 0], [0, 1, 1]]

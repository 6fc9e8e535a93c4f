"""Devices of some qubits of a backend."""

import pytest

import synqc
from synqc.errors import InputError

fake_provider = pytest.importorskip("qiskit_ibm_runtime.fake_provider", reason="needs the extra hardware-ibm")


@pytest.fixture(scope="module")
def manila():
    return fake_provider.FakeManilaV2()


@pytest.fixture(scope="module")
def times(manila):
    return [1e6 * manila.properties().t1(qubit) for qubit in range(5)]


def test_qubits_come_in_the_order_asked_for_with_their_own_figures(manila, times):
    device = synqc.Device.from_backend(manila, qubits=[4, 2])
    assert [one["t1_us"] for one in device.calibrated_qubits] == pytest.approx([times[4], times[2]])
    assert len(set(times)) == 5


def test_all_qubits_are_the_snapshots(manila):
    assert synqc.Device.from_backend(manila) == synqc.Device.from_ibm_properties(manila.properties())


def test_a_pairs_systems_come_first_and_its_gate_is_its_own(manila, times):
    gate = manila.properties()
    one = synqc.Device.from_backend(manila, qubits=[(1, 0)])
    other = synqc.Device.from_backend(manila, qubits=[(3, 4)])
    assert [one["t1_us"] for one in one.calibrated_qubits] == pytest.approx([times[1], times[0]])
    assert one.two_qubit_gate_error == pytest.approx(gate.gate_error("cx", [1, 0]), rel=0.3)
    assert one.two_qubit_gate_ns != other.two_qubit_gate_ns
    both = synqc.Device.from_backend(manila, qubits=[(1, 0), (3, 4)])
    assert [one["t1_us"] for one in both.calibrated_qubits] == pytest.approx([times[k] for k in (1, 3, 0, 4)])


@pytest.mark.parametrize(
    ("qubits", "word"), [([5], "from 0 to 4"), ([1, 1], "twice"), ([], "at least one"), ([1, (2, 3)], "some of both"),
                         ([-1], "names -1"), ([(0, 0)], "twice")],
)  # fmt: skip
def test_what_is_no_choice_of_qubits_is_refused(manila, qubits, word):
    with pytest.raises(InputError, match=word):
        synqc.Device.from_backend(manila, qubits=qubits)


def test_a_backend_without_a_calibration_is_refused():
    with pytest.raises(InputError, match="`target`"):
        synqc.Device.from_backend(object())

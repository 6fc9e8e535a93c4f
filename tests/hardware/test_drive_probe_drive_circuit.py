"""The circuit form and its exact figures, held against closed forms and against other programs that read its text."""

import math

import numpy as np
import openqasm3
import pytest
import qiskit.qasm3
from qiskit_aer import AerSimulator

import synqc
from synqc.errors import InputError
from synqc.hardware import DriveProbeDriveCircuit, circuit_of, exact_figures

STRENGTHS = np.linspace(0, 1, 21)
SHOTS = 4000


@pytest.mark.parametrize("strength", STRENGTHS)
def test_fidelity_over_the_probe_strength_is_its_closed_form(strength):
    coherence = math.sqrt(1 - strength**2)
    plain = exact_figures(DriveProbeDriveCircuit(strength=strength))
    assert plain.fidelity == pytest.approx((1 + coherence) / 2, abs=1e-14)
    assert exact_figures(DriveProbeDriveCircuit.corrected(strength=strength)).fidelity == pytest.approx(1, abs=1e-14)
    wrong = exact_figures(DriveProbeDriveCircuit.corrected(strength=strength, gain=-1.0))
    assert wrong.fidelity == pytest.approx(1 - strength**2, abs=1e-14)
    assert plain.backaction == pytest.approx((1 - coherence) / 2, abs=1e-14)


@pytest.mark.parametrize("gain", [-1.0, 0.0, 0.3, 1.0, 2.0])
def test_a_correction_turns_each_branch_by_its_part(gain):
    tilt = math.asin(0.4)
    found = exact_figures(DriveProbeDriveCircuit.corrected(strength=0.4, gain=gain))
    expected = (1 + math.cos((1 - gain) * tilt)) / 2
    assert found.fidelity == pytest.approx(expected, abs=1e-14)


@pytest.mark.parametrize(("prepared", "share"), [(0.0, 0.7), (math.pi, 0.3)])
def test_outcome_zero_speaks_for_the_ground_state(prepared, share):
    circuit = DriveProbeDriveCircuit(strength=0.4, first_angle=prepared, second_angle=0.0)
    assert exact_figures(circuit).probabilities[0].sum() == pytest.approx(share, abs=1e-14)


def test_the_readout_is_the_fidelity_only_where_the_ideal_state_is_a_pole():
    assert exact_figures(DriveProbeDriveCircuit(strength=0.4)).reads_fidelity
    assert not exact_figures(DriveProbeDriveCircuit(strength=0.4, second_angle=1.0)).reads_fidelity


def test_exact_figures_of_the_ideal_instrument_are_those_of_the_laboratory():
    """The laboratory's own probe through an ancilla, on a qubit that neither decays nor errs."""
    still = synqc.Experiment(
        "ibm_fez", target="ibm-qpu", probe_strength=0.4, qubits=1, t1_us=1e6, t2_us=1e6, detuning_khz=0.0,
        amplitude_error=0.0, levels=2, drift="none", thermal_population=0.0,
    )  # fmt: skip
    run = still.run(200, seed=3, progress=False)
    found = exact_figures(circuit_of(still))
    assert float(run.backaction) == pytest.approx(found.backaction, abs=2e-2)
    assert float(run.fidelity) == pytest.approx(found.fidelity, abs=5e-3)


@pytest.mark.parametrize("gain", [-1.0, 0.0, 1.0])
@pytest.mark.parametrize("pairs", [1, 2])
@pytest.mark.parametrize("axes", [(0.0, 0.0), (0.4, -1.1)])
def test_another_simulator_that_reads_the_text_shows_the_exact_probabilities(gain, pairs, axes, seed):
    tilt = gain * math.asin(0.4)
    circuit = DriveProbeDriveCircuit(
        strength=0.4, first_angle=1.2, first_axis=axes[0], second_angle=0.9, second_axis=axes[1],
        corrections=((tilt, -tilt), (0.3, 0.1))[:pairs],
    )  # fmt: skip
    openqasm3.parse(circuit.to_openqasm())
    read = qiskit.qasm3.loads(circuit.to_openqasm())
    shown = AerSimulator(seed_simulator=seed).run(read, shots=SHOTS).result().get_counts()
    for pair in range(pairs):
        expected = exact_figures(circuit, pair).probabilities
        counted = np.zeros((2, 2))
        for bits, count in shown.items():
            ordered = bits[::-1]
            counted[int(ordered[2 * pair]), int(ordered[2 * pair + 1])] += count
        errors = np.sqrt(expected * (1 - expected) / SHOTS)
        assert np.abs(counted / SHOTS - expected).max() < 5 * errors.max(), f"seed {seed}"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"strength": 1.2}, r"`strength` must be from 0 to 1, but is 1.2"),
        ({"strength": 0.2, "first_angle": math.nan}, r"`first_angle` must be an angle .* but is nan"),
        ({"strength": 0.2, "corrections": ()}, r"`corrections` must have a pair"),
        ({"strength": 0.2, "corrections": ((1.0,),)}, r"`corrections` must hold pairs"),
    ],
)
def test_a_circuit_refuses_what_is_out_of_range(arguments, words):
    with pytest.raises(InputError, match=words):
        DriveProbeDriveCircuit(**arguments)


def test_a_rule_that_learns_between_batches_has_no_circuit():
    with pytest.raises(InputError, match="`adaptive_rule` must be"):
        circuit_of(synqc.Experiment(adaptive_rule=lambda batch: None))


def test_a_rule_that_answers_another_shape_is_refused():
    class Odd:
        def second_angle_corrections(self, qubit, records):
            return records

    with pytest.raises(InputError, match=r"shape \(2,\)"):
        circuit_of(synqc.Experiment(adaptive_rule=Odd()))

"""Braket's local simulators read the same text and show the closed form, by shots that no seed repeats."""

import math

import numpy as np
import pytest

import synqc
from synqc.errors import UnknownName
from synqc.hardware import DriveProbeDriveCircuit, exact_figures
from synqc.hardware.braket import BraketSimulator

SHOTS = 2000


@pytest.mark.parametrize("name", ["braket_dm", "braket_sv"])
@pytest.mark.parametrize("gain", [-1.0, 0.0, 1.0])
def test_braket_shows_the_exact_probabilities(name, gain):
    tilt = gain * math.asin(0.4)
    circuit = DriveProbeDriveCircuit(
        strength=0.4, first_angle=1.2, second_angle=0.9, second_axis=0.3, corrections=((tilt, -tilt),)
    )
    simulator = BraketSimulator(name)
    bits = simulator.sample(simulator.compile(circuit), SHOTS).bits
    counted = np.histogram2d(bits[:, 0], bits[:, 1], bins=2)[0] / SHOTS
    expected = exact_figures(circuit).probabilities
    assert np.abs(counted - expected).max() < 6 * math.sqrt(0.25 / SHOTS)


def test_two_pairs_are_told_apart():
    circuit = DriveProbeDriveCircuit(strength=1.0, first_angle=math.pi, second_angle=0.0, corrections=((0, 0), (0, 0)))
    flipped = DriveProbeDriveCircuit(
        strength=1.0, first_angle=0.0, second_angle=0.0, corrections=((0.0, 0.0), (math.pi, math.pi))
    )
    simulator = BraketSimulator()
    assert simulator.sample(simulator.compile(circuit), 5).bits.tolist() == [[1, 1, 1, 1]] * 5
    assert simulator.sample(simulator.compile(flipped), 5).bits.tolist() == [[0, 0, 0, 1]] * 5


def test_an_experiment_runs_on_braket():
    run = synqc.Experiment(probe_strength=0.4, qubits=1).run(500, seed=2, on="braket:braket_dm")
    assert run.emulated
    assert abs(float(run.fidelity) - 0.9583) < 7 * run.fidelity.standard_error


def test_another_name_is_refused():
    with pytest.raises(UnknownName, match="but is 'braket:sv1'; near it: braket:braket_sv"):
        synqc.Experiment(qubits=1).run(5, on="braket:sv1")

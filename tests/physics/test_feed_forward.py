"""Feed-forward with a latency: what waiting costs, against closed forms."""

import math

import numpy as np
import pytest

import synqc

# Case 36: active reset with these assignment errors, latency and T1.
P1_BEFORE, READS_1_IN_0, READS_0_IN_1, LATENCY_US, T1_US = 0.5, 0.004, 0.0115, 0.5, 145.0
READOUT_NS = 100.0  # of the ancilla, part of the latency

QUIET = """{"name": "reset", "modality": "transmon", "qubit": {"t1_us": 145, "t2_us": 290, "gate_ns": 0.1,
 "readout_ns": 100, "p0_given_1": 0.0115, "p1_given_0": 0.004, "gamma_max_per_us": 1, "levels": 2}}"""


class FlipIfOne:
    """Active reset: half a turn if the ancilla read 1."""

    def second_angle_corrections(self, qubit, records):
        return np.where(records[:, 0] < 0, math.pi, 0.0)


def test_active_reset_leaves_what_errors_and_waiting_leave():
    path_ns = synqc.targets()["sim-local"].path_latency_ns
    experiment = synqc.Experiment(
        synqc.Device.from_json(QUIET),
        qubits=1,
        envelope="square",
        probe_mapping="pulse",
        probe_strength=1.0,
        probe_duration_ns=0.1,
        second_angle=0.0,
        adaptive_rule=FlipIfOne(),
        decision_latency_ns=1e3 * LATENCY_US - path_ns - READOUT_NS,
        detuning_khz=0.0,
        amplitude_error=0.0,
    )
    seed = 36
    run = experiment.run(shots=400_000, seed=seed)
    kept = math.exp(-LATENCY_US / T1_US)
    expected = P1_BEFORE * ((1 - READS_0_IN_1) * (1 - kept) + READS_0_IN_1 * kept) + (1 - P1_BEFORE) * READS_1_IN_0
    assert expected == pytest.approx(0.0094315818, abs=1e-10)
    # The readout at the end has the same assignment errors; corrected for them, the fraction of ones is P1.
    measured = (run.p1[0].value - READS_1_IN_0) / (1 - READS_1_IN_0 - READS_0_IN_1)
    error = run.p1[0].standard_error / (1 - READS_1_IN_0 - READS_0_IN_1)
    # Pulses of 0.1 ns and the angle's grid (rounded to at most 3 mrad) add less than 1e-5.
    assert abs(measured - expected) < 4 * error + 1e-5, f"seed {seed}"


def test_without_errors_or_waiting_active_reset_is_perfect():
    ideal = synqc.Device.from_json(QUIET).replace(t1_us=math.inf, t2_us=math.inf, p0_given_1=0.0, p1_given_0=0.0)
    experiment = synqc.Experiment(
        ideal, qubits=1, envelope="square", probe_mapping="pulse", probe_strength=1.0, probe_duration_ns=0.1,
        second_angle=0.0, adaptive_rule=FlipIfOne(), decision_latency_ns=0.0, detuning_khz=0.0, amplitude_error=0.0,
    )  # fmt: skip
    run = experiment.run(shots=20_000, seed=1)
    # What is left is the angle's rounding, at most (pi / 1024)^2 / 4 a shot.
    assert run.p1[0].value < 5e-4, "seed 1"

"""What a shot's latency is made of, and what the qubit suffers meanwhile."""

import math

import numpy as np
import pytest

import synqc

DEVICE = synqc.Device.from_json(
    """{"name": "timed", "modality": "transmon", "qubit": {"t1_us": 60, "t2_us": 50, "gate_ns": 31,
 "two_qubit_gate_ns": 77, "two_qubit_gate_error": 0.01, "readout_ns": 733,
 "p0_given_1": 0.0, "p1_given_0": 0.0, "gamma_max_per_us": 1,
 "levels": 2}}"""
)


@pytest.mark.parametrize("target", synqc.targets())
@pytest.mark.parametrize("rule", ["none", "bayes"])
@pytest.mark.parametrize("mapping", ["rate", "pulse"])
def test_latency_is_the_sum_of_the_terms_its_target_declares(target, rule, mapping):
    if target == "classical-only" and mapping == "pulse":
        return  # refused: a classical plant has no ancilla
    declared = synqc.targets()[target]
    experiment = synqc.Experiment(
        DEVICE, target=target, probe_mapping=mapping, probe_strength=0.3, probe_duration_ns=411.0, adaptive_rule=rule,
        qubits=1,
    )  # fmt: skip
    run = experiment.run(shots=100, seed=1)
    waits, ancilla = rule == "bayes", mapping == "pulse"
    gates = 0 if not ancilla else 1 if target == "ionq" else 2
    expected_ns = {
        "first drive": 31.0,
        "probe": 411.0 + gates * 77.0,
        "ancilla readout": 733.0,
        "decision": (declared.path_latency_ns + declared.decision_latency_ns) if waits else 0.0,
        "second drive": 31.0,
        "readout": 733.0,
        "result path": declared.result_latency_ns,
    }
    if not (waits and ancilla):
        del expected_ns["ancilla readout"]
    assert list(run.latency_terms) == list(expected_ns)
    for name, value in expected_ns.items():
        assert run.latency_terms[name] == pytest.approx(value * 1e-3, abs=1e-12), name
    assert float(run.latency_us) == pytest.approx(sum(expected_ns.values()) * 1e-3, abs=1e-12)
    assert run.cycle_time_us == float(run.latency_us)


@pytest.mark.parametrize("probe_us", [0.001, 20.0])
def test_the_second_drive_waits_for_the_ancillas_readout_while_the_qubit_decays(probe_us):
    """The conditioned state lies on the equator's meridian; the wait shrinks and lifts it, D2 aims at what is left.

    So does the probe's duration, which an ancilla's outcome precedes: the controller must know of both.
    """
    perfect = DEVICE.replace(t1_us=60.0, t2_us=50.0).to_json()
    run = synqc.Experiment(
        synqc.Device.from_json(perfect), qubits=1, envelope="square", detuning_khz=0.0, amplitude_error=0.0,
        probe_strength=0.6, probe_duration_ns=1e3 * probe_us, probe_mapping="pulse", adaptive_rule="bayes",
        decision_latency_ns=0.0,
    ).run(shots=20_000, seed=4)  # fmt: skip
    # Gates of negligible loss against the wait: two CZ, then readout and path.
    path_us = synqc.targets()["sim-local"].path_latency_ns * 1e-3
    wait, gates = 0.733 + path_us + probe_us, 2 * 0.077
    mixed = 1 - (1 - 0.01 * 4 / 3) ** 2

    def decayed(vector, time):
        return np.array([vector[0] * math.exp(-time / 50), 1 - (1 - vector[1]) * math.exp(-time / 60)])

    # In the plane (coherence, z) after D1, which itself takes 31 ns.
    start = decayed(np.array([1.0, 0.0]), 0.031 / 2 + gates)
    fidelity = 0.0
    for sign in (1, -1):
        weight = (1 + sign * 0.6 * start[1]) / 2
        kept = np.array([math.sqrt(1 - 0.36) / 2 * start[0], (start[1] + sign * 0.6) / 2])
        vector = decayed((1 - mixed) * kept / ((1 - mixed) * weight + mixed / 2), wait)
        fidelity += ((1 - mixed) * weight + mixed / 2) * (1 + np.hypot(*decayed(vector, 0.031 / 2))) / 2
    # What the gates' own 31 ns add beyond half of it each is second order.
    assert float(run.fidelity) == pytest.approx(fidelity, abs=1e-3 + 4 * run.fidelity.standard_error), "seed 4"
    if probe_us < 1:  # else the readout is a small part of the wait
        without_readout = float(run.fidelity) + 0.733 / 50 * 0.2
        assert abs(without_readout - fidelity) > 2e-3


def test_ibm_fez_with_feedback_loses_what_its_ancillas_readout_costs():
    experiment = synqc.Experiment(
        "ibm_fez", target="ibm-qpu", probe_strength=0.4, adaptive_rule="bayes", detuning_khz=0.0, amplitude_error=0.0,
        drift="none", spread=0.0, qubits=1,
    )  # fmt: skip
    run = experiment.run(shots=5000, seed=1)
    assert run.latency_terms["ancilla readout"] == pytest.approx(1.56)
    quick = synqc.Device.from_json(experiment.device.to_json()).replace(readout_ns=1e-3)
    prompt = experiment.replace(preset=quick).run(shots=5000, seed=1)
    assert 0.006 < float(prompt.fidelity) - float(run.fidelity) < 0.011, "seed 1"


def test_the_controller_aims_at_the_decayed_state():
    """With T1 and T2 of the order of the wait, turning the state as it was before the wait would miss."""
    short = DEVICE.replace(t1_us=2.0, t2_us=4.0)
    path_ns = synqc.targets()["sim-local"].path_latency_ns
    experiment = synqc.Experiment(
        short, qubits=1, envelope="square", detuning_khz=0.0, amplitude_error=0.0, drift="none", probe_mapping="rate",
        probe_strength=1.0, gamma_max_per_us=100.0, efficiency=1.0, probe_duration_ns=20.0, adaptive_rule="bayes",
        decision_latency_ns=2000.0 - path_ns, first_angle=math.pi / 2, second_angle=math.pi / 2,
    )  # fmt: skip
    aimed = float(experiment.run(shots=40_000, seed=12).fidelity)

    class AimsAtTheUndecayed:
        """The same filter without the wait: Bloch angle atan(sinh u) of the record, u = s * record."""

        def second_angle_corrections(self, qubit, records):
            return np.arctan(np.sinh(2 * 100.0 * 0.02 * records[:, 0]))

    missed = float(experiment.replace(adaptive_rule=AimsAtTheUndecayed()).run(shots=40_000, seed=12).fidelity)
    assert aimed > missed + 0.01, "seed 12"


def test_gain_feedback_helps_at_the_sign_it_says_and_harms_at_the_other():
    """second angle = second_angle + gain * record: a record towards |0> asks for more rotation to |1>."""
    experiment = synqc.Experiment(
        "transmon-default", qubits=1, detuning_khz=0.0, amplitude_error=0.0, drift="none", probe_strength=1.0,
        gamma_max_per_us=1.0, efficiency=1.0, probe_duration_ns=1000.0, t1_us=1e6, t2_us=1e6, levels=2,
        decision_latency_ns=0.0,
    )  # fmt: skip

    def run_with(gain):
        return experiment.replace(adaptive_rule=lambda batch: {"feedback_gain": gain}).run(shots=4000, seed=13)

    plain, helped, harmed = (float(run_with(gain).fidelity) for gain in (0.0, 0.6, -0.6))
    assert helped > plain + 0.02, "seed 13"
    assert harmed < plain - 0.02, "seed 13"


def test_gain_feedback_is_that_of_a_function_of_the_whole_record():
    """Records of a weak probe reach far beyond 1: the gain acts on them too, as far as half a turn."""
    gain = 0.3
    experiment = synqc.Experiment(
        "transmon-default", qubits=1, detuning_khz=0.0, amplitude_error=0.0, drift="none", probe_strength=0.2,
        efficiency=0.5, probe_bins=4,
    )  # fmt: skip

    class Proportional:
        def second_angle_corrections(self, qubit, records):
            return gain * records.mean(axis=1)

    own, built_in = (
        experiment.replace(adaptive_rule=rule).run(shots=4000, seed=16, keep_records=True)
        for rule in (Proportional(), lambda batch: {"feedback_gain": gain})
    )
    assert np.array_equal(own.records, built_in.records)
    assert np.mean(np.abs(own.records.mean(axis=-1)) > 1) > 0.3, "seed 16"
    # Both turn in steps of at most 2 pi / 1024.
    assert float(built_in.fidelity) == pytest.approx(float(own.fidelity), abs=1e-3), "seed 16"


def test_a_rule_of_ones_own_that_feeds_back_waits_and_says_so():
    experiment = synqc.Experiment(
        DEVICE, qubits=1, probe_strength=0.5, adaptive_rule=lambda batch: {"feedback_gain": 0.1}
    )
    sim = synqc.targets()["sim-local"]
    run = experiment.run(shots=100, seed=1)
    assert run.latency_terms["decision"] == pytest.approx((sim.path_latency_ns + sim.decision_latency_ns) * 1e-3)
    unfed = experiment.replace(adaptive_rule=lambda batch: {"second_angle": 1.0}).run(shots=100, seed=1)
    assert unfed.latency_terms["decision"] == 0

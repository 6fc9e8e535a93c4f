"""A device's readout resonator: its documents, where it acts, and that the stationary probe stays what it was."""

import json
import math
import pickle

import numpy as np
import pytest

import synqc
from synqc.errors import DocumentError, InputError
from synqc.readout import ReadoutPulse, Resonator

ALL_FIGURES = Resonator(
    kappa_mhz=5.3, chi_mhz=0.7, drive_mhz=2.1, detuning_mhz=-0.3, phase=0.4, efficiency=0.45, delay_ns=120.5,
    thermal_photons=0.01, critical_photons=44.4,
)  # fmt: skip


@pytest.mark.parametrize(
    "resonator",
    [ALL_FIGURES, Resonator(kappa_mhz=0.1, chi_mhz=(0.3, -0.3)), Resonator(kappa_mhz=7.0, chi_mhz=(1.0, -1.1, -3.2))],
    ids=["every figure", "two levels", "three levels"],
)
@pytest.mark.parametrize("preset", ["transmon-default", "ibm_fez"])
def test_a_device_is_its_document(preset, resonator):
    plain = synqc.device(preset)
    known = plain.replace(resonator=resonator)
    assert known.resonator == resonator
    assert synqc.Device.from_json(known.to_json()) == known
    assert pickle.loads(pickle.dumps(known)).resonator == resonator
    assert known != plain
    assert hash(known) != hash(plain)
    assert known.replace(t1_us=10.0).resonator == resonator
    assert known.replace(resonator="none") == plain
    assert "kappa_mhz" in known._repr_html_()
    assert "resonator" not in plain.to_json()
    assert plain.resonator is None


def test_a_document_needs_no_more_than_kappa_and_chi():
    document = json.loads(synqc.device("transmon-default").to_json())
    document["resonator"] = {"kappa_mhz": 5.0, "chi_mhz": 0.5}
    assert synqc.Device.from_document(document).resonator == Resonator(kappa_mhz=5.0, chi_mhz=0.5)
    document["resonator"] = None
    assert synqc.Device.from_document(document).resonator is None


@pytest.mark.parametrize(
    ("resonator", "words"),
    [
        ({"chi_mhz": 0.5}, r"`kappa_mhz`.*\$\.resonator"),
        ({"kappa_mhz": 5.0}, r"`chi_mhz`.*\$\.resonator"),
        ({"kappa_mhz": 0.0, "chi_mhz": 0.5}, r"`kappa_mhz` must be .*greater than 0.*\$\.resonator\.kappa_mhz"),
        ({"kappa_mhz": 5.0, "chi_mhz": [0.5]}, r"`chi_mhz` must be a number, or one for each.*\$\.resonator\.chi_mhz"),
        ({"kappa_mhz": 5.0, "chi_mhz": [1, 2, 3, 4]}, r"`chi_mhz` must be a number, or one for each.*\$\.resonator"),
        ({"kappa_mhz": 5.0, "chi_mhz": "much"}, r"`chi_mhz` must be a list.*\$\.resonator\.chi_mhz"),
        ({"kappa_mhz": 5.0, "chi_mhz": 0.5, "efficiency": 1.5}, r"`efficiency` must be between 0 and 1.*efficiency\)"),
        ({"kappa_mhz": 5.0, "chi_mhz": 0.5, "kappa": 5.0}, r"`kappa`.*\$\.resonator"),
    ],
)
def test_a_document_is_refused_with_its_place(resonator, words):
    document = json.loads(synqc.device("transmon-default").to_json()) | {"resonator": resonator}
    with pytest.raises(DocumentError, match=words):
        synqc.Device.from_document(document)


def test_what_replace_refuses():
    with pytest.raises(InputError, match="`resonator` must be a Resonator or 'none', but is 5"):
        synqc.device("ibm_fez").replace(resonator=5)


def test_a_monitored_qubit_has_the_device_s_figures(seed):
    device = synqc.device("ibm_fez").replace(resonator=ALL_FIGURES, detuning_khz=200.0, t1_us=3.0, t2_us=2.0)
    pulse = ReadoutPulse.square(300.0)
    qubit = synqc.MonitoredQubit.from_device(device, pulse)
    assert (qubit.t1_us, qubit.t2_us, qubit.detuning_khz) == (3.0, 2.0, 200.0)
    edges = np.array([0.0, 0.1205, 0.5205])
    made = synqc.smesolve(qubit, [0.5**0.5, 0.5**0.5], edges, ntraj=2000, seeds=seed, keep_runs_results=True)
    # The record until t tells of t - delay.
    expected = 0.5 * np.exp(
        -ALL_FIGURES.dephasing(pulse, 400.0) - 0.4 / 2.0
        + 1j * (ALL_FIGURES.stark_phase(pulse, 400.0) + 2e-3 * math.pi * 200.0 * 0.4)
    )  # fmt: skip
    error = np.abs(made.runs_final_states[:, 0, 1] - expected).std() / math.sqrt(2000)
    assert abs(made.average_states[-1, 0, 1] - expected) < 5 * error, f"seed {seed}"
    assert synqc.MonitoredQubit.from_device(device.replace(detuning_khz="drawn"), pulse).detuning_khz == 0
    with pytest.raises(InputError, match="`device` must have a resonator, but has none"):
        synqc.MonitoredQubit.from_device(synqc.device("ibm_fez"), pulse)


def test_the_probe_of_an_experiment_stays_stationary():
    plain = synqc.Experiment("ibm_fez", qubits=2, probe_strength=0.3)
    known = plain.replace(preset=synqc.device("ibm_fez").replace(resonator=ALL_FIGURES))
    one, other = (each.run(shots=200, seed=4, keep_records=True) for each in (plain, known))
    assert np.array_equal(one.records, other.records)
    assert one.kpis() == other.kpis()

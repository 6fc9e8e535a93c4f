"""Devices: figures, overrides, documents, registers, drift, targets."""

import copy
import json
import math
import pickle

import numpy as np
import pytest

import synqc.lab.device as lab
from synqc import _core
from synqc.errors import DocumentError, InputError, UnknownName
from synqc.lab.device import Device

IBM_FIGURES = {  # published medians: T1, T2, sx ns, sx error, two-qubit ns, error, readout ns, P(0|1), P(1|0)
    "ibm_fez": (144.9, 88.0, 24, 2.29e-4, 84, 3.9e-3, 1560, 1.15e-2, 3.9e-3),
    "ibm_torino": (185.0, 140.9, 32, 2.71e-4, 68, 4.2e-3, 1560, 2.3e-2, 2.0e-2),
    "ibm_marrakesh": (197.4, 118.4, 36, 2.30e-4, 68, 3.3e-3, 2584, 1.3e-2, 5.4e-3),
    "ibm_aachen": (232.3, 255.4, 32, 1.91e-4, 68, 1.5e-3, 2584, 6.6e-3, 6.4e-3),
    "ibm_sherbrooke": (278.4, 170.0, 57, 2.36e-4, 533, 7.8e-3, 1216, 1.4e-2, 2.1e-2),
}


def snapshot(count: int = 3) -> dict:
    """An IBM calibration snapshot of `count` qubits, the last of which is broken."""
    qubits = [
        [
            {"name": "T1", "unit": "us", "value": 100.0 + 10 * index},
            {"name": "T2", "unit": "us", "value": 80.0},
            {"name": "frequency", "unit": "GHz", "value": 4.8},
            {"name": "prob_meas0_prep1", "unit": "", "value": 0.02},
            {"name": "prob_meas1_prep0", "unit": "", "value": 0.01},
            {"name": "readout_length", "unit": "ns", "value": 1200},
        ]
        for index in range(count)
    ]
    qubits[-1][0]["value"] = math.nan
    gates = [
        {"gate": "sx", "qubits": [0], "parameters": [{"name": "gate_length", "unit": "ns", "value": 30}]},
        {"gate": "cz", "qubits": [0, 1], "parameters": [{"name": "gate_error", "unit": "", "value": 0.005}]},
    ]
    return {"backend_name": "ibm_example", "last_update_date": "2025-02-01", "qubits": qubits, "gates": gates}


@pytest.mark.parametrize("name", sorted(lab.presets()))
def test_every_shipped_device_is_sourced_and_reads_back_equal(name):
    one = lab.device(name)
    assert one.name == name
    assert one.sources
    assert one.assumptions
    assert one.description.endswith(".")
    assert Device.from_json(one.to_json()) == one
    assert one.t2_us <= 2 * one.t1_us
    assert name in repr(one)
    assert all(line.split()[0] in one._repr_html_() for line in one.sources)


@pytest.mark.parametrize("name", IBM_FIGURES)
def test_ibm_devices_have_the_published_medians(name):
    one = lab.device(name)
    found = (
        one.t1_us, one.t2_us, one.gate_ns, one.gate_error, one.two_qubit_gate_ns, one.two_qubit_gate_error,
        one.readout_ns, one.p0_given_1, one.p1_given_0,
    )  # fmt: skip
    assert found == IBM_FIGURES[name]
    assert one.levels == 3


@pytest.mark.parametrize("name", sorted(lab.presets()))
def test_full_probe_over_the_readout_shows_the_published_assignment_error(name):
    one = lab.device(name)
    dose = one.efficiency * one.gamma_max_per_us * one.readout_ns / 1e3
    error = math.erfc(math.sqrt(dose)) / 2 + one.readout_ns / 1e3 / (4 * one.t1_us)
    assert error == pytest.approx(one.assignment_error, rel=1e-9)


def test_default_preset_stands_first_and_has_the_documented_drift():
    assert next(iter(lab.presets())) == "transmon-default"
    assert len(lab.presets()) == 9
    one = lab.device("transmon-default")
    assert one.detuning_scale_khz == 100
    assert one.amplitude_error_scale == 0.01
    assert one.drift == (
        {"kind": "ornstein-uhlenbeck", "sigma_khz": 2.0, "correlation_time_s": 100.0},
        {"kind": "random-telegraph", "sigma_khz": 3.0, "switching_rate_per_s": 0.1},
    )


def test_fluxonium_levels_are_those_of_the_script():
    import importlib.util
    from pathlib import Path

    path = Path(__file__).parents[2] / "scripts" / "fluxonium_levels.py"
    spec = importlib.util.spec_from_file_location("fluxonium_levels", path)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    members = script.listed(1.0, 4.0, 0.9, 5)
    one = lab.device("fluxonium-pilot")
    assert one.frequency_ghz == members["frequency_ghz"]
    assert list(one.replace(levels=5).level_energies_mhz) == members["level_energies_mhz"]
    assert one.thermal_population == pytest.approx(lab.thermal_population(0.5, 20), abs=1e-4)
    energies, _ = script.fluxonium(1.0, 4.0, 0.9)
    finer, _ = script.fluxonium(1.0, 4.0, 0.9, states=220)
    assert np.abs(energies[:5] - finer[:5]).max() < 1e-9


def test_unknown_devices_are_answered_with_near_names():
    with pytest.raises(UnknownName, match=r"but is 'transmon'; near it: 'transmon-default'\.$"):
        lab.device("transmon")
    with pytest.raises(UnknownName, match=r"known: 'transmon-default', 'fluxonium-pilot'"):
        lab.device("zzz")
    with pytest.raises(UnknownName):
        lab.device("../devices/ibm_fez")
    with pytest.raises(KeyError):
        lab.presets()["zzz"]


OVERRIDES = {
    "t1_us": 77.7, "t2_us": 55.5, "efficiency": 0.33, "detuning_khz": -250.0, "amplitude_error": 0.05, "spread": 0.0,
    "gamma_max_per_us": 3.3, "levels": 4, "thermal_population": 0.12, "readout_ns": 321.0, "gate_ns": 12.5,
    "anharmonicity_mhz": -222.2, "frequency_ghz": 5.05, "p0_given_1": 0.04, "detuning_scale_khz": 33.3,
}  # fmt: skip


@pytest.mark.parametrize("name", OVERRIDES)
def test_an_override_changes_its_figure_and_no_other(name):
    one = lab.device("transmon-default")
    changed = one.replace(**{name: OVERRIDES[name]})
    assert getattr(changed, name) == OVERRIDES[name]
    assert changed != one
    affected = {name, "prepared_population"} if name == "thermal_population" else {name}
    for other in {*OVERRIDES, "prepared_population", "drift", "name", "sources"} - affected:
        assert getattr(changed, other) == getattr(one, other), other


def test_overrides_reach_every_individual_and_cut_their_coherence():
    document = snapshot()
    document["qubits"][0][1]["value"] = 150.0
    document["qubits"][1][1]["value"] = 70.0
    one = Device.from_ibm_properties(document).replace(t1_us=60.0)
    assert one.t2_us == 110.0
    assert [individual["t1_us"] for individual in one.calibrated_qubits] == [60.0, 60.0]
    assert [individual["t2_us"] for individual in one.calibrated_qubits] == [120.0, 70.0]


def test_exact_calibration_holds_for_all_qubits_and_can_be_undone():
    one = lab.device("transmon-default")
    exact = one.replace(detuning_khz=250, amplitude_error=-0.02)
    for member in exact._handle.register(5, 3):
        assert member["detuning_khz"] == 250
        assert member["amplitude_error"] == -0.02
    assert exact.replace(detuning_khz="drawn", amplitude_error="drawn") == one
    assert one.detuning_khz is None


def test_registers_are_drawn_by_seed_and_start_alike():
    handle = lab.device("transmon-default")._handle
    two, four = handle.register(2, 9), handle.register(4, 9)
    assert [member["t1_us"] for member in two] == [member["t1_us"] for member in four[:2]]
    assert handle.register(1, 10)[0]["t1_us"] != two[0]["t1_us"]
    alike = lab.device("transmon-default").replace(spread=0)._handle.register(4, 9)
    assert len({(member["t1_us"], member["t2_us"], member["detuning_khz"]) for member in alike}) == 1


def test_drift_can_be_replaced_read_back_and_switched_off():
    one = lab.device("transmon-default")
    processes = [
        {"kind": "one-over-f", "sigma_khz": 5, "shortest_time_s": 0.1, "correlation_time_s": 100},
        {"kind": "random-walk", "diffusion_khz2_per_s": 0.01},
    ]
    drifting = one.replace(drift=processes)
    assert list(drifting.drift) == processes
    assert Device.from_json(drifting.to_json()) == drifting
    assert one.replace(drift="none").drift == one.replace(drift=[]).drift == ()
    assert one.replace(drift=one.drift) == one


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"t2_us": 400}, "Argument `t2_us` must be at most 2 * t1_us = 300, but is 400."),
        ({"efficiency": 0}, "Argument `efficiency` must be greater than 0 and at most 1, but is 0."),
        ({"t1_us": math.nan}, "Argument `t1_us` must be greater than 0, but is nan."),
        ({"t1_us": "long"}, "Argument `t1_us` must be a number, but is 'long'."),
        ({"t1_us": True}, "Argument `t1_us` must be a number, but is True."),
        ({"levels": 6}, "Argument `levels` must be between 2 and 5, but is 6."),
        ({"levels": 2.5}, "Argument `levels` must be a whole number, but is 2.5."),
        ({"thermal_population": 0.5}, "must be at least 0 and less than 0.5, but is 0.5."),
        ({"detuning_khz": math.inf}, "Argument `detuning_khz` must be finite, but is inf."),
        ({"amplitude_error": 2}, "Argument `amplitude_error` must be between -1 and 1, but is 2."),
        ({"drift": "some"}, "Argument `drift` must be a list of processes or 'none', but is 'some'."),
        ({"drift": [{"sigma_khz": 1}]}, "Argument `drift` must hold processes with a `kind`"),
        ({"drift": [{"kind": "walk"}]}, "Argument `kind` must be one of 'ornstein-uhlenbeck'"),
        ({"drift": [{"kind": "random-walk"}]}, "Argument `diffusion_khz2_per_s` must be given"),
        ({"drift": [{"kind": "random-walk", "diffusion_khz2_per_s": 1, "sigma_khz": 1}]}, "must be left out"),
    ],
)
def test_impossible_overrides_are_refused_in_one_sentence(changes, sentence):
    with pytest.raises(InputError) as caught:
        lab.device("transmon-default").replace(**changes)
    assert sentence in str(caught.value)


def test_coherence_without_end_survives_documents():
    one = lab.device("transmon-default").replace(t1_us=math.inf, t2_us=math.inf)
    assert json.loads(one.to_json())["qubit"]["t1_us"] is None
    assert Device.from_json(one.to_json()) == one
    assert one.t2_us == math.inf


def test_devices_are_values():
    one = lab.device("ibm_fez")
    assert lab.device("ibm_fez") == one
    assert one != "ibm_fez"
    assert hash(one) == hash(Device.from_json(one.to_json()))
    assert pickle.loads(pickle.dumps(one)) == one
    assert copy.deepcopy(one) == one
    with pytest.raises(AttributeError, match="never changes"):
        one.t1_us = 3
    with pytest.raises(AttributeError, match="never changes"):
        del one._handle
    with pytest.raises(InputError, match="must come from"):
        Device("ibm_fez")
    with pytest.raises(TypeError):
        one.replace(t3_us=1)


def test_ibm_snapshots_are_read_from_dict_text_and_file(tmp_path):
    document = snapshot()
    path = tmp_path / "props.json"
    path.write_text(json.dumps(document))
    from_dict = Device.from_ibm_properties(document)
    assert Device.from_ibm_properties(path) == from_dict
    assert Device.from_ibm_properties(str(path)) == from_dict
    assert Device.from_ibm_properties(path.read_text()) == from_dict
    assert from_dict.t1_us == 105
    assert from_dict.gate_ns == 30
    assert from_dict.two_qubit_gate_error == 0.005
    assert len(from_dict.calibrated_qubits) == 2
    assert any("left out: 2 (T1 missing)" in line for line in from_dict.assumptions)
    members = from_dict._handle.register(3, 0)
    assert [member["t1_us"] for member in members[:2]] == [100, 110]


def test_ionq_documents_are_read_in_seconds():
    document = {
        "backend": "qpu.forte-1",
        "fidelity": {"1q": {"median": 0.9998}, "2q": {"mean": 0.996}, "spam": {"median": 0.995}},
        "timing": {"t1": 100, "t2": 1, "1q": 1.3e-4, "2q": 9.7e-4, "readout": 2.5e-4, "reset": 5e-5},
    }
    one = Device.from_ionq_characterization(document)
    assert one.gate_ns == pytest.approx(130e3)
    assert one.two_qubit_gate_error == pytest.approx(4e-3)
    assert one.assignment_error == pytest.approx(5e-3)
    assert not any("_ns` is assumed" in line for line in one.assumptions)


@pytest.mark.parametrize("read", [Device.from_ibm_properties, Device.from_ionq_characterization])
def test_unreadable_sources_are_refused(read, tmp_path):
    with pytest.raises(DocumentError, match="must be a readable file"):
        read(tmp_path / "missing.json")
    with pytest.raises(DocumentError):
        read("{")
    with pytest.raises(DocumentError):
        read({"qubits": object()} if read == Device.from_ibm_properties else {"timing": {"t1": "long"}})
    with pytest.raises(InputError):
        read(7)
    with pytest.raises(DocumentError, match="UTF-8"):
        read('{"backend": "\ud800"}')
    (tmp_path / "binary.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DocumentError):
        read(tmp_path / "binary.json")


def test_every_figure_of_the_core_is_a_documented_property():
    for name, meaning in _core.device_parameters():
        member = getattr(Device, name)
        assert isinstance(member, property)
        assert member.__doc__
        assert meaning
        assert isinstance(getattr(lab.device("ibm_fez"), name), float)


def test_drift_paths_are_reproducible_and_stationary():
    processes = [("ornstein-uhlenbeck", {"sigma_khz": 2.0, "correlation_time_s": 100.0})]
    seed = 4
    starts = np.array([_core.DriftPath(processes, seed, stream).detuning_khz for stream in range(4000)])
    # The deviation of n normals is known to 1 / sqrt(2 n) of itself; four of these are 4.5 %.
    assert starts.std() == pytest.approx(2.0, rel=0.045), f"seed {seed}"
    one, twin = (_core.DriftPath(processes, 1, 2) for _ in range(2))
    one.advance(5.0, 3)
    twin.advance(5.0, 3)
    assert one.detuning_khz == twin.detuning_khz
    assert one.quasi_static_interval_s == pytest.approx(1.0)


def test_targets_show_terms_sources_and_emulation():
    assert list(lab.targets()) == ["sim-local", "classical-only", "ibm-qpu", "aws-braket", "ionq"]
    for name, target in lab.targets().items():
        assert target.name == name
        assert target.sources
        assert target.emulated == target.description.startswith("Emulated")
    assert "emulated" in repr(lab.targets())
    assert ">ionq</td>" in lab.targets()._repr_html_()
    assert ">ibm_fez</td>" in lab.presets()._repr_html_()
    with pytest.raises(KeyError):
        lab.targets()["moon"]
    with pytest.raises(UnknownName, match="'sim-local', 'classical-only'"):
        _core.target("moon")


def test_thermal_population_follows_the_bose_law():
    assert lab.thermal_population(5, 50) == pytest.approx(0.00816870147, abs=1e-11)
    assert lab.thermal_population(0.5, 20) == pytest.approx(0.231508882, abs=1e-9)
    with pytest.raises(InputError):
        lab.thermal_population(-1, 20)


def test_individuals_still_work_with_a_warning():
    with pytest.warns(DeprecationWarning, match=r"Device\.calibrated_qubits now"):
        assert lab.device("transmon-default").individuals == lab.device("transmon-default").calibrated_qubits

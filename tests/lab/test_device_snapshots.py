"""Device files of other makers: every calibration snapshot that qiskit-ibm-runtime ships, and IonQ's documents."""

import copy
import datetime
import json
import math
import random
import re
from importlib import util
from pathlib import Path

import numpy as np
import pytest

import synqc
from synqc.errors import DocumentError, InputError
from synqc.lab.device import Device


def snapshot_files() -> list[Path]:
    """The snapshots, without importing Qiskit."""
    package = Path(util.find_spec("qiskit_ibm_runtime").submodule_search_locations[0])
    return sorted((package / "fake_provider" / "backends").glob("*/props_*.json"))


SNAPSHOTS = {path.stem.removeprefix("props_"): path for path in snapshot_files()}


def parameters(items: list[dict]) -> dict[str, float]:
    return {item["name"]: item["value"] for item in items}


@pytest.fixture(params=SNAPSHOTS)
def snapshot(request):
    return json.loads(SNAPSHOTS[request.param].read_text())


def test_all_snapshots_of_the_fake_provider_are_there():
    assert len(SNAPSHOTS) >= 68


def test_individuals_have_the_figures_of_their_snapshot_where_these_can_be_true(snapshot):
    device = Device.from_ibm_properties(snapshot)
    assert device.calibrated_qubits
    for individual in device.calibrated_qubits:
        published = parameters(snapshot["qubits"][individual["qubit_number"]])
        assert individual["t1_us"] == pytest.approx(published["T1"])
        assert individual["t2_us"] == pytest.approx(min(published["T2"], 2 * published["T1"]))
        assert max(published["prob_meas0_prep1"], published["prob_meas1_prep0"], published["readout_error"]) < 0.5
        if published["prob_meas0_prep1"] + published["prob_meas1_prep0"] > 0:
            assert individual["p0_given_1"] == published["prob_meas0_prep1"]
            assert individual["p1_given_0"] == published["prob_meas1_prep0"]
        assert -1000 <= individual["anharmonicity_mhz"] <= -50
        if published.get("anharmonicity"):
            assert individual["anharmonicity_mhz"] == pytest.approx(1e3 * published["anharmonicity"])
        assert 4 <= individual["gate_ns"] <= 300
        assert 50 <= individual["readout_ns"] <= 20_000
        assert 0 < individual["gate_error"] < 0.5
        assert 0 < individual["two_qubit_gate_error"] < 0.5
    assert Device.from_json(device.to_json()) == device


def test_assumptions_name_each_qubit_that_is_left_out_or_stood_in_for(snapshot):
    device = Device.from_ibm_properties(snapshot)
    held = {individual["qubit_number"] for individual in device.calibrated_qubits}
    left_out = " ".join(line for line in device.assumptions if line.startswith("Qubits left out"))
    named = {int(number) for number in re.findall(r"(\d+) \(", left_out)}
    assert named == set(range(len(snapshot["qubits"]))) - held
    for individual in device.calibrated_qubits:
        number = individual["qubit_number"]
        published = parameters(snapshot["qubits"][number])
        if not published.get("anharmonicity"):
            lines = [line for line in device.assumptions if "`anharmonicity_mhz`" in line]
            assert any(mentions(line, number) or "is assumed to be" in line for line in lines), number
        if published["T2"] > 2 * published["T1"]:
            assert any("cut to 2 T1" in line and mentions(line, number) for line in device.assumptions), number


def mentions(line: str, number: int) -> bool:
    """Whether a list such as "qubits 3, 5 to 9" holds the number."""
    listed = re.search(r"in (?:qubits?|all \d+) ([\d, to]*)", line)
    if listed is None:
        return False
    if "in all " in line:
        return True
    ranges = [part.split(" to ") for part in listed[1].strip(" ,").split(", ")]
    return any(int(part[0]) <= number <= int(part[-1]) for part in ranges)


def decay_infidelity(figures: dict[str, float], duration_us: float) -> float:
    """More than what decay over this time takes from the fidelity of a pure state."""
    rates = 1 / figures["t1_us"] + 1 / figures["t2_us"]
    return 1 - math.exp(-duration_us * rates)


def check_run_of_the_whole_register(device: Device) -> None:
    qubits = len(device.calibrated_qubits)
    still = {"detuning_khz": 0.0, "amplitude_error": 0.0, "drift": "none", "thermal_population": 0.0}
    experiment = synqc.Experiment(device, qubits=qubits, probe_strength=0.0, probe_duration_ns=100, **still)
    run = experiment.run(shots=200, seed=1)
    figures = device.calibrated_qubits
    assert len(run.history[0].qubits) == qubits
    for one, measured in zip(figures, run.history[0].qubits, strict=True):
        duration = 2 * one["gate_ns"] / 1e3 + 0.1 + sum(run.latency_terms.values())
        leakage = 2e-3  # two DRAG pulses at an anharmonicity of at least 50 MHz
        assert 1 - float(measured.fidelity) < decay_infidelity(one, duration) + leakage, one["qubit_number"]


@pytest.mark.parametrize("name", ["almaden", "geneva", "lagos", "melbourne", "toronto", "rome", "nairobi"])
def test_whole_register_runs_within_what_its_own_figures_allow(name):
    check_run_of_the_whole_register(Device.from_ibm_properties(SNAPSHOTS[name]))


@pytest.mark.deep
def test_every_whole_register_runs_within_what_its_own_figures_allow(snapshot):
    check_run_of_the_whole_register(Device.from_ibm_properties(snapshot))


# What others write where nothing was measured, or where what was measured cannot be.
IMPLAUSIBLE = {
    "anharmonicity": [0, -0.001, 0.34, -3.4],
    "readout_length": [0, 1e6, 12],
    "frequency": [0, -5, 400],
}


@pytest.mark.parametrize("name", IMPLAUSIBLE)
def test_implausible_figures_of_some_qubits_count_as_unknown_and_are_named(name, seed):
    figure = {"anharmonicity": "anharmonicity_mhz", "readout_length": "readout_ns", "frequency": "frequency_ghz"}[name]
    original = json.loads(SNAPSHOTS["algiers"].read_text())
    for value in IMPLAUSIBLE[name]:
        chosen = random.Random(seed).sample(range(len(original["qubits"])), 4)
        document = copy.deepcopy(original)
        for number in chosen:
            for item in document["qubits"][number]:
                if item["name"] == name:
                    item["value"] = value
        device = Device.from_ibm_properties(document)
        for individual in device.calibrated_qubits:
            if individual["qubit_number"] in chosen:
                assert individual[figure] == getattr(device, figure), f"seed {seed}, {value}"
        for number in chosen:
            assert any(f"`{figure}`" in line and mentions(line, number) for line in device.assumptions), (
                f"seed {seed}, {value}, {device.assumptions}"
            )


@pytest.mark.parametrize("factor", [16, 1 / 16])
@pytest.mark.parametrize(("gate", "figure"), [("sx", "gate_ns"), ("cx", "two_qubit_gate_ns")])
def test_gate_durations_far_from_their_sisters_count_as_unknown(gate, figure, factor):
    document = json.loads(SNAPSHOTS["algiers"].read_text())
    for entry in document["gates"]:
        if 5 in entry["qubits"] and entry["gate"] in (gate, "x" if gate == "sx" else gate):
            for item in entry["parameters"]:
                if item["name"] == "gate_length":
                    item["value"] *= factor
    device = Device.from_ibm_properties(document)
    chosen = next(individual for individual in device.calibrated_qubits if individual["qubit_number"] == 5)
    assert chosen[figure] == getattr(device, figure)
    assert any(f"`{figure}`" in line and mentions(line, 5) for line in device.assumptions)


@pytest.mark.parametrize(
    "death",
    [{"name": "gate_error", "unit": "", "value": 1}, {"name": "operational", "unit": "", "value": 0}],
    ids=["error 1", "not operational"],
)
def test_qubits_whose_pulses_are_out_of_order_are_left_out(death):
    document = json.loads(SNAPSHOTS["algiers"].read_text())
    for entry in document["gates"]:
        if entry["qubits"] == [3]:
            entry["parameters"] = [item for item in entry["parameters"] if item["name"] != death["name"]] + [death]
    device = Device.from_ibm_properties(document)
    assert 3 not in {individual["qubit_number"] for individual in device.calibrated_qubits}
    assert any("3 (one-qubit gates out of order)" in line for line in device.assumptions)


def test_dead_couplers_are_not_counted():
    document = json.loads(SNAPSHOTS["algiers"].read_text())
    before = Device.from_ibm_properties(document)
    for entry in document["gates"]:
        if entry["gate"] == "cx" and 5 in entry["qubits"]:
            entry["parameters"] = [
                {"name": "gate_error", "unit": "", "value": 1},
                {"name": "gate_length", "unit": "ns", "value": 12_345},
            ]
    device = Device.from_ibm_properties(document)
    chosen = next(individual for individual in device.calibrated_qubits if individual["qubit_number"] == 5)
    assert chosen["two_qubit_gate_error"] == device.two_qubit_gate_error
    assert device.two_qubit_gate_ns == pytest.approx(before.two_qubit_gate_ns, rel=0.2)


def test_qubits_that_read_at_random_are_left_out_and_named():
    document = json.loads(SNAPSHOTS["lagos"].read_text())
    numbers = [
        number
        for number, qubit in enumerate(document["qubits"])
        if max(parameters(qubit)["prob_meas0_prep1"], parameters(qubit)["prob_meas1_prep0"]) >= 0.5
    ]
    device = Device.from_ibm_properties(document)
    assert numbers
    for number in numbers:
        assert number not in {individual["qubit_number"] for individual in device.calibrated_qubits}
        assert any(f"{number} (P(" in line for line in device.assumptions)
    synqc.Experiment(device, qubits=4).run(shots=50, seed=1)


@pytest.mark.parametrize(("name", "pulse_ns"), [("almaden", 35.556), ("poughkeepsie", 103.111), ("cambridge", 52.174)])
def test_older_snapshots_tell_a_pulse_by_their_u_gates(name, pulse_ns):
    device = Device.from_ibm_properties(SNAPSHOTS[name])
    assert device.gate_ns == pytest.approx(pulse_ns, abs=1e-3)
    assert not any("Heron" in line for line in device.assumptions)


def test_durations_of_toronto_which_are_sixteen_times_too_long_are_not_believed():
    device = Device.from_ibm_properties(SNAPSHOTS["toronto"])
    assert device.gate_ns < 60
    assert device.readout_ns < 20_000
    assert any("`gate_ns`" in line and "568.9 ns in the snapshot" in line for line in device.assumptions)


def test_backends_and_their_properties_are_read_like_their_file():
    from qiskit_ibm_runtime.fake_provider import FakeNairobiV2

    backend = FakeNairobiV2()
    from_file = Device.from_ibm_properties(SNAPSHOTS["nairobi"])
    for source in (backend, backend.properties(), backend.properties().to_dict()):
        assert Device.from_ibm_properties(source).calibrated_qubits == from_file.calibrated_qubits
        assert synqc.device(source).calibrated_qubits == from_file.calibrated_qubits
    run = synqc.Experiment(backend, qubits=7).run(shots=50, seed=1)
    assert run.experiment.device.name == from_file.name
    with pytest.raises(
        InputError, match="Argument `preset` must be a path, a text, a dict or a backend, but is object"
    ):
        synqc.Experiment(object())


def test_registers_take_the_qubits_one_chooses():
    device = Device.from_ibm_properties(SNAPSHOTS["nairobi"]).select([6, 2])
    members = device._handle.register(2, 0)
    published = json.loads(SNAPSHOTS["nairobi"].read_text())["qubits"]
    assert [member["t1_us"] for member in members] == pytest.approx([parameters(published[k])["T1"] for k in (6, 2)])
    with pytest.raises(InputError, match="Argument `qubits` must be numbers of qubits that the device holds"):
        device.select([3])
    with pytest.raises(InputError, match="come once, but is 2 twice"):
        device.select([2, 2])


def test_device_files_of_every_kind_run_from_the_command_line(tmp_path, capsys):
    from synqc.cli import main

    (tmp_path / "ionq.json").write_text(json.dumps(FORTE))
    (tmp_path / "own.JSON").write_text(synqc.device("ibm_fez").to_json())
    for path in (SNAPSHOTS["nairobi"], tmp_path / "ionq.json", tmp_path / "own.JSON"):
        assert main(["run", "--preset", str(path), "--shots", "50", "--seed", "1", "--json"]) == 0
        assert json.loads(capsys.readouterr().out)


# IonQ

FORTE = {
    "id": "617a1f8b-59d4-435d-aa33-695433d7155e",
    "backend": "qpu.forte-1",
    "status": "available",
    "date": "2025-03-01T12:00:00Z",
    "qubits": 36,
    "connectivity": [[0, 1]],
    "fidelity": {
        "spam": {"median": 0.995, "stderr": None},
        "1q": {"median": 0.9998, "stderr": None},
        "2q": {"median": 0.996, "stderr": None},
    },
    "timing": {"readout": 2.5e-4, "reset": 5e-5, "1q": 1.3e-4, "2q": 9.7e-4, "t1": 100, "t2": 1},
}


def changed(document: dict, **members) -> dict:
    return {**copy.deepcopy(document), **members}


def test_ionq_dates_are_read_as_text_or_as_seconds():
    moment = datetime.datetime(2023, 2, 10, 0, 0, 1, tzinfo=datetime.UTC)
    for date in (int(moment.timestamp()), 1000 * int(moment.timestamp()), "2023-02-10T00:00:01Z"):
        assert "2023-02-10T00:00:01Z" in Device.from_ionq_characterization(changed(FORTE, date=date)).description


@pytest.mark.parametrize("wrap", [lambda items: {"characterizations": items, "pages": 1}, lambda items: items])
def test_of_a_list_of_characterisations_the_newest_counts(wrap):
    newer = changed(FORTE, date="2025-04-01T12:00:00Z", timing={**FORTE["timing"], "t1": 77})
    device = Device.from_ionq_characterization(wrap([FORTE, newer, FORTE]))
    assert device.t1_us == 77e6
    assert any("lists 3 characterisations; the newest counts" in line for line in device.assumptions)
    assert synqc.device(wrap([newer])).t1_us == 77e6


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        ({}, r"Field `fidelity` must be there, but is missing"),
        ([], r"must be a list of at least one characterisation, but is empty"),
        ({"characterizations": []}, r"Field `characterizations` must be a list of at least one"),
        ([FORTE, changed(FORTE, backend="qpu.aria-1")], r"Field `backend` must be 'qpu.forte-1', as in the rest"),
        (changed(FORTE, date=[2025]), r"Field `date`"),
        (changed(FORTE, date=-5), r"Field `date` must be a date"),
    ],
)
def test_other_ionq_documents_are_refused_by_field(document, sentence):
    with pytest.raises(DocumentError, match=sentence):
        Device.from_ionq_characterization(document)


@pytest.mark.parametrize("group", ["fidelity", "timing"])
@pytest.mark.parametrize("value", [None, 0, "absent", -1, math.nan])
def test_missing_figures_are_refused_by_name_but_for_aria_whose_are_published(group, value):
    for key in ("1q", "2q", "spam") if group == "fidelity" else ("1q", "2q", "readout", "t1", "t2"):
        members = dict(FORTE[group])
        members[key] = value
        if value == "absent":
            del members[key]
        document = changed(FORTE, **{group: members})
        with pytest.raises(DocumentError, match=f"`{key}`|`{group}`"):
            Device.from_ionq_characterization(document)
        document["backend"] = "qpu.aria-1"
        if value in (0, -1) and group == "fidelity":
            continue  # out of range: refused for everybody
        device = Device.from_ionq_characterization(document)
        assert any("IonQ Aria's published figure" in line for line in device.assumptions)


@pytest.mark.parametrize("value", [0.5, 0.3, 1.0001, 2])
def test_spam_fidelities_that_read_at_random_or_beyond_certainty_are_refused(value):
    document = changed(FORTE, fidelity={**FORTE["fidelity"], "spam": {"median": value}})
    with pytest.raises(DocumentError, match=r"Field `\w+` must be greater than 0.5 and at most 1"):
        Device.from_ionq_characterization(document)


# Any document


def test_documents_of_no_known_kind_are_refused_with_the_kinds():
    with pytest.raises(DocumentError, match=r"must be a device \(with `qubit`\).* but has `colour`, `size`"):
        Device.from_document({"colour": 1, "size": 2})


def test_experiments_from_documents_never_read_files(tmp_path):
    path = tmp_path / "fez.json"
    path.write_text(synqc.device("ibm_fez").to_json())
    with pytest.raises(DocumentError, match="must be a device of presets"):
        synqc.Experiment.from_json(json.dumps({"preset": str(path)}))


# Coherence


def test_relaxation_can_be_swept_below_half_of_the_coherence_time():
    grid = synqc.sweep(synqc.Experiment("transmon-default", qubits=1), {"t1_us": [10.0, 40.0, 160.0]}, shots=50, seed=1)
    assert np.all(np.isfinite(grid["fidelity"]))
    device = synqc.Experiment("transmon-default", t1_us=40.0).device
    assert device.t2_us == 80.0
    assert any("T2 was cut to 2 T1 = 80" in line for line in device.assumptions)


def test_pure_dephasing_time_sets_the_coherence_that_goes_with_relaxation():
    for t1, tphi in ((30.0, 50.0), (200.0, 10.0), (45.0, math.inf)):
        device = synqc.Experiment("transmon-default", t1_us=t1, tphi_us=tphi).device
        assert device.t2_us == pytest.approx(1 / (1 / tphi + 1 / (2 * t1)))
        assert device.tphi_us == pytest.approx(tphi)
    with pytest.raises(InputError, match="Argument `tphi_us` must be left out where `t2_us` is given"):
        synqc.Experiment(t2_us=50.0, tphi_us=50.0)
    with pytest.raises(DocumentError, match="`tphi_us` must be left out where `t2_us` is given"):
        synqc.Experiment.from_json('{"t2_us": 50, "tphi_us": 50}')
    swept = synqc.sweep(synqc.Experiment(qubits=1), {"tphi_us": [10.0, 100.0]}, shots=50, seed=1)
    assert swept["fidelity"][0] < swept["fidelity"][1]


@pytest.mark.parametrize(
    ("gate_ns", "anharmonicities"), [(24, [-10, -5, -2, -1, -0.1, 0, 0.5, 9]), (53, [-2, -1, -0.1, 0, 0.5])]
)
def test_anharmonicities_that_break_a_pulse_are_refused_by_the_name_the_user_wrote(gate_ns, anharmonicities):
    for anharmonicity in anharmonicities:
        weak = synqc.device("ibm_fez").replace(anharmonicity_mhz=anharmonicity, gate_ns=gate_ns)
        with pytest.raises(InputError, match=r"Argument `anharmonicity_mhz` must be (further from|other than) 0"):
            synqc.Experiment(weak)

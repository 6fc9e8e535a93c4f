"""`synqc analyse`: a measured file in, parameters and a verdict out; what is wrong is said in one line."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from synqc.cli import main
from synqc.protocols import T1, IQBlobs, Ramsey, T1Monitor, write_records
from synqc.records import Axis, Measured, MeasuredFile, write
from synqc.twin import Faults, HiddenQubit, Twin

FOREIGN = Path(__file__).parents[1] / "records" / "files"


@pytest.fixture
def call(capsys):
    """Run the command line: exit code, stdout, stderr."""

    def run(*arguments):
        code = main(["analyse", *map(str, arguments)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.fixture(scope="module")
def records():
    """Of a device whose T1 is 60 us."""
    return T1().run(Twin([HiddenQubit(t1_us=60.0)], seed=2)[0])


def test_a_file_says_all_that_is_needed(call, records, tmp_path):
    write_records(records, tmp_path / "t1.npz", layout="arrays")
    code, out, err = call(tmp_path / "t1.npz")
    assert (code, err) == (0, "")
    found = T1().analyse(records)
    assert "T1 of qubit 0" in out
    assert f"{found.values['t1_us']:.6g}" in out
    assert "68 %" in out
    assert out.endswith("verdict: good\n")


@pytest.mark.parametrize(
    ("layout", "name"), [("netcdf", "a.nc"), ("zarr", "a.zarr"), ("qibocal", "a"), ("qualibrate", "a")]
)
def test_every_layout_gives_the_same_document(call, records, tmp_path, layout, name):
    pytest.importorskip("h5netcdf")
    pytest.importorskip("zarr")
    write_records(records, tmp_path / name, layout=layout, target="3")
    code, out, _ = call(tmp_path / name, "--json")
    assert code == 0
    document = json.loads(out)
    ((_, found),) = document["targets"].items()
    expected = T1().analyse(records)
    assert found["protocol"] == "T1"
    assert found["verdict"] == expected.verdict
    assert found["parameters"]["t1_us"]["value"] == expected.values["t1_us"]
    assert tuple(found["parameters"]["t1_us"]["interval_68"]) == expected.intervals["t1_us"]
    assert tuple(found["parameters"]["t1_us"]["interval_95"]) == expected.wide_intervals["t1_us"]


def test_a_suspicious_file_says_why_and_fails_a_check(call, tmp_path):
    device = Twin([HiddenQubit()], seed=3, faults=Faults(dropped_share=0.05))[0]
    write_records(T1().run(device), tmp_path / "t1.npz", layout="arrays")
    code, out, _ = call(tmp_path / "t1.npz")
    assert code == 0
    assert "verdict: suspicious\n" in out
    assert "shots are missing" in out
    assert call(tmp_path / "t1.npz", "--check")[0] == 1


def test_a_foreign_decay_is_told_its_protocol_unit_and_shots(call, tmp_path):
    """Fields of a structured array, as Qibocal's T1 has them; delays in ns."""
    waits = np.linspace(0.0, 240e3, 25)
    ones = np.random.default_rng(4).binomial(1000, 0.95 * np.exp(-waits / 70e3) + 0.02)
    fields = {"wait": waits, "prob": ones / 1000, "error": np.sqrt(ones * (1000 - ones) / 1e9)}
    arrays = {f"0/{name}": Measured(values, (Axis("index"),), "") for name, values in fields.items()}
    write(MeasuredFile(arrays, {"nshots": 1000}), tmp_path / "t1", layout="qibocal")
    told = ["--unit", "wait=ns", "--unit", "prob=", "--unit", "error="]
    code, out, _ = call(tmp_path / "t1", "--protocol", "t1", *told, "--json")
    assert code == 0
    found = json.loads(out)["targets"]["0"]["parameters"]["t1_us"]
    assert found["value"] == pytest.approx(70.0, abs=8)
    code, _, err = call(tmp_path / "t1", "--protocol", "t1", *told[2:])
    assert code == 2
    assert "`--unit NAME=UNIT` must say the unit of 'wait'" in err
    code, _, err = call(tmp_path / "t1", *told)
    assert code == 2
    assert "`--protocol` must be one of T1, Echo" in err
    assert "file does not say" in err


@pytest.mark.parametrize("folder", ["qibocal", "qualibrate"])
def test_files_of_foreign_programs_are_blobs_of_each_qubit(call, folder):
    pytest.importorskip("h5netcdf")
    units = [f"--unit={name}=V" for name in ("Qg", "Ie", "Qe")] if folder == "qualibrate" else []
    code, out, _ = call(FOREIGN / folder, *units)
    assert code == 0
    assert out.count("IQBlobs of qubit") == 2
    # Twenty and forty shots a level decide nothing.
    assert out.count("verdict: not determined") == 2


def test_blobs_and_monitors_are_found_by_themselves(call, tmp_path):
    device = Twin([HiddenQubit(t1_us=60.0)], seed=2)[0]
    write_records(IQBlobs().run(device), tmp_path / "blobs.json", layout="qiskit")
    code, out, _ = call(tmp_path / "blobs.json")
    assert code == 0
    assert "signal_to_noise" in out
    write_records(T1Monitor(delay_us=80.0, windows=20).run(device), tmp_path / "monitor.npz", layout="arrays")
    code, out, _ = call(tmp_path / "monitor.npz")
    assert code == 0
    assert "t1_us: 20 windows, median" in out
    _, out, _ = call(tmp_path / "monitor.npz", "--json")
    assert len(json.loads(out)["targets"]["0"]["series"]["values"]) == 20


def test_arguments_of_the_protocol_come_from_the_file_or_from_set(call, tmp_path):
    narrow = Ramsey(span_khz=20.0, shots=10)
    device = Twin([HiddenQubit(t1_us=100.0, tphi_us=200 / 3, detuning_khz=7.0)], seed=2)[0]
    records = narrow.run(device)
    write_records(records, tmp_path / "with.npz", layout="arrays", protocol=narrow)
    write_records(records, tmp_path / "without.npz", layout="arrays")
    _, said, _ = call(tmp_path / "with.npz", "--json")
    _, given, _ = call(tmp_path / "without.npz", "--json", "--set", "span_khz=20", "--set", "shots=10")
    assert json.loads(said)["targets"] == json.loads(given)["targets"]
    assert json.loads(said)["targets"]["0"]["parameters"]["detuning_khz"]["value"] == pytest.approx(7.0, abs=1.0)


@pytest.mark.parametrize("make", [lambda: T1(), lambda: IQBlobs(), lambda: T1Monitor(delay_us=80.0, windows=5)])
def test_a_picture_is_drawn(call, tmp_path, make):
    pytest.importorskip("plotly")
    protocol = make()
    device = Twin([HiddenQubit()], seed=2)[0]
    write_records(protocol.run(device), tmp_path / "a.npz", layout="arrays")
    code, _, err = call(tmp_path / "a.npz", "--plot", tmp_path / "a.html")
    assert code == 0, err
    assert type(protocol).__name__ in (tmp_path / "a.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--protocol", "Echo"), "`--protocol` must be T1, as the file says, but is 'Echo'"),
        (("--protocol", "Ramsy"), "but is 'Ramsy'; near it: Ramsey"),
        (("--target", "7"), "`--target` must be one of 0, but is '7'"),
        (("--set", "shots"), "`--set` must be NAME=VALUE, but is shots"),
        (("--set", "shots=x"), "`--set` must have JSON behind shots="),
        (("--set", "shot=3"), "`--set` must be of T1, delays_us, references, shots, sweeps, but has 'shot'"),
        (("--layout", "netcdf"), "t1.npz must be of the layout netcdf, but is not"),
        (("--layout", "hdf"), "`--layout` must be one of arrays, qibocal"),
        (("--plot", "a.bmp"), "`--plot` must end in .html"),
    ],
)
def test_a_mistake_is_one_line(call, records, tmp_path, arguments, words):
    pytest.importorskip("h5netcdf")
    write_records(records, tmp_path / "t1.npz", layout="arrays")
    code, out, err = call(tmp_path / "t1.npz", *arguments)
    assert (code, out) == (2, "")
    assert words in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("name", ["a.npz", "a.npy", "a.h5", "a.json"])
@pytest.mark.parametrize("content", [b"", b"garbage", b"\x93NUMPY", b"PK\x03\x04", b"\x89HDF\r\n\x1a\n"])
def test_a_broken_file_is_named(call, tmp_path, name, content):
    pytest.importorskip("h5netcdf")
    (tmp_path / name).write_bytes(content)
    code, out, err = call(tmp_path / name)
    assert (code, out) == (2, "")
    assert name in err
    assert err.count("\n") == 1


def test_a_file_that_was_cut_short_is_named(call, records, tmp_path):
    whole = tmp_path / "whole"
    write_records(records, whole, layout="qibocal")
    data = (whole / "data.npz").read_bytes()
    for share in (0.1, 0.5, 0.9):
        shutil.copytree(whole, tmp_path / "cut", dirs_exist_ok=True)
        (tmp_path / "cut" / "data.npz").write_bytes(data[: round(share * len(data))])
        code, _, err = call(tmp_path / "cut")
        assert code == 2
        assert "File cut must be of the layout qibocal" in err


def test_no_file_at_all(call):
    assert "`FILE` must be a path that exists" in call("/nowhere.npz")[2]

"""Records as a node in the storage of Qualibrate: its loader finds them, and an analysis of its own reads them."""

import datetime
import importlib
import json

import numpy as np
import pytest

from synqc.errors import InputError
from synqc.protocols import T1, Ramsey, read_records, write_node
from synqc.twin import HiddenQubit, Twin

pytest.importorskip("h5netcdf")

WHEN = datetime.datetime(2026, 11, 30, 21, 5, 9, tzinfo=datetime.UTC)


def written(folder):
    """T1 of two qubits, up to 150 us; how long they live is 40 and 25 us."""
    twin = Twin([HiddenQubit(t1_us=40.0), HiddenQubit(t1_us=25.0)], seed=2)
    protocol = T1(delays_us=tuple(np.linspace(0.0, 150.0, 40)))
    records = {f"q{number}": protocol.run(qubit) for number, qubit in enumerate(twin, 1)}
    return records, write_node(records, folder, node_id=12, name="06_T1", finished=WHEN)


def test_a_node_lies_where_it_is_looked_for_and_is_read_back(tmp_path):
    records, folder = written(tmp_path)
    assert folder == tmp_path / "2026-11-30" / "#12_06_T1_210509"
    assert json.loads((folder / "node.json").read_text())["id"] == 12
    found = read_records(folder)
    assert list(found) == ["q1", "q2"]
    for target, one in found.items():
        assert one.records.shots == 500
        assert one.analyse().values["t1_us"] == pytest.approx(T1().analyse(records[target]).values["t1_us"], rel=0.1)


def test_what_fits_no_node_is_refused(tmp_path):
    device = Twin([HiddenQubit()], seed=1)[0]
    with pytest.raises(InputError, match="but is of Ramsey, which sets delay_us, phase_rad"):
        write_node({"q1": Ramsey().run(device)}, tmp_path, node_id=1, name="05_ramsey")
    with pytest.raises(InputError, match="`records` must hold one qubit or more"):
        write_node({}, tmp_path, node_id=1, name="x")
    others = {"q1": T1(shots=1).run(device), "q2": T1(shots=1, delays_us=(1.0, 2.0)).run(device)}
    with pytest.raises(InputError, match="the same settings for all qubits, but q2 has others"):
        write_node(others, tmp_path, node_id=1, name="x")


def test_an_unmodified_analysis_of_qualibrate_reads_the_node(tmp_path, monkeypatch):
    pytest.importorskip("qualibrate", reason="the package qualibrate is not installed")
    pytest.importorskip(
        "matplotlib", reason="the package matplotlib, which the demonstration draws with, is not installed"
    )
    configuration = tmp_path / "config.toml"
    configuration.write_text(
        f'[qualibrate]\nversion = 5\nproject = "bench"\nlog_folder = "{tmp_path}"\n'
        f'[qualibrate.storage]\ntype = "local_storage"\nlocation = "{tmp_path}"\n'
    )
    monkeypatch.setenv("QUALIBRATE_CONFIG_FILE", str(configuration))
    written(tmp_path)
    core = importlib.import_module("qualibrate.core")
    loaded = core.QualibrationNode.load_from_id(12, base_path=tmp_path)
    data = loaded.results["ds_raw"]
    demonstration = importlib.import_module("qualibrate_examples.calibrations.06_demo_t1")
    for qubit, t1_s in (("q1", 40e-6), ("q2", 25e-6)):
        populations = data["state"].sel(qubit=qubit).values
        fit = demonstration._fit_t1(data["idle_time"].values * 1e-9, populations)
        assert fit["success"], fit
        assert fit["t1"] == pytest.approx(t1_s, rel=0.1)

"""Records of protocols in files: written and found again, and nothing guessed where another program wrote them."""

import numpy as np
import pytest

from synqc.errors import DocumentError, InputError, UnknownName
from synqc.protocols import PROTOCOLS, T1, Echo, IQBlobs, Records, protocol_named, read_records, write_records
from synqc.records import Axis, Measured, MeasuredFile, write
from synqc.twin import HiddenQubit, Twin

DELAYS = Axis("idle_time", "ns", np.linspace(0.0, 200e3, 11))
SHARES = np.exp(-DELAYS.values / 60e3).round(3)


def made(name):
    return PROTOCOLS[name](delay_us=10.0, windows=3) if "Monitor" in name else protocol_named(name)


@pytest.mark.parametrize("name", PROTOCOLS)
@pytest.mark.parametrize("layout", ["arrays", "qibocal"])
def test_every_protocol_comes_back(name, layout, tmp_path, seed):
    protocol = made(name)
    records = protocol.run(Twin([HiddenQubit()], seed=seed)[0])
    write_records(records, tmp_path / "a.npz", layout=layout, target="5", protocol=protocol)
    ((target, found),) = read_records(tmp_path / "a.npz", layout=layout).items()
    assert target == ("5" if layout == "qibocal" else "0")
    assert found.protocol == protocol
    if isinstance(records, Records):
        assert found.records.columns == records.columns
        assert found.records.shots == records.shots
        assert (found.records.settings == records.settings).all()
        assert (found.records.counts == records.counts).all()


def test_lost_shots_stay_lost(tmp_path):
    records = IQBlobs(shots=60).run(Twin([HiddenQubit()], seed=2)[0])
    points = np.array(records.points)
    points[1, 7] = np.nan
    write_records(type(records)(points), tmp_path / "a.npz", layout="arrays")
    again = read_records(tmp_path / "a.npz")["0"].records
    assert np.isnan(again.points).sum() == 1


def test_a_node_of_qualibrate_says_its_protocol_by_its_name(tmp_path):
    pytest.importorskip("h5netcdf")
    qubits = Axis("qubit", "", np.array(["q1", "q2"]))
    shares = Measured(np.stack([SHARES, SHARES**0.5]), (qubits, DELAYS), "")
    node = {"metadata": {"name": "05_T1"}, "data": {"parameters": {"model": {"num_shots": 2000}}}}
    write(MeasuredFile({"state": shares}, {"node": node}), tmp_path / "node", layout="qualibrate")
    found = {target: one.analyse().values["t1_us"] for target, one in read_records(tmp_path / "node").items()}
    assert found == {"q1": pytest.approx(60.0, rel=0.02), "q2": pytest.approx(120.0, rel=0.03)}


@pytest.mark.parametrize(
    ("arrays", "arguments", "words"),
    [
        ({"state": Measured(SHARES, (DELAYS,), "")}, {}, "`protocol` must be one of T1"),
        ({"state": Measured(SHARES, (DELAYS,), "")}, {"protocol": "T1"}, "`shots` must be given"),
        (
            {"state": Measured(SHARES, (DELAYS,), "")},
            {"protocol": "Ramsey", "shots": 10},
            "`path` must say phase_rad of Ramsey, but its settings are idle_time",
        ),
        (
            {"state": Measured(3 * SHARES, (DELAYS,), "")},
            {"protocol": "T1", "shots": 10},
            "must hold shares from 0 to 1, but state has others",
        ),
        (
            {"I": Measured(SHARES, (DELAYS,), "V")},
            {"protocol": "T1", "shots": 10},
            r"but holds I \(idle_time\); averaged I and Q have no likelihood",
        ),
        (
            {"state": Measured(SHARES, (Axis("idle_time", "V", DELAYS.values),), "")},
            {"protocol": "T1", "shots": 10},
            "`units` must give 'idle_time' one of 'us', 'µs', 'ns', 'ms', 's', but gives 'V'",
        ),
        (
            {"state": Measured(np.stack([SHARES] * 2), (Axis("sign", "", np.array([1, -1])), DELAYS), "")},
            {"protocol": "T1", "shots": 10},
            r"T1 sets, delay_us, but was swept over \['sign'\]",
        ),
        ({"I": Measured(SHARES, (DELAYS,), "V")}, {"protocol": "IQBlobs"}, "must hold IQ points of both prepared"),
    ],
)
def test_what_a_file_leaves_open_is_asked_for(arrays, arguments, words, tmp_path):
    write(MeasuredFile(arrays), tmp_path / "a.npz", layout="arrays")
    with pytest.raises(InputError, match=words):
        read_records(tmp_path / "a.npz", **arguments)


def test_columns_of_another_protocol_are_refused(tmp_path):
    records = Records("Echo", ("reference", "phase_rad"), [[-1.0, 0.0]], [[[40, 60]]], 100)
    write_records(records, tmp_path / "a.npz", layout="arrays")
    with pytest.raises(DocumentError, match="must have the columns reference, delay_us, but has"):
        read_records(tmp_path / "a.npz")


def test_writers_refuse_by_name(tmp_path):
    records = T1(shots=1, sweeps=1).run(Twin([HiddenQubit()], seed=1)[0])
    with pytest.raises(InputError, match="`layout` must have room for counts, but 'qiskit'"):
        write_records(records, tmp_path / "a.json", layout="qiskit")
    with pytest.raises(InputError, match="`protocol` must be T1, as the records, but is Echo"):
        write_records(records, tmp_path / "a.npz", layout="arrays", protocol=Echo())


def test_protocols_have_names():
    assert protocol_named("rabi-amplitude") == PROTOCOLS["RabiAmplitude"]()
    assert protocol_named("T1", {"delays_us": [1.0, 2.0]}).delays_us == (1.0, 2.0)
    with pytest.raises(UnknownName, match="'Ramsy'; near it: Ramsey, RamseyDecay"):
        protocol_named("Ramsy")
    with pytest.raises(InputError, match="`arguments` must have delay_us of T1Monitor"):
        protocol_named("T1Monitor")

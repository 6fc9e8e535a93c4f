"""Measured files that are sent: the answer is that of `synqc analyse`, hostile ones are refused, nothing is kept."""

import io
import json
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from synqc.apps.tds.analyses import Analyses, AnalysisBusy
from synqc.errors import DocumentError, InputError
from synqc.protocols import T1, IQBlobs, write_records
from synqc.records.untrusted import MOST_VALUES, check_untrusted
from synqc.service.tds.routes.analyses import MOST_BYTES
from synqc.twin import HiddenQubit, Twin

P = "/api/v1/synqc/analyses"


@pytest.fixture(scope="module")
def records():
    return T1().run(Twin([HiddenQubit(t1_us=60.0)], seed=2)[0])


@pytest.fixture(scope="module")
def content(records, tmp_path_factory):
    path = tmp_path_factory.mktemp("measured") / "t1.npz"
    write_records(records, path, layout="arrays")
    return path.read_bytes()


def test_a_file_gives_parameters_a_verdict_and_a_figure(client, content, records):
    answer = client.post(P, params={"name": "t1.npz"}, content=content)
    assert answer.status_code == 200, answer.text
    ((target, found),) = answer.json()["targets"].items()
    expected = T1().analyse(records)
    assert (target, found["protocol"], found["verdict"], found["reasons"]) == ("0", "T1", "good", [])
    own = found["parameters"]["t1_us"]
    assert own["value"] == pytest.approx(expected.values["t1_us"], rel=1e-9)
    assert own["interval_95"] == pytest.approx(list(expected.wide_intervals["t1_us"]), rel=1e-6)
    assert len(found["figure"]["data"]) >= 2
    assert "Share of outcome 1" in found["figure"]["layout"]["yaxis"]["title"]["text"]
    assert not list(Path(tempfile.gettempdir()).glob("synqc-analysis-*/measured*"))


def test_what_the_file_does_not_say_can_be_said(client):
    delays = np.linspace(0.0, 200.0, 21)
    shares = np.random.default_rng(4).binomial(1000, np.exp(-delays / 60.0)) / 1000
    file = io.BytesIO()
    np.savez(file, state=shares, delay_us=delays)
    said = {"name": "decay.npz", "protocol": "T1", "shots": 1000}
    axes = json.dumps({"state": ["delay_us"], "delay_us": ["delay_us"]})
    missing = client.post(P, params=said, content=file.getvalue())
    assert missing.status_code == 400
    assert "`axes`" in missing.json()["detail"]
    answer = client.post(P, params={**said, "axes": axes, "units": json.dumps({"state": ""})}, content=file.getvalue())
    assert answer.status_code == 200, answer.text
    ((_, found),) = answer.json()["targets"].items()
    assert found["parameters"]["t1_us"]["value"] == pytest.approx(60.0, rel=0.15)


def test_what_can_be_sent_is_told(client):
    told = client.get(P).json()
    assert {"T1", "RabiChevron", "IQBlobs"} <= set(told["protocols"])
    assert told["most_bytes"] == MOST_BYTES
    assert ".npz" in told["suffixes"]


def npz_of(**members):
    """An archive with members of any bytes."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return file.getvalue()


def npy_head(shape, kind="<f8"):
    """The head of an array that has no numbers behind it."""
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": kind, "fortran_order": False, "shape": shape})
    return file.getvalue()


def pickled():
    file = io.BytesIO()
    np.save(file, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    return file.getvalue()


HOSTILE = {
    "nothing": ("a.npz", b""),
    "no archive": ("a.npz", b"PK\x03\x04 and no more"),
    "no array": ("a.npy", b"\x93NUMPY"),
    "a promise of a terabyte": ("a.npy", npy_head((1 << 37,))),
    "the same in an archive": ("a.npz", npz_of(counts=npy_head((1 << 20, 1 << 17)))),
    "a bomb": ("a.npz", npz_of(counts=npy_head((MOST_VALUES * 8,), "|u1") + bytes(MOST_VALUES * 8))),
    "Python objects": ("a.npy", pickled()),
    "deep JSON": ("a.json", b"[" * 100_000 + b"]" * 100_000),
    "JSON of nothing": ("a.json", b"{}"),
    "no HDF5": ("a.h5", b"\x89HDF\r\n\x1a\n" + bytes(64)),
    "another kind": ("a.exe", b"MZ"),
    "no ending": ("passwd", b"root"),
    "a path": ("../../etc/passwd", b"root"),
    "a path with an ending": ("../../../tmp/x.npz", b"PK"),
}


OF_THE_CONTENT = [case for case, (name, content) in HOSTILE.items() if content and name[:2] == "a."]
SENT = ["nothing", "a bomb", "Python objects", "no ending", "a path", "a path with an ending"]


@pytest.mark.parametrize("case", OF_THE_CONTENT)
def test_hostile_content_is_found_before_it_is_read(case, tmp_path):
    name, content = HOSTILE[case]
    (tmp_path / name).write_bytes(content)
    if case == "JSON of nothing":
        check_untrusted(tmp_path / name)
        return
    with pytest.raises((DocumentError, InputError), match="must"):
        check_untrusted(tmp_path / name)


@pytest.mark.parametrize("case", [pytest.param(one, marks=() if one in SENT else pytest.mark.deep) for one in HOSTILE])
def test_a_hostile_file_is_refused_in_words(client, case):
    name, content = HOSTILE[case]
    answer = client.post(P, params={"name": name}, content=content)
    assert answer.status_code == 400, answer.text
    words = answer.json()["detail"]
    assert "must" in words
    assert tempfile.gettempdir() not in words


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"arguments": "[1]"}, "`arguments`"),
        ({"arguments": "{" * 4000}, "`arguments`"),
        ({"units": '{"a": 1}'}, "`units`"),
        ({"axes": '{"a": [1]}'}, "`axes`"),
        ({"arguments": '{"\\ud800": 1}'}, "Arguments"),
        ({"arguments": '{"a\\u0000": 1}'}, "Arguments"),
        ({"protocol": "--help"}, "--help"),
        ({"shots": "0"}, "shots"),
        ({"ground_sign": "2"}, "ground_sign"),
        ({"name": "x" * 300 + ".npz"}, "name"),
    ],
    ids=lambda one: str(one)[:30],
)
def test_hostile_arguments_are_refused_in_words(client, content, changes, named):
    answer = client.post(P, params={"name": "t1.npz", **changes}, content=content)
    assert answer.status_code in (400, 422), answer.text
    assert named in answer.text


def test_a_file_that_is_too_long_is_not_read(client):
    answer = client.post(P, params={"name": "a.npz"}, content=bytes(MOST_BYTES + 1))
    assert answer.status_code == 413
    longer = client.post("/api/v1/synqc/sessions", content=bytes(MOST_BYTES))
    assert longer.status_code == 413


def test_a_file_of_another_file_is_refused(tmp_path):
    h5py = pytest.importorskip("h5py")
    secret = tmp_path / "secret"
    secret.write_bytes(bytes(80))
    for number, make in enumerate(
        (
            lambda whole: whole.create_dataset("counts", (10,), "f8", external=[(str(secret), 0, 80)]),
            lambda whole: whole.__setitem__("counts", h5py.ExternalLink(str(secret), "/counts")),
            lambda whole: whole.__setitem__("counts", h5py.SoftLink("/elsewhere")),
            lambda whole: whole.create_dataset("counts", (1 << 40,), "f8", chunks=(1024,)),
        )
    ):
        path = tmp_path / f"{number}.h5"
        with h5py.File(path, "w") as whole:
            make(whole)
        with pytest.raises(DocumentError, match="must h"):
            check_untrusted(path)


def test_what_takes_too_long_is_stopped_and_more_than_two_wait(content):
    with pytest.raises(InputError, match="takes longer"):
        Analyses(patience_s=1e-3).analyse(content, "t1.npz")
    busy = Analyses()
    for _ in range(2):
        busy._free.acquire()
    with pytest.raises(AnalysisBusy, match="at a time"):
        busy.analyse(content, "t1.npz")


@pytest.mark.deep
def test_clouds_have_a_figure_too(client, tmp_path):
    records = IQBlobs(shots=500).run(Twin([HiddenQubit()], seed=3)[0])
    write_records(records, tmp_path / "blobs.npz", layout="arrays")
    answer = client.post(P, params={"name": "blobs.npz"}, content=(tmp_path / "blobs.npz").read_bytes())
    assert answer.status_code == 200, answer.text
    assert answer.json()["targets"]["0"]["protocol"] == "IQBlobs"

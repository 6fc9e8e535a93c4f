"""What is written in any layout is read back, and nothing that a reader must know is guessed."""

import json

import numpy as np
import pytest

from synqc.errors import DocumentError, InputError, ShapeError, UnknownName
from synqc.records import Axis, Conventions, Measured, MeasuredFile, read, write

pytest.importorskip("h5netcdf")
pytest.importorskip("zarr")

DELAYS = np.linspace(0.0, 10.0, 4)


def points(seed=5):
    random = np.random.default_rng(seed)
    return random.normal(size=(3, 4)) + 1j * random.normal(size=(3, 4))


def measured_file():
    iq = Measured(points(), (Axis("shot"), Axis("delay", "us", DELAYS)), "V")
    counts = Measured(np.arange(4), (Axis("delay", "us", DELAYS),), "")
    return MeasuredFile(
        {"iq": iq, "counts": counts}, {"gain": 2.5, "efficiency": 0.4}, Conventions(-1, "phase_preserving")
    )


@pytest.mark.parametrize(("layout", "name"), [("arrays", "a.npz"), ("netcdf", "a.nc"), ("zarr", "a.zarr")])
def test_arrays_axes_units_settings_and_conventions_come_back(layout, name, tmp_path):
    write(measured_file(), tmp_path / name, layout=layout)
    again = read(tmp_path / name)
    assert again.layout == layout
    assert (again["iq"].values == points()).all()
    assert again["iq"].unit == "V"
    assert (again["counts"].values == np.arange(4)).all()
    assert [(axis.name, axis.unit) for axis in again["iq"].axes] == [("shot", ""), ("delay", "us")]
    assert (again["iq"].axes[1].values == DELAYS).all()
    assert again.settings["gain"] == 2.5
    assert again.conventions == Conventions(-1, "phase_preserving")
    assert (again.points("iq") == -points()).all()


def test_a_qualibrate_folder_comes_back(tmp_path):
    state = {"qubits": {"q1": {"T1": 3e-5}}}
    file = MeasuredFile(
        {"I": Measured(points().real, (Axis("qubit", "", np.array(["q1", "q2", "q3"])), Axis("shot")), "V")},
        {"node": {"id": 7}, "quam_state": state},
        Conventions(1),
    )
    write(file, tmp_path / "node", layout="qualibrate")
    again = read(tmp_path / "node")
    assert again.layout == "qualibrate"
    assert again.settings["node"]["id"] == 7
    assert again.settings["quam_state"] == state
    assert (again["I"].values == points().real).all()
    assert again["I"].axes[0].values.tolist() == ["q1", "q2", "q3"]
    assert again.conventions.ground_sign == 1


def test_a_qibocal_folder_comes_back_under_its_keys(tmp_path):
    axis = (Axis("index"),)
    arrays = {"0/i": Measured(np.arange(3.0), axis, "V"), "0/q": Measured(np.ones(3), axis, "V")}
    arrays["1-2/prob"] = Measured(np.zeros(2), axis, "")
    write(MeasuredFile(arrays, {"nshots": 3}), tmp_path / "t1", layout="qibocal")
    with np.load(tmp_path / "t1" / "data.npz") as data:
        assert sorted(data.files) == ["0", "[1, 2]"]
    assert json.loads((tmp_path / "t1" / "data.json").read_text()) == {'"nshots"': 3}
    again = read(tmp_path / "t1", ground_sign=1, units={"i": "V", "q": "V", "prob": ""})
    assert sorted(again.arrays) == sorted(arrays)
    assert (again.points("0/i", "0/q") == np.arange(3.0) + 1j).all()


@pytest.mark.parametrize("axes", [("shot", "slot"), ("slot",)])
def test_qiskit_memory_comes_back(axes, tmp_path):
    values = points() if len(axes) == 2 else points()[0]
    file = MeasuredFile({"circuit": Measured(values, tuple(Axis(one) for one in axes), "")})
    write(file, tmp_path / "result.json", layout="qiskit")
    again = read(tmp_path / "result.json", ground_sign=1, units={"memory": ""})
    assert (again["circuit"].values == values).all()
    assert tuple(axis.name for axis in again["circuit"].axes) == axes


def test_a_result_of_qiskit_is_read_as_it_is(tmp_path):
    result = pytest.importorskip("qiskit.result")
    file = MeasuredFile({"circuit": Measured(points(), (Axis("shot"), Axis("slot")), "")})
    write(file, tmp_path / "result.json", layout="qiskit")
    theirs = result.Result.from_dict(json.loads((tmp_path / "result.json").read_text()))
    np.testing.assert_array_equal(np.asarray(theirs.get_memory(0)), points())
    again = read(theirs, ground_sign=1, units={"memory": ""})
    assert (again["circuit"].values == points()).all()


def test_plain_arrays_need_axes_units_and_a_sign(tmp_path):
    np.save(tmp_path / "iq.npy", points())
    settled = {"ground_sign": 1, "units": {"array": "V"}, "axes": {"array": ("shot", "delay")}}
    assert (read(tmp_path / "iq.npy", **settled).points("array") == points()).all()
    for left_out, words in (("ground_sign", "`ground_sign`"), ("units", "`units`"), ("axes", "`axes` must name the 2")):
        with pytest.raises(InputError, match=words):
            read(tmp_path / "iq.npy", **{name: value for name, value in settled.items() if name != left_out})


def test_an_efficiency_needs_its_convention(tmp_path):
    file = MeasuredFile({"x": Measured(np.zeros(2), (Axis("shot"),), "")}, {"readout": {"efficiency": 0.5}})
    write(file, tmp_path / "a.npz", layout="arrays")
    with pytest.raises(InputError, match="`efficiency_convention` must be single_quadrature or phase_preserving"):
        read(tmp_path / "a.npz")
    assert read(tmp_path / "a.npz", efficiency_convention="single_quadrature").conventions.efficiency is not None


def test_a_reader_cannot_contradict_its_file(tmp_path):
    write(measured_file(), tmp_path / "a.npz", layout="arrays")
    with pytest.raises(InputError, match="`ground_sign` must be -1, as the file says"):
        read(tmp_path / "a.npz", ground_sign=1)
    with pytest.raises(InputError, match="`efficiency_convention` must be 'phase_preserving', as the file says"):
        read(tmp_path / "a.npz", efficiency_convention="single_quadrature")


def test_i_and_q_of_different_units_are_not_joined(tmp_path):
    arrays = {"I": Measured(np.zeros(2), (Axis("shot"),), "V"), "Q": Measured(np.zeros(2), (Axis("shot"),), "mV")}
    with pytest.raises(InputError, match="`quadrature` must have the unit of `in_phase`"):
        MeasuredFile(arrays, {}, Conventions(1)).points("I", "Q")


def test_what_is_no_layout_or_not_of_its_layout_is_refused(tmp_path):
    (tmp_path / "x.bin").write_bytes(b"1")
    (tmp_path / "x.json").write_text("{}")
    (tmp_path / "y.json").write_text("no")
    with pytest.raises(UnknownName, match="`layout` must be given"):
        read(tmp_path / "x.bin")
    with pytest.raises(UnknownName, match="`layout` must be one of arrays, qibocal"):
        read(tmp_path / "x.bin", layout="labber")
    with pytest.raises(UnknownName, match="`layout` must be one of arrays, qibocal"):
        write(measured_file(), tmp_path / "z", layout="labber")
    with pytest.raises(InputError, match="`source` must be a path that exists"):
        read(tmp_path / "nothing.npz")
    with pytest.raises(DocumentError, match="must be a Result with IQ memory"):
        read(tmp_path / "x.json")
    with pytest.raises(DocumentError, match="must be JSON"):
        read(tmp_path / "y.json")
    with pytest.raises(DocumentError, match=r"`meas_level` must be 1.*\$\.results\[0\]"):
        read({"results": [{"meas_level": 2, "data": {"memory": ["0x0"]}}]}, ground_sign=1)
    with pytest.raises(ShapeError, match="`axes` must be one for each dimension"):
        Measured(np.zeros((2, 2)), (Axis("shot"),), "")
    with pytest.raises(UnknownName, match="`name` must be one of counts, iq"):
        measured_file()["z"]

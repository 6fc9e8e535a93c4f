"""Files that the foreign programs themselves wrote: Qibocal 0.2.6, Qualibrate 1.5.1, quantify-core 0.9.1.

Each is what the program's own saving function made of drawn numbers; |0> was drawn at negative I.
"""

from pathlib import Path

import numpy as np
import pytest

from synqc.errors import InputError
from synqc.records import read

pytest.importorskip("h5netcdf")

FILES = Path(__file__).parent / "files"


def test_qibocal_shots_are_read_with_targets_fields_and_parameters():
    file = read(FILES / "qibocal", ground_sign=-1, units={"i": "V", "q": "V", "state": ""})
    assert sorted(file.arrays) == ["0/i", "0/q", "0/state", "1/i", "1/q", "1/state"]
    assert file.settings["nshots"] == 20
    assert file.settings["qubit_frequencies"] == {"0": 4.9e9, "1": 5.0e9}
    points, states = file.points("0/i", "0/q"), file["0/state"].values
    # Drawn at -1 and 1 with 0.3 of noise; 20 shots each.
    assert points[states == 0].real.mean() == pytest.approx(1, abs=0.3)
    assert points[states == 1].real.mean() == pytest.approx(-1, abs=0.3)


def test_a_qualibrate_node_is_read_with_axes_and_documents():
    units = {"Qg": "V", "Ie": "V", "Qe": "V"}
    file = read(FILES / "qualibrate", ground_sign=-1, units=units)
    assert file.layout == "qualibrate"
    assert file["Ig"].unit == "V"
    assert [axis.name for axis in file["Ig"].axes] == ["qubit", "n_runs"]
    assert file["Ig"].axes[0].values.tolist() == ["q1", "q2"]
    assert file.settings["node"]["metadata"]["name"] == "07_iq_blobs"
    assert file.settings["data"]["quam"]["qubits"]["q1"]["resonator"]["operations"]["readout"]["threshold"] == 1e-5
    assert (file.points("Ig", "Qg").real.mean(axis=1) > 0).all()
    assert (file.points("Ie", "Qe").real.mean(axis=1) < 0).all()


def test_a_quantify_dataset_is_read_with_its_units():
    file = read(FILES / "quantify" / "dataset.hdf5")
    assert file["y0"].unit == "V"
    assert file["y1"].unit == "deg"
    (axis,) = file["y0"].axes
    assert (axis.name, axis.unit) == ("x0", "s")
    np.testing.assert_allclose(axis.values, np.linspace(0, 1e-4, 21))
    assert file.settings["tuid"] == "20261130-190000-000-abcdef"


def test_what_a_foreign_file_leaves_open_is_asked_for():
    units = {"i": "V", "q": "V", "state": ""}
    with pytest.raises(InputError, match="`ground_sign` must be"):
        read(FILES / "qibocal", units=units)
    with pytest.raises(InputError, match="`units` must say the unit of 'i'"):
        read(FILES / "qibocal", ground_sign=1)
    with pytest.raises(InputError, match="`units` must give 'Ig' the unit 'V'"):
        read(FILES / "qualibrate", ground_sign=1, units={"Ig": "mV", "Qg": "V", "Ie": "V", "Qe": "V"})

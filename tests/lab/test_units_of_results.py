"""Every number of a dataset or a table has a unit, which Pint reads as what it is."""

import numpy as np
import pytest

import synqc
from synqc.lab.units import unit_of

pytest.importorskip("xarray")

ALIKE = {"µs": "s", "ns": "s", "s": "s", "kHz": "Hz", "1/µs": "Hz", "rad": "", "1": "", "bit": ""}


def datasets():
    experiment = synqc.Experiment(qubits=2, probe_bins=2, adaptive_rule="kalman")
    yield experiment.run(200, iterations=2, seed=1, keep_records=True).to_xarray()
    axes = {
        "probe_duration_ns": [50, 100], "first_angle": [1.0, 1.5], "gamma_max_per_us": [1.0], "qubits": [1, 2],
        "detuning_khz": [0.0], "target": ["sim-local"],
    }  # fmt: skip
    yield synqc.sweep(experiment.replace(adaptive_rule="none"), axes, shots=20, seed=1, progress=False).to_xarray()


@pytest.fixture(scope="module", params=[0, 1], ids=["run", "sweep"])
def dataset(request):
    return list(datasets())[request.param]


def test_every_variable_and_axis_of_numbers_has_a_unit(dataset):
    for name, variable in dataset.variables.items():
        if variable.dtype.kind in "biuf":
            assert variable.attrs["units"] in ALIKE, name
        else:
            assert name == "target"


def test_names_that_carry_a_unit_have_it(dataset):
    for name, variable in dataset.variables.items():
        for ending, unit in (("_us", "µs"), ("_ns", "ns"), ("_khz", "kHz"), ("_s", "s"), ("_angle", "rad")):
            if str(name).removesuffix("_error").endswith(ending) and not str(name).endswith("_per_us"):
                assert variable.attrs["units"] == unit, name


def test_shots_are_whole_numbers(dataset):
    counts = [name for name in dataset.variables if name in ("shots", "shots_used")]
    assert counts
    assert all(dataset[name].dtype == np.int64 for name in counts)


def test_a_table_names_the_unit_of_each_column_of_numbers():
    pytest.importorskip("pandas")
    grid = synqc.sweep(synqc.Experiment(qubits=1), {"probe_duration_ns": [50], "target": ["ionq"]}, shots=20, seed=1)
    units = grid.to_pandas().attrs["units"]
    assert units["probe_duration_ns"] == "ns"
    assert units["latency_us_error"] == "µs"
    assert "target" not in units


def test_pint_reads_every_unit(dataset):
    pint = pytest.importorskip("pint", reason="is what reads them")
    registry = pint.UnitRegistry()
    for name, variable in dataset.variables.items():
        if (unit := variable.attrs.get("units")) is not None:
            assert registry.parse_units(unit).is_compatible_with(registry.parse_units(ALIKE[unit])), name


def test_pint_makes_quantities_of_a_dataset(dataset):
    pytest.importorskip("pint_xarray", reason="makes them")
    quantities = dataset.pint.quantify()
    assert str(quantities["latency_us"].pint.units) == "microsecond"
    assert str(quantities["fidelity"].pint.units) == "dimensionless"


@pytest.mark.parametrize("name", ["g", "s", "qubits", "shots", "probe_steps", "target"])
def test_names_without_a_unit_have_none(name):
    assert unit_of(name) == "1"

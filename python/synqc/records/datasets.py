"""Between xarray's datasets and measured files: netCDF, Quantify's and Qualibrate's HDF5, Zarr."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from synqc.errors import InputError
from synqc.records._packages import package
from synqc.records.measured import Axis, Measured

__all__ = ["dataset_of", "measured_of", "open_netcdf"]


def open_netcdf(path: Path) -> Any:
    """An xarray dataset of a netCDF 4 file, complex numbers of Quantify's kind included."""
    package("h5netcdf")
    return package("xarray").open_dataset(path, engine="h5netcdf", invalid_netcdf=True, decode_times=False)


def measured_of(dataset: Any, units: Mapping[str, str]) -> dict[str, Measured]:
    """Each variable with its axes.

    Raises:
        InputError: A variable or coordinate with numbers has no unit, neither in the file nor in `units`.
    """
    arrays = {}
    for name, variable in dataset.data_vars.items():
        axes = tuple(_axis_of(dataset, str(dimension), units) for dimension in variable.dims)
        arrays[str(name)] = Measured(np.asarray(variable.values), axes, unit_of(str(name), variable.attrs, units))
    return arrays


def unit_of(name: str, attributes: Mapping[str, Any], units: Mapping[str, str]) -> str:
    """Of the file, or of the reader.

    Raises:
        InputError: Neither says, or they disagree.
    """
    said = attributes.get("units")
    given = units.get(name)
    if said is None and given is None:
        raise InputError(
            f"Argument `units` must say the unit of {name!r}, which the file does not, but has none for it."
        )
    if said is not None and given is not None and str(said) != given:
        raise InputError(
            f"Argument `units` must give {name!r} the unit {said!r}, as the file says, but gives {given!r}."
        )
    return str(said if said is not None else given)


def _axis_of(dataset: Any, dimension: str, units: Mapping[str, str]) -> Axis:
    """Of the dimension's coordinate, or of the only one along it."""
    along = [name for name, coordinate in dataset.coords.items() if coordinate.dims == (dimension,)]
    chosen = dimension if dimension in along else along[0] if len(along) == 1 else None
    if chosen is None:
        return Axis(dimension)
    coordinate = dataset.coords[chosen]
    values = np.asarray(coordinate.values)
    # Labels and counting numbers have no unit; measured positions do.
    if values.dtype.kind in "fc":
        return Axis(str(chosen), unit_of(str(chosen), coordinate.attrs, units), values)
    return Axis(str(chosen), str(coordinate.attrs.get("units", "")), values)


def dataset_of(arrays: Mapping[str, Measured], attributes: Mapping[str, Any]) -> Any:
    """The xarray dataset of measured arrays."""
    xarray = package("xarray")
    variables, coordinates = {}, {}
    for name, measured in arrays.items():
        dimensions = [axis.name for axis in measured.axes]
        variables[name] = (dimensions, np.asarray(measured.values), {"units": measured.unit})
        for axis in measured.axes:
            if axis.values is not None:
                coordinates[axis.name] = ((axis.name,), np.asarray(axis.values), {"units": axis.unit})
    return xarray.Dataset(variables, coordinates, dict(attributes))

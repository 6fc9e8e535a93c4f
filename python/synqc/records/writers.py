"""Writers of the layouts that `read` reads, so that simulated data pass through others' analysis."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from synqc.errors import InputError, UnknownName
from synqc.records._packages import package
from synqc.records.datasets import dataset_of
from synqc.records.measured import Measured, MeasuredFile
from synqc.records.readers import DESCRIPTION

__all__ = ["write"]


def write(file: MeasuredFile, path: str | Path, *, layout: str) -> None:
    """Write measured or simulated arrays as another program would.

    Settled conventions are written where the layout has room for them: everywhere but in Qibocal's `data.npz` and
    Qiskit's memory, whose own readers would refuse what they do not know; units neither.

    Args:
        file: Arrays with axes, settings and conventions.
        path: The file, or the folder of "qibocal", "qualibrate" and "zarr".
        layout: "arrays" (.npz), "qibocal", "qualibrate", "netcdf", "zarr" or "qiskit".

    Raises:
        InputError: The arrays do not fit the layout.
        UnknownName: There is no such layout.
        MissingExtra: The layout needs a package that is not installed.

    Examples:
        >>> from synqc.records import Axis, Conventions, read
        >>> points = Measured(np.array([1 + 0j, -1 + 0j]), (Axis("shot"),), "V")
        >>> write(MeasuredFile({"iq": points}, {}, Conventions(1)), "points.npz", layout="arrays")
        >>> read("points.npz")["iq"].unit
        'V'
    """
    if layout not in _WRITERS:
        raise UnknownName(f"Argument `layout` must be one of {', '.join(_WRITERS)}, but is {layout!r}.")
    _WRITERS[layout](file, Path(path))


def _plain_arrays(file: MeasuredFile, path: Path) -> None:
    arrays: dict[str, Any] = {}
    words: dict[str, Any] = {}
    for name, measured in file.arrays.items():
        arrays[name] = np.asarray(measured.values)
        words[name] = {"unit": measured.unit, "axes": [[axis.name, axis.unit] for axis in measured.axes]}
        for axis in measured.axes:
            if axis.values is not None:
                arrays[f"axis:{name}:{axis.name}"] = np.asarray(axis.values)
    description = {"arrays": words, "settings": file.settings | file.conventions.as_attributes()}
    arrays[DESCRIPTION] = np.array(json.dumps(description))
    with path.open("wb") as stream:
        np.savez(stream, **arrays)


def _qibocal(file: MeasuredFile, path: Path) -> None:
    """Names "target/field" become fields of one structured array per target."""
    by_target: dict[str, dict[str, Any]] = {}
    for name, measured in file.arrays.items():
        target, _, field = name.partition("/")
        if not field:
            raise InputError(f"Argument `file` must have arrays named target/field for qibocal, but has {name!r}.")
        by_target.setdefault(target, {})[field] = np.asarray(measured.values)
    path.mkdir(parents=True, exist_ok=True)
    records: dict[str, Any] = {_target_key(target): _record(target, of) for target, of in by_target.items()}
    np.savez(path / "data.npz", **records)
    if file.settings:
        text = json.dumps({json.dumps(key): value for key, value in file.settings.items()}, indent=4)
        (path / "data.json").write_text(text, encoding="utf-8")


def _target_key(target: str) -> str:
    """Whole numbers and lists of them are Qibocal's targets and pairs; everything else is a name."""
    parts = [int(part) if part.isdecimal() else part for part in target.split("-")]
    return json.dumps(parts[0] if len(parts) == 1 else parts)


def _record(target: str, fields: dict[str, Any]) -> Any:
    shapes = {values.shape for values in fields.values()}
    if len(shapes) != 1:
        raise InputError(
            f"Argument `file` must have fields of one shape for target {target}, but has {sorted(shapes)}."
        )
    record = np.empty(shapes.pop(), [(name, values.dtype) for name, values in fields.items()])
    for name, values in fields.items():
        record[name] = values
    return record


def _qualibrate(file: MeasuredFile, path: Path) -> None:
    path.mkdir(parents=True, exist_ok=True)
    now = datetime.datetime.now(datetime.UTC).replace(microsecond=0).isoformat()
    given = file.settings.get("node", {})
    usual = {"created_at": now, "metadata": {"name": path.name}, "data": {}, "id": 1, "parents": []}
    documents = {"node": usual | given, "data": {"ds_raw": "./ds_raw.h5"} | file.settings.get("data", {})}
    if "quam_state" in file.settings:
        documents["quam_state"] = file.settings["quam_state"]
    for name, document in documents.items():
        (path / f"{name}.json").write_text(json.dumps(document, indent=4), encoding="utf-8")
    _write_dataset(file.arrays, file.conventions.as_attributes(), path / "ds_raw.h5")


def _netcdf(file: MeasuredFile, path: Path) -> None:
    _write_dataset(file.arrays, _flat(file.settings) | file.conventions.as_attributes(), path)


def _write_dataset(arrays: dict[str, Measured], attributes: dict[str, Any], path: Path) -> None:
    package("h5netcdf")
    is_complex = any(np.asarray(measured.values).dtype.kind == "c" for measured in arrays.values())
    # netCDF knows no complex numbers; this is how Quantify writes them.
    dataset_of(arrays, attributes).to_netcdf(path, engine="h5netcdf", invalid_netcdf=is_complex)


def _zarr(file: MeasuredFile, path: Path) -> None:
    package("zarr")
    dataset = dataset_of(file.arrays, _flat(file.settings) | file.conventions.as_attributes())
    dataset.to_zarr(path, mode="w", consolidated=False)


def _flat(settings: dict[str, Any]) -> dict[str, Any]:
    """Attributes are numbers and texts; documents become JSON."""
    return {
        name: value if isinstance(value, int | float | str) else json.dumps(value) for name, value in settings.items()
    }


def _qiskit(file: MeasuredFile, path: Path) -> None:
    results = []
    for name, measured in file.arrays.items():
        points = np.asarray(measured.values, np.complex128)
        axes = [axis.name for axis in measured.axes]
        if axes not in (["shot", "slot"], ["slot"]):
            raise InputError(f"Argument `file` must have arrays of (shot, slot) or (slot) for qiskit, but has {axes}.")
        memory = np.stack([points.real, points.imag], axis=-1).tolist()
        results.append(
            {
                "shots": len(points) if axes[0] == "shot" else 1,
                "success": True,
                "meas_level": 1,
                "meas_return": "single" if axes[0] == "shot" else "avg",
                "data": {"memory": memory},
                "header": {"name": name},
            }
        )
    usual = {"backend_name": "synqc", "backend_version": "1", "job_id": "0", "qobj_id": None, "success": True}
    path.write_text(json.dumps(usual | file.settings | {"results": results}), encoding="utf-8")


_WRITERS: dict[str, Callable[[MeasuredFile, Path], None]] = {
    "arrays": _plain_arrays,
    "qibocal": _qibocal,
    "qualibrate": _qualibrate,
    "netcdf": _netcdf,
    "zarr": _zarr,
    "qiskit": _qiskit,
}

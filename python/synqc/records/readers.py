"""Readers of measured files: whose layout it is follows from what lies there."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal
from zipfile import BadZipFile

import numpy as np

from synqc.errors import DocumentError, InputError, SynqcError, UnknownName
from synqc.records._packages import package
from synqc.records.conventions import Conventions
from synqc.records.datasets import measured_of, open_netcdf, unit_of
from synqc.records.measured import Axis, Measured, MeasuredFile

__all__ = ["DESCRIPTION", "layout_at", "read"]

DESCRIPTION = "synqc_description"
"""Name of the JSON text in a .npz file that says axes, units and settings."""

Read = tuple[dict[str, Measured], dict[str, Any]]


def read(
    source: Any,
    *,
    layout: str | None = None,
    ground_sign: int | Literal["any"] | None = None,
    efficiency_convention: str | None = None,
    units: Mapping[str, str] | None = None,
    axes: Mapping[str, tuple[str, ...]] | None = None,
) -> MeasuredFile:
    """Read a measured file, with everything settled that its numbers need.

    Args:
        source: A path, or an object for "qiskit" (a Result or its dictionary).
        layout: "arrays" (.npy, .npz), "qibocal" (a folder with data.npz and data.json), "qualibrate" (a folder with
            node.json), "netcdf" (of xarray or Quantify), "zarr" or "qiskit" (a JSON document of a Result). Found from
            what lies there if not given.
        ground_sign: +1 if |0> lies at larger I than |1>, -1 if at smaller: needed where the file holds I and Q and
            does not say.
        efficiency_convention: "single_quadrature" or "phase_preserving": needed where the file holds an efficiency
            and does not say.
        units: Units of arrays and axes by name, where the file does not say; "" for none.
        axes: Names of the axes of plain arrays, by name of the array; "array" is that of a .npy file.

    Returns:
        Arrays with axes and units, and whatever else the file says.

    Raises:
        InputError: The file leaves something open that no argument settles, or an argument contradicts it.
        DocumentError: The file is not of its layout.
        UnknownName: There is no such layout, or none that fits.
        MissingExtra: The layout needs a package that is not installed.

    Examples:
        >>> np.save("shots.npy", np.array([1 + 0j, -1 + 0j]))
        >>> file = read("shots.npy", ground_sign=-1, units={"array": "V"}, axes={"array": ("shot",)})
        >>> file.points("array").real.tolist()
        [-1.0, 1.0]
    """
    kind = layout or layout_at(source)
    if kind not in _READERS:
        raise UnknownName(f"Argument `layout` must be one of {', '.join(_READERS)}, but is {kind!r}.")
    try:
        arrays, settings = _READERS[kind](source, dict(units or {}), dict(axes or {}))
    except SynqcError:
        raise
    except (ValueError, KeyError, EOFError, BadZipFile, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:  # not what lies there, but getting at it
            raise
        name = Path(source).name if isinstance(source, str | Path) else "source"
        reason = str(error).split(". ")[0].rstrip(".")  # what else is said is advice for NumPy's users
        raise DocumentError(f"File {name} must be of the layout {kind}, but is not: {reason} (at $).") from error
    conventions = Conventions.settled(
        settings,
        None if ground_sign == "any" else ground_sign,
        efficiency_convention,
        has_points=ground_sign != "any" and any(_is_point(name, array) for name, array in arrays.items()),
        has_efficiency=any(_is_efficiency(name) for name in [*arrays, *_keys_of(settings)]),
    )
    return MeasuredFile(arrays, settings, conventions, kind)


def layout_at(source: Any) -> str:
    """The layout of what lies at a path; objects are Qiskit's.

    Raises:
        InputError: Nothing lies there.
        UnknownName: Nothing that lies there says it.
    """
    if not isinstance(source, str | Path):
        return "qiskit"
    path = Path(source)
    if not path.exists():
        raise InputError(f"Argument `source` must be a path that exists, but is {str(path)!r}.")
    if path.is_dir():
        marks = {"node.json": "qualibrate", "data.npz": "qibocal", ".zgroup": "zarr", "zarr.json": "zarr"}
        found = [kind for mark, kind in marks.items() if (path / mark).exists()]
    else:
        ends = {".npy": "arrays", ".npz": "arrays", ".json": "qiskit"}
        ends |= dict.fromkeys((".nc", ".h5", ".hdf5", ".netcdf"), "netcdf")
        found = [ends[path.suffix]] if path.suffix in ends else []
    if not found:
        raise UnknownName(f"Argument `layout` must be given, because nothing at {str(path)!r} says it, but is None.")
    return found[0]


_IN_PHASE = {"i", "q", "ig", "qg", "ie", "qe", "if", "qf"}


def _is_point(name: str, measured: Measured) -> bool:
    """Whether an array holds I and Q: complex, or named as one of the pair."""
    last = name.split("/")[-1].lower()
    return np.asarray(measured.values).dtype.kind == "c" or last in _IN_PHASE


def _is_efficiency(name: str) -> bool:
    return name.split("/")[-1].lower() in ("efficiency", "eta", "quantum_efficiency", "measurement_efficiency")


def _keys_of(value: Any) -> list[str]:
    """Every key in nested documents."""
    if isinstance(value, Mapping):
        return [key for name, inner in value.items() for key in [str(name), *_keys_of(inner)]]
    return [key for inner in value for key in _keys_of(inner)] if isinstance(value, list | tuple) else []


def _json_at(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DocumentError(f"File {path.name} must be JSON, but is not: {error} (at $).") from error


def _plain_arrays(source: Any, units: dict[str, str], axes: dict[str, tuple[str, ...]]) -> Read:
    """Arrays as they are, or with the description that `write` puts beside them."""
    loaded = np.load(source, allow_pickle=False)
    if isinstance(loaded, np.ndarray):
        return {"array": _plain("array", loaded, units, axes)}, {}
    with loaded:
        found = dict(loaded)
    if DESCRIPTION not in found:
        return {name: _plain(name, values, units, axes) for name, values in found.items()}, {}
    description = json.loads(str(found[DESCRIPTION]))
    arrays = {name: _described(name, found, words, units) for name, words in description["arrays"].items()}
    return arrays, description["settings"]


def _plain(name: str, values: Any, units: dict[str, str], axes: dict[str, tuple[str, ...]]) -> Measured:
    if len(axes.get(name, ())) != np.ndim(values):
        raise InputError(
            f"Argument `axes` must name the {np.ndim(values)} axes of {name!r}, but names {axes.get(name, ())}."
        )
    return Measured(values, tuple(Axis(one) for one in axes[name]), unit_of(name, {}, units))


def _described(name: str, found: Mapping[str, Any], words: Mapping[str, Any], units: dict[str, str]) -> Measured:
    axes = tuple(Axis(axis, unit, found.get(f"axis:{name}:{axis}")) for axis, unit in words["axes"])
    return Measured(found[name], axes, unit_of(name, {"units": words["unit"]}, units))


def _qibocal(source: Any, units: dict[str, str], axes: dict[str, tuple[str, ...]]) -> Read:
    """Structured arrays under JSON keys (a target, or a list of targets), and parameters whose keys are JSON, too."""
    folder = Path(source)
    arrays: dict[str, Measured] = {}
    with np.load(folder / "data.npz", allow_pickle=False) as data:
        for key in data.files:
            target = "-".join(str(part) for part in _as_list(_json_key(key)))
            values = data[key]
            dimensions = tuple(Axis("index" if k == 0 else f"index_{k}") for k in range(values.ndim))
            for field in values.dtype.names or ("",):
                name = f"{target}/{field}" if field else target
                column = values[field] if field else values
                arrays[name] = Measured(np.ascontiguousarray(column), dimensions, unit_of(field or target, {}, units))
    parameters = folder / "data.json"
    return arrays, _with_plain_keys(_json_at(parameters)) if parameters.exists() else {}


def _json_key(key: str) -> Any:
    try:
        return json.loads(key)
    except ValueError:
        return key


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _with_plain_keys(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {"-".join(str(p) for p in _as_list(_json_key(key))): _with_plain_keys(one) for key, one in value.items()}


def _qualibrate(source: Any, units: dict[str, str], axes: dict[str, tuple[str, ...]]) -> Read:
    """ds_raw.h5 and other datasets beside node.json; data.json, what the node returned; the state of the machine."""
    folder = Path(source)
    settings: dict[str, Any] = {"node": _json_at(folder / "node.json")}
    if (folder / "data.json").exists():
        settings["data"] = _json_at(folder / "data.json")
    state = _machine_state(folder)
    if state:
        settings["quam_state"] = state
    arrays: dict[str, Measured] = {}
    for file in sorted(folder.glob("*.h5")):
        with open_netcdf(file) as dataset:
            prefix = "" if file.stem == "ds_raw" else f"{file.stem}/"
            arrays |= {prefix + name: measured for name, measured in measured_of(dataset, units).items()}
            settings |= _settled_attributes(dataset.attrs)
    return arrays, settings


def _machine_state(folder: Path) -> dict[str, Any]:
    """quam_state.json, or every document of the folder quam_state, as one."""
    single = folder / "quam_state.json"
    if single.exists():
        whole: dict[str, Any] = _json_at(single)
        return whole
    state: dict[str, Any] = {}
    for file in sorted((folder / "quam_state").glob("*.json")):
        state |= _json_at(file)
    return state


def _settled_attributes(attributes: Mapping[str, Any]) -> dict[str, Any]:
    known = ("ground_sign", "efficiency_convention")
    return {name: attributes[name] for name in known if name in attributes}


def _netcdf(source: Any, units: dict[str, str], axes: dict[str, tuple[str, ...]]) -> Read:
    with open_netcdf(Path(source)) as dataset:
        return measured_of(dataset, units), _plain_attributes(dataset.attrs)


def _zarr(source: Any, units: dict[str, str], axes: dict[str, tuple[str, ...]]) -> Read:
    package("zarr")
    with package("xarray").open_zarr(source, consolidated=False, chunks=None, decode_times=False) as dataset:
        return measured_of(dataset, units), _plain_attributes(dataset.attrs)


def _plain_attributes(attributes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value.item() if isinstance(value, np.generic) else value for name, value in attributes.items()}


def _qiskit(source: Any, units: dict[str, str], axes: dict[str, tuple[str, ...]]) -> Read:
    """Memory of measurement level 1: [I, Q] per slot, of each shot or averaged."""
    document = _json_at(Path(source)) if isinstance(source, str | Path) else source
    plain = document if isinstance(document, Mapping) else document.to_dict()
    arrays: dict[str, Measured] = {}
    try:
        for number, experiment in enumerate(plain["results"]):
            if experiment["meas_level"] != 1:
                raise DocumentError(
                    f"Field `meas_level` must be 1, whose memory is I and Q, but is {experiment['meas_level']} "
                    f"(at $.results[{number}].meas_level)."
                )
            memory = np.asarray(experiment["data"]["memory"], np.float64)
            name = str(experiment.get("header", {}).get("name", number))
            dimensions = (Axis("shot"), Axis("slot"))[3 - memory.ndim :]
            unit = unit_of("memory", {}, units)
            arrays[name] = Measured(memory[..., 0] + 1j * memory[..., 1], dimensions, unit)
    except (KeyError, TypeError, IndexError, ValueError) as error:
        if isinstance(error, DocumentError | InputError):
            raise
        raise DocumentError(
            f"Argument `source` must be a Result with IQ memory, but is not: {error!r} (at $)."
        ) from error
    settings = {key: value for key, value in plain.items() if key != "results"}
    return arrays, settings


_READERS: dict[str, Callable[[Any, dict[str, str], dict[str, tuple[str, ...]]], Read]] = {
    "arrays": _plain_arrays,
    "qibocal": _qibocal,
    "qualibrate": _qualibrate,
    "netcdf": _netcdf,
    "zarr": _zarr,
    "qiskit": _qiskit,
}

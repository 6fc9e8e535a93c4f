"""Records of protocols in measured files: written in any layout, and found in files of other programs."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from synqc.errors import DocumentError, InputError
from synqc.protocols.catalogue import PROTOCOLS, full_name, protocol_named
from synqc.protocols.file_columns import column_of, is_column, unit_in_name
from synqc.protocols.iq_blobs import IQBlobs, IQPoints
from synqc.protocols.readout_scans import IQScan
from synqc.protocols.records import Records
from synqc.records import Axis, Conventions, Measured, MeasuredFile, read, write
from synqc.records.readers import layout_at

__all__ = ["MeasuredProtocol", "read_records", "write_records"]

_SHARES = ("prob", "probability", "state", "p1", "excited", "probability_1", "excited_population")
_SHOTS = ("shots", "nshots", "num_shots", "n_avg", "num_averages")
_BLOBS = (("Ig", "Qg", "Ie", "Qe"), ("I_g", "Q_g", "I_e", "Q_e"), ("ig", "qg", "ie", "qe"))
_FIRST_TARGET = "0"


@dataclass(frozen=True)
class MeasuredProtocol:
    """Records of a file, and the protocol they are of.

    Args:
        protocol: With the arguments that the file, or whoever read it, says.
        records: What its `analyse` takes.
    """

    protocol: Any
    records: Any

    def analyse(self) -> Any:
        """What follows from the records."""
        return self.protocol.analyse(self.records)


def write_records(
    records: Records | IQPoints | IQScan,
    path: str | Path,
    *,
    layout: str,
    protocol: Any = None,
    target: str = _FIRST_TARGET,
) -> None:
    """Write records in the layout of another program, so that `read_records` finds them again.

    Args:
        records: What a protocol's `run` gave.
        path: The file, or the folder of "qibocal", "qualibrate" and "zarr".
        layout: As of `synqc.records.write`. "qiskit" holds IQ points alone.
        protocol: Whose records they are, if its arguments are not the usual ones: `analyse` needs some of them.
        target: Name of the qubit, where the layout has room for one.

    Raises:
        InputError: The layout cannot hold the records.

    Examples:
        >>> from synqc.protocols import T1
        >>> from synqc.twin import HiddenQubit, Twin
        >>> records = T1().run(Twin([HiddenQubit(t1_us=60.0)], seed=2)[0])
        >>> write_records(records, "t1.npz", layout="arrays")
        >>> found = read_records("t1.npz")["0"].analyse()
        >>> found == T1().analyse(records)
        True
    """
    settings = _settings_of(records, protocol)
    conventions = Conventions() if isinstance(records, Records) else Conventions(_ground_sign(records))
    arrays = _flat_arrays(records, target) if layout in ("qibocal", "qiskit") else _arrays_of(records)
    if layout == "qiskit":
        if not isinstance(records, IQPoints):
            raise InputError("Argument `layout` must have room for counts, but 'qiskit' holds IQ points alone.")
        arrays = {f"prepared {level}": _slots(row) for level, row in enumerate(np.asarray(records.points))}
    if layout == "qualibrate":
        settings = {"node": {"metadata": {"name": settings["protocol"]}, "data": settings}}
    write(MeasuredFile(arrays, settings, conventions), path, layout=layout)


def read_records(
    path: str | Path,
    protocol: str | None = None,
    *,
    arguments: Mapping[str, Any] | None = None,
    shots: int | None = None,
    layout: str | None = None,
    ground_sign: int | Literal["any"] | None = "any",
    units: Mapping[str, str] | None = None,
    axes: Mapping[str, tuple[str, ...]] | None = None,
) -> dict[str, MeasuredProtocol]:
    """Find the records of a protocol in a measured file.

    A file of `write_records` says all of it. Of other programs' files are understood: counts of outcomes, shares of
    outcome 1 with a number of shots, and IQ points of both prepared levels, beside what was set under one of its usual
    names (such as delay, wait, idle_time). Two levels that were prepared are told apart by that: the side of |0> need
    not be known.

    Args:
        path: File or folder.
        protocol: Name; as the file says if not given.
        arguments: Of the protocol, over those that the file says.
        shots: Behind each share, where the file does not say.
        layout: As of `synqc.records.read`.
        ground_sign: As there; "any" if nothing depends on it.
        units: As there; names that end in a unit say it themselves.
        axes: As there.

    Returns:
        By target; a file that names none has "0".

    Raises:
        UnknownName: There is no such protocol.
        InputError: Something that is needed is said by neither side, or the file holds no records of the protocol.

    Examples:
        >>> from synqc.records import Axis, Measured, MeasuredFile, write
        >>> delays = Axis("idle_time", "ns", np.linspace(0.0, 200e3, 9))
        >>> shares = Measured(np.exp(-delays.values / 60e3).round(3), (delays,), "")
        >>> write(MeasuredFile({"state": shares}), "decay.npz", layout="arrays")
        >>> found = read_records("decay.npz", "T1", shots=1000)["0"].analyse()
        >>> round(found.values["t1_us"])
        60
    """
    known = dict.fromkeys(("reference", "sweep", "counts", "points", *_count_names(3)), "")
    known |= {column: unit_in_name(column) for one in PROTOCOLS.values() for column in _columns_of(one)}
    if (layout or layout_at(path)) in ("qibocal", "qiskit"):  # which never say the unit of I and Q
        known |= dict.fromkeys(("i", "q", "state", "memory"), "")
    file = read(path, layout=layout, ground_sign=ground_sign, units=known | dict(units or {}), axes=axes)
    said = _said_by(file)
    asked = None if protocol is None else full_name(protocol)
    name = said.get("protocol") or asked or _node_name(file)
    if asked not in (None, name):
        raise InputError(f"Argument `protocol` must be {name}, as the file says, but is {protocol!r}.")
    found = {}
    for target, arrays in _targets_of(file).items():
        made = _made(name, said, arguments, arrays)
        behind = shots or _number_of_shots(file.settings)
        found[target] = MeasuredProtocol(made, _records_in(arrays, made, behind))
    return found


def _settings_of(records: Records | IQPoints | IQScan, protocol: Any) -> dict[str, Any]:
    name = "IQBlobs" if isinstance(records, IQPoints) else records.protocol
    settings: dict[str, Any] = {"protocol": name}
    if isinstance(records, Records):
        settings["shots"] = records.shots
    if protocol is not None:
        if type(protocol).__name__ != name:
            raise InputError(f"Argument `protocol` must be {name}, as the records, but is {type(protocol).__name__}.")
        settings["arguments"] = dataclasses.asdict(protocol)
    return settings


def _ground_sign(records: IQPoints | IQScan) -> int:
    points = np.asarray(records.points)
    # Of a scan, where the clouds are farthest apart along I.
    rows = points if points.ndim == 2 else max(points, key=lambda one: abs(np.nanmedian(one[0].real - one[1].real)))
    middles = [np.nanmedian(row.real) for row in rows]
    return 1 if middles[0] >= middles[1] else -1


def _arrays_of(records: Records | IQPoints | IQScan) -> dict[str, Measured]:
    if isinstance(records, IQPoints):
        return {"points": Measured(np.asarray(records.points), (Axis("prepared"), Axis("shot")), "")}
    if isinstance(records, IQScan):
        axes = (Axis("setting"), Axis("prepared"), Axis("shot"))
        setting = Measured(np.asarray(records.settings), (Axis("setting"),), unit_in_name(records.column))
        return {records.column: setting, "points": Measured(np.asarray(records.points), axes, "")}
    columns = np.asarray(records.settings).T
    arrays = {
        name: Measured(values, (Axis("point"),), unit_in_name(name))
        for name, values in zip(records.columns, columns, strict=True)
    }
    counts = Measured(np.asarray(records.counts), (Axis("sweep"), Axis("point"), Axis("level")), "")
    return arrays | {"counts": counts}


def _count_names(levels: int) -> list[str]:
    return [f"count_{level}" for level in range(levels)]


def _flat_arrays(records: Records | IQPoints | IQScan, target: str) -> dict[str, Measured]:
    """One row per point of each sweep, or per shot: fields of one shape."""
    fields: dict[str, Any]
    if not isinstance(records, Records):
        points = np.asarray(records.points)
        fields = {"i": points.real.ravel(), "q": points.imag.ravel()}
        fields["state"] = np.broadcast_to(np.array([0, 1])[:, None], points.shape).ravel()
        if isinstance(records, IQScan):
            fields[records.column] = np.repeat(np.asarray(records.settings), points[0].size)
    else:
        counts = np.asarray(records.counts)
        sweeps, points_of_each, levels = counts.shape
        fields = {"sweep": np.repeat(np.arange(sweeps), points_of_each)}
        fields |= dict(zip(records.columns, np.tile(np.asarray(records.settings), (sweeps, 1)).T, strict=True))
        fields |= dict(zip(_count_names(levels), counts.reshape(-1, levels).T, strict=True))
    return {f"{target}/{name}": Measured(values, (Axis("index"),), "") for name, values in fields.items()}


def _slots(row: NDArray[np.complex128]) -> Measured:
    return Measured(row[:, None], (Axis("shot"), Axis("slot")), "")


def _said_by(file: MeasuredFile) -> dict[str, Any]:
    """Protocol, shots and arguments that `write_records` put down."""
    settings = file.settings
    if isinstance(settings.get("node"), dict) and "protocol" in settings["node"].get("data", {}):
        settings = settings["node"]["data"]
    said: dict[str, Any] = {name: settings[name] for name in ("protocol", "arguments") if name in settings}
    if isinstance(said.get("arguments"), str):  # an attribute of netCDF
        said["arguments"] = json.loads(said["arguments"])
    return said


def _node_name(file: MeasuredFile) -> str | None:
    """Protocol that the name of a Qualibrate node says, such as 05_T1."""
    node = file.settings.get("node")
    words = str(node.get("metadata", {}).get("name", "")).lower() if isinstance(node, dict) else ""
    if "blob" in words:
        return "IQBlobs"
    return next((name for name in ("T1", "Echo") if name.lower() in words.split("_")), None)


def _number_of_shots(settings: Any) -> int | None:
    """Under one of its usual names, anywhere in the documents of a file."""
    if isinstance(settings, Mapping):
        for name in _SHOTS:
            if isinstance(settings.get(name), int | np.integer) and settings[name] > 0:
                return int(settings[name])
        inner = (_number_of_shots(value) for value in settings.values())
        return next((one for one in inner if one), None)
    return None


def _targets_of(file: MeasuredFile) -> dict[str, dict[str, Measured]]:
    """Arrays of each qubit: names target/field, an axis of qubits, or neither."""
    if file.layout == "qibocal":
        targets: dict[str, dict[str, Measured]] = {}
        for name, measured in file.arrays.items():
            target, _, field = name.partition("/")
            targets.setdefault(target, {})[field] = measured
        return targets
    along = [axis for measured in file.arrays.values() for axis in measured.axes if axis.name in ("qubit", "target")]
    if not along or along[0].values is None:
        return {_FIRST_TARGET: file.arrays}
    return {
        str(target): {name: _at(measured, along[0].name, number) for name, measured in file.arrays.items()}
        for number, target in enumerate(along[0].values)
    }


def _at(measured: Measured, axis: str, number: int) -> Measured:
    names = [one.name for one in measured.axes]
    if axis not in names:
        return measured
    where = names.index(axis)
    kept = tuple(one for one in measured.axes if one.name != axis)
    return Measured(np.take(measured.values, number, axis=where), kept, measured.unit)


def _columns_of(protocol: Any) -> tuple[str, ...]:
    """What a protocol sets, without the reference."""
    if hasattr(protocol, "scanned"):
        return (protocol.column,)
    if hasattr(protocol, "reported"):
        made = protocol() if isinstance(protocol, type) else protocol
        return tuple(made.curve.columns[1:])
    return tuple(getattr(protocol, "columns", ()))[1:]


def _made(name: str | None, said: Mapping[str, Any], arguments: Any, arrays: Mapping[str, Measured]) -> Any:
    if name is None and _blob_rows(arrays) is not None:
        name = "IQBlobs"
    if name is None:
        raise InputError(
            f"Argument `protocol` must be one of {', '.join(PROTOCOLS)}, because the file does not say which it is of, "
            "but is None."
        )
    given = {**said.get("arguments", {}), **(arguments or {})}
    if name in ("T1Monitor", "FrequencyMonitor") and "delay_us" in arrays and "delay_us" not in given:
        given["delay_us"] = float(np.asarray(arrays["delay_us"].values).ravel()[0])
    return protocol_named(name, given)


def _records_in(arrays: Mapping[str, Measured], protocol: Any, shots: int | None) -> Any:
    if isinstance(protocol, IQBlobs):
        rows = _blob_rows(arrays)
        if rows is None:
            raise InputError(
                "Argument `path` must hold IQ points of both prepared levels (points, Ig Qg Ie Qe, or i q state), but "
                f"holds {_listed(arrays)}."
            )
        return IQPoints(rows)
    name = type(protocol).__name__
    if hasattr(protocol, "scanned"):
        return _scanned(arrays, name, protocol.column)
    if "counts" in arrays or "count_0" in arrays:
        return _counted(arrays, name, shots)
    return _shared(arrays, protocol, shots)


def _listed(arrays: Mapping[str, Measured]) -> str:
    words = [f"{name} ({', '.join(axis.name for axis in one.axes)})" for name, one in sorted(arrays.items())]
    return ", ".join(words) or "nothing"


def _blob_rows(arrays: Mapping[str, Measured]) -> Any:
    """Points (2, shots) of both prepared levels; None where a file has none."""
    if "points" in arrays and len(arrays["points"].axes) == 2 and len(arrays["points"].values) == 2:
        return np.asarray(arrays["points"].values)
    for names in _BLOBS:
        if all(name in arrays for name in names):
            values = [np.asarray(arrays[name].values, np.float64).ravel() for name in names]
            return np.stack([values[0] + 1j * values[1], values[2] + 1j * values[3]])
    if all(name in arrays for name in ("i", "q", "state")):
        points = np.asarray(arrays["i"].values) + 1j * np.asarray(arrays["q"].values)
        prepared = np.asarray(arrays["state"].values)
        rows = [points[prepared == level] for level in (0, 1)]
        # Shots that one level has more than the other are no missing ones.
        return np.stack([row[: min(map(len, rows))] for row in rows])
    slots = [one for one in arrays.values() if [axis.name for axis in one.axes] == ["shot", "slot"]]
    if len(slots) == len(arrays) == 2 and all(len(one.values[0]) == 1 for one in slots):
        return np.stack([np.asarray(one.values)[:, 0] for one in slots])
    return None


def _scanned(arrays: Mapping[str, Measured], name: str, column: str) -> IQScan:
    known = [one for one in arrays if is_column(one, column)]
    if len(known) != 1 or not ("points" in arrays or all(one in arrays for one in ("i", "q", "state"))):
        raise InputError(
            f"Argument `path` must hold {column} and IQ points of both prepared levels at each (points, or i q state), "
            f"but holds {_listed(arrays)}."
        )
    settings = column_of(column, arrays[known[0]].values, arrays[known[0]].unit, known[0])
    if "points" in arrays:
        return IQScan(name, column, settings, arrays["points"].values)
    points = np.asarray(arrays["i"].values) + 1j * np.asarray(arrays["q"].values)
    prepared, places = np.asarray(arrays["state"].values), list(dict.fromkeys(settings))
    rows = [[points[(settings == place) & (prepared == level)] for level in (0, 1)] for place in places]
    fewest = min(len(row) for pair in rows for row in pair)
    return IQScan(name, column, places, np.array([[row[:fewest] for row in pair] for pair in rows]))


def _counted(arrays: Mapping[str, Measured], name: str, shots: int | None) -> Records:
    if "counts" in arrays:
        counts = np.asarray(arrays["counts"].values)
        columns = [one for one, measured in arrays.items() if [axis.name for axis in measured.axes] == ["point"]]
        settings = np.stack([np.asarray(arrays[one].values, np.float64) for one in columns], axis=1)
    else:
        names = [one for one in _count_names(3) if one in arrays]
        columns = [one for one in arrays if one not in (*names, "sweep")]
        sweeps = len(np.unique(np.asarray(arrays["sweep"].values)))
        rows = np.stack([np.asarray(arrays[one].values, np.float64) for one in columns], axis=1)
        settings = rows[: len(rows) // sweeps]
        counts = np.stack([np.asarray(arrays[one].values) for one in names], axis=1).reshape(
            sweeps, len(settings), len(names)
        )
    if shots is None:
        raise InputError("Argument `shots` must be given, because the file does not say how many were asked for.")
    wanted = ("reference", *_columns_of(PROTOCOLS[name]))
    if sorted(columns) != sorted(wanted):
        raise DocumentError(
            f"File of {name} must have the columns {', '.join(wanted)}, but has {', '.join(columns)} (at $)."
        )
    order = [columns.index(one) for one in wanted]
    return Records(name, wanted, settings[:, order], counts, shots)


def _shared(arrays: Mapping[str, Measured], protocol: Any, shots: int | None) -> Records:
    """Shares of outcome 1 along axes, or beside fields, that say what was set."""
    name = type(protocol).__name__
    shares = [one for one in arrays if one.lower() in _SHARES]
    if len(shares) != 1:
        raise InputError(
            f"Argument `path` must hold counts, or shares of outcome 1 under one of {', '.join(_SHARES)}, but holds "
            f"{_listed(arrays)}; averaged I and Q have no likelihood of counts."
        )
    if shots is None:
        raise InputError("Argument `shots` must be given, because the file does not say how many are behind a share.")
    share = arrays[shares[0]]
    values = np.asarray(share.values, np.float64)
    if not ((values >= -1e-9) & (values <= 1 + 1e-9)).all():
        raise InputError(f"Argument `path` must hold shares from 0 to 1, but {shares[0]} has others.")
    set_there = _settings_beside(arrays, share)
    wanted = _columns_of(protocol)
    columns = []
    for column in wanted:
        known = [one for one in set_there if is_column(one, column)]
        if len(known) != 1:
            raise InputError(
                f"Argument `path` must say {column} of {name}, but its settings are {', '.join(set_there) or 'none'}."
            )
        setting = set_there[known[0]]
        columns.append(column_of(column, setting.values, setting.unit, known[0]))
    more = [one for one in set_there if not any(is_column(one, column) for column in wanted)]
    if more:
        raise InputError(f"Argument `path` must hold what {name} sets, {', '.join(wanted)}, but was swept over {more}.")
    settings = np.stack([np.full(values.size, -1.0), *columns], axis=1)
    ones = np.round(values.ravel() * shots).astype(int)
    return Records(name, ("reference", *wanted), settings, [np.stack([shots - ones, ones], axis=1)], shots)


def _settings_beside(arrays: Mapping[str, Measured], share: Measured) -> dict[str, Measured]:
    """Coordinates of each point, flattened: of named axes with values, or of fields of the same rows."""
    with_values = [axis for axis in share.axes if axis.values is not None]
    if with_values:
        grid = np.meshgrid(
            *[
                np.asarray(axis.values) if axis.values is not None else np.arange(size)
                for axis, size in zip(share.axes, np.shape(share.values), strict=True)
            ],
            indexing="ij",
        )
        return {
            axis.name: Measured(values.ravel(), (Axis("point"),), axis.unit)
            for axis, values in zip(share.axes, grid, strict=True)
        }
    return {
        name: one
        for name, one in arrays.items()
        if one is not share and np.shape(one.values) == np.shape(share.values) and name not in ("error", "errors")
    }

"""Records as a finished node in Qualibrate's storage, which `load_from_id` finds: a source for `load_data_id`."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from synqc.errors import InputError
from synqc.protocols.records import Records
from synqc.records import Axis, Measured, MeasuredFile, write

__all__ = ["write_node"]

_AXES = {
    "delay_us": ("idle_time", "ns", 1e3),
    "amplitude": ("amp_prefactor", "", 1.0),
    "duration_us": ("duration", "ns", 1e3),
}


_SCHEMA = {
    "title": "Parameters",
    "type": "object",
    "properties": {
        "qubits": {"title": "Qubits", "type": "array", "items": {"type": "string"}},
        "num_shots": {"title": "Num Shots", "type": "integer"},
    },
}


def write_node(
    records: Mapping[str, Records],
    base_path: str | Path,
    *,
    node_id: int,
    name: str,
    finished: datetime.datetime | None = None,
) -> Path:
    """Write records of several qubits where Qualibrate looks for data: base_path/date/#id_name_time.

    `ds_raw` holds `state`, the share of outcome 1 of each qubit along what was set, under the axes' usual names.

    Args:
        records: By name of the qubit, of one protocol that sets one thing, with the same settings.
        base_path: The storage location of Qualibrate's project.
        node_id: What `load_data_id` is given.
        name: Of the node, such as "06_T1".
        finished: When; now if not given.

    Returns:
        The node's folder.

    Raises:
        InputError: The records do not fit each other, or a node.

    Examples:
        >>> from synqc.protocols import T1, read_records
        >>> from synqc.twin import HiddenQubit, Twin
        >>> records = {f"q{k}": T1().run(qubit) for k, qubit in enumerate(Twin([HiddenQubit(), HiddenQubit()], seed=2))}
        >>> folder = write_node(records, "storage", node_id=7, name="06_T1")
        >>> sorted(read_records(folder))
        ['q0', 'q1']
    """
    if not records:
        raise InputError("Argument `records` must hold one qubit or more, but is empty.")
    first = next(iter(records.values()))
    if len(first.columns) != 2 or first.columns[1] not in _AXES:
        raise InputError(
            f"Argument `records` must set one of {', '.join(_AXES)}, but is of {first.protocol}, which sets "
            f"{', '.join(first.columns[1:])}."
        )
    axis, unit, scale = _AXES[first.columns[1]]
    used = np.asarray(first.settings)[:, 0] < 0
    shares = []
    for target, one in records.items():
        if one.columns != first.columns or not np.array_equal(one.settings, first.settings):
            raise InputError(f"Argument `records` must have the same settings for all qubits, but {target} has others.")
        totals = one.totals[used]
        shares.append(totals[:, 1] / np.maximum(totals.sum(axis=1), 1))
    when = finished or datetime.datetime.now(datetime.UTC)
    folder = Path(base_path) / f"{when:%Y-%m-%d}" / f"#{node_id}_{name}_{when:%H%M%S}"
    shots = first.shots * len(np.asarray(first.counts))
    parameters = {"qubits": list(records), "num_shots": shots}
    along = (Axis("qubit", "", np.array(list(records))), Axis(axis, unit, scale * np.asarray(first.settings)[used, 1]))
    node = {
        "created_at": when.isoformat(timespec="seconds"),
        "metadata": {"name": name, "description": first.protocol, "status": "finished"},
        "data": {"parameters": {"model": parameters, "schema": _SCHEMA}},
        "id": node_id,
        "parents": [],
    }
    settings = {"node": node, "data": {"initial_parameters": parameters}}
    state = Measured(np.array(shares), along, "")
    write(MeasuredFile({"state": state}, settings), folder, layout="qualibrate")
    return folder

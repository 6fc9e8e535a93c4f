"""Export of a history for an auditor: lines of JSON that can be checked without this program, by SHA-256 alone."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass

from synqc import json
from synqc.apps.fir.history.chain import Fault, FaultPlace, first_hash, verify_chain
from synqc.apps.fir.history.entry import StoredEntry
from synqc.errors import DocumentError, InputError

__all__ = ["Exported", "export_history", "read_export"]

_FORM = "synqc.fir.history"
_VERSION = 1


@dataclass(frozen=True)
class Exported:
    """An export as it was read, with all that is wrong with it."""

    session_id: str
    entries: tuple[StoredEntry, ...]
    head: str
    faults: tuple[Fault, ...]


def export_history(session_id: str, entries: Sequence[StoredEntry], head: str) -> bytes:
    """First a line that says what it is and how hashes are made, then a line for each entry.

    An entry's `body` is what was hashed, in base64; `entry` beside it says the same for readers.
    """
    about = {
        "form": _FORM, "version": _VERSION, "session_id": session_id, "entries": len(entries), "head": head,
        "first": first_hash(session_id), "rule": "hash = SHA-256(hex of the hash before, line feed, body)",
    }  # fmt: skip
    lines = [json.canonical(about)]
    for one in entries:
        line = {"number": one.number, "hash": one.hash, "body": base64.b64encode(one.body).decode()}
        lines.append(json.canonical(line | {"entry": json.loads(one.body)}))
    return b"\n".join(lines) + b"\n"


def read_export(data: bytes) -> Exported:
    """An export, verified.

    Raises:
        InputError: It is no export of a history.
    """
    try:
        about, *rows = [json.loads(line) for line in data.splitlines() if line.strip()]
        if about["form"] != _FORM or about["version"] != _VERSION:
            raise InputError(f"Argument `data` must be a history of form {_FORM}, version {_VERSION}, but is not.")
        session_id, head = str(about["session_id"]), str(about["head"])
        entries = tuple(
            StoredEntry(int(row["number"]), base64.b64decode(row["body"], validate=True), str(row["hash"]))
            for row in rows
        )
    except (DocumentError, KeyError, TypeError, ValueError) as error:
        if isinstance(error, InputError) and not isinstance(error, DocumentError):
            raise
        raise InputError(f"Argument `data` must be an exported history, but {type(error).__name__}: {error}") from error
    faults = verify_chain(session_id, entries, head)
    for row, one in zip(rows, entries, strict=True):
        if row.get("entry") != _said(one.body) and all(fault.number != one.number for fault in faults):
            faults.append(Fault(one.number, FaultPlace.BODY))
    return Exported(session_id, entries, head, tuple(sorted(faults, key=lambda fault: fault.number)))


def _said(body: bytes) -> object:
    try:
        return json.loads(body)
    except DocumentError:
        return None

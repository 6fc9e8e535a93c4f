"""The document and the arrays of a result's file, read as if a stranger had written them."""

from __future__ import annotations

import json
import math
import zipfile
import zlib
from collections.abc import Mapping
from tokenize import TokenError
from typing import IO, Any, Final, NamedTuple

import numpy as np

from synqc.errors import DocumentError

__all__ = [
    "ARRAYS",
    "RUN_FORMAT",
    "SWEEP_FORMAT",
    "Saved",
    "checked_array",
    "document_bytes",
    "document_from",
    "read_npz",
    "write_npz",
]

RUN_FORMAT: Final = "synqc-run-1"
SWEEP_FORMAT: Final = "synqc-sweep-1"
_LARGEST_DOCUMENT: Final = 1 << 28
_LARGEST_HEADER: Final = 1 << 12
_MOST_EXPANSION: Final = 1040  # of deflate, which 1032 bounds

# Dtype and axes of each array of a run: (iterations, qubits, shots[, bins]).
ARRAYS: Final = {"bits": ("|u1", 3), "records_i": ("<f8", 4), "records_q": ("<f8", 4), "record_moments": ("<f8", 4)}


class Saved(NamedTuple):
    """What a file holds, checked as far as its form goes."""

    document: dict[str, Any]
    arrays: dict[str, np.ndarray | None]


def document_bytes(document: Mapping[str, Any]) -> np.ndarray:
    """A document as an array that every form of file can hold: uint8, its JSON in UTF-8."""
    return np.frombuffer(json.dumps(document).encode(), dtype=np.uint8)


def document_from(content: bytes) -> dict[str, Any]:
    """The document of a file, of a format that is known.

    Raises:
        DocumentError: It is none.
    """
    if len(content) > _LARGEST_DOCUMENT:
        raise DocumentError(f"Document must have at most {_LARGEST_DOCUMENT} bytes, but has more.")
    document = json.loads(content)
    found = document.get("format") if isinstance(document, dict) else type(document).__name__
    if found not in (RUN_FORMAT, SWEEP_FORMAT):
        raise DocumentError(f"Document must be of format {RUN_FORMAT} or {SWEEP_FORMAT}, but is {found}.")
    return document  # type: ignore[no-any-return]


def rows_of(document: dict[str, Any]) -> tuple[int, int]:
    """Iterations and qubits of a run's document."""
    iterations = document["run"]["iterations"]
    qubits = {len(iteration["qubits"]) for iteration in iterations}
    if len(qubits) != 1:
        raise DocumentError("Document must have as many qubits in every iteration, but has not (at $.run.iterations).")
    return len(iterations), qubits.pop()


def checked_array(document: dict[str, Any], name: str, values: np.ndarray) -> np.ndarray:
    """An array of a run as a read-only one of the dtype and the axes it must have.

    Raises:
        DocumentError: It has others.
    """
    dtype, dimensions = ARRAYS[name]
    rows = rows_of(document)
    if values.dtype != np.dtype(dtype) or values.ndim != dimensions or values.shape[:2] != rows:
        raise DocumentError(
            f"Array `{name}` must be {dtype} with {dimensions} axes that begin with {rows}, "
            f"but is {values.dtype} {values.shape}."
        )
    values = np.ascontiguousarray(values, dtype)
    values.flags.writeable = False
    return values


def write_npz(
    file: IO[bytes], document: Mapping[str, Any], arrays: Mapping[str, np.ndarray | None], *, compressed: bool
) -> None:
    """Write what `read_npz` reads, to a file open for writing; arrays that are None are left out."""
    written = {"document": document_bytes(document)}
    written.update((name, values) for name, values in arrays.items() if values is not None)
    (np.savez_compressed if compressed else np.savez)(file, **written)  # type: ignore[arg-type]


def read_npz(file: IO[bytes]) -> Saved:
    """The document and the arrays of a file that `write_npz` wrote, open for reading.

    Shapes are held against the document and sizes against the file before anything of that size is made.

    Raises:
        DocumentError: It is none, or is damaged.
    """
    try:
        with zipfile.ZipFile(file) as members:
            document = _document(members)
            if document["format"] == SWEEP_FORMAT:
                return Saved(document, {})
            rows = rows_of(document)
            return Saved(document, {name: _array(members, name, rows) for name in ARRAYS})
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        raise DocumentError(f"Document must be a whole file of save(), but is not: {error}") from error
    except (
        KeyError,
        ValueError,
        TypeError,
        OverflowError,
        IndexError,
        AttributeError,
        SyntaxError,
        TokenError,
    ) as error:
        # NumPy reads the head of an array as Python, and lets what Python's tokenizer says pass.
        if isinstance(error, DocumentError):
            raise
        raise DocumentError(f"Document must be written by save(), but is not: {error}") from error


def _document(members: zipfile.ZipFile) -> dict[str, Any]:
    if members.getinfo("document.npy").file_size > _LARGEST_DOCUMENT:
        raise DocumentError(f"Document must have at most {_LARGEST_DOCUMENT} bytes, but has more.")
    content, _ = _content(members, "document", "|u1", 1, ())
    return document_from(content)


def _array(members: zipfile.ZipFile, name: str, rows: tuple[int, int]) -> np.ndarray | None:
    if f"{name}.npy" not in members.namelist():
        return None
    dtype, dimensions = ARRAYS[name]
    content, shape = _content(members, name, dtype, dimensions, rows)
    values = np.frombuffer(content, dtype).reshape(shape)
    values.flags.writeable = False
    return values


def _content(
    members: zipfile.ZipFile, name: str, dtype: str, dimensions: int, first: tuple[int, ...]
) -> tuple[bytes, tuple[int, ...]]:
    """The bytes of an array of the one dtype, by rows, and its shape, whose lengths begin with `first`."""
    member = members.getinfo(f"{name}.npy")
    if member.file_size > _MOST_EXPANSION * (member.compress_size + 1):
        raise DocumentError(f"Array `{name}` must have the size it was written with, but claims {member.file_size}.")
    with members.open(member) as file:
        if np.lib.format.read_magic(file) != (1, 0):
            raise DocumentError(f"Array `{name}` must be of NumPy's format 1.0, but is of another.")
        shape, by_columns, found = np.lib.format.read_array_header_1_0(file, max_header_size=_LARGEST_HEADER)
        if found.str != dtype or by_columns or len(shape) != dimensions:
            raise DocumentError(
                f"Array `{name}` must be {dtype} with {dimensions} axes, by rows, but is {found.str} {shape}."
            )
        size = math.prod(shape) * found.itemsize
        if size > member.file_size or min(shape) < 0 or shape[: len(first)] != first:
            raise DocumentError(
                f"Array `{name}` must begin with {first} in its shape and fit its bytes, but has shape {shape}."
            )
        content = file.read(size)
        if len(content) != size or file.read(1):
            raise DocumentError(f"Array `{name}` must have {size} bytes, but has not.")
    return content, shape

"""Files of strangers: what would reach beyond the file, or grow when it is unpacked, is refused before it is read."""

from __future__ import annotations

import math
import zipfile
from pathlib import Path
from typing import IO, Any

import numpy as np

from synqc.errors import DocumentError, InputError
from synqc.records._packages import package

__all__ = ["MOST_VALUES", "check_untrusted"]

MOST_VALUES = 1 << 21
"""Numbers that all arrays of a file may hold together."""

_MOST_NESTED = 100


def check_untrusted(path: str | Path) -> None:
    """Refuse a file whose arrays are larger than what is on disk should make them, or whose links lead out of it.

    Args:
        path: A .npy, .npz, .json, .nc or .h5 file; folders are refused.

    Raises:
        InputError: It is of another kind.
        DocumentError: It holds too much, nests too deep, or refers to other files.

    Examples:
        >>> np.savez("few.npz", counts=np.ones(3))
        >>> check_untrusted("few.npz")
        >>> np.save("many.npy", np.zeros(MOST_VALUES + 1, np.uint8))
        >>> check_untrusted("many.npy")
        Traceback (most recent call last):
        synqc.errors.DocumentError: File many.npy must hold at most 2097152 numbers, but holds 2097153 (at $).
    """
    file = Path(path)
    checks = {".npy": _check_npy, ".npz": _check_npz, ".json": _check_json}
    checks |= dict.fromkeys((".nc", ".h5", ".hdf5", ".netcdf"), _check_hdf5)
    if file.suffix not in checks or not file.is_file():
        raise InputError(f"Argument `path` must be a file ending in {', '.join(checks)}, but is {file.name!r}.")
    try:
        checks[file.suffix](file)
    except (ValueError, KeyError, EOFError, OSError, RuntimeError, zipfile.BadZipFile) as error:
        if isinstance(error, DocumentError | InputError):
            raise
        raise DocumentError(f"File {file.name} must be what its ending says, but is not: {error} (at $).") from error


def _refuse_more(file: Path, values: int) -> None:
    if values > MOST_VALUES:
        raise DocumentError(f"File {file.name} must hold at most {MOST_VALUES} numbers, but holds {values} (at $).")


def _values_of(stream: IO[bytes]) -> int:
    """That the head of an array promises; NumPy makes room for them before it reads one."""
    version = np.lib.format.read_magic(stream)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, kind = read(stream)
    if kind.hasobject:
        raise ValueError("it holds Python objects")
    return math.prod(shape) * max(1, math.ceil(kind.itemsize / 16))


def _check_npy(file: Path) -> None:
    with file.open("rb") as stream:
        _refuse_more(file, _values_of(stream))


def _check_npz(file: Path) -> None:
    values = 0
    with zipfile.ZipFile(file) as archive:
        for name in archive.namelist():
            with archive.open(name) as stream:
                values += _values_of(stream)
            _refuse_more(file, values)


def _check_json(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    depth = deepest = 0
    for letter in text:
        if letter in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif letter in "]}":
            depth -= 1
    if deepest > _MOST_NESTED:
        raise DocumentError(f"File {file.name} must nest at most {_MOST_NESTED} deep, but has {deepest} (at $).")
    _refuse_more(file, text.count(","))


def _check_hdf5(file: Path) -> None:
    h5py = package("h5py")
    values = 0

    def look(group: Any) -> None:
        nonlocal values
        for name in group:
            link = group.get(name, getlink=True)
            if not isinstance(link, h5py.HardLink):
                raise DocumentError(f"File {file.name} must have no links, but has {name!r} (at {group.name}).")
            here = group[name]
            if isinstance(here, h5py.Group):
                if here.name.count("/") > _MOST_NESTED:
                    raise DocumentError(f"File {file.name} must nest at most {_MOST_NESTED} deep, but has more (at $).")
                look(here)
            elif isinstance(here, h5py.Dataset):
                if here.is_virtual or here.external:
                    raise DocumentError(
                        f"File {file.name} must hold its own data, but {here.name!r} lies elsewhere (at {here.name})."
                    )
                values += math.prod(here.shape or ()) * max(1, math.ceil(here.dtype.itemsize / 16))
                _refuse_more(file, values)

    with h5py.File(file, "r") as whole:
        look(whole)

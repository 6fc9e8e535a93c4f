"""Results in files, the form by the suffix: written whole or not at all, and read back equal."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from synqc.errors import DocumentError, InputError, MissingExtra
from synqc.lab.run_file import (
    ARRAYS,
    RUN_FORMAT,
    Saved,
    checked_array,
    document_bytes,
    document_from,
    read_npz,
    write_npz,
)

if TYPE_CHECKING:
    import xarray

__all__ = ["SUFFIXES", "Storable", "read_result", "save_result"]

_DOCUMENT = "synqc_document"
_NAMES_IN_DATASETS = {"bits": "bits", "records_i": "records", "records_q": "records_quadrature"}
_SQUEEZED = {"bits", "records", "records_quadrature", "record_moments"}


class Storable(Protocol):
    """A run or a sweep, as a file wants it."""

    def _saved(self) -> Saved:
        """Everything."""

    def _columns(self) -> dict[str, np.ndarray]:
        """Figures as columns of a table, with a row per qubit of an iteration or per point."""

    def to_xarray(self) -> xarray.Dataset:
        """Figures and arrays as a labelled dataset."""


def save_result(result: Storable, path: str | os.PathLike[str]) -> Path:
    """Write everything a result holds; `read_result` reads it back.

    Args:
        result: A run or a sweep.
        path: Where to; its suffix is one of `SUFFIXES`, and `.npz` if it has none.

    Raises:
        InputError: Another suffix.
        FileNotFoundError: The folder is not there.
        MissingExtra: A package that this form needs is not installed.
    """
    target = Path(path)
    if not target.suffix:
        target = target.with_suffix(".npz")
    form = _form_of(target)
    if not target.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "There is no such folder", str(target.parent))
    with _whole(target) as temporary:
        form.write(result, temporary)
    return target


def read_result(path: str | os.PathLike[str]) -> Saved:
    """What `save_result` wrote.

    Args:
        path: The file, or a `.zarr` folder; `.npz` may be left out.

    Raises:
        FileNotFoundError: There is nothing.
        InputError: Its suffix is of no form.
        DocumentError: It is something else, or is damaged.
        MissingExtra: A package that this form needs is not installed.
    """
    file = Path(path)
    if not file.suffix and not file.exists():
        file = file.with_suffix(".npz")
    if not file.exists():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(file))
    form = _FORMS.get(file.suffix, _npz)  # an .npz under another name is still one
    if file.is_dir() and form is not _zarr:
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(file))
    try:
        return form.read(file)
    except (MissingExtra, MemoryError):
        raise
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError, RuntimeError, OverflowError,
            EOFError, zlib.error) as error:  # fmt: skip
        raise DocumentError(
            f"Argument `path` must be a file that save() wrote, but {file} is not readable as one: {error}"
        ) from error


class _Form(Protocol):
    def write(self, result: Storable, path: Path) -> None: ...

    def read(self, path: Path) -> Saved: ...


class _Npz:
    """NumPy's archive, without pickled objects."""

    def write(self, result: Storable, path: Path) -> None:
        saved = result._saved()
        with path.open("wb") as file:
            write_npz(file, saved.document, saved.arrays, compressed=True)

    def read(self, path: Path) -> Saved:
        with path.open("rb") as file:
            return read_npz(file)


class _Dataset:
    """xarray's dataset with units, and the document beside it."""

    def __init__(self, write: Callable[[xarray.Dataset, Path], None], read: Callable[[Path], xarray.Dataset]) -> None:
        self._write, self._read = write, read

    def write(self, result: Storable, path: Path) -> None:
        dataset = result.to_xarray()
        document = document_bytes(result._saved().document)
        dataset[_DOCUMENT] = ("synqc_document_bytes", document)
        dataset.attrs.pop("experiment", None)  # is in the document, and longer than some forms let an attribute be
        self._write(dataset, path)

    def read(self, path: Path) -> Saved:
        dataset = self._read(path)
        document = document_from(dataset[_DOCUMENT].to_numpy().astype(np.uint8).tobytes())
        if document["format"] != RUN_FORMAT:
            return Saved(document, {})
        arrays: dict[str, np.ndarray | None] = dict.fromkeys(ARRAYS)
        for name in ARRAYS:
            if (held := _NAMES_IN_DATASETS.get(name, name)) in dataset:
                arrays[name] = checked_array(document, name, dataset[held].to_numpy())
        return Saved(document, arrays)


class _Parquet:
    """A table, the document in its metadata; arrays of a run are a list per qubit and iteration."""

    def write(self, result: Storable, path: Path) -> None:
        arrow, parquet = _arrow()
        saved = result._saved()
        columns = {name: arrow.array(values) for name, values in result._columns().items()}
        for name, values in saved.arrays.items():
            if values is not None:
                flat = values.reshape(values.shape[0] * values.shape[1], -1)
                offsets = np.arange(len(flat) + 1) * flat.shape[1]
                columns[name] = arrow.LargeListArray.from_arrays(offsets, arrow.array(flat.ravel()))
        table = arrow.table(columns)
        document = document_bytes(saved.document).tobytes()
        parquet.write_table(table.replace_schema_metadata({"synqc": document}), path, compression="zstd")

    def read(self, path: Path) -> Saved:
        _, parquet = _arrow()
        table = parquet.read_table(path)
        document = document_from((table.schema.metadata or {})[b"synqc"])
        if document["format"] != RUN_FORMAT:
            return Saved(document, {})
        iterations = document["run"]["iterations"]
        rows = (len(iterations), len(iterations[0]["qubits"]))
        bins = document["experiment"]["probe_bins"]
        arrays: dict[str, np.ndarray | None] = dict.fromkeys(ARRAYS)
        for name, (_, dimensions) in ARRAYS.items():
            if name in table.column_names:
                values = table[name].combine_chunks().flatten().to_numpy(zero_copy_only=False)
                shape = (*rows, -1) if dimensions == 3 else (*rows, -1, bins)
                arrays[name] = checked_array(document, name, values.reshape(shape))
        return Saved(document, arrays)


def _xarray(package: str) -> Any:
    try:
        import xarray

        __import__(package)
    except ImportError as error:
        raise MissingExtra(f"This form of file needs xarray and {package}: pip install 'synqc[records]'.") from error
    return xarray


def _arrow() -> tuple[Any, Any]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise MissingExtra("Parquet needs pyarrow: pip install 'synqc[pandas]'.") from error
    return pyarrow, pyarrow.parquet


def _write_netcdf(dataset: xarray.Dataset, path: Path) -> None:
    _xarray("h5netcdf")
    packed = {name: {"zlib": True, "complevel": 4} for name in dataset.variables if name in _SQUEEZED}
    dataset.to_netcdf(path, engine="h5netcdf", encoding=packed)


def _read_netcdf(path: Path) -> xarray.Dataset:
    with _xarray("h5netcdf").open_dataset(path, engine="h5netcdf") as opened:
        return opened.load()  # type: ignore[no-any-return]


def _write_zarr(dataset: xarray.Dataset, path: Path) -> None:
    _xarray("zarr")
    # Texts have a settled form in version 2 alone.
    dataset.to_zarr(path, mode="w", consolidated=False, zarr_format=2)


def _read_zarr(path: Path) -> xarray.Dataset:
    with _xarray("zarr").open_dataset(path, engine="zarr", consolidated=False) as opened:
        return opened.load()  # type: ignore[no-any-return]


_npz: _Form = _Npz()
_zarr: _Form = _Dataset(_write_zarr, _read_zarr)
_hdf5: _Form = _Dataset(_write_netcdf, _read_netcdf)
_parquet: _Form = _Parquet()
_FORMS: Mapping[str, _Form] = {
    ".npz": _npz, ".nc": _hdf5, ".h5": _hdf5, ".hdf5": _hdf5, ".zarr": _zarr, ".parquet": _parquet,
}  # fmt: skip
SUFFIXES = tuple(_FORMS)
"""Of the forms: NumPy, netCDF 4, HDF5 (the same under its own names), Zarr, Parquet."""


def _form_of(path: Path) -> _Form:
    if path.suffix not in _FORMS:
        *some, last = SUFFIXES
        raise InputError(f"Argument `path` must end with {', '.join(some)} or {last}, but is {str(path)!r}.")
    return _FORMS[path.suffix]


@contextlib.contextmanager
def _whole(target: Path) -> Iterator[Path]:
    """A path to write to, which takes the target's place at the end; a folder steps aside for a moment."""
    temporary = target.with_name(f".{target.name}.{os.getpid()}.part")
    former = target.with_name(f".{target.name}.{os.getpid()}.former")
    try:
        yield temporary
        if temporary.is_file():
            with temporary.open("rb") as file:
                os.fsync(file.fileno())
        elif target.is_dir():
            target.replace(former)
        temporary.replace(target)
    finally:
        if former.is_dir() and not target.exists():
            former.replace(target)
        for left in (temporary, former):
            if left.is_dir():
                shutil.rmtree(left)
            else:
                left.unlink(missing_ok=True)

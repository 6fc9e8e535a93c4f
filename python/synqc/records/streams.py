"""Streams larger than memory: files in chunks, shots integrated or summarised on the way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from synqc.errors import InputError, ShapeError
from synqc.records._packages import package

__all__ = ["IQSummary", "chunks_of", "integrated_shots", "summarise_shots"]

_CHUNK_BYTES = 16 << 20
_CACHED_SHOTS = 1 << 13  # below 10,000, from which on BLAS would wake other threads for a microsecond of work


def chunks_of(path: str | Path, name: str | None = None, *, chunk_bytes: int = _CHUNK_BYTES) -> Iterator[NDArray[Any]]:
    """Chunks of an array along its first axis, in order; each is valid until the next is asked for.

    Args:
        path: A .npy file, an HDF5 file (.h5, .hdf5, .nc) or a Zarr folder.
        name: The array's name; not for .npy.
        chunk_bytes: About how many are in memory at a time.

    Raises:
        InputError: The file has no such array.

    Examples:
        >>> np.save("many.npy", np.arange(6.0))
        >>> [chunk.tolist() for chunk in chunks_of("many.npy", chunk_bytes=32)]
        [[0.0, 1.0, 2.0, 3.0], [4.0, 5.0]]
    """
    file = Path(path)
    if file.suffix == ".npy":
        yield from _chunks_of_npy(file, chunk_bytes)
        return
    if name is None:
        raise InputError(f"Argument `name` must say which array of {file.name} is meant, but is None.")
    if file.is_dir():
        yield from _slices(package("zarr").open_group(file, mode="r")[name], chunk_bytes)
        return
    with package("h5py").File(file, "r") as opened:
        if name not in opened:
            raise InputError(f"Argument `name` must be one of {', '.join(sorted(opened))}, but is {name!r}.")
        yield from _slices(opened[name], chunk_bytes)


def _rows_of(shape: tuple[int, ...], itemsize: int, chunk_bytes: int) -> int:
    return max(1, chunk_bytes // max(1, itemsize * int(np.prod(shape[1:], dtype=np.int64))))


def _slices(array: Any, chunk_bytes: int) -> Iterator[NDArray[Any]]:
    rows = _rows_of(array.shape, array.dtype.itemsize, chunk_bytes)
    for start in range(0, array.shape[0], rows):
        yield np.asarray(array[start : start + rows])


def _chunks_of_npy(file: Path, chunk_bytes: int) -> Iterator[NDArray[Any]]:
    """Read into one buffer: mapped pages would count as memory until the system wants them back."""
    mapped = np.load(file, mmap_mode="r", allow_pickle=False)
    if not isinstance(mapped, np.memmap) or mapped.ndim == 0 or not mapped.flags.c_contiguous:
        raise InputError(f"File {file.name} must hold an array by rows with at least one axis, but does not.")
    shape, dtype, offset = mapped.shape, mapped.dtype, mapped.offset
    del mapped
    rows = _rows_of(shape, dtype.itemsize, chunk_bytes)
    buffer = np.empty((min(rows, shape[0]), *shape[1:]), dtype)
    with open(file, "rb", buffering=0) as stream:
        stream.seek(offset)
        for start in range(0, shape[0], rows):
            chunk = buffer[: min(rows, shape[0] - start)]
            _fill(stream, chunk.reshape(-1).view(np.uint8).data, file.name)
            yield chunk


def _fill(stream: Any, room: memoryview, name: str) -> None:
    while len(room):
        got = stream.readinto(room)
        if not got:
            raise InputError(f"File {name} must be as long as its header says, but ends {len(room)} bytes early.")
        room = room[got:]


def integrated_shots(chunks: Iterable[NDArray[Any]], weights: ArrayLike) -> NDArray[np.complex128]:
    """sum_k w_k v_k of every shot of a stream.

    Args:
        chunks (each real or complex, (m, k)): Traces.
        weights (complex128, (k,)): Integration weights.

    Returns:
        One point per shot (complex128, (shots,)).

    Examples:
        >>> integrated_shots([np.ones((2, 4)), np.zeros((1, 4))], np.full(4, 0.25)).real.tolist()
        [1.0, 1.0, 0.0]
    """
    given = np.asarray(weights, np.complex128)
    points = []
    for chunk in chunks:
        if chunk.ndim != 2 or chunk.shape[1] != len(given):
            raise ShapeError(f"Argument `chunks` must have shape (m, {len(given)}), but one has shape {chunk.shape}.")
        points.append(chunk @ given.astype(np.result_type(chunk.dtype, np.complex64)))
    return np.concatenate(points).astype(np.complex128) if points else np.empty(0, np.complex128)


@dataclass(frozen=True, eq=False)
class IQSummary:
    """Moments of shots in the IQ plane.

    Attributes:
        shots: How many.
        mean: Their mean.
        covariance (float64, (2, 2)): Covariance of I and Q.
    """

    shots: int
    mean: complex
    covariance: NDArray[np.float64]


def summarise_shots(chunks: Iterable[NDArray[Any]]) -> IQSummary:
    """Mean and covariance of a stream of IQ points, in one pass.

    Chunks are joined by the moments of their union, so that a large offset costs no digits.

    Args:
        chunks: Complex (m,), or real (m, 2) with I and Q.

    Examples:
        >>> summarise_shots([np.array([1 + 1j, 3 + 1j]), np.array([2 + 4j])]).mean
        (2+2j)

    Source: Chan, Golub and LeVeque, The American Statistician 37, 242 (1983).
    """
    shots, mean, power, square = 0, 0j, 0.0, 0j
    for block in _blocks_of(chunks):
        count = len(block)
        middle = complex(block.sum()) / count
        off = block - middle
        apart = middle - mean
        total = shots + count
        joined = shots * count / total
        # Sums over |z|^2 and z^2 hold those over I^2, Q^2 and I Q, and are single calls of BLAS.
        power += float(np.vdot(off, off).real) + abs(apart) ** 2 * joined
        square += complex(np.dot(off, off)) + apart**2 * joined
        mean += apart * (count / total)
        shots = total
    if not shots:
        raise InputError("Argument `chunks` must hold at least one shot, but holds none.")
    scatter = np.array([[power + square.real, square.imag], [square.imag, power - square.real]]) / 2
    return IQSummary(shots, mean, scatter / max(1, shots - 1))


def _blocks_of(chunks: Iterable[NDArray[Any]]) -> Iterator[NDArray[np.complex128]]:
    """Complex numbers, so many at a time that they stay in the processor's cache."""
    for chunk in chunks:
        for start in range(0, len(_checked(chunk)), _CACHED_SHOTS):
            block = chunk[start : start + _CACHED_SHOTS]
            if block.dtype.kind == "c":
                yield block.astype(np.complex128, copy=False)
            else:
                yield np.ascontiguousarray(block, np.float64).view(np.complex128)[:, 0]


def _checked(chunk: NDArray[Any]) -> NDArray[Any]:
    is_complex = chunk.dtype.kind == "c" and chunk.ndim == 1
    is_pairs = chunk.dtype.kind in "fiu" and chunk.ndim == 2 and chunk.shape[1] == 2
    if not is_complex and not is_pairs:
        raise ShapeError(
            f"Argument `chunks` must be complex (m,) or real (m, 2), but one is {chunk.dtype} of shape {chunk.shape}."
        )
    return chunk

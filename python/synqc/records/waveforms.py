"""Samples of waveforms for instruments, on their grid and full scale: CSV, npz, JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from synqc.errors import InputError, ShapeError, UnknownName

__all__ = ["InstrumentGrid", "read_waveforms", "write_waveforms"]

_NAMES = ("i", "q")


@dataclass(frozen=True)
class InstrumentGrid:
    """What a generator plays.

    Args:
        sample_ns: Length of its samples.
        granularity: Waveforms have a whole multiple of so many samples; shorter ones are filled with zeros.
        full_scale_mhz: Rabi frequency at a sample of 1.
        bits: Resolution of its converter; None for numbers as they are.
    """

    sample_ns: float
    granularity: int
    full_scale_mhz: float
    bits: int | None = None

    def waveforms(self, samples_mhz: ArrayLike, sample_ns: float) -> NDArray[np.float64]:
        """Samples (c, k) in MHz as the generator's (c, n), within -1 and 1; each is held for its whole length.

        Raises:
            InputError: A sample exceeds the full scale, or lasts no whole number of the generator's.

        Examples:
            >>> InstrumentGrid(sample_ns=0.5, granularity=4, full_scale_mhz=100.0).waveforms([[50.0]], 1.0).tolist()
            [[0.5, 0.5, 0.0, 0.0]]
        """
        given = np.asarray(samples_mhz, np.float64)
        if given.ndim != 2:
            raise ShapeError(f"Argument `samples_mhz` must have shape (c, k), but has shape {given.shape}.")
        repeats = round(sample_ns / self.sample_ns)
        if repeats < 1 or abs(repeats * self.sample_ns - sample_ns) > 1e-9 * sample_ns:
            raise InputError(
                f"Argument `sample_ns` must be a whole multiple of the grid's {self.sample_ns}, but is {sample_ns}."
            )
        if not (np.abs(given) <= self.full_scale_mhz).all():
            raise InputError(
                f"Argument `samples_mhz` must lie within the full scale of {self.full_scale_mhz} MHz, but reaches "
                f"{np.abs(given).max()}."
            )
        played = np.repeat(given / self.full_scale_mhz, repeats, axis=1)
        played = np.pad(played, ((0, 0), (0, -played.shape[1] % self.granularity)))
        if self.bits is None:
            return played
        half = 2 ** (self.bits - 1)
        rounded: NDArray[np.float64] = np.clip(np.round(played * half), -half, half - 1) / half
        return rounded


def write_waveforms(path: str | Path, samples_mhz: ArrayLike, *, sample_ns: float, grid: InstrumentGrid) -> None:
    """Write both quadratures as .csv (columns i and q), .npz (arrays i and q) or .json (lists i and q, sample_ns).

    Args:
        path: Its ending says the form.
        samples_mhz (float64, (2, k)): As of an `OptimisedPulse`.
        sample_ns: Length of a sample.
        grid: What the instrument plays.

    Raises:
        InputError: The samples do not fit the instrument.
        UnknownName: The ending is none of the three.
    """
    played = grid.waveforms(samples_mhz, sample_ns)
    if len(played) != len(_NAMES):
        raise ShapeError(f"Argument `samples_mhz` must have shape (2, k), but has {len(played)} rows.")
    file = Path(path)
    if file.suffix == ".csv":
        np.savetxt(file, played.T, delimiter=",", header=",".join(_NAMES), comments="", fmt="%.17g")
    elif file.suffix == ".npz":
        np.savez(file, **dict(zip(_NAMES, played, strict=True)))
    elif file.suffix == ".json":
        lists = {name: row.tolist() for name, row in zip(_NAMES, played, strict=True)}
        file.write_text(json.dumps(lists | {"sample_ns": grid.sample_ns}), encoding="utf-8")
    else:
        raise UnknownName(f"Argument `path` must end in .csv, .npz or .json, but is {file.name!r}.")


def read_waveforms(path: str | Path) -> NDArray[np.float64]:
    """Samples (2, n) of what `write_waveforms` wrote, in full scales.

    Examples:
        >>> grid = InstrumentGrid(sample_ns=1.0, granularity=4, full_scale_mhz=100.0)
        >>> write_waveforms("x.csv", [[50.0, 25.0], [0.0, 10.0]], sample_ns=1.0, grid=grid)
        >>> read_waveforms("x.csv").tolist()
        [[0.5, 0.25, 0.0, 0.0], [0.0, 0.1, 0.0, 0.0]]
    """
    file = Path(path)
    if file.suffix == ".csv":
        return np.ascontiguousarray(np.loadtxt(file, delimiter=",", skiprows=1, ndmin=2).T)
    if file.suffix == ".npz":
        with np.load(file, allow_pickle=False) as arrays:
            return np.stack([arrays[name] for name in _NAMES])
    if file.suffix == ".json":
        document = json.loads(file.read_text(encoding="utf-8"))
        return np.array([document[name] for name in _NAMES])
    raise UnknownName(f"Argument `path` must end in .csv, .npz or .json, but is {file.name!r}.")

"""Counts of a protocol as they were measured: all that an analysis gets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from synqc.errors import InputError, ShapeError

__all__ = ["Records"]


@dataclass(frozen=True)
class Records:
    """How often each level was seen at each setting, sweep by sweep.

    Args:
        protocol: Its name.
        columns: Of the settings.
        settings (float64, (points, columns)): What was set. The first column is "reference": 0 or 1 where that level
            was prepared to learn the readout's errors, -1 elsewhere.
        counts (int64, (sweeps, points, levels)): Of shots assigned to |0>, |1> and perhaps |2>.
        shots: Asked for at each point of each sweep.

    Raises:
        ShapeError: Arrays do not fit each other.
        InputError: More shots were counted than asked for, or a count is negative.

    Examples:
        >>> records = Records("T1", ("reference", "delay_us"), [[-1.0, 20.0]], [[[40, 60]], [[45, 55]]], 100)
        >>> records.totals.tolist()
        [[85, 115]]
    """

    protocol: str
    columns: tuple[str, ...]
    settings: ArrayLike
    counts: ArrayLike
    shots: int

    def __post_init__(self) -> None:
        settings = np.array(self.settings, np.float64)
        counts = np.array(self.counts, np.int64)
        if settings.ndim != 2 or settings.shape[1] != len(self.columns):
            raise ShapeError(
                f"Argument `settings` must have shape (points, {len(self.columns)}), but has shape {settings.shape}."
            )
        if counts.ndim != 3 or counts.shape[1] != len(settings) or not 2 <= counts.shape[2] <= 3:
            raise ShapeError(
                f"Argument `counts` must have shape (sweeps, {len(settings)}, 2 or 3), but has shape {counts.shape}."
            )
        if (counts < 0).any() or (counts.sum(axis=2) > self.shots).any():
            raise InputError(f"Argument `counts` must be at least 0 and add up to at most {self.shots}, but do not.")
        for name, array in (("settings", settings), ("counts", counts)):
            array.setflags(write=False)
            object.__setattr__(self, name, array)

    @property
    def excited(self) -> NDArray[np.int64]:
        """Shots of which the outcome was 0, and was not (int64, (sweeps, points, 2))."""
        counts = np.asarray(self.counts)
        return np.stack([counts[:, :, 0], counts[:, :, 1:].sum(axis=2)], axis=2)

    @property
    def leaked(self) -> NDArray[np.int64]:
        """Shots found among the two lowest levels, and above (int64, (sweeps, points, 2)).

        Raises:
            InputError: Two levels were told apart.
        """
        counts = np.asarray(self.counts)
        if counts.shape[2] != 3:
            raise InputError("Argument `records` must tell three levels apart, but tells two.")
        return np.stack([counts[:, :, :2].sum(axis=2), counts[:, :, 2]], axis=2)

    @property
    def totals(self) -> NDArray[np.int64]:
        """`excited` over all sweeps (int64, (points, 2))."""
        return np.asarray(self.excited.sum(axis=0))

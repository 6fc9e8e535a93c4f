"""What was measured at each setting: counts of bits, or a signal of unknown scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synqc.errors import InputError, ShapeError
from synqc.lab._whole_number import whole_number
from synqc.lab.run import Run

__all__ = ["Counts", "Signal", "measured_at"]

_NOT_MEASURED = 255  # a bit that a stop came before
_WHOLE = 1e-6


@dataclass(frozen=True)
class Counts:
    """How often each bit was seen.

    Args:
        sweeps (int64, (sweeps, points, 2)): Zeros and ones.
        shots: At most at a point of a sweep.
        do_runs_share_a_seed: Whether points drew the same random numbers.
    """

    sweeps: NDArray[np.int64]
    shots: int
    do_runs_share_a_seed: bool = False


@dataclass(frozen=True)
class Signal:
    """A number per point, linear in the excited share, with a scale, an offset and noise that nobody knows.

    Args:
        values (float64, (points,)): Means over sweeps.
    """

    values: NDArray[np.float64]


def measured_at(points: int, measured: Any, *, shots: int | None, qubit: int) -> Counts | Signal:
    """What was measured, from whatever holds it.

    Args:
        points: How many settings there are.
        measured: A `Run` per point, of whose last iteration the bits are counted; ones (integers, (points,) or (sweeps,
            points)), or shares of ones, with `shots`; a real signal (points,) or (sweeps, points), without.
        shots: Shots of each point of each sweep.
        qubit: Qubit of runs whose bits are taken.

    Raises:
        ShapeError: There are not as many points.
        InputError: Counts are no counts of so many shots, or numbers are not finite.
    """
    if isinstance(measured, Run) or (isinstance(measured, Sequence) and any(isinstance(one, Run) for one in measured)):
        return _counts_of_runs(points, [measured] if isinstance(measured, Run) else measured, qubit)
    try:
        array = np.asarray(measured)
        if np.iscomplexobj(array):
            raise InputError("Argument `measured` must be real, but is complex: rotate it, or take one quadrature.")
        values = np.atleast_2d(array.astype(np.float64))
    except InputError:
        raise
    except (TypeError, ValueError) as error:
        raise InputError(f"Argument `measured` must be runs or numbers, but is {measured!r}.") from error
    if array.ndim not in (1, 2) or values.shape[1] != points:
        raise ShapeError(
            f"Argument `measured` must have shape ({points},) or (sweeps, {points}), but has shape {array.shape}."
        )
    if not np.isfinite(values).all():
        raise InputError("Argument `measured` must be finite in every element, but is not.")
    if shots is None:
        return Signal(values.mean(axis=0))
    return _counts_of(values, whole_number("shots", shots, least=1))


def _counts_of(values: NDArray[np.float64], shots: int) -> Counts:
    if values.max() <= 1 and (values != np.round(values)).any():
        values = values * shots  # shares of ones
    ones = np.round(values)
    if (np.abs(values - ones) > _WHOLE * shots).any() or (ones < 0).any() or (ones > shots).any():
        raise InputError(
            f"Argument `measured` must be counts of ones from 0 to `shots` = {shots}, or their shares, but is not; "
            "leave `shots` out for a signal."
        )
    return Counts(np.stack([shots - ones, ones], axis=2).astype(np.int64), shots)


def _counts_of_runs(points: int, runs: Sequence[Any], qubit: int) -> Counts:
    if len(runs) != points or not all(isinstance(run, Run) for run in runs):
        raise ShapeError(f"Argument `measured` must be {points} runs, one per point, but has {len(runs)} entries.")
    qubits = min(len(run.history[-1].qubits) for run in runs)
    qubit = whole_number("qubit", qubit, least=0, most=qubits - 1)
    counted = []
    for run in runs:
        bits = run.bits[-1, qubit]
        counted.append([int((bits == 0).sum()), int((bits == 1).sum())])
    counts = np.array([counted], dtype=np.int64)
    return Counts(counts, int(counts.sum(axis=2).max()), len({run.seed for run in runs}) < len(runs))

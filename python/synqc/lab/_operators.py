"""What callers write for constant operators, states and times, turned into arrays and checked once.

Arrays and the matrices of other libraries (`_foreign`) are accepted alike.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from synqc.errors import InputError, ShapeError
from synqc.lab._foreign import as_numbers

__all__ = [
    "ComplexArray",
    "RealArray",
    "as_operator",
    "as_state",
    "as_times",
    "check_increasing",
]

ComplexArray = NDArray[np.complex128]
RealArray = NDArray[np.float64]


def _as_complex(name: str, value: Any) -> ComplexArray:
    array = np.asarray(as_numbers(name, value), dtype=np.complex128, order="C")
    if not np.isfinite(array).all():
        raise InputError(f"Argument `{name}` must be finite in every element, but is not.")
    return array


def as_operator(name: str, value: Any, levels: int | None = None) -> ComplexArray:
    """An operator as a C-contiguous complex matrix (n, n).

    Args:
        name: What the caller called it, for messages.
        value: Array or Qobj.
        levels: n, if it is known already.

    Raises:
        ShapeError: The matrix is not square, or not (levels, levels).
        InputError: It is no array, or has an element that is not finite.
    """
    array = _as_complex(name, value)
    if array.ndim != 2 or array.shape[0] != array.shape[1]:
        raise ShapeError(f"Argument `{name}` must have shape (n, n), but has shape {array.shape}.")
    if levels is not None and array.shape[0] != levels:
        raise ShapeError(f"Argument `{name}` must have shape ({levels}, {levels}), but has shape {array.shape}.")
    return array


def as_state(name: str, value: Any, levels: int | None = None) -> ComplexArray:
    """A density matrix (n, n) from one, or from a ket (n,) or (n, 1).

    Raises:
        ShapeError: It is neither, or does not fit the other operators.
    """
    array = _as_complex(name, value)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim == 1:
        array = np.outer(array, array.conj())
    return as_operator(name, array, levels)


def check_increasing(name: str, times: RealArray) -> None:
    """Refuse times that are not finite or not strictly increasing."""
    if not np.isfinite(times).all():
        raise InputError(f"Argument `{name}` must be finite in every element, but is not.")
    steps = np.diff(times)
    if (steps <= 0).any():
        k = int(np.argmax(steps <= 0))
        raise InputError(
            f"Argument `{name}` must be strictly increasing, but is {times[k]:g} at {k} and {times[k + 1]:g} after it."
        )


def as_times(name: str, value: ArrayLike, least: int = 2) -> RealArray:
    """Times (t,), strictly increasing, at least `least` of them."""
    try:
        times = np.ascontiguousarray(value, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"Argument `{name}` must be a list of numbers, but is {type(value).__name__} that does not become one."
        ) from error
    if times.ndim != 1 or len(times) < least:
        raise ShapeError(f"Argument `{name}` must have shape (t,) with t >= {least}, but has shape {times.shape}.")
    check_increasing(name, times)
    return times

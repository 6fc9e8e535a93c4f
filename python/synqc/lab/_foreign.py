"""Adapters for operators and states of other libraries: QuTiP, SciPy sparse, Qiskit, Cirq, anything with `__array__`.

They are recognised by what they can do, so that none of these libraries is imported here.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synqc.errors import InputError

__all__ = ["as_numbers", "has_matrix", "is_qobj", "is_superoperator", "maker_of_states"]


def has_matrix(value: Any) -> bool:
    """Whether a value of another library stands for a matrix or a vector, although it may be callable as well."""
    if isinstance(value, _never_foreign):
        return False
    if hasattr(value, "to_list") and hasattr(value, "isconstant"):
        return False  # a QobjEvo is a function of time
    if any(hasattr(value, name) for name in ("full", "toarray", "to_matrix")):
        return True
    if hasattr(value, "__array__"):
        return not callable(value) or np.ndim(value) == 2  # a numpy.poly1d is a function that has an array
    return _cirq_matrix(value) is not None


_never_foreign = (np.ndarray, FunctionType, list, tuple, np.generic, type, BuiltinFunctionType, MethodType)
"""What is told at once: asking these for every name that a foreign matrix may have took 4 % of a short `mesolve`."""


def is_qobj(value: Any) -> bool:
    """Whether this is QuTiP's Qobj."""
    return hasattr(value, "full") and hasattr(value, "dims") and hasattr(value, "isket")


def is_superoperator(value: Any) -> bool:
    """Whether this is a Qobj that acts on operators, such as a Liouvillian."""
    return bool(getattr(value, "issuper", False))


def as_numbers(name: str, value: Any) -> NDArray[Any]:
    """The array that a value stands for, in its own precision.

    Args:
        name: What the caller called it, for messages.
        value: Array, nested list, Qobj, sparse matrix, Qiskit operator or state, Cirq gate, or anything with
            `__array__`. Qiskit and Cirq order their qubits in their own ways, which stay as they are.

    Raises:
        InputError: It stands for no array of numbers.
    """
    try:
        array = np.asarray(_converted(value))
        if array.dtype.kind not in "biufc":
            raise TypeError(f"holds {array.dtype}")
    except (TypeError, ValueError) as error:
        raise InputError(f"Argument `{name}` must be an array of numbers, but is not: {error}.") from error
    return array


def _converted(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value
    for name in ("full", "toarray", "to_matrix"):
        if hasattr(value, name) and not isinstance(value, type):
            return getattr(value, name)()
    matrix = _cirq_matrix(value)
    return value if matrix is None else matrix


def _cirq_matrix(value: Any) -> Any:
    cirq = sys.modules.get("cirq")
    if cirq is None or not type(value).__module__.startswith("cirq"):
        return None
    if isinstance(value, cirq.PauliSum | cirq.PauliString):
        return value.matrix()
    return cirq.unitary(value, default=None)


def maker_of_states(start: Any) -> Callable[[NDArray[np.complex128]], Any] | None:
    """How states that evolve from a Qobj become Qobj with its dims; None where `start` is no Qobj."""
    if not is_qobj(start):
        return None
    rows = start.dims[0]
    make, ket_dims = type(start), start.dims

    def made(state: NDArray[np.complex128]) -> Any:
        return make(state, dims=ket_dims if state.ndim == 1 else [rows, rows])

    return made

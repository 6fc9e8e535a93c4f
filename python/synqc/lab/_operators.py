"""What callers write for operators, states, times and Hamiltonians, turned into arrays and checked once.

Arrays and the matrices of other libraries (`_foreign`) are accepted alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from synqc import _core
from synqc.errors import InputError, ShapeError
from synqc.lab._coefficients import (
    Looking,
    check_sample_count,
    resolve_function,
    resolve_matrix_function,
    spline_through,
    with_arguments,
)
from synqc.lab._foreign import as_numbers, has_matrix

__all__ = [
    "ComplexArray",
    "Hamiltonian",
    "RealArray",
    "as_hamiltonian",
    "as_operator",
    "as_operators",
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


def as_operators(name: str, values: Any, levels: int) -> list[ComplexArray]:
    """A list of operators; a single operator counts as a list of one."""
    if values is None:
        return []
    is_single = has_matrix(values) or (isinstance(values, np.ndarray) and values.ndim == 2)
    listed = [values] if is_single else list(values)
    return [as_operator(f"{name}[{k}]", value, levels) for k, value in enumerate(listed)]


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


class Hamiltonian:
    """H as a function of time, whatever it was written as. Made by `as_hamiltonian`.

    Attributes:
        levels: n.
        constant: What does not change, (n, n).
        terms: (matrix (n, n), coefficient) pairs that are added to it.
    """

    def __init__(self, constant: ComplexArray, terms: Sequence[tuple[ComplexArray, _core.Coefficient]] = ()) -> None:
        self.levels = constant.shape[0]
        self.constant = constant
        self.terms = list(terms)

    @property
    def is_constant(self) -> bool:
        """Whether no term changes."""
        return not self.terms

    def at(self, points: RealArray) -> ComplexArray:
        """H (k, n, n) at `points` (k,), checked to be Hermitian."""
        return self._checked([term.at_times(points) for _, term in self.terms], points)

    def means_between(self, edges: RealArray) -> ComplexArray:
        """Means of H (k, n, n) between increasing `edges` (k + 1,), checked to be Hermitian."""
        return self._checked([term.means_between(edges) for _, term in self.terms], edges[:-1])

    def landmarks(self) -> RealArray:
        """Times among which H does nothing unforeseen: ends and middles of the pieces it is made of."""
        edges = [term.edges for _, term in self.terms]
        middles = [(own[1:] + own[:-1]) / 2 for own in edges]
        return np.unique(np.concatenate([*edges, *middles])) if edges else np.empty(0)

    def pieces_between(self, times: RealArray) -> RealArray:
        """How many pieces as short as what H does lie between `times`: at least 2.5 a cycle of whatever oscillates."""
        counts = np.zeros(len(times) - 1)
        for edges in (term.edges for _, term in self.terms if term.has_resolved_pieces):
            counts = np.maximum(counts, np.diff(np.interp(times, edges, np.arange(len(edges)))))
        return counts

    def _checked(self, factors: list[ComplexArray], points: RealArray) -> ComplexArray:
        values = np.repeat(self.constant[None], len(points), axis=0)
        for (matrix, _), factor in zip(self.terms, factors, strict=True):
            values += factor[:, None, None] * matrix
        defects = np.abs(values - values.conj().swapaxes(1, 2)).max(axis=(1, 2))
        worst = int(np.argmax(defects))
        if defects[worst] > 1e-9 * max(1.0, float(np.abs(values).max())):
            when = "" if self.is_constant else f" at time {points[worst]:g}"
            raise InputError(
                f"Argument `H` must be Hermitian, but is not{when}: "
                f"an element differs from its conjugate partner by {defects[worst]:.3g}."
            )
        return values


def as_hamiltonian(
    value: Any, looking: Looking, args: Mapping[str, Any] | None, levels: int | None = None
) -> Hamiltonian:
    """H from a matrix, from [H0, [H1, f], ..], or from a callable of time that returns a matrix.

    `f` is a callable of time, called as f(t, **args) with those `args` it names or as f(t, args), or an array of its
    values at `looking.times`, joined by a cubic spline as QuTiP does.
    """
    args = dict(args or {})
    if isinstance(value, list | tuple) and any(_is_pair(term) or has_matrix(term) for term in value):
        return _from_terms(value, looking, args, levels)
    if getattr(value, "isconstant", False):
        value = value(float(looking.times[0]))
    if callable(value) and not has_matrix(value):
        call = with_arguments(value, args, "H")
        return Hamiltonian(*resolve_matrix_function(lambda t: as_operator("H", call(t), levels), looking, "H"))
    return Hamiltonian(as_operator("H", value, levels))


def _is_pair(term: Any) -> bool:
    """Whether a term of H reads [operator, coefficient]."""
    if not isinstance(term, list | tuple) or len(term) != 2 or np.ndim(_plain(term[0])) != 2:
        return False
    return callable(term[1]) or isinstance(term[1], str) or np.ndim(_plain(term[1])) < 2


def _plain(value: Any) -> Any:
    return as_numbers("H", value) if has_matrix(value) else value


def _from_terms(terms: Sequence[Any], looking: Looking, args: dict[str, Any], levels: int | None) -> Hamiltonian:
    constant: ComplexArray | None = None
    varying: list[tuple[ComplexArray, _core.Coefficient]] = []
    for k, term in enumerate(terms):
        name = f"H[{k}]"
        is_pair = _is_pair(term)
        op = as_operator(f"{name}[0]" if is_pair else name, term[0] if is_pair else term, levels)
        levels = op.shape[0]
        constant = np.zeros_like(op) if constant is None else constant
        factor = _coefficient(f"{name}[1]", term[1], looking, args) if is_pair else 1.0
        if isinstance(factor, _core.Coefficient):
            varying.append((op, factor))
        else:
            constant = constant + factor * op
    assert constant is not None
    return Hamiltonian(constant, varying)


def _coefficient(name: str, value: Any, looking: Looking, args: dict[str, Any]) -> complex | _core.Coefficient:
    if isinstance(value, str):
        raise InputError(f"Argument `{name}` must be a callable, samples or a number, but is the text {value!r}.")
    if callable(value):
        return resolve_function(with_arguments(value, args, name), looking, name)
    samples = _as_complex(name, value)
    if samples.ndim == 0:
        return complex(samples)
    check_sample_count(samples, looking.times, name)
    return spline_through(looking.times, samples)

"""Operators that may depend on time, as users write them, turned into terms that the core integrates."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

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
from synqc.lab._foreign import as_numbers, has_matrix, is_superoperator

__all__ = ["OperatorReader", "Terms", "as_complex", "as_matrix", "as_sequence"]

_complex = np.dtype(np.complex128)
_numbers = int | float | complex | np.number

_Convert = Callable[[str, Any], NDArray[np.complex128]]

Terms = list[tuple[NDArray[np.complex128], int]]
"""sum_k f_k(t) O_k as (O_k, position of f_k among the reader's coefficients, or -1 for the constant 1)."""


class OperatorReader:
    """Reads the operators of one problem, and collects their coefficients in the order of `Terms`.

    An operator is an array or another library's matrix; a list [O0, [O1, f], ..] or one pair [O1, f], in which f is a
    callable of time, called as f(t, **args) with those `args` it names or as f(t, args), a number, or an array of
    values on `looking.times`; a QobjEvo; or a callable of time that returns a matrix. A superoperator is any of these
    made of QuTiP's superoperators.

    Args:
        looking: How functions of time are looked at.
        args: Arguments of those functions.
        join: What becomes of samples on `looking.times`.

    Attributes:
        coefficients: One per function of time met so far.
    """

    __slots__ = ("_args", "_join", "_looking", "coefficients")

    def __init__(
        self,
        looking: Looking,
        args: Mapping[str, Any] | None,
        join: Callable[[NDArray[np.float64], NDArray[np.complex128]], _core.Coefficient] = spline_through,
    ) -> None:
        self._looking = looking
        self._args = args
        self._join = join
        self.coefficients: list[_core.Coefficient] = []

    def terms_of(self, name: str, operator: Any) -> Terms:
        """Terms of one operator, which the caller called `name`."""
        if type(operator) is np.ndarray and operator.dtype is _complex:
            return [(operator, -1)]
        return self._terms_of(name, operator, as_matrix)

    def terms_of_each(self, name: str, operators: Any) -> list[Terms]:
        """Terms of each of several operators; one alone counts as a list of one."""
        return [self.terms_of(f"{name}[{k}]", each) for k, each in enumerate(as_sequence(operators))]

    def superoperator_terms_of(self, name: str, superoperator: Any) -> Terms:
        """Terms of one superoperator, with rows stacked."""
        return self._terms_of(name, superoperator, _as_superoperator)

    def is_superoperator(self, name: str, operator: Any) -> bool:
        """Whether an operator is made of superoperators; asks a callable for its value at the first time."""
        if type(operator) is np.ndarray:
            return False
        if isinstance(operator, list | tuple):
            return any(is_superoperator(term[0] if _is_pair(term) else term) for term in (operator, *operator))
        if callable(operator) and not has_matrix(operator) and not _is_evolving(operator):
            function = with_arguments(operator, self._args, name)
            return is_superoperator(function(float(self._checked_looking().times[0])))
        return is_superoperator(operator)

    def _terms_of(self, name: str, operator: Any, convert: _Convert) -> Terms:
        if _is_evolving(operator):
            parts = operator.to_list()
            if any(_is_function_with_arguments(part) for part in parts):
                return [
                    term for k, part in enumerate(parts) for term in self._terms_of_part(f"{name}[{k}]", part, convert)
                ]
            operator = parts
        if _is_pair(operator):
            return [self._term_of(name, operator, convert)]
        if isinstance(operator, list | tuple) and any(_looks_like_operator(term) for term in operator):
            return [self._term_of(f"{name}[{k}]", term, convert) for k, term in enumerate(operator)]
        if callable(operator) and not has_matrix(operator):
            return self._matrix_terms_of(name, operator, self._args, convert)
        return [(convert(name, operator), -1)]

    def _terms_of_part(self, name: str, part: Any, convert: _Convert) -> Terms:
        """Terms of one element of QobjEvo.to_list()."""
        if _is_function_with_arguments(part):
            function, own = part
            return self._matrix_terms_of(name, function, {**own, **(self._args or {})}, convert)
        return [self._term_of(name, part, convert)]

    def _term_of(self, name: str, term: Any, convert: _Convert) -> tuple[NDArray[np.complex128], int]:
        if not _is_pair(term):
            return convert(name, term), -1
        matrix, factor = convert(f"{name}[0]", term[0]), term[1]
        if isinstance(factor, _numbers) or (np.ndim(factor) == 0 and isinstance(factor, np.ndarray)):
            return matrix * complex(factor), -1
        name = f"{name}[1]"
        if isinstance(factor, str):
            raise InputError(
                f"Argument `{name}` must be a callable, samples or a number, but is the text {factor!r}; "
                "write it as a function of t."
            )
        if callable(factor):
            made = resolve_function(with_arguments(factor, self._args, name), self._checked_looking(), name)
        else:
            samples = as_complex(name, factor)
            check_sample_count(samples, self._looking.times, name)
            made = self._join(self._checked_looking().times, samples)
        self.coefficients.append(made)
        return matrix, len(self.coefficients) - 1

    def _matrix_terms_of(
        self, name: str, operator: Callable[..., Any], args: Mapping[str, Any] | None, convert: _Convert
    ) -> Terms:
        function = with_arguments(operator, args, name)
        constant, varying = resolve_matrix_function(lambda t: convert(name, function(t)), self._checked_looking(), name)
        terms = [(constant, -1)]
        for unit, coefficient in varying:
            self.coefficients.append(coefficient)
            terms.append((unit, len(self.coefficients) - 1))
        return terms

    def _checked_looking(self) -> Looking:
        times = self._looking.times
        if times.ndim != 1 or times.size == 0:
            raise ShapeError(
                f"Argument `tlist` must have shape (t,) with at least one time, but has shape {times.shape}."
            )
        if not (np.isfinite(times).all() and (times[1:] > times[:-1]).all()):
            raise InputError("Argument `tlist` must be strictly increasing and finite, but is not.")
        return self._looking


def as_sequence(operators: Any) -> Sequence[Any]:
    """Several operators, or one alone as a sequence of one; None for none."""
    if operators is None:
        return ()
    is_single = has_matrix(operators) or _is_evolving(operators) or callable(operators)
    if is_single or (isinstance(operators, np.ndarray) and operators.ndim == 2) or _is_pair(operators):
        return (operators,)
    return cast(Sequence[Any], operators)


def as_complex(name: str, value: Any) -> NDArray[np.complex128]:
    """An array of complex numbers, not copied where it is one."""
    if type(value) is np.ndarray and value.dtype is _complex:
        return value
    return as_numbers(name, value).astype(np.complex128)


def as_matrix(name: str, value: Any) -> NDArray[np.complex128]:
    """A matrix that is no superoperator."""
    if is_superoperator(value):
        raise InputError(
            f"Argument `{name}` must be made of operators, but holds a superoperator; `mesolve` takes those as `H` or "
            "in `c_ops`, where all terms of a list must be superoperators."
        )
    array = as_complex(name, value)
    if array.ndim != 2:
        raise ShapeError(f"Argument `{name}` must have shape (n, n), but has shape {array.shape}.")
    return array


def _as_superoperator(name: str, value: Any) -> NDArray[np.complex128]:
    """A superoperator (n * n, n * n) with rows stacked, from QuTiP's with columns stacked."""
    if not is_superoperator(value):
        raise InputError(
            f"Argument `{name}` must be made of superoperators alone, as Qobj, but holds something else: "
            f"{type(value).__name__}."
        )
    matrix = as_complex(name, value)
    levels = math.isqrt(len(matrix))
    if matrix.shape != (levels**2, levels**2):
        raise ShapeError(f"Argument `{name}` must have shape (n * n, n * n), but has shape {matrix.shape}.")
    indices = matrix.reshape(levels, levels, levels, levels)
    return np.ascontiguousarray(indices.transpose(1, 0, 3, 2)).reshape(matrix.shape)


def _is_evolving(operator: Any) -> bool:
    return hasattr(operator, "to_list") and hasattr(operator, "isconstant")


def _is_function_with_arguments(part: Any) -> bool:
    """What QobjEvo.to_list() has for a function that returns an operator."""
    return isinstance(part, list | tuple) and len(part) == 2 and callable(part[0]) and isinstance(part[1], Mapping)


def _looks_like_operator(term: Any) -> bool:
    return _is_matrix(term) or _is_pair(term)


def _is_pair(term: Any) -> bool:
    """[operator, coefficient]: two things of which the first is a matrix and the second is none."""
    return isinstance(term, list | tuple) and len(term) == 2 and _is_matrix(term[0]) and _is_coefficient(term[1])


def _is_matrix(value: Any) -> bool:
    if isinstance(value, np.ndarray):
        return value.ndim == 2
    if isinstance(value, list | tuple):
        return bool(value) and isinstance(value[0], list | tuple) and all(isinstance(x, _numbers) for x in value[0])
    return has_matrix(value)


def _is_coefficient(value: Any) -> bool:
    if isinstance(value, np.ndarray):
        return value.ndim < 2
    if isinstance(value, list | tuple):
        return all(isinstance(x, _numbers) for x in value)
    return isinstance(value, str | _numbers) or (callable(value) and not has_matrix(value) and not _is_evolving(value))

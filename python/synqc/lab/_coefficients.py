"""Functions of time as users write them, turned into piecewise polynomials before an integrator starts."""

from __future__ import annotations

import inspect
import sys
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from synqc import _core
from synqc.errors import InputError, ResolutionWarning, ShapeError

__all__ = [
    "Looking",
    "check_sample_count",
    "frames_inside",
    "hold_samples",
    "resolve_function",
    "resolve_matrix_function",
    "spline_through",
    "with_arguments",
]

ComplexArray = NDArray[np.complex128]
RealArray = NDArray[np.float64]

_probe_fractions = (0.0487, 0.6131)
_no_times: RealArray = np.empty(0)
_laboratory = str(Path(__file__).parent)


@dataclass(frozen=True, slots=True)
class Looking:
    """Where functions of time are looked at, and how finely.

    A feature is found wherever it lies if it is at least as wide as a 500th of the span, or as twice `longest_gap` if
    that is set. Where a function stands still the looks are four times as close as its narrowest other feature is wide;
    if that would cost too much, or nothing was seen at all, a ResolutionWarning says what may have been missed.

    Args:
        times (float64, (t,)): Moments to record, the first and last of which bound the span.
        breakpoints (float64, (k,)): Edges the caller knows, inside the span.
        longest_gap: No two looks are further apart; 0 for no wish.
        cure: What the caller can do about a warning.
    """

    times: RealArray
    breakpoints: RealArray = field(default_factory=lambda: _no_times)
    longest_gap: float = 0.0
    cure: str = "give its edges as `breakpoints=`, or a `max_step=` no longer than it is wide"


def with_arguments(function: Callable[..., Any], args: Mapping[str, Any] | None, name: str) -> Callable[[Any], Any]:
    """Bind `args` in the way the function's signature asks for: f(t), f(t, args), or f(t, **args)."""
    names, takes_all = _parameter_names(function)
    if len(names) <= 1 and not takes_all:
        return function
    given = {} if args is None else args
    if names[1:] == ["args"]:
        return lambda t: function(t, given)
    chosen = dict(given) if takes_all else {key: given[key] for key in names[1:] if key in given}
    chosen.pop(names[0], None)
    try:
        inspect.signature(function).bind(0.0, **chosen)
    except TypeError as error:
        raise InputError(f"Argument `args` must hold what the functions in `{name}` need, but: {error}.") from error
    return lambda t: function(t, **chosen) if chosen else function(t)


def _parameter_names(function: Callable[..., Any]) -> tuple[list[str], bool]:
    code = getattr(function, "__code__", None)
    if code is not None and code.co_argcount == 1 and not code.co_flags & (inspect.CO_VARKEYWORDS | inspect.CO_VARARGS):
        return ["t"], False
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return ["t"], False
    takes_all = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters)
    return [p.name for p in parameters if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)], takes_all


def spline_through(times: RealArray, values: ComplexArray) -> _core.Coefficient:
    """Cubic not-a-knot spline through samples on `times`."""
    return _core.Coefficient.spline(times, values)


def hold_samples(times: RealArray, values: ComplexArray) -> _core.Coefficient:
    """Each sample held until the next one."""
    return _core.Coefficient.steps(times, values)


def resolve_function(function: Callable[[Any], Any], looking: Looking, name: str) -> _core.Coefficient:
    """Follow f(t) on [tlist[0], tlist[-1]] to 1e-10 of its largest value, by pieces that end at its jumps and kinks.

    Calls the function with arrays if that gives what scalar calls give, else with one time after the other, and never
    outside the span. Warns with ResolutionWarning as `Looking` says.
    """
    times = looking.times
    if len(times) < 2:
        return _core.Coefficient.steps(times, np.array([complex(function(float(times[0])))]))
    begin, end = float(times[0]), float(times[-1])
    takes_arrays = _takes_arrays(function, [begin + (end - begin) * fraction for fraction in _probe_fractions])
    return _resolved(function, "arrays" if takes_arrays else "times", looking, name)[0]


def resolve_matrix_function(
    function: Callable[[float], ComplexArray], looking: Looking, name: str
) -> tuple[ComplexArray, list[tuple[ComplexArray, _core.Coefficient]]]:
    """Split an operator-valued f(t) into a constant and matrices with one coefficient each."""
    constant = function(float(looking.times[0]))
    if len(looking.times) < 2:
        return constant, []
    rows = _MatrixRows(function, constant, name)
    resolved = _resolved(rows, "rows", looking, name)
    # Before anything moves there is one function, which is zero.
    return constant, [
        (matrix.reshape(constant.shape), coefficient)
        for matrix, coefficient in zip(rows.basis, resolved[: len(rows.basis)], strict=True)
    ]


class _MatrixRows:
    """f(t) as a constant and a growing basis of the matrices that move: few functions make up their many elements."""

    def __init__(self, function: Callable[[float], ComplexArray], constant: ComplexArray, name: str) -> None:
        self._function = function
        self._constant = constant
        self._name = name
        self._scale = float(np.abs(constant).max(initial=0.0))
        self.basis: ComplexArray = np.empty((0, constant.size), complex)

    def __call__(self, times: RealArray) -> tuple[ComplexArray, float]:
        """Coefficients (times, width) of the basis, and what rounding does to them."""
        values = [self._function(t) for t in times.tolist()]
        for t, value in zip(times.tolist(), values, strict=True):
            if value.shape != self._constant.shape:
                raise ShapeError(
                    f"Argument `{self._name}` must have one shape at every time, but has {self._constant.shape} at "
                    f"first and {value.shape} at time {t:g}."
                )
        together = np.array(values).reshape(len(values), -1)
        self._scale = max(self._scale, float(np.abs(together).max(initial=0.0)))
        moved = together - self._constant.ravel()
        rest = moved - (moved @ self.basis.conj().T) @ self.basis
        while True:
            lengths = np.linalg.norm(rest, axis=1)
            farthest = int(np.argmax(lengths))
            if not lengths[farthest] > 1e-13 * self._scale * len(self._constant):
                break
            unit = rest[farthest] / lengths[farthest]
            self.basis = np.concatenate([self.basis, unit[None]])
            rest = rest - np.outer(rest @ unit.conj(), unit)
        rounding = 4e-15 * self._scale
        if len(self.basis) == 0:
            return np.zeros((len(times), 1), complex), rounding
        return moved @ self.basis.conj().T, rounding


def _resolved(function: Callable[..., Any], kind: str, looking: Looking, name: str) -> list[_core.Coefficient]:
    coefficients, _, gap, is_unchanging, is_too_coarse = _core.resolve_functions(
        function, kind, looking.times, looking.breakpoints, looking.longest_gap, name
    )
    if is_too_coarse:
        seen = "is the same wherever it was looked at" if is_unchanging else "has features as narrow as the looks at it"
        warnings.warn(
            f"Argument `{name}` holds a function of time that {seen}: what is narrower than {gap:.3g} may have been "
            f"missed; {looking.cure}.",
            ResolutionWarning,
            stacklevel=frames_inside(),
        )
    return cast(list[_core.Coefficient], coefficients)


def frames_inside() -> int:
    """Where the caller of the laboratory stands, for `warnings.warn` in the function that asks."""
    frame: FrameType | None = sys._getframe(1)
    count = 1
    while frame is not None and frame.f_code.co_filename.startswith(_laboratory):
        frame, count = frame.f_back, count + 1
    return count


def _takes_arrays(function: Callable[[Any], Any], probes: list[float]) -> bool:
    try:
        expected = [function(t) for t in probes]
        found = np.asarray(function(np.array(probes)))
        if found.shape != (len(probes),) or any(getattr(wanted, "ndim", 0) for wanted in expected):
            return False
        pairs = zip(found.tolist(), expected, strict=True)
        return all(abs(value - complex(wanted)) <= 1e-12 * abs(wanted) for value, wanted in pairs)
    # Functions written for one time fail on arrays in every imaginable way; one by one they tell what is wrong.
    except Exception:
        return False


def check_sample_count(samples: ComplexArray, tlist: RealArray, name: str) -> None:
    """Refuse samples that are not on `tlist`."""
    if samples.shape != tlist.shape:
        raise ShapeError(
            f"Argument `{name}` must give samples of shape {tlist.shape} like `tlist`, "
            f"but one has shape {samples.shape}."
        )

"""Functions of time as users write them, turned into piecewise polynomials before an integrator starts."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synqc import _core
from synqc.errors import InputError, ShapeError

__all__ = [
    "check_sample_count",
    "hold_samples",
    "resolve_function",
    "resolve_matrix_function",
    "spline_through",
    "with_arguments",
]

ComplexArray = NDArray[np.complex128]
RealArray = NDArray[np.float64]

_fractions: RealArray = _core.coefficient_sample_fractions()
_first_pieces = 16
_first_edges = np.linspace(0.0, 1.0, _first_pieces + 1)
_first_nodes = (_first_edges[:-1, None] + np.diff(_first_edges)[:, None] * _fractions).ravel()
_probe_fractions = np.array([0.0487, 0.6131])
_piece_positions = _first_nodes.size

# Relative to the largest value: the error this leaves in H is far below every tolerance of a state.
_tolerance = 1e-11
_most_pieces = 6000


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


def resolve_function(
    function: Callable[[Any], Any], tlist: RealArray, breakpoints: RealArray, name: str
) -> _core.Coefficient:
    """Interpolate f(t) on [tlist[0], tlist[-1]] to 1e-11 of its largest value, by bisection where it needs it.

    Calls the function with arrays if that gives what scalar calls give, else with one time after the other. Jumps are
    found to 1e-12 of the duration and become hard stops. What lies between all sample points (192 over the duration,
    the saved times, and the breakpoints' pieces) cannot be seen.
    """
    sample = _vectorised(function, tlist[0] + (tlist[-1] - tlist[0]) * _probe_fractions)
    return _resolve(lambda t: sample(t)[:, None], tlist, breakpoints, name)[0]


def resolve_matrix_function(
    function: Callable[[float], ComplexArray], tlist: RealArray, breakpoints: RealArray, name: str
) -> tuple[ComplexArray, list[tuple[ComplexArray, _core.Coefficient]]]:
    """Split an operator-valued f(t) into a constant and matrices with one coefficient each."""
    first = function(float(tlist[0]))
    levels = first.shape[0]

    def sample(times: RealArray) -> ComplexArray:
        return np.array([function(float(t)) for t in times]).reshape(len(times), levels * levels)

    looks = sample(tlist[0] + (tlist[-1] - tlist[0]) * _first_nodes)
    constant = looks.mean(axis=0)
    # Few independent functions make up the many elements of a matrix; the singular vectors are the matrices they move.
    _, strengths, matrices = np.linalg.svd(looks - constant, full_matrices=False)
    moving = matrices[strengths > 1e-13 * max(np.abs(looks).max(), 1e-300) * np.sqrt(looks.size)]
    if moving.shape[0] == 0:
        return constant.reshape(levels, levels), []
    projection = moving.conj().T
    resolved = _resolve(lambda t: (sample(t) - constant) @ projection, tlist, breakpoints, name)
    return constant.reshape(levels, levels), [
        (matrix.reshape(levels, levels), coefficient) for matrix, coefficient in zip(moving, resolved, strict=True)
    ]


def _vectorised(function: Callable[[Any], Any], probes: RealArray) -> Callable[[RealArray], ComplexArray]:
    def one_by_one(times: RealArray) -> ComplexArray:
        return np.array([complex(function(t)) for t in times.tolist()])

    def together(times: RealArray) -> ComplexArray:
        return np.asarray(function(times), complex)

    expected = [complex(function(t)) for t in probes.tolist()]
    try:
        found = np.asarray(function(probes))
        if found.shape == probes.shape:
            pairs = zip(found.tolist(), expected, strict=True)
            if all(abs(value - wanted) <= 1e-12 * abs(wanted) for value, wanted in pairs):
                return together
    # Functions written for one time fail on arrays in every imaginable way; one by one they have just worked.
    except Exception:
        return one_by_one
    return one_by_one


def _resolve(
    sample: Callable[[RealArray], ComplexArray], tlist: RealArray, breakpoints: RealArray, name: str
) -> list[_core.Coefficient]:
    begin, end = tlist[0], tlist[-1]
    duration = end - begin
    if duration == 0:
        value = sample(tlist[:1])
        return [_core.Coefficient.steps(tlist[:1], column) for column in value.T.copy()]
    edges = begin + duration * _first_edges
    if breakpoints.size:
        edges = np.unique(np.concatenate([edges, breakpoints]))
        values, known = _sample_pieces(sample, edges[:-1], edges[1:]), sample(tlist)
    else:
        together = sample(np.concatenate([begin + duration * _first_nodes, tlist]))
        values, known = together[:_piece_positions], together[_piece_positions:]
    if not np.isfinite(values.sum() + known.sum()):
        raise InputError(f"Argument `{name}` must have finite coefficients, but one is infinite or undefined.")
    width = len(_fractions)
    while True:
        stops = _with_jumps(breakpoints, edges, duration) if len(edges) > 2 * _first_pieces else breakpoints
        made = [_core.Coefficient.sampled(edges, values[:, k], stops) for k in range(values.shape[1])]
        open_pieces: set[int] = set()
        for k, coefficient in enumerate(made):
            column = known[:, k]
            open_pieces.update(coefficient.unresolved_pieces(_tolerance, tlist, column))
        split = [piece for piece in sorted(open_pieces) if edges[piece + 1] - edges[piece] > 1e-12 * duration]
        if not split:
            return made
        if len(edges) + len(split) > _most_pieces:
            raise InputError(
                f"Argument `{name}` must have coefficients that a piecewise polynomial can follow, but one is too "
                f"rough near t = {edges[split[0]]}."
            )
        where = np.array(split)
        middle = (edges[where] + edges[where + 1]) / 2
        lefts = np.stack([edges[where], middle], axis=1).ravel()
        rights = np.stack([middle, edges[where + 1]], axis=1).ravel()
        halves = _sample_pieces(sample, lefts, rights).reshape(len(split), 2 * width, -1)
        pieces = list(values.reshape(len(edges) - 1, width, -1))
        for piece, both in zip(split, halves, strict=True):
            pieces[piece] = both
        values = np.concatenate(pieces)
        edges = np.sort(np.concatenate([edges, middle]))


def _sample_pieces(sample: Callable[[RealArray], ComplexArray], lefts: RealArray, rights: RealArray) -> ComplexArray:
    return sample((lefts[:, None] + (rights - lefts)[:, None] * _fractions).ravel())


def _with_jumps(breakpoints: RealArray, edges: RealArray, duration: float) -> RealArray:
    tiny = np.flatnonzero(np.diff(edges) <= 1e-11 * duration)
    return np.unique(np.concatenate([breakpoints, edges[tiny], edges[tiny + 1]]))


def check_sample_count(samples: ComplexArray, tlist: RealArray, name: str) -> None:
    """Refuse samples that are not on `tlist`."""
    if samples.shape != tlist.shape:
        raise ShapeError(
            f"Argument `{name}` must give samples of shape {tlist.shape} like `tlist`, "
            f"but one has shape {samples.shape}."
        )

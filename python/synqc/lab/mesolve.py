"""Master and Schrodinger equations of driven systems with up to 27 levels."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from synqc import _core
from synqc.errors import InputError, ShapeError, UnknownName
from synqc.lab._coefficients import Looking, hold_samples, spline_through
from synqc.lab._foreign import has_matrix, maker_of_states
from synqc.lab._qutip_options import understood
from synqc.lab._varying_operators import OperatorReader, Terms, as_complex, as_matrix, as_sequence

__all__ = ["MasterEquationResult", "mesolve"]

_complex = np.dtype(np.complex128)
_real = np.dtype(np.float64)
_no_times = np.empty(0)
_METHOD, _ATOL, _RTOL, _MAX_STEP, _ = _core.usual_evolution()
_ways_to_join = {"spline": spline_through, "steps": hold_samples}


class MasterEquationResult:
    """What `mesolve` found.

    Attributes:
        times (float64, (t,)): The moments asked for.
        expect: One array (t,) per e_op, in their order; real for Hermitian operators.
        e_data: The same under the keys of `e_ops`, if that was a mapping; else under 0, 1, ...
        states (complex128, (t, n, n), or (t, n) for kets): Empty unless stored. A list of Qobj if `rho0` was one.
        final_state (complex128, (n, n) or (n,)): The state at `times[-1]`; a Qobj if `rho0` was one.
        stats: Method used, steps accepted and rejected, applications of the generator.
    """

    __slots__ = ("_keys", "_made", "_report", "_states", "expect", "final_state", "times")

    def __init__(
        self,
        times: NDArray[np.float64],
        raw: tuple[Any, ...],
        keys: Sequence[Any] | None,
        expect: list[NDArray[Any]],
        made: Callable[[NDArray[np.complex128]], Any] | None,
    ) -> None:
        self.times = times
        self._states: NDArray[np.complex128] = raw[0] if raw[0] is not None else np.empty((0, *raw[1].shape), complex)
        self._made = made
        self.final_state: Any = raw[1] if made is None else made(raw[1])
        self.expect = expect
        self._keys = keys
        self._report = raw[3:]

    @property
    def states(self) -> Any:
        """States at `times`, as `rho0` was given."""
        return self._states if self._made is None else [self._made(state) for state in self._states]

    @property
    def e_data(self) -> dict[Any, NDArray[Any]]:
        """Means by key."""
        return dict(zip(range(len(self.expect)) if self._keys is None else self._keys, self.expect, strict=True))

    @property
    def stats(self) -> dict[str, Any]:
        """How the solution was reached."""
        return dict(zip(("method", "steps", "rejected", "applications"), self._report, strict=True))

    def __repr__(self) -> str:
        return (
            f"MasterEquationResult(times={len(self.times)}, expect={len(self.expect)}, "
            f"states={self._states.shape}, method={self._report[0]!r})"
        )


def mesolve(
    H: Any,
    rho0: Any,
    tlist: ArrayLike,
    c_ops: Any = (),
    e_ops: Any = (),
    *,
    args: Mapping[str, Any] | None = None,
    options: Mapping[str, Any] | None = None,
    method: str = _METHOD,
    atol: float = _ATOL,
    rtol: float = _RTOL,
    max_step: float = _MAX_STEP,
    breakpoints: ArrayLike = (),
    samples: str = "spline",
    store_states: bool | None = None,
) -> MasterEquationResult:
    """Evolve a density matrix under a Lindblad equation, with QuTiP's argument names and conventions.

    Solves d rho/dt = -i [H(t), rho] + sum_j (L_j rho L_j^dag - {L_j^dag L_j, rho}/2) with hbar = 1. No unit is
    imposed: H in whatever is the reciprocal of `tlist`. A ket without `c_ops` is evolved by the Schrodinger
    equation and stays one.

    The error of each state, as the largest element of the difference, stays below atol + rtol over the whole of
    `tlist`: what each step may add is held below its share (step / duration) of them. Constant and piecewise constant
    problems are solved exactly, to rounding; where coefficients vary smoothly and there are at most eight of them, a
    power series in time adds no more than a thousandth of them to what following the coefficients leaves.

    A callable may be smooth, oscillate, jump, kink, or do each of these many times, in H and in `c_ops`: it is
    followed to 1e-10 of its largest value by polynomials between its jumps and kinks, which are found to 1e-13 of the
    span and become hard stops. It is called some 900 times, 100 more for each cycle and 200 more for each jump, never
    outside `tlist`, and with arrays of times if it takes them. What is as wide as a 500th of the span is found wherever
    it lies, and narrower things where something as narrow was seen elsewhere; a ResolutionWarning says where that is in
    doubt.

    Args:
        H (complex128, (n, n)): Hamiltonian, n at most 27. Or a list [H0, [H1, f], ...] in which f is a callable f(t),
            f(t, args) or f(t, **args), or samples (t,) on `tlist` (joined by a cubic not-a-knot spline, as QuTiP
            does, unless `samples` says otherwise). Or a callable H(t) that returns (n, n). QuTiP's Qobj and QobjEvo,
            sparse matrices, Qiskit's operators and Cirq's gates are accepted wherever an array is. Or a superoperator
            in any of these forms, made of QuTiP's, such as `qutip.liouvillian(...)`: L0, [L0, [L1, f], ...], a callable
            L(t) or a QobjEvo. It is followed like an H, to the same error as long as it does not make distances
            between states grow, and may stand beside `c_ops`. It need not preserve the trace or Hermiticity.
        rho0 (complex128, (n, n), (n,) or (n, 1)): Density matrix or ket at `tlist[0]`, within 1e-5 of one. A matrix
            that is not Hermitian is evolved as an operator, as two-time correlations need it (regression theorem).
        tlist (float64, (t,)): Moments to record, strictly increasing; hard stops of every integrator.
        c_ops: Jump operators: one, or a sequence of (n, n) or lists [L0, [L1, f], ...], as for H. A superoperator
            among them is added to the generator as it is.
        e_ops: Operators whose mean is recorded: one, a sequence, or a mapping name to operator; a callable f(t,
            state) is called with each stored state.
        args: Parameters for the callables.
        options: QuTiP's dictionary: atol, rtol, max_step, store_states and method count (QuTiP's own integrators mean
            "auto"), normalize_output divides by the trace where a superoperator does not preserve it, what says how
            QuTiP works changes nothing, anything else is refused.
        method: "auto" ("expm" where possible, else "taylor", or "cf4" where more than eight functions of time meet),
            "expm" (exponentials of constant pieces), "taylor" (Taylor's series in time, of the order that its bounded
            remainder asks for), "cf4" (fourth-order commutator-free Magnus with error-controlled steps), "dopri5"
            (Dormand-Prince 5(4), for comparison).
        atol, rtol: Error allowed over the whole duration, 1e-8 and 1e-6 by default.
        max_step: Longest step of "taylor", "cf4" and "dopri5"; 0 for no limit. Whatever a callable does for as long is
            found.
        breakpoints (float64, (k,)): Further hard stops, for callables whose short features could be missed.
        samples: How samples on `tlist` are joined: "spline" (cubic), or "steps" (each held until the next, which "auto"
            solves exactly).
        store_states: Keep the state at every time; by default only if there are no `e_ops`.

    Returns:
        MasterEquationResult with `times`, `expect`, `e_data`, `states`, `final_state` and `stats`.

    Raises:
        InputError: H is not Hermitian, rho0 is not a state, times are not increasing, a coefficient cannot be
            resolved.
        ShapeError: An array does not fit the n levels of `rho0`.
        StepTooSmall: The tolerance cannot be met.
        KeyboardInterrupt: Ctrl-C; long runs ask for it every 10 ms.

    Warns:
        ResolutionWarning: A callable gave the same at every look, or has features too narrow to look for others like
            them at a bearable cost; names the width that may have been missed.

    Examples:
        >>> import numpy as np
        >>> lower = np.array([[0, 1], [0, 0]])
        >>> excited = np.diag([0, 1])
        >>> result = mesolve(np.zeros((2, 2)), excited, [0.0, 50.0], [lower / np.sqrt(50.0)], e_ops=[excited])
        >>> round(float(result.expect[0][-1]), 6)
        0.367879
        >>> driven = [[lower + lower.T, lambda t: np.pi / 2 * np.sin(np.pi * t) ** 2]]
        >>> flipped = mesolve(driven, np.diag([1, 0]), [0.0, 2.0], e_ops={"excited": excited})
        >>> round(float(flipped.e_data["excited"][-1]), 6)
        1.0

    Source: Breuer and Petruccione, The Theory of Open Quantum Systems, ch. 3; Jorba and Zou, Exp. Math. 14, 99
    (2005); Blanes and Moan, Appl. Numer. Math. 56, 1519 (2006); Dormand and Prince, J. Comput. Appl. Math. 6, 19
    (1980).
    """
    # convert
    normalised = isinstance(options, Mapping) and bool(options.get("normalize_output"))
    if options is not None:
        direct = {"atol": (atol, _ATOL), "rtol": (rtol, _RTOL), "max_step": (max_step, _MAX_STEP),
                  "method": (method, _METHOD), "store_states": (store_states, None)}  # fmt: skip
        chosen = understood(options, direct, {name: name for name in direct}, {"normalize_output"})
        atol, rtol, max_step = chosen["atol"], chosen["rtol"], chosen["max_step"]
        method, store_states = chosen["method"], chosen["store_states"]
        method = "auto" if method in _methods_of_qutip else method
    if samples not in tuple(_ways_to_join):
        raise UnknownName(f"Argument `samples` must be 'spline' or 'steps', but is {samples!r}.")
    times = tlist if type(tlist) is np.ndarray and tlist.dtype is _real else _as_times("tlist", tlist)
    start = _as_start(rho0)
    keys, watched, custom = _split_observables(e_ops)
    stored = (not watched if store_states is None else store_states) or bool(custom)
    made = maker_of_states(rho0) if hasattr(rho0, "full") else None
    # call
    stops = _inside(breakpoints, times)
    reader = OperatorReader(Looking(times, stops, max_step / 2), args, _ways_to_join[samples])
    hamiltonian, jumps, superoperators = _read_generator(reader, H, c_ops)
    how = (method, atol, rtol, max_step, stops.tolist())
    if superoperators:
        raw = _evolved_by_superoperator(
            superoperators, hamiltonian, jumps, reader, start, times, watched, stored, normalised, how
        )
    else:
        if jumps and start.ndim == 1:
            start = np.outer(start, start.conj())
        raw = _core.evolve_open_system(hamiltonian, jumps, reader.coefficients, start, times, watched, how, stored)
    # wrap
    expect = raw[2] if not custom else _with_custom_means(raw, custom, times, made)
    return MasterEquationResult(times, raw, keys, expect, made)


_methods_of_qutip = {"adams", "bdf", "lsoda", "dop853", "vern7", "vern9", "tsit5", "diag", "krylov"}


def _read_generator(reader: OperatorReader, H: Any, c_ops: Any) -> tuple[Terms, list[Terms], Terms]:
    """Terms of the Hamiltonian, of each jump operator, and of all superoperators together."""
    hamiltonian: Terms = []
    jumps: list[Terms] = []
    superoperators: Terms = []
    if reader.is_superoperator("H", H):
        superoperators += reader.superoperator_terms_of("H", H)
    else:
        hamiltonian = reader.terms_of("H", H)
    for k, jump in enumerate(as_sequence(c_ops)):
        name = f"c_ops[{k}]"
        if reader.is_superoperator(name, jump):
            superoperators += reader.superoperator_terms_of(name, jump)
        else:
            jumps.append(reader.terms_of(name, jump))
    return hamiltonian, jumps, superoperators


def _evolved_by_superoperator(
    superoperators: Terms,
    hamiltonian: Terms,
    jumps: list[Terms],
    reader: OperatorReader,
    start: NDArray[np.complex128],
    times: NDArray[np.float64],
    watched: list[NDArray[np.complex128]],
    stored: bool,
    normalised: bool,
    how: tuple[str, float, float, float, list[float]],
) -> tuple[Any, ...]:
    if start.ndim == 1:
        start = np.outer(start, start.conj())
    levels = len(start)
    for matrix, _ in superoperators:
        if start.ndim == 2 and matrix.shape != (levels**2, levels**2):
            raise ShapeError(
                f"Argument `H` must be a superoperator on the {levels} levels of `rho0`, of shape "
                f"({levels**2}, {levels**2}), but has shape {matrix.shape}."
            )
    states, *report = _core.evolve_superoperator(
        superoperators, hamiltonian, jumps, reader.coefficients, start, times, how
    )
    if normalised:
        traces = np.trace(states, axis1=1, axis2=2)
        if not (np.abs(traces) > 0).all():
            raise InputError(
                "Argument `options` must leave out normalize_output where the trace becomes 0, but does not."
            )
        states = states / traces[:, None, None]
    means = [np.einsum("ij,tji->t", operator, states) for operator in watched]
    stay_hermitian = _is_hermitian(states)
    real = [
        mean.real if stay_hermitian and _is_hermitian(operator) else mean
        for mean, operator in zip(means, watched, strict=True)
    ]
    return states if stored else None, states[-1], real, *report


def _is_hermitian(operators: NDArray[np.complex128]) -> bool:
    """Whether operators (..., n, n) are their adjoints, up to rounding."""
    defect = np.abs(operators - operators.conj().swapaxes(-1, -2)).max(initial=0.0)
    return bool(defect <= 1e-12 * np.abs(operators).max(initial=0.0))


def _inside(breakpoints: ArrayLike, times: NDArray[np.float64]) -> NDArray[np.float64]:
    """Those of the caller's edges that lie inside the span."""
    if isinstance(breakpoints, tuple) and not breakpoints:
        return _no_times
    edges = np.unique(_as_times("breakpoints", breakpoints))
    return edges[(edges > times[0]) & (edges < times[-1])] if times.size else _no_times


def _as_start(rho0: Any) -> NDArray[np.complex128]:
    start = rho0 if type(rho0) is np.ndarray and rho0.dtype is _complex else as_complex("rho0", rho0)
    return start[:, 0] if start.ndim == 2 and start.shape[1] == 1 and start.shape[0] > 1 else start


def _as_times(name: str, times: Any) -> NDArray[np.float64]:
    array = as_complex(name, times)
    if array.imag.any():
        raise InputError(f"Argument `{name}` must be real, but has an imaginary part.")
    return array.real.copy()


def _split_observables(
    e_ops: Any,
) -> tuple[list[Any] | None, list[NDArray[np.complex128]], dict[int, Callable[..., Any]]]:
    """Keys of a mapping, operators as arrays, and the callables by their position among all."""
    keys = None
    if isinstance(e_ops, Mapping):
        keys, e_ops = list(e_ops.keys()), list(e_ops.values())
    watched = []
    custom = {}
    for position, observable in enumerate(as_sequence(e_ops)):
        if type(observable) is np.ndarray and observable.dtype is _complex:
            watched.append(observable)
        elif callable(observable) and not has_matrix(observable):
            custom[position] = observable
        else:
            watched.append(as_matrix("e_ops", observable))
    return keys, watched, custom


def _with_custom_means(
    raw: tuple[Any, ...],
    custom: dict[int, Callable[..., Any]],
    times: NDArray[np.float64],
    made: Callable[[NDArray[np.complex128]], Any] | None,
) -> list[NDArray[Any]]:
    means = list(raw[2])
    states = raw[0] if made is None else [made(state) for state in raw[0]]
    for position, function in sorted(custom.items()):
        means.insert(position, np.array([function(t, state) for t, state in zip(times.tolist(), states, strict=True)]))
    return means

"""Evolution under a superoperator that is given whole, such as QuTiP's `liouvillian(H, c_ops)`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["commutator", "dissipator", "evolve_by_superoperator"]

_TAYLOR_DEGREE = 18
"""With the norm halved below 1/2, what is left out is below 1e-22."""


def commutator(hamiltonian: NDArray[np.complex128]) -> NDArray[np.complex128]:
    """-i [H, rho] as a matrix (n * n, n * n) on stacked columns."""
    identity = np.eye(len(hamiltonian))
    return -1j * (np.kron(identity, hamiltonian) - np.kron(hamiltonian.T, identity))


def dissipator(jump: NDArray[np.complex128]) -> NDArray[np.complex128]:
    """L rho L^dag - {L^dag L, rho} / 2 as a matrix (n * n, n * n) on stacked columns."""
    identity = np.eye(len(jump))
    rate = jump.conj().T @ jump
    return np.kron(jump.conj(), jump) - (np.kron(identity, rate) + np.kron(rate.T, identity)) / 2


def evolve_by_superoperator(
    generator: NDArray[np.complex128], start: NDArray[np.complex128], times: NDArray[np.float64]
) -> NDArray[np.complex128]:
    """Operators (t, n, n) that solve d vec(rho)/dt = generator vec(rho), with columns stacked.

    Args:
        generator (complex128, (n * n, n * n)): Constant superoperator, 1 / time.
        start (complex128, (n, n)): Operator at `times[0]`; need not be a state.
        times (float64, (t,)): Increasing.
    """
    levels = len(start)
    state = start.reshape(-1, order="F")
    states = np.empty((len(times), levels, levels), dtype=np.complex128)
    states[0] = start
    known: dict[float, NDArray[np.complex128]] = {}
    for k, step in enumerate(np.diff(times).tolist(), start=1):
        if step not in known:
            known = {step: _exponential(generator * step)}  # equal steps follow each other
        state = known[step] @ state
        states[k] = state.reshape(levels, levels, order="F")
    return states


def _exponential(matrix: NDArray[np.complex128]) -> NDArray[np.complex128]:
    """exp(matrix) by scaling, Taylor's series and squaring."""
    norm = float(np.abs(matrix).sum(axis=0).max(initial=0.0))
    squarings = max(0, int(np.ceil(np.log2(norm))) + 1) if norm > 0 else 0
    scaled = matrix / 2.0**squarings
    total = term = np.eye(len(matrix), dtype=np.complex128)
    for k in range(1, _TAYLOR_DEGREE + 1):
        term = term @ scaled / k
        total = total + term
    for _ in range(squarings):
        total = total @ total
    return total

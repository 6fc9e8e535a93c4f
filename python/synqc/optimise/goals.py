"""What a pulse shall do: a gate on a subspace, or a change of state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synqc.errors import InputError, ShapeError
from synqc.optimise.systems import as_columns

__all__ = ["Gate", "GoalColumns", "StateTransfer"]


@dataclass(frozen=True)
class GoalColumns:
    """A goal for one number of levels: `start` goes to `target`, and nothing shall leave `kept`; (n, s) and (n, q)."""

    start: NDArray[np.complex128]
    target: NDArray[np.complex128]
    kept: NDArray[np.complex128]


@dataclass(frozen=True, eq=False)
class Gate:
    """A gate on some levels, whatever its global phase.

    The error is 1 - F with F = (tr(M M^dag) + |tr(U^dag M)|^2) / (s (s + 1)), the average gate fidelity on the
    subspace, M being what the evolution does there.

    Args:
        unitary (complex128, (s, s)): U.
        subspace: The s levels it acts on; the lowest if not given.
        leakage_weight: What leakage costs beside its share of the error.

    Examples:
        >>> Gate([[0, 1], [1, 0]]).columns(3).target.real.tolist()
        [[0.0, 1.0], [1.0, 0.0], [0.0, 0.0]]

    Source: Pedersen, Moller and Molmer, Phys. Lett. A 367, 47 (2007).
    """

    unitary: Any
    subspace: tuple[int, ...] | None = None
    leakage_weight: float = 0.0

    def columns(self, levels: int) -> GoalColumns:
        """The goal among so many levels."""
        unitary = np.asarray(self.unitary, np.complex128)
        if unitary.ndim != 2 or unitary.shape[0] != unitary.shape[1]:
            raise ShapeError(f"Argument `unitary` must have shape (s, s), but has shape {unitary.shape}.")
        if not np.allclose(unitary.conj().T @ unitary, np.eye(len(unitary)), atol=1e-10):
            raise InputError("Argument `unitary` must be unitary, but is not.")
        chosen = tuple(range(len(unitary))) if self.subspace is None else self.subspace
        if len(set(chosen)) != len(unitary) or not all(0 <= level < levels for level in chosen):
            raise InputError(
                f"Argument `subspace` must name {len(unitary)} different levels below {levels}, but is {chosen}."
            )
        start = np.eye(levels, dtype=np.complex128)[:, list(chosen)]
        return GoalColumns(start, start @ unitary, start)


@dataclass(frozen=True, eq=False)
class StateTransfer:
    """One state to another, whatever the phase; the error is 1 - <target|rho|target>.

    Args:
        start, target (complex128, (m,)): Kets; levels above the m-th are empty.
        subspace: Levels that count as not leaked; the lowest two if not given.
        leakage_weight: What leakage costs beside its share of the error.

    Examples:
        >>> StateTransfer([1, 0], [0, 1]).columns(3).target.ravel().real.tolist()
        [0.0, 1.0, 0.0]
    """

    start: Any
    target: Any
    subspace: tuple[int, ...] = (0, 1)
    leakage_weight: float = 0.0

    def columns(self, levels: int) -> GoalColumns:
        """The goal among so many levels."""
        kept = np.eye(levels, dtype=np.complex128)[:, list(self.subspace)]
        return GoalColumns(as_columns("start", self.start, levels), as_columns("target", self.target, levels), kept)

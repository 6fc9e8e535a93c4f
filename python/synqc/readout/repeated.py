"""What readouts of the same qubit, one right after the other, say: QNDness, leakage, and what hides behind errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synqc.errors import InputError, NumericalError, ShapeError
from synqc.lab._whole_number import whole_number
from synqc.lab.estimate import Estimate
from synqc.readout.assignment import share

__all__ = ["HiddenLevels", "RepeatedReadout"]

_MOST_ROUNDS = 20_000
_SETTLED = 1e-8  # change of any probability in a round


@dataclass(frozen=True)
class HiddenLevels:
    """A hidden Markov chain of the true level, with errors from resampled shots.

    Args:
        start (float64, (levels,)): Populations at the first readout.
        transitions (float64, (from, to)): Of the true level from one readout to the next; rows add up to 1.
        assignments (float64, (true, assigned)): Of the readout itself; rows add up to 1.
        transition_errors (float64, (from, to)): Standard errors.
        assignment_errors (float64, (true, assigned)): Standard errors.
    """

    start: Any
    transitions: Any
    assignments: Any
    transition_errors: Any
    assignment_errors: Any

    @property
    def qndness(self) -> Estimate:
        """Mean probability that |0> and |1> are left as they were, errors of assignment taken off."""
        error = np.hypot(*self.transition_errors.diagonal()[:2]) / 2
        return Estimate(float(self.transitions.diagonal()[:2].mean()), float(error))

    @property
    def leakage(self) -> Estimate:
        """Mean probability that a readout takes |0> or |1> out of the computational space; three levels."""
        self._check_three()
        return Estimate(float(self.transitions[:2, 2].mean()), float(np.hypot(*self.transition_errors[:2, 2]) / 2))

    @property
    def seepage(self) -> Estimate:
        """Probability that a readout brings |2> back into the computational space; three levels."""
        self._check_three()
        return Estimate(float(1 - self.transitions[2, 2]), float(self.transition_errors[2, 2]))

    def _check_three(self) -> None:
        if len(self.start) != 3:
            raise InputError(f"Leakage is from two levels to a third, but there are {len(self.start)} levels.")


@dataclass(frozen=True)
class RepeatedReadout:
    """Assigned levels of readouts in a row, of many shots.

    Args:
        outcomes (integers, (shots, repetitions)): Assigned level of each.
        levels: Two or three.

    Examples:
        >>> outcomes = np.array([[0, 0, 0], [1, 1, 0], [1, 1, 1], [0, 0, 0]])
        >>> print(RepeatedReadout(outcomes, levels=2).repeat(1))
        0.75(19)
    """

    outcomes: Any
    levels: int

    def __post_init__(self) -> None:
        outcomes = np.array(self.outcomes)
        if outcomes.ndim != 2 or outcomes.shape[1] < 2 or not np.issubdtype(outcomes.dtype, np.integer):
            raise ShapeError(
                f"Argument `outcomes` must be integers of shape (shots, repetitions) with two repetitions or more, "
                f"but is {outcomes.dtype} of shape {outcomes.shape}."
            )
        if self.levels not in (2, 3):
            raise InputError(f"Argument `levels` must be 2 or 3, but is {self.levels}.")
        if outcomes.size and not (outcomes.min() >= 0 and outcomes.max() < self.levels):
            raise InputError(f"Argument `outcomes` must be between 0 and {self.levels - 1}, but is not.")
        outcomes.setflags(write=False)
        object.__setattr__(self, "outcomes", outcomes)

    def repeat(self, level: int) -> Estimate:
        """P(level | level) of two readouts in a row, as assigned: both errors of assignment and changes lower it."""
        first, second = self.outcomes[:, :-1], self.outcomes[:, 1:]
        seen = first == level
        return share(int((seen & (second == level)).sum()), int(seen.sum()))

    @property
    def qndness(self) -> Estimate:
        """(P(0|0) + P(1|1)) / 2 of two readouts in a row, as assigned."""
        zero, one = self.repeat(0), self.repeat(1)
        return Estimate((zero.value + one.value) / 2, float(np.hypot(zero.standard_error, one.standard_error)) / 2)

    def hidden_levels(self, *, seed: int, resamples: int = 30) -> HiddenLevels:
        """Maximum-likelihood chain of the true level, and assignment errors apart from changes of level.

        Args:
            seed: Of the resampled shots that give errors.
            resamples: How many times shots are drawn anew.

        Raises:
            InputError: There are fewer than three repetitions, which do not tell errors from changes.

        Examples:
            >>> draw = np.random.default_rng(1)
            >>> true = np.repeat(draw.integers(0, 2, 4000)[:, None], 4, axis=1)
            >>> noisy = np.where(draw.random(true.shape) < 0.05, 1 - true, true)
            >>> found = RepeatedReadout(noisy, levels=2).hidden_levels(seed=1, resamples=5)
            >>> bool(abs(found.assignments[0, 1] - 0.05) < 0.01), found.qndness.value > 0.995
            (True, True)

        Source: Rabiner, Proc. IEEE 77, 257 (1989), section III.
        """
        if self.outcomes.shape[1] < 3:
            raise InputError("Argument `outcomes` must have three repetitions or more, but has two.")
        whole_number("resamples", resamples, least=2, most=100_000)
        sequences, counts = np.unique(self.outcomes, axis=0, return_counts=True)
        fitted = _fit(sequences, counts.astype(np.float64), self.levels, None)
        draw = np.random.default_rng(seed)
        shots = int(counts.sum())
        again = [
            _fit(sequences, draw.multinomial(shots, counts / shots).astype(np.float64), self.levels, fitted)
            for _ in range(resamples)
        ]
        errors = [np.std([one[part] for one in again], axis=0, ddof=1) for part in (1, 2)]
        return HiddenLevels(*fitted, *errors)


Chain = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]


def _fit(sequences: Any, counts: Any, levels: int, start: Chain | None) -> Chain:
    """Baum and Welch's rounds on distinct sequences of outcomes."""
    if start is None:
        near = np.full((levels, levels), 0.05 / (levels - 1))
        np.fill_diagonal(near, 0.95)
        shares = np.array([counts[sequences[:, 0] == level].sum() for level in range(levels)]) + 1
        chain: Chain = (shares / shares.sum(), near, near.copy())
    else:
        chain = start
    for _ in range(_MOST_ROUNDS):
        after = _round(sequences, counts, chain)
        moved = max(float(np.abs(new - old).max()) for new, old in zip(after, chain, strict=True))
        chain = after
        if moved < _SETTLED:
            return chain
    raise NumericalError("The hidden chain does not settle: the outcomes do not tell errors from changes of level.")


def _round(sequences: Any, counts: Any, chain: Chain) -> Chain:
    start, transitions, assignments = chain
    levels, repetitions = len(start), sequences.shape[1]
    seen = assignments.T[sequences]  # (sequences, repetitions, true level)
    forward, scales = np.empty(seen.shape), np.empty(sequences.shape)
    belief = np.broadcast_to(start, (len(sequences), levels))
    for k in range(repetitions):
        weighted = belief * seen[:, k]
        scales[:, k] = weighted.sum(axis=1)
        forward[:, k] = weighted / scales[:, k, None]
        belief = forward[:, k] @ transitions
    backward = np.ones((len(sequences), levels))
    pairs = np.zeros((levels, levels))
    posterior = np.empty(seen.shape)
    posterior[:, -1] = forward[:, -1]
    for k in range(repetitions - 1, 0, -1):
        ahead = backward * seen[:, k] / scales[:, k, None]
        pairs += transitions * ((forward[:, k - 1] * counts[:, None]).T @ ahead)
        backward = ahead @ transitions.T
        posterior[:, k - 1] = forward[:, k - 1] * backward
    weighted = posterior * counts[:, None, None]
    assigned = np.array([weighted[sequences == outcome].sum(axis=0) for outcome in range(levels)]).T
    first = weighted[:, 0].sum(axis=0)
    return first / first.sum(), _rows_of_one(pairs, transitions), _rows_of_one(assigned, assignments)


def _rows_of_one(sums: Any, before: Any) -> Any:
    totals = sums.sum(axis=1, keepdims=True)
    return np.where(totals > 0, sums / np.where(totals > 0, totals, 1), before)

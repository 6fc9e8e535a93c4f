"""What came of the items."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["OUTCOMES", "Outcome", "Results"]

OUTCOMES = ("pending", "ok", "error", "timeout", "cancelled", "skipped")
OK, ERROR, TIMEOUT, CANCELLED, SKIPPED = range(1, 6)


@dataclass(frozen=True)
class Outcome:
    """What came of one item.

    Args:
        index: Its position in the input.
        status: "ok", "error", "timeout", "cancelled" or "skipped".
        value: What the last stage returned, if ok.
        error: The exception, of a failure or a timeout.
        stage: Name of the stage where it ended.
        attempts: Most that any stage needed.
        queue_seconds: Waited before and between stages, back-off included.
        run_seconds: Spent in attempts.
    """

    index: int
    status: str
    value: Any
    error: BaseException | None
    stage: str
    attempts: int
    queue_seconds: float
    run_seconds: float


class Results:
    """Outcomes of a run in the pipeline's order. Timings are kept as columns; an `Outcome` is made when asked for.

    `len` and iteration are those of `values`.
    """

    def __init__(self, columns: tuple[Any, ...], stages: Sequence[str], stopped: str) -> None:
        self._values, self._statuses, self.indices, self._stages, self.attempts, queued, ran = columns
        self._names = stages
        self.stopped = stopped
        """Why the run ended early: "", "stop", "deadline", "error", "interrupt", "input" or "cancelled"."""
        self.queue_seconds: np.ndarray = queued * 1e-9
        """Waited, by outcome."""
        self.run_seconds: np.ndarray = ran * 1e-9
        """Spent in attempts, by outcome."""
        whole = bool((self._statuses == OK).all())
        self.values: list[Any] = self._values if whole else self._of(OK)
        """Of the items that went through."""

    def _of(self, status: int) -> list[Any]:
        return [self._values[k] for k in np.flatnonzero(self._statuses == status)]

    @property
    def partial(self) -> bool:
        """Whether the run ended before every item of the input had its turn."""
        return bool(self.stopped)

    @property
    def counts(self) -> dict[str, int]:
        """Items by status."""
        found = np.bincount(self._statuses, minlength=len(OUTCOMES))
        return {name: int(found[k]) for k, name in enumerate(OUTCOMES) if k}

    @property
    def errors(self) -> dict[int, BaseException]:
        """Exceptions of failures and timeouts, by position in the input."""
        failed = np.flatnonzero((self._statuses == ERROR) | (self._statuses == TIMEOUT))
        return {int(self.indices[k]): self._values[k] for k in failed}

    @property
    def outcomes(self) -> Sequence[Outcome]:
        """One for every item that was admitted."""
        return _Outcomes(self)

    def _outcome(self, k: int) -> Outcome:
        status = int(self._statuses[k])
        stage = min(int(self._stages[k]), len(self._names) - 1)
        return Outcome(
            index=int(self.indices[k]),
            status=OUTCOMES[status],
            value=self._values[k] if status == OK else None,
            error=self._values[k] if status in (ERROR, TIMEOUT) else None,
            stage=self._names[stage],
            attempts=int(self.attempts[k]),
            queue_seconds=float(self.queue_seconds[k]),
            run_seconds=float(self.run_seconds[k]),
        )

    def __len__(self) -> int:
        return len(self.values)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.values)

    def __repr__(self) -> str:
        counted = ", ".join(f"{count} {name}" for name, count in self.counts.items() if count)
        return f"Results({counted or 'empty'}{', stopped: ' + self.stopped if self.stopped else ''})"


class _Outcomes(Sequence[Outcome]):
    def __init__(self, results: Results) -> None:
        self._results = results

    def __len__(self) -> int:
        return len(self._results.indices)

    def __getitem__(self, k: Any) -> Any:
        if isinstance(k, slice):
            return [self._results._outcome(j) for j in range(*k.indices(len(self)))]
        return self._results._outcome(range(len(self))[k])

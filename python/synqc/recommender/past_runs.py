"""Past runs of all sessions by goal and preset: asked often, grown one by one, never gone through twice."""

from __future__ import annotations

import heapq
import math
import threading
from collections.abc import Iterable, Iterator, Sequence
from typing import overload

from synqc.recommender.history import PastRun, Setting

__all__ = ["PastRuns"]

_MOST_PAST_RUNS = 1000


class PastRuns(Sequence[PastRun]):
    """Past runs in their order, with what is asked of them again and again kept as they grow.

    Threads may ask while another one adds.

    Args:
        runs: The first ones.

    Examples:
        >>> gentle = Setting(0.05, 25, "drag", "kalman")
        >>> runs = PastRuns([PastRun("x1", "ion-chain", "maximize-fidelity", {}, gentle, 0.97)])
        >>> runs.add(PastRun("x2", "ion-chain", "maximize-fidelity", {}, gentle, 0.99))
        >>> runs.count("maximize-fidelity"), [run.score for run in runs.best("maximize-fidelity", "ion-chain")]
        (2, [0.99])
    """

    def __init__(self, runs: Iterable[PastRun] = ()) -> None:
        self._runs = list(runs)
        self._of_goal: dict[str, list[PastRun]] = {}
        self._presets: dict[str, set[str]] = {}
        self._best: dict[tuple[str, str | None], dict[Setting, PastRun]] = {}
        self._lock = threading.RLock()

    def add(self, run: PastRun) -> None:
        """Add one that came later."""
        with self._lock:
            self._runs.append(run)
            if run.goal in self._of_goal:
                self._of_goal[run.goal].append(run)
                self._presets[run.goal].add(run.preset)
            for preset in (run.preset, None):
                best = self._best.get((run.goal, preset))
                if best is not None and math.isfinite(_promise(run)):
                    known = best.get(run.setting)
                    if known is None or _promise(run) > _promise(known):
                        best[run.setting] = run

    def count(self, goal: str) -> int:
        """Number of runs of a goal."""
        return len(self._known(goal))

    def of_goal(self, goal: str) -> list[PastRun]:
        """Runs of a goal, as there are at this moment."""
        with self._lock:
            return list(self._known(goal))

    def has(self, goal: str, preset: str) -> bool:
        """Whether there is a run of a goal and preset."""
        with self._lock:
            self._known(goal)
            return preset in self._presets[goal]

    def best(self, goal: str, preset: str) -> list[PastRun]:
        """Runs of a goal with the best first, one per setting: of the preset, or of all others where it has none.

        A score counts less its standard error: of many noisy runs the luckiest is not the best.
        """
        with self._lock:
            of = preset if self.has(goal, preset) else None
            found = self._best.get((goal, of))
            if found is None:
                found = self._best[goal, of] = _best_of(
                    run for run in self._known(goal) if of is None or run.preset == of
                )
            return sorted(found.values(), key=lambda run: -_promise(run))

    def _known(self, goal: str) -> list[PastRun]:
        with self._lock:
            found = self._of_goal.get(goal)
            if found is None:
                found = self._of_goal[goal] = [run for run in self._runs if run.goal == goal]
                self._presets[goal] = {run.preset for run in found}
            return found

    def __len__(self) -> int:
        return len(self._runs)

    def __iter__(self) -> Iterator[PastRun]:
        return iter(self._runs)

    @overload
    def __getitem__(self, place: int) -> PastRun: ...

    @overload
    def __getitem__(self, place: slice) -> list[PastRun]: ...

    def __getitem__(self, place: int | slice) -> PastRun | list[PastRun]:
        return self._runs[place]


def _promise(run: PastRun) -> float:
    return run.score - run.standard_error


def _best_of(runs: Iterable[PastRun]) -> dict[Setting, PastRun]:
    """Of each setting the best, of the thousand best runs."""
    best: dict[Setting, PastRun] = {}
    sure = (run for run in runs if math.isfinite(_promise(run)))
    for run in heapq.nlargest(_MOST_PAST_RUNS, sure, key=_promise):
        best.setdefault(run.setting, run)
    return best

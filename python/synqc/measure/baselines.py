"""Baselines: runs of a thing in a file, against which a later run is judged."""

from __future__ import annotations

import json
import math
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from synqc.errors import DocumentError, InputError
from synqc.measure.comparison import Verdict
from synqc.measure.errors import BaselineRefused
from synqc.measure.fingerprint import Fingerprint, fingerprint
from synqc.measure.machine_speed import reference_work
from synqc.measure.student import student_quantile
from synqc.measure.subjects import SHORT_TURN_S, Timed, rest, subject_of

__all__ = ["BaselineRun", "BaselineVerdict", "Baselines", "measure_run"]

_FORMAT: Final = 1
_NORMAL_PER_MAD: Final = 1.4826
_OUTLIER_PROBABILITY: Final = 0.999
_LEAST_OUTLIER: Final = 0.05
"""A run within 5 % of the others is none, however much they agree."""
_LEAST_KEPT: Final = 3
_SHORT_TURNS: Final = 300
_LONG_TURNS: Final = 15
_JUDGED_FROM: Final = 4
"""Runs before one can be told to be an outlier."""


@dataclass(frozen=True)
class BaselineRun:
    """One run: what was timed, beside the reference work, turn by turn.

    Args:
        relative: Median over the turns of its time divided by that of the reference work.
        spread: Robust standard deviation of the logarithm of that, over the turns.
        median_s: Its median time (s).
        reference_s: Median time of the reference work (s).
        turns: How many.
        recorded_at: When, in seconds since 1970.
        machine: Where.
    """

    relative: float
    spread: float
    median_s: float
    reference_s: float
    turns: int
    recorded_at: float
    machine: Fingerprint

    @property
    def log(self) -> float:
        """Logarithm of `relative`: what runs are compared by."""
        return math.log(self.relative)


@dataclass(frozen=True)
class BaselineVerdict:
    """How a run stands beside its baseline.

    Args:
        verdict: As that of `compare`, for the new run beside the stored ones.
        ratio: Its time divided by that of the middle stored run, both beside the reference work; None if none can
            be compared.
        interval: Ends of the ratio: 1 lies within with probability 1 - `error_rate` if nothing changed.
        error_rate: That of the interval.
        least_effect: Smallest share that matters.
        runs: Stored runs that it was compared with.
        refused: Stored runs that were left out as outliers.
        reasons: Why it is inconclusive, or what else to know; a sentence each.
        run: The new one.
    """

    verdict: Verdict
    ratio: float | None
    interval: tuple[float, float] | None
    error_rate: float
    least_effect: float
    runs: int
    refused: int
    reasons: tuple[str, ...]
    run: BaselineRun

    def __str__(self) -> str:
        found = "" if self.ratio is None else f": {self.ratio:.3f} times as long as the baseline"
        if self.interval is not None:
            found += f" ({self.interval[0]:.3f} to {self.interval[1]:.3f} with {1 - self.error_rate:.1%} confidence)"
        return " ".join([f"{self.verdict}{found}; {self.runs} stored runs, {self.refused} left out.", *self.reasons])

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def measure_run(
    timed: Timed,
    *,
    turns: int | None = None,
    least_seconds: float = SHORT_TURN_S,
    clock: Callable[[], float] = time.perf_counter,
    reference: Callable[[], object] = reference_work,
) -> BaselineRun:
    """Time something turn by turn with the reference work.

    Args:
        timed: A callable, a command or an address, as for `compare`.
        turns: How often; None: 300 times, or 15 times what is no callable.
        least_seconds: Least length of a turn of a callable.
        clock: Seconds, as a function.
        reference: Work that tells the machine's speed.

    Raises:
        InputError: There are fewer than 9 turns.
        MeasuredNothing: It failed.
    """
    if turns is None:
        turns = _SHORT_TURNS if callable(timed) else _LONG_TURNS
    if turns < 9:
        raise InputError(f"Argument `turns` must be at least 9, but is {turns}.")
    subject = subject_of(timed, least_seconds=least_seconds, clock=clock)
    beside = subject_of(reference, least_seconds=least_seconds, clock=clock)
    try:
        subject.prepare()
        beside.prepare()
        pairs = []
        for _ in range(turns):
            rest(clock)
            pairs.append((max(subject.seconds(), 1e-9), max(beside.seconds(), 1e-9)))
    finally:
        subject.close()
    logs = [math.log(own / other) for own, other in pairs]
    middle = statistics.median(logs)
    return BaselineRun(
        relative=math.exp(middle),
        spread=_NORMAL_PER_MAD * statistics.median(abs(one - middle) for one in logs),
        median_s=statistics.median(own for own, _ in pairs),
        reference_s=statistics.median(other for _, other in pairs),
        turns=turns,
        recorded_at=time.time(),
        machine=fingerprint(),
    )


class Baselines:
    """A file of runs by the name of what was timed.

    Args:
        path: JSON; it is made with the first run, and replaced as a whole.

    Examples:
        >>> from dataclasses import replace
        >>> run = measure_run(lambda: sorted(range(999)), turns=9, least_seconds=0.001)
        >>> run = replace(run, spread=0.01)  # a quiet machine
        >>> baselines = Baselines("baselines.json")
        >>> for drift in (0.99, 1.0, 1.01, 1.0, 0.99):
        ...     _ = baselines.record("sort", replace(run, relative=drift * run.relative))
        >>> baselines.judge("sort", replace(run, relative=2 * run.relative)).verdict
        'slower'
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)

    def names(self) -> list[str]:
        """What has runs."""
        return sorted(self._read())

    def runs(self, name: str) -> list[BaselineRun]:
        """Runs of that name, oldest first; none if there is no such name."""
        return self._read().get(name, [])

    def record(self, name: str, run: BaselineRun, *, even_if_outlier: bool = False) -> BaselineRun:
        """Keep a run.

        Args:
            name: Name of what was timed.
            run: By `measure_run`.
            even_if_outlier: Keep it although it stands apart, because what was timed has changed.

        Raises:
            BaselineRefused: It stands apart from the runs of the same machine.
        """
        if not name:
            raise InputError("Argument `name` must be a text of at least one letter, but is empty.")
        stored = self._read()
        alike = [one for one in stored.get(name, []) if one.machine == run.machine]
        logs = [one.log for one in alike]
        if not even_if_outlier and len(logs) >= _JUDGED_FROM and not _is_expected(run.log, logs):
            middle = math.exp(statistics.median(logs))
            raise BaselineRefused(
                f"The run of {name!r} took {run.relative / middle:.2f} times as long as the median of "
                f"{len(alike)} stored ones, which agree much better: it is an outlier. Repeat it, or keep it with "
                "`even_if_outlier` if what is timed has changed."
            )
        stored.setdefault(name, []).append(run)
        self._write(stored)
        return run

    def forget(self, name: str) -> int:
        """Remove the runs of a name; how many there were."""
        stored = self._read()
        removed = len(stored.pop(name, []))
        if removed:
            self._write(stored)
        return removed

    def judge(
        self, name: str, run: BaselineRun, *, least_effect: float = 0.05, error_rate: float = 0.01, least_runs: int = 5
    ) -> BaselineVerdict:
        """Judge a run by those stored for the same machine.

        The interval is that of Student for one more run beside the stored ones, so that what differs from run to run
        (placement in memory, other processes) counts, which repetitions within a run never show.

        Args:
            name: Name of what was timed.
            run: The new one.
            least_effect: Smallest share that matters.
            error_rate: Probability of an alarm though nothing has changed.
            least_runs: Stored runs below which nothing is said.
        """
        if not 0 < least_effect < 1:
            raise InputError(f"Argument `least_effect` must be between 0 and 1, but is {least_effect}.")
        if not 0 < error_rate < 0.5:
            raise InputError(f"Argument `error_rate` must be between 0 and 0.5, but is {error_rate}.")
        if least_runs < 3:
            raise InputError(f"Argument `least_runs` must be at least 3, but is {least_runs}.")
        stored = self.runs(name)
        alike = [one for one in stored if one.machine == run.machine]
        kept = _without_outliers([one.log for one in alike])
        reasons = _reasons(name, run, stored, alike)
        ratio = interval = None
        verdict: Verdict = "inconclusive"
        if kept:
            ratio = math.exp(run.log - statistics.median(kept))
        if len(alike) < least_runs or len(kept) < _LEAST_KEPT:
            reasons.append(f"{least_runs} runs of this machine are needed, there are {len(kept)} that agree.")
        else:
            interval = _interval(run, kept, error_rate)
            verdict = _verdict(interval, least_effect)
            if verdict == "inconclusive":
                reasons.append("The runs differ too much among themselves: more of them, or a quieter machine.")
        return BaselineVerdict(
            verdict, ratio, interval, error_rate, least_effect, len(kept), len(alike) - len(kept), tuple(reasons), run
        )

    def _read(self) -> dict[str, list[BaselineRun]]:
        try:
            text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return {}
        try:
            document = json.loads(text)
            if document["format"] != _FORMAT:
                raise DocumentError(
                    f"{self.path} must have format {_FORMAT}, but has {document['format']!r}; at $.format."
                )
            return {
                name: [BaselineRun(**{**one, "machine": Fingerprint(**one["machine"])}) for one in runs]
                for name, runs in document["runs"].items()
            }
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            if isinstance(error, DocumentError):
                raise
            raise DocumentError(f"{self.path} is no file of baselines: {error}.") from error

    def _write(self, stored: dict[str, list[BaselineRun]]) -> None:
        document = {"format": _FORMAT, "runs": {name: [asdict(one) for one in runs] for name, runs in stored.items()}}
        handle, draft = tempfile.mkstemp(dir=self.path.absolute().parent, prefix=f".{self.path.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(document, file, indent=1)
            os.replace(draft, self.path)
        except BaseException:
            os.unlink(draft)
            raise


def _is_expected(value: float, others: Sequence[float]) -> bool:
    """Whether a new value lies where Student expects one more of the same kind."""
    deviation = statistics.stdev(others) * math.sqrt(1 + 1 / len(others))
    reach = student_quantile(_OUTLIER_PROBABILITY, len(others) - 1) * deviation
    return abs(value - statistics.fmean(others)) <= max(reach, _LEAST_OUTLIER)


def _without_outliers(values: list[float]) -> list[float]:
    """Those that the others let expect; all of them while there are too few to tell."""
    if len(values) <= _JUDGED_FROM:
        return values
    return [one for at, one in enumerate(values) if _is_expected(one, values[:at] + values[at + 1 :])]


def _reasons(name: str, run: BaselineRun, stored: list[BaselineRun], alike: list[BaselineRun]) -> list[str]:
    if not stored:
        return [f"There is no baseline of {name!r}."]
    if not alike:
        return [f"Every stored run is of another machine: {', '.join(run.machine.differences(stored[-1].machine))}."]
    return []


def _interval(run: BaselineRun, kept: list[float], error_rate: float) -> tuple[float, float]:
    between = statistics.stdev(kept)
    # Identical runs would claim certainty; a run is never surer than its own turns are.
    within = 1.2533 * run.spread / math.sqrt(run.turns)
    deviation = math.sqrt(max(between, within) ** 2 * (1 + 1 / len(kept)))
    half = student_quantile(1 - error_rate / 2, len(kept) - 1) * deviation
    middle = run.log - statistics.fmean(kept)
    return math.exp(middle - half), math.exp(middle + half)


def _verdict(interval: tuple[float, float], least_effect: float) -> Verdict:
    low, high = interval
    if low > 1 + least_effect:
        return "slower"
    if high < 1 / (1 + least_effect):
        return "faster"
    if low > 1 / (1 + least_effect) and high < 1 + least_effect:
        return "same"
    return "inconclusive"

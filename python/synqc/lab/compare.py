"""Comparing two runs: what differs, with errors that know what the runs share."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from synqc.errors import InputError, MissingExtra, UnknownKey
from synqc.lab._near_words import unknown_name
from synqc.lab._whole_number import whole_number
from synqc.lab.estimate import Estimate
from synqc.lab.html_cards import html_table_of

if TYPE_CHECKING:
    import pandas

    from synqc.lab.experiment import Experiment
    from synqc.lab.run import Run

__all__ = ["Comparison", "Pairing", "compare"]

_FIGURES = ("fidelity", "success", "backaction", "information_bits", "latency_us", "objective_score")
_COUNTED = ("success",)
_SLOWER = 1e6
_OF_A_RUN = ("experiment", "history", "settings", "seed", "partial", "probe")
_FEWEST_SHOTS = 500
"""Of a repetition: very similar runs differ in rare shots, which all repetitions together must see."""


@dataclass(frozen=True)
class Pairing:
    """Whether two runs share their random numbers, and what is known of that.

    Args:
        kind: "same", one run twice; "paired", shared and measured by repetition; "independent", other random numbers;
            "unknown", shared, but nobody can repeat the runs.
        reason: Why.
        repetitions: Pairs of short runs that measured it.
    """

    kind: str
    reason: str
    repetitions: int = 0


@dataclass(frozen=True, repr=False)
class Comparison(Mapping[str, Estimate]):
    """Differences of two runs' figures, the first's minus the second's; a mapping that shows itself as a table.

    Args:
        first: A run.
        second: Another.
        differences: By figure, with an error that knows what both share.
        correlations: Correlations of the two figures' errors; None where one of them is exact or nobody knows.
        pairing: How the runs hang together.

    Examples:
        >>> import synqc
        >>> gentle = synqc.Experiment(probe_strength=0.2).run(shots=2000, seed=7)
        >>> strong = synqc.Experiment(probe_strength=0.25).run(shots=2000, seed=7)
        >>> difference = gentle - strong
        >>> difference.pairing.kind, difference["fidelity"].standard_error < gentle.fidelity.standard_error / 2
        ('paired', True)
        >>> list(difference)[:3]
        ['fidelity', 'success', 'backaction']
    """

    first: Run
    second: Run
    differences: dict[str, Estimate]
    correlations: dict[str, float | None]
    pairing: Pairing

    def __getitem__(self, name: str) -> Estimate:
        if name not in self.differences:
            raise unknown_name("name", name, _FIGURES, kind=UnknownKey)
        return self.differences[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.differences)

    def __len__(self) -> int:
        return len(self.differences)

    @property
    def fidelity(self) -> Estimate:
        """Difference of the fidelities."""
        return self.differences["fidelity"]

    @property
    def success(self) -> Estimate:
        """Difference of the success fractions."""
        return self.differences["success"]

    def deviations(self, name: str) -> float:
        """How many standard errors the difference is away from nothing; infinite if it is exact and not 0.

        Examples:
            >>> import synqc
            >>> one = synqc.Experiment(probe_strength=0.2).run(shots=2000, seed=7)
            >>> other = synqc.Experiment(probe_strength=0.4).run(shots=2000, seed=7)
            >>> (one - other).deviations("fidelity") > 5, (one - one).deviations("fidelity")
            (True, 0.0)
        """
        difference = self[name]
        if difference.standard_error == 0:
            return math.copysign(math.inf, difference.value) if difference.value else 0.0
        return difference.value / difference.standard_error

    def to_pandas(self) -> pandas.DataFrame:
        """A row per figure: both values, the difference with its error, and their correlation.

        Raises:
            MissingExtra: pandas is not installed.
        """
        try:
            import pandas
        except ImportError as error:
            raise MissingExtra("to_pandas() needs pandas: pip install 'synqc[pandas]'.") from error
        rows = {
            name: {
                "first": self.first[name].value,
                "first_error": self.first[name].standard_error,
                "second": self.second[name].value,
                "second_error": self.second[name].standard_error,
                "difference": difference.value,
                "difference_error": difference.standard_error,
                "correlation": math.nan if (known := self.correlations[name]) is None else known,
            }
            for name, difference in self.differences.items()
        }
        return pandas.DataFrame.from_dict(rows, orient="index")

    def _table(self) -> list[tuple[str, ...]]:
        rows: list[tuple[str, ...]] = [("figure", "first", "second", "difference", "correlation")]
        for name, difference in self.differences.items():
            correlation = self.correlations[name]
            told = "exact" if difference.standard_error == 0 else "unknown" if correlation is None else ""
            told = told or f"{correlation:.3f}"
            rows.append((name, str(self.first[name]), str(self.second[name]), str(difference), told))
        return rows

    def __repr__(self) -> str:
        rows = self._table()
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
        return "\n".join([*lines, f"{self.pairing.kind}: {self.pairing.reason}"])

    def _repr_html_(self) -> str:
        head, *rows = self._table()
        return html_table_of(head, rows, title="Comparison", notes=[f"{self.pairing.kind}: {self.pairing.reason}"])


def compare(first: Run, second: Run, *, repetitions: int = 40) -> Comparison:
    """Compare two runs: paired where they share seeds, so that what both owe to the same chance cancels.

    Runs of one seed draw the same random numbers shot by shot, so that the square root of the sum of both squared
    errors is far too wide for their difference. How far they move together is measured: short runs of both experiments,
    with new seeds that each pair shares, scatter as the difference does. That costs about as many shots as both runs,
    and 500 per repetition at least. They stand where each run left its device, with the controls that its
    rule had deployed.

    Args:
        first: A run.
        second: Another.
        repetitions: Pairs of short runs, at least 8. The error is known to 1 / sqrt(2 repetitions) of itself, which
            widens it as Student's distribution does.

    Returns:
        Differences, the first's minus the second's, with errors of chance as those of a run. Where seeds are shared but
        the runs cannot be repeated (a rule of the user's own, corrections within a shot, a run that a stop cut short)
        errors are added, which is the most that they can be.

    Raises:
        InputError: An argument is no run, or there are too few repetitions.

    Examples:
        >>> import synqc
        >>> runs = [synqc.Experiment(probe_strength=eps).run(shots=2000, seed=7) for eps in (0.2, 0.25)]
        >>> found = synqc.compare(*runs)
        >>> found.correlations["fidelity"] > 0.9
        True
        >>> low, high = found.fidelity.interval(2)
        >>> 0 < low < high  # a stronger probe costs fidelity, beyond doubt
        True

    Source: common random numbers, Law, Simulation Modeling and Analysis, section 11.2.
    """
    for name, run in (("first", first), ("second", second)):
        if not all(hasattr(run, attribute) for attribute in _OF_A_RUN):
            raise InputError(f"Argument `{name}` must be a Run, but is {type(run).__name__}.")
    repetitions = whole_number("repetitions", repetitions, least=8)
    if first is second or (first.seed == second.seed and first == second):
        return _exact(first, second)
    if not _share_numbers(first, second):
        return _with_errors(first, second, Pairing("independent", "the runs draw other random numbers"), {})
    trouble = _why_not_repeatable(first) or _why_not_repeatable(second)
    if trouble is not None:
        return _with_errors(first, second, Pairing("unknown", f"seeds are shared, but {trouble}: errors add up"), {})
    spread = _paired_spread(first, second, repetitions)
    reason = f"seeds are shared; {repetitions} pairs of short runs show how far both move together"
    return _with_errors(first, second, Pairing("paired", reason, repetitions), spread)


def _share_numbers(first: Run, second: Run) -> bool:
    """Streams hang on the seed, the number of the iteration and the qubit's position."""
    return first.seed == second.seed and len(first.history) == len(second.history)


def _why_not_repeatable(run: Run) -> str | None:
    if run.partial:
        return "a run was stopped early"
    if not isinstance(run.experiment.adaptive_rule, str):
        return "a rule is a function of the user's own"
    if any(settings["feedback_gain"] != 0 for settings in run.settings):
        return "a rule corrects the second drive within the shot"
    return None


def _exact(first: Run, second: Run) -> Comparison:
    nothing: dict[str, Estimate] = {name: Estimate(0.0, 0.0) for name in _FIGURES}
    return Comparison(
        first, second, nothing, dict.fromkeys(_FIGURES), Pairing("same", "both are one run with one seed")
    )


def _with_errors(first: Run, second: Run, pairing: Pairing, spread: Mapping[str, float]) -> Comparison:
    differences: dict[str, Estimate] = {}
    correlations: dict[str, float | None] = {}
    for name in _FIGURES:
        one, other = first[name], second[name]
        errors = (one.standard_error, other.standard_error)
        correlations[name] = None
        if pairing.kind == "independent":
            differences[name] = one - other
            correlations[name] = None if 0 in errors else 0.0
        elif pairing.kind == "unknown" or 0 in errors or name not in spread:
            differences[name] = Estimate(one.value - other.value, sum(errors))
        else:
            differences[name] = Estimate(one.value - other.value, spread[name])
            correlations[name] = _correlation(*errors, spread[name])
    return Comparison(first, second, differences, correlations, pairing)


def _correlation(one: float, other: float, of_difference: float) -> float | None:
    """Of two errors, from that of the difference."""
    found = (one**2 + other**2 - of_difference**2) / (2 * one * other)
    return None if math.isnan(found) else max(-1.0, min(1.0, found))


def _paired_spread(first: Run, second: Run, repetitions: int) -> dict[str, float]:
    """Standard errors of the differences, by figure."""
    shots = [run.history[-1].qubits[0].shots for run in (first, second)]
    scale = max(1 / repetitions, _FEWEST_SHOTS / min(shots))
    short = [math.ceil(scale * count) for count in shots]
    experiments = [_as_deployed(run) for run in (first, second)]
    # From where each run left its device: errors are those in the same states of the drift.
    states = [run.checkpoint.without_rule() for run in (first, second)]
    found: dict[str, list[float]] = {name: [] for name in _FIGURES}
    for number in range(repetitions):
        seed = _seed_of_repetition(first.seed, number)
        one, other = (
            experiment.run(count, seed=seed, keep_bits=False, progress=False, resume_from=state)
            for experiment, count, state in zip(experiments, short, states, strict=True)
        )
        for name, values in found.items():
            values.append(one[name].value - other[name].value)
    return {name: _error(name, values, first, second, short, shots) for name, values in found.items()}


def _error(name: str, values: list[float], first: Run, second: Run, short: list[int], shots: list[int]) -> float:
    mean = sum(values) / len(values)
    freedom = len(values) - 1
    variance = sum((value - mean) ** 2 for value in values) / freedom
    # One shot in all repetitions that fell otherwise: as far as nobody has seen any, there may be one.
    qubits = len(first.history[-1].qubits)
    step = max(_step_of_an_outcome(name, run) for run in (first, second))
    variance = max(variance, step**2 / (len(values) * (min(short) * qubits) ** 2))
    return math.sqrt(variance * freedom / (freedom - 2) * short[0] / shots[0])


def _step_of_an_outcome(name: str, run: Run) -> float:
    """How far a figure of one shot jumps where its bit, or its ancilla's outcome, falls otherwise; 0: none decides."""
    if name in _COUNTED:
        return 1.0
    if run.probe.mapping != "pulse":
        return 0.0
    # Two values a distance apart scatter as an outcome of +1 and -1 does, times half the distance.
    steps = [
        2 * qubit.fidelity.standard_error / qubit.mean_record.standard_error
        for qubit in run.history[-1].qubits
        if qubit.mean_record.standard_error > 0
    ]
    return max(steps, default=0.0)


def _as_deployed(run: Run) -> Experiment:
    """The experiment with the controls of its last iteration, no rule that would move them, and no drift."""
    experiment = run.experiment.replace(drift=_standing_still(run.experiment.device.drift))
    if experiment.adaptive_rule == "none":
        return experiment
    settings = run.settings
    return experiment.replace(adaptive_rule=lambda batch: settings[batch.qubit])


def _standing_still(drift: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]] | str:
    """The same processes, so slow that a device stays where it is put."""
    still = []
    for process in drift:
        slowed = dict(process)
        for name, value in process.items():
            if name.endswith("_per_s"):
                slowed[name] = value / _SLOWER
            elif name.endswith("_time_s"):
                slowed[name] = value * _SLOWER
        still.append(slowed)
    return still or "none"


def _seed_of_repetition(seed: int, number: int) -> int:
    return int.from_bytes(hashlib.sha256(f"compare {seed} {number}".encode()).digest()[:8], "little")

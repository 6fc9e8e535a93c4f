"""Coverage of a taxonomy as measured quantities: how evenly a job has asked, and where it has found rows."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from synqc.apps.prompts.acceptance import Share, exact_share
from synqc.apps.prompts.topics.taxonomy import Taxonomy
from synqc.errors import InputError

__all__ = ["TopicCoverage", "measure_coverage"]


@dataclass(frozen=True)
class TopicCoverage:
    """How a job covers its taxonomy.

    Args:
        topics: In the taxonomy.
        asked: Topics with an attempt.
        found: Topics with an accepted row.
        attempts, accepted: In all.
        largest_surplus: Most attempts of a topic beyond an equal share; below 1 if nothing could be more even.
        evenness_of_attempts: Shannon's entropy of attempts over topics, over its largest value; None without attempts.
        evenness_of_rows: The same of accepted rows: below the other where topics differ in how often the target fails.
        break_rates: By "subject / topic": accepted of attempted, with exact limits.
        unknown: Attempts on topics that the taxonomy does not have.
    """

    topics: int
    asked: int
    found: int
    attempts: int
    accepted: int
    largest_surplus: float
    evenness_of_attempts: float | None
    evenness_of_rows: float | None
    break_rates: Mapping[str, Share]
    unknown: int

    def to_dict(self) -> dict[str, Any]:
        """As plain values, ready for JSON."""
        rates = {
            name: {"count": rate.count, "of": rate.of, "share": rate.value, "low": rate.low, "high": rate.high}
            for name, rate in self.break_rates.items()
        }
        return {**vars(self), "break_rates": rates}


def measure_coverage(taxonomy: Taxonomy, by_topic: Mapping[str, Mapping[str, int]]) -> TopicCoverage:
    """Measure how attempts and accepted rows spread over a taxonomy.

    Args:
        taxonomy: What the job was asked for.
        by_topic: As `Funnel.by_topic` has it: {"subject / topic": {"attempted": n, "accepted": n}}.

    Raises:
        InputError: More rows than attempts, or a count below 0.

    Examples:
        >>> taxonomy = Taxonomy.of({"Algebra": ["Roots", "Groups"]})
        >>> found = measure_coverage(taxonomy, {"Algebra / Roots": {"attempted": 3, "accepted": 1}})
        >>> found.asked, found.found, found.largest_surplus, found.evenness_of_attempts
        (1, 1, 1.5, 0.0)
    """
    names = [str(topic) for topic in taxonomy]
    attempts = [_count(by_topic, name, "attempted") for name in names]
    accepted = [_count(by_topic, name, "accepted") for name in names]
    for name, tried, good in zip(names, attempts, accepted, strict=True):
        if good > tried:
            raise InputError(f"Argument `by_topic` must have at most {tried} rows for {name!r:.120}, but has {good}.")
    total = sum(attempts)
    known = set(names)
    return TopicCoverage(
        topics=len(names),
        asked=sum(number > 0 for number in attempts),
        found=sum(number > 0 for number in accepted),
        attempts=total,
        accepted=sum(accepted),
        largest_surplus=max(attempts) - total / len(names),
        evenness_of_attempts=_evenness(attempts),
        evenness_of_rows=_evenness(accepted),
        break_rates={
            name: exact_share(good, tried) for name, tried, good in zip(names, attempts, accepted, strict=True)
        },
        unknown=sum(_count(by_topic, name, "attempted") for name in by_topic if name not in known),
    )


def _count(by_topic: Mapping[str, Mapping[str, int]], name: str, kind: str) -> int:
    number = by_topic.get(name, {}).get(kind, 0)
    if isinstance(number, bool) or not isinstance(number, int) or number < 0:
        raise InputError(f"Argument `by_topic` must count from 0, but has {number!r} {kind} for {name!r:.120}.")
    return number


def _evenness(counts: list[int]) -> float | None:
    total = sum(counts)
    if not total:
        return None
    if len(counts) == 1:
        return 1.0
    entropy = -sum(count / total * math.log(count / total) for count in counts if count)
    return abs(entropy) / math.log(len(counts))

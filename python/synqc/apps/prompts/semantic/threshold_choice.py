"""Threshold by tolerance limit: the lowest cosine that takes at most so many unrelated rows for copies."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from synqc.apps.prompts.acceptance import Share, exact_share
from synqc.apps.prompts.semantic.semantic_index import ROUNDING, SemanticIndex
from synqc.errors import InputError
from synqc.llm.embed import Embedder

__all__ = ["ThresholdChoice", "choose_threshold"]


@dataclass(frozen=True)
class ThresholdChoice:
    """A threshold and what it does.

    Args:
        threshold: Least cosine of a match.
        most_false_alarms: With the confidence of `level`, at most this share of unrelated rows is at or above it.
        level: 0.95, say.
        false_alarms: Share of the unrelated rows that it was chosen by at or above it.
        recall: Share of paraphrases at or above it whose nearest text is the right one; without any, unknown.
    """

    threshold: float
    most_false_alarms: float
    level: float
    false_alarms: Share
    recall: Share

    def __str__(self) -> str:
        return (
            f"Cosine {self.threshold:.4f}: at most {self.most_false_alarms:.1%} false alarms at {self.level:.0%}; "
            f"recall {self.recall}."
        )


def choose_threshold(
    embedder: Embedder,
    *,
    sources: Sequence[str],
    unrelated: Sequence[str],
    paraphrases: Sequence[tuple[int, str]] = (),
    most_false_alarms: float = 0.01,
    level: float = 0.95,
    language: str = "en",
) -> ThresholdChoice:
    """Choose the threshold of an index by rows that repeat nothing of it.

    The cosine of each unrelated row with the nearest source is drawn from some distribution. A threshold just above the
    (k + 1)-th largest of n has a larger false-alarm rate than q with the probability P(X <= k) of a binomial X of n
    and q,
    whatever that distribution is: k is the largest for which this is at most 1 - level. It holds for an index of these
    very sources: more of them give more false alarms.

    Args:
        embedder: Makes the vectors.
        sources: What rows must not repeat.
        unrelated: Rows like those that will come, and known to repeat none of them; for 1 % at 95 % at least 299.
        paraphrases: Number of a source, and that source in other words: tell the recall.
        most_false_alarms: q, above 0 and below 1.
        level: Confidence, above 0 and below 1.
        language: Language of the texts.

    Raises:
        InputError: There are too few unrelated rows for that share and level, or a number is out of its range.

    Source: S. Wilks, Determination of sample sizes for setting tolerance limits, Ann. Math. Statist. 12 (1941), 91.
    """
    for name, value in (("most_false_alarms", most_false_alarms), ("level", level)):
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1:
            raise InputError(f"Argument `{name}` must be above 0 and below 1, but is {value!r}.")
    if not len(sources):
        raise InputError("Argument `sources` must hold a text, but is empty.")
    for number, _ in paraphrases:
        if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number < len(sources):
            raise InputError(
                f"Argument `paraphrases` must number sources from 0 to {len(sources) - 1}, but has {number!r}."
            )
    needed = math.ceil(math.log(1 - level) / math.log1p(-most_false_alarms) - 1e-12)
    if len(unrelated) < needed:
        raise InputError(
            f"Argument `unrelated` must hold at least {needed} rows to bound false alarms at {most_false_alarms:.3g} "
            f"with {level:.0%}, but holds {len(unrelated)}."
        )
    index = SemanticIndex(embedder, threshold=1, language=language)
    index.add(sources)
    _, cosines = index.nearest(unrelated)
    largest = np.sort(cosines)[::-1]
    above = largest[_allowed(len(unrelated), most_false_alarms, 1 - level)]
    threshold = min(1.0, max(float(np.nextafter(above + np.float32(2 * ROUNDING), np.float32(2))), 1e-3))
    found, near = index.nearest([text for _, text in paraphrases])
    right = sum(
        int(found[k]) == number and float(near[k]) >= threshold - ROUNDING for k, (number, _) in enumerate(paraphrases)
    )
    alarms = int((cosines >= threshold - ROUNDING).sum())
    return ThresholdChoice(
        threshold, float(most_false_alarms), float(level),
        exact_share(alarms, len(unrelated), level=level), exact_share(right, len(paraphrases), level=level),
    )  # fmt: skip


def _allowed(n: int, q: float, risk: float) -> int:
    """Largest k with P(X <= k) at most `risk` for a binomial X of n and q."""
    logarithm = n * math.log1p(-q)
    total, k = math.exp(logarithm), 0
    while True:
        logarithm += math.log((n - k) / (k + 1)) + math.log(q / (1 - q))
        if total + math.exp(logarithm) > risk:
            return k
        total += math.exp(logarithm)
        k += 1

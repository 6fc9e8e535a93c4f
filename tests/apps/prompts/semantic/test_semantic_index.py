"""Semantic near-duplicates: the nearest is found exactly, and the threshold keeps its false-alarm rate."""

import numpy as np
import pytest
from scipy.stats import binom

from synqc.apps.prompts.semantic import SemanticIndex, choose_threshold
from synqc.apps.prompts.semantic.threshold_choice import _allowed
from synqc.errors import InputError
from synqc.llm.languages import Languages


class Numbers:
    """An embedder of texts that are numbers of random directions: "7" is near "7'" and far from "8"."""

    name, languages, most_tokens = "numbers", Languages(able=("en",)), None

    def __init__(self, width=24):
        self.width = width

    def vectors(self, texts, *, is_query):
        return np.array([self._vector(text) for text in texts], dtype=np.float32)

    def _vector(self, text):
        vector = np.random.default_rng(int(text.strip("'"))).standard_normal(self.width)
        if text.endswith("'"):
            vector += 0.2 * np.random.default_rng(len(text)).standard_normal(self.width)
        return vector


def test_the_nearest_of_all_is_found(seed):
    index = SemanticIndex(Numbers(), threshold=0.9)
    texts = [str(seed + k) for k in range(300)]
    for start in range(0, 300, 70):
        index.add(texts[start : start + 70])
    assert len(index) == 300
    found = index.query([f"{seed + 211}'", str(seed + 5), str(seed + 10_000)])
    assert [(match.row, match.of) for match in found] == [(0, 211), (1, 5)], seed
    assert found[1].cosine == pytest.approx(1, abs=1e-6)
    nearest, cosines = index.nearest([str(seed + 10_000)])
    vectors = np.array([Numbers()._vector(text) for text in texts])
    wanted = Numbers()._vector(str(seed + 10_000))
    exact = vectors @ wanted / np.linalg.norm(vectors, axis=1) / np.linalg.norm(wanted)
    assert nearest[0] == exact.argmax(), seed
    assert cosines[0] == pytest.approx(exact.max(), abs=1e-5)


def test_an_empty_index_matches_nothing():
    index = SemanticIndex(Numbers(), threshold=0.1)
    assert index.query(["1", "2"]) == []
    index.add([])
    assert len(index) == 0


def test_so_many_false_alarms_are_allowed_as_the_binomial_says():
    for n, q, risk in ((299, 0.01, 0.05), (473, 0.01, 0.05), (2000, 0.01, 0.05), (500, 0.05, 0.1)):
        k = _allowed(n, q, risk)
        assert binom.cdf(k, n, q) <= risk < binom.cdf(k + 1, n, q)


def test_a_chosen_threshold_keeps_its_false_alarm_rate(seed):
    sources = [str(seed + k) for k in range(40)]
    index = SemanticIndex(Numbers(), threshold=1)
    index.add(sources)
    kept = 0
    _, truth = index.nearest([str(5_000_000 + k) for k in range(4000)])
    for run in range(40):
        unrelated = [str(10_000_000 + 1000 * run + k) for k in range(300)]
        choice = choose_threshold(Numbers(), sources=sources, unrelated=unrelated, most_false_alarms=0.02)
        kept += (truth >= choice.threshold).mean() <= 0.02
    # At 95 % fewer than 33 of 40 would come about once in 500 times; the truth is known to 0.2 %.
    assert kept >= 32, (seed, kept)


def test_recall_is_told_with_its_limits():
    sources = [str(k) for k in range(50)]
    paraphrases = [(k, f"{k}'") for k in range(50)]
    unrelated = [str(1000 + k) for k in range(400)]
    choice = choose_threshold(Numbers(), sources=sources, unrelated=unrelated, paraphrases=paraphrases)
    assert choice.recall.value > 0.9
    assert choice.false_alarms.value <= 0.01
    assert "at most 1.0% false alarms at 95%" in str(choice)
    found = SemanticIndex(Numbers(), threshold=choice.threshold)
    found.add(sources)
    assert len(found.query([text for _, text in paraphrases])) >= choice.recall.count


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"unrelated": ["1"] * 298}, r"`unrelated` must hold at least 299 rows .* but holds 298"),
        ({"sources": []}, "`sources` must hold a text, but is empty"),
        ({"paraphrases": [(1, "2")]}, "`paraphrases` must number sources from 0 to 0, but has 1"),
        ({"most_false_alarms": 0}, "`most_false_alarms` must be above 0 and below 1, but is 0"),
        ({"level": float("nan")}, "`level` must be above 0 and below 1, but is nan"),
    ],
)
def test_a_choice_refuses_what_it_cannot_promise(arguments, words):
    with pytest.raises(InputError, match=words):
        choose_threshold(Numbers(), **{"sources": ["1"], "unrelated": ["2"] * 400, **arguments})


def test_a_threshold_is_a_cosine():
    with pytest.raises(InputError, match=r"`threshold` must be above 0 and at most 1, but is 1.5"):
        SemanticIndex(Numbers(), threshold=1.5)

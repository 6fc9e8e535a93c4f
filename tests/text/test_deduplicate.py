"""Deduplication: exact decisions, clusters without chains, the same result however it is cut."""

import random
import threading
import time
from itertools import count

import numpy as np
import problems
import pytest

import synqc
from synqc import text
from synqc.errors import Cancelled, InputError


def shingles(row, shingling):
    """The plain way, from the folded text."""
    units = shingling.folded(row)
    units = units.split() if shingling.unit == "words" else list(units)
    width = min(len(units), shingling.width)
    return {tuple(units[k : k + width]) for k in range(len(units) - width + 1)} if width else set()


def jaccard(some, others):
    return len(some & others) / len(some | others) if some | others else 1.0


def corpus(generator, size):
    rows = []
    for _ in range(size):
        if rows and generator.random() < 0.5:
            letters = list(generator.choice(rows))
            for _ in range(generator.randrange(1 + len(letters) // 12)):
                letters[generator.randrange(len(letters))] = generator.choice("abc é𝒙Ω\n")
            rows.append("".join(letters))
        else:
            rows.append(problems.problem(generator)[: generator.randrange(300)])
    return rows


@pytest.mark.parametrize("shingling", [text.Shingling(), text.Shingling(unit="words", width=2, numbers="rename")])
def test_decisions_are_those_of_comparing_all_pairs(shingling, seed):
    generator = random.Random(seed)
    missed = pairs = 0
    for threshold in (0.4, 0.6, 0.8, 0.95, 1.0):
        rows = corpus(generator, 250)
        found = text.deduplicate(rows, threshold=threshold, shingling=shingling, seed=seed, progress=False)
        matches = {match.row: match for match in found.duplicates}
        sets = [shingles(row, shingling) for row in rows]
        kept = []
        for k, row in enumerate(rows):
            earliest = next((other for other in kept if jaccard(sets[k], sets[other]) >= threshold), None)
            pairs += earliest is not None
            if k in matches:
                assert earliest is not None, (seed, row)
                assert matches[k].of in kept, seed
                assert matches[k].jaccard == jaccard(sets[k], sets[matches[k].of]) >= threshold, (seed, row)
                missed += matches[k].of != earliest
            else:
                missed += earliest is not None
                kept.append(k)
        assert found.kept.tolist() == kept
        assert found.kept_rows == [rows[k] for k in kept]
    assert pairs > 100
    assert missed <= 2 + 0.03 * pairs, (seed, missed, pairs)


def test_recall_at_the_threshold_is_at_least_what_was_stated(seed):
    generator = random.Random(seed)
    shingling = text.Shingling(unit="words", width=1)
    found = 0
    for _ in range(400):
        words = generator.sample(range(10**9), 100)
        pair = [" ".join(map(str, words[:90])), " ".join(map(str, words[10:]))]  # 80 shared of 100: 0.8
        result = text.deduplicate(
            pair, threshold=0.8, shingling=shingling, recall=0.9, seed=generator.randrange(2**32), progress=False
        )
        assert all(match.jaccard == 0.8 for match in result.duplicates), seed
        found += len(result.duplicates)
    # 0.9 is the least that may be expected; five standard errors of 400 trials are 0.075.
    assert found / 400 >= 0.9 - 0.075, seed


def test_results_depend_on_neither_threads_nor_chunks(monkeypatch, seed):
    rows = corpus(random.Random(seed), 3000)
    sources = {"own": rows[::100]}
    whole = text.deduplicate(rows, against=sources, threads=1, progress=False).to_dict()
    assert whole == text.deduplicate(iter(rows), against=sources, threads=3, progress=False).to_dict(), seed
    monkeypatch.setattr("synqc.text._arguments._ROWS_PER_CHUNK", 77)
    assert whole == text.deduplicate(rows, against=sources, progress=False).to_dict(), seed


def test_every_member_of_a_cluster_resembles_the_first(seed):
    generator = random.Random(seed)
    rows = [problems.problem(generator)]
    for k in range(60):  # each a little further away
        last = rows[-1]
        rows.append(last[: 5 * k] + "#####" + last[5 * k + 5 :])
    found = text.deduplicate(rows, threshold=0.7, progress=False)
    assert len(found.kept) > 1
    shingling = text.Shingling()
    for first, members in found.clusters.items():
        assert first in found.kept
        for member in members:
            assert member > first
            assert jaccard(shingles(rows[first], shingling), shingles(rows[member], shingling)) >= 0.7


def test_odd_rows_have_their_stated_outcomes():
    rows = ["", " \x00\n", "ab", "AB", "abc", "\ud800 x", "\udfff X", "\ufffd x", "a\x00b", "A b"]
    found = text.deduplicate(rows, progress=False)
    assert [(match.row, match.of) for match in found.duplicates] == [(1, 0), (3, 2), (6, 5), (7, 5), (9, 8)]
    assert all(match.jaccard == 1 for match in found.duplicates)
    assert found.duplicates[0].spans == ()


def test_a_row_of_a_megabyte_is_compared_exactly():
    generator = random.Random(1)
    long = " ".join(problems.problem(generator) for _ in range(4000))
    assert len(long) > 10**6
    found = text.deduplicate([long, long.upper(), "x" * 10**6, "é" * 10**6, "É" * 10**6], progress=False)
    assert [(match.row, match.of, match.jaccard) for match in found.duplicates] == [(1, 0, 1.0), (4, 3, 1.0)]


def test_spans_are_characters_of_the_rows_as_given():
    rows = ["Intro: Find the 𝒓oots of this. Aaa", "@@@@ FIND\n\nthe roots of this. Bbbb"]
    (match,) = text.deduplicate(rows, threshold=0.4, progress=False).duplicates
    assert [rows[1][begin:end] for begin, end in match.spans] == [" FIND\n\nthe roots of this. "]
    assert [rows[0][begin:end] for begin, end in match.of_spans] == [" Find the 𝒓oots of this. "]


def test_mappings_are_read_by_their_key_and_returned_as_they_were():
    rows = [{"id": 1, "q": "same thing"}, {"id": 2, "q": "Same  thing"}, {"id": 3, "q": "other"}]
    found = text.deduplicate(rows, key="q", against={"x": [{"q": "other"}]}, progress=False)
    assert found.kept_rows == rows[:1]
    assert found.kept_rows[0] is rows[0]
    assert found.source_counts == {"x": 1}


def test_no_rows_are_no_duplicates():
    found = text.deduplicate([], progress=False)
    assert (found.row_count, found.kept.tolist(), list(found.duplicates), found.clusters) == (0, [], [], {})


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"rows": "abc"}, "`rows` must be an iterable of rows, but is str"),
        ({"rows": {"a": "b"}}, "`rows` must be an iterable of rows, but is dict"),
        ({"rows": 7}, "`rows` must be an iterable of rows, but is int"),
        ({"rows": ["a", None]}, "`rows` must hold str, but holds NoneType"),
        ({"rows": ["a", "é" * (2**23 + 1)]}, "`rows` must be texts of at most 16 MiB in UTF-8, but is one of 16777218"),
        ({"rows": ["a"], "threshold": True}, "`threshold` must be a number, but is True"),
        ({"rows": ["a"], "threshold": 1.01}, "`threshold` must be between 0.2 and 1, but is 1.01"),
        ({"rows": ["a"], "recall": 1}, "`recall` must be between 0.5 and 0.9999, but is 1"),
        ({"rows": ["a"], "seed": -1}, "`seed` must be between 0"),
        ({"rows": ["a"], "shingling": 5}, "`shingling` must be a Shingling, but is int"),
        ({"rows": ["a"], "against": ["b"]}, "`texts` must map names to rows, but is list"),
    ],
)
def test_a_refusal_names_the_argument(arguments, words):
    with pytest.raises(InputError, match=words):
        text.deduplicate(progress=False, **arguments)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"width": 0}, "`width` must be between 1 and 32, but is 0"),
        ({"width": 2.5}, "`width` must be a whole number, but is 2.5"),
        ({"unit": "lines"}, "`unit` must be one of characters, words, but is 'lines'"),
        ({"numbers": True}, "`numbers` must be one of keep, rename, but is True"),
        ({"look_alikes": 1}, "`look_alikes` must be True or False, but is 1"),
    ],
)
def test_a_shingling_refuses_what_it_does_not_know(arguments, words):
    with pytest.raises(InputError, match=words):
        text.Shingling(**arguments)


def test_progress_reaches_the_number_of_rows_and_its_errors_are_raised():
    rows = corpus(random.Random(5), 3000) * 20
    seen = []
    text.deduplicate(rows, threads=1, progress=lambda done, total: seen.append((done, total)))
    assert all(0 <= done <= total == len(rows) for done, total in seen)
    assert seen == sorted(seen)
    index = text.TextIndex()

    def failing(done, total):
        raise RuntimeError("enough")

    fresh = (f"{problem} {k}" for k, problem in zip(count(), iter(rows * 50), strict=False))
    with pytest.raises(RuntimeError, match="enough"):
        index.add(fresh, progress=failing)
    assert len(index.query([rows[0] + " 0"])) == 1  # what was kept by then is whole


def test_a_stop_is_heard_within_fifty_milliseconds_even_in_one_long_row():
    row = "".join(random.Random(9).choices("abcdefgh ", k=2**22))
    rows = [row[k:] + row[:k] for k in range(0, 200, 10)]
    stop = synqc.StopFlag()
    raised = []

    def raise_it():
        time.sleep(0.3)
        raised.append(time.perf_counter())
        stop.stop()

    thread = threading.Thread(target=raise_it)
    index = text.TextIndex()
    thread.start()
    with pytest.raises(Cancelled):
        index.add(rows * 100, stop=stop, progress=False)
    heard = time.perf_counter()
    thread.join()
    assert heard - raised[0] < 1  # 50 ms are promised; a loaded machine may not give us a turn
    assert index.rows_seen < 2000


def test_the_columns_of_matches_cannot_be_changed():
    found = text.deduplicate(["a", "a"], progress=False)
    with pytest.raises(ValueError, match="read-only"):
        found.duplicates.jaccard[0] = 0
    with pytest.raises(IndexError):
        found.duplicates[1]
    assert found.duplicates[-1].row == 1
    assert isinstance(found.kept, np.ndarray)

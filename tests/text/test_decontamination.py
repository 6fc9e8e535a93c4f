"""Sources that rows must not repeat: planted copies are found and named, others are left alone."""

import random

import problems
import pytest

import synqc
from synqc import text
from synqc.errors import Cancelled, InputError


def test_planted_copies_are_found_with_their_source_and_little_else(seed):
    generator = random.Random(seed)
    sources = {name: [problems.problem(generator) for _ in range(300)] for name in ("AIME", "HMMT", "seeds")}
    planted = {}
    rows = []
    for k in range(2000):
        if k % 20 == 0:
            name = generator.choice(list(sources))
            of = generator.randrange(300)
            disguise = problems.DISGUISES[len(planted) % 4]
            planted[len(rows)] = name, of, disguise.__name__
            rows.append(disguise(sources[name][of], generator))
        else:
            rows.append(problems.problem(generator))
    assert len(planted) == 100
    found = {match.row: match for match in text.Sources(sources).query(rows)}
    recalled = [
        row
        for row, (name, of, _) in planted.items()
        if row in found and (found[row].source, sources[name][of]) == (name, sources[found[row].source][found[row].of])
    ]
    assert len(recalled) >= 95, (seed, [planted[row] for row in planted.keys() - set(recalled)])
    false_alarms = found.keys() - planted.keys()
    assert len(false_alarms) <= 0.01 * (len(rows) - 100), (seed, [found[row] for row in false_alarms])
    result = text.deduplicate(rows, against=sources, progress=False)
    assert sum(result.source_counts.values()) == len(found), seed


def test_a_source_within_a_longer_row_is_found_with_the_place_where_it_stands():
    generator = random.Random(3)
    source = problems.problem(generator)
    before, after = problems.problem(generator), problems.problem(generator)
    (match,) = text.Sources({"exam": [source]}).query([f"{before} {source} {after}"])
    assert match.containment == 1
    assert match.jaccard < 0.6
    assert any(begin <= len(before) + 1 and end >= len(before) + len(source) for begin, end in match.spans)
    assert len(text.Sources({"exam": [source]}, containment=None).query([f"{before} {source} {after}"])) == 0


def test_the_numbers_of_a_match_are_those_within_its_source():
    exams = text.Sources({"first": ["alpha beta gamma"], "none": [], "second": ["delta epsilon", "zeta eta theta"]})
    found = exams.query(["unlike anything", "zeta  ETA theta", "alpha beta gamma"])
    assert [(match.row, match.source, match.of) for match in found] == [(1, "second", 1), (2, "first", 0)]
    assert len(exams) == 3


def test_empty_sources_match_nothing():
    assert len(text.Sources({"a": ["", " \n"]}).query(["", " ", "word"])) == 0
    assert len(text.Sources({}).query(["word"])) == 0


def test_other_numbers_count_when_asked_to():
    kept = text.Sources({"exam": ["Add 12 to 30."]}, shingling=text.Shingling())
    assert len(kept.query(["Add 77 to 95."])) == 0
    assert len(text.Sources({"exam": ["Add 12 to 30."]}).query(["Add 77 to 95."])) == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"texts": ["row"]}, "`texts` must map names to rows, but is list"),
        ({"texts": {"a": "row"}}, "`a` must be an iterable of rows, but is str"),
        ({"texts": {"a": [b"row"]}}, "`a` must hold str, but holds bytes"),
        ({"texts": {"a": [{"b": "row"}]}}, "name the text's `key`"),
        ({"texts": {"a": [{"b": "row"}]}, "key": "c"}, "must hold mappings with 'c', but one has 'b'"),
        ({"texts": {}, "threshold": 0.1}, "`threshold` must be between 0.2 and 1, but is 0.1"),
        ({"texts": {}, "containment": float("nan")}, "`containment` must be between 0.2 and 1, but is nan"),
        ({"texts": {}, "threads": -1}, "`threads` must be between 0 and 1024, but is -1"),
    ],
)
def test_a_refusal_names_the_argument(arguments, words):
    with pytest.raises(InputError, match=words):
        text.Sources(**arguments)


def test_a_raised_flag_stops_reading_sources():
    stop = synqc.StopFlag()
    stop.stop()
    with pytest.raises(Cancelled):
        text.Sources({"a": ["word"] * 1000}, stop=stop)


def test_disguises_one_upon_the_other_and_short_sources_are_found(seed):
    generator = random.Random(seed)
    sources = [problems.short_problem(generator) for _ in range(400)]
    rows = []
    for source in sources[:100]:
        for disguise in problems.DISGUISES:
            source = disguise(source, generator)
        rows.append(source)
    found = {match.row: match.of for match in text.Sources({"exam": sources}).query(rows)}
    assert sum(row in found and sources[found[row]] == sources[row] for row in range(100)) >= 95, seed
    others = [problems.short_problem(generator) for _ in range(1000)]
    false_alarms = text.Sources({"exam": sources}).query(others)
    assert len(false_alarms) <= 10, seed

"""Topics and levels of attempts: both forms of a taxonomy, even at every moment, the same for the same seed."""

import math
from collections import Counter

import pytest

from synqc.apps.prompts.topics import CoverageSchedule, Taxonomy, Topic, measure_coverage
from synqc.errors import InputError, UnknownName

FLAT = {"Algebra": ["Roots", "Groups", "Rings"], "Analysis": ["Series", "Limits"]}
NESTED = {
    "Algebra": {"Roots": {"level": "High School", "description": "of polynomials"}, "Groups": {"level": "graduate"}},
    "Analysis": {"Series": None, "Limits": "of sequences"},
}


def test_both_forms_name_the_same_kind_of_topics():
    assert list(Taxonomy.of(FLAT)) == [Topic(subject, name) for subject, names in FLAT.items() for name in names]
    assert list(Taxonomy.of(NESTED)) == [
        Topic("Algebra", "Roots", "High School", "of polynomials"), Topic("Algebra", "Groups", "Graduate"),
        Topic("Analysis", "Series"), Topic("Analysis", "Limits", "", "of sequences"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("document", "kind", "words"),
    [
        ([], InputError, "must map subjects to topics, but is list"),
        ({}, InputError, "must name at least one topic, but names none"),
        ({"A": []}, InputError, "must name at least one topic"),
        ({"A": "Roots"}, InputError, "must map 'A' to a list of topics or .* but maps it to str"),
        ({"A": [1]}, InputError, "as a topic of 'A', but has 1"),
        ({"": ["x"]}, InputError, "as a subject, but has ''"),
        ({"A": ["x", "x"]}, InputError, "must name a topic once, but names 'A / x' twice"),
        ({"A": {"x": {"level": "Undergrad"}}}, UnknownName, "did you mean 'Undergraduate'"),
        ({"A": {"x": {"levle": "Graduate"}}}, UnknownName, "no member 'levle' for 'x': did you mean 'level'"),
        ({"A": {"x": 3}}, InputError, "must say level and description of 'x', but says int"),
        ({"A": {"x": {"level": 3}}}, InputError, "level and description of 'x' in texts"),
        ({"A": [f"t{k}" for k in range(10_001)]}, InputError, "at most 10000 topics, but names 10001"),
    ],
)
def test_a_refusal_names_the_place(document, kind, words):
    with pytest.raises(kind, match=words):
        Taxonomy.of(document)


def test_attempts_are_even_over_topics_whenever_a_job_ends(seed):
    schedule = CoverageSchedule(Taxonomy.of(FLAT), seed=seed)
    counts = Counter()
    for attempt in range(237):
        counts[str(schedule.at(attempt).topic)] += 1
        assert max(counts.values()) - min(counts[str(topic)] for topic in schedule.taxonomy) <= 1, seed
        found = measure_coverage(
            schedule.taxonomy, {name: {"attempted": number, "accepted": 0} for name, number in counts.items()}
        )
        assert found.largest_surplus < 1, seed


def test_levels_follow_their_weights_at_every_topic(seed):
    weights = {"High School": 1, "Graduate": 2.5, "Research": 0.5, "Undergraduate": 0}
    schedule = CoverageSchedule(Taxonomy.of(FLAT), difficulties=weights, seed=seed)
    counts = {topic: Counter() for topic in schedule.taxonomy}
    for attempt in range(5 * 200):
        assignment = schedule.at(attempt)
        counts[assignment.topic][assignment.level] += 1
        visits = attempt // 5 + 1
        for level, weight in weights.items():
            bound = 2 + math.log(visits)
            here = counts[assignment.topic]
            assert abs(here[level] - here.total() * weight / 4) < bound, (seed, attempt, level)


def test_a_level_of_the_taxonomy_stands_unless_it_is_overridden():
    taxonomy = Taxonomy.of({"A": {"x": {"level": "Research"}}})
    assert {CoverageSchedule(taxonomy).at(k).level for k in range(20)} == {"Research"}
    override = CoverageSchedule(taxonomy, difficulties={"Graduate": 1}, override=True)
    assert {override.at(k).level for k in range(20)} == {"Graduate"}


def test_an_assignment_depends_on_seed_and_attempt_alone(seed):
    one, other = (CoverageSchedule(Taxonomy.of(FLAT), seed=seed) for _ in range(2))
    forwards = [one.at(k) for k in range(60)]
    backwards = [other.at(k) for k in reversed(range(60))]
    assert forwards == backwards[::-1], seed
    assert forwards != [CoverageSchedule(Taxonomy.of(FLAT), seed=seed + 1).at(k) for k in range(60)]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"difficulties": {"Graduate": -1}}, "give 'Graduate' a finite weight of at least 0, but gives -1"),
        ({"difficulties": {"Graduate": float("nan")}}, "a finite weight of at least 0, but gives nan"),
        ({"difficulties": {"Graduate": 0}}, "must hold a weight above 0"),
        ({"difficulties": {"Gradate": 1}}, "did you mean 'Graduate'"),
        ({"difficulties": [1]}, "must map levels to weights, but is list"),
        ({"seed": -1}, "`seed` must be a whole number from 0"),
    ],
)
def test_a_schedule_refuses_what_it_cannot_follow(arguments, words):
    with pytest.raises(InputError, match=words):
        CoverageSchedule(Taxonomy.of(FLAT), **arguments)


def test_coverage_is_measured():
    taxonomy = Taxonomy.of(FLAT)
    counts = {
        "Algebra / Roots": {"attempted": 10, "accepted": 5}, "Algebra / Groups": {"attempted": 10, "accepted": 0},
        "Algebra / Rings": {"attempted": 10, "accepted": 5}, "Other / Thing": {"attempted": 2, "accepted": 1},
    }  # fmt: skip
    found = measure_coverage(taxonomy, counts)
    assert (found.topics, found.asked, found.found, found.attempts, found.accepted, found.unknown) == (
        5,
        3,
        2,
        30,
        10,
        2,
    )
    assert found.largest_surplus == 4
    assert found.evenness_of_attempts == pytest.approx(math.log(3) / math.log(5))
    assert found.evenness_of_rows == pytest.approx(math.log(2) / math.log(5))
    assert found.break_rates["Analysis / Limits"].value is None
    assert found.to_dict()["break_rates"]["Algebra / Roots"]["share"] == 0.5
    assert measure_coverage(taxonomy, {}).evenness_of_attempts is None


def test_counts_that_cannot_be_are_refused():
    with pytest.raises(InputError, match="at most 1 rows for 'Algebra / Roots', but has 2"):
        measure_coverage(Taxonomy.of(FLAT), {"Algebra / Roots": {"attempted": 1, "accepted": 2}})
    with pytest.raises(InputError, match="must count from 0, but has -1 attempted"):
        measure_coverage(Taxonomy.of(FLAT), {"Algebra / Roots": {"attempted": -1}})

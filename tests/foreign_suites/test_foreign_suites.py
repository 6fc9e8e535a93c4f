"""The tests of others give, through our doors, exactly the published outcomes."""

import sys

import pytest
import sources
import suite


@pytest.mark.deep
@pytest.mark.parametrize("name", suite.NAMES)
def test_outcomes_are_the_published_ones(name):
    if name.startswith("qutip"):
        pytest.importorskip("qutip.tests.solver", reason="runs QuTiP 5's own tests, which the `test` extra installs")
    source = suite.adapter_of(name).SOURCE
    if isinstance(source, sources.StandardLibrary) and source.minor != sys.version_info[:2]:
        pytest.skip(f"the table is that of {source}")
    sources.fetched(source)
    assert suite.surprises(suite.run(name), suite.expected(name)) == []


OUTCOMES = {
    "a": suite.Outcome("pass"),
    "b": suite.Outcome("not applicable", "no such option"),
    "c": suite.Outcome("differs", "AssertionError: 1 != 2"),
}
PUBLISHED = {**OUTCOMES, "c": suite.Outcome("differs", "the words are others")}


def test_what_ends_as_published_is_no_surprise():
    assert suite.surprises(OUTCOMES, PUBLISHED) == []


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        ({"a": suite.Outcome("differs", "AssertionError")}, "a must end as"),
        ({"a": suite.Outcome("not applicable", "does not reach the door")}, "a must end as"),
        ({"b": suite.Outcome("pass")}, "b must end as"),
        ({"b": suite.Outcome("not applicable", "another reason")}, "b must end as"),
        ({"c": suite.Outcome("pass")}, "c must end as"),
        ({"c": suite.Outcome("broke", "SystemError: null")}, "c must end as"),
        ({"d": suite.Outcome("pass")}, "d is not published"),
    ],
)
def test_any_other_end_is_told(outcome, words):
    (sentence,) = suite.surprises(OUTCOMES | outcome, PUBLISHED)
    assert sentence.startswith(words)


def test_a_test_that_is_gone_and_one_that_nobody_judged_are_told():
    unjudged = {**PUBLISHED, "c": suite.Outcome("differs", f"{suite.UNJUDGED}: AssertionError")}
    gone, judge = suite.surprises({name: OUTCOMES[name] for name in "bc"}, unjudged)
    assert gone.startswith("a is published, but was not run")
    assert judge.startswith("c must be judged")

"""Comparisons on this machine as it is: its false alarms, and its power for differences that were planted."""

import pytest

from synqc.measure import compare

pytestmark = pytest.mark.deep
SIZE = 2000


def work(size):
    return lambda: sum(range(size))


def verdicts(factor, count, **options):
    return [compare(work(SIZE), work(round(SIZE * factor)), most_seconds=60, **options) for _ in range(count)]


def test_of_200_pairs_of_the_same_at_most_one_in_a_hundred_alarms():
    found = verdicts(1.0, 200, most_pairs=200)
    alarms = [str(one) for one in found if one.verdict in ("slower", "faster")]
    assert len(alarms) <= 2, alarms


def test_a_tenth_slower_is_found_nine_times_in_ten():
    found = verdicts(1.1, 40)
    assert sum(one.verdict == "slower" for one in found) >= 36, [str(one) for one in found]


def test_more_than_twice_as_slow_is_always_found():
    found = verdicts(2.3, 40)
    assert [one.verdict for one in found] == ["slower"] * 40, [str(one) for one in found]

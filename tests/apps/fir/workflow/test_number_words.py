"""Numbers are read as people say them, in digits and in words of English and Hindi."""

from fractions import Fraction

import pytest

from synqc.apps.fir.workflow.number_words import numbers_of


def values(text, *, parts=False):
    return [one.value for one in numbers_of(text.split()) if parts or not one.is_part]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("two", [2]), ("Twelve men", [12]), ("twenty five", [25]), ("twenty-five", [25]),
        ("two hundred and five", [205]),
        ("two hundred twelve", [212]), ("five thousand", [5000]), ("2 thousand", [2000]),
        ("5 lakh 20 thousand", [520_000]),
        ("1,50,000", [150_000]), ("a dozen", [12]), ("14th two men", [14, 2]), ("in 1990 two men", [1990, 2]),
        ("5 lakh and 3 phones", [500_000, 3]), ("5 thousand 2 phones", [5000, 2]), ("five-year-old", [5]),
        ("a two-wheeler", []), ("DL-3C-1234", []), ("nothing", []), ("hundred hundred", [100, 100]),
        ("दो", [2]), ("पाँच हज़ार", [5000]), ("पांच हजार", [5000]), ("दो सौ पचास", [250]), ("पाँच हज़ार दो सौ", [5200]),
        ("१२", [12]), ("डेढ़ लाख", [150_000]), ("ढाई सौ", [250]), ("सवा सौ", [125]), ("सवा लाख", [125_000]),
        ("साढ़े तीन सौ", [350]), ("पौने दो लाख", [175_000]), ("निन्यानवे", [99]), ("उनतालीस", [39]), ("साढ़े", []),
        ("साढ़े नौ बजे", [Fraction(19, 2)]), ("9:30", [Fraction(19, 2)]), ("nine thirty", [9, Fraction(19, 2), 30]),
    ],
)  # fmt: skip
def test_what_it_comes_to(text, found):
    assert values(text) == found


def test_parts_of_a_date_are_there_and_are_said_to_be_parts():
    assert values("12/11/2026") == []
    assert values("१२/११/२०२६", parts=True) == [12, 11, 2026]


def test_scales_without_end_are_read_in_time():
    words = ["hundred", "thousand", "lakh"] * 2000
    assert max(one.value for one in numbers_of(words)) < 10**20

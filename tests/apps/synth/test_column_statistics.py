"""Columns described: every value is in a bin, and bins are alike."""

import math

import pytest

from synqc.apps.synth.column_statistics import column_statistics


def histogram(values):
    return column_statistics([{"n": value} for value in values])[0]["histogram"]


def test_bins_of_whole_numbers_hold_as_many_of_them():
    found = histogram(list(range(29, 42)) * 3)
    assert found == {"edges": [28.5 + k for k in range(14)], "counts": [3] * 13}
    found = histogram(range(100))
    assert (found["counts"], found["edges"][:2]) == ([5] * 20, [-0.5, 4.5])


@pytest.mark.parametrize(
    "values", [[0.5, 1.5, 1.75], [-1.7e308, 0.0, 1.7e308], [5e-324, 1e-323, 0.1], [1e300, 2e300], [2**60, 2**61 + 0.5]]
)
def test_every_number_is_in_a_bin_that_holds_it(values):
    found = histogram(values)
    assert sum(found["counts"]) == len(values)
    assert all(math.isfinite(edge) for edge in found["edges"])
    assert found["edges"] == sorted(found["edges"])
    assert (found["edges"][0] <= min(values), found["edges"][-1] >= max(values)) == (True, True)


def test_one_number_is_one_bin():
    assert histogram([7, 7]) == {"edges": [7.0, 7.0], "counts": [2]}

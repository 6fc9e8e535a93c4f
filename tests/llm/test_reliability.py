"""How well stated probabilities hold: closed forms of bins, of the expected calibration error, and of intervals."""

import random

import pytest

from synqc.errors import InputError
from synqc.llm.reliability import plot_reliability, reliability_of


def test_perfect_probabilities_have_no_error_and_certain_ones_that_are_wrong_have_all():
    told = reliability_of([0.75] * 4, [True, True, True, False])
    assert (told.ece, told.brier) == (0.0, pytest.approx((3 * 0.25**2 + 0.75**2) / 4))
    assert reliability_of([1.0] * 5, [False] * 5).ece == 1.0


def test_gaps_are_weighted_by_counts():
    told = reliability_of([0.95] * 30 + [0.65] * 10, [True] * 24 + [False] * 6 + [True] * 5 + [False] * 5)
    assert told.ece == pytest.approx((30 * abs(0.8 - 0.95) + 10 * abs(0.5 - 0.65)) / 40)
    assert [one.count for one in told.bins] == [10, 30]


def test_an_interval_of_a_bin_is_wilsons():
    (held,) = reliability_of([0.9] * 10, [True] * 8 + [False] * 2).bins
    assert held.interval == pytest.approx((0.4901625, 0.9433178), abs=1e-6)


def test_both_ends_of_probability_have_a_bin():
    assert [one.count for one in reliability_of([0.0, 1.0], [False, True]).bins] == [1, 1]


def test_the_interval_covers_the_error_of_a_known_distortion(seed):
    """Stated 0.9, true 0.7: the error is 0.2."""
    covered, repetitions = 0, 60
    draw = random.Random(seed)
    for one in range(repetitions):
        told = reliability_of([0.9] * 400, [draw.random() < 0.7 for _ in range(400)], seed=one)
        covered += told.ece_interval[0] <= 0.2 <= told.ece_interval[1]
    assert covered >= 48, f"seed {seed}"  # 57 are expected; fewer than 48 have a chance below 1e-4


def test_the_same_seed_gives_the_same_interval():
    p, right = [0.6, 0.7, 0.8, 0.9] * 5, [True, False, True, True] * 5
    assert reliability_of(p, right, seed=3) == reliability_of(p, right, seed=3)


@pytest.mark.parametrize(
    ("p", "right", "bins"), [([], [], 10), ([0.5], [True, False], 10), ([1.5], [True], 10), ([0.5], [True], 0),
                             ([float("nan")], [True], 10)],
)  # fmt: skip
def test_what_is_no_sample_is_refused(p, right, bins):
    with pytest.raises(InputError):
        reliability_of(p, right, bins=bins)


def test_the_diagram_shows_bins_with_their_intervals_beside_the_diagonal():
    told = reliability_of([0.9] * 10 + [0.6] * 5, [True] * 9 + [False] + [True] * 3 + [False] * 2)
    figure = plot_reliability(told)
    drawn = figure.data[1]
    assert list(drawn.y) == [one.accuracy for one in told.bins]
    assert [low + up for low, up in zip(drawn.error_y.arrayminus, drawn.error_y.array, strict=True)] == pytest.approx(
        [one.interval[1] - one.interval[0] for one in told.bins]
    )
    assert f"{told.ece:.3f}" in figure.layout.title.text

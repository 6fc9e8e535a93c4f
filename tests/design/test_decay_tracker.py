"""Tracker of T1: it is right as often as it says, follows switches, and knows when no T1 explains what it sees."""

import math

import numpy as np
import pytest

from synqc import design
from synqc.errors import InputError

READOUT = {"p1_given_1": 0.95, "p1_given_0": 0.02}


def a_tracker(**more):
    return design.DecayTracker(**{"shortest_t1_us": 5.0, "longest_t1_us": 500.0, "dead_time_us": 20.0} | READOUT | more)


def shoot(tracker, t1, shots, generator, *, p1_given_1=0.95, setting=None):
    for _ in range(shots):
        asked = tracker.next_setting() if setting is None else setting
        chance = 0.02 + (p1_given_1 - 0.02) * math.exp(-asked.wait_us / t1)
        tracker.observe(asked, excited=bool(generator.random() < chance))


def test_two_waits_in_turn_lose_a_tenth_of_the_information():
    both = [
        (
            sum(design.decay_information(share * best) for share in (0.6, 1.5)) / (2.1 * best + 2 * dead)
            / (design.decay_information(best) / (best + dead))
        )
        for dead in (1e9, 0.5)
        for best in (design.best_decay_wait(None if dead > 1 else dead),)
    ]  # fmt: skip
    assert both == pytest.approx([0.8855, 0.9328], abs=1e-4)
    waits = [design.DecayTracker(shortest_t1_us=99.0, longest_t1_us=101.0).next_setting().wait_us]
    assert waits[0] == pytest.approx(0.6 * 1.593624 * 100, rel=1e-3)


@pytest.mark.parametrize("trials", [30, pytest.param(1000, marks=pytest.mark.deep)])
def test_deviations_hold_the_truth(trials, seed):
    generator = np.random.default_rng(seed)
    scores, changes = [], 0
    for _ in range(trials):
        truth = math.exp(generator.uniform(math.log(10.0), math.log(250.0)))
        tracker = a_tracker()
        shoot(tracker, truth, 300, generator)
        scores.append((tracker.t1_us - truth) / tracker.deviation_us)
        changes += tracker.changes
        assert tracker.is_locked or tracker.changes, f"seed {seed}"
    share = float(np.mean(np.abs(scores) < 1))
    assert abs(share - 0.683) < 0.04 + 4 * math.sqrt(0.68 * 0.32 / trials), f"seed {seed}: {share}"
    # At most one false alarm in 10,000 shots, and four deviations of how many there are by chance.
    expected = trials * 300 * 1e-4
    assert changes <= expected + 4 * math.sqrt(expected) + 1, f"seed {seed}: {changes}"


@pytest.mark.parametrize("trials", [5, pytest.param(200, marks=pytest.mark.deep)])
def test_a_switch_of_t1_is_found_within_fifty_shots_and_followed(trials, seed):
    """What a two-level system does to T1, there and back."""
    generator = np.random.default_rng(seed)
    late = 0
    for _ in range(trials):
        tracker = a_tracker()
        shoot(tracker, 90.0, 200, generator)
        before = tracker.changes
        shoot(tracker, 20.0, 50, generator)
        late += tracker.changes == before or tracker.t1_us > 40.0
        shoot(tracker, 20.0, 50, generator)
        assert abs(tracker.t1_us - 20.0) < 6 * tracker.deviation_us, f"seed {seed}"
        shoot(tracker, 90.0, 200, generator)
        assert tracker.t1_us > 45.0, f"seed {seed}"
    assert late <= 0.1 * trials + 4 * math.sqrt(0.1 * trials), f"seed {seed}"


def test_a_worse_readout_is_not_taken_for_another_t1_where_two_waits_are_asked(seed):
    generator = np.random.default_rng(seed)
    honest, single = a_tracker(), a_tracker()
    shoot(honest, 80.0, 300, generator)
    alone = design.DecaySetting(80.0, False)
    shoot(single, 80.0, 300, generator, setting=alone)
    assert honest.is_locked
    assert single.is_locked
    shoot(honest, 80.0, 1000, generator, p1_given_1=0.7)
    shoot(single, 80.0, 1000, generator, p1_given_1=0.7, setting=alone)
    assert not honest.is_locked, f"seed {seed}"
    # The negative control: one wait finds a T1 that is wrong by far, and sees nothing wrong.
    assert single.is_locked, f"seed {seed}"
    assert abs(single.t1_us - 80.0) > 5 * single.deviation_us, f"seed {seed}"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"shortest_t1_us": 0.0}, "`shortest_t1_us` must be finite and greater than 0"),
        ({"longest_t1_us": 5.0}, "`longest_t1_us` must be finite and greater than `shortest_t1_us` = 5.0"),
        ({"dead_time_us": -1.0}, "`dead_time_us` must be finite and at least 0"),
        ({"p1_given_1": 0.01}, "`p1_given_1` must be at most 1 and greater than `p1_given_0` = 0.02"),
    ],
)
def test_what_it_refuses(change, words):
    with pytest.raises(InputError, match=words):
        a_tracker(**change)

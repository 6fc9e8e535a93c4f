"""Design of probes: closed forms to their last digit, and trackers that do not settle on a wrong fringe."""

import math

import numpy as np
import pytest

from synqc import design
from synqc.errors import InputError


@pytest.mark.parametrize(("u", "share"), [(0.25, 0.842293), (1.0, 0.702018), (2.25, 0.807910)])
def test_expected_variance_of_a_mid_fringe_shot(u, share):
    assert design.ramsey_variance_share(math.sqrt(u), 0.9) == pytest.approx(share, abs=5e-7)


@pytest.mark.parametrize(
    ("angle", "contrast", "bits"),
    [
        (0.1, 1.0, 0.0071774), (0.5, 1.0, 0.1573730), (1.0, 1.0, 0.3776287), (2.0, 1.0, 0.4425337),
        (20.0, 1.0, math.log2(math.e) - 1), (20.0, 0.8, 0.2551499),
    ],
)  # fmt: skip
def test_bits_of_a_mid_fringe_shot(angle, contrast, bits):
    assert design.ramsey_information_bits(angle, contrast) == pytest.approx(bits, abs=2e-7)


@pytest.mark.parametrize(
    ("dead_time", "wait", "rate"),
    [
        (0.1, 0.38638, 0.650788), (0.5, 0.72736, 0.402997), (1.0, 0.91053, 0.292092), (3.0, 1.19660, 0.147776),
        (None, 1.593624, 0.647610),
    ],
)  # fmt: skip
def test_best_wait_for_t1(dead_time, wait, rate):
    found = design.best_decay_wait(dead_time)
    assert found == pytest.approx(wait, abs=6e-6)
    time = 1.0 if dead_time is None else found + dead_time
    # One digit in the last place more than rounding: the figure for a dead time of T1 is 0.2920930.
    assert design.decay_information(found) / time == pytest.approx(rate, abs=1.1e-6)


def test_losses_differ_and_t2_shortens_the_wait():
    waits = {
        loss: design.best_ramsey_wait(50.0, loss=loss, dead_time_us=1.0) for loss in ("variance", "information", "time")
    }
    assert waits["time"] < waits["variance"] < waits["information"]
    assert waits["variance"] == pytest.approx(1 / (2e-3 * math.pi * 50.0), rel=1e-4)
    assert design.best_ramsey_wait(50.0, loss="variance", t2_us=5.0) < waits["variance"]
    with pytest.raises(InputError, match="`loss` must be one of variance, information, time"):
        design.best_ramsey_wait(50.0, loss="entropy")


def excited(detuning, setting, generator):
    visible = 0.95 * math.exp(-setting.wait_us / 50.0)
    chance = (1 + visible * math.cos(2e-3 * math.pi * detuning * setting.wait_us + setting.phase_rad)) / 2
    return bool(generator.random() < chance)


def mid_fringe_setting(tracker):
    """What asks for most information at each shot, and nothing else."""
    wait = min(1 / (2e-3 * math.pi * tracker.deviation_khz), 25.0)
    return design.RamseySetting(wait, -math.pi / 2 - 2e-3 * math.pi * tracker.detuning_khz * wait)


def errors_after(shots, ask, trials, generator):
    errors = []
    start = design.RamseyTracker(range_khz=1050.0, contrast=0.95, t2_us=50.0)
    for _ in range(trials):
        truth = generator.uniform(-1000.0, 1000.0)
        tracker = start.anew()
        for _ in range(shots):
            setting = ask(tracker)
            tracker.observe(setting, excited=excited(truth, setting, generator))
        errors.append(abs(tracker.detuning_khz - truth))
    return np.array(errors)


@pytest.mark.parametrize("trials", [12, pytest.param(10_000, marks=pytest.mark.deep)])
def test_no_run_of_two_phases_ends_on_a_wrong_fringe(trials, seed):
    generator = np.random.default_rng(seed)
    errors = errors_after(160, design.RamseyTracker.next_setting, trials, generator)
    assert errors.max() < 100.0, f"seed {seed}: {np.sort(errors)[-3:]}"
    assert np.median(errors) < 2.0, f"seed {seed}"
    # The negative control: one phase alone ends a tenth of its runs on a wrong fringe.
    alone = errors_after(80, mid_fringe_setting, max(200, min(trials, 2000)), generator)
    share = float((alone > 100.0).mean())
    assert 0.125 - 4.5 * math.sqrt(0.11 / len(alone)) < share < 0.25, f"seed {seed}: {share}"


def test_lock_is_not_given_up_while_it_holds(seed):
    generator = np.random.default_rng(seed)
    tracker = design.RamseyTracker(range_khz=1050.0, contrast=0.95, t2_us=50.0)
    for _ in range(1000):
        setting = tracker.next_setting()
        tracker.observe(setting, excited=excited(321.0, setting, generator))
    assert tracker.losses_of_lock == 0, f"seed {seed}"
    assert abs(tracker.detuning_khz - 321.0) < 5 * tracker.deviation_khz, f"seed {seed}"


def test_a_jump_of_the_frequency_is_noticed_and_followed(seed):
    generator = np.random.default_rng(seed)
    tracker = design.RamseyTracker(range_khz=1050.0, contrast=0.95, t2_us=50.0)
    for truth, shots in ((200.0, 160), (-437.0, 400)):
        for _ in range(shots):
            setting = tracker.next_setting()
            tracker.observe(setting, excited=excited(truth, setting, generator))
        assert abs(tracker.detuning_khz - truth) < 20.0, f"seed {seed}"
    assert tracker.losses_of_lock >= 1, f"seed {seed}"

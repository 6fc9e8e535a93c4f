"""Comparisons: few false alarms, much power, and a third verdict where nobody can know."""

import sys
import time

import numpy as np
import pytest
from drawn_seed import drawn_seed
from simulated_work import NoisyMachine

from synqc.errors import InputError
from synqc.measure import ConfidenceSequence, MeasuredNothing, compare
from synqc.measure.power import simulated_power

SEED = drawn_seed(__name__)


def verdicts(factor, count, *, noise=0.05, **options):
    """Verdicts of comparisons on simulated machines, one after another."""
    found = []
    for number in range(count):
        machine = NoisyMachine(SEED + number, noise)
        found.append(
            compare(
                machine.work(0.02), machine.work(0.02 * factor), clock=machine.clock, seed=SEED + number,
                **{"most_pairs": 120, "most_seconds": 1e9, **options},
            )
        )  # fmt: skip
    return found


def test_of_200_pairs_of_the_same_at_most_one_in_a_hundred_alarms():
    found = verdicts(1.0, 200, most_pairs=40)
    alarms = [one for one in found if one.verdict in ("slower", "faster")]
    assert len(alarms) <= 2, f"seed {SEED}: {alarms}"


def test_a_tenth_slower_is_found_nine_times_in_ten_and_named():
    found = verdicts(1.1, 40)
    slower = [one for one in found if one.verdict == "slower"]
    assert len(slower) >= 36, f"seed {SEED}: {[one.verdict for one in found]}"
    assert not [one for one in found if one.verdict in ("faster", "same")], f"seed {SEED}"


def test_more_than_twice_as_slow_is_always_found_and_soon():
    found = verdicts(2.3, 40)
    assert {one.verdict for one in found} == {"slower"}, f"seed {SEED}"
    assert max(one.pairs for one in found) <= 40, f"seed {SEED}"
    assert all(one.interval[0] < 2.3 * 1.1 and one.interval[1] > 2.3 / 1.1 for one in found), f"seed {SEED}"


def test_a_quiet_machine_tells_that_both_are_the_same():
    found = verdicts(1.0, 10, noise=0.003)
    assert [one.verdict for one in found].count("same") >= 9, f"seed {SEED}: {[str(one) for one in found]}"


def test_what_nobody_can_know_is_inconclusive_and_says_its_power():
    (found,) = verdicts(1.1, 1, noise=0.6, most_pairs=12)
    assert found.verdict == "inconclusive", f"seed {SEED}"
    assert found.pairs == 12
    assert found.power < 0.5
    assert found.interval[0] < 1.1 < found.interval[1], f"seed {SEED}"
    assert "inconclusive" in str(found)
    assert found.to_dict()["verdict"] == "inconclusive"


def test_both_are_called_equally_often_however_the_calibration_was_disturbed():
    machine = NoisyMachine(SEED)
    calls = {"a": 0, "b": 0}

    def counting(name, seconds):
        work = machine.work(seconds)

        def act():
            calls[name] += 1
            work()

        return act

    compare(
        counting("a", 1e-4), counting("b", 3e-4), clock=machine.clock, seed=SEED, least_seconds=0.003,
        most_pairs=1, most_seconds=1e9,
    )  # fmt: skip
    assert calls["a"] == calls["b"], f"seed {SEED}"
    assert 5 < calls["a"] - 6 < 15, f"seed {SEED}: the slower one takes a turn"


def test_a_machine_that_interrupts_long_turns_gives_no_false_alarm():
    found = []
    for number in range(30):
        machine = NoisyMachine(SEED + number, noise=0.01, spikes=0.0)
        machine.slice_seconds = 0.004
        work = [machine.work(0.0005) for _ in range(2)]
        found.append(
            compare(*work, clock=machine.clock, seed=number, least_seconds=0.005, most_pairs=60, most_seconds=1e9)
        )
    alarms = [one for one in found if one.verdict in ("faster", "slower")]
    assert len(alarms) <= 2, f"seed {SEED}"  # with turns of different lengths a third of them are


def test_faster_is_the_mirror_image_of_slower():
    (found,) = verdicts(1 / 1.5, 1)
    assert found.verdict == "faster", f"seed {SEED}"
    assert found.effect < -0.2


def test_a_seed_repeats_the_order_and_the_answer():
    first, again = (verdicts(1.05, 1)[0] for _ in range(2))
    assert first.to_dict() == again.to_dict()


def test_the_interval_holds_the_truth_at_all_times_at_once():
    draw = np.random.default_rng(SEED)
    missed = 0
    for _ in range(100):
        sequence = ConfidenceSequence(error_rate=0.1, watched=(0.3,))
        for value in 0.3 + 0.1 * draw.standard_t(2, 80):
            sequence.add(value)
            if sequence.shows_above(0) or sequence.shows_below(0):
                missed += 1
                break
    assert missed <= 20, f"seed {SEED}: {missed} of 100 at a rate of 0.1"


def test_the_watched_evidence_is_that_of_the_interval():
    draw = np.random.default_rng(SEED)
    sequence = ConfidenceSequence(error_rate=0.01, watched=(0.0, 0.1, 0.2))
    for value in draw.normal(0.1, 0.05, 60):
        sequence.add(value)
    low, high = sequence.interval()
    for index, shift in enumerate((0.0, 0.1, 0.2)):
        assert sequence.shows_above(index) == (shift <= low), f"seed {SEED}"
        assert sequence.shows_below(index) == (shift >= high), f"seed {SEED}"


def test_an_interval_narrows_and_one_wild_difference_does_not_move_it():
    sequence = ConfidenceSequence()
    assert sequence.interval() == (-np.inf, np.inf)
    draw = np.random.default_rng(SEED)
    for value in draw.normal(0, 0.01, 50):
        sequence.add(value)
    early = sequence.interval()
    for value in [50.0, *draw.normal(0, 0.01, 200)]:
        sequence.add(value)
    late = sequence.interval()
    assert late[1] - late[0] < early[1] - early[0], f"seed {SEED}"
    assert abs(sequence.centre) < 0.01, f"seed {SEED}"


def test_the_power_told_is_the_share_of_comparisons_that_find_it():
    draw = np.random.default_rng(SEED)
    noise = draw.normal(0, 0.2, 400)
    told = simulated_power(noise, shift=0.1, beyond=0.02, pairs=60, error_rate=0.01, seed=SEED)
    found = 0
    for _ in range(200):
        sequence = ConfidenceSequence(error_rate=0.01, watched=(0.02,))
        for value in draw.normal(0.1, 0.2, 60):
            sequence.add(value)
            if sequence.shows_above(0):
                found += 1
                break
    # Standard errors: 0.032 of what was found, 0.024 of what was told, 0.04 of the noise it was told from.
    assert abs(found / 200 - told) < 0.25, f"seed {SEED}: {found} of 200 found, {told} told"


def test_commands_are_compared_by_their_wall_clock():
    found = compare(
        [sys.executable, "-S", "-c", "pass"], [sys.executable, "-S", "-c", "import time; time.sleep(0.1)"],
        most_pairs=40,
    )  # fmt: skip
    assert found.verdict == "slower"
    assert found.names[0].endswith("-c pass")


def test_commands_are_compared_by_their_own_processor_time_if_asked():
    sleeps = [sys.executable, "-S", "-c", "import time; time.sleep(0.15)"]
    works = [sys.executable, "-S", "-c", "for _ in range(20): sum(range(100_000))"]
    found = compare(sleeps, works, clock=time.thread_time, most_pairs=30)
    assert found.verdict == "slower", found
    assert found.a.median < 0.15  # it sleeps that long
    with pytest.raises(InputError, match="must not be one of processor time for an address"):
        compare("http://127.0.0.1:9/", sleeps, clock=time.thread_time)


def test_a_command_that_fails_has_no_speed():
    with pytest.raises(MeasuredNothing, match="exit code 3: nothing here"):
        compare("true", [sys.executable, "-c", "import sys; sys.stderr.write('nothing here'); sys.exit(3)"])
    with pytest.raises(MeasuredNothing, match="cannot be started"):
        compare("/no/such/program", "true")
    with pytest.raises(MeasuredNothing, match="gives no answer"):
        compare("http://127.0.0.1:9/", "true")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"least_effect": 0.0}, "`least_effect` must be between 0 and 1"),
        ({"planned_effect": 0.01}, "`planned_effect` must be more than the least effect 0.02, but is 0.01"),
        ({"most_pairs": 0}, "`most_pairs` must be at least 1"),
        ({"most_seconds": 0}, "`most_seconds` must be above 0"),
        ({"error_rate": 0.0}, "`error_rate` must be above 0"),
    ],
)
def test_arguments_out_of_range_are_named(options, words):
    with pytest.raises(InputError, match=words):
        compare(list, list, **options)


def test_what_cannot_be_timed_is_refused():
    with pytest.raises(InputError, match="must be a callable, a command or an address, but is a int"):
        compare(7, list)
    with pytest.raises(InputError, match="cannot be split into words"):
        compare("echo 'a", list)
    with pytest.raises(InputError, match="must be http://HOST"):
        compare("http:///nowhere", list)

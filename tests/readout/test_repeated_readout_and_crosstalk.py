"""QNDness and leakage with a hidden Markov chain as truth, and crosstalk matrices with their law as truth."""

import numpy as np
import pytest

from synqc.errors import InputError, NumericalError, ShapeError
from synqc.readout import (
    LevelRates,
    LikelihoodDiscriminator,
    Readout,
    ReadoutPulse,
    RepeatedReadout,
    Resonator,
    crosstalk_from_contrasts,
    expected_crosstalk,
)


def chain_of(draw, start, transitions, assignments, shots, repetitions):
    """Outcomes of a hidden Markov chain."""
    levels = len(start)
    true = draw.choice(levels, shots, p=start)
    outcomes = np.empty((shots, repetitions), int)
    for k in range(repetitions):
        outcomes[:, k] = (draw.random(shots)[:, None] > np.cumsum(assignments, axis=1)[true]).sum(axis=1)
        true = (draw.random(shots)[:, None] > np.cumsum(transitions, axis=1)[true]).sum(axis=1)
    return outcomes


TWO = (
    np.array([0.5, 0.5]),
    np.array([[0.995, 0.005], [0.03, 0.97]]),
    np.array([[0.99, 0.01], [0.04, 0.96]]),
)
THREE = (
    np.array([0.5, 0.45, 0.05]),
    np.array([[0.985, 0.01, 0.005], [0.03, 0.95, 0.02], [0.01, 0.06, 0.93]]),
    np.array([[0.98, 0.015, 0.005], [0.02, 0.95, 0.03], [0.01, 0.04, 0.95]]),
)


@pytest.mark.parametrize("truth", [TWO, THREE], ids=["two levels", "three levels"])
def test_changes_and_errors_of_assignment_are_told_apart(seed, truth):
    draw = np.random.default_rng(seed)
    found = RepeatedReadout(chain_of(draw, *truth, 40_000, 5), levels=len(truth[0])).hidden_levels(
        seed=seed, resamples=12
    )
    # A dozen resamples know a standard error to 20 %.
    assert (np.abs(found.transitions - truth[1]) < 6 * found.transition_errors + 1e-4).all(), (seed, found)
    assert (np.abs(found.assignments - truth[2]) < 6 * found.assignment_errors + 1e-4).all(), (seed, found)
    assert found.qndness.value == pytest.approx(np.diag(truth[1])[:2].mean(), abs=0.01)
    if len(truth[0]) == 3:
        assert found.leakage.value == pytest.approx(truth[1][:2, 2].mean(), abs=6 * found.leakage.standard_error), seed
        assert found.seepage.value == pytest.approx(0.07, abs=6 * found.seepage.standard_error), seed


def test_raw_repetitions_are_those_of_the_chain(seed):
    start, transitions, assignments = TWO
    outcomes = chain_of(np.random.default_rng(seed), *TWO, 40_000, 2)
    found = RepeatedReadout(outcomes, levels=2)
    for level in (0, 1):
        joint = start * assignments[:, level]
        expected = (joint @ transitions @ assignments[:, level]) / joint.sum()
        assert abs(found.repeat(level).value - expected) < 4.5 * found.repeat(level).standard_error, seed
    assert found.qndness.value == pytest.approx((found.repeat(0).value + found.repeat(1).value) / 2)


def test_decay_during_simulated_readouts_is_found_as_such(seed):
    """Readouts in a row with T1 as the only cause of change: the hidden chain has its rate, whatever the errors."""
    resonator = Resonator(kappa_mhz=8.0, chi_mhz=4.0, drive_mhz=3.5, efficiency=0.5)
    readout = Readout(resonator, ReadoutPulse.square(500.0), bins=50, rates=LevelRates.from_t1(8.0))
    discriminator = LikelihoodDiscriminator(readout)
    levels = np.arange(20_000) % 2
    outcomes = []
    for repetition in range(5):
        records = readout.simulate(levels, seed=seed + repetition)
        outcomes.append(discriminator.labels(records.values))
        levels = records.final
    found = RepeatedReadout(np.stack(outcomes, axis=1), levels=2).hidden_levels(seed=seed, resamples=10)
    decay = 1 - np.exp(-0.5 / 8.0)
    # A shot that decays in the middle is assigned with a bias that belongs to the step, not to the level: a tenth.
    assert found.transitions[1, 0] == pytest.approx(decay, rel=0.15), seed
    assert found.transitions[0, 1] < 0.005, seed


def test_what_repeated_readouts_refuse():
    with pytest.raises(ShapeError, match="with two repetitions or more"):
        RepeatedReadout(np.zeros((5, 1), int), levels=2)
    with pytest.raises(InputError, match="`outcomes` must be between 0 and 1"):
        RepeatedReadout(np.full((5, 2), 2), levels=2)
    with pytest.raises(InputError, match="must have three repetitions or more"):
        RepeatedReadout(np.zeros((5, 2), int), levels=2).hidden_levels(seed=1)
    settled = RepeatedReadout(np.zeros((50, 3), int), levels=2).hidden_levels(seed=1, resamples=2)
    with pytest.raises(InputError, match="Leakage is from two levels to a third"):
        settled.leakage  # noqa: B018


def test_crosstalk_is_found_from_noisy_echoes(seed):
    draw = np.random.default_rng(seed)
    amplitudes = np.linspace(0, 1, 9)
    true = np.array([[4.0, 0.3, 0.02], [0.1, 3.0, 0.2], [0.05, 0.4, 5.0]])
    clean = 0.93 * np.exp(-true[:, :, None] * 0.4 * amplitudes**2)
    found = crosstalk_from_contrasts(
        clean + 0.004 * draw.normal(size=clean.shape), amplitudes=amplitudes, duration_ns=400.0, standard_error=0.004
    )
    assert (np.abs(found.rates_per_us - true) < 4.5 * found.standard_errors).all(), (seed, found)
    assert (np.diag(found.relative) == 1).all()
    # Errors are neither far too small nor far too large.
    spread = (found.rates_per_us - true) / found.standard_errors
    assert 0.3 < np.sqrt(np.mean(spread**2)) < 2.0, seed


def test_expected_crosstalk_is_the_dephasing_of_a_long_pulse():
    resonators = [
        Resonator(kappa_mhz=5.0, chi_mhz=0.5, drive_mhz=2.0),
        Resonator(kappa_mhz=3.0, chi_mhz=1.0, drive_mhz=1.0, detuning_mhz=0.4),
    ]
    found = expected_crosstalk(resonators, [[0.0, 0.05], [0.02, 0.0]])
    pulse = ReadoutPulse.square(1e5)
    for place, resonator in enumerate(resonators):
        rate = np.diff(resonator.dephasing(pulse, [8000.0, 9000.0]))[0]
        assert found[place, place] == pytest.approx(rate, rel=1e-9)
    own = resonators[1].level_detunings_mhz[0]
    seen = Resonator(kappa_mhz=3.0, chi_mhz=0.05, drive_mhz=1.0, detuning_mhz=own)
    assert found[0, 1] == pytest.approx(np.diff(seen.dephasing(pulse, [8000.0, 9000.0]))[0], rel=1e-9)


def test_what_crosstalk_refuses():
    with pytest.raises(ShapeError, match="three amplitudes or more"):
        crosstalk_from_contrasts(np.ones((1, 1, 2)), amplitudes=[0, 1], duration_ns=1.0, standard_error=0.1)
    with pytest.raises(InputError, match="`standard_error` must be greater than 0"):
        crosstalk_from_contrasts(np.ones((1, 1, 3)), amplitudes=[0, 1, 2], duration_ns=1.0, standard_error=0.0)
    with pytest.raises(NumericalError, match="no rate was found"):
        crosstalk_from_contrasts(np.zeros((1, 1, 4)), amplitudes=[0, 1, 2, 3], duration_ns=1.0, standard_error=0.1)
    with pytest.raises(ShapeError, match="`shifts_mhz` must have shape"):
        expected_crosstalk([], [[1.0]])

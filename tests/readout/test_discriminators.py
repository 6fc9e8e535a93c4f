"""Discriminators against closed forms, an exact forward algorithm, and each other."""

import math
from functools import cache

import numpy as np
import pytest

from synqc.errors import InputError
from synqc.readout import LevelRates, Readout, ReadoutPulse, Resonator
from synqc.readout.discriminators import CloudDiscriminator, LikelihoodDiscriminator, LinearDiscriminator

CAVITY = Resonator(kappa_mhz=5.0, chi_mhz=2.5, drive_mhz=2.5, efficiency=0.5)

# T1 / tau_m: length of the best boxcar / tau_m, its error, and that of the likelihood, of 1e5 shots a level.
BOXCAR_AND_LIKELIHOOD = [(20, 4.4, 0.0659, 0.0506), (100, 7.0, 0.0208, 0.0144), (500, 10.3, 0.0056, 0.0038)]


def probe_that_follows_at_once(t1_in_measurement_times, length, bins):
    """A readout whose field is stationary from the first bin on and whose tau_m is 1 us: kappa is fast."""
    kappa = 2e4
    chi, eta = 0.01 * kappa, 1.0
    # 1 / tau_m = 2 eta Gamma = eta kappa |da|^2, and |da| = 2 chi eps / (kappa^2/4 + chi^2) (all in rad/us).
    turn = 2 * math.pi
    difference = 1 / math.sqrt(eta * turn * kappa)
    drive = difference * (kappa**2 / 4 + chi**2) / (2 * chi)
    resonator = Resonator(kappa_mhz=kappa, chi_mhz=chi, drive_mhz=drive, efficiency=eta)
    rates = LevelRates.from_t1(t1_in_measurement_times)
    return Readout(resonator, ReadoutPulse.square(length * 1e3), bins=bins, rates=rates, detection="homodyne")


def test_the_stand_in_for_a_stationary_probe_has_unit_measurement_time():
    readout = probe_that_follows_at_once(20.0, 1.0, 20)
    # SNR^2 = 4 T / tau_m for records around +1 and -1 with noise of variance tau_m / T.
    assert readout.signal_to_noise() == pytest.approx(2.0, rel=1e-3)


def least_threshold_error(zeros, ones):
    """Least mean error over all thresholds."""
    scores = np.concatenate([zeros, ones])
    is_zero = np.concatenate([np.ones(len(zeros)), np.zeros(len(ones))])[np.argsort(scores)]
    errors = np.cumsum(is_zero) / len(zeros) + 1 - np.cumsum(1 - is_zero) / len(ones)
    return min(1.0, errors.min()) / 2


@pytest.mark.parametrize(("ratio", "length", "boxcar", "likelihood"), BOXCAR_AND_LIKELIHOOD)
def test_likelihood_beats_the_best_boxcar_as_computed_elsewhere(seed, ratio, length, boxcar, likelihood):
    shots = 40_000
    readout = probe_that_follows_at_once(float(ratio), 16.0, 320)
    prepared = np.arange(2 * shots) % 2
    records = readout.simulate(prepared, seed=seed)
    towards_zero = np.sign(readout.mean_records()[0, -1] - readout.mean_records()[1, -1])
    scores = np.cumsum(towards_zero * records.values, axis=1)
    lengths = np.arange(int(length * 20 * 0.7), min(320, int(length * 20 * 1.4)), 6)
    errors = [least_threshold_error(scores[::2, one - 1], scores[1::2, one - 1]) for one in lengths]
    found = LikelihoodDiscriminator(readout).assignment(records).average_error.value
    # The tables are of 1e5 shots and +-2 %; so are ours to sqrt(error / shots), which the least of many thresholds and
    # lengths makes a little lower.
    for got, expected in ((min(errors), boxcar), (found, likelihood)):
        noise = math.sqrt(expected / (2 * shots))
        assert abs(got - expected) < 0.02 * expected + 4 * noise, (seed, got, expected)
    assert min(errors) / found > 1.2, seed
    assert lengths[int(np.argmin(errors))] / 20 == pytest.approx(length, rel=0.3)


def two_level_likelihood_by_hand(readout, record, gamma):
    """log of the likelihood of |1>, a sum over the bin edge of its decay, and of |0>, which stays: no filter at all."""
    means, bins = readout.mean_records(), readout.bins
    decays = [math.pi * CAVITY.kappa_mhz + 2j * math.pi * one for one in CAVITY.level_detunings_mhz]
    fields = CAVITY.fields(readout.pulse, readout.edges_ns)
    gain = math.sqrt(2 * CAVITY.efficiency * 2 * math.pi * CAVITY.kappa_mhz)
    bin_us = readout.bin_us

    def evidence(mean):
        return float((record * mean.conj()).real.sum() - (np.abs(mean) ** 2).sum() / 2) * bin_us

    terms = []
    for edge in range(bins + 1):
        mean = np.concatenate([means[1, :edge], means[0, edge:]])
        if edge < bins:
            deviation = gain * (fields[1, edge] - fields[0, edge])
            z = decays[0] * bin_us
            steps = np.arange(bins - edge)
            mean[edge:] = mean[edge:] + deviation * np.exp(-z * steps) * (1 - np.exp(-z)) / z
        low, high = max(edge - 0.5, 0) * bin_us, min(edge + 0.5, bins) * bin_us
        terms.append(math.log(math.exp(-gamma * low) - math.exp(-gamma * high)) + evidence(mean))
    terms.append(-gamma * bins * bin_us + evidence(means[1]))
    return evidence(means[0]), float(np.logaddexp.reduce(terms))


def test_exact_likelihood_is_the_sum_over_decays(seed):
    gamma = 1.5
    readout = Readout(CAVITY, ReadoutPulse.square(600.0), bins=40, rates=LevelRates((gamma,)))
    records = readout.simulate(np.arange(40) % 2, seed=seed).values
    found = LikelihoodDiscriminator(readout, method="exact").log_likelihoods(records)
    expected = [two_level_likelihood_by_hand(readout, record, gamma) for record in records]
    assert np.abs(found - expected).max() < 1e-9, seed


@pytest.mark.parametrize("detection", ["homodyne", "heterodyne"])
@pytest.mark.parametrize("levels", [2, 3])
def test_the_forward_filter_errs_as_the_exact_one(seed, detection, levels):
    chi = {2: 2.5, 3: (3.0, -2.0, -8.0)}[levels]
    resonator = Resonator(kappa_mhz=5.0, chi_mhz=chi, drive_mhz=3.0, efficiency=0.5, phase=0.3)
    rates = LevelRates.from_t1(10.0, levels=levels, thermal_population=0.05)
    readout = Readout(resonator, ReadoutPulse.square(700.0), bins=70, rates=rates, detection=detection)
    shots = 6000
    records = readout.simulate(np.arange(shots) % levels, seed=seed)
    exact = LikelihoodDiscriminator(readout, method="exact")
    forward = LikelihoodDiscriminator(readout)
    posteriors = [one.posterior(records.values) for one in (exact, forward)]
    # The share of probability that each gives to wrong levels is the error it expects: the same within 2 %, though
    # single shots differ.
    wrong = [1 - posterior.max(axis=1).mean() for posterior in posteriors]
    assert wrong[1] == pytest.approx(wrong[0], rel=0.02), seed
    labels = [one.labels(records.values) for one in (exact, forward)]
    errors = [np.mean(one != records.prepared) for one in labels]
    by_chance = 4 * np.sqrt(np.sum(labels[0] != labels[1])) / shots  # where they differ, either may be right
    assert abs(errors[1] - errors[0]) < 0.02 * errors[0] + by_chance, (seed, errors)


@pytest.mark.parametrize("levels", [2, 3])
def test_posteriors_are_calibrated(seed, levels):
    """Of shots to which a level has a probability of p, a share of p was in it."""
    resonator = Resonator(kappa_mhz=5.0, chi_mhz=(1.0, -1.0, -3.0)[:levels], drive_mhz=2.0, efficiency=0.4)
    rates = LevelRates.from_t1(3.0, levels=levels, thermal_population=0.1)
    readout = Readout(resonator, ReadoutPulse.square(800.0), bins=200, rates=rates)
    records = readout.simulate(np.random.default_rng(seed).integers(0, levels, 30_000), seed=seed)
    posterior = LikelihoodDiscriminator(readout).posterior(records.values)
    for level in range(levels):
        given = posterior[:, level]
        for low in np.arange(0, 1, 0.2):
            inside = (given >= low) & (given < low + 0.2)
            count = int(inside.sum())
            if count > 200:
                share, expected = np.mean(records.prepared[inside] == level), given[inside].mean()
                assert abs(share - expected) < 4.5 * math.sqrt(0.25 / count), (seed, level, low)


def test_missing_bins_are_no_data(seed):
    readout = Readout(CAVITY, ReadoutPulse.square(600.0), bins=60)
    records = readout.simulate(np.arange(10) % 2, seed=seed).values
    gaps = records.copy()
    gaps[:, 20:30] = np.nan
    gaps[:, 40] = complex(1.0, math.nan)
    found = LikelihoodDiscriminator(readout).log_likelihoods(gaps)
    kept = np.ones(60, bool)
    kept[20:30] = kept[40] = False
    means = readout.mean_records()
    each = (records[:, None] * means.conj()[None]).real - (np.abs(means) ** 2)[None] / 2
    assert np.allclose(found, each[:, :, kept].sum(axis=2) * readout.bin_us, rtol=0, atol=1e-10)
    exact = LikelihoodDiscriminator(readout, method="exact").log_likelihoods(gaps)
    assert np.allclose(found, exact, rtol=0, atol=1e-10)


def test_records_with_large_signals_keep_their_likelihoods():
    """Hundreds of deviations in a bin, so that weights would leave the range of numbers."""
    strong = Resonator(kappa_mhz=5.0, chi_mhz=2.5, drive_mhz=200.0, efficiency=1.0)
    readout = Readout(strong, ReadoutPulse.square(2000.0), bins=50, rates=LevelRates((0.5,)))
    records = readout.simulate(np.arange(200) % 2, seed=3)
    found = LikelihoodDiscriminator(readout).log_likelihoods(records.values)
    assert np.isfinite(found).all()
    jumped = records.final != records.prepared
    assert jumped.any()
    exact = LikelihoodDiscriminator(readout, method="exact").log_likelihoods(records.values)
    stayed = ~jumped
    assert (np.argmax(found, axis=1) == records.prepared)[stayed].all()
    assert np.argmax(found[stayed], axis=1).tolist() == np.argmax(exact[stayed], axis=1).tolist()


@cache
def published():
    """Figures as remembered of a published fast readout: 37.5 and 7.9 MHz, 2.5 photons, T1 7.6 us."""
    bare = Resonator(kappa_mhz=37.5, chi_mhz=7.9, drive_mhz=1.0, efficiency=0.66)
    drive = math.sqrt(2.5 / bare.steady_photons().max())
    return Resonator(kappa_mhz=37.5, chi_mhz=7.9, drive_mhz=drive, efficiency=0.66)


@pytest.mark.parametrize(("length", "contrast"), [(48.0, 0.9866), (88.0, 0.9937)])
def test_a_fast_readout_as_computed_elsewhere(seed, length, contrast):
    shots = 60_000
    rates = LevelRates.from_t1(7.6)
    readout = Readout(published(), ReadoutPulse.square(length), bins=int(length), rates=rates, detection="homodyne")
    records = readout.simulate(np.arange(2 * shots) % 2, seed=seed)
    found = LinearDiscriminator.matched(readout).assignment(records).contrast
    assert abs(found.value - contrast) < 4 * found.standard_error + 1e-3, (seed, found)


def test_linear_discriminators_reach_the_closed_form_without_decay(seed):
    shots = 40_000
    readout = Readout(
        Resonator(kappa_mhz=5.0, chi_mhz=0.5, drive_mhz=2.0, efficiency=0.5),
        ReadoutPulse.square(1000.0), bins=100, detection="homodyne",
    )  # fmt: skip
    records = readout.simulate(np.arange(shots) % 2, seed=seed)
    for discriminator in (
        LinearDiscriminator.matched(readout), LinearDiscriminator.trained(records), LikelihoodDiscriminator(readout),
    ):  # fmt: skip
        error = discriminator.assignment(records).average_error
        assert abs(error.value - 0.132956) < 4.5 * error.standard_error, (seed, discriminator)


def test_clouds_tell_three_levels_apart(seed):
    resonator = Resonator(kappa_mhz=5.0, chi_mhz=(3.0, -2.0, -8.0), drive_mhz=3.0)
    readout = Readout(resonator, ReadoutPulse.square(700.0), bins=70)
    records = readout.simulate(np.arange(9000) % 3, seed=seed)
    by_clouds = CloudDiscriminator.trained(records, levels=3).assignment(records)
    refined = CloudDiscriminator.trained(records, levels=3, refine=True).assignment(records)
    bound = LikelihoodDiscriminator(readout).assignment(records)
    assert bound.average_error.value <= by_clouds.average_error.value + 3 / 9000
    assert refined.average_error.value == pytest.approx(by_clouds.average_error.value, abs=0.01)


def test_information_of_records_is_that_of_a_gaussian_channel(seed):
    readout = Readout(CAVITY, ReadoutPulse.square(250.0), bins=100, detection="homodyne")
    records = readout.simulate(np.arange(40_000) % 2, seed=seed)
    dose = readout.signal_to_noise() ** 2 / 4
    draws = np.random.default_rng(seed).normal(1, 1 / math.sqrt(dose), 200_000)
    expected = 1 - np.mean(np.logaddexp(0, -2 * draws * dose)) / math.log(2)
    assert LikelihoodDiscriminator(readout).information_bits(records) == pytest.approx(expected, abs=0.012), seed


def test_what_discriminators_refuse():
    readout = Readout(CAVITY, ReadoutPulse.square(250.0), bins=10)
    with pytest.raises(InputError, match="`prior` must be 2 probabilities"):
        LikelihoodDiscriminator(readout, prior=(1.0, 0.0))
    with pytest.raises(InputError, match='`method` must be "forward" or "exact"'):
        LikelihoodDiscriminator(readout, method="guess")
    with pytest.raises(InputError, match="`records` must hold levels 0 and 1"):
        LinearDiscriminator.trained(readout.simulate([0, 0], seed=1))

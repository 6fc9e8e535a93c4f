"""Verdicts: "suspicious" on planted faults, quiet on healthy devices; and no analysis sees what was not measured."""

import numpy as np
import pytest
from planted_faults import FAULTS, HEALTHY, hidden_qubit, verdict_on

from synqc.protocols import T1, RabiAmplitude, Records, Settings
from synqc.twin import HiddenQubit, Twin


@pytest.mark.parametrize("planted", FAULTS, ids=lambda planted: planted.name)
def test_planted_faults_are_suspicious(planted, seed):
    verdicts = [verdict_on(planted, seed + number).verdict for number in range(3)]
    # Each is found in at least 95 %: two misses of three have a chance below 0.8 %.
    assert verdicts.count("suspicious") >= 2, (seed, verdicts)


@pytest.mark.deep
@pytest.mark.parametrize("planted", FAULTS, ids=lambda planted: planted.name)
def test_planted_faults_are_suspicious_in_19_of_20(planted, seed):
    verdicts = [verdict_on(planted, seed + number).verdict for number in range(200)]
    assert verdicts.count("suspicious") >= 190, (seed, verdicts.count("suspicious"))


def complaints(protocol, seeds):
    """Verdicts on healthy devices that are not good, with their reasons."""
    found = []
    for seed in seeds:
        device = Twin([hidden_qubit(np.random.default_rng([seed, 2]))], seed=seed)[0]
        found.append(protocol.analyse(protocol.run(device)))
    return [one.reasons for one in found if one.verdict != "good"]


@pytest.mark.parametrize("protocol", HEALTHY, ids=lambda protocol: type(protocol).__name__)
def test_healthy_devices_raise_no_suspicion(protocol, seed):
    found = complaints(protocol, range(seed, seed + 8))
    assert len(found) <= 1, (seed, found)


@pytest.mark.deep
@pytest.mark.parametrize("protocol", HEALTHY, ids=lambda protocol: type(protocol).__name__)
def test_healthy_devices_raise_suspicion_in_one_of_fifty(protocol, seed):
    found = complaints(protocol, range(seed, seed + 500))
    # 2 % are 10; 3 standard deviations more for chance.
    assert len(found) <= 19, (seed, len(found), found[:5])


def test_analyses_are_blind_to_what_was_not_measured(seed):
    """Hidden parameters are drawn at random: errors of T1 and of the Rabi scale may follow none of the others."""
    errors, hidden = [], []
    for number in range(40):
        generator = np.random.default_rng([seed, number])
        drawn = HiddenQubit(
            t1_us=generator.uniform(70, 90),
            tphi_us=generator.uniform(50, 300),
            detuning_khz=generator.uniform(-300, 300),
            rabi_scale=generator.uniform(0.99, 1.01),
            anharmonicity_mhz=-generator.uniform(4500, 5500),
        )
        device = Twin([drawn], seed=seed + number)[0]
        device.settings = Settings(drag=0.5)
        decay = T1().analyse(T1().run(device)).values["t1_us"] / drawn.t1_us
        device = Twin([drawn], seed=seed + number + 1000)[0]
        fringe = RabiAmplitude().analyse(RabiAmplitude().run(device)).values["rabi_scale"] - drawn.rabi_scale
        errors.append((decay, fringe))
        hidden.append((drawn.tphi_us, drawn.detuning_khz, drawn.anharmonicity_mhz))
    correlations = np.corrcoef(np.array(errors).T, np.array(hidden).T)[:2, 2:]
    # Of 40 pairs a correlation has a deviation of 0.16.
    assert np.abs(correlations).max() < 0.6, (seed, correlations)


def test_a_readout_that_never_errs_is_not_suspicious(seed):
    delays = np.linspace(0.0, 200.0, 21)
    ones = np.random.default_rng(seed).binomial(500, np.exp(-delays / 60.0))
    settings = [(-1.0, delay) for delay in delays] + [(0.0, 0.0), (1.0, 0.0)]
    counts = [[500 - one, one] for one in ones] + [[500, 0], [0, 500]]
    found = T1().analyse(Records("T1", ("reference", "delay_us"), settings, [counts], 500))
    assert found.verdict == "good", (seed, found.reasons)


def test_the_same_records_give_the_same_answer_whatever_made_them(seed):
    """An analysis that peeked at a device could not survive its exchange."""
    device = Twin([HiddenQubit(t1_us=40.0)], seed=seed)[0]
    records = T1().run(device)
    alone = T1().analyse(records)
    device.settings = Settings(drive_shift_khz=500.0, pi_amplitude=0.3)
    del device
    Twin([HiddenQubit(t1_us=120.0)], seed=seed)
    assert T1().analyse(records) == alone

"""What holds for every protocol: planted faults are said, healthy devices raise no suspicion, analyses are blind."""

import math
import re
from dataclasses import replace

import numpy as np
import pytest
from every_protocol import PLANTED, TRIED, every_protocol

from synqc.protocols import Settings

NAMES = list(TRIED)
SEEN = [(name, fault) for name, tried in TRIED.items() for fault in tried.sees]


def is_suspected(tried, found):
    """Whether anything is said that a healthy device does not leave open."""
    return any(not re.search(tried.left_open, reason) for reason in found.reasons)


def test_no_protocol_is_left_out():
    """A new one is tried with every fault that it can see, or the reason stands here why it cannot."""
    assert every_protocol() == sorted(TRIED)
    for name, tried in TRIED.items():
        assert not set(tried.sees) & set(tried.cannot), name
        assert set(tried.sees) | set(tried.cannot) == set(PLANTED), name
    assert len(PLANTED) == 12


def missed(name, fault, seeds):
    """Seeds whose fault is not said."""
    tried = TRIED[name]
    found = {seed: tried.faulty(fault, seed) for seed in seeds}
    if tried.left_open == "$^":
        assert all(one.verdict != "good" or not one.reasons for one in found.values())
    return [seed for seed, one in found.items() if one.verdict == "good" or not is_suspected(tried, one)]


@pytest.mark.parametrize("name", NAMES)
def test_a_planted_fault_is_said(name, seed):
    # Each protocol with another one of the twelve; the deep test has all.
    faults = list(TRIED[name].sees)
    fault = faults[NAMES.index(name) % len(faults)]
    # One of 20 may be missed: both of two have a chance of 1 in 400.
    assert len(missed(name, fault, range(seed, seed + 2))) < 2, (seed, fault)


@pytest.mark.deep
@pytest.mark.parametrize(("name", "fault"), SEEN)
def test_planted_faults_are_said_in_19_of_20(name, fault, seed):
    missing = missed(name, fault, range(seed, seed + 100))
    assert len(missing) <= 5, (seed, missing)


@pytest.mark.deep
@pytest.mark.parametrize("name", NAMES)
def test_healthy_devices_raise_suspicion_in_2_of_100(name, seed):
    tried = TRIED[name]
    seeds = range(seed, seed + 300)
    found = [tried.protocol.analyse(tried.records_of(tried.device(one))) for one in seeds]
    suspected = [one.reasons for one in found if is_suspected(tried, one)]
    # 2 % are 6; 3 standard deviations more for chance.
    assert len(suspected) <= 13, (seed, len(suspected), suspected[:5])


def same(found, other):
    """Whether two answers are one."""
    return repr(found) == repr(other)


@pytest.mark.parametrize("name", NAMES)
def test_a_healthy_run_is_not_suspected_and_its_device_may_be_exchanged(name, seed):
    """An analysis that peeked at a device could not survive its exchange, nor one that remembered its run."""
    tried, suspected = TRIED[name], []
    for number in range(2):
        device = tried.device(seed + number)
        records = tried.records_of(device)
        found = tried.protocol.analyse(records)
        suspected.append(is_suspected(tried, found))
        for one in device if isinstance(device, list) else [device]:
            one.settings = Settings(drive_shift_khz=500.0, pi_amplitude=0.3, readout_amplitude=0.5)
            one._hidden = replace(one._hidden, t1_us=3.0, tphi_us=5.0, rabi_scale=0.7)
        assert same(tried.protocol.analyse(records), found), seed
        assert same(replace(tried.protocol).analyse(records), found), seed
    # 2 % each: both have a chance of 1 in 2500.
    assert suspected != [True, True], seed


def values_of(found):
    """Of whatever an analysis gives."""
    if hasattr(found, "matrix"):
        return list(found.matrix.rates_per_us.ravel())
    if hasattr(found, "errors"):
        return [float(np.nanmean(found.values))]
    return list(found.values.values())


@pytest.mark.parametrize("devices", [pytest.param(60, marks=pytest.mark.deep)])
@pytest.mark.parametrize("name", NAMES)
def test_nothing_found_follows_what_was_not_measured(name, devices, seed):
    """What is measured is the same in all of them; the rest of the hidden device is shuffled."""
    tried, found, hidden = TRIED[name], [], []
    for number in range(devices):
        device, drawn = tried.shuffled(seed + number)
        found.append(values_of(tried.protocol.analyse(tried.records_of(device))))
        hidden.append(drawn)
    found, hidden = np.array(found), np.array(hidden)
    moves = found.std(axis=0) > 0
    correlations = np.corrcoef(found[:, moves].T, hidden.T)[: moves.sum(), moves.sum() :]
    # Of n pairs a correlation r has arctanh(r) with a deviation of 1 / sqrt(n - 3).
    assert np.abs(np.arctanh(correlations)).max() < 4.5 / math.sqrt(devices - 3), (seed, correlations)

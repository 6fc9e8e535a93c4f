"""Settings for named goals: figures without sampling against records, and optima against scans."""

import math
from dataclasses import replace

import numpy as np
import pytest

from synqc.errors import InputError
from synqc.readout import (
    LevelRates,
    LinearDiscriminator,
    Readout,
    ReadoutPulse,
    Resonator,
    optimise_readout,
    readout_figures,
)

CAVITY = Resonator(kappa_mhz=5.0, chi_mhz=2.5, drive_mhz=2.0, efficiency=0.5)


@pytest.mark.parametrize("detection", ["homodyne", "heterodyne"])
def test_fidelity_without_decay_is_the_closed_form(detection):
    readout = Readout(CAVITY, ReadoutPulse.square(600.0), bins=300, detection=detection)
    expected = math.erfc(readout.signal_to_noise() / math.sqrt(8)) / 2
    figures = readout_figures(readout)
    assert 1 - figures.assignment_fidelity == pytest.approx(expected, rel=2e-3)
    # Two Gaussians SNR deviations apart: the overlap at power 1/2.
    assert figures.chernoff_nats == pytest.approx(readout.signal_to_noise() ** 2 / 8, rel=1e-6)


@pytest.mark.parametrize("detection", ["homodyne", "heterodyne"])
def test_figures_with_decay_are_those_of_records(seed, detection):
    rates = LevelRates.from_t1(12.0, thermal_population=0.05)
    readout = Readout(CAVITY, ReadoutPulse.square(900.0), bins=180, rates=rates, detection=detection)
    figures = readout_figures(readout)
    records = readout.simulate(np.arange(80_000) % 2, seed=seed)
    found = LinearDiscriminator.trained(records, readout.matched_weights()).assignment(records).assignment_fidelity
    assert abs(found.value - figures.assignment_fidelity) < 4 * found.standard_error + 1e-3, (seed, found, figures)


def test_the_longest_faithful_readout_is_that_of_a_scan():
    readout = Readout(CAVITY, ReadoutPulse.square(1000.0), bins=200, rates=LevelRates.from_t1(10.0))
    found = optimise_readout(readout, "fidelity", duration_ns=(100.0, 4000.0))
    lengths = np.linspace(100, 4000, 118)
    scan = [
        readout_figures(replace(readout, pulse=ReadoutPulse.square(float(one)))).assignment_fidelity for one in lengths
    ]
    assert found.figures.assignment_fidelity >= max(scan) - 1e-5
    assert found.readout.record_ns == pytest.approx(lengths[int(np.argmax(scan))], rel=0.1)
    assert found.at_bounds == ()


def test_goals_differ_and_each_is_best_at_its_own():
    readout = Readout(CAVITY, ReadoutPulse.square(1000.0), rates=LevelRates.from_t1(10.0))
    settings = {"duration_ns": (100.0, 5000.0), "dead_time_ns": 2000.0}
    found = {
        goal: optimise_readout(readout, goal, **settings) for goal in ("fidelity", "information", "certification-time")
    }
    for goal, other in (("fidelity", "certification-time"), ("certification-time", "fidelity")):
        best, rest = found[goal], found[other]
        assert best.figures.assignment_fidelity >= rest.figures.assignment_fidelity or goal != "fidelity"
        assert best.certification_time_ns <= rest.certification_time_ns or goal != "certification-time"
    assert found["information"].figures.information_bits >= found["fidelity"].figures.information_bits
    assert found["certification-time"].readout.record_ns != found["fidelity"].readout.record_ns
    # Without dead time short readouts are repeated sooner.
    hurried = optimise_readout(readout, "certification-time", duration_ns=(100.0, 5000.0), dead_time_ns=0.0)
    assert hurried.readout.record_ns < found["certification-time"].readout.record_ns


def test_frequency_and_power_are_found():
    far = replace(CAVITY, detuning_mhz=4.0, drive_mhz=1.0, critical_photons=20.0)
    readout = Readout(far, ReadoutPulse.square(500.0), rates=LevelRates.from_t1(20.0))
    found = optimise_readout(
        readout, "fidelity", duration_ns=(200.0, 800.0), drive_mhz=(0.5, 12.0), detuning_mhz=(-6.0, 6.0)
    )
    assert found.figures.assignment_fidelity > readout_figures(readout).assignment_fidelity
    assert 0.8 * 4 < found.photons <= 4.0  # as many photons as a fifth of the critical number allows
    assert abs(found.readout.resonator.detuning_mhz) < 3.0
    few = optimise_readout(readout, "fidelity", duration_ns=(200.0, 800.0), drive_mhz=(0.5, 12.0), largest_photons=1.0)
    assert few.photons <= 1.0
    assert few.figures.assignment_fidelity < found.figures.assignment_fidelity


def test_what_is_refused():
    readout = Readout(CAVITY, ReadoutPulse.square(500.0))
    with pytest.raises(InputError, match="`goal` must be one of fidelity, information, certification-time"):
        optimise_readout(readout, "speed", duration_ns=(100.0, 200.0))
    with pytest.raises(InputError, match="`duration_ns` must be a finite lower and upper bound"):
        optimise_readout(readout, "fidelity", duration_ns=(200.0, 100.0))
    with pytest.raises(InputError, match="must allow for a readout within the bounds on photons"):
        optimise_readout(readout, "fidelity", duration_ns=(100.0, 200.0), largest_photons=1e-6)
    three = Readout(Resonator(kappa_mhz=5.0, chi_mhz=(1.0, 0.0, -1.0), drive_mhz=1.0), ReadoutPulse.square(500.0))
    with pytest.raises(InputError, match="`readout` must have two levels"):
        readout_figures(three)

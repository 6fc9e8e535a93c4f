"""Assignment matrices with their intervals, and efficiency by both conventions."""

import math

import numpy as np
import pytest

from synqc.errors import InputError, ShapeError
from synqc.lab.estimate import Estimate
from synqc.readout import (
    AssignmentMatrix,
    Readout,
    ReadoutPulse,
    Resonator,
    phase_preserving_efficiency,
    share_outside,
    single_quadrature_efficiency,
)
from synqc.readout.assignment import share

CAVITY = Resonator(kappa_mhz=5.0, chi_mhz=0.5, drive_mhz=2.0, efficiency=0.5)
LONG = ReadoutPulse.square(1e5)


def test_counts_and_both_figures_called_fidelity():
    matrix = AssignmentMatrix([[990, 10], [30, 970]])
    assert matrix.probabilities.tolist() == [[0.99, 0.01], [0.03, 0.97]]
    assert matrix.average_error.value == pytest.approx(0.02)
    assert matrix.assignment_fidelity.value == pytest.approx(0.98)
    assert matrix.contrast.value == pytest.approx(0.96)
    assert matrix.contrast.standard_error == pytest.approx(2 * matrix.average_error.standard_error)
    assert matrix.corrected([0.99 * 0.4 + 0.03 * 0.6, 0.01 * 0.4 + 0.97 * 0.6]) == pytest.approx([0.4, 0.6])
    with pytest.raises(InputError, match="contrast is that of two levels"):
        AssignmentMatrix(np.eye(3, dtype=int)).contrast  # noqa: B018
    assert math.isnan(AssignmentMatrix([[5, 0], [0, 0]]).probability(assigned=0, prepared=1).value)


def test_what_a_matrix_refuses():
    with pytest.raises(ShapeError, match=r"`counts` must have shape \(levels, levels\)"):
        AssignmentMatrix([[1, 2]])
    with pytest.raises(InputError, match="`counts` must be integers of at least 0"):
        AssignmentMatrix([[1, -2], [0, 0]])
    with pytest.raises(InputError, match="`assigned` must be between 0 and 1"):
        AssignmentMatrix.of([0, 1], [0, 2], levels=2)


def test_a_share_has_the_moments_of_jeffreys_posterior():
    scipy_stats = pytest.importorskip("scipy.stats")
    for count, total in ((0, 50), (3, 200), (50, 50), (40, 100)):
        posterior = scipy_stats.beta(count + 0.5, total - count + 0.5)
        found = share(count, total)
        assert found.standard_error == pytest.approx(posterior.std(), rel=1e-12)
        assert found.skewness == pytest.approx(float(posterior.stats(moments="s")), rel=1e-9)


@pytest.mark.parametrize("error", [0.003, 0.02, 0.2])
def test_intervals_hold_the_true_error(seed, error):
    draw = np.random.default_rng(seed)
    runs, shots = 3000, 1000
    counts = draw.binomial(shots, error, (runs, 2))
    for deviations, low, high in ((1, 0.63, 0.74), (2, 0.93, 0.975)):
        held = 0
        for zeros, ones in counts:
            found = AssignmentMatrix([[shots - zeros, zeros], [ones, shots - ones]]).average_error
            bottom, top = found.interval(deviations)
            held += bottom <= error <= top
        assert low < held / runs < high, (seed, error, deviations, held / runs)


@pytest.mark.parametrize(("time", "expected"), [(100.0, 0.4713), (500.0, 0.9129), (2000.0, 0.9829)])
def test_what_is_inside_when_integration_ends_is_missing(time, expected):
    assert share_outside(CAVITY, LONG, time) == pytest.approx(expected, abs=5e-5)


@pytest.mark.parametrize("length", [50.0, 200.0, 500.0, 2000.0])
def test_the_efficiency_is_found_for_pulses_of_any_length(length):
    """With integration over the ring-down, or corrected for what is inside; the plain quotient at the end is not."""
    pulse = ReadoutPulse.square(length)
    whole = Readout(CAVITY, pulse, duration_ns=length + 600.0, bins=4000, detection="homodyne")
    beta = CAVITY.dephasing(pulse, length + 600.0)
    assert single_quadrature_efficiency(whole.signal_to_noise(), beta).value == pytest.approx(0.5, rel=1e-3)
    cut = Readout(CAVITY, pulse, bins=4000, detection="homodyne")
    beta_at_end, outside = CAVITY.dephasing(pulse, length), share_outside(CAVITY, pulse, length)
    plain = single_quadrature_efficiency(cut.signal_to_noise(), beta_at_end)
    assert plain.value == pytest.approx(0.5 * outside, rel=1e-3)
    corrected = single_quadrature_efficiency(cut.signal_to_noise(), beta_at_end, outside=outside)
    assert corrected.value == pytest.approx(0.5, rel=1e-3)


def test_both_conventions_on_simulated_shots(seed):
    """A heterodyne record of efficiency eta has the phase-preserving number eta, a homodyne one the other."""
    shots = 40_000
    pulse = ReadoutPulse.square(1000.0)
    beta = CAVITY.dephasing(pulse, 1600.0)
    found = {}
    for detection in ("homodyne", "heterodyne"):
        readout = Readout(CAVITY, pulse, duration_ns=1600.0, bins=160, detection=detection)
        records = readout.simulate(np.arange(shots) % 2, seed=seed)
        scores = (records.values @ readout.matched_weights()).real
        zeros, ones = scores[::2], scores[1::2]
        sigma = math.sqrt((zeros.var() + ones.var()) / 2)
        found[detection] = Estimate(float((zeros.mean() - ones.mean()) / sigma), 2 / math.sqrt(shots))
    by_homodyne = single_quadrature_efficiency(found["homodyne"], beta)
    by_heterodyne = phase_preserving_efficiency(found["heterodyne"], beta)
    for estimate in (by_homodyne, by_heterodyne):
        assert abs(estimate.value - 0.5) < 5 * estimate.standard_error, (seed, estimate)
    assert phase_preserving_efficiency(2.0, 1.0).value == 2 * single_quadrature_efficiency(2.0, 1.0).value


def test_what_the_estimators_refuse():
    with pytest.raises(InputError, match="`dephasing` must be greater than 0"):
        single_quadrature_efficiency(1.0, 0.0)
    with pytest.raises(InputError, match="`snr` must be at least 0"):
        phase_preserving_efficiency(-1.0, 1.0)
    with pytest.raises(InputError, match="`outside` must be greater than 0"):
        single_quadrature_efficiency(1.0, 1.0, outside=0.0)
    with pytest.raises(InputError, match="`time_ns` must be behind the start"):
        share_outside(CAVITY, LONG, 0.0)

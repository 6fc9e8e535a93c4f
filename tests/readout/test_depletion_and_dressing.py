"""Pulses that empty the resonator, what coupling makes of it, and where the model ends."""

import math
import warnings

import numpy as np
import pytest

from synqc.errors import InputError, ValidityWarning
from synqc.readout import Readout, ReadoutPulse, Resonator, depletion_pulse, dressing, validity

RESONATOR = Resonator(kappa_mhz=5.0, chi_mhz=0.5, drive_mhz=2.0)


@pytest.mark.parametrize(
    ("duration", "first", "second", "passive"),
    [(100.0, -2.254890, 0.676625, 0.0266), (200.0, -0.543678, 0.066708, 0.00115)],
)
def test_two_steps_empty_the_resonator_for_both_levels(duration, first, second, passive):
    depletion = depletion_pulse(RESONATOR, duration)
    assert depletion.amplitudes == pytest.approx((first, second), abs=1e-6)
    pulse = ReadoutPulse.square(5000.0).then(depletion)
    assert RESONATOR.photons(pulse, [pulse.duration_ns]).max() < 1e-20
    waited = RESONATOR.photons(ReadoutPulse.square(5000.0), [5000.0 + duration])
    assert waited.max() == pytest.approx(passive, rel=0.003)


def test_depletion_after_a_short_pulse_for_three_levels(seed):
    draw = np.random.default_rng(seed)
    for _ in range(20):
        kappa = draw.uniform(2, 8)
        shifts = tuple(kappa * (np.array([-0.5, 0.1, 0.7]) + draw.uniform(-0.1, 0.1, 3)))
        resonator = Resonator(
            kappa_mhz=kappa, chi_mhz=shifts, drive_mhz=draw.uniform(0.5, 3), detuning_mhz=draw.uniform(-1, 1)
        )
        pulse = ReadoutPulse.square(draw.uniform(30, 300))
        emptied = pulse.then(depletion_pulse(resonator, 150.0, after=pulse, levels=(0, 1, 2)))
        before = resonator.photons(pulse, [pulse.duration_ns]).max()
        assert resonator.photons(emptied, [emptied.duration_ns]).max() < 1e-16 * max(before, 1), seed


def test_a_bound_that_is_too_low_is_refused_with_the_amplitude_it_takes():
    with pytest.raises(InputError, match=r"`largest_amplitude` must be at least 2\.25489"):
        depletion_pulse(RESONATOR, 100.0, largest_amplitude=2.0)
    assert max(abs(one) for one in depletion_pulse(RESONATOR, 200.0, largest_amplitude=2.0).amplitudes) < 2
    with pytest.raises(InputError, match="different shifts"):
        depletion_pulse(Resonator(kappa_mhz=5.0, chi_mhz=0.0, drive_mhz=1.0), 100.0)


def exact_levels(g, detuning, anharmonicity, photons=4, levels=6):
    """Dressed energies (MHz) of a resonator and an anharmonic ladder by their bare labels; the resonator's is 0."""
    qutip = pytest.importorskip("qutip")
    a, b = (
        qutip.tensor(qutip.destroy(photons), qutip.qeye(levels)),
        qutip.tensor(qutip.qeye(photons), qutip.destroy(levels)),
    )
    hamiltonian = detuning * b.dag() * b + anharmonicity / 2 * b.dag() ** 2 * b**2 + g * (a.dag() * b + a * b.dag())
    energies, states = np.linalg.eigh(hamiltonian.full())
    return {
        (n, k): (energies[index := int(np.argmax(np.abs(states[n * levels + k])))], states[:, index])
        for n in range(2)
        for k in range(2)
    }


def test_dressing_is_exact_diagonalisation_to_second_order():
    found = dressing(g_mhz=150.0, detuning_mhz=-2000.0, anharmonicity_mhz=-300.0, kappa_mhz=5.0)
    assert found.dispersive_shift_mhz == pytest.approx(-1.46739, abs=1e-5)
    assert found.purcell_per_us == pytest.approx(0.176715, abs=1e-6)
    exact = exact_levels(150.0, -2000.0, -300.0)
    shift = (exact[1, 1][0] - exact[0, 1][0] - exact[1, 0][0] + exact[0, 0][0]) / 2
    assert shift == pytest.approx(-1.43897, abs=1e-5)
    assert found.dispersive_shift_mhz == pytest.approx(shift, rel=0.02)
    one_photon = abs(exact[0, 1][1][6]) ** 2  # amplitude of (n = 1, k = 0) in the dressed |1>
    assert 10 * math.pi * one_photon == pytest.approx(0.173787, abs=1e-6)
    assert found.purcell_per_us == pytest.approx(0.173787, rel=0.02)


def test_dressing_becomes_exact_as_the_coupling_vanishes():
    errors = []
    for g in (40.0, 20.0):
        exact = exact_levels(g, -2000.0, -300.0)
        shift = (exact[1, 1][0] - exact[0, 1][0] - exact[1, 0][0] + exact[0, 0][0]) / 2
        found = dressing(g_mhz=g, detuning_mhz=-2000.0, anharmonicity_mhz=-300.0, kappa_mhz=5.0)
        errors.append(abs(found.dispersive_shift_mhz - shift))
    assert errors[0] / errors[1] == pytest.approx(16, rel=0.05)  # the next order is the fourth


def test_dressing_is_refused_where_there_is_no_dispersive_regime():
    with pytest.raises(InputError, match="`detuning_mhz` must leave five couplings"):
        dressing(g_mhz=150.0, detuning_mhz=-500.0, anharmonicity_mhz=-300.0, kappa_mhz=5.0)


def test_photons_beyond_a_fifth_of_the_critical_number_are_warned_of():
    pulse = ReadoutPulse.square(3000.0)
    photons = RESONATOR.steady_photons().max()
    just_inside = Resonator(kappa_mhz=5.0, chi_mhz=0.5, drive_mhz=2.0, critical_photons=5.2 * photons)
    beyond = Resonator(kappa_mhz=5.0, chi_mhz=0.5, drive_mhz=2.0, critical_photons=4.8 * photons)
    assert validity(just_inside, pulse).is_inside
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Readout(just_inside, pulse)
    assert validity(beyond, pulse).share_of_critical == pytest.approx(1 / 4.8, rel=0.01)
    with pytest.warns(
        ValidityWarning, match=r"critical number.*Transitions that strong readout induces are not modelled"
    ):
        Readout(beyond, pulse)


def test_a_drive_that_is_strong_against_the_linewidth_is_warned_of():
    resonator = Resonator(kappa_mhz=1.0, chi_mhz=10.0, drive_mhz=5.0, critical_photons=50.0)
    found = validity(resonator, ReadoutPulse.square(1000.0))
    assert found.resonant_photons == pytest.approx(100.0)
    assert len(found.problems) == 1
    assert "strong against the linewidth" in found.problems[0]

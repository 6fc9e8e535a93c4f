"""Fields, dephasing, Stark phase and information against closed forms, QuTiP and numbers computed elsewhere."""

import math

import numpy as np
import pytest

from synqc.errors import InputError
from synqc.readout import ReadoutPulse, Resonator

RESONATOR = Resonator(kappa_mhz=5.0, chi_mhz=0.5, drive_mhz=2.0)
LONG = ReadoutPulse.square(1e6)

# Coherence of a qubit and resonator in a Fock space, and the two parts of its logarithm.
COHERENCES = [
    (50.0, 0.9975779112, 0.0006607912, 0.0017642356),
    (100.0, 0.9794875202, 0.0097690842, 0.0109566985),
    (500.0, 0.5817968397, 0.4944802733, 0.0471536916),
]


def random_resonator(draw, levels=2):
    """Inside the dispersive regime: shifts up to the linewidth, any detuning of the drive."""
    kappa = draw.uniform(1, 10)
    return Resonator(
        kappa_mhz=kappa,
        chi_mhz=tuple(draw.uniform(-1, 1, levels) * kappa),
        drive_mhz=draw.uniform(0.2, 1) * kappa / 2,
        detuning_mhz=draw.uniform(-1, 1) * kappa,
    )


def random_pulse(draw, pieces=3):
    amplitudes = draw.normal(size=pieces) + 1j * draw.normal(size=pieces)
    return ReadoutPulse(tuple(draw.uniform(10, 200, pieces)), tuple(amplitudes / np.abs(amplitudes).max()))


@pytest.mark.parametrize(("time", "coherence", "left", "inside"), COHERENCES)
def test_coherence_is_that_of_a_qubit_and_resonator_in_fock_space(time, coherence, left, inside):
    assert math.exp(-RESONATOR.dephasing(LONG, time)) == pytest.approx(coherence, abs=6e-11)
    assert RESONATOR.information(LONG, time) == pytest.approx(left, abs=6e-11)
    assert RESONATOR.inside(LONG, time) == pytest.approx(inside, abs=6e-11)


@pytest.mark.parametrize(("time", "phase"), [(100.0, 0.1165957844), (500.0, 1.4840591026)])
def test_stark_phase_is_that_of_the_full_simulation(time, phase):
    # |0> has the higher resonator here, so photons pull the qubit down: the phase of rho_01 is minus 2 chi Re(...).
    assert RESONATOR.stark_phase(LONG, time) == pytest.approx(-phase, abs=6e-11)


def test_stationary_rates():
    times = np.array([9000.0, 10_000.0])
    assert np.diff(RESONATOR.dephasing(LONG, times))[0] == pytest.approx(1.487144, abs=1e-6)
    assert np.diff(RESONATOR.stark_phase(LONG, times))[0] == pytest.approx(-3.569147, abs=1e-6)
    assert RESONATOR.steady_photons() == pytest.approx([0.61538] * 2, abs=1e-5)


def test_dephasing_is_what_left_and_what_is_still_inside(seed):
    draw = np.random.default_rng(seed)
    for _ in range(50):
        resonator, pulse = random_resonator(draw, levels=3), random_pulse(draw)
        times = np.sort(draw.uniform(0, 1.5 * pulse.duration_ns, 6))
        for pair in ((0, 1), (1, 2), (2, 0)):
            both = resonator.information(pulse, times, pair) + resonator.inside(pulse, times, pair)
            assert resonator.dephasing(pulse, times, pair) == pytest.approx(both, abs=1e-12, rel=1e-10), seed


def test_fields_solve_their_equation(seed):
    scipy_integrate = pytest.importorskip("scipy.integrate")
    draw = np.random.default_rng(seed)
    for _ in range(5):
        resonator, pulse = random_resonator(draw), random_pulse(draw)
        edges = np.concatenate([[0], np.cumsum(pulse.durations_ns)])
        found = resonator.fields(pulse, edges)
        for level, detuning in enumerate(resonator.level_detunings_mhz):
            decay = math.pi * resonator.kappa_mhz + 2j * math.pi * detuning
            field = 0j
            for piece, amplitude in enumerate(pulse.amplitudes):
                drive = 2 * math.pi * resonator.drive_mhz * amplitude
                solved = scipy_integrate.solve_ivp(
                    lambda _, a, decay=decay, drive=drive: -decay * a - 1j * drive,
                    (0, pulse.durations_ns[piece] * 1e-3), [field], rtol=1e-11, atol=1e-12,
                )  # fmt: skip
                field = solved.y[0, -1]
                assert found[level, piece + 1] == pytest.approx(field, abs=1e-8), seed


def test_ring_down_carries_the_rest():
    pulse = ReadoutPulse.square(500.0)
    late = 5000.0
    further = RESONATOR.dephasing(pulse, late) - RESONATOR.dephasing(pulse, 500.0)
    left = RESONATOR.information(pulse, late) - RESONATOR.information(pulse, 500.0)
    assert further == pytest.approx(0.067287, abs=1e-6)
    assert left == pytest.approx(0.114441, abs=1e-6)
    assert left == pytest.approx(further + 0.047154, abs=1e-6)


def test_at_fixed_drive_half_the_linewidth_is_the_best_shift():
    shifts = np.linspace(2.4, 2.6, 201)
    rates = []
    for shift in shifts:
        resonator = Resonator(kappa_mhz=5.0, chi_mhz=float(shift), drive_mhz=2.0)
        rates.append(np.diff(resonator.information(LONG, [9000.0, 10_000.0]))[0])
    assert shifts[int(np.argmax(rates))] == pytest.approx(2.5, abs=1e-9)


@pytest.mark.parametrize(("photons", "chi"), [(0.01, 0.5), (0.3, 2.0), (1.0, 5.0)])
def test_thermal_photons_dephase_as_clerk_and_utami_say(photons, chi):
    resonator = Resonator(kappa_mhz=5.0, chi_mhz=chi, thermal_photons=photons)
    kappa, shift = 10 * math.pi, 4 * math.pi * chi
    inner = (1 + 1j * shift / kappa) ** 2 + 4j * shift * photons / kappa
    rate = kappa / 2 * (np.sqrt(inner) - 1).real
    assert resonator.dephasing(LONG, 1000.0) == pytest.approx(rate, rel=1e-10)


def coherence_in_fock_space(resonator, pulse, levels=22):
    """log of tr(rho_01) after the pulse: the block of the coherence alone, which obeys a linear equation of its own."""
    qutip = pytest.importorskip("qutip")
    a = qutip.destroy(levels)
    kappa = 2 * math.pi * resonator.kappa_mhz
    bath = resonator.thermal_photons
    n = a.dag() * a
    first, second = (2 * math.pi * one for one in resonator.level_detunings_mhz)
    state = qutip.operator_to_vector(qutip.thermal_dm(levels, bath) if bath else qutip.basis(levels, 0).proj())
    for duration, amplitude in zip(pulse.durations_ns, pulse.amplitudes, strict=True):
        drive = 2 * math.pi * resonator.drive_mhz * amplitude
        push = drive * a.dag() + np.conj(drive) * a
        generator = -1j * (qutip.spre(first * n + push) - qutip.spost(second * n + push))
        generator += kappa * (1 + bath) * qutip.lindblad_dissipator(a)
        if bath:
            generator += kappa * bath * qutip.lindblad_dissipator(a.dag())
        state = (generator * duration * 1e-3).expm() * state
    return complex(np.log(qutip.vector_to_operator(state).tr()))


@pytest.mark.parametrize("rounds", [2, pytest.param(100, marks=pytest.mark.deep)])
def test_coherence_and_phase_of_random_resonators_in_fock_space(seed, rounds):
    draw = np.random.default_rng(seed)
    for _ in range(rounds):
        # Two photons at most: 22 levels hold them to 1e-9.
        kappa = draw.uniform(3, 8)
        resonator = Resonator(
            kappa_mhz=kappa,
            chi_mhz=draw.uniform(-0.6, 0.6) * kappa,
            drive_mhz=draw.uniform(0.1, 0.5) * kappa,
            detuning_mhz=draw.uniform(-0.5, 0.5) * kappa,
        )
        pulse = ReadoutPulse((draw.uniform(20, 200), draw.uniform(20, 60)), (1.0, draw.uniform(-1, 1) * 1j))
        full = coherence_in_fock_space(resonator, pulse)
        assert resonator.dephasing(pulse, pulse.duration_ns) == pytest.approx(-full.real, abs=1e-7), seed
        turned = resonator.stark_phase(pulse, pulse.duration_ns) - full.imag
        assert math.remainder(turned, 2 * math.pi) == pytest.approx(0, abs=1e-7), seed


def test_a_drive_over_a_thermal_bath_in_fock_space():
    # From the bath's own state the stationary rates hold after a few 1/kappa, so differences of two times are compared.
    resonator = Resonator(kappa_mhz=5.0, chi_mhz=0.7, drive_mhz=1.5, detuning_mhz=0.4, thermal_photons=0.1)
    short, long = ReadoutPulse.square(600.0), ReadoutPulse.square(800.0)
    full = coherence_in_fock_space(resonator, long, 26) - coherence_in_fock_space(resonator, short, 26)
    dephasing = resonator.dephasing(long, 800.0) - resonator.dephasing(short, 600.0)
    phase = resonator.stark_phase(long, 800.0) - resonator.stark_phase(short, 600.0)
    assert dephasing == pytest.approx(-full.real, rel=1e-6)
    assert math.remainder(phase - full.imag, 2 * math.pi) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"kappa_mhz": 0.0}, "`kappa_mhz` must be finite and greater than 0"),
        ({"chi_mhz": (1.0,)}, "`chi_mhz` must be one finite number"),
        ({"chi_mhz": (1.0, math.nan)}, "`chi_mhz` must be one finite number"),
        ({"efficiency": 1.1}, "`efficiency` must be between 0 and 1"),
        ({"delay_ns": -1.0}, "`delay_ns` must be finite and at least 0"),
        ({"thermal_photons": math.inf}, "`thermal_photons` must be finite"),
        ({"critical_photons": 0.0}, "`critical_photons` must be greater than 0"),
        ({"phase": math.nan}, "`phase` must be finite"),
    ],
)
def test_what_a_resonator_refuses(change, words):
    with pytest.raises(InputError, match=words):
        Resonator(**{"kappa_mhz": 5.0, "chi_mhz": 0.5, **change})


def test_times_and_levels_that_are_refused():
    with pytest.raises(InputError, match="`times_ns` must be finite and at least 0"):
        RESONATOR.fields(LONG, [-1.0])
    with pytest.raises(InputError, match="`levels` must be two of 0 to 1"):
        RESONATOR.dephasing(LONG, 1.0, (0, 2))

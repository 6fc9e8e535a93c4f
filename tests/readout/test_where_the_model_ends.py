"""A transmon in its resonator, exactly: inside the range of validity the reduced model is right, beyond it warns."""

import math

import numpy as np
import pytest

from synqc.readout import ReadoutPulse, Resonator, dressing, validity

LEVELS = 8
PULSE_NS = 40.0  # over which the photons of a linewidth of 5 MHz reach two fifths of their steady number
RIGHT_WITHIN = 0.05  # of the shift, which sets dephasing, phase and information


def energy(g, detuning, anharmonicity, photons, level):
    """Of a dressed state (MHz): levels of one number of excitations keep their order as the coupling grows."""
    excitations = photons + level
    levels = np.arange(min(excitations, LEVELS - 1) + 1)
    block = np.diag(detuning * levels + anharmonicity / 2 * levels * (levels - 1.0))
    coupled = g * np.sqrt((excitations - levels[:-1]) * (levels[:-1] + 1.0))
    return np.linalg.eigvalsh(block + np.diag(coupled, 1) + np.diag(coupled, -1))[::-1][level]


def shift(g, detuning, anharmonicity, photons):
    """Half the distance of the resonator's frequencies with both levels, from so many photons to one more (MHz)."""
    steps = [
        energy(g, detuning, anharmonicity, photons + 1, level) - energy(g, detuning, anharmonicity, photons, level)
        for level in (0, 1)
    ]
    return (steps[1] - steps[0]) / 2


def random_transmon(draw):
    """Coupling, detuning and anharmonicity in MHz, below its resonator as usual."""
    detuning = -draw.uniform(1000, 3000)
    return draw.uniform(0.03, 0.12) * -detuning, detuning, -draw.uniform(150, 350)


def driven(g, detuning, anharmonicity, share):
    """Resonator of a transmon whose steady photons are a share of the critical number, and a long pulse."""
    kappa = 5.0
    critical = dressing(g_mhz=g, detuning_mhz=detuning, anharmonicity_mhz=anharmonicity, kappa_mhz=kappa)
    chi = shift(g, detuning, anharmonicity, 0)
    photons = share * critical.critical_photons
    drive = math.sqrt(photons * (kappa**2 / 4 + chi**2))
    resonator = Resonator(kappa_mhz=kappa, chi_mhz=-chi, drive_mhz=drive, critical_photons=critical.critical_photons)
    return resonator, ReadoutPulse.square(4000.0)


def test_a_shift_that_is_wrong_is_warned_of(seed):
    """A hundred random transmons and drives: whose photons shift by 5 % less than the model says, is told so."""
    draw = np.random.default_rng(seed)
    wrong, warned = [], []
    for _ in range(100):
        transmon = random_transmon(draw)
        share = math.exp(draw.uniform(math.log(0.02), math.log(3.0)))
        resonator, pulse = driven(*transmon, share)
        found = validity(resonator, pulse)
        photons = round(found.largest_photons)
        wrong.append(abs(shift(*transmon, photons) / shift(*transmon, 0) - 1) > RIGHT_WITHIN)
        warned.append(any("dispersive model does not hold" in one for one in found.problems))
        assert warned[-1] == (found.share_of_critical > 0.2), (seed, share)
    assert not any(off and not said for off, said in zip(wrong, warned, strict=True)), seed
    # Neither says all, nor nothing.
    assert 10 < sum(wrong) <= sum(warned) < 90, (seed, sum(wrong), sum(warned))


def dressed_coherence(g, detuning, anharmonicity, resonator, pulse_us, fock, levels=3):
    """Logarithm of the coherence of the two lowest dressed states by QuTiP, their resonator driven from empty."""
    qutip = pytest.importorskip("qutip")
    a = qutip.tensor(qutip.destroy(fock), qutip.qeye(levels))
    b = qutip.tensor(qutip.qeye(fock), qutip.destroy(levels))
    turn = 2 * math.pi
    # Bare resonator at 0; the drive is midway between its dressed frequencies with both levels.
    transmon = (g, detuning, anharmonicity)
    middle = sum(energy(*transmon, 1, level) - energy(*transmon, 0, level) for level in (0, 1)) / 2
    coupled = detuning * b.dag() * b + anharmonicity / 2 * b.dag() ** 2 * b**2 + g * (a.dag() * b + a * b.dag())
    energies, states = np.linalg.eigh(coupled.full() + 1e4 * (a.dag() * a + b.dag() * b).full())
    excitations = np.round(np.real(np.diag(states.conj().T @ (a.dag() * a + b.dag() * b).full() @ states))).astype(int)
    dressed = np.zeros((2, fock - 1, fock * levels), complex)
    for photons in range(fock - 1):
        for level in (0, 1):
            block = np.flatnonzero(excitations == photons + level)
            block = block[np.argsort(energies[block])[::-1]]
            vector = states[:, block[level]]
            dressed[level, photons] = vector * np.sign(vector[photons * levels + level].real)
    rotating = turn * (coupled - middle * (a.dag() * a + b.dag() * b))
    push = turn * resonator.drive_mhz * (a + a.dag())
    start = (dressed[0, 0] + dressed[1, 0]) / math.sqrt(2)
    start = qutip.Qobj(start[:, None], dims=[[fock, levels], [1, 1]])
    options = {"atol": 1e-9, "rtol": 1e-7, "nsteps": 1_000_000}
    jumps = [math.sqrt(turn * resonator.kappa_mhz) * a]
    found = []
    for hamiltonian in (rotating, rotating + push):
        state = qutip.mesolve(hamiltonian, start.proj(), [0, pulse_us], jumps, options=options).states[-1].full()
        found.append(sum(one.conj() @ state @ other for one, other in zip(dressed[0], dressed[1], strict=True)))
    # What is lost and turned without a drive is none of the photons' doing.
    return complex(np.log(found[1] / found[0]))


def error_of_the_model(draw, share, fock):
    """Of the logarithm of the coherence after the pulse, relative to it, of a random transmon; and whether it warns."""
    detuning = -draw.uniform(1000, 1400)
    g, anharmonicity = draw.uniform(0.13, 0.15) * -detuning, -draw.uniform(250, 350)
    resonator, long = driven(g, detuning, anharmonicity, share)
    pulse = ReadoutPulse.square(PULSE_NS)
    exact = dressed_coherence(g, detuning, anharmonicity, resonator, 1e-3 * PULSE_NS, fock)
    dephasing, phase = (float(of(pulse, PULSE_NS)) for of in (resonator.dephasing, resonator.stark_phase))
    turned = math.remainder(exact.imag - phase, 2 * math.pi)
    return abs(complex(exact.real + dephasing, turned)) / abs(exact.real), not validity(resonator, long).is_inside


@pytest.mark.parametrize("rounds", [1, pytest.param(100, marks=pytest.mark.deep)])
def test_the_coherence_inside_is_that_of_the_transmon(rounds, seed):
    draw = np.random.default_rng(seed)
    for _ in range(rounds):
        share = draw.uniform(0.02, 0.12)
        error, warned = error_of_the_model(draw, share, 12)
        assert error < 0.04 + 0.8 * share, (seed, share, error)
        assert not warned, (seed, share)


def test_the_coherence_beyond_is_another_and_is_warned_of(seed):
    error, warned = error_of_the_model(np.random.default_rng(seed), 1.0, 30)
    assert error > 0.3, (seed, error)
    assert warned, seed

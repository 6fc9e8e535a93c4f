"""The chain brings a mistuned register to the limit of its coherence by itself."""

import math

import numpy as np
import pytest

from synqc.protocols import Rotation, retune
from synqc.twin import HiddenQubit, IntegratedReadout, Twin


def register(seed, qubits):
    """Mistuned by up to 0.9 MHz and 15 %."""
    generator = np.random.default_rng([seed, 5])
    return [
        HiddenQubit(
            t1_us=generator.uniform(50, 120),
            tphi_us=generator.uniform(80, 300),
            detuning_khz=generator.uniform(-900, 900),
            rabi_scale=generator.uniform(0.85, 1.15),
            anharmonicity_mhz=generator.uniform(-330, -270),
            thermal_population=generator.uniform(0, 0.02),
        )
        for _ in range(qubits)
    ]


def average_error(qubit, angle):
    """True average gate error of one pulse, from its channel on the two lowest levels; leakage counts."""
    held = qubit._held_moment()
    propagators = qubit._at(held, held.detuning_khz - qubit.settings.drive_shift_khz)
    inside = [0, 1, 3, 4]
    channel = qubit._pulse(propagators, Rotation(angle))[np.ix_(inside, inside)]
    ideal = math.cos(angle / 2) * np.eye(2) - 1j * math.sin(angle / 2) * np.array([[0, 1], [1, 0]])
    process = np.trace(np.kron(ideal, ideal.conj()).conj().T @ channel).real / 4
    leaked = 1 - (channel[0, [0, 3]] + channel[3, [0, 3]]).real.sum() / 2
    return 1 - (2 * process + 1 - leaked) / 3


def worst_over_limit(seed, qubits):
    """Largest true error of a pulse over what T1 and T2 allow, over a register, after retuning."""
    hidden = register(seed, qubits)
    twin = Twin(hidden, seed=seed)
    found = retune(twin)
    assert all(one.verdict != "not determined" for one in found), (seed, [one.reasons for one in found])
    ratios = []
    for qubit, truth in zip(twin, hidden, strict=True):
        limit = qubit.gate_ns * 1e-3 * (1 / truth.t1_us + 2 / truth.t2_us) / 6
        ratios += [average_error(qubit, angle) / limit for angle in (math.pi / 2, -math.pi / 2, math.pi)]
    return max(ratios)


def test_retuned_pulses_reach_the_limit_of_coherence(seed):
    assert worst_over_limit(seed, 2) < 1.2, seed


@pytest.mark.deep
def test_five_qubits_reach_the_limit_in_twenty_of_twenty(seed):
    ratios = [worst_over_limit(seed + number, 5) for number in range(20)]
    assert max(ratios) < 1.2, (seed, ratios)


def test_before_retuning_they_do_not(seed):
    """The negative control."""
    hidden = register(seed, 2)
    for qubit, truth in zip(Twin(hidden, seed=seed), hidden, strict=True):
        limit = qubit.gate_ns * 1e-3 * (1 / truth.t1_us + 2 / truth.t2_us) / 6
        assert average_error(qubit, math.pi) > 5 * limit, seed


def test_a_qubit_that_cannot_be_seen_ends_the_chain(seed):
    """Its readout tells nothing: settings stay as they were."""
    blind = HiddenQubit(readout=IntegratedReadout(drive_mhz=1e-6))
    twin = Twin([blind], seed=seed)
    (found,) = retune(twin)
    assert found.verdict == "not determined", seed
    assert found.reasons, seed
    assert twin[0].settings.drive_shift_khz == 0.0, seed

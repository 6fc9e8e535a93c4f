"""What pulses and delays do to a twin's qubit, against closed forms and invariants."""

import math

import numpy as np
import pytest

from synqc.protocols import Delay, Rotation
from synqc.twin import HiddenQubit, Twin
from synqc.twin.transmon_propagators import TransmonPropagators

QUARTER = math.pi / 2


def populations(hidden, circuit, **twin):
    return Twin([hidden], seed=1, **twin)[0].populations(circuit)


def lasting(**parameters):
    return HiddenQubit(**{"t1_us": math.inf, "tphi_us": math.inf} | parameters)


@pytest.mark.parametrize("duration_us", [0.0, 3.0, 80.0, 400.0])
def test_excitation_decays_with_t1(duration_us):
    before = populations(HiddenQubit(t1_us=80.0), (Rotation(math.pi),))
    after = populations(HiddenQubit(t1_us=80.0), (Rotation(math.pi), Delay(duration_us)))
    # |2> feeds |1> a little: dp1/dt = -p1/T1 + 2 p2/T1 with p2 = p2(0) exp(-2 t/T1), whose solution is this.
    fed = (before[1] + 2 * before[2]) * math.exp(-duration_us / 80) - 2 * before[2] * math.exp(-duration_us / 40)
    assert after[1] == pytest.approx(fed, abs=1e-11)


def test_coherences_decay_as_their_distance_squared():
    propagators = TransmonPropagators(0.0, -300.0, down_per_us=0.0, up_per_us=0.0, tphi_us=40.0)
    kept = np.abs(np.diag(propagators.delay(7.0))).reshape(3, 3)
    distance = np.subtract.outer(np.arange(3), np.arange(3))
    assert kept == pytest.approx(np.exp(-7.0 / 40.0 * distance**2), abs=1e-12)


def test_equilibrium_is_kept_and_reached():
    hidden = HiddenQubit(t1_us=20.0, thermal_population=0.1)
    start = populations(hidden, ())
    assert start[1:] / start[:-1] == pytest.approx([1 / 9, 1 / 9], abs=1e-12)
    assert populations(hidden, (Delay(3.0),)) == pytest.approx(start, abs=1e-12)
    assert populations(hidden, (Rotation(math.pi), Delay(2000.0))) == pytest.approx(start, abs=1e-9)


@pytest.mark.parametrize("angle", [0.1, 1.0, math.pi, 2 * math.pi])
def test_an_undisturbed_pulse_turns_by_its_area(angle):
    hidden = lasting(anharmonicity_mhz=-1e5)
    assert populations(hidden, (Rotation(angle),))[1] == pytest.approx(math.sin(angle / 2) ** 2, abs=1e-5)


@pytest.mark.parametrize("phase", [0.0, QUARTER, 1.1])
def test_phases_turn_the_axis(phase):
    hidden = lasting(anharmonicity_mhz=-1e5)
    turned = populations(hidden, (Rotation(QUARTER), Rotation(QUARTER, phase)))[1]
    # A third level 1e5 MHz away shifts by Omega^2 / alpha: 1e-4 rad a pulse.
    assert turned == pytest.approx((1 + math.cos(phase)) / 2, abs=2e-4)


def test_a_qubit_above_the_drive_runs_ahead():
    hidden = lasting(detuning_khz=100.0, anharmonicity_mhz=-1e5)
    seen = populations(hidden, (Rotation(QUARTER), Delay(2.5), Rotation(QUARTER, -QUARTER)), gate_ns=2)[1]
    assert seen == pytest.approx(1.0, abs=1e-4)


def test_echo_undoes_any_detuning():
    circuit = (Rotation(QUARTER), Delay(10.0), Rotation(math.pi, QUARTER), Delay(10.0), Rotation(QUARTER))
    shares = [populations(lasting(detuning_khz=shift, anharmonicity_mhz=-1e5), circuit)[1] for shift in (0.0, 37.0)]
    # Pulses of 24 ns turn by (37 kHz x 24 ns)^2 less; nothing else may differ.
    assert shares[0] == pytest.approx(shares[1], abs=1e-4)


def test_amplitude_error_of_a_pi_pulse():
    hidden = lasting(rabi_scale=1.05, anharmonicity_mhz=-1e5)
    assert populations(hidden, (Rotation(math.pi),))[1] == pytest.approx(0.993844170298, abs=1e-5)


def test_drag_has_its_signs():
    error = {
        drag: 1 - populations(lasting(), (Rotation(math.pi, drag=drag),), gate_ns=20)[1] for drag in (-0.5, 0, 0.5, 1)
    }
    assert error[0.5] < 1e-4 < error[0] < error[-0.5]
    assert error[0.5] < error[1]


def test_leakage_falls_with_drag_and_length():
    def leakage(gate_ns, drag):
        return populations(lasting(), (Rotation(math.pi, drag=drag),), gate_ns=gate_ns)[2]

    # Leakage of a raised cosine falls as tg^-6.
    assert leakage(20, 0.0) / leakage(40, 0.0) == pytest.approx(64, rel=0.3)
    assert leakage(20, 1.0) < leakage(20, 0.0) < leakage(20, -1.0)


def test_propagators_are_completely_positive_and_keep_the_trace():
    propagators = TransmonPropagators(300.0, -250.0, down_per_us=0.05, up_per_us=0.01, tphi_us=10.0)
    for superoperator in (propagators.delay(3.0), propagators.pulse(2.0, 0.7, -300.0, 16)):
        choi = superoperator.reshape(3, 3, 3, 3).transpose(0, 2, 1, 3).reshape(9, 9)
        assert np.linalg.eigvalsh(choi).min() > -1e-12
        trace = superoperator.reshape(3, 3, 9)
        assert np.einsum("iik->k", trace) == pytest.approx(np.eye(3).ravel(), abs=1e-12)


def test_charge_parity_beats():
    hidden = lasting(parity_splitting_khz=100.0, anharmonicity_mhz=-1e5)
    seen = populations(hidden, (Rotation(QUARTER), Delay(5.0), Rotation(QUARTER)), gate_ns=2)[1]
    assert seen == pytest.approx((1 + math.cos(math.pi * 0.5)) / 2, abs=3e-3)

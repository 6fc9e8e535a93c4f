"""Pulses found by exact gradients: published-size checks of errors, limits kept, and gradients through the line."""

import numpy as np
import pytest

import synqc
from synqc.errors import DocumentError, InputError
from synqc.optimise import (
    ControlSystem,
    Cosine,
    Drag,
    Ensemble,
    Gate,
    Limits,
    LineFilter,
    OptimisedPulse,
    Quantisation,
    Samples,
    Spline,
    StateTransfer,
    Transmon,
    optimise_pulse,
    pulse_error,
)
from synqc.optimise._objective import Objective, ShapedObjective

X = Gate([[0, 1], [1, 0]])
BOUND = Limits(300.0)


def transmon(levels, **more):
    return Transmon(anharmonicity_mhz=-300.0, levels=levels, **more)


def x_pulse(levels, duration_ns, limits=BOUND, sample_ns=0.5, **more):
    return optimise_pulse(
        transmon(levels), X, limits, duration_ns=duration_ns, sample_ns=sample_ns, seed=1, threads=1, **more
    )


# What the best of a few starts reached with another optimiser: upper bounds of the true optimum, with a tenth of
# allowance where the bound is active and the optimum flat.
@pytest.mark.parametrize(
    ("levels", "duration_ns", "sample_ns", "at_most"),
    [
        (3, 5, 0.5, 1e-13),
        (3, 4, 0.5, 1e-13),
        (3, 3, 0.5, 1e-13),
        (5, 5, 0.5, 1e-12),
        (5, 4, 0.5, 1e-12),
        (5, 3, 0.5, 1.81e-2),
        pytest.param(5, 3, 0.25, 9.8e-3, marks=pytest.mark.deep),
        (7, 5, 0.5, 1e-9),
        pytest.param(7, 4, 0.5, 4.1e-6, marks=pytest.mark.deep),
        pytest.param(7, 3, 0.5, 1.81e-2, marks=pytest.mark.deep),
    ],
)
def test_an_x_gate_reaches_the_least_error_known(levels, duration_ns, sample_ns, at_most):
    iterations = 2000 if at_most < 1e-5 else 300
    pulse = x_pulse(levels, duration_ns, sample_ns=sample_ns, iterations=iterations, starts=2)
    assert pulse.error < at_most
    assert pulse.worst_limit <= 1


def test_a_short_gate_is_limited_by_its_levels_and_not_by_the_search():
    assert x_pulse(5, 3, iterations=300, starts=1).error > 1.7e-2


def test_an_optimum_of_three_levels_leaks_on_five_and_says_so():
    pulse = x_pulse(3, 4)
    assert pulse.error < 1e-13
    assert pulse.larger.levels == 5
    assert pulse.larger.error > 1e-4
    assert pulse.larger.leakage > 1e-4
    assert pulse.is_flattered
    assert "fewer levels flatter it" in str(pulse)


def test_the_error_is_that_of_the_master_equation():
    # Independent: states by `mesolve`, fidelity by its definition over the subspace.
    qubit = transmon(4)
    pulse = optimise_pulse(
        transmon(3), X, Limits(150.0), duration_ns=6, sample_ns=0.5, seed=3, threads=1, iterations=3, starts=1
    )
    H, tlist = pulse.as_hamiltonian(qubit)
    columns = [synqc.mesolve(H, np.eye(4, dtype=complex)[k], tlist, samples="steps").final_state[:2] for k in range(2)]
    M = np.array(X.unitary).conj().T @ np.array(columns).T
    fidelity = (np.trace(M @ M.conj().T).real + abs(np.trace(M)) ** 2) / 6
    found = pulse_error(qubit, X, pulse.samples_mhz, sample_ns=0.5)[0]
    assert found == pytest.approx(1 - fidelity, abs=1e-9)


def test_idle_open_qubit_has_the_error_of_decay_and_dephasing():
    # F = 1 - t (1 / T1 + 2 / T2) / 6 to first order in t; the next is (t / T)^2 of about 1e-6.
    t1_us, t2_us, duration_us = 50.0, 40.0, 0.05
    error = pulse_error(
        transmon(2, t1_us=t1_us, t2_us=t2_us), Gate(np.eye(2)), np.zeros((2, 10)), sample_ns=1e3 * duration_us / 10
    )[0]
    assert error == pytest.approx(duration_us * (1 / t1_us + 2 / t2_us) / 6, rel=2e-3)


def composite(angles, phases, steps_per_pi):
    """Rotations at 5 MHz, 100 ns for pi."""
    counts = [round(angle / np.pi * steps_per_pi) for angle in angles]
    rows = [5 * np.repeat([np.cos(p), np.sin(p)], n).reshape(2, n) for p, n in zip(phases, counts, strict=True)]
    return np.concatenate(rows, axis=1), 100 / steps_per_pi


ERRORS = (0.01, 0.05, 0.1, 0.2)
PHI = np.arccos(-1 / 4)
BB1 = composite([np.pi, np.pi, 2 * np.pi, np.pi], [0, PHI, 3 * PHI, PHI], 1)
CORPSE = composite([7 * np.pi / 3, 5 * np.pi / 3, np.pi / 3], [0, np.pi, 0], 3)
PLAIN = composite([np.pi], [0], 1)


def test_composite_pulses_have_their_known_errors():
    def errors(pulse, ensemble):
        return pulse_error(transmon(2), X, pulse[0], sample_ns=pulse[1], ensemble=ensemble)

    of_amplitude = Ensemble(amplitude_errors=ERRORS)
    of_detuning = Ensemble(detunings_mhz=tuple(5 * error for error in ERRORS))
    # Five digits are given, of which half a unit is 5e-5 of a number that begins with 1; rounding of 1 - F adds 1e-14.
    known = [
        (BB1, of_amplitude, [6.2576e-12, 9.7421e-8, 6.1632e-6, 3.7655e-4]),
        (PLAIN, of_amplitude, [1.6448e-4, 4.1039e-3, 1.63145e-2, 6.3661e-2]),
        (CORPSE, of_detuning, [4.9917e-11, 1.2950e-7, 6.9119e-6, 4.0262e-4]),
        (PLAIN, of_detuning, [6.6664e-5, 1.66507e-3, 6.64117e-3, 2.62612e-2]),
    ]
    for pulse, ensemble, expected in known:
        np.testing.assert_allclose(errors(pulse, ensemble), expected, rtol=5e-5, atol=2e-14)


@pytest.mark.parametrize(
    ("rival", "ensemble"),
    [
        (BB1, Ensemble(amplitude_errors=(-0.2, -0.1, 0.0, 0.1, 0.2))),
        (CORPSE, Ensemble(detunings_mhz=(-1.0, -0.5, 0.0, 0.5, 1.0))),
    ],
    ids=["bb1", "corpse"],
)
def test_an_ensemble_optimum_beats_the_composite_pulse_of_its_time_and_power(rival, ensemble):
    samples, sample_ns = rival
    duration_ns = samples.shape[1] * sample_ns
    pulse = optimise_pulse(
        transmon(2), X, Limits(5.0, modulus_mhz=5.0), duration_ns=duration_ns, sample_ns=duration_ns / 20,
        ensemble=ensemble, starts=4, iterations=150, seed=2, threads=1,
    )  # fmt: skip
    theirs = pulse_error(transmon(2), X, samples, sample_ns=sample_ns, ensemble=ensemble)
    assert pulse.worst_limit <= 1
    assert pulse.error < theirs.mean()
    assert pulse.member_errors.max() < theirs.max()


def gradient_error(shape, line, count, seed):
    """Largest error of the gradient of a shaped, filtered pulse against differences of fourth order."""
    ensemble = Ensemble((-0.02, 0.03), (0.0, 1.0), (0.0, 5.0), weights=tuple(range(1, 9)))
    goal = Gate(X.unitary, leakage_weight=0.5)
    objective = Objective(transmon(3), goal, ensemble, line, 0.5, 1)
    shaped = ShapedObjective(objective, shape, 12)
    assert shaped.count == count
    random = np.random.default_rng(seed)
    parameters = shape.guess(2, shaped.moments, 100.0, random)

    def cost(point):
        return objective.cost(shaped.program(point))

    _, slopes = objective.cost_and_slopes(shaped.program(parameters))
    gradient = shaped.pulled_back(parameters, slopes)
    steps = 1e-3 * np.maximum(1.0, np.abs(parameters)) * np.eye(count)
    differences = [
        (8 * (cost(parameters + s) - cost(parameters - s)) - cost(parameters + 2 * s) + cost(parameters - 2 * s))
        / (12 * s.max())
        for s in steps
    ]
    return np.abs(gradient - differences).max()


@pytest.mark.parametrize("line", [None, LineFilter((0.8, 0.15, 0.05), (1.0, -0.2, 0.05), tail_samples=3)])
@pytest.mark.parametrize(("shape", "count"), [(Samples(), 24), (Cosine(), 2), (Drag(-300.0, 6.0), 2), (Spline(5), 10)])
def test_gradients_pass_through_shape_and_line(shape, count, line):
    # Costs near 1 are known to 1e-16, and the least step is 1e-3: 1e-12 is rounding, 1e-9 is asked for.
    assert gradient_error(shape, line, count, seed=11) < 1e-9


def test_drag_reaches_its_known_error():
    # 10 ns on resonance: about 1.6e-5 is the best of the analytic family for -300 MHz.
    drag = optimise_pulse(
        transmon(5), X, BOUND, duration_ns=10, sample_ns=0.1, shape=Drag(-300.0, 10.0), start=[100.0, 0.5], threads=1
    )
    cosine = optimise_pulse(
        transmon(5), X, BOUND, duration_ns=10, sample_ns=0.1, shape=Cosine(), start=[100.0, 0.0], threads=1
    )
    assert drag.error < 2e-4
    assert drag.error < cosine.error / 10


def test_limits_are_kept_exactly():
    limits = Limits((200.0, 150.0), modulus_mhz=210.0, slew_mhz_per_ns=150.0, zero_ends=True)
    pulse = x_pulse(3, 8, limits, starts=2, iterations=300)
    x, y = pulse.samples_mhz
    assert pulse.error < 1e-6
    assert np.abs(x).max() <= 200
    assert np.abs(y).max() <= 150
    assert np.hypot(x, y).max() <= 210 * (1 + 1e-12)
    assert np.abs(np.diff(pulse.samples_mhz, prepend=0, append=0)).max() <= 150 * 0.5 * (1 + 1e-12)
    assert (pulse.samples_mhz[:, [0, -1]] == 0).all()


def test_a_spline_keeps_its_limits_too():
    limits = Limits(100.0, modulus_mhz=105.0)
    pulse = x_pulse(3, 12, limits, shape=Spline(6), starts=2, iterations=300)
    assert pulse.error < 1e-4
    assert limits.worst(pulse.samples_mhz, 0.5) <= 1


def test_a_pulse_made_for_its_line_is_better_than_one_that_ignores_it():
    line = LineFilter((0.7, 0.2), (1.0, -0.1), tail_samples=2)
    made_for_it = x_pulse(3, 6, line=line)
    ignorant = x_pulse(3, 6)
    assert made_for_it.error < 1e-10
    assert pulse_error(transmon(3), X, ignorant.samples_mhz, sample_ns=0.5, line=line)[0] > 1e-3


def test_a_filter_of_one_tap_is_a_factor():
    halved = LineFilter((0.5,)).applied(np.array([[1.0, 2.0]]))
    assert halved.tolist() == [[0.5, 1.0]]


def test_quantised_pulses_lie_on_the_grid_and_are_better_than_rounded_ones():
    grid = Quantisation(bits=8, full_scale_mhz=400.0)
    free = x_pulse(3, 6)
    stepped = x_pulse(3, 6, quantisation=grid)
    assert (grid.rounded(stepped.samples_mhz) == stepped.samples_mhz).all()
    rounded = pulse_error(transmon(3), X, grid.rounded(free.samples_mhz), sample_ns=0.5)[0]
    assert stepped.error < rounded / 3


def test_a_transfer_of_states_needs_no_gate():
    goal = StateTransfer([1, 0], [1, 1j] / np.sqrt(2), leakage_weight=1.0)
    pulse = optimise_pulse(transmon(3), goal, BOUND, duration_ns=4, sample_ns=0.5, seed=1, threads=1)
    assert pulse.error < 1e-10
    assert pulse.leakage < 1e-10


def test_a_leakage_weight_lowers_leakage_where_there_is_a_choice():
    weighted = optimise_pulse(
        transmon(5), Gate(X.unitary, leakage_weight=30.0), BOUND, duration_ns=3, sample_ns=0.5, seed=1, threads=1,
        iterations=200, starts=1,
    )  # fmt: skip
    plain = x_pulse(5, 3, iterations=200, starts=1)
    assert weighted.leakage < plain.leakage / 2


def test_any_hamiltonian_can_be_driven():
    sx, sy = np.array([[0, 1], [1, 0]]) / 2, np.array([[0, -1j], [1j, 0]]) / 2
    system = ControlSystem(np.diag([0.0, 3.0]), [sx, sy])
    pulse = optimise_pulse(system, X, Limits(50.0), duration_ns=20, sample_ns=1, seed=1, threads=1)
    assert pulse.error < 1e-12
    assert pulse.larger is None
    with pytest.raises(InputError, match="use Transmon"):
        optimise_pulse(system, X, Limits(50.0), duration_ns=20, sample_ns=1, ensemble=Ensemble(detunings_mhz=(1.0,)))


def test_the_same_seed_gives_the_same_pulse_whatever_the_threads():
    ensemble = Ensemble(amplitude_errors=(-0.01, 0.0, 0.01))
    pulses = [
        optimise_pulse(
            transmon(3), X, BOUND, duration_ns=5, sample_ns=0.5, ensemble=ensemble, iterations=20, starts=1, threads=n
        )
        for n in (1, 2)
    ]
    assert (pulses[0].samples_mhz == pulses[1].samples_mhz).all()


def test_results_are_read_back_and_drawn():
    pulse = x_pulse(3, 5, iterations=5, starts=1)
    again = OptimisedPulse.from_json(pulse.to_json())
    assert again.to_json() == pulse.to_json()
    assert "error" in pulse._repr_html_()
    assert len(pulse.plot().data) == 2
    for text in ("{}", "[]", '{"kind": "other", "version": 1, "larger": null}', "no"):
        with pytest.raises(DocumentError, match="Argument `text`"):
            OptimisedPulse.from_json(text)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"duration_ns": 5.2}, "`duration_ns` must be a whole number of samples"),
        ({"sample_ns": 0.0}, "`sample_ns` must be positive"),
        ({"starts": 0}, "`starts` must be at least 1"),
        ({"start": [1.0]}, "`start` must hold 20 numbers"),
        ({"goal": Gate([[1, 0], [1, 0]])}, "`unitary` must be unitary"),
        ({"goal": Gate([[0, 1], [1, 0]], subspace=(0, 3))}, "`subspace` must name 2 different levels below 3"),
        ({"system": Transmon(-300.0, levels=10)}, "`levels` must be between 2 and 9"),
        ({"limits": Limits((1.0, 2.0, 3.0))}, "`amplitude_mhz` must be one number or 2"),
    ],
)
def test_what_makes_no_pulse_is_refused_by_name(change, words):
    arguments = {"system": transmon(3), "goal": X, "limits": BOUND, "duration_ns": 5.0, "sample_ns": 0.5} | change
    with pytest.raises(InputError, match=words):
        optimise_pulse(**arguments)

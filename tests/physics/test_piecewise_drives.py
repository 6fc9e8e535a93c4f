"""Drives that jump, kink, flash and oscillate, against closed forms and piecewise exact propagation."""

import math
import random
import warnings

import numpy as np
import pytest

from synqc import mesolve
from synqc.benchmarks.laboratory.piecewise_drives import FAMILIES, PROMISE, drives_of
from synqc.errors import InputError, ResolutionWarning

SX = np.array([[0, 1], [1, 0]], complex)
SZ = np.diag([1.0, -1.0]).astype(complex)
UP = np.array([1, 0], complex)
LOWER = np.array([[0, 0], [1, 0]], complex)


def turned(function, times, **options):
    """<sigma_z> at the end under f(t) sigma_x: cos of twice the integral."""
    return mesolve([[SX, function]], UP, times, e_ops=[SZ], **options).expect[0][-1]


def beyond_the_promise(family, count, seed):
    return [(drive.words, error) for drive in drives_of(family, count, seed) if (error := drive.error()) > PROMISE]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("family", FAMILIES)
def test_random_piecewise_drives_keep_the_promised_error(family, seed):
    assert not beyond_the_promise(family, 12, seed), f"seed {seed}"


@pytest.mark.deep
@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("family", FAMILIES)
def test_thousands_of_random_piecewise_drives_keep_the_promised_error(family, seed):
    assert not beyond_the_promise(family, FAMILIES[family][1], seed), f"seed {seed}"


def places_of_halving(finest):
    """Every k / 2^m, and places a little beside them: inside, at and beyond the outermost samples of any piece."""
    for level in range(1, finest + 1):
        for odd in range(1, 2**level, 2):
            yield odd / 2**level
    for k in range(1, 2 ** (finest - 1)):
        for beside in (1e-13, 3e-10, 2e-7, 1e-5, 7e-5, 2e-4, 2.6e-4, 5e-4):
            yield k / 2 ** (finest - 1) + (beside if k % 2 else -beside)


def wrong_places(places, error_at):
    return [(place, error) for place in places if not (error := error_at(place)) <= 2 * PROMISE]


def error_of_a_jump(place):
    return abs(turned(lambda t: 3.0 if t < place else -1.0, [0, 1]) - math.cos(6 * place - 2 * (1 - place)))


def error_of_a_kink(place):
    area = place**2 / 2 + (1 - place) ** 2 / 2
    return abs(turned(lambda t: 4 * abs(t - place), [0, 1]) - math.cos(8 * area))


def error_of_a_jump_in_decay(place):
    """L(t) = f(t) |1><0|: the population of |0> falls by exp(-integral of f^2)."""
    found = mesolve(
        np.zeros((2, 2)), UP, [0, 1], [[LOWER, lambda t: 1.5 if t < place else 0.5]], e_ops=[np.diag([1, 0])]
    ).expect[0][-1]
    return abs(found - math.exp(-(2.25 * place + 0.25 * (1 - place))))


def error_of_a_matrix_that_jumps(place):
    found = mesolve(lambda t: (3.0 if t < place else -1.0) * SX, UP, [0, 1], e_ops=[SZ]).expect[0][-1]
    return abs(found - math.cos(6 * place - 2 * (1 - place)))


SWEPT = [error_of_a_jump, error_of_a_kink, error_of_a_jump_in_decay, error_of_a_matrix_that_jumps]


@pytest.mark.parametrize("error_at", SWEPT)
def test_a_jump_or_kink_is_found_wherever_it_lies(error_at):
    assert not wrong_places(places_of_halving(5 if error_at is error_of_a_matrix_that_jumps else 6), error_at)


@pytest.mark.deep
@pytest.mark.parametrize("error_at", SWEPT)
def test_a_jump_or_kink_is_found_on_a_fine_sweep(error_at):
    finest = 6 if error_at is error_of_a_matrix_that_jumps else 9
    assert not wrong_places([*places_of_halving(finest), *np.linspace(0.0007, 0.9993, 501).tolist()], error_at)


def test_several_jumps_within_one_piece_are_found():
    edges = [0.500, 0.507, 0.5071, 0.52, 0.5625, 0.563]

    def comb(t):
        return 20.0 if sum(t >= edge for edge in edges) % 2 else 0.0

    area = 20 * sum(right - left for left, right in zip(edges[::2], edges[1::2], strict=True))
    assert turned(comb, [0, 1]) == pytest.approx(math.cos(2 * area), abs=2 * PROMISE)


@pytest.mark.parametrize("rounding", [0, 1, 1e6])
def test_the_place_of_the_span_on_the_axis_does_not_matter(rounding):
    found = turned(lambda t: 2.0 if t - rounding < 0.3125 else 0.5, [rounding, rounding + 1])
    assert found == pytest.approx(math.cos(2 * (0.625 + 0.5 * 0.6875)), abs=2 * PROMISE)


@pytest.mark.parametrize("length", [2, 3, 4, 5, 7, 16, 33, 100, 257, 1000])
@pytest.mark.parametrize("saved", [2, 11])
def test_held_tables_of_any_length_are_exact(length, saved, seed):
    values = np.random.default_rng(seed).normal(size=length).tolist()
    found = turned(lambda t: values[min(int(t), length - 1)], np.linspace(0, length, saved))
    assert found == pytest.approx(math.cos(2 * sum(values)), abs=2 * PROMISE), f"seed {seed}"


@pytest.mark.parametrize("length", [3, 17, 100])
def test_joined_tables_have_the_area_of_their_trapezia(length, seed):
    values = np.random.default_rng(seed).normal(size=length)
    found = turned(lambda t: np.interp(t, np.arange(length), values), [0, length - 1])
    assert found == pytest.approx(math.cos(2 * np.trapezoid(values)), abs=2 * PROMISE), f"seed {seed}"


def test_step_coefficients_of_qutip_are_followed(seed):
    qutip = pytest.importorskip("qutip")
    values = np.random.default_rng(seed).normal(size=41)
    evolving = qutip.QobjEvo([[qutip.sigmax(), values]], tlist=np.linspace(0, 10, 41), order=0)
    found = mesolve(evolving, UP, [0, 10], e_ops=[SZ]).expect[0][-1]
    assert found == pytest.approx(math.cos(2 * values[:-1].sum() / 4), abs=2 * PROMISE), f"seed {seed}"


@pytest.mark.parametrize("cycles", [10, 100, 1000, 10_000])
def test_oscillations_are_followed_by_their_number(cycles):
    calls = []

    def wave(t):
        calls.append(t)
        return cycles * math.cos(2 * math.pi * cycles * t)

    place = 1 - 0.3 / cycles  # integral: sin(2 pi cycles place) / (2 pi)
    found = turned(wave, [0, place])
    assert found == pytest.approx(math.cos(math.sin(2 * math.pi * cycles * place) / math.pi), abs=2 * PROMISE)
    assert len(calls) < 1500 + 200 * cycles


def test_a_weak_fast_drive_is_not_stepped_over():
    """One step would do for so weak a drive, if it did not oscillate; 300 cycles and a part add up to the part."""
    height, omega = 0.02, 2 * math.pi * 300.2
    found = turned(lambda t: height * omega / 100 * math.sin(omega * t), [0, 1])
    area = height / 100 * (1 - math.cos(omega))
    assert found == pytest.approx(math.cos(2 * area), abs=1e-8)


def test_no_function_is_called_outside_the_span():
    asked = []

    def recorded(t):
        asked.extend(np.atleast_1d(t).tolist())
        return 1.0 if t < 2.5 else 0.3 * t

    def recorded_matrix(t):
        return recorded(t) * SX

    def recorded_arrays(t):
        asked.extend(np.atleast_1d(t).tolist())
        return np.where(np.asarray(t) < 2.5, 1.0, 0.3 * np.asarray(t))

    times = [2.0, 2.25, 3.0]
    for hamiltonian in ([[SX, recorded]], recorded_matrix, [[SX, recorded_arrays]]):
        asked.clear()
        mesolve(hamiltonian, UP, times, [[LOWER, recorded]], e_ops=[SZ])
        assert min(asked) >= 2.0
        assert max(asked) <= 3.0


def window(begin, width):
    return lambda t: math.pi / 4 / width if begin <= t < begin + width else 0.0


@pytest.mark.filterwarnings("error")
def test_a_window_of_the_stated_width_is_found_wherever_it_lies():
    for begin in np.linspace(0, 1 - 1 / 500, 211).tolist():
        assert turned(window(begin, 1 / 500), [0, 1]) == pytest.approx(0, abs=2 * PROMISE), begin


@pytest.mark.filterwarnings("error")
def test_a_longest_step_or_breakpoints_show_what_is_narrower():
    narrow, begin = 2e-6, 0.7123
    with pytest.warns(ResolutionWarning, match=r"`H\[0\]\[1\]`.*narrower than 0\.00012.*`breakpoints=`.*`max_step=`"):
        assert turned(window(begin, narrow), [0, 1]) == 1.0
    assert turned(window(begin, narrow), [0, 1], max_step=narrow) == pytest.approx(0, abs=2 * PROMISE)
    edges = [begin, begin + narrow]
    assert turned(window(begin, narrow), [0, 1], breakpoints=edges) == pytest.approx(0, abs=2 * PROMISE)


@pytest.mark.filterwarnings("error")
def test_looks_become_as_fine_as_the_narrowest_feature_seen():
    """The second flash is too narrow for the first looks, but not narrower than the first, which a saved time hits."""
    first, second, width = window(0.25, 4e-4), window(0.61283, 4e-4), 4e-4
    found = turned(lambda t: first(t) + second(t), [0, 0.25 + width / 2, 1])
    assert found == pytest.approx(-1, abs=2 * PROMISE)


def test_a_smooth_drive_or_a_wide_window_needs_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for function in (
            lambda t: math.exp(-(((t - 0.5) / 0.02) ** 2)),
            lambda t: 1.0 if 0.2 < t < 0.7 else 0.0,
            lambda t: math.sin(math.pi * min(max((t - 0.3) / 0.2, 0.0), 1.0)) ** 2,
            lambda t: 1 + t,
        ):
            turned(function, [0, 1])


def test_a_matrix_whose_elements_move_at_different_times_is_followed():
    """The second element moves in a window that none of the first samples of a matrix sees."""
    begin, width = 0.40031, 1 / 450
    hamiltonian = lambda t: 0.3 * t * np.eye(2) + window(begin, width)(t) * SX  # noqa: E731
    assert mesolve(hamiltonian, UP, [0, 1], e_ops=[SZ]).expect[0][-1] == pytest.approx(0, abs=2 * PROMISE)


@pytest.mark.parametrize(
    ("returned", "words"), [(np.array([1.0]), r"an array of shape \(1,\)"), (None, "NoneType"), ("1", "str")]
)
def test_a_function_that_returns_no_number_is_named(returned, words):
    with pytest.raises(InputError, match=rf"Argument `H\[0\]\[1\]` must .* number, but one returned {words} at time"):
        turned(lambda t: returned, [0, 1])


def test_noise_is_refused_with_its_place():
    noise = random.Random(1)
    with pytest.raises(InputError, match=r"Argument `H\[0\]\[1\]` must .* needs more near t = 0.*: noise"):
        turned(lambda t: noise.random(), [0, 1])

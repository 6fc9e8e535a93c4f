"""Arithmetic of estimates: errors against sampling and the package uncertainties; one quantity used twice is one."""

import math
import operator
import pickle

import numpy as np
import pytest

import synqc
from synqc.lab.estimate import Estimate

F, G = Estimate(0.9, 0.01, 0.4), Estimate(0.7, 0.02, -0.3)
FUNCTIONS = {
    "sum": lambda f, g: f + g,
    "difference with a number": lambda f, g: 1 - f - 2 * g,
    "product": lambda f, g: f * g,
    "ratio": lambda f, g: f / g,
    "number over it": lambda f, g: 3 / f + g,
    "share": lambda f, g: f / (f + g),
    "contrast": lambda f, g: (f - g) / (f + g),
    "powers": lambda f, g: f**2 - g**0.5 + f**-1.5,
    "signs": lambda f, g: -f + g + (+f) * 3,
    "total": lambda f, g: sum([f, g, f, 1]),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_errors_and_skewness_are_those_of_the_spread(name, seed):
    """Sampled with deviations so small that a function is straight over them: what is left is of first order."""
    function, scale, count = FUNCTIONS[name], 1e-3, 200_000
    draw = np.random.default_rng(seed)

    def samples(one):
        shape = 4 / one.skewness**2  # of the gamma distribution with this skewness
        return one.value + scale * one.standard_error * np.sign(one.skewness) * (
            (draw.gamma(shape, size=count) - shape) / math.sqrt(shape)
        )

    found = function(*(Estimate(one.value, scale * one.standard_error, one.skewness) for one in (F, G)))
    values = function(samples(F), samples(G))
    spread = values.std()
    assert found.value == pytest.approx(values.mean(), abs=5 * spread / math.sqrt(count)), seed
    assert found.standard_error == pytest.approx(spread, rel=5 / math.sqrt(count)), seed
    skewness = float(np.mean(((values - values.mean()) / spread) ** 3))
    assert found.skewness == pytest.approx(skewness, abs=6 * math.sqrt(6 / count)), seed


@pytest.mark.parametrize("name", FUNCTIONS)
def test_values_and_errors_are_those_of_uncertainties(name):
    uncertainties = pytest.importorskip("uncertainties")
    function = FUNCTIONS[name]
    theirs = function(*(uncertainties.ufloat(one.value, one.standard_error) for one in (F, G)))
    ours = function(F, G)
    assert ours.value == pytest.approx(theirs.nominal_value, rel=1e-14)
    assert ours.standard_error == pytest.approx(theirs.std_dev, rel=1e-12)
    exported = ours.to_ufloat()
    assert exported.std_dev == pytest.approx(theirs.std_dev, rel=1e-12)
    assert (exported - F.to_ufloat() + F.to_ufloat()).std_dev == pytest.approx(theirs.std_dev, rel=1e-12)


def test_one_quantity_used_twice_is_one_quantity():
    nothing, again = F - F, (F + G) - G
    assert nothing == Estimate(0.0, 0.0)
    assert again.value == pytest.approx(F.value)
    assert (again.standard_error, again.skewness) == pytest.approx((F.standard_error, F.skewness))
    assert (F / F).standard_error == 0
    beside = Estimate(F.value, F.standard_error, F.skewness)
    assert beside == F
    assert (beside - F).standard_error == pytest.approx(math.sqrt(2) * F.standard_error)
    kept, difference = pickle.loads(pickle.dumps((F, F - G)))
    assert (difference - kept).standard_error == pytest.approx(G.standard_error)


def test_figures_of_a_run_are_quantities():
    run = synqc.Experiment(qubits=1).run(200, seed=1)
    assert (run.fidelity - run.fidelity).standard_error == 0
    other = synqc.Experiment(qubits=1).run(200, seed=2)
    gain = run.fidelity - other.fidelity
    assert gain.standard_error == pytest.approx(math.hypot(run.fidelity.standard_error, other.fidelity.standard_error))


def test_exact_and_unknown_errors_stay_so():
    exact, unknown = Estimate(2.0, 0.0), Estimate(0.5, math.nan)
    assert (exact * 3 + exact**0.5).standard_error == 0
    assert math.isnan((exact + unknown).standard_error)
    assert (unknown - unknown) == Estimate(0.0, 0.0)
    assert Estimate(0.0, 0.0) ** 0.5 == Estimate(0.0, 0.0)


def test_a_size_is_that_of_the_value():
    assert abs(-F) == F
    assert abs(F) is F
    assert (abs(-F) - F).standard_error == 0


def test_order_is_that_of_values():
    assert F > G >= 0.7 > 0.5
    assert 0.5 < G <= F < 1
    assert np.float64(0.5) < G < np.float64(0.75)
    assert sorted([F, G]) == [G, F]
    assert max(F, G) is F


def test_numbers_of_numpy_keep_the_error():
    for number in (np.float64(2), np.int32(2), np.float32(2)):
        assert (number * F).standard_error == (F * number).standard_error == pytest.approx(0.02)
        assert isinstance(number - F, Estimate)
    column = np.array([F, G])
    assert column.dtype == object
    assert (column * 2)[1].standard_error == pytest.approx(0.04)
    assert np.array([F, G], dtype=float).tolist() == [0.9, 0.7]
    with pytest.raises(TypeError):
        np.sqrt(F)


def test_a_column_of_pandas_keeps_the_error():
    pandas = pytest.importorskip("pandas")
    column = pandas.Series([F, G])
    assert column.dtype == object
    assert (1 - column)[0].standard_error == pytest.approx(0.01)
    assert column.astype(float).tolist() == [0.9, 0.7]


@pytest.mark.parametrize("operation", [operator.add, operator.sub, operator.mul, operator.truediv, operator.lt])
@pytest.mark.parametrize("other", ["0.5", None, [1.0], 1j])
def test_other_things_are_refused(operation, other):
    with pytest.raises(TypeError):
        operation(F, other)
    with pytest.raises(TypeError):
        operation(other, F)


def test_a_power_that_is_no_real_number_is_refused():
    with pytest.raises(ValueError, match=r"no real power 0\.5"):
        Estimate(-0.1, 0.2) ** 0.5


def test_it_rounds_and_unpacks():
    assert round(F, 1) == 0.9
    assert round(F) == 1
    assert tuple(F) == (0.9, 0.01)

"""Numbers have the distribution that was named: Kolmogorov and Smirnov's test, and chi squared's.

A p-value below 1e-6 is met once in ten thousand runs of this file; 2 % off in a parameter gives one far below.
"""

import numpy as np
import pytest
from drawn_seed import drawn_seed
from scipy import stats

from synqc import generate
from synqc.errors import InputError

SEED = drawn_seed(__name__)
ROWS = 200_000
LEAST_P = 1e-6

CONTINUOUS = {
    "uniform": ({"low": -2, "high": 5}, stats.uniform(-2, 7)),
    "normal": ({"mean": 3, "deviation": 2}, stats.norm(3, 2)),
    "log_normal": ({"mean": 1, "deviation": 0.5}, stats.lognorm(0.5, scale=np.e)),
    "half_normal": ({"scale": 2}, stats.halfnorm(scale=2)),
    "exponential": ({"scale": 4}, stats.expon(scale=4)),
    "gamma": ({"shape": 0.6, "scale": 2}, stats.gamma(0.6, scale=2)),
    "inverse_gamma": ({"shape": 3, "scale": 2}, stats.invgamma(3, scale=2)),
    "beta": ({"first_shape": 0.5, "second_shape": 2.5}, stats.beta(0.5, 2.5)),
    "chi_squared": ({"degrees": 5}, stats.chi2(5)),
    "student_t": ({"degrees": 4, "location": 1, "scale": 2}, stats.t(4, 1, 2)),
    "fisher_f": ({"first_degrees": 5, "second_degrees": 9}, stats.f(5, 9)),
    "weibull": ({"shape": 1.7, "scale": 3}, stats.weibull_min(1.7, scale=3)),
    "pareto": ({"shape": 2.5, "scale": 3}, stats.pareto(2.5, scale=3)),
    "power": ({"shape": 2.2}, stats.powerlaw(2.2)),
    "gumbel": ({"location": 1, "scale": 2}, stats.gumbel_r(1, 2)),
    "logistic": ({"location": 1, "scale": 2}, stats.logistic(1, 2)),
    "laplace": ({"location": 1, "scale": 2}, stats.laplace(1, 2)),
    "cauchy": ({"location": 1, "scale": 2}, stats.cauchy(1, 2)),
    "rayleigh": ({"scale": 2}, stats.rayleigh(scale=2)),
    "triangular": ({"low": 1, "mode": 2, "high": 6}, stats.triang(0.2, 1, 5)),
    "log_uniform": ({"low": 0.1, "high": 100}, stats.loguniform(0.1, 100)),
    "log_logistic": ({"shape": 3, "scale": 2}, stats.fisk(3, scale=2)),
    "generalized_extreme_value": ({"shape": 0.2, "location": 1, "scale": 2}, stats.genextreme(-0.2, 1, 2)),
    "generalized_pareto": ({"shape": -0.3, "location": 1, "scale": 2}, stats.genpareto(-0.3, 1, 2)),
    "gompertz": ({"shape": 0.3, "scale": 2}, stats.gompertz(0.3, scale=2)),
    "maxwell": ({"scale": 2}, stats.maxwell(scale=2)),
    "chi": ({"degrees": 3.5, "scale": 2}, stats.chi(3.5, scale=2)),
    "nakagami": ({"shape": 0.8, "spread": 4}, stats.nakagami(0.8, scale=2)),
    "generalized_gamma": ({"shape": 2, "power": 0.7, "scale": 3}, stats.gengamma(2, 0.7, scale=3)),
    "generalized_normal": ({"power": 1.5, "location": 1, "scale": 2}, stats.gennorm(1.5, 1, 2)),
    "skew_normal": ({"slant": -3, "location": 1, "scale": 2}, stats.skewnorm(-3, 1, 2)),
    "rice": ({"distance": 3, "scale": 2}, stats.rice(1.5, scale=2)),
    "wald": ({"mean": 2, "shape": 3}, stats.invgauss(2 / 3, scale=3)),
    "von_mises": ({"direction": 0.5, "concentration": 2}, stats.vonmises(2, 0.5)),
    "noncentral_chi_squared": ({"degrees": 3, "noncentrality": 4}, stats.ncx2(3, 4)),
    "noncentral_f": ({"first_degrees": 3, "second_degrees": 8, "noncentrality": 2}, stats.ncf(3, 8, 2)),
}


class Square:
    """The square of a number of another distribution."""

    def __init__(self, root):
        self.root = root

    def cdf(self, x):
        return self.root.cdf(np.sqrt(x)) - self.root.cdf(-np.sqrt(x))


# Where the formula is another one.
EDGES = {
    "extreme values without a tail": (
        "generalized_extreme_value",
        {"shape": 0, "location": 1, "scale": 2},
        stats.gumbel_r(1, 2),
    ),
    "extreme values with an end": (
        "generalized_extreme_value",
        {"shape": -0.4, "location": 1, "scale": 2},
        stats.genextreme(0.4, 1, 2),
    ),
    "excesses without a tail": ("generalized_pareto", {"shape": 0, "location": 1, "scale": 2}, stats.expon(1, 2)),
    "excesses with a tail": (
        "generalized_pareto",
        {"shape": 0.5, "location": 1, "scale": 2},
        stats.genpareto(0.5, 1, 2),
    ),
    "no slant": ("skew_normal", {"slant": 0, "location": 1, "scale": 2}, stats.norm(1, 2)),
    "a small slant": ("skew_normal", {"slant": 0.7, "location": 1, "scale": 2}, stats.skewnorm(0.7, 1, 2)),
    "no distance": ("rice", {"distance": 0, "scale": 2}, stats.rayleigh(scale=2)),
    "a long passage": ("wald", {"mean": 100, "shape": 0.5}, stats.invgauss(200, scale=0.5)),
    "one degree": ("noncentral_chi_squared", {"degrees": 1, "noncentrality": 4}, Square(stats.norm(2))),
    "far from the point": ("noncentral_chi_squared", {"degrees": 3, "noncentrality": 900}, stats.ncx2(3, 900)),
    "one degree above": (
        "noncentral_f",
        {"first_degrees": 1, "second_degrees": 8, "noncentrality": 2},
        Square(stats.nct(8, 2**0.5)),
    ),
    "nearly no direction": ("von_mises", {"direction": 0, "concentration": 1e-7}, stats.uniform(-np.pi, 2 * np.pi)),
    "nearly one direction": ("von_mises", {"direction": -2, "concentration": 1e6}, stats.norm(-2, 1e-3)),
}
WHOLE = {
    "uniform": ({"low": -3, "high": 8}, stats.randint(-3, 9)),
    "poisson": ({"mean": 7.5}, stats.poisson(7.5)),
    "binomial": ({"trials": 20, "probability": 0.3}, stats.binom(20, 0.3)),
    "geometric": ({"probability": 0.25}, stats.geom(0.25)),
    "negative_binomial": ({"successes": 2.5, "probability": 0.4}, stats.nbinom(2.5, 0.4)),
    "hypergeometric": ({"marked": 12, "unmarked": 20, "drawn": 9}, stats.hypergeom(32, 12, 9)),
    "zipf": ({"exponent": 1.3, "ranks": 50}, stats.zipfian(1.3, 50)),
    "log_series": ({"probability": 0.7}, stats.logser(0.7)),
}


SEARCHED_LONG = ("noncentral_chi_squared", "noncentral_f", "rice")  # of which a quantile is a search among sums


def made(column, others=(), correlations=(), rows=ROWS):
    table = generate.Table({"x": column, **dict(others)}, name=repr(column), correlations=correlations)
    return generate.make(table, rows=rows, seed=SEED)


def p_of_whole(values, expected):
    """Chi squared over values that are expected twenty times at least; the rest is one class."""
    numbers, counts = np.unique(values, return_counts=True)
    probabilities = expected.pmf(numbers)
    often = probabilities * len(values) >= 20
    observed = np.append(counts[often], len(values) - counts[often].sum())
    wanted = np.append(probabilities[often], 1 - probabilities[often].sum()) * len(values)
    if wanted[-1] < 20:
        observed, wanted = observed[:-1], wanted[:-1] * observed[:-1].sum() / wanted[:-1].sum()
    return stats.chisquare(observed, wanted, sum_check=False).pvalue


def test_every_distribution_is_tested():
    assert set(CONTINUOUS) == set(generate.distributions())
    assert set(WHOLE) == set(generate.distributions(whole=True))


@pytest.mark.parametrize("name", CONTINUOUS)
def test_numbers_have_their_distribution(name):
    parameters, expected = CONTINUOUS[name]
    p = stats.kstest(made(generate.Number(name, parameters)).column("x"), expected.cdf).pvalue
    assert p > LEAST_P, f"seed {SEED}: p = {p}"


@pytest.mark.parametrize("edge", EDGES)
def test_edges_of_parameters_have_their_distribution(edge):
    name, parameters, expected = EDGES[edge]
    p = stats.kstest(made(generate.Number(name, parameters), rows=50_000).column("x"), expected.cdf).pvalue
    assert p > LEAST_P, f"seed {SEED}: p = {p}"


def cut_at(expected, first, last):
    """A distribution within two of its quantiles: its bounds and its distribution function."""
    low, high = float(expected.ppf(first)), float(expected.ppf(last))
    return (low, high), lambda x: (expected.cdf(x) - expected.cdf(low)) / (expected.cdf(high) - expected.cdf(low))


@pytest.mark.parametrize(("first", "last"), [(0.02, 0.9), (0.4, 0.45), (0.97, 0.999)])
@pytest.mark.parametrize("name", CONTINUOUS)
def test_a_cut_distribution_keeps_its_shape_between_its_bounds(name, first, last):
    parameters, expected = CONTINUOUS[name]
    bounds, distribution = cut_at(expected, first, last)
    cut = generate.Number(name, parameters, bounds=bounds)
    x = made(cut, rows=500 if name in SEARCHED_LONG else 4000).column("x")
    assert bounds[0] <= x.min()
    assert x.max() <= bounds[1]
    p = stats.kstest(x, distribution).pvalue
    assert p > LEAST_P, f"seed {SEED}: p = {p}"
    rest = generate.make(generate.Table({"x": cut}, name=repr(cut)), rows=100, first_row=345, seed=SEED)
    np.testing.assert_array_equal(rest.column("x"), x[345:445])


@pytest.mark.parametrize("name", CONTINUOUS)
def test_a_cut_distribution_may_be_correlated(name):
    parameters, expected = CONTINUOUS[name]
    bounds, distribution = cut_at(expected, 0.1, 0.8)
    x = made(
        generate.Number(name, parameters, bounds=bounds),
        {"y": generate.Number("normal", {"mean": 0, "deviation": 1})},
        [generate.Correlations(["y", "x"], [[1, 0.7], [0.7, 1]])],
        rows=300 if name in SEARCHED_LONG else 3000,
    ).column("x")
    assert bounds[0] <= x.min()
    assert x.max() <= bounds[1]
    p = stats.kstest(x, distribution).pvalue
    assert p > LEAST_P, f"seed {SEED}: p = {p}"


def test_a_cut_may_be_far_out():
    """What lies there is known: beyond 20 deviations a normal is an exponential of rate 20, and a bit."""
    x = made(generate.Number("normal", {"mean": 0, "deviation": 1}, bounds=(20, 40)), rows=20_000).column("x")
    tail = stats.norm.sf(20)
    p = stats.kstest(x, lambda at: 1 - stats.norm.sf(at) / tail).pvalue
    assert p > LEAST_P, f"seed {SEED}: p = {p}"
    x = made(generate.Number("gumbel", {"location": 0, "scale": 1}, bounds=(45, 60)), rows=20_000).column("x")
    p = stats.kstest(x, lambda at: (1 - np.exp(45 - at)) / (1 - np.exp(-15.0))).pvalue
    assert p > LEAST_P, f"seed {SEED}: p = {p}"


def test_rounded_numbers_stay_within_bounds():
    x = made(generate.Number("exponential", {"scale": 1}, decimals=1, bounds=(0.1, 0.4)), rows=5000).column("x")
    assert set(x) == {0.1, 0.2, 0.3, 0.4}


@pytest.mark.parametrize("name", WHOLE)
def test_whole_numbers_have_their_distribution(name):
    parameters, expected = WHOLE[name]
    p = p_of_whole(made(generate.Integer(name, parameters)).column("x"), expected)
    assert p > LEAST_P, f"seed {SEED}: p = {p}"


@pytest.mark.parametrize("name", CONTINUOUS)
def test_correlated_numbers_keep_their_distribution_and_have_their_rank_correlation(name):
    parameters, expected = CONTINUOUS[name]
    rows = made(
        generate.Number(name, parameters),
        {"y": generate.Number("normal", {"mean": 0, "deviation": 1})},
        [generate.Correlations(["y", "x"], [[1, 0.7], [0.7, 1]])],
        rows=1000 if name in SEARCHED_LONG else 20_000,
    )
    x, y = rows.column("x"), rows.column("y")
    p = stats.kstest(x, expected.cdf).pvalue
    assert p > LEAST_P, f"seed {SEED}: p = {p}"
    # Standard error of Spearman's rho here: below (1 - 0.7^2) 1.1 / sqrt(n) = 0.004, or 0.018.
    assert abs(stats.spearmanr(x, y).statistic - 0.7) < 5 * 0.57 / len(x) ** 0.5, f"seed {SEED}"


def test_what_numpy_draws_from_is_here():
    """By NumPy's name: `Generator`'s distributions of one number. `standard_` ones have parameters here."""
    here = {
        "chisquare": "chi_squared", "f": "fisher_f", "lognormal": "log_normal", "standard_t": "student_t",
        "noncentral_chisquare": "noncentral_chi_squared", "vonmises": "von_mises", "logseries": "log_series",
        "integers": "uniform", "random": "uniform",
    }  # fmt: skip
    other = {"bytes", "choice", "permutation", "permuted", "shuffle", "spawn"}  # Pattern, Category, UniqueInteger
    several = {"dirichlet", "multinomial", "multivariate_hypergeometric", "multivariate_normal"}  # Correlations
    known = {*generate.distributions(), *generate.distributions(whole=True)}
    drawn = (
        {name for name in dir(np.random.Generator) if not name.startswith("_")} - other - several - {"bit_generator"}
    )
    assert {name for name in drawn if here.get(name, name.removeprefix("standard_")) not in known} == set()


@pytest.mark.parametrize("name", WHOLE)
def test_correlated_whole_numbers_keep_their_distribution(name):
    parameters, expected = WHOLE[name]
    rows = made(
        generate.Integer(name, parameters),
        {"y": generate.Number("normal", {"mean": 0, "deviation": 1})},
        [generate.Correlations(["y", "x"], [[1, -0.5], [-0.5, 1]])],
        rows=50_000,
    )
    p = p_of_whole(rows.column("x"), expected)
    assert p > LEAST_P, f"seed {SEED}: p = {p}"
    assert stats.spearmanr(rows.column("x"), rows.column("y")).statistic < -0.3, f"seed {SEED}"


def test_numbers_are_rounded_to_their_decimals():
    values = made(generate.Number("normal", {"mean": 0, "deviation": 100}, decimals=2), rows=10_000).column("x")
    exact = made(generate.Number("normal", {"mean": 0, "deviation": 100}), rows=10_000).column("x")
    np.testing.assert_array_equal(values, np.round(values, 2))
    assert np.abs(values).max() > 300
    # Tables are named after their column, so that these are two draws.
    assert not np.array_equal(np.round(exact, 2), values)


def test_missing_values_are_as_many_as_their_rate_and_independent_of_values():
    rows = made(generate.Number("normal", {"mean": 0, "deviation": 1}, null_rate=0.2))
    valid = rows.valid("x")
    assert abs((~valid).mean() - 0.2) < 5 * np.sqrt(0.2 * 0.8 / ROWS), f"seed {SEED}"
    assert np.isnan(rows.column("x")).sum() == (~valid).sum()
    p = stats.kstest(rows.column("x")[valid], stats.norm.cdf).pvalue
    assert p > LEAST_P, f"seed {SEED}: p = {p}"


def test_neighbouring_rows_columns_and_seeds_are_uncorrelated():
    table = generate.Table({name: generate.Number() for name in "abc"})
    some, others = (generate.make(table, rows=ROWS, seed=seed) for seed in (SEED, SEED + 1))
    a, b, c = (some.column(name) for name in "abc")
    for one, other in ((a[1:], a[:-1]), (a[8:], a[:-8]), (a[16:], a[:-16]), (a, b), (b, c), (a, others.column("a"))):
        assert abs(np.corrcoef(one, other)[0, 1]) < 5 / np.sqrt(ROWS), f"seed {SEED}"


def test_categories_and_truth_values_are_as_likely_as_their_weights():
    rows = made(generate.Category(["a", "b", "c"], [1, 0, 3]), {"t": generate.Boolean(0.9)})
    words, counts = np.unique(rows.column("x").astype(str), return_counts=True)
    assert words.tolist() == ["a", "c"]
    assert abs(counts[0] / ROWS - 0.25) < 5 * np.sqrt(0.25 * 0.75 / ROWS), f"seed {SEED}"
    assert abs(rows.column("t").mean() - 0.9) < 5 * np.sqrt(0.09 / ROWS), f"seed {SEED}"
    assert made(generate.Category([1.5, 2.5]), rows=50).column("x").dtype == np.float64
    assert made(generate.Category([1, 2]), rows=50).column("x").dtype == np.int64


def test_moments_are_uniform_within_their_bounds():
    rows = made(
        generate.Moment("2024-01-01", "2024-01-02", "1h"), {"d": generate.Moment("1969-12-30", "1970-01-03", "1d")}
    )
    hours = (rows.column("x") - np.datetime64("2024-01-01")) / np.timedelta64(1, "h")
    assert p_of_whole(hours.astype(int), stats.randint(0, 24)) > LEAST_P, f"seed {SEED}"
    assert set(rows.column("d").astype(str)) == {"1969-12-30", "1969-12-31", "1970-01-01", "1970-01-02"}


def test_a_foreign_key_may_prefer_some_rows():
    parent = generate.Table({"id": generate.Sequence(10, 5)}, name="parent")
    key = generate.ForeignKey(parent, "id", 4, "binomial", {"trials": 3, "probability": 0.5})
    rows = (made(key).column("x") - 10) / 5
    assert p_of_whole(rows.astype(int), stats.binom(3, 0.5)) > LEAST_P, f"seed {SEED}"


@pytest.mark.parametrize(
    ("column", "words"),
    [
        (generate.Number("norm", {}), "Argument `distribution` must be one of uniform, normal"),
        (generate.Number("normal", {"mean": 0}), "must have `deviation`"),
        (
            generate.Number("normal", {"mean": 0, "deviation": -1}),
            "`deviation` of `normal` must be finite and greater than 0",
        ),
        (generate.Number("normal", {"mean": float("nan"), "deviation": 1}), "`mean` of `normal` must be finite"),
        (generate.Number(decimals=16), "Argument `decimals` must be between 0 and 15, but is 16"),
        (generate.Number(null_rate=1.5), "Argument `null_rate` must be between 0 and 1, but is 1.5"),
        (generate.Integer("uniform", {"low": 0.5, "high": 2}), "Argument `low` must be a whole number, but is 0.5"),
        (generate.Integer("uniform", {"low": 3, "high": 2}), "Argument `high` must be at least `low` = 3, but is 2"),
        (generate.Number(bounds=(1, 0)), "Argument `bounds` must be two numbers in order, but is (1, 0)"),
        (generate.Number(bounds=3), "Argument `bounds` must be two numbers in order, but is 3"),
        (generate.Number(bounds=(0, "1")), "Argument `bounds` must be a number, but is '1'"),
        (generate.Number(bounds=(0, float("inf"))), "Argument `bounds` must be finite"),
        (
            generate.Number(bounds=(2, 3)),
            "must leave something of uniform, but there is a probability of 0 from 2 to 3",
        ),
        (generate.Number(bounds=(0.05, 1), decimals=1), "Argument `bounds` must have at most 1 decimals"),
        (
            generate.Number("normal", {"mean": 0, "deviation": 1}, bounds=(1, 1 + 1e-12)),
            "must leave something of normal",
        ),
        (generate.Number("rice", {"distance": -1, "scale": 1}), "Argument `distance` of `rice`"),
        (
            generate.Number("von_mises", {"direction": 0, "concentration": 1e7}),
            "Argument `concentration` of `von_mises`",
        ),
        (
            generate.Number("noncentral_chi_squared", {"degrees": 2, "noncentrality": -1}),
            "Argument `noncentrality` of `noncentral_chi_squared`",
        ),
        (
            generate.Number("noncentral_chi_squared", {"degrees": 0.5, "noncentrality": 1}),
            "Argument `degrees` of `noncentral_chi_squared` must be at least 1, but is 0.5",
        ),
        (generate.Category([]), "Argument `values` must be texts or numbers"),
        (generate.Category(["a", 1]), "Argument `values` must be texts or numbers, all of one type"),
        (generate.Category(["a"], [1, 2]), "Argument `weights` must be 1 numbers"),
        (generate.Boolean(2), "Argument `probability` must be between 0 and 1"),
        (generate.Pattern("(?=x)"), "but has a look-ahead assertion at character 2"),
        (generate.Pattern("a|b", unique=True), "Argument `unique` must be false for this pattern"),
        (generate.Moment("yesterday"), "Argument `start` must be a moment in ISO 8601, but is 'yesterday'"),
        (generate.Moment(resolution="1 fortnight"), "Argument `resolution` must be a timedelta, or digits and a unit"),
        (generate.Moment("2024-01-01", "2023-01-01"), "Argument `end` must be after `start`"),
        (generate.LocaleText("shoe", "en"), "Argument `field` must be one of first_name"),
        (generate.LocaleText("city", "tlh"), "Argument `locale` must be one of ar"),
        (
            generate.ForeignKey(generate.Table({"n": generate.Number()}), "n", 3),
            "must name a column of distinct values",
        ),
        (
            generate.ForeignKey(generate.Table({"n": generate.Number()}), "m", 3),
            "must name a column of the other table (n)",
        ),
    ],
)
def test_what_is_wrong_with_a_column_is_said_with_its_name(column, words):
    with pytest.raises(InputError) as refused:
        generate.make(generate.Table({"its name": column}), rows=1)
    assert str(refused.value).startswith("Column `its name`: ")
    assert words in str(refused.value)

"""How many values of one column a core makes in a second; each column is first held against its distribution."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import numpy as np
from scipy import stats

from synqc import generate
from synqc.benchmarks.measurement import Measurement, Setting, refuse_unless
from synqc.measure.turns import Times, interleaved

__all__ = ["NUMBERS", "SEED", "WHOLE", "measure_numbers", "measure_texts", "one_column"]

SEED = 11
_LEAST_P = 1e-6

NUMBERS: dict[str, tuple[dict[str, float], Callable[..., object]]] = {
    "uniform": ({"low": 0, "high": 1}, stats.uniform().cdf),
    "normal": ({"mean": 0, "deviation": 1}, stats.norm().cdf),
    "log_normal": ({"mean": 0, "deviation": 1}, stats.lognorm(1).cdf),
    "half_normal": ({"scale": 1}, stats.halfnorm().cdf),
    "exponential": ({"scale": 1}, stats.expon().cdf),
    "gamma": ({"shape": 2.5, "scale": 1}, stats.gamma(2.5).cdf),
    "inverse_gamma": ({"shape": 2.5, "scale": 1}, stats.invgamma(2.5).cdf),
    "beta": ({"first_shape": 2, "second_shape": 0.5}, stats.beta(2, 0.5).cdf),
    "chi_squared": ({"degrees": 3}, stats.chi2(3).cdf),
    "student_t": ({"degrees": 4, "location": 0, "scale": 1}, stats.t(4).cdf),
    "fisher_f": ({"first_degrees": 5, "second_degrees": 8}, stats.f(5, 8).cdf),
    "weibull": ({"shape": 1.5, "scale": 1}, stats.weibull_min(1.5).cdf),
    "pareto": ({"shape": 2, "scale": 1}, stats.pareto(2).cdf),
    "power": ({"shape": 2}, stats.powerlaw(2).cdf),
    "gumbel": ({"location": 0, "scale": 1}, stats.gumbel_r().cdf),
    "logistic": ({"location": 0, "scale": 1}, stats.logistic().cdf),
    "laplace": ({"location": 0, "scale": 1}, stats.laplace().cdf),
    "cauchy": ({"location": 0, "scale": 1}, stats.cauchy().cdf),
    "rayleigh": ({"scale": 1}, stats.rayleigh().cdf),
    "triangular": ({"low": 0, "mode": 0.3, "high": 1}, stats.triang(0.3).cdf),
    "log_uniform": ({"low": 1, "high": 1000}, stats.loguniform(1, 1000).cdf),
    "log_logistic": ({"shape": 3, "scale": 1}, stats.fisk(3).cdf),
    "generalized_extreme_value": ({"shape": 0.2, "location": 0, "scale": 1}, stats.genextreme(-0.2).cdf),
    "generalized_pareto": ({"shape": 0.2, "location": 0, "scale": 1}, stats.genpareto(0.2).cdf),
    "gompertz": ({"shape": 0.3, "scale": 1}, stats.gompertz(0.3).cdf),
    "maxwell": ({"scale": 1}, stats.maxwell().cdf),
    "chi": ({"degrees": 3, "scale": 1}, stats.chi(3).cdf),
    "nakagami": ({"shape": 2.5, "spread": 1}, stats.nakagami(2.5).cdf),
    "generalized_gamma": ({"shape": 2, "power": 0.7, "scale": 1}, stats.gengamma(2, 0.7).cdf),
    "generalized_normal": ({"power": 1.5, "location": 0, "scale": 1}, stats.gennorm(1.5).cdf),
    "skew_normal": ({"slant": 3, "location": 0, "scale": 1}, stats.skewnorm(3).cdf),
    "rice": ({"distance": 1.5, "scale": 1}, stats.rice(1.5).cdf),
    "wald": ({"mean": 1, "shape": 2}, stats.invgauss(0.5, scale=2).cdf),
    "von_mises": ({"direction": 0, "concentration": 2}, stats.vonmises(2).cdf),
    "noncentral_chi_squared": ({"degrees": 3, "noncentrality": 4}, stats.ncx2(3, 4).cdf),
    "noncentral_f": (
        {"first_degrees": 5, "second_degrees": 8, "noncentrality": 2},
        stats.ncf(5, 8, 2).cdf,
    ),
}
"""Parameters, and the distribution function they must give."""

WHOLE: dict[str, tuple[dict[str, float], float, float]] = {
    "uniform": ({"low": 1, "high": 6}, 3.5, 35 / 12),
    "poisson": ({"mean": 10}, 10, 10),
    "binomial": ({"trials": 100, "probability": 0.3}, 30, 21),
    "geometric": ({"probability": 0.2}, 5, 20),
    "negative_binomial": ({"successes": 3, "probability": 0.25}, 9, 36),
    "hypergeometric": ({"marked": 30, "unmarked": 70, "drawn": 20}, 6, 6 * 0.7 * 80 / 99),
    "zipf": (
        {"exponent": 1.5, "ranks": 1000},
        float(stats.zipfian(1.5, 1000).mean()),
        float(stats.zipfian(1.5, 1000).var()),
    ),
    "log_series": ({"probability": 0.6}, float(stats.logser(0.6).mean()), float(stats.logser(0.6).var())),
}
"""Parameters, and the mean and variance they must give."""

_TEXTS: dict[str, generate.Column] = {
    "pattern": generate.Pattern("[A-Z]{3}-[0-9]{4}"),
    "pattern of many lengths": generate.Pattern("[a-z]{3,10}( [a-z]{2,5})?"),
    "distinct code": generate.Pattern("[A-Z]{4}[0-9]{6}", unique=True),
    "uuid": generate.Uuid(),
    "full name": generate.LocaleText("full_name", "en"),
    "address": generate.LocaleText("address", "en"),
}


def one_column(column: generate.Column, rows: int) -> Callable[[], generate.Rows]:
    """An action that makes one column on one thread."""
    table = generate.Table({"x": column})
    return lambda: generate.make(table, rows=rows, seed=SEED, threads=1)


def _slowest(times: Mapping[str, Times], rows: int, proof: str) -> Measurement:
    rates = {name: rows / one.median / 1e6 for name, one in times.items()}
    name = min(rates, key=lambda each: rates[each])
    listed = ", ".join(f"{each} {rate:.0f}" for each, rate in sorted(rates.items(), key=lambda pair: pair[1]))
    return Measurement(rates[name], rows / times[name].best / 1e6, proof, (f"{name} is the slowest; M/s: {listed}.",))


def measure_numbers(setting: Setting) -> Mapping[str, Measurement]:
    """Every distribution by itself, in processor time."""
    rows = 200_000 if setting.quick else 1_000_000
    reals, whole = {}, {}
    for name, (parameters, cdf) in NUMBERS.items():
        reals[name] = one_column(generate.Number(name, parameters), rows)
        p = stats.kstest(reals[name]().column("x")[:100_000], cdf).pvalue
        refuse_unless(p > _LEAST_P, f"{name}, seed {SEED}: Kolmogorov and Smirnov's p is {p}.")
    for name, (parameters, mean, variance) in WHOLE.items():
        whole[name] = one_column(generate.Integer(name, parameters), rows)
        found = whole[name]().column("x").mean()
        refuse_unless(abs(found - mean) < 6 * np.sqrt(variance / rows), f"{name}, seed {SEED}: the mean is {found}.")
    repetitions = min(setting.repetitions, 5)
    return {
        "generate-numbers": _slowest(
            interleaved(reals, repetitions=repetitions, least_seconds=0, clock=time.process_time),
            rows,
            f"100,000 values of each pass Kolmogorov and Smirnov's test (seed {SEED}, p > {_LEAST_P:g})",
        ),
        "generate-whole-numbers": _slowest(
            interleaved(whole, repetitions=repetitions, least_seconds=0, clock=time.process_time),
            rows,
            f"means are within six standard errors (seed {SEED})",
        ),
    }


def measure_texts(setting: Setting) -> Mapping[str, Measurement]:
    """Texts as bytes and offsets, which Arrow, CSV and JSON are made of."""
    rows = 100_000 if setting.quick else 500_000
    actions = {}
    for name, column in _TEXTS.items():
        actions[name] = one_column(column, rows)
        made = actions[name]().column("x")
        if name in ("distinct code", "uuid"):
            refuse_unless(len(set(made)) == rows, f"{name}, seed {SEED}: values are not distinct.")
        refuse_unless(all(made), f"{name}, seed {SEED}: a text is empty.")
    times = interleaved(actions, repetitions=min(setting.repetitions, 5), least_seconds=0, clock=time.process_time)
    return {"generate-texts": _slowest(times, rows, f"{rows:,} codes and UUIDs are distinct, no text is empty")}

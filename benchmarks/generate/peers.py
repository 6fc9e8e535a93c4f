"""The same values from NumPy, mimesis and Faker."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
from scipy import stats

from synqc import generate
from synqc.benchmarks.generate.columns import NUMBERS, SEED, one_column
from synqc.benchmarks.measurement import Measurement, Setting, import_peer, refuse_unless
from synqc.measure.turns import interleaved, ratio

__all__ = ["measure_faker", "measure_mimesis", "measure_numpy"]


def _numpys(generator: np.random.Generator) -> dict[str, Callable[[int], Any]]:
    """NumPy's way to the distributions that it has, with the parameters of `NUMBERS`."""
    return {
        "uniform": generator.random,
        "normal": generator.standard_normal,
        "log_normal": lambda size: generator.lognormal(0, 1, size),
        "exponential": generator.standard_exponential,
        "gamma": lambda size: generator.gamma(2.5, 1, size),
        "beta": lambda size: generator.beta(2, 0.5, size),
        "chi_squared": lambda size: generator.chisquare(3, size),
        "student_t": lambda size: generator.standard_t(4, size),
        "fisher_f": lambda size: generator.f(5, 8, size),
        "weibull": lambda size: generator.weibull(1.5, size),
        "power": lambda size: generator.power(2, size),
        "gumbel": lambda size: generator.gumbel(0, 1, size),
        "logistic": lambda size: generator.logistic(0, 1, size),
        "laplace": lambda size: generator.laplace(0, 1, size),
        "cauchy": generator.standard_cauchy,
        "rayleigh": lambda size: generator.rayleigh(1, size),
        "triangular": lambda size: generator.triangular(0, 0.3, 1, size),
        "wald": lambda size: generator.wald(1, 2, size),
        "von_mises": lambda size: generator.vonmises(0, 2, size),
        "noncentral_chi_squared": lambda size: generator.noncentral_chisquare(3, 4, size),
        "noncentral_f": lambda size: generator.noncentral_f(5, 8, 2, size),
    }


def measure_numpy(setting: Setting) -> Mapping[str, Measurement]:
    """Both fill an array of their own; ratios are taken turn by turn."""
    rows = 200_000 if setting.quick else 1_000_000
    ratios = {}
    for name, draw in _numpys(np.random.Generator(np.random.Philox(SEED))).items():
        parameters, cdf = NUMBERS[name]
        ours = one_column(generate.Number(name, parameters), rows)
        for whose, values in (("ours", ours().column("x")), ("NumPy's", draw(rows))):
            p = stats.kstest(values[:50_000], cdf).pvalue
            refuse_unless(p > 1e-6, f"{name}, {whose}, seed {SEED}: Kolmogorov and Smirnov's p is {p}.")
        times = interleaved(
            {"ours": ours, "numpy": partial(draw, rows)},
            repetitions=min(setting.repetitions, 5),
            least_seconds=0,
            clock=time.process_time,
        )
        ratios[name] = ratio(times["numpy"], times["ours"])
    least = min(ratios, key=lambda name: ratios[name])
    listed = ", ".join(f"{name} {value:.1f}" for name, value in sorted(ratios.items(), key=lambda pair: pair[1]))
    return {
        "generate-vs-numpy": Measurement(
            ratios[least],
            proof=f"50,000 values of each pass Kolmogorov and Smirnov's test (seed {SEED})",
            details=(f"NumPy {np.__version__} comes closest in {least}; times faster: {listed}.",),
        )
    }


def _names(rows: int) -> list[str]:
    made = generate.make(generate.Table({"x": generate.LocaleText("full_name", "en")}), rows=rows, seed=SEED, threads=1)
    names: list[str] = made.column("x").tolist()
    return names


def _against(peer: str, version: str, theirs: Callable[[int], list[str]], rows: int, setting: Setting) -> Measurement:
    for whose, names in (("ours", _names(rows)), (peer, theirs(rows))):
        refuse_unless(
            len(names) == rows and len(set(names)) > 0.9 * rows and all(" " in name for name in names),
            f"Names of {whose} are not {rows} names of at least two words, nine in ten of them different.",
        )
    times = interleaved(
        {"ours": lambda: _names(rows), peer: lambda: theirs(rows)},
        repetitions=min(setting.repetitions, 5),
        clock=time.process_time,
    )
    nanoseconds = {name: one.median / rows * 1e9 for name, one in times.items()}
    return Measurement(
        ratio(times[peer], times["ours"]),
        proof="both give names of two words, nine in ten of them different",
        details=(f"{peer} {version} {nanoseconds[peer]:,.0f} ns a name, ours {nanoseconds['ours']:,.0f} ns as str.",),
    )


def measure_mimesis(setting: Setting) -> Mapping[str, Measurement]:
    """From the same tables."""
    mimesis = import_peer("mimesis")
    person = mimesis.Person(mimesis.Locale.EN, seed=SEED)
    version = str(import_peer("mimesis").__version__)
    return {
        "generate-vs-mimesis": _against(
            "mimesis", version, lambda rows: [person.full_name() for _ in range(rows)], 20_000, setting
        )
    }


def measure_faker(setting: Setting) -> Mapping[str, Measurement]:
    """From Faker's own tables."""
    faker = import_peer("faker")
    made = faker.Faker("en_US")
    made.seed_instance(SEED)
    version = str(faker.VERSION)
    return {
        "generate-vs-faker": _against("faker", version, lambda rows: [made.name() for _ in range(rows)], 2_000, setting)
    }

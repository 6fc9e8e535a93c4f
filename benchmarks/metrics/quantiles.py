"""How far quantiles are from the exact ones."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from synqc.benchmarks.measurement import Measurement, Setting, refuse_unless
from synqc.metrics import Registry

__all__ = ["measure_error"]


def _samples(size: int, generator: np.random.Generator) -> Mapping[str, np.ndarray]:
    return {
        "lognormal": generator.lognormal(-6, 2, size),
        "uniform": generator.uniform(0.001, 1, size),
        "bimodal": np.where(generator.random(size) < 0.1, 1.0, 1e-3) * generator.uniform(1, 2, size),
        "constant": np.full(size, 0.0123),
    }


def measure_error(setting: Setting) -> Mapping[str, Measurement]:
    """The worst of four distributions and three quantiles, against sorting."""
    size = 10_000 if setting.quick else 100_000
    seed = int(np.random.default_rng().integers(2**31))
    worst = {}
    for name, values in _samples(size, np.random.default_rng(seed)).items():
        histogram = Registry().histogram("values")
        for value in values.tolist():
            histogram.record(value)
        refuse_unless(histogram.count() == size, f"{name}: values are missing (seed {seed}).")
        exact = np.sort(values)
        worst[name] = max(
            abs((histogram.quantile(q) or 0.0) / exact[math.ceil(q * size) - 1] - 1) for q in (0.5, 0.95, 0.99)
        )
    return {
        "metrics-quantile-error": Measurement(
            100 * float(max(worst.values())),
            proof=f"against the sorted values of seed {seed}; the bound of a bucket is 0.991 %",
            details=(", ".join(f"{name} {100 * error:.2g} %" for name, error in worst.items()),),
        )
    }

"""Whatever number a door is given, what it refuses it refuses in words, never by the signature of a C++ function."""

import inspect

import numpy as np
import pytest

import synqc
from synqc import cache, metrics, pipeline
from synqc.errors import SynqcError

ABSURD = [
    2**31,
    2**63,
    2**64,
    -1,
    -(2**63) - 1,
    10**40,
    0.5,
    float("nan"),
    float("inf"),
    -1e300,
    "x",
    None,
    [],
    1j,
    b"1",
]
SIGMA_Z = np.diag([1.0, -1.0])
GROUND = np.diag([1.0, 0.0])
EXPERIMENT = synqc.Experiment(qubits=1)
TINY = {"shots": 1, "seed": 1, "progress": False, "keep_bits": False}


def smesolve(**options):
    options = {"ntraj": 1, "seeds": 1, "progress": False, **options}
    return synqc.smesolve(SIGMA_Z, GROUND, [0.0, 0.1], sc_ops=[SIGMA_Z], **options)


# Numbers that mean as much work are left out of where they are allowed.
DOORS = {
    "run(threads)": lambda value: EXPERIMENT.run(**{**TINY, "threads": value}),
    "run(seed)": lambda value: EXPERIMENT.run(**{**TINY, "seed": value}),
    "run(iterations)": lambda value: value == 2**31 or EXPERIMENT.run(**{**TINY, "iterations": value}),
    "run(shots)": lambda value: value == 2**31 or EXPERIMENT.run(**{**TINY, "shots": value}),
    "Experiment(qubits)": lambda value: synqc.Experiment(qubits=value),
    "Experiment(probe_strength)": lambda value: synqc.Experiment(probe_strength=value),
    "Experiment(probe_duration_ns)": lambda value: synqc.Experiment(probe_duration_ns=value),
    "Experiment(device_seed)": lambda value: synqc.Experiment(device_seed=value),
    "smesolve(threads)": lambda value: smesolve(threads=value),
    "smesolve(ntraj)": lambda value: value in (2**31, 2**63, 2**64, 10**40) or smesolve(ntraj=value),
    "MemoryCache(max_entries)": lambda value: cache.MemoryCache(max_entries=value),
    "MemoryCache(max_bytes)": lambda value: cache.MemoryCache(max_bytes=value),
    "MemoryCache(ttl)": lambda value: cache.MemoryCache(max_entries=9, ttl=value),
    "MemoryCache.set(ttl)": lambda value: cache.MemoryCache(max_entries=9).set("a", 1, ttl=value),
    "Stage(concurrency)": lambda value: pipeline.Stage(str, concurrency=value),
    "Retry(attempts)": lambda value: pipeline.Retry(value),
    "Histogram.quantile": lambda value: metrics.Registry().histogram("h", "H.").quantile(value),
    "Registry(most_series)": lambda value: metrics.Registry(most_series=value),
}
assert "most_series" in inspect.signature(metrics.Registry).parameters


@pytest.mark.parametrize("value", ABSURD, ids=repr)
@pytest.mark.parametrize("door", DOORS)
def test_an_absurd_value_is_refused_in_words(door, value):
    try:
        DOORS[door](value)
    except (SynqcError, TypeError, ValueError, OverflowError) as error:
        words = str(error)
        if isinstance(error, SynqcError):
            is_in_words = "Argument `" in words
        else:
            is_in_words = "incompatible" not in words and "Unable to cast" not in words
        if not is_in_words:
            pytest.fail(words)

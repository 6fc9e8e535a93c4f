"""Six kinds of requests a cache meets, generated."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["traces"]


def _zipf(generator: np.random.Generator, exponent: float, requests: int, keys: int) -> NDArray[np.int64]:
    weights = 1 / np.arange(1, keys + 1) ** exponent
    drawn = generator.choice(keys, requests, p=weights / weights.sum())
    return generator.permutation(keys)[drawn].astype(np.int64)


def traces(seed: int, requests: int = 200_000) -> dict[str, NDArray[np.int64]]:
    """Keys asked for one after the other, by kind of trace.

    Args:
        seed: Seed of the random traces.
        requests: Length of each.

    Returns:
        Zipf-like requests of three exponents over 10,000 keys; a loop over 1500; Zipf-like requests that alternate with
        scans of keys never asked for again; Zipf-like requests over 2000 keys that move ten times.

    Examples:
        >>> {name: len(set(trace.tolist())) for name, trace in traces(1, 3000).items()}["loop"]
        1500
    """
    generator = np.random.default_rng(seed)
    steps = np.arange(requests)
    found = {f"zipf {exponent}": _zipf(generator, exponent, requests, 10_000) for exponent in (0.8, 1.0, 1.2)}
    found["loop"] = steps % 1500
    usual = _zipf(generator, 1.0, requests, 10_000)
    found["scan and zipf"] = np.where(steps // 2000 % 2 == 1, steps + 10_000, usual)
    found["shifting hotspot"] = _zipf(generator, 1.1, requests, 2000) + steps // max(requests // 10, 1) * 1000
    return found

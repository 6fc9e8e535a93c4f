"""How often a cache has what it is asked for, beside an independent simulator of the best known policies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from synqc.benchmarks.cache.traces import traces
from synqc.benchmarks.measurement import Measurement, Setting, import_peer, refuse_unless
from synqc.cache import MemoryCache

__all__ = ["hit_ratio_of", "measure_hit_ratio"]

_ENTRIES = 1000
_PEERS = {"LRU": "lru", "S3FIFO": "s3-fifo", "WTinyLFU": "w-tinylfu"}


def hit_ratio_of(keys: list[int], policy: Any, entries: int = _ENTRIES) -> float:
    """Share of requests a MemoryCache answers."""
    cache = MemoryCache(max_entries=entries, policy=policy)
    for key in keys:
        if cache.get(key) is None:
            cache.set(key, True)
    return cache.stats().hits / len(keys)


def _ratio_by_simulator(keys: list[int], policy: Any, request: Any) -> float:
    cache = policy(_ENTRIES, consider_obj_metadata=False)
    hits = 0
    for key in keys:
        request.obj_id, request.obj_size = key, 1
        hits += cache.get(request)
    return hits / len(keys)


def measure_hit_ratio(setting: Setting) -> Mapping[str, Measurement]:
    """The default policy behind the best of the simulator's three, in points, on the trace where that is most."""
    simulator = import_peer("libcachesim")
    request = simulator.Request()
    seed = int(np.random.default_rng().integers(2**31))
    behind, words = {}, []
    for name, trace in traces(seed, 50_000 if setting.quick else 200_000).items():
        keys = trace.tolist()
        theirs = {peer: _ratio_by_simulator(keys, getattr(simulator, peer), request) for peer in _PEERS}
        ours = {policy: hit_ratio_of(keys, policy) for policy in _PEERS.values()}
        refuse_unless(
            abs(ours["lru"] - theirs["LRU"]) < 1e-9, f"LRU differs from the simulator's on {name} (seed {seed})."
        )
        best = max(theirs, key=lambda peer: theirs[peer])
        behind[name] = 100 * (theirs[best] - ours["w-tinylfu"])
        words.append(
            f"{name}: {100 * ours['w-tinylfu']:.1f} % against {100 * theirs[best]:.1f} % ({best}); ours as s3-fifo "
            f"{100 * ours['s3-fifo']:.1f}, lru {100 * ours['lru']:.1f} %"
        )
    return {
        "hit-ratio": Measurement(
            max(behind.values()),
            proof=f"LRU hits the very requests the simulator's LRU hits, on all traces of seed {seed}",
            details=tuple(words),
        )
    }

"""Caches as metrics."""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from typing import Any

from synqc import metrics
from synqc.errors import InputError

__all__ = ["report"]

_HELP = {
    "hits": "Requests that found a live value.",
    "misses": "Requests that did not.",
    "computations": "Values computed because they were missing.",
    "stored": "Values stored.",
    "evicted": "Entries that left because the cache was full.",
    "expired": "Entries whose time ran out.",
    "errors": "Failures of the store behind the cache.",
    "entries": "Entries held.",
    "bytes": "What they weigh.",
}
_HELD = ("entries", "bytes")


def report(cache: Any, name: str, registry: metrics.Registry | None = None) -> None:
    """Let a registry show the statistics of a cache as `synqc_cache_*`, labelled with its name, while it is open.

    Args:
        cache: Any cache of this package.
        name: Value of the label `cache`; one cache of that name at a time.
        registry: Where; None: the process's registry.

    Raises:
        InputError: The name is empty or taken.

    Examples:
        >>> from synqc import cache, metrics
        >>> registry = metrics.Registry()
        >>> answers = cache.MemoryCache(max_entries=10)
        >>> cache.report(answers, "answers", registry)
        >>> answers["question"] = 42
        >>> registry.snapshot()["metrics"]["synqc_cache_entries"]["series"]
        [{'labels': {'cache': 'answers'}, 'value': 1.0}]
    """
    if not isinstance(name, str) or not name:
        raise InputError(f"Argument `name` must be a text that is not empty, but is {name!r}.")
    chosen = metrics.default if registry is None else registry
    reference = weakref.ref(cache)

    def collect() -> Iterable[metrics.Sample]:
        alive = reference()
        return [] if alive is None or getattr(alive, "closed", False) else _samples(alive.stats(), name)

    chosen.add_collector(f"cache {name}", collect)
    weakref.finalize(cache, chosen.remove_collector, f"cache {name}").atexit = False


def _samples(stats: Any, name: str) -> list[metrics.Sample]:
    samples = []
    for field, words in _HELP.items():
        value = getattr(stats, field, None)
        if value is not None:
            labels = {"cache": name}
            if field in _HELD:
                samples.append(metrics.Sample(f"synqc_cache_{field}", value, labels=labels, help=words))
            else:
                total = f"synqc_cache_{field}_total"
                samples.append(metrics.Sample(total, value, kind="counter", labels=labels, help=words))
    return samples

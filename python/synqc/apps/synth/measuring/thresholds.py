"""Limits by which figures are judged, under the names of both places that the original has them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from synqc.apps.synth.errors import ValidationError
from synqc.apps.synth.option_names import CamelCase, fields_named

__all__ = ["Thresholds"]

_ALIASES = {
    "maxP99Latency": "max_p99_latency_ms", "max_p99_latency": "max_p99_latency_ms", "maxMemoryMB": "max_memory_mb",
}  # fmt: skip


@dataclass(frozen=True)
class Thresholds(CamelCase):
    """Limits.

    Args:
        max_p99_latency_ms: 99th percentile of latency, in ms; `maxP99Latency` of the gate means the same.
        min_throughput: Requests per second.
        max_memory_mb: Memory, in 10^6 bytes.
        min_cache_hit_rate: Share of hits, 0 to 1.
        max_error_rate: Share of failures, 0 to 1.
    """

    max_p99_latency_ms: float = 1000.0
    min_throughput: float = 10.0
    max_memory_mb: float = 400.0
    min_cache_hit_rate: float = 0.5
    max_error_rate: float = 0.01

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
            most = 1.0 if name.endswith("rate") else math.inf
            if not is_number or not 0 <= value <= most:
                bounds = "between 0 and 1" if most == 1.0 else "a number of at least 0"
                raise ValidationError(f"Option `{name}` must be {bounds}, but is {value!r}.", {"option": name})

    def changed(self, given: Mapping[str, Any] | None = None, **named: Any) -> Thresholds:
        """These with some of them changed, in either spelling.

        Raises:
            ValidationError: A name is not known, or a limit is out of its range.

        Examples:
            >>> Thresholds().changed({"maxP99Latency": 500}, min_throughput=50).max_p99_latency_ms
            500
        """
        return replace(self, **fields_named(Thresholds, given, named, _ALIASES))

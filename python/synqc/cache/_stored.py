"""What a tier says about a value it holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["Stored"]


@dataclass(frozen=True, slots=True)
class Stored:
    """A live value with its times.

    Args:
        value: What was stored.
        age: Seconds since then.
        ttl: Seconds it has left to live; None: for ever.
        kind: Kind of the value, as it was stored.
    """

    value: Any
    age: float
    ttl: float | None
    kind: str

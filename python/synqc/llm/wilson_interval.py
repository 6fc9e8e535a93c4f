"""Wilson's interval of a proportion: which rates so many of so many cases leave possible."""

from __future__ import annotations

import math
from typing import Final

__all__ = ["wilson_interval"]

_Z95: Final = 1.959963984540054


def wilson_interval(count: int, of: int) -> tuple[float, float]:
    """At 95 %; from 0 to 1 where there are no cases.

    >>> [round(one, 3) for one in wilson_interval(5, 10)], wilson_interval(0, 0)
    ([0.237, 0.763], (0.0, 1.0))

    Source: E. Wilson, JASA 22 (1927), 209.
    """
    if not of:
        return 0.0, 1.0
    share, spread = count / of, _Z95**2 / of
    middle = (share + spread / 2) / (1 + spread)
    half = math.sqrt(share * (1 - share) * spread + spread**2 / 4) / (1 + spread)
    return 0.0 if count == 0 else max(0.0, middle - half), 1.0 if count == of else min(1.0, middle + half)

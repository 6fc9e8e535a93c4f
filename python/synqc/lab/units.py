"""Numbers in the unit that suits them."""

from __future__ import annotations

__all__ = ["format_duration"]


def format_duration(microseconds: float) -> str:
    """A time with the unit that suits it.

    Examples:
        >>> format_duration(0.024), format_duration(1.75), format_duration(2.5e6)
        ('24 ns', '1.75 µs', '2.5 s')
    """
    for size, unit in ((1e6, "s"), (1e3, "ms"), (1.0, "µs")):
        if microseconds >= size:
            return f"{microseconds / size:.4g} {unit}"
    return f"{microseconds * 1e3:.4g} ns"

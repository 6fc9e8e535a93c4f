"""Numbers in the unit that suits them, and the unit that a name carries."""

from __future__ import annotations

__all__ = ["UNIT_SUFFIXES", "format_duration", "unit_of"]

UNIT_SUFFIXES = {
    "_per_us": "1/µs", "_us": "µs", "_ns": "ns", "_s": "s", "_khz": "kHz", "_mhz": "MHz", "_ghz": "GHz",
}  # fmt: skip
"""Endings of names that say a unit and nothing else."""

_UNITS_OF_KINDS = {"_bits": "bit", "_angle": "rad", "_axis": "rad"}


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


def unit_of(name: str) -> str:
    """Unit of an argument or figure, from its name, as Pint reads it; "1" if it has none.

    Examples:
        >>> unit_of("probe_duration_ns"), unit_of("gamma_max_per_us"), unit_of("first_angle"), unit_of("fidelity")
        ('ns', '1/µs', 'rad', '1')
        >>> unit_of("latency_us_error")
        'µs'
    """
    plain = name.removesuffix("_error")
    endings = UNIT_SUFFIXES | _UNITS_OF_KINDS
    return next((unit for suffix, unit in endings.items() if plain.endswith(suffix)), "1")

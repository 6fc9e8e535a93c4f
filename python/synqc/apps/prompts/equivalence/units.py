"""Units of measure: written units as an exact factor and a dimension."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

__all__ = ["Unit", "read_unit"]

_LENGTH, _MASS, _TIME, _CURRENT, _TEMPERATURE, _AMOUNT = "length", "mass", "time", "current", "temperature", "amount"


@dataclass(frozen=True)
class Unit:
    """A product of powers of units.

    Args:
        factor: In base units of its dimension; a degree is 1 here, and its factor of pi is the judge's business.
        dimension: Powers of base dimensions, in order of their names.
    """

    factor: Fraction
    dimension: tuple[tuple[str, int], ...]

    def times(self, other: Unit, power: int = 1) -> Unit:
        """The product with a power of another."""
        powers = dict(self.dimension)
        for name, exponent in other.dimension:
            powers[name] = powers.get(name, 0) + exponent * power
        kept = tuple(sorted((name, exponent) for name, exponent in powers.items() if exponent))
        return Unit(self.factor * other.factor**power, kept)


def _unit(factor: Fraction | int | str, **dimension: int) -> Unit:
    return Unit(Fraction(factor), tuple(sorted(dimension.items())))


_NEWTON = {_MASS: 1, _LENGTH: 1, _TIME: -2}
_JOULE = {_MASS: 1, _LENGTH: 2, _TIME: -2}
_WATT = {_MASS: 1, _LENGTH: 2, _TIME: -3}
_VOLT = {_MASS: 1, _LENGTH: 2, _TIME: -3, _CURRENT: -1}
_UNITS: Final[dict[str, Unit]] = {
    "m": _unit(1, length=1), "g": _unit("1/1000", mass=1), "s": _unit(1, time=1), "A": _unit(1, current=1),
    "K": _unit(1, temperature=1), "mol": _unit(1, amount=1), "L": _unit("1/1000", length=3),
    "l": _unit("1/1000", length=3),
    "N": _unit(1, **_NEWTON), "J": _unit(1, **_JOULE), "W": _unit(1, **_WATT), "Hz": _unit(1, time=-1),
    "V": _unit(1, **_VOLT), "C": _unit(1, current=1, time=1), "Pa": _unit(1, mass=1, length=-1, time=-2),
    "eV": _unit("1.602176634e-19", **_JOULE), "cal": _unit("4.184", **_JOULE),
    "ohm": _unit(1, mass=1, length=2, time=-3, current=-2),
    "F": _unit(1, mass=-1, length=-2, time=4, current=2), "T": _unit(1, mass=1, time=-2, current=-1),
    "bit": _unit(1, information=1),
    "B": _unit(8, information=1), "t": _unit(1000, mass=1),
}  # fmt: skip
_PREFIXES: Final = {
    "k": "1000", "M": "1e6", "G": "1e9", "T": "1e12", "c": "1/100", "m": "1/1000", "\\mu": "1e-6", "u": "1e-6",
    "n": "1e-9", "p": "1e-12",
    "d": "1/10",
}  # fmt: skip
_WORDS: Final[dict[str, Unit]] = {
    "min": _unit(60, time=1), "minute": _unit(60, time=1), "h": _unit(3600, time=1), "hr": _unit(3600, time=1),
    "hour": _unit(3600, time=1), "day": _unit(86400, time=1), "week": _unit(604800, time=1), "second": _unit(1, time=1),
    "sec": _unit(1, time=1), "year": _unit(1, year=1), "month": _unit(1, month=1), "meter": _unit(1, length=1),
    "metre": _unit(1, length=1), "kilometer": _unit(1000, length=1), "kilometre": _unit(1000, length=1),
    "centimeter": _unit("1/100", length=1), "centimetre": _unit("1/100", length=1),
    "millimeter": _unit("1/1000", length=1),
    "millimetre": _unit("1/1000", length=1), "inch": _unit("0.0254", length=1), "in": _unit("0.0254", length=1),
    "foot": _unit("0.3048", length=1), "feet": _unit("0.3048", length=1), "ft": _unit("0.3048", length=1),
    "yard": _unit("0.9144", length=1), "yd": _unit("0.9144", length=1), "mile": _unit("1609.344", length=1),
    "mi": _unit("1609.344", length=1), "mph": _unit("0.44704", length=1, time=-1), "gram": _unit("1/1000", mass=1),
    "kilogram": _unit(1, mass=1), "pound": _unit("0.45359237", mass=1), "lb": _unit("0.45359237", mass=1),
    "ounce": _unit("0.028349523125", mass=1), "oz": _unit("0.028349523125", mass=1), "liter": _unit("1/1000", length=3),
    "litre": _unit("1/1000", length=3), "newton": _unit(1, **_NEWTON), "joule": _unit(1, **_JOULE),
    "watt": _unit(1, **_WATT),
    "volt": _unit(1, **_VOLT), "mole": _unit(1, amount=1), "hertz": _unit(1, time=-1), "degree": _unit(1, degree=1),
    "deg": _unit(1, degree=1), "radian": _unit(1, radian=1), "rad": _unit(1, radian=1), "unit": _unit(1, unit=1),
    "dollar": _unit(1, dollar=1), "cent": _unit("1/100", dollar=1), "euro": _unit(1, euro=1),
    "rupee": _unit(1, rupee=1),
    "percent": _unit(1, percent=1), "person": _unit(1, person=1), "people": _unit(1, person=1),
    "student": _unit(1, student=1),
    "way": _unit(1, way=1), "apple": _unit(1, apple=1), "coin": _unit(1, coin=1), "point": _unit(1, point=1),
}  # fmt: skip
_NAME = re.compile(r"(?:\\text|\\mathrm|\\textrm|\\operatorname|\\mbox)\s?\{\s?([^{}]{1,60})\}")
_PART = re.compile(
    r"\s*(\\cdot|\\times|\*|/|per\b)?\s*(\\mu\s?[A-Za-z]+|[A-Za-z]+)\s*(?:\^\s*(?:\{\s*)?(-?\d{1,2})(?:\s*\})?)?"
)


def read_unit(text: str) -> Unit | None:
    """The unit that a text writes, or None if it writes none.

    Examples:
        >>> read_unit("km/h").factor, read_unit(r"\\text{ m}/\\text{s}^2").dimension, read_unit("xyz")
        (Fraction(5, 18), (('length', 1), ('time', -2)), None)
    """
    text = _NAME.sub(lambda found: " " + found.group(1) + " ", text).strip()
    text = re.sub(r"\s*\bsquare\s+([a-z]+)", r" \1^2", text)
    text = re.sub(r"\s*\bcubic\s+([a-z]+)", r" \1^3", text).strip()
    if not text or len(text) > 80:
        return None
    if text in (r"^\circ", r"^{\circ}", r"\circ", r"\degree"):
        return _WORDS["degree"]
    if text in ("%", r"\%"):
        return _WORDS["percent"]
    product, position, divided = Unit(Fraction(1), ()), 0, False
    while position < len(text):
        found = _PART.match(text, position)
        if found is None or found.end() == position:
            return None
        sign, name, exponent = found.groups()
        unit = _named(name.replace(" ", ""))
        if unit is None or (position == 0 and sign not in (None,)):
            return None
        divided = divided or sign in ("/", "per")
        product = product.times(unit, int(exponent or 1) * (-1 if divided else 1))
        position = found.end()
    return product


def _named(name: str) -> Unit | None:
    if name in _UNITS:
        return _UNITS[name]
    for word in (name, name.lower()):
        if word in _WORDS:
            return _WORDS[word]
        for ending in ("es", "s"):
            if len(word) > len(ending) + 1 and word.endswith(ending) and word[: -len(ending)] in _WORDS:
                return _WORDS[word[: -len(ending)]]
    for prefix, factor in _PREFIXES.items():
        rest = name[len(prefix) :]
        if name.startswith(prefix) and rest in _UNITS:
            unit = _UNITS[rest]
            return Unit(unit.factor * Fraction(factor), unit.dimension)
    return None

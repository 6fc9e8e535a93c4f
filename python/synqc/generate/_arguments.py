"""Arguments that several doors of this room share: numbers, seeds, moments, intervals."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from synqc.errors import InputError

__all__ = [
    "MOST_ROWS",
    "MOST_THREADS",
    "bounds_of",
    "form_of",
    "interval_of",
    "is_unicode",
    "moment_of",
    "named_numbers",
    "number_of",
    "numbers_of",
    "seed_of",
    "share_of",
    "whole_number",
]

MOST_THREADS: Final = 1024
MOST_ROWS: Final = 2**62

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECONDS = {
    "us": 1,
    "ms": 1_000,
    "s": 1_000_000,
    "m": 60_000_000,
    "h": 3_600_000_000,
    "d": 86_400_000_000,
    "w": 604_800_000_000,
}


def whole_number(name: str, value: Any, least: int, most: int) -> int:
    """The value as an int between two limits; InputError with the argument's name for anything else."""
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise InputError(f"Argument `{name}` must be a whole number, but is {value!r}.")
    number = int(value.__index__())
    if not least <= number <= most:
        raise InputError(f"Argument `{name}` must be between {least} and {most}, but is {number}.")
    return number


def _float_of(name: str, value: Any) -> float:
    if isinstance(value, (bool, str)) or not hasattr(value, "__float__"):
        raise InputError(f"Argument `{name}` must be a number, but is {value!r:.80}.")
    try:
        return float(value)
    except OverflowError:
        return math.inf


def number_of(name: str, value: Any) -> float:
    """The value as a finite float; InputError with the argument's name for anything else."""
    number = _float_of(name, value)
    if not math.isfinite(number):
        raise InputError(f"Argument `{name}` must be finite, but is {number}.")
    return number


def is_unicode(text: str) -> bool:
    """Whether UTF-8 can hold it: no surrogates, which JSON's escapes can bring."""
    return not any("\ud800" <= letter <= "\udfff" for letter in text)


def numbers_of(name: str, values: Any) -> list[float]:
    """Several of them."""
    if isinstance(values, str) or not isinstance(values, Sequence):
        raise InputError(f"Argument `{name}` must be a list of numbers, but is {values!r:.80}.")
    return [number_of(name, value) for value in values]


def named_numbers(name: str, values: Any) -> dict[str, float]:
    """Several by names, which a refusal has; whether they are finite is for whoever knows what they are of."""
    if not isinstance(values, Mapping):
        raise InputError(f"Argument `{name}` must map names to numbers, but is {values!r:.80}.")
    return {str(each): _float_of(str(each), value) for each, value in values.items()}


def share_of(name: str, value: Any) -> float:
    """The value as a float from 0 to 1."""
    number = number_of(name, value)
    if not 0 <= number <= 1:
        raise InputError(f"Argument `{name}` must be between 0 and 1, but is {number}.")
    return number


def bounds_of(bounds: Any) -> tuple[float, float]:
    """Two finite numbers in order."""
    if isinstance(bounds, str) or not isinstance(bounds, Sequence) or len(bounds) != 2:
        raise InputError(f"Argument `bounds` must be two numbers in order, but is {bounds!r}.")
    low, high = (number_of("bounds", bound) for bound in bounds)
    if not low < high:
        raise InputError(f"Argument `bounds` must be two numbers in order, but is {bounds!r}.")
    return low, high


def seed_of(seed: int | str) -> int:
    """The seed as 64 bits: a number itself, a text by the first eight bytes of its SHA-256.

    Examples:
        >>> seed_of(7), seed_of("seven")
        (7, 84157814725978171)
    """
    if isinstance(seed, str):
        return int.from_bytes(hashlib.sha256(seed.encode("utf-8", "surrogatepass")).digest()[:8], "little")
    return whole_number("seed", seed, 0, 2**64 - 1)


def moment_of(name: str, value: Any) -> int:
    """Microseconds since 1970 of a datetime, date, or text in ISO 8601; UTC where no offset is given.

    Examples:
        >>> moment_of("start", "1970-01-02"), moment_of("start", "1970-01-01T00:00:01.5+00:00")
        (86400000000, 1500000)
    """
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError as error:
            raise InputError(f"Argument `{name}` must be a moment in ISO 8601, but is {value!r}.") from error
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, tzinfo=UTC)
    if not isinstance(value, datetime):
        raise InputError(f"Argument `{name}` must be a datetime, a date or a text in ISO 8601, but is {value!r}.")
    if value.tzinfo is None:
        value = value.replace(tzinfo=UTC)
    microseconds: int = (value - _EPOCH) // timedelta(microseconds=1)
    return microseconds


def interval_of(name: str, value: Any) -> int:
    """Microseconds of a timedelta, or of a text of digits and a unit: us, ms, s, m, h, d or w.

    Examples:
        >>> interval_of("interval", "15m"), interval_of("interval", "1d")
        (900000000, 86400000000)
    """
    if isinstance(value, timedelta):
        length = value // timedelta(microseconds=1)
    else:
        found = re.fullmatch(r"([0-9]{1,15})\s*(us|ms|s|m|h|d|w)", value) if isinstance(value, str) else None
        if found is None:
            raise InputError(
                f"Argument `{name}` must be a timedelta, or digits and a unit (us, ms, s, m, h, d, w), "
                f"but is {value!r}."
            )
        length = int(found[1]) * _MICROSECONDS[found[2]]
    if not 0 < length < 2**62:
        raise InputError(f"Argument `{name}` must be longer than 0 and at most 146,000 years, but is {value!r}.")
    return length


def form_of(start: int, step: int) -> str:
    """How moments from `start` on, multiples of `step` apart, are written: a day, or so much of the time of day."""
    if start % _MICROSECONDS["d"] == 0 and step % _MICROSECONDS["d"] == 0:
        return "day"
    if start % _MICROSECONDS["s"] == 0 and step % _MICROSECONDS["s"] == 0:
        return "second"
    if start % _MICROSECONDS["ms"] == 0 and step % _MICROSECONDS["ms"] == 0:
        return "millisecond"
    return "microsecond"

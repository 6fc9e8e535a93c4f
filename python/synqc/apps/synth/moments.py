"""Moments and intervals: read from whatever a caller or a model writes, always told in UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from synqc.apps.synth.errors import ValidationError

__all__ = ["interval_of", "moment_of", "now", "stamp"]

_INTERVAL: Final = re.compile(r"(\d{1,9})\s*(ms|s|m|h|d)\Z")
_SECONDS: Final = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400}


def now() -> datetime:
    """This moment."""
    return datetime.now(UTC)


def stamp(moment: datetime) -> str:
    """ISO 8601 in UTC, to the millisecond, as JavaScript has it.

    >>> stamp(moment_of("at", "2026-03-01T12:00:00+05:30"))
    '2026-03-01T06:30:00.000Z'
    """
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment_of(name: str, value: Any) -> datetime:
    """A moment: a datetime, ISO 8601, or seconds since 1970; without an offset it is UTC, on any machine.

    Raises:
        ValidationError: It is none.
    """
    try:
        if isinstance(value, datetime):
            found = value
        elif isinstance(value, str):
            found = datetime.fromisoformat(value.strip())
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            found = datetime.fromtimestamp(value, UTC)
        else:
            raise TypeError
        return (found if found.tzinfo is not None else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        raise ValidationError(
            f"Option `{name}` must be a moment such as 2026-03-01T12:00:00Z, but is {value!r:.80}.", {"option": name}
        ) from None


def interval_of(value: Any) -> timedelta:
    """A length of time: digits and ms, s, m, h or d.

    >>> interval_of("15m").total_seconds()
    900.0

    Raises:
        ValidationError: It is none, or nothing.
    """
    found = _INTERVAL.match(value.strip()) if isinstance(value, str) else None
    if found is None or int(found[1]) == 0:
        raise ValidationError(
            f"Option `interval` must be a number above 0 with ms, s, m, h or d, such as 15m, but is {value!r:.80}.",
            {"option": "interval"},
        )
    try:
        return timedelta(seconds=int(found[1]) * _SECONDS[found[2]])
    except OverflowError:
        raise ValidationError(f"Option `interval` must be at most 999999999d, but is {value!r:.80}.") from None

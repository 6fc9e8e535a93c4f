"""Times in the three forms clients know; all are UTC."""

from __future__ import annotations

from datetime import UTC, datetime

__all__ = ["compact_stamp", "milliseconds", "naive_microseconds", "now", "parsed", "seconds"]


def now() -> datetime:
    """This moment, in UTC."""
    return datetime.now(UTC)


def naive_microseconds(moment: datetime) -> str:
    """As in `created_at`: microseconds, and no zone at the end.

    >>> naive_microseconds(datetime(2026, 1, 2, 3, 4, 5, 6, UTC))
    '2026-01-02T03:04:05.000006'
    """
    return moment.replace(tzinfo=None).isoformat(timespec="microseconds")


def milliseconds(moment: datetime) -> str:
    """As in telemetry: milliseconds and `Z`."""
    return moment.isoformat(timespec="milliseconds")[:23] + "Z"


def seconds(moment: datetime) -> str:
    """As in log lines and exports: seconds and `Z`."""
    return moment.isoformat(timespec="seconds")[:19] + "Z"


def compact_stamp(moment: datetime) -> str:
    """As in run ids.

    >>> compact_stamp(datetime(2026, 1, 2, 3, 4, 5, 6, UTC))
    '20260102T030405Z'
    """
    return moment.strftime("%Y%m%dT%H%M%SZ")


def parsed(text: str) -> datetime:
    """A stored moment: naive means UTC, `Z` and offsets are understood.

    >>> parsed("2026-01-02T03:04:05Z") == parsed("2026-01-02T05:04:05+02:00") == parsed("2026-01-02T03:04:05")
    True
    """
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)

"""Format of the numbers of reports: a pattern with places for session, moment, station and serial number."""

from __future__ import annotations

import difflib
import re
import string
from dataclasses import dataclass
from datetime import datetime, timedelta

from synqc.apps.fir.numbers.errors import InvalidScheme
from synqc.errors import InputError

__all__ = ["NumberScheme", "check_number"]

_PLACES = ("session", "stamp", "date", "year", "month", "day", "station", "serial")
_LONGEST = 50
_ALLOWED = re.compile(r"[A-Za-z0-9/._-]*")


@dataclass(frozen=True)
class NumberScheme:
    """A pattern.

    Places: `{session}` the first eight digits of the session's id, `{stamp}` the moment as YYYYMMDDHHMMSS, `{date}`,
    `{year}`, `{month}`, `{day}` parts of it, `{station}` the station's code, and `{serial:4}` a number that counts from
    1 among all that are otherwise equal, with so many digits at least. A pattern has a serial, or session and stamp.

    Args:
        pattern: With its places.
        station: Code of the station, for patterns that name it.

    Examples:
        >>> moment = datetime(2026, 11, 30, 10, 9, 8)
        >>> NumberScheme().number("0a1b2c3d-0000-4000-8000-000000000000", moment)
        'FIR-0a1b2c3d-20261130100908'
        >>> NumberScheme("{station}/{year}/{serial:4}", station="KTW").number("0a1b2c3d", moment, serial=7)
        'KTW/2026/0007'
        >>> NumberScheme("FIR-{date}-{serail:5}")
        Traceback (most recent call last):
        synqc.apps.fir.numbers.errors.InvalidScheme: Argument `pattern` has no place `serail`; the nearest is `serial`.
    """

    pattern: str = "FIR-{session}-{stamp}"
    station: str = ""

    def __post_init__(self) -> None:
        places = self._places()
        if "serial" not in places and not {"session", "stamp"} <= places:
            raise InvalidScheme(
                "Argument `pattern` must have {serial}, or {session} and {stamp}, so that numbers differ, "
                f"but is {self.pattern!r}."
            )
        if ("station" in places) != bool(self.station):
            raise InvalidScheme(
                "Argument `station` must be given if and only if `pattern` has {station}, "
                f"but is {self.station!r} for {self.pattern!r}."
            )
        longest = self.number("0" * 8, datetime(2000, 1, 1), serial=10**9)
        if len(longest) > _LONGEST or _ALLOWED.fullmatch(longest) is None:
            raise InvalidScheme(
                f"Numbers of `pattern` must be at most {_LONGEST} letters, digits, `/`, `.`, `_` and `-`, "
                f"but one is {longest[:80]!r}."
            )

    @property
    def has_serial(self) -> bool:
        """Whether numbers are counted."""
        return "serial" in self._places()

    def number(self, session_id: str, moment: datetime, *, serial: int = 0) -> str:
        """The number of a session; `serial` is used if the pattern has its place."""
        return self._filled(session_id, moment, serial)

    def later(self, session_id: str, moment: datetime, seconds: int) -> str:
        """The number that the session would have so many seconds later: for one that is taken."""
        return self._filled(session_id, moment + timedelta(seconds=seconds), 0)

    def scope(self, session_id: str, moment: datetime) -> str:
        """What is equal in all numbers that are counted together."""
        return self._filled(session_id, moment, None)

    def _places(self) -> set[str]:
        try:
            parts = list(string.Formatter().parse(self.pattern))
        except ValueError as error:
            raise InvalidScheme(f"Argument `pattern` must close what it opens, but is {self.pattern!r}.") from error
        found = set()
        for _, place, width, conversion in parts:
            if place is None:
                continue
            if place not in _PLACES:
                near = difflib.get_close_matches(place, _PLACES, n=1)
                hint = f"; the nearest is `{near[0]}`" if near else f": places are {', '.join(_PLACES)}"
                raise InvalidScheme(f"Argument `pattern` has no place `{place}`{hint}.")
            if conversion or (width and (place != "serial" or re.fullmatch("[1-9]", width) is None)):
                raise InvalidScheme(
                    f"Place `{place}` of `pattern` must be plain, or {{serial:1}} to {{serial:9}}, but is not."
                )
            found.add(place)
        return found

    def _filled(self, session_id: str, moment: datetime, serial: int | None) -> str:
        values = {
            "session": session_id[:8].lower(), "stamp": f"{moment:%Y%m%d%H%M%S}", "date": f"{moment:%Y%m%d}",
            "year": f"{moment:%Y}", "month": f"{moment:%m}", "day": f"{moment:%d}", "station": self.station,
        }  # fmt: skip
        written = []
        for literal, place, width, _ in string.Formatter().parse(self.pattern):
            written.append(literal)
            if place == "serial":
                written.append("*" if serial is None else f"{serial:0{width or 1}d}")
            elif place is not None:
                written.append(values[place])
        return "".join(written)


def check_number(number: object) -> str:
    """A text that a number may be.

    Raises:
        InputError: It is none.
    """
    if not isinstance(number, str) or not 0 < len(number) <= _LONGEST or _ALLOWED.fullmatch(number) is None:
        raise InputError(
            f"Argument `number` must be 1 to {_LONGEST} letters, digits, `/`, `.`, `_` and `-`, "
            f"but is {str(number)[:60]!r}."
        )
    return number

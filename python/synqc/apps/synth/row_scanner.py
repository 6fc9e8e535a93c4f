"""Rows out of a stream: each object of a JSON array is given as soon as it closes; every character is read once."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["RowScanner"]

_MARK: Final = re.compile(r'["{}\[\]]')
_END_OF_STRING: Final = re.compile(r'["\\]')
_LONGEST_ROW: Final = 1_000_000


class RowScanner:
    """Finds objects of the first array of a text that comes in parts.

    What stands before the array, and after it, is prose. Brackets within strings do not count.

    Examples:
        >>> scanner = RowScanner()
        >>> scanner.feed('Sure: {"rows": [{"a": "}"}, {"a"'), scanner.feed(': 2}]} Anything [else]?')
        (['{"a": "}"}'], ['{"a": 2}'])
    """

    def __init__(self) -> None:
        self._text = ""
        self._position = 0
        self._start: int | None = None
        self._depth = 0
        self._is_in_array = self._is_in_string = self._has_ended = False

    @property
    def has_ended(self) -> bool:
        """Whether the array has closed."""
        return self._has_ended

    def feed(self, part: str) -> list[str]:
        """Texts of the objects that close within a part.

        Raises:
            ValueError: A row is longer than a million characters.
        """
        found: list[str] = []
        self._text += part
        while not self._has_ended and (mark := self._next()) is not None:
            self._take(mark, found)
        self._forget()
        return found

    def _next(self) -> re.Match[str] | None:
        """The next bracket that is no part of a string; the beginning of one is stepped over with it."""
        while True:
            if self._is_in_string:
                end = _END_OF_STRING.search(self._text, self._position)
                if end is None or (end[0] == "\\" and end.end() == len(self._text)):
                    self._position = len(self._text) if end is None else end.start()
                    return None
                self._is_in_string = end[0] == "\\"
                self._position = end.end() + (end[0] == "\\")
                continue
            mark = _MARK.search(self._text, self._position)
            if mark is None:
                self._position = len(self._text)
                return None
            self._position = mark.end()
            if mark[0] != '"':
                return mark
            self._is_in_string = self._is_in_array  # a quote in prose before it may be an apostrophe's cousin

    def _take(self, mark: re.Match[str], found: list[str]) -> None:
        sign = mark[0]
        if not self._is_in_array:
            self._is_in_array = sign == "["
            return
        if sign in "{[":
            if self._depth == 0 and sign == "{":
                self._start = mark.start()
            self._depth += 1
            return
        if self._depth == 0:
            self._has_ended = True
            return
        self._depth -= 1
        if self._depth == 0 and self._start is not None:
            found.append(self._text[self._start : mark.end()])
            self._start = None

    def _forget(self) -> None:
        keep = self._position if self._start is None else self._start
        if self._start is not None and len(self._text) - self._start > _LONGEST_ROW:
            raise ValueError(f"a row is longer than {_LONGEST_ROW} characters")
        if keep > 4096:  # seldom enough that no character is copied often
            self._text = self._text[keep:]
            self._position -= keep
            self._start = None if self._start is None else 0

"""Table for `str.translate`: digits of Devanagari as ASCII's."""

from __future__ import annotations

from typing import Final

__all__ = ["ASCII_DIGITS"]

ASCII_DIGITS: Final = {0x0966 + digit: ord("0") + digit for digit in range(10)}

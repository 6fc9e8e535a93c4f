"""Texts of models as they may be shown: characters that act become pictures of themselves, one for one."""

from __future__ import annotations

import re

__all__ = ["printable"]

_ACTING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: str) -> str:
    """A text without what moves a cursor, colours a terminal, turns the direction of text or is no character.

    >>> printable("\\x1b[31m red"), printable("a\\u202eb")
    ('␛[31m red', 'a�b')
    """
    return _ACTING.sub(lambda found: chr(0x2400 + ord(found[0])) if ord(found[0]) < 32 else "�", text)

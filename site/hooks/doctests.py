"""Examples at the margin of a docstring become blocks of code; Markdown takes them for quotations."""

from __future__ import annotations

import re
from typing import Any

import griffe

__all__ = ["Doctests", "with_fences"]

_EXAMPLE = re.compile(r"(?:^|(?<=\n\n))>>> .*?(?=\n\n|\Z)", re.DOTALL)


class Doctests(griffe.Extension):
    """Extension of griffe, which reads docstrings."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Of each object that was read."""
        if obj.docstring is not None:
            obj.docstring.value = with_fences(obj.docstring.value)


def with_fences(text: str) -> str:
    """
    >>> with_fences("Adds.\\n\\n>>> 1 + 1\\n2").splitlines()
    ['Adds.', '', '```pycon', '>>> 1 + 1', '2', '```']
    """
    return _EXAMPLE.sub(lambda found: f"```pycon\n{found[0].rstrip()}\n```", text)

"""Formulas between dollars become MathML, which browsers show by themselves."""

from __future__ import annotations

import html
import re
from typing import Any

from latex2mathml.converter import convert

__all__ = ["on_page_content"]

_FORMULA = re.compile(r'<(span|div) class="arithmatex">\\[(\[](.*?)\\[)\]]</\1>', re.DOTALL)


def on_page_content(text: str, **_: Any) -> str:
    """Replace what `pymdownx.arithmatex` has marked.

    >>> on_page_content('<span class="arithmatex">\\\\(T_1\\\\)</span>').startswith("<math")
    True
    """
    return _FORMULA.sub(lambda found: _mathml(html.unescape(found[2]).strip(), is_block=found[1] == "div"), text)


def _mathml(formula: str, *, is_block: bool) -> str:
    return convert(formula, display="block" if is_block else "inline")

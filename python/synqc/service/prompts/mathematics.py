"""Mathematics in texts of models, as trees of MathML: a page makes elements of them, and never markup of text."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Any

from latex2mathml.converter import convert_to_element

from synqc.apps.prompts.printable_text import printable

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

__all__ = ["LONGEST_FORMULA", "LONGEST_SHOWN", "segments"]

LONGEST_FORMULA = 2000
"""Characters of LaTeX that are converted; longer ones are shown as they are."""
LONGEST_SHOWN = 20_000
"""Characters of a text that are shown; the rest is counted."""
_DEEPEST = 60
_MOST_FORMULAS = 200
"""Of one text."""

_TAGS = frozenset(
    {
        "math", "mrow", "mi", "mn", "mo", "ms", "mtext", "mspace", "msup", "msub", "msubsup", "mover", "munder",
        "munderover", "mmultiscripts", "mprescripts", "none", "mfrac", "msqrt", "mroot", "mstyle", "mpadded",
        "mphantom", "mfenced", "menclose", "mtable", "mtr", "mtd", "mlabeledtr",
    }
)  # fmt: skip
_ATTRIBUTES = frozenset(
    {
        "display", "mathvariant", "stretchy", "fence", "separator", "form", "lspace", "rspace", "minsize", "maxsize",
        "largeop", "movablelimits", "accent", "accentunder", "linethickness", "width", "height", "depth", "columnalign",
        "columnlines", "rowlines", "notation", "displaystyle", "scriptlevel", "symmetric",
    }
)  # fmt: skip
"""None that can lead anywhere (`href`) or carry a style sheet, a script or an identifier."""
_VALUE = re.compile(r"[\w .%+\-]{1,60}")
_FORMULA = re.compile(
    r"""
    \$\$(?P<block>.{1,2000}?)\$\$ | \\\[(?P<bracket>.{1,2000}?)\\\] | \\\((?P<parenthesis>.{1,2000}?)\\\)
    | (?<![\\$])\$(?P<inline>[^\s$](?:[^$]{0,2000}?[^\s\\$])?)\$(?![\d$])
    """,
    re.VERBOSE | re.DOTALL,
)
"""A dollar before a space, or after one, is money: `costs $5 or $6`."""

Tree = list[Any]
"""`[tag, attributes, child, ...]`, where a child is a text or another tree."""


def segments(text: str) -> list[dict[str, Any]]:
    """A text as it is shown: parts of it, `{"text": ...}` or `{"source": ..., "mathematics": tree}`.

    What cannot be converted stays text, as it was written.

    >>> segments("Is $x^2$ > 1?")[1]["mathematics"][2][2][0]
    'msup'
    >>> segments("It costs $5 or $6.")
    [{'text': 'It costs $5 or $6.'}]
    """
    shown = text[:LONGEST_SHOWN]
    parts: list[dict[str, Any]] = []
    end = formulas = 0
    for found in _FORMULA.finditer(shown):
        tree = None
        if formulas < _MOST_FORMULAS:
            kind = found.lastgroup or ""
            tree = _tree_of(found[kind], "block" if kind in ("block", "bracket") else "inline")
        if tree is None:
            continue
        formulas += 1
        _add_text(parts, shown[end : found.start()])
        parts.append({"source": found[0], "mathematics": tree})
        end = found.end()
    _add_text(parts, shown[end:])
    if len(text) > LONGEST_SHOWN:
        parts.append({"omitted": len(text) - LONGEST_SHOWN})
    return parts


def _add_text(parts: list[dict[str, Any]], text: str) -> None:
    if text:
        parts.append({"text": printable(text)})


def _tree_of(latex: str, display: str) -> Tree | None:
    """None of what is no formula, or too much of one."""
    if len(latex) > LONGEST_FORMULA:
        return None
    try:
        return _tree(convert_to_element(latex, display=display), _DEEPEST)
    except Exception:  # of a converter that is given whatever a model writes, RecursionError among them
        return None


def _tree(element: Element, depth: int) -> Tree:
    """An element and those within, as far as they are mathematics.

    Raises:
        ValueError: They lie too deep, or are none of MathML.
    """
    if depth == 0 or element.tag not in _TAGS:
        raise ValueError(element.tag)
    attributes = {
        name: value for name, value in element.attrib.items() if name in _ATTRIBUTES and _VALUE.fullmatch(value)
    }
    children = [_tree(child, depth - 1) for child in element]
    words = printable(html.unescape(element.text or ""))
    return [element.tag, attributes, *([words] if words else []), *children]

"""Answer as written: cleaned of escapes and wrappers, and the final answer picked out of a sentence."""

from __future__ import annotations

import re
import unicodedata
from itertools import islice
from typing import Final

__all__ = ["MOST_LETTERS", "SeveralAnswers", "cleaned", "final_answer"]

MOST_LETTERS: Final = 200_000
"""Longer texts are compared letter by letter and no further."""

_ANSI = re.compile(r"\x1b(?:\[[0-?]{0,64}[ -/]{0,8}[@-~]|\][^\x07\x1b]{0,512}(?:\x07|\x1b\\)?|[@-_])")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\ufe0e\ufe0f]")
_BLANK = re.compile(r"[\x00-\x20\x7f-\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufffd]+")
_BOX = re.compile(r"\\(?:boxed|fbox)\s{0,4}\{")
_LEAD = re.compile(
    r"^(?:.{0,400}?\b)?(?:the\s+)?(?:final\s+|correct\s+)?(?:answer|option|choice)\s*[*_]{0,2}\s*(?:is\b\s*:?|:|=)\s*[*_]{0,2}\s*"
    r"(?=\S)",
    re.IGNORECASE,
)
_HEADING = re.compile(r"^#{1,6}\s*(?:final\s+)?answer\b\s*:?\s*", re.IGNORECASE)
_TAG = re.compile(r"<answer>\s*([^<>]{1,4000}?)\s*</answer>\s*$", re.IGNORECASE)
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱ", "0123456789+-=()ni")
_RAISED = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱ]+")
_SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
_LOWERED = re.compile("[₀₁₂₃₄₅₆₇₈₉]+")
_FRACTION = re.compile(r"\s?([½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅐⅛⅜⅝⅞⅑⅒])")
_SIGNS: Final = {
    "−": "-", "–": "-", "—": "-", "‐": "-", "‑": "-", "﹣": "-", "×": r"\times ", "·": r"\cdot ", "⋅": r"\cdot ",
    "∙": r"\cdot ", "÷": "/", "∕": "/", "⁄": "/", "√": r"\sqrt ", "∛": r"\cbrt ", "∞": r"\infty ", "≤": r"\le ",
    "≥": r"\ge ",
    "⩽": r"\le ", "⩾": r"\ge ", "≠": r"\ne ", "≈": r"\approx ", "±": r"\pm ", "∓": r"\mp ", "∪": r"\cup ", "∈": r"\in ",
    "∅": r"\emptyset ", "∖": r"\setminus ", "→": r"\to ", "∫": r"\int ", "∑": r"\sum ", "∏": r"\prod ", "°": r"^\circ ",
    "⟨": r"\langle ", "⟩": r"\rangle ", "⌊": r"\lfloor ", "⌋": r"\rfloor ", "⌈": r"\lceil ", "⌉": r"\rceil ",
    "‖": r"\|",
    "α": r"\alpha ", "β": r"\beta ", "γ": r"\gamma ", "δ": r"\delta ", "ε": r"\epsilon ", "θ": r"\theta ",
    "λ": r"\lambda ",
    "μ": r"\mu ", "ν": r"\nu ", "π": r"\pi ", "ρ": r"\rho ", "σ": r"\sigma ", "τ": r"\tau ", "φ": r"\phi ",
    "ω": r"\omega ",
    "ϕ": r"\phi ", "Δ": r"\Delta ", "Ω": r"\Omega ", "ℝ": r"\mathbb{R} ", "ℤ": r"\mathbb{Z} ",
    "“": '"', "”": '"', "‘": "'",
    "’": "'", "…": "...", "´": "'", "µ": r"\mu ",
}  # fmt: skip
_SIGN = re.compile("[" + "".join(_SIGNS) + "]")


class SeveralAnswers(Exception):
    """The text names more than one final answer, and they differ."""


def cleaned(text: str) -> str:
    """The text without escapes, control and invisible characters, with mathematical signs spelled as LaTeX does.

    Takes time in proportion to the text's length.

    Examples:
        >>> cleaned("  x² −\\t½\\x00 ")
        'x^{2} -(1/2)'
    """
    text = _INVISIBLE.sub("", _ANSI.sub("", text))
    text = _FRACTION.sub(_fraction, text)
    text = _RAISED.sub(lambda found: "^{" + found.group().translate(_SUPERSCRIPTS) + "}", text)
    text = _LOWERED.sub(lambda found: "_{" + found.group().translate(_SUBSCRIPTS) + "}", text)
    text = _SIGN.sub(lambda found: _SIGNS[found.group()], text)
    text = unicodedata.normalize("NFKC", text)
    text = _SIGN.sub(lambda found: _SIGNS[found.group()], text)  # mathematical letters have become Greek ones
    return _BLANK.sub(" ", text).strip()


def final_answer(text: str) -> str:
    """What a cleaned text says is its answer: the content of its box, what follows "the answer is", or all of it.

    Raises:
        SeveralAnswers: There are boxes with different contents.

    Examples:
        >>> final_answer(r"Hence $x = 2$ and the answer is $\\boxed{\\frac{1}{2}}$.")
        '\\\\frac{1}{2}'
        >>> final_answer("The final answer is: **5**.")
        '5'
    """
    boxes = list(dict.fromkeys(_unwrapped(content) for content in _boxed(text)))
    if len(boxes) > 1:
        raise SeveralAnswers(f"It puts {len(boxes)} different answers in boxes.")
    if boxes:
        return boxes[0]
    tag = _TAG.search(text[-4100:])
    if tag is not None:
        return _unwrapped(tag.group(1))
    lead = _HEADING.match(text) or _LEAD.match(text)
    return _unwrapped(text[lead.end() :] if lead else text)


def _fraction(found: re.Match[str]) -> str:
    written = unicodedata.normalize("NFKC", found.group(1)).replace("⁄", "/")
    before = found.string[max(0, found.start() - 1) : found.start()]
    return f" {written}" if before.isdigit() else f"({written})"


def _boxed(text: str) -> list[str]:
    contents = []
    # Boxes that are never closed would each be looked through to the end.
    for found in islice(_BOX.finditer(text[:MOST_LETTERS]), 8):
        depth, k = 1, found.end()
        while k < len(text) and depth:
            if text[k] == "\\":
                k += 2
                continue
            depth += (text[k] == "{") - (text[k] == "}")
            k += 1
        if depth == 0:
            contents.append(text[found.end() : k - 1])
    return contents


def _unwrapped(text: str) -> str:
    """Without the signs around a formula: dollars, brackets of LaTeX, stars, back quotes, a full stop."""
    for _ in range(6):
        before = text
        text = text.strip()
        if text.endswith("**") and text.count("**") == 1:
            text = text[:-2].rstrip()  # its partner stood before the answer
        if text.endswith("\\\\"):
            text = text[:-2].rstrip()
        if text.endswith(".") and not text.endswith("..."):
            text = text[:-1].rstrip()
        for left, right in (
            ("$$", "$$"),
            ("$", "$"),
            (r"\(", r"\)"),
            (r"\[", r"\]"),
            ("**", "**"),
            ("`", "`"),
            ('"', '"'),
        ):
            if len(text) > len(left) + len(right) and text.startswith(left) and text.endswith(right):
                inner = text[len(left) : -len(right)]
                if left not in inner:
                    text = inner
        if text == before:
            break
    dollars = len(re.findall(r"(?<!\\)\$", text))
    if dollars and dollars % 2 == 0:
        text = re.sub(r"(?<!\\)\$", " ", text).strip()  # formulas within a sentence
    return re.sub(r"^~\s?(?=\d)", r"\\approx ", text)

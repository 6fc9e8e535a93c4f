"""Repair of a PDF's text layer: a cluster of letters is told once, whatever glyphs it is made of.

typst 0.15 writes a cluster whose marks stand higher or lower than its letters as several runs, and each says that it
stands for the whole cluster (typst#8767): `अद्भुत` is read as `अद्भुद्भुत`. What went in is known, so it is told which
glyphs go on with a cluster, and those are put into spans whose ActualText says nothing.
"""

from __future__ import annotations

import io
import itertools
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from synqc.apps.fir.document.errors import NotReadBack
from synqc.errors import MissingExtra

if TYPE_CHECKING:
    from synqc.apps.fir.document.read_back import Expected

__all__ = ["tell_clusters_once"]

_GLYPH = 2  # bytes
_READ = frozenset({"cm", "Tf", "BDC", "EMC", "TJ", "Tj"})  # all else says nothing of the text
_FARTHEST_MARK = 6.0  # points between the heights of a cluster's letters and marks; lines are 12 apart
_MOST_TRIED = 100_000  # a second


@dataclass(frozen=True)
class _Glyph:
    """One glyph, or one span that says itself what it stands for.

    Args:
        instruction: Its place in the page.
        place: (element, offset) in a run; None for a span.
        text: Letters that the cluster stands for.
        height: Height of the run's baseline.
        is_first: Whether it begins a run, at another height than the one before.
    """

    instruction: int
    place: tuple[int, int] | None
    text: str
    height: float
    is_first: bool = False

    @property
    def letters(self) -> str:
        """As they are compared: decomposed, so that texts may be joined."""
        return _letters_of_cluster(self.text)


def tell_clusters_once(pdf: bytes, expected: Expected) -> bytes:
    """The same file, in which each cluster is told once.

    Raises:
        NotReadBack: No way of reading its glyphs gives what went in.
    """
    try:
        import pikepdf
    except ImportError as error:
        raise MissingExtra("PDF needs pikepdf: `pip install 'synqc[fir]'`.") from error
    with pikepdf.Pdf.open(io.BytesIO(pdf)) as document:
        pages = list(document.pages)
        instructions = [list(pikepdf.parse_content_stream(page)) for page in pages]
        meanings: dict[tuple[int, int], dict[int, str]] = {}  # by font, which pages share
        glyphs = [
            _without_foot(_glyphs(page, of_page, meanings), _letters(expected.foot(number, len(pages))))
            for number, (page, of_page) in enumerate(zip(pages, instructions, strict=True), 1)
        ]
        goes_on = iter(_goes_on(list(itertools.chain.from_iterable(glyphs)), expected.told))
        for page, of_page, its_glyphs in zip(pages, instructions, glyphs, strict=True):
            muted = _muted(its_glyphs, list(itertools.islice(goes_on, len(its_glyphs))))
            if muted:
                page.Contents = document.make_stream(pikepdf.unparse_content_stream(_rewritten(of_page, muted)))
        out = io.BytesIO()
        document.save(out, static_id=True, compress_streams=True)
        return out.getvalue()


@lru_cache(maxsize=10_000)
def _letters_of_cluster(text: str) -> str:
    return _letters(text)


def _letters(text: str) -> str:
    return re.sub(r"[\s\u200b]", "", unicodedata.normalize("NFD", text))


def _glyphs(
    page: Any, instructions: Sequence[Any], meanings_by_font: dict[tuple[int, int], dict[int, str]]
) -> list[_Glyph]:
    meanings = {}
    for name, font in page.Resources.Font.items():
        if font.objgen not in meanings_by_font:
            meanings_by_font[font.objgen] = _meanings(font)
        meanings[str(name)] = meanings_by_font[font.objgen]
    found: list[_Glyph] = []
    height, font, in_span = 0.0, {}, False
    for index, instruction in enumerate(instructions):
        operator = str(instruction.operator)
        if operator not in _READ:
            continue
        before = len(found)
        if operator == "EMC":
            in_span = False
            continue
        operands = instruction.operands
        if operator == "cm":
            height = float(operands[5])
        elif operator == "Tf":
            font = meanings[str(operands[0])]
        elif operator == "BDC":
            if "/ActualText" in operands[1]:
                in_span = True
                found.append(_Glyph(index, None, str(operands[1].ActualText), height))
        elif not in_span:
            elements = operands[0] if operator == "TJ" else operands
            for element, piece in enumerate(elements):
                if _is_text(piece):
                    data = bytes(piece)
                    for offset in range(0, len(data), _GLYPH):
                        code = int.from_bytes(data[offset : offset + _GLYPH], "big")
                        found.append(_Glyph(index, (element, offset), font.get(code, "\ufffd"), height))
        if 0 < before < len(found) and found[before].height != found[before - 1].height:
            found[before] = replace(found[before], is_first=True)
    return found


def _is_text(piece: Any) -> bool:
    import pikepdf

    return isinstance(piece, pikepdf.String)


def _meanings(font: Any) -> dict[int, str]:
    """What the glyphs of a font stand for, by its own table."""
    from pdfminer.cmapdb import CMapParser, FileUnicodeMap

    table = FileUnicodeMap()
    CMapParser(table, io.BytesIO(font.ToUnicode.read_bytes())).run()
    return dict(table.cid2unichr)


def _goes_on(glyphs: Sequence[_Glyph], told: Sequence[str]) -> list[bool]:
    """Which glyphs go on with the cluster before them: depth-first search for a reading that gives what went in.

    A glyph may go on where a run begins at another height and says the same as the one before. Where it may also be a
    cluster of its own, the likelier reading is tried first, and from each place in the text but once: texts such
    as one syllable, many times over, have more readings than can be tried.
    """
    wanted, begins_word = _letters("".join(told)), _beginnings_of_words(told)
    goes_on: list[bool] = []
    untried: list[tuple[int, int, bool]] = []  # (glyph, place in the text, the other reading)
    tried: set[tuple[int, int]] = set()
    index, at, furthest = 0, 0, (0, 0)
    while index < len(glyphs) or at < len(wanted):
        readings = _readings(glyphs, goes_on, wanted, at, begins_word)
        if len(readings) == 2:
            if (index, at) in tried:
                readings = []
            else:
                tried.add((index, at))
                untried.append((index, at, readings[1]))
        if readings:
            reading = readings[0]
        else:
            furthest = max(furthest, (at, index))
            if not untried or len(tried) > _MOST_TRIED:
                raise NotReadBack(_mismatch(glyphs, wanted, *furthest))
            index, at, reading = untried.pop()
            del goes_on[index:]
        goes_on.append(reading)
        at += 0 if reading else len(glyphs[index].letters)
        index += 1
    return goes_on


def _beginnings_of_words(told: Sequence[str]) -> set[int]:
    """Places of letters before which there is a blank, which is a glyph of its own unless a line ends there."""
    begins, at = set(), 0
    for word in itertools.chain.from_iterable(map(str.split, told)):
        begins.add(at)
        at += len(_letters(word))
    return begins


def _readings(
    glyphs: Sequence[_Glyph], goes_on: Sequence[bool], wanted: str, at: int, begins_word: set[int]
) -> list[bool]:
    """Whether the glyph behind those that were read goes on with their last cluster; the likelier answer first."""
    index = len(goes_on)
    if index == len(glyphs):
        return []
    glyph, letters = glyphs[index], glyphs[index].letters
    is_next = wanted.startswith(letters, at)
    if not (glyph.is_first and letters and letters == glyphs[index - 1].letters):
        return [False] if is_next else []
    if not is_next:
        return [True]
    begun = index - 1
    while goes_on[begun]:
        begun -= 1
    shift = abs(glyph.height - glyphs[begun].height)
    is_likely = shift < _FARTHEST_MARK and (shift > 0 or at in begins_word)
    return [is_likely, not is_likely]


def _mismatch(glyphs: Sequence[_Glyph], wanted: str, at: int, index: int) -> str:
    if index == len(glyphs):
        return f"The PDF was not handed out: it ends before {wanted[at : at + 20]!r}."
    return f"The PDF was not handed out: it says {glyphs[index].text!r} where {wanted[at : at + 20]!r} went in."


def _without_foot(glyphs: Sequence[_Glyph], foot: str) -> Sequence[_Glyph]:
    """Of a page, which says its foot last."""
    index, rest = len(glyphs), foot
    while index and rest:
        letters = glyphs[index - 1].letters
        if not rest.endswith(letters):
            raise NotReadBack(f"The PDF was not handed out: a page does not end with its foot {foot!r}.")
        rest = rest[: len(rest) - len(letters)]
        index -= 1
    return glyphs[:index]


def _muted(glyphs: Sequence[_Glyph], goes_on: Sequence[bool]) -> dict[int, set[tuple[int, int] | None]]:
    """Places of glyphs that shall say nothing, by instruction."""
    muted: dict[int, set[tuple[int, int] | None]] = {}
    for glyph, is_muted in zip(glyphs, goes_on, strict=True):
        if is_muted:
            muted.setdefault(glyph.instruction, set()).add(glyph.place)
    return muted


def _rewritten(instructions: Sequence[Any], muted: dict[int, set[tuple[int, int] | None]]) -> list[Any]:
    import pikepdf

    written: list[Any] = []
    for index, instruction in enumerate(instructions):
        places = muted.get(index)
        if places is None:
            written.append(instruction)
        elif None in places:
            span = [instruction.operands[0], _says_nothing()]
            written.append(pikepdf.ContentStreamInstruction(span, pikepdf.Operator("BDC")))
        else:
            written += _split_run(instruction, places)
    return written


def _split_run(instruction: Any, muted: set[tuple[int, int] | None]) -> list[Any]:
    """A run in pieces: each glyph that shall say nothing in a span of its own."""
    import pikepdf

    written: list[Any] = []
    waiting: list[Any] = []

    def show() -> None:
        if waiting:
            written.append(pikepdf.ContentStreamInstruction([pikepdf.Array(waiting)], pikepdf.Operator("TJ")))
            waiting.clear()

    for element, piece in enumerate(
        instruction.operands[0] if str(instruction.operator) == "TJ" else instruction.operands
    ):
        if not _is_text(piece):
            waiting.append(piece)
            continue
        data, since = bytes(piece), 0
        for offset in range(0, len(data), _GLYPH):
            if (element, offset) not in muted:
                continue
            if offset > since:
                waiting.append(pikepdf.String(data[since:offset]))
            show()
            since = offset + _GLYPH
            written.append(
                pikepdf.ContentStreamInstruction([pikepdf.Name("/Span"), _says_nothing()], pikepdf.Operator("BDC"))
            )
            waiting.append(pikepdf.String(data[offset:since]))
            show()
            written.append(pikepdf.ContentStreamInstruction([], pikepdf.Operator("EMC")))
        if since < len(data):
            waiting.append(pikepdf.String(data[since:]))
    show()
    return written


def _says_nothing() -> Any:
    """Properties of a span that extractors print nothing for: for an empty text PDFium prints the glyphs' own."""
    import pikepdf

    return pikepdf.Dictionary(ActualText=pikepdf.String(b"\xfe\xff\x00\n"))

"""PDF renderer of a report by typst, whose text is read back before the file is handed out."""

from __future__ import annotations

import re
import threading
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from synqc import json
from synqc.apps.fir.document.cluster_text import tell_clusters_once
from synqc.apps.fir.document.errors import NotReadBack
from synqc.apps.fir.document.fonts import print_fonts
from synqc.apps.fir.document.layout import Block, Layout, Row, lay_out
from synqc.apps.fir.document.panic import is_panic
from synqc.apps.fir.document.read_back import Expected, check_read_back
from synqc.apps.fir.document.report import FirstInformationReport
from synqc.apps.fir.document.visible_marks import mark_missing, mark_stacked
from synqc.errors import MissingExtra

__all__ = ["Pdf", "pdf_of"]

_TEMPLATE = Path(__file__).with_name("form.typ")
_LONGEST_WORD = 30
_LONGEST_CLUSTER = 60  # characters; typst says of each glyph of a cluster that it stands for all of them
_SHORT = 400  # characters
_ZERO_WIDTH_SPACE = "\u200b"
_lock = threading.Lock()


@dataclass(frozen=True)
class Pdf:
    """A file whose text was read back.

    Args:
        data: Its bytes; equal reports give equal ones.
        unprinted: Characters printed as their code points: there is no font for them, or too many stand on one letter.
    """

    data: bytes
    unprinted: tuple[str, ...] = ()


def pdf_of(report: FirstInformationReport) -> Pdf:
    """The file.

    Raises:
        NotReadBack: An extractor reads something else than what went in, or typst fails.
        FontsMissing: There is no font of Devanagari.
        MissingExtra: typst, or an extractor, is not installed.
    """
    layout = lay_out(report)
    form, unprinted = _form(layout, report)
    expected = Expected(_told(form), form["number"], form["page"])
    written = _compiled(json.dumps(form).decode())
    try:
        check_read_back(written, expected)
    except NotReadBack:
        written = tell_clusters_once(written, expected)
        check_read_back(written, expected)
    return Pdf(written, tuple(unprinted))


def _compiled(form: str) -> bytes:
    try:
        with _lock:  # typst's cache is one for the process
            return bytes(_compiler().compile(format="pdf", sys_inputs={"form": form}, pdf_tags=False))
    except BaseException as error:
        if not is_panic(error):
            raise
        _compiler.cache_clear()
        raise NotReadBack("The PDF was not made: typst failed.") from None


@cache
def _compiler() -> Any:
    try:
        import typst
    except ImportError as error:
        raise MissingExtra("PDF needs typst: `pip install 'synqc[fir]'`.") from error
    return typst.Compiler(
        str(_TEMPLATE), root=str(_TEMPLATE.parent), font_paths=print_fonts().opened(), ignore_system_fonts=True
    )


def _form(layout: Layout, report: FirstInformationReport) -> tuple[dict[str, Any], list[str]]:
    """What the template is given, and which characters are printed as code points."""
    missing: set[str] = set()

    def printed(text: str) -> str:
        shown, some = mark_missing(text, print_fonts().shown)
        shown, stacked = mark_stacked(shown)
        missing.update(some, stacked)
        return shown

    def row_of(row: Row) -> dict[str, Any]:
        value = None if row.value is None else [_breakable(line) for line in printed(row.value).split("\n")]
        return {"label": row.label, "value": value, "signature": row.is_signature}

    moment = report.prepared_at.utctimetuple()
    form = {
        "title": layout.title, "number": printed(layout.number), "page": layout.page, "language": layout.language,
        "not_stated": layout.not_stated, "moment": list(moment[:6]), "head": [row_of(row) for row in layout.head],
        "blocks": [
            {"heading": one.heading, "rows": [row_of(row) for row in one.rows], "together": _is_short(one)}
            for one in layout.blocks
        ],
    }  # fmt: skip
    return form, sorted(missing)


def _is_short(block: Block) -> bool:
    """Whether it shall stand on one page: a signature belongs under what is signed."""
    said = [row.value for row in block.rows if row.value is not None]
    return any(row.is_signature for row in block.rows) and sum(map(len, said)) < _SHORT


def _told(form: dict[str, Any]) -> list[str]:
    """All that is printed between the margins, in the order of reading."""
    told = [form["title"]]
    for heading, rows in [(None, form["head"]), *((one["heading"], one["rows"]) for one in form["blocks"])]:
        told += [heading] if heading else []
        for row in rows:
            told.append(row["label"])
            if row["value"] is not None:
                told += row["value"]
            elif not row["signature"]:
                told.append(form["not_stated"])
    return told


def _breakable(line: str) -> str:
    """With places to break where a word is longer than a line, within no cluster of letters that people write."""
    if not re.search(rf"\S{{{_LONGEST_WORD + 1}}}", line):
        return line
    return re.sub(rf"\S{{{_LONGEST_WORD + 1},}}", lambda found: _broken(found[0]), line)


def _broken(word: str) -> str:
    pieces, since = [], 0
    for index, char in enumerate(word):
        is_place = since >= _LONGEST_WORD and _begins_cluster(word[index - 1], char)
        if is_place or since >= _LONGEST_CLUSTER:
            pieces.append(_ZERO_WIDTH_SPACE)
            since = 0
        pieces.append(char)
        since += 1
    return "".join(pieces)


def _begins_cluster(before: str, char: str) -> bool:
    joins = unicodedata.category(char).startswith("M") or char in "\u200c\u200d"
    return not joins and before not in "\u094d\u200d\u200c"

"""DOCX renderer of a report, with runs that word processors set in Devanagari as they do in Latin."""

from __future__ import annotations

import copy
import io
import re
import zipfile
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from synqc.apps.fir.document.layout import Layout, Row, lay_out
from synqc.apps.fir.document.report import FirstInformationReport
from synqc.errors import MissingExtra

if TYPE_CHECKING:
    from docx.document import Document
    from docx.text.paragraph import Paragraph

__all__ = ["docx_of"]

_FONT = "Noto Sans Devanagari"
_LETTERS = "\u0900-\u097f\ua8e0-\ua8ff\u1cd0-\u1cff"
_DEVANAGARI = re.compile(f"([{_LETTERS}](?:[{_LETTERS}\u200c\u200d ]*[{_LETTERS}\u200c\u200d])?)")
_OLDEST_IN_ZIP = datetime(1980, 1, 1, tzinfo=UTC)


def docx_of(report: FirstInformationReport) -> bytes:
    """The file; equal reports give equal bytes.

    Raises:
        MissingExtra: python-docx is not installed.
    """
    layout = lay_out(report)
    document = _blank(report)
    _write(_styled(document, "Title"), layout.title, _TITLE)
    _table(document, layout, layout.head)
    for block in layout.blocks:
        _write(_styled(document, "Heading2"), block.heading, _HEADING)
        _table(document, layout, block.rows)
    section = document.sections[0]
    _write(section.header.paragraphs[0], layout.number)
    written = io.BytesIO()
    document.save(written)
    return _dated(written.getvalue(), report.prepared_at)


def _blank(report: FirstInformationReport) -> Document:
    try:
        import docx
    except ImportError as error:
        raise MissingExtra("DOCX needs python-docx: `pip install 'synqc[fir]'`.") from error
    document = docx.Document()
    about, moment = document.core_properties, report.prepared_at.astimezone(UTC).replace(tzinfo=None)
    about.author = about.comments = about.last_modified_by = ""
    about.title = re.sub(r"[^\x20-\x7e]", "", report.number)
    about.created = about.modified = moment.replace(microsecond=0)
    about.revision = 1
    return document


def _styled(document: Document, style_id: str) -> Paragraph:
    """A paragraph of a style, by its id: by its name python-docx looks through all styles several times."""
    paragraph = document.add_paragraph()
    paragraph._p.style = style_id
    return paragraph


def _table(document: Document, layout: Layout, rows: tuple[Row, ...]) -> None:
    from docx.text.paragraph import Paragraph

    table = document.add_table(rows=0, cols=2)
    for row in rows:
        # python-docx's own way to a cell looks through the whole row by XPath each time.
        label, value = (Paragraph(cell.p_lst[0], table) for cell in table.add_row()._tr.tc_lst)
        _write(label, row.label, _Look(bold=True))
        if row.value is not None:
            _write(value, row.value)
        elif row.is_signature:
            _write(value, "_" * 20)
        else:
            _write(value, layout.not_stated, _Look(italic=True))


@dataclass(frozen=True)
class _Look:
    """Of a run; the size is in half points, as Word has it."""

    size: int = 20
    bold: bool = False
    italic: bool = False


_PLAIN, _TITLE, _HEADING = _Look(), _Look(32, bold=True), _Look(24, bold=True)


def _write(paragraph: Paragraph, text: str, look: _Look = _PLAIN) -> None:
    """Runs of one script each: what is said of Latin letters is said of complex scripts by elements of their own."""
    for number, part in enumerate(_DEVANAGARI.split(text)):
        if part:
            run = paragraph.add_run(part)
            run._r.insert(0, copy.deepcopy(_properties(look, number % 2 == 1)))


@cache
def _properties(look: _Look, is_complex: bool) -> Any:
    """The properties of a run, in the order of the schema."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    properties = OxmlElement("w:rPr")

    def add(tag: str, **values: str) -> None:
        made = OxmlElement(f"w:{tag}")
        for name, value in values.items():
            made.set(qn(f"w:{name}"), value)
        properties.append(made)

    add("rFonts", ascii=_FONT, hAnsi=_FONT, cs=_FONT, **({"hint": "cs"} if is_complex else {}))
    for wanted, tag in ((look.bold, "b"), (look.italic, "i")):
        if wanted:
            add(tag)
            add(f"{tag}Cs")
    add("sz", val=f"{look.size}")
    add("szCs", val=f"{look.size}")
    add("rtl", val="0")
    if is_complex:
        add("cs")
    add("lang", bidi="hi-IN")
    return properties


def _dated(written: bytes, moment: datetime) -> bytes:
    """The same archive, its members dated by the report: python-docx dates them by the clock."""
    stamp = max(moment.astimezone(UTC), _OLDEST_IN_ZIP).timetuple()[:6]
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(written)) as source, zipfile.ZipFile(out, "w") as target:
        for name in source.namelist():
            member = zipfile.ZipInfo(name, stamp)
            member.compress_type = zipfile.ZIP_DEFLATED
            member.external_attr = 0o644 << 16
            target.writestr(member, source.read(name), compresslevel=6)
    return out.getvalue()

"""Cards of HTML for notebooks: tables that bear sanitisers, dark themes and narrow cells.

Every look stands in the element that has it: a sanitiser drops sheets of styles, and a notebook's own rules for tables
are stronger than a sheet's. No script, class or heading, and colours come from the page.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["CardLine", "html_card_of", "html_table_of"]

# Words break only where nothing else fits; what cannot break is reached by scrolling.
_CARD = (
    "display:inline-block;box-sizing:border-box;max-width:100%;overflow-x:auto;overflow-wrap:break-word;text-align:left;"
    "font:14px/1.5 system-ui,'Segoe UI',sans-serif;border:1px solid rgba(128,128,128,.35);"
    "border-radius:8px;padding:12px 16px;color:inherit;background:transparent"
)
_TITLE = "font-size:16px;font-weight:600;margin:0 0 6px"
_BADGE = (
    "font-size:12px;font-weight:600;margin-left:8px;padding:1px 8px;border-radius:9px;border:1px solid #ea580c;"
    "color:#ea580c;white-space:nowrap"
)
_TABLE = "border-collapse:collapse;border:0;margin:0;color:inherit;font-size:inherit;table-layout:auto"
_ROW = "background:transparent;border:0"
_RULED = "background:transparent;border:0;border-top:1px solid rgba(128,128,128,.35)"
_CELL = "padding:2px 14px 2px 0;text-align:left;border:0;vertical-align:top;white-space:normal;max-width:none"
_VALUE = f"{_CELL};font-variant-numeric:tabular-nums;font-weight:600"
_REMARK = f"{_CELL};opacity:.75"
_PART = "padding:2px 14px 2px 14px;text-align:left;border:0;vertical-align:top"
_NUMBER = f"{_CELL};font-variant-numeric:tabular-nums"
_HEAD = f"{_CELL};font-weight:600"
_NOTE = "margin:6px 0 0;opacity:.75"


@dataclass(frozen=True)
class CardLine:
    """One row: what, how much, and a remark. A name that begins with a space is a part of the row above."""

    name: str
    value: str
    remark: str = ""


def html_card_of(
    title: str, labels: Sequence[str], blocks: Sequence[Sequence[CardLine]], *, notes: Sequence[str] = ()
) -> str:
    """A card: a title with labels that must not be overlooked, blocks of lines with a rule between them, and notes.

    Args:
        title: Name of the thing shown.
        labels: Shown as badges beside the title.
        blocks: Lines; a rule stands between blocks.
        notes: Sentences below.

    Returns:
        HTML; every word is escaped.

    Examples:
        >>> card = html_card_of("ibm_fez", ["emulated"], [[CardLine("T1", "145 µs", "median")]])
        >>> ">emulated</span>" in card, "<style" in card
        (True, False)
    """
    rows = []
    for number, block in enumerate(blocks):
        for position, line in enumerate(block):
            cells = [(line.name.strip(), _PART if line.name.startswith(" ") else _CELL)]
            cells += [(line.value, _VALUE), (line.remark, _REMARK)]
            rows.append(_row("td", cells, _RULED if number > 0 and position == 0 else _ROW))
    return _framed(title, labels, rows, notes)


def html_table_of(
    columns: Sequence[str], rows: Sequence[Sequence[str]], *, title: str = "", notes: Sequence[str] = ()
) -> str:
    """A card that is a table with a head; the first column names its row.

    Args:
        columns: Words of the head.
        rows: Cells, as many in each row as there are columns.
        title: Name of the thing shown; none is left out.
        notes: Sentences below.

    Returns:
        HTML; every word is escaped.

    Examples:
        >>> html_table_of(["device", "T1"], [["a < b", "3 µs"]]).count("a &lt; b")
        1
    """
    lines = [_row("th", [(word, _HEAD) for word in columns], _ROW)]
    for position, cells in enumerate(rows):
        looks = [(cell, _VALUE if column == 0 else _NUMBER) for column, cell in enumerate(cells)]
        lines.append(_row("td", looks, _RULED if position == 0 else _ROW))
    return _framed(title, (), lines, notes)


def _row(kind: str, cells: Sequence[tuple[str, str]], style: str) -> str:
    told = "".join(f'<{kind} align="left" style="{looks}">{html.escape(text)}</{kind}>' for text, looks in cells)
    return f'<tr style="{style}">{told}</tr>'


def _framed(title: str, labels: Sequence[str], rows: Sequence[str], notes: Sequence[str]) -> str:
    badges = "".join(f' <span style="{_BADGE}">{html.escape(label)}</span>' for label in labels)
    head = f'<div style="{_TITLE}"><b>{html.escape(title)}</b>{badges}</div>' if title else ""
    below = "".join(f'<div style="{_NOTE}">{html.escape(note)}</div>' for note in notes)
    return f'<div style="{_CARD}">{head}<table style="{_TABLE}">{"".join(rows)}</table>{below}</div>'

"""Plain text renderer of a report: a label begins its line, and nothing that was stated does."""

from __future__ import annotations

from synqc.apps.fir.document.layout import Layout, Row, lay_out
from synqc.apps.fir.document.report import FirstInformationReport

__all__ = ["text_of"]

_INDENT = "    "
_SIGNATURE_LINE = "____________________"


def text_of(report: FirstInformationReport) -> str:
    """In the order of the form. Lines of a statement after its first are indented, so that none passes for a label."""
    layout = lay_out(report)
    blocks = [
        f"{layout.title}\n{_rows(layout, layout.head)}",
        *(f"{block.heading}\n{_rows(layout, block.rows)}" for block in layout.blocks),
    ]
    return "\n\n".join(blocks) + "\n"


def _rows(layout: Layout, rows: tuple[Row, ...]) -> str:
    return "\n".join(f"{row.label}: {_value(layout, row)}" for row in rows)


def _value(layout: Layout, row: Row) -> str:
    if row.value is None:
        return _SIGNATURE_LINE if row.is_signature else layout.not_stated
    return row.value.replace("\n", "\n" + _INDENT)

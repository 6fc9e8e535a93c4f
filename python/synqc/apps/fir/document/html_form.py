"""HTML renderer of a report: one page without scripts, in which whatever was stated is escaped."""

from __future__ import annotations

from html import escape

from synqc.apps.fir.document.layout import Layout, Row, lay_out
from synqc.apps.fir.document.report import FirstInformationReport

__all__ = ["html_of"]

_STYLE = """
body { font-family: "Noto Sans", "Noto Sans Devanagari", sans-serif; max-width: 46rem; margin: 1rem auto;
  padding: 0 1rem; line-height: 1.5; color: #111; background: #fff; }
h1 { font-size: 1.4rem; text-align: center; } h2 { font-size: 1.05rem; border-bottom: 1px solid #777; }
dl { display: grid; grid-template-columns: minmax(8rem, 30%) 1fr; gap: .25rem 1rem; margin: 0; }
dt { color: #444; } dd { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; unicode-bidi: isolate; }
dd.missing { color: #777; font-style: italic; } dd.signature { border-bottom: 1px solid #111; min-height: 2.5rem; }
@media (max-width: 30rem) { dl { display: block; } dd { margin-bottom: .5rem; } }
""".strip()


def html_of(report: FirstInformationReport) -> str:
    """A page that prints as it looks."""
    layout = lay_out(report)
    blocks = "\n".join(
        f"<section><h2>{escape(block.heading)}</h2>\n{_rows(layout, block.rows)}</section>" for block in layout.blocks
    )
    return (
        f'<!doctype html>\n<html lang="{layout.language}">\n<head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(layout.title)} {escape(layout.number)}</title>\n<style>{_STYLE}</style></head>\n<body>\n"
        f"<h1>{escape(layout.title)}</h1>\n{_rows(layout, layout.head)}\n{blocks}\n</body>\n</html>\n"
    )


def _rows(layout: Layout, rows: tuple[Row, ...]) -> str:
    return f"<dl>{''.join(f'<dt>{escape(row.label)}</dt>{_value(layout, row)}' for row in rows)}</dl>"


def _value(layout: Layout, row: Row) -> str:
    if row.value is None:
        if row.is_signature:
            return '<dd class="signature"></dd>'
        return f'<dd class="missing">{escape(layout.not_stated)}</dd>'
    return f'<dd dir="ltr">{escape(row.value)}</dd>'

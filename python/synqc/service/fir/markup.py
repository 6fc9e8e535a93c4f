"""Pages without a script: one frame for lists, reports and verdicts, in which every value is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from fastapi.responses import HTMLResponse

__all__ = ["heading", "link", "page", "paragraph", "table"]

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:1rem auto;padding:0 1rem}"
    "table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #999}"
    "pre{white-space:pre-wrap;overflow-wrap:anywhere}input,button{font:inherit;padding:.3rem;margin:.2rem 0}"
    "input{width:100%;box-sizing:border-box}"
)


def page(title: str, parts: Iterable[str], *, status: int = 200, language: str = "en") -> HTMLResponse:
    """A page of parts that are markup already."""
    body = "".join(parts)
    text = (
        f'<!doctype html><html lang="{escape(language)}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body><main>{body}</main></body></html>"
    )
    headers = {"content-security-policy": _POLICY, "cache-control": "no-store"}
    # What a client sent, a lone surrogate among it, may be part of a page.
    return HTMLResponse(text.encode(errors="replace"), status, headers)


def heading(text: str) -> str:
    """Of a page."""
    return f"<h1>{escape(text)}</h1>"


def paragraph(text: str) -> str:
    """Of words."""
    return f"<p>{escape(text)}</p>"


def link(address: str, text: str) -> str:
    """To somewhere below the same place."""
    return f'<a href="{escape(address)}">{escape(text)}</a>'


def table(names: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Of cells that are markup already."""
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"

"""Pages of reports for people: the latest ones, and one."""

from __future__ import annotations

from html import escape
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from synqc.apps.fir.numbers.errors import UnknownNumber
from synqc.errors import InputError
from synqc.service.context import run_in_thread
from synqc.service.fir.context import Fir, Reader
from synqc.service.fir.documents import moment
from synqc.service.fir.markup import heading, link, page, paragraph, table
from synqc.service.fir.routes.parameters import FirNumber
from synqc.service.fir.routes.reports import checked_number, content_of

__all__ = ["router"]

router = APIRouter(tags=["pages"])

_MOST = 100


@router.get("/view_fir_records", operation_id="view_reports", response_class=HTMLResponse)
async def view_reports(request: Request, fir: Fir, reader: Reader) -> HTMLResponse:
    """The latest 100 reports as a page."""
    found = await run_in_thread(request, fir.workflow.records, limit=_MOST)
    rows = [
        [
            link(f"view_fir/{quote(one.number, safe='')}", one.number), escape(one.status.value),
            escape(moment(one.issued_at) or ""),
        ]
        for one in found
    ]  # fmt: skip
    return page("Reports", [heading("First Information Reports"), table(["Number", "Status", "Prepared"], rows)])


@router.get(
    "/view_fir/{fir_number}", operation_id="view_report", response_class=HTMLResponse,
    responses={
        400: {"description": "No number looks like this.", "content": {"text/html": {}}},
        404: {"description": "There is no such report.", "content": {"text/html": {}}},
    },
)  # fmt: skip
async def view_report(request: Request, fir_number: FirNumber, fir: Fir, reader: Reader) -> HTMLResponse:
    """A report as a page."""
    try:
        record = await run_in_thread(request, fir.workflow.record, checked_number(fir, fir_number))
    except (UnknownNumber, InputError) as error:
        status = 404 if isinstance(error, UnknownNumber) else 400
        return page("No report", [heading("No report"), paragraph(str(error))], status=status)
    content = await run_in_thread(request, content_of, fir, record)
    text = "The report is being made." if content is None else content
    facts = f"{record.status.value}, {moment(record.issued_at)}"
    return page(record.number, [heading(record.number), paragraph(facts), f"<pre>{escape(text)}</pre>"])

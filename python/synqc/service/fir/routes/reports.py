"""Reports by their numbers: filed, listed, read, led on, and handed out as they were sealed."""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Body, Query, Request, Response
from pydantic import BaseModel, Field

from synqc.apps.fir.application import FirApplication
from synqc.apps.fir.document.text_form import text_of
from synqc.apps.fir.numbers.register import Record
from synqc.apps.fir.numbers.scheme import NumberScheme, check_number
from synqc.apps.fir.numbers.status import RecordStatus
from synqc.apps.fir.roles import Grant, Right
from synqc.apps.fir.workflow.errors import AnswerRefused, GateConflict, RefusalKind, UnknownSession
from synqc.apps.fir.workflow.report_of import report_of
from synqc.apps.fir.workflow.session import Session
from synqc.apps.fir.workflow.steps import Step
from synqc.apps.fir.workflow.workflow import Officer
from synqc.errors import InputError
from synqc.service.context import run_in_thread
from synqc.service.description import answered, refused
from synqc.service.fir.context import Decider, Filer, Fir, Reader, officer_of
from synqc.service.fir.documents import moment
from synqc.service.fir.encodable_body import EncodableBody
from synqc.service.fir.errors import AuthKeyUnset, WrongAuthKey
from synqc.service.fir.routes.examples import FIR_NUMBER, SESSION_ID
from synqc.service.fir.routes.parameters import FirNumber
from synqc.service.fir.routes.sessions import FILES, Form

__all__ = ["router"]

router = APIRouter(tags=["reports"])

_NUMBER: Final = re.compile(r"FIR-[a-f0-9]{8}-\d{14}")
_FIELDS: Final = ("fir_number", "status", "created_at", "id")
_MOST: Final = 100
_SIGNATURES: Final = {
    "complainant_signature": "complainant_signature", "officer_signature": "investigating_officer_signature",
}  # fmt: skip
_MOMENT: Final = "2026-11-30T04:40:10+00:00"
_ROW: Final = {"fir_number": FIR_NUMBER, "status": "pending", "created_at": _MOMENT}
_DIGEST: Final = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_FILED: Final = {
    "success": True, "message": "The report is filed.", "fir_number": FIR_NUMBER, "digest": _DIGEST,
    "files": {"pdf": _DIGEST}, "unprinted": [], "status": "finalized", "pdf_url": f"/fir/{FIR_NUMBER}/files/pdf",
}  # fmt: skip
_RECORD: Final = {
    "fir_number": FIR_NUMBER, "status": "pending", "created_at": _MOMENT, "finalized_at": None,
    "session_id": SESSION_ID, "state": "draft", "digest": None, "files": None, "fir_content": "...",
}  # fmt: skip


class Filing(EncodableBody):
    """A report to be filed: by its number and the key for that; or by its session, as the later version has it."""

    fir_number: str | None = Field(None, max_length=50)
    auth_key: str | None = Field(None, min_length=8, max_length=256)
    session_id: str | None = None
    complainant_signature: str | None = Field(None, max_length=50_000)
    officer_signature: str | None = Field(None, max_length=50_000)
    reason: str = Field("", max_length=10_000, description="For the history.")


class Filed(BaseModel):
    """It is sealed, and stays as it is."""

    success: Literal[True] = True
    message: str
    fir_number: str
    digest: str = Field(description="SHA-256 of the report's state: what its seal is of.")
    files: dict[str, str] = Field(description="SHA-256 of each form.")
    unprinted: list[str] = Field(description="Characters that the PDF shows as code points: no font has them.")
    status: Literal["finalized"] = "finalized"
    pdf_url: str


class FirRecord(BaseModel):
    """A report of the register."""

    fir_number: str
    status: Literal["pending", "finalized"]
    created_at: str | None
    finalized_at: str | None
    session_id: str
    state: RecordStatus
    digest: str | None
    files: dict[str, str] | None
    fir_content: str | None


class FirRecordWithContent(FirRecord):
    """The same with what older clients call its content."""

    content: str | None


class FirRow(BaseModel):
    """A report in a list."""

    fir_number: str
    status: str
    created_at: str | None


class FirPage(BaseModel):
    """Reports by their place in the list."""

    records: list[FirRow]
    limit: int
    offset: int
    count: int
    total: int


class FirCursorPage(BaseModel):
    """Reports after the last one of the page before; each has the members that were asked for."""

    records: list[dict[str, Any]]
    limit: int
    count: int
    total_count: int
    next_cursor: str | None
    has_more: bool


class Firs(BaseModel):
    """Reports as the later version lists them."""

    firs: list[FirRow]
    total: int
    limit: int
    offset: int


class StatusChange(EncodableBody):
    """Where a filed report goes."""

    to: Literal["accepted", "closed"]
    reason: str = Field("", max_length=10_000)


@router.post(
    "/authenticate", operation_id="file_report", response_model=Filed,
    responses={**answered(_FILED), **refused(403, 404, 409), 500: {"description": "No key for filing is configured."}},
)  # fmt: skip
async def file_report(request: Request, body: Annotated[Filing, Body()], fir: Fir, filer: Filer) -> Filed:
    """Seal a report whose last gate was passed, and file it."""
    return await run_in_thread(request, _filed, fir, filer, body)


@router.get("/list_firs", operation_id="list_reports", response_model=FirPage | FirCursorPage)
async def list_reports(
    request: Request,
    fir: Fir,
    reader: Reader,
    limit: Annotated[str, Query(description="1 to 100.")] = "20",
    offset: Annotated[str, Query(description="From 0.")] = "0",
    cursor: Annotated[str | None, Query(description="Of the page before; empty: the first page.")] = None,
    fields: Annotated[
        str | None, Query(description=f"Comma list of {', '.join(_FIELDS)}; pages by cursor then.")
    ] = None,
) -> FirPage | FirCursorPage:
    """Reports, newest first."""
    most, passed = _whole("limit", limit, 1, _MOST), _whole("offset", offset, 0, 2**31 - 1)
    if cursor is None and fields is None:
        return await run_in_thread(request, _page, fir, most, passed)
    return await run_in_thread(request, _cursor_page, fir, most, cursor or "", _named(fields))


@router.get("/firs", operation_id="list_reports_of_later_version", response_model=Firs)
async def list_reports_of_later_version(
    request: Request,
    fir: Fir,
    reader: Reader,
    limit: Annotated[str, Query(description="1 to 100.")] = "20",
    offset: Annotated[str, Query(description="From 0.")] = "0",
) -> Firs:
    """The same in the words of the later version."""
    most, passed = _whole("limit", limit, 1, _MOST), _whole("offset", offset, 0, 2**31 - 1)
    page = await run_in_thread(request, _page, fir, most, passed)
    return Firs(firs=page.records, total=page.total, limit=most, offset=passed)


@router.get("/fir/{fir_number}", operation_id="read_report", response_model=FirRecord, responses=answered(_RECORD))
async def read_report(request: Request, fir_number: FirNumber, fir: Fir, reader: Reader) -> FirRecord:
    """A report by its number."""
    return await run_in_thread(request, _record, fir, fir_number)


@router.get(
    "/fir/{fir_number}/content", operation_id="read_report_content", response_model=FirRecordWithContent,
    responses=answered({**_RECORD, "content": "..."}),
)  # fmt: skip
async def read_report_content(
    request: Request, fir_number: FirNumber, fir: Fir, reader: Reader
) -> FirRecordWithContent:
    """The same with its text under the older name, too."""
    record = await run_in_thread(request, _record, fir, fir_number)
    return FirRecordWithContent(**record.model_dump(), content=record.fir_content)


@router.get(
    "/fir/{fir_number}/files/{form}", operation_id="read_sealed_file", response_class=Response,
    responses={200: {"content": {kind.split(";")[0]: {"schema": {}} for kind in FILES.values()}}},
)  # fmt: skip
async def read_sealed_file(request: Request, fir_number: FirNumber, form: Form, fir: Fir, reader: Reader) -> Response:
    """A form of a filed report, byte for byte as it was sealed."""
    data = await run_in_thread(request, fir.workflow.sealed_file, fir_number, form)
    name = fir_number.replace("/", "_")
    headers = {"content-disposition": f'attachment; filename="{name}.{form}"', "cache-control": "private, no-store"}
    return Response(data, media_type=FILES[form], headers=headers)


@router.post(
    "/fir/{fir_number}/status", operation_id="lead_report_on", response_model=FirRecord, responses=refused(409)
)  # fmt: skip
async def lead_report_on(
    request: Request, fir_number: FirNumber, body: Annotated[StatusChange, Body()], fir: Fir, decider: Decider
) -> FirRecord:
    """Accept a filed report, or close it."""
    return await run_in_thread(request, _led_on, fir, officer_of(decider), fir_number, body)


# Filing


def _filed(fir: FirApplication, filer: Grant, body: Filing) -> Filed:
    if (body.fir_number is None) == (body.session_id is None):
        raise InputError("Exactly one of `fir_number` and `session_id` must be given.")
    _check_may_file(fir, filer, body)
    officer = officer_of(filer)
    if body.fir_number is not None:
        session_id = fir.workflow.record(checked_number(fir, body.fir_number)).session_id
    else:
        session_id = body.session_id or ""
        _sign(fir, officer, body)
    sealed = fir.workflow.file(session_id, officer, reason=body.reason)
    number = sealed.seal.number
    return Filed(
        message="The report is filed.", fir_number=number, digest=sealed.seal.digest, files=dict(sealed.seal.files),
        unprinted=list(sealed.unprinted), pdf_url=f"/fir/{number.replace('/', '%2F')}/files/pdf",
    )  # fmt: skip


def _check_may_file(fir: FirApplication, filer: Grant, body: Filing) -> None:
    """A second key beside that of the request, where one is configured; the later version's clients have none."""
    wanted = fir.settings.auth_key
    if body.fir_number is not None and wanted is None:
        raise AuthKeyUnset("No report is filed by number here: SYNQC_FIR_AUTH_KEY is not set.")
    if wanted is None:
        return
    if body.fir_number is None and body.auth_key is None and fir.settings.keys and filer.may(Right.DECIDE):
        return
    if not hmac.compare_digest((body.auth_key or "").encode(), wanted.encode()):
        raise WrongAuthKey("Member `auth_key` must be the key for filing, but is not.")


def _sign(fir: FirApplication, officer: Officer, body: Filing) -> None:
    """Signatures are statements of the report: they are stated, and what they changed is approved with them."""
    stated = {field: getattr(body, name) for name, field in _SIGNATURES.items() if getattr(body, name)}
    session = fir.workflow.session(body.session_id or "")
    if session.completed_at is None:
        raise AnswerRefused(RefusalKind.NOT_COMPLETED, "The last gate has not been passed.")
    unsaid = {field: value for field, value in stated.items() if session.details.get(field, ("",))[0] != value}
    if not unsaid or session.status is not RecordStatus.DRAFT:
        return
    fir.workflow.state_fields(session.session_id, officer, unsaid, base=session.details_digest)
    gate = fir.workflow.wait_for_gate(session.session_id, fir.settings.answer_within_s)
    if gate is None or gate.step is not Step.FINAL:
        raise GateConflict(RefusalKind.STALE_TOKEN, "Somebody else changed the report meanwhile.", gate)
    fir.workflow.accept(session.session_id, gate.token, officer)


# Reading


def checked_number(fir: FirApplication, number: str) -> str:
    """A number as this station's look, where they are those of the contract.

    Raises:
        InputError: It is none.
    """
    if fir.scheme == NumberScheme() and _NUMBER.fullmatch(number) is None:
        raise InputError(
            "Argument `fir_number` must look like FIR-0a1b2c3d-20261130101010, but is "
            f"{number[:60].encode('ascii', 'backslashreplace').decode()!r}."
        )
    return check_number(number)


def _record(fir: FirApplication, number: str) -> FirRecord:
    record = fir.workflow.record(checked_number(fir, number))
    files = None if record.seal is None else dict(record.seal["files"])
    return FirRecord(
        fir_number=record.number, status=record.status.of_contract, created_at=moment(record.issued_at),
        finalized_at=moment(record.finalized_at), session_id=record.session_id, state=record.status,
        digest=record.digest, files=files, fir_content=content_of(fir, record),
    )  # fmt: skip


def content_of(fir: FirApplication, record: Record) -> str | None:
    """The text of a report: as it was sealed, or as it stands; None while it has none."""
    if record.status is not RecordStatus.DRAFT:
        return fir.workflow.sealed_file(record.number, "txt").decode()
    try:
        session: Session = fir.workflow.session(record.session_id)
    except UnknownSession:  # deleted for its age
        return None
    made = session.results.get(Step.FINAL)
    if made is None or session.step is not Step.FINAL or session.ticket is not None:
        return None
    return text_of(report_of(session))


def _led_on(fir: FirApplication, officer: Officer, number: str, body: StatusChange) -> FirRecord:
    record = fir.workflow.record(checked_number(fir, number))
    fir.workflow.change_status(record.session_id, RecordStatus(body.to), officer, reason=body.reason)
    return _record(fir, number)


# Lists


def _page(fir: FirApplication, limit: int, offset: int) -> FirPage:
    rows = [FirRow(**_row(one)) for one in fir.workflow.records(limit=limit, offset=offset)]
    return FirPage(records=rows, limit=limit, offset=offset, count=len(rows), total=fir.workflow.record_count())


def _cursor_page(fir: FirApplication, limit: int, cursor: str, fields: tuple[str, ...]) -> FirCursorPage:
    before = _place(cursor) if cursor else None
    found = fir.workflow.records(limit=limit + 1, before=before)
    shown = found[:limit]
    has_more = len(found) > limit
    rows = [{name: value for name, value in _row(one).items() if name in fields} for one in shown]
    return FirCursorPage(
        records=rows, limit=limit, count=len(rows), total_count=fir.workflow.record_count(),
        next_cursor=_cursor(shown[-1]) if has_more else None, has_more=has_more,
    )  # fmt: skip


def _row(record: Record) -> dict[str, Any]:
    return {
        "fir_number": record.number, "status": record.status.of_contract, "created_at": moment(record.issued_at),
        "id": record.session_id,
    }  # fmt: skip


def _named(fields: str | None) -> tuple[str, ...]:
    if fields is None:
        return _FIELDS
    named = tuple(one.strip() for one in fields.split(",") if one.strip())
    unknown = [one for one in named if one not in _FIELDS]
    if unknown or not named:
        was = repr(unknown[0][:40]) if unknown else "empty"
        raise InputError(f"Argument `fields` must name some of {', '.join(_FIELDS)}, but is {was}.")
    return named


def _whole(name: str, text: str, least: int, most: int) -> int:
    """The contract has 400 for these, where the framework has 422."""
    if re.fullmatch(r"\d{1,10}", text) and text.isascii() and least <= int(text) <= most:
        return int(text)
    raise InputError(f"Argument `{name}` must be a whole number from {least} to {most}, but is {text[:30]!r}.")


def _cursor(record: Record) -> str:
    return base64.urlsafe_b64encode(f"{record.issued_at!r} {record.number}".encode()).decode().rstrip("=")


def _place(cursor: str) -> tuple[float, str]:
    try:
        said = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
        at, _, number = said.partition(" ")
        return float(at), check_number(number)
    except (binascii.Error, ValueError) as error:
        raise InputError(f"Argument `cursor` must be one of a page before, but is {cursor[:60]!r}.") from error

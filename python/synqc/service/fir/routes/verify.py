"""Verification of a seal: whether a paper that somebody holds is what was filed. Needs no key, and tells no more."""

from __future__ import annotations

from html import escape
from typing import Annotated, Literal

from fastapi import APIRouter, File, Form, Query, Request, UploadFile
from fastapi.responses import HTMLResponse
from pydantic import BaseModel

from synqc.apps.fir.application import FirApplication
from synqc.apps.fir.input.upload import MOST_BYTES, UploadTooLarge
from synqc.apps.fir.numbers.errors import UnknownNumber
from synqc.apps.fir.numbers.verification import SealVerdict
from synqc.errors import InputError
from synqc.service.context import run_in_thread
from synqc.service.description import answered
from synqc.service.fir.context import Fir
from synqc.service.fir.markup import heading, page, paragraph

__all__ = ["router"]

router = APIRouter(tags=["verification"])

Verdict = Literal["genuine", "not_genuine", "register_damaged"]
_WORDS: dict[Verdict, str] = {
    "genuine": "Genuine: this is what was filed under this number.",
    "not_genuine": "Not genuine: nothing that was filed under this number is this.",
    "register_damaged": "Nobody can tell: the register does not agree with its own seal.",
}


class SealCheck(BaseModel):
    """What came of it. Whether there is a report of that number is not told where the paper is not its."""

    fir_number: str
    verdict: Verdict
    form: str
    status: str
    words: str


@router.get("/verify", operation_id="show_seal_check", response_class=HTMLResponse)
async def show_seal_check() -> HTMLResponse:
    """A page that asks for a number, and for the SHA-256 or the file that is held against it."""
    return _form()


@router.post("/verify", operation_id="check_sealed_file", response_class=HTMLResponse)
async def check_sealed_file(
    request: Request,
    fir: Fir,
    fir_number: Annotated[str, Form(max_length=50)],
    digest: Annotated[str, Form(max_length=80, description="SHA-256 in hexadecimal.")] = "",
    file: Annotated[UploadFile | None, File(description="PDF, DOCX, HTML, text or JSON, as it was filed.")] = None,
) -> HTMLResponse:
    """The answer of that page."""
    held: bytes | str = digest
    if file is not None and (file.size or file.filename):
        if (file.size or 0) > MOST_BYTES:
            raise UploadTooLarge(f"The file must have at most {MOST_BYTES:,} bytes, but has {file.size:,}.")
        held = await file.read()
    found = await run_in_thread(request, _checked, fir, fir_number.strip(), held)
    which = f"Form: {found.form}. Status: {found.status}." if found.verdict == "genuine" else ""
    return _form(found.fir_number, [paragraph(found.words), paragraph(which)])


@router.get(
    "/verify/{fir_number}", operation_id="check_digest", response_model=SealCheck,
    responses=answered({
        "fir_number": "FIR-0a1b2c3d-20261130101010", "verdict": "genuine", "form": "pdf", "status": "filed",
        "words": _WORDS["genuine"],
    }),
)  # fmt: skip
async def check_digest(
    request: Request, fir_number: str, fir: Fir, digest: Annotated[str, Query(max_length=80)]
) -> SealCheck:
    """Whether a SHA-256 is that of a filed report, or of one of its files."""
    return await run_in_thread(request, _checked, fir, fir_number, digest)


def _checked(fir: FirApplication, number: str, held: bytes | str) -> SealCheck:
    try:
        found = fir.workflow.verify(number, held)
        verdict = found.verdict
    except (UnknownNumber, InputError):
        return SealCheck(fir_number=number[:50], verdict="not_genuine", form="", status="", words=_WORDS["not_genuine"])
    word: Verdict = "not_genuine"
    if verdict is SealVerdict.GENUINE:
        word = "genuine"
    elif verdict is SealVerdict.REGISTER_DAMAGED:
        word = "register_damaged"
    is_genuine = word == "genuine"
    return SealCheck(
        fir_number=number, verdict=word, form=found.form if is_genuine else "",
        status=found.status.value if is_genuine else "", words=_WORDS[word],
    )  # fmt: skip


def _form(number: str = "", answer: list[str] | None = None) -> HTMLResponse:
    field = (
        '<form method="post" enctype="multipart/form-data">'
        f'<label>Number of the report<input name="fir_number" required maxlength="50" value="{escape(number)}"></label>'
        '<label>SHA-256, or the file itself<input name="digest" maxlength="80"></label>'
        '<label>File<input type="file" name="file"></label><button>Verify</button></form>'
    )
    return page("Verify a report", [heading("Verify a report"), *(answer or []), field])

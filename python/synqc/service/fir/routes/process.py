"""A complaint comes in: typed, spoken or photographed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, File, Form, Query, Request, UploadFile

from synqc.apps.fir.application import FirApplication
from synqc.apps.fir.input.complaint_text import check_complaint
from synqc.apps.fir.input.language import ComplaintLanguage, detect_language
from synqc.apps.fir.input.upload import MOST_BYTES, Media, Upload, UploadTooLarge, check_upload
from synqc.apps.fir.roles import Grant
from synqc.apps.fir.workflow.errors import SessionExists
from synqc.errors import InputError
from synqc.service.context import run_in_thread
from synqc.service.description import answered, refused
from synqc.service.fir.context import Fir, Lead, Shown, officer_of
from synqc.service.fir.documents import FirResponse, SessionAccepted
from synqc.service.fir.routes.examples import FIR_RESPONSE
from synqc.service.fir.routes.parameters import IdempotencyKey, session_id_of
from synqc.service.fir.settled import settled
from synqc.service.fir.showing import showing
from synqc.service.responses import JsonBytes

__all__ = ["BODY_BYTES", "router"]

router = APIRouter(tags=["sessions"])

BODY_BYTES = MOST_BYTES + (1 << 20)
"""Of a form with the largest upload, and what stands around it."""
_LANGUAGES = {"en": "en", "en-in": "en", "hi": "hi", "hi-in": "hi"}


@router.post(
    "/process", operation_id="process_complaint", response_model=FirResponse | SessionAccepted,
    responses={
        **answered(FIR_RESPONSE), **refused(409), 415: {"description": "Neither WAV nor MP3, or neither JPEG nor PNG."},
    },
)  # fmt: skip
async def process_complaint(
    request: Request,
    fir: Fir,
    lead: Lead,
    shown: Shown,
    text: Annotated[str | None, Form(description="Of a typed complaint, 10 to 50,000 characters.")] = None,
    audio: Annotated[UploadFile | None, File(description="A recording: WAV or MP3, at most 25 MiB.")] = None,
    image: Annotated[UploadFile | None, File(description="A picture: JPEG or PNG, at most 25 MiB.")] = None,
    file: Annotated[UploadFile | None, File(description="One of both, beside `input_type`.")] = None,
    input_type: Annotated[
        Literal["text", "audio", "image"] | None,
        Form(description="Of clients of the later version, which are answered at once, with 3 members."),
    ] = None,
    language: Annotated[
        str | None,
        Form(description="en, hi, en-IN or hi-IN: what is spoken, and of the report's own words; else as the text."),
    ] = None,
    text_in_address: Annotated[str | None, Query(alias="text", description="In the place of the form's.")] = None,
    idempotency_key: IdempotencyKey = None,
) -> JsonBytes:
    """Begin a session with exactly one of a text, a recording and a picture; nothing of a text is changed."""
    given: dict[str, str | UploadFile | None] = {
        "text": text if text is not None else text_in_address,
        "audio": file if input_type == "audio" else audio,
        "image": file if input_type == "image" else image,
    }  # fmt: skip
    there = {name: value for name, value in given.items() if value is not None}
    if len(there) != 1 or (input_type is not None and input_type not in there):
        was = " and ".join(there) or "none"
        raise InputError(f"Exactly one of `text`, `audio` and `image` must be given, but {was} is.")
    ((source, value),) = there.items()
    told = None if language is None or not language.strip() else _language(language)
    if isinstance(value, str):
        opening = Opening(check_complaint(value), told or _language_of(value), idempotency_key)
    else:
        upload = await _upload(request, value, Media(source))
        opening = Opening(upload, told or "en", idempotency_key)
        missing = fir.media.speech_missing if source == "audio" else fir.media.pictures_missing
        if missing:
            return JsonBytes(FirResponse(success=False, error=f"processing_error: {missing}").model_dump_json())
    session_id = await run_in_thread(request, _opened, fir, lead, opening)
    if input_type is not None:
        accepted = SessionAccepted(session_id=session_id, status="processing", message="The complaint is being read.")
        return JsonBytes(accepted.model_dump_json())
    session = await settled(request, fir, session_id)
    return await showing(request, shown, lead, session_id, FirResponse.of(fir, session))


@dataclass(frozen=True)
class Opening:
    """A complaint that begins a session."""

    complaint: str | Upload
    language: str
    idempotency_key: str | None


async def _upload(request: Request, given: UploadFile, media: Media) -> Upload:
    """What was uploaded, checked; the framework lets its own copy go when the request has ended."""
    if (given.size or 0) > MOST_BYTES:
        raise UploadTooLarge(f"The upload must have at most {MOST_BYTES:,} bytes, but has {given.size:,}.")
    content = await given.read()
    # Walking over the frames of a long recording takes a while.
    return await run_in_thread(
        request, check_upload, content, media, name=given.filename or "", media_type=given.content_type or ""
    )


def _opened(fir: FirApplication, lead: Grant, opening: Opening) -> str:
    """The session of a complaint: a new one, or that of the same request sent before."""
    key, officer = opening.idempotency_key, officer_of(lead)
    wanted = None if key is None else session_id_of(key, lead.name)
    complaint, language = opening.complaint, opening.language
    try:
        if isinstance(complaint, str):
            return fir.workflow.open(officer, text=complaint, language=language, session_id=wanted)
        return fir.open_upload(officer, complaint, spoken=language, language=language, session_id=wanted)
    except SessionExists:
        if wanted is None:
            raise
        known = fir.workflow.session(wanted)
        source = "text" if isinstance(complaint, str) else complaint.media.value
        if known.source != source or (isinstance(complaint, str) and known.text != complaint):
            raise SessionExists("The idempotency key was used for another complaint.") from None
        return wanted


def _language_of(complaint: str) -> str:
    return "hi" if detect_language(complaint) in (ComplaintLanguage.HINDI, ComplaintLanguage.MIXED) else "en"


def _language(given: str) -> str:
    known = _LANGUAGES.get(given.strip().lower().replace("_", "-"))
    if known is None:
        raise InputError(f"Argument `language` must be one of {', '.join(_LANGUAGES)}, but is {given[:20]!r}.")
    return known

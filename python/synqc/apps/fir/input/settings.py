"""Settings of recordings and pictures: which servers read them, in the place of what is on this machine."""

from __future__ import annotations

from typing import Annotated

from annotated_types import Interval

from synqc.environment import Variable
from synqc.llm.providers.local.settings import LocalModelSettings

__all__ = ["MediaSettings"]


class MediaSettings(LocalModelSettings):
    """Inherited by the settings of an application that takes recordings and pictures.

    Examples:
        >>> MediaSettings.from_environment({"SYNQC_FIR_ASR_URL": "http://127.0.0.1:8002"}).asr_url
        'http://127.0.0.1:8002'
    """

    asr_url: Annotated[str | None, Variable("SYNQC_FIR_ASR_URL", secret=True, secrets_sent=("SYNQC_FIR_ASR_KEY",))] = (
        None
    )
    """Server that makes text of speech; "none": recordings are not taken; not set: Whisper, where it is installed."""
    asr_model: Annotated[str | None, Variable("SYNQC_FIR_ASR_MODEL")] = None
    """Model at that server's `/audio/transcriptions`, up to whose `/v1` the URL goes; not set: its door is `/asr`."""
    asr_languages: Annotated[str, Variable("SYNQC_FIR_ASR_LANGUAGES")] = "en"
    """Languages that the server understands, by their codes and commas."""
    asr_key: Annotated[str | None, Variable("SYNQC_FIR_ASR_KEY", secret=True)] = None
    """For that server."""
    asr_timeout_s: Annotated[float, Variable("SYNQC_FIR_ASR_TIMEOUT_SEC"), Interval(ge=1.0, le=3600.0)] = 180.0
    """A recording is text by then, s."""
    ocr_url: Annotated[str | None, Variable("SYNQC_FIR_OCR_URL", secret=True, secrets_sent=("SYNQC_FIR_OCR_KEY",))] = (
        None
    )
    """Server that makes text of pictures; "none": they are not taken; not set: Tesseract, where it is installed."""
    ocr_model: Annotated[str | None, Variable("SYNQC_FIR_OCR_MODEL")] = None
    """Model with eyes at that server, of OpenAI's protocol; not set: its door is `/ocr`."""
    ocr_languages: Annotated[str, Variable("SYNQC_FIR_OCR_LANGUAGES")] = "en,hi"
    """Languages that the server reads, by their codes and commas."""
    ocr_key: Annotated[str | None, Variable("SYNQC_FIR_OCR_KEY", secret=True)] = None
    """For that server."""
    ocr_timeout_s: Annotated[float, Variable("SYNQC_FIR_OCR_TIMEOUT_SEC"), Interval(ge=1.0, le=3600.0)] = 120.0
    """A picture is text by then, s."""

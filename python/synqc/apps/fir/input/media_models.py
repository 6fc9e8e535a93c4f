"""Choice of what hears recordings and reads pictures: a server where one is named, else what is on this machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from synqc.apps.fir.input.settings import MediaSettings
from synqc.errors import MissingExtra
from synqc.llm.endpoint import Endpoint
from synqc.llm.languages import Languages
from synqc.llm.model_files import ModelDirectory, NoSuchModel, component_folder
from synqc.llm.read_image import PageReader
from synqc.llm.readers.server import ChatReader, OcrServer
from synqc.llm.readers.tesseract import Tesseract
from synqc.llm.transcribe import Transcriber
from synqc.llm.transcribers.server import AsrServer, ServerTranscriber
from synqc.llm.transcribers.whisper import Whisper

__all__ = ["MediaModels", "choose_media_models"]

_NONE: Final = "none"
_WHISPERS: Final = ("whisper-base", "whisper-tiny.en")


@dataclass(frozen=True)
class MediaModels:
    """What makes text of recordings and pictures.

    Args:
        transcriber: Hears; None: recordings are refused.
        reader: Reads; None: pictures are refused.
        speech_missing, pictures_missing: Why there is none, and what would help; "" where there is one.
        speech_s, pictures_s: Seconds in which the text must be there.
    """

    transcriber: Transcriber | None = None
    reader: PageReader | None = None
    speech_missing: str = "Recordings are switched off."
    pictures_missing: str = "Pictures are switched off."
    speech_s: float = 180.0
    pictures_s: float = 120.0

    def to_plain(self) -> dict[str, Any]:
        """Both, for whoever asks how the service is: what there is, what it can, and what is missing."""
        return {
            "speech": _told(self.transcriber, self.speech_missing),
            "pictures": _told(self.reader, self.pictures_missing),
        }


def choose_media_models(settings: MediaSettings) -> MediaModels:
    """What the settings name; where they name nothing, Whisper and Tesseract, as far as they are installed.

    Nothing is loaded before it is needed. What is not there keeps nothing from starting: it is told in `to_plain`, and
    to whoever sends a recording or a picture.

    Raises:
        MissingExtra: A server is named and the package `openai` is not installed.
        ModelFileDamaged: A file of the speech model is not the one that its name promises.

    Examples:
        >>> none = MediaSettings.from_environment({"SYNQC_FIR_ASR_URL": "none", "SYNQC_FIR_OCR_URL": "none"})
        >>> choose_media_models(none).to_plain()["speech"]
        {'ready': False, 'name': None, 'languages': [], 'missing': 'Recordings are switched off.'}
    """
    transcriber, speech_missing = _transcriber(settings)
    reader, pictures_missing = _reader(settings)
    return MediaModels(
        transcriber, reader, speech_missing, pictures_missing, settings.asr_timeout_s, settings.ocr_timeout_s
    )


def _transcriber(settings: MediaSettings) -> tuple[Transcriber | None, str]:
    if settings.asr_url == _NONE:
        return None, "Recordings are switched off."
    if settings.asr_url is not None:
        languages = _languages(settings.asr_languages)
        endpoint = _endpoint(settings.asr_url, settings.asr_key, settings.asr_timeout_s)
        if settings.asr_model is None:
            return AsrServer(endpoint, languages=languages), ""
        return ServerTranscriber(endpoint, settings.asr_model, languages=languages), ""
    directory = ModelDirectory(settings.models_dir)
    for name in _WHISPERS:
        try:
            return Whisper(component_folder(name, directory), threads=settings.local_threads or 1), ""
        except NoSuchModel:
            continue
        except MissingExtra as error:
            return None, f"{error} Then run `synqc models get {_WHISPERS[0]}`, or name a server by SYNQC_FIR_ASR_URL."
    return None, f"Run `synqc models get {_WHISPERS[0]}`, or name a server by SYNQC_FIR_ASR_URL."


def _reader(settings: MediaSettings) -> tuple[PageReader | None, str]:
    if settings.ocr_url == _NONE:
        return None, "Pictures are switched off."
    if settings.ocr_url is not None:
        languages = _languages(settings.ocr_languages)
        endpoint = _endpoint(settings.ocr_url, settings.ocr_key, settings.ocr_timeout_s)
        if settings.ocr_model is None:
            return OcrServer(endpoint, languages=languages), ""
        return ChatReader(endpoint, settings.ocr_model, languages=languages), ""
    try:
        reader = Tesseract()
    except MissingExtra as error:
        return None, f"{error} Or name a server by SYNQC_FIR_OCR_URL."
    if not reader.languages.able:
        return None, "Run apt-get install tesseract-ocr-eng tesseract-ocr-hin, or name a server by SYNQC_FIR_OCR_URL."
    return reader, ""


def _endpoint(url: str, key: str | None, timeout_s: float) -> Endpoint:
    return Endpoint(base_url=url, api_key=key or _NONE, timeout_s=timeout_s)


def _languages(listed: str) -> Languages:
    return Languages(able=tuple(dict.fromkeys(one for one in listed.lower().replace(" ", "").split(",") if one)))


def _told(model: Transcriber | PageReader | None, missing: str) -> dict[str, Any]:
    if model is None:
        return {"ready": False, "name": None, "languages": [], "missing": missing}
    languages = [*model.languages.able, *model.languages.rough]
    return {"ready": True, "name": model.name, "languages": languages, "missing": None}

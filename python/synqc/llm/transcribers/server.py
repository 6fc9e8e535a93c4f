"""Servers that make text of speech: OpenAI's door, and the plain door `/asr`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from synqc.llm._documents import Documents, refuse_failure
from synqc.llm.audio import Audio
from synqc.llm.endpoint import Endpoint
from synqc.llm.languages import Languages
from synqc.llm.transcribe import Heard

__all__ = ["AsrServer", "ServerTranscriber"]


class ServerTranscriber:
    """A `Transcriber` by any server with `/audio/transcriptions` of OpenAI's protocol.

    Attempts, limits of time and errors are those of `LanguageModels`.

    Args:
        endpoint: Where.
        model: As the server knows it.
        languages: What it understands, where you know; else any may be tried.

    Raises:
        MissingExtra: The package `openai` is not installed.
    """

    def __init__(self, endpoint: Endpoint, model: str, *, languages: Languages | None = None) -> None:
        self.languages = Languages(others=True) if languages is None else languages
        self.name = f"{model} at {endpoint.base_url}"
        self._documents, self._model = Documents(endpoint), model

    def hear(self, audio: Audio, *, language: str, deadline_s: float | None) -> Heard:
        """The text of a recording, as the server tells it; of words it tells nothing.

        Raises:
            LanguageModelError: There is none.
        """
        body = {"model": self._model, "language": language, "response_format": "json", "temperature": 0}
        upload = {"file": (f"speech.{audio.kind}", audio.content, audio.media_type)}
        told = self._documents.post("/audio/transcriptions", body, upload, deadline_s=deadline_s)
        return Heard(_text(self._documents, told, "text"))


class AsrServer:
    """A `Transcriber` by a server with the door `/asr`: a form with `audio` in, `{success, transcript, error}` out.

    The door has no place for a language: name those that the server's model understands.

    Args:
        endpoint: The server's address, without `/asr`.
        languages: What it understands.

    Raises:
        MissingExtra: The package `openai` is not installed.
    """

    def __init__(self, endpoint: Endpoint, *, languages: Languages) -> None:
        self.languages = languages
        self.name = f"ASR at {endpoint.base_url}"
        self._documents = Documents(endpoint)

    def hear(self, audio: Audio, *, language: str, deadline_s: float | None) -> Heard:
        """The text of a recording.

        Raises:
            ErrorInAnswer: The server says, with status 200, that it failed.
            LanguageModelError: There is no text for another reason.
        """
        upload = {"audio": (f"speech.{audio.kind}", audio.content, audio.media_type)}
        told = self._documents.post("/asr", {}, upload, deadline_s=deadline_s)
        refuse_failure(self._documents, told)
        return Heard(_text(self._documents, told, "transcript"))


def _text(documents: Documents, told: Any, name: str) -> str:
    text = told.get(name) if isinstance(told, Mapping) else None
    if not isinstance(text, str):
        raise documents.misread(f"its `{name}` is no text")
    return text.strip()

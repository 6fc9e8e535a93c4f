"""Whisper in this process, by faster-whisper."""

from __future__ import annotations

import importlib.util
import io
import threading
import time
from pathlib import Path
from typing import Any

from synqc.errors import MissingExtra
from synqc.llm.audio import Audio, UnreadableAudio
from synqc.llm.errors import ModelTimedOut
from synqc.llm.languages import Languages
from synqc.llm.transcribe import Heard, HeardWord

__all__ = ["Whisper"]


class Whisper:
    """A `Transcriber` for English; its numbers are often misheard, and Hindi it does not understand.

    One recording at a time. Half a minute of sound is heard at once: a deadline is kept between two of them.

    Args:
        folder: With the model: `get_component("whisper-base", ...)` of `synqc.llm.model_files`.
        threads: Threads of one computation.

    Raises:
        MissingExtra: The package `faster-whisper` is not installed.
    """

    languages = Languages(able=("en",), unable=("hi",))

    def __init__(self, folder: Path, *, threads: int = 1) -> None:
        if importlib.util.find_spec("faster_whisper") is None:
            raise MissingExtra("Whisper needs the package `faster-whisper`: pip install 'synqc[speech]'.")
        self.name = folder.name
        self._folder, self._threads = folder, threads
        self._turn = threading.Lock()
        self._model: Any = None

    def hear(self, audio: Audio, *, language: str, deadline_s: float | None) -> Heard:
        """The words of a recording; silence has none.

        Raises:
            UnreadableAudio: It cannot be decoded.
            ModelTimedOut: The deadline has come.
        """
        until = None if deadline_s is None else time.monotonic() + deadline_s
        if not self._turn.acquire(timeout=-1 if deadline_s is None else deadline_s):
            raise _late(self.name, deadline_s)
        try:
            samples = self._decoded(audio)
            segments, _ = self._loaded().transcribe(
                samples, language=language, temperature=0.0, condition_on_previous_text=False, vad_filter=True,
                word_timestamps=True,
            )  # fmt: skip
            words = []
            for segment in segments:
                words += [_word_of(one) for one in segment.words]
                if until is not None and time.monotonic() > until:
                    raise _late(self.name, deadline_s)
        finally:
            self._turn.release()
        return Heard("".join(word.text for word in words).strip(), tuple(words))

    def _decoded(self, audio: Audio) -> Any:
        from faster_whisper import decode_audio

        try:
            return decode_audio(io.BytesIO(audio.content), sampling_rate=16_000)
        except (ValueError, OSError, EOFError, IndexError) as error:  # its decoder's own are kinds of these
            raise UnreadableAudio(f"The recording cannot be decoded: {error}.") from None

    def _loaded(self) -> Any:
        if self._model is None:
            from faster_whisper import WhisperModel

            self._model = WhisperModel(
                str(self._folder), device="cpu", compute_type="int8", cpu_threads=self._threads, local_files_only=True
            )
        return self._model


def _late(name: str, deadline_s: float | None) -> ModelTimedOut:
    seconds = deadline_s or 0.0
    return ModelTimedOut(
        f"{name} did not hear all within {seconds:g} s, the caller's deadline.", limit="deadline", seconds=seconds
    )


def _word_of(told: Any) -> HeardWord:
    return HeardWord(told.word, float(told.start), float(told.end), float(told.probability))

"""Speech as text, with everything in it that a person must confirm."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Protocol, runtime_checkable

from synqc.errors import InputError
from synqc.llm.audio import Audio, audio_in
from synqc.llm.languages import Languages
from synqc.llm.spoken_numbers import numbers_in

__all__ = ["Heard", "HeardNumber", "HeardWord", "Transcriber", "Transcript", "transcribe"]

_SURE: Final = 0.6
"""Right English of whisper-base had 0.75 to 0.88; Hindi and German, heard as English, 0.28 to 0.47."""
_MOST_REPEATING: Final = 2.4
"""How far speech can be packed; Radford et al., Robust speech recognition via large-scale weak supervision, 4.5."""


@dataclass(frozen=True)
class HeardWord:
    """One word.

    Args:
        text: With the blank before it.
        start_s: When it begins.
        end_s: When it ends.
        probability: That the model gave it, 0 to 1.
    """

    text: str
    start_s: float
    end_s: float
    probability: float


@dataclass(frozen=True)
class Heard:
    """What a model made of a recording.

    Args:
        text: All of it.
        words: Which make up the text, where the model tells of them.
    """

    text: str
    words: tuple[HeardWord, ...] = ()


@runtime_checkable
class Transcriber(Protocol):
    """Makes text of speech; any thread may use it."""

    @property
    def name(self) -> str:
        """Of the model."""
        ...

    @property
    def languages(self) -> Languages:
        """What it understands."""
        ...

    def hear(self, audio: Audio, *, language: str, deadline_s: float | None) -> Heard:
        """The text of a recording.

        Raises:
            LanguageModelError: There is none.
        """
        ...


@dataclass(frozen=True)
class HeardNumber:
    """A number in a transcript, to be confirmed by a person: models mishear them, and sound as sure as ever.

    Args:
        start: Where it begins in the text.
        end: Where it ends there.
        text: As it stands there.
        start_s: When it begins in the recording; None: the model does not tell.
        end_s: When it ends there.
        probability: The least of its words'.
    """

    start: int
    end: int
    text: str
    start_s: float | None = None
    end_s: float | None = None
    probability: float | None = None


@dataclass(frozen=True)
class Transcript:
    """Text of a recording.

    Args:
        text: What was heard; empty: nothing was said.
        language: That it was heard in.
        numbers: Everything in it that is a number, in order: to be confirmed.
        words: Where the model tells of them.
        seconds: How long the recording is.
        model: That heard it.
        is_rough: Whether the model is known to understand the language badly.
    """

    text: str
    language: str
    numbers: tuple[HeardNumber, ...]
    words: tuple[HeardWord, ...]
    seconds: float
    model: str
    is_rough: bool

    @property
    def confidence(self) -> float | None:
        """Mean of the words' probabilities; None: the model does not tell of words, or there are none."""
        return sum(word.probability for word in self.words) / len(self.words) if self.words else None

    @property
    def is_doubtful(self) -> bool:
        """Whether it is likely not what was said: the model was unsure of it, or says the same again and again.

        Of a language that it does not understand, a model writes words all the same.
        """
        said = self.text.encode()
        repeats = len(said) > _MOST_REPEATING * len(zlib.compress(said))
        return repeats or (self.confidence is not None and self.confidence < _SURE)

    @property
    def needs_confirmation(self) -> bool:
        """Whether a person has to look at it before anything is done with it."""
        return bool(self.numbers) or self.is_rough or self.is_doubtful


def transcribe(
    content: bytes,
    *,
    transcriber: Transcriber,
    language: str = "en",
    most_seconds: float = 600.0,
    deadline_s: float | None = None,
) -> Transcript:
    """The text of a recording.

    Args:
        content: A WAV or MP3, whatever its name says.
        transcriber: Hears it.
        language: That is spoken.
        most_seconds: What is longer is refused.
        deadline_s: It must be done by then.

    Raises:
        InputError: `transcriber` is none.
        UnreadableAudio: It is of another kind, cut, damaged, empty or too long.
        UnsupportedLanguage: The model does not understand the language.
        LanguageModelError: The model or its server gave no text.

    Examples:
        >>> from synqc.llm import Endpoint
        >>> from synqc.llm.transcribers.server import ServerTranscriber
        >>> server = ServerTranscriber(Endpoint(base_url="http://127.0.0.1:9/v1", api_key="none"), "whisper-1")
        >>> transcribe(b"no sound", transcriber=server)
        Traceback (most recent call last):
        ...
        synqc.llm.audio.UnreadableAudio: The recording must be WAV or MP3, but begins with b'no sound'.
    """
    if not isinstance(transcriber, Transcriber):
        raise InputError(
            f"Argument `transcriber` must be a Transcriber, such as those of synqc.llm.transcribers, but is a "
            f"{type(transcriber).__name__}."
        )
    code = transcriber.languages.require(language, transcriber.name)
    audio = audio_in(content, most_seconds=most_seconds)
    heard = transcriber.hear(audio, language=code, deadline_s=deadline_s)
    is_rough = code in transcriber.languages.rough
    numbers = tuple(_numbers(heard))
    return Transcript(heard.text, code, numbers, heard.words, audio.seconds, transcriber.name, is_rough)


def _numbers(heard: Heard) -> Iterator[HeardNumber]:
    places, at = [], 0
    for word in heard.words:
        said = word.text.strip()
        at = max(heard.text.find(said, at), at)
        places.append((at, at + len(said), word))
        at += len(said)
    for start, end in numbers_in(heard.text):
        within = [word for first, last, word in places if first < end and last > start]
        text = heard.text[start:end]
        if within:
            least = min(word.probability for word in within)
            yield HeardNumber(start, end, text, within[0].start_s, within[-1].end_s, least)
        else:
            yield HeardNumber(start, end, text)

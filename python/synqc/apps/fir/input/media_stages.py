"""Stage functions for recordings and pictures: an upload's text, with everything in it that a person must look at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from synqc.apps.fir.input.media_models import MediaModels
from synqc.apps.fir.input.upload_folder import UploadFolder, language_of
from synqc.apps.fir.workflow.doubt import Doubt, DoubtKind
from synqc.apps.fir.workflow.model_stages import MediaText
from synqc.apps.fir.workflow.stages import StageStop
from synqc.errors import SynqcError
from synqc.llm.read_image import PageReader, PageText, read_image
from synqc.llm.spoken_numbers import numbers_in
from synqc.llm.transcribe import Transcript, transcribe

__all__ = ["MediaStages"]

_MOST_DOUBTS = 500
_OFTEN_UNSURE = 0.3
"""Share of doubtful words from which on a page is likely handwriting, or turned."""


@dataclass(frozen=True)
class MediaStages:
    """Makes the text of uploads; its methods are `transcribe` and `read_image` of `ModelStages`.

    Args:
        uploads: Where they are kept.
        models: Models of speech and pictures.
    """

    uploads: UploadFolder
    models: MediaModels

    def transcribe(self, place: str, stop: StageStop) -> MediaText:
        """The text of a recording, in which every number is to be confirmed.

        Raises:
            SynqcError: Recordings are not taken here, and why; or this one has no text.
        """
        if self.models.transcriber is None:
            raise SynqcError(f"No recordings are taken here: type the complaint. {self.models.speech_missing}")
        content = self.uploads.read(place)
        stop.check()
        heard = transcribe(
            content, transcriber=self.models.transcriber, language=language_of(place), deadline_s=self.models.speech_s
        )
        return MediaText(heard.text, heard.model, tuple(_doubts_of_speech(heard))[:_MOST_DOUBTS])

    def read_image(self, place: str, stop: StageStop) -> MediaText:
        """The text of a picture, in which every number is to be confirmed, and every word that was hard to read.

        Raises:
            SynqcError: Pictures are not taken here, and why; or this one has no text.
        """
        reader = self.models.reader
        if reader is None:
            raise SynqcError(f"No pictures are taken here: type the complaint. {self.models.pictures_missing}")
        content = self.uploads.read(place)
        stop.check()
        languages = _languages(reader, language_of(place))
        read = read_image(content, reader=reader, languages=languages, deadline_s=self.models.pictures_s)
        return MediaText(read.text, read.model, tuple(_doubts_of_page(read))[:_MOST_DOUBTS])


def _languages(reader: PageReader, first: str) -> tuple[str, ...]:
    """The language that was named, and those that people here mix it with."""
    can = (*reader.languages.able, *reader.languages.rough)
    return (first, *(one for one in ("en", "hi") if one != first and one in can))


def _doubts_of_speech(heard: Transcript) -> Iterator[Doubt]:
    if heard.text and (heard.is_doubtful or heard.is_rough):
        yield Doubt(DoubtKind.TEXT, 0, len(heard.text), "", probability=heard.confidence)
    for one in heard.numbers:
        yield Doubt(DoubtKind.NUMBER, one.start, one.end, one.text, one.start_s, one.probability)


def _doubts_of_page(read: PageText) -> Iterator[Doubt]:
    is_hard = read.words and len(read.doubtful) > _OFTEN_UNSURE * len(read.words)
    if read.text and (is_hard or read.is_rough):
        yield Doubt(DoubtKind.TEXT, 0, len(read.text), "")
    numbers = list(numbers_in(read.text))
    for start, end in numbers:
        yield Doubt(DoubtKind.NUMBER, start, end, read.text[start:end])
    at, unsure = 0, {id(word) for word in read.doubtful}
    for word in read.words:
        found = read.text.find(word.text, at)
        if found < 0:
            continue
        at = found + len(word.text)
        is_number = any(start < at and end > found for start, end in numbers)
        if id(word) in unsure and not is_number:
            yield Doubt(DoubtKind.WORD, found, at, word.text, probability=word.confidence)

"""Pictures of pages as text, with how sure each word is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol, runtime_checkable

from synqc.errors import InputError
from synqc.llm.languages import Languages
from synqc.llm.picture import Picture, picture_in

__all__ = ["PageReader", "PageText", "Read", "ReadWord", "read_image"]

_SURE: Final = 0.6


@dataclass(frozen=True)
class ReadWord:
    """One word of a page.

    Args:
        text: As read.
        confidence: Confidence of the reader, 0 to 1; it is no probability.
        box: Left, top, right and bottom in pixels of the picture.
    """

    text: str
    confidence: float
    box: tuple[int, int, int, int]


@dataclass(frozen=True)
class Read:
    """What a reader made of a picture.

    Args:
        text: In lines.
        words: Words of the text, where the reader tells of them.
    """

    text: str
    words: tuple[ReadWord, ...] = ()


@runtime_checkable
class PageReader(Protocol):
    """Makes text of pictures; any thread may use it."""

    @property
    def name(self) -> str:
        """Of what reads."""
        ...

    @property
    def languages(self) -> Languages:
        """What it reads."""
        ...

    def read(self, picture: Picture, *, languages: Sequence[str], deadline_s: float) -> Read:
        """The text of a picture.

        Raises:
            LanguageModelError: There is none.
        """
        ...


@dataclass(frozen=True)
class PageText:
    """Text of a picture.

    Args:
        text: In lines; empty: nothing is written there.
        languages: That it was read in.
        words: Where the reader tells of them.
        width: Width of the picture, in pixels.
        height: Height of the picture, in pixels.
        model: That read it.
        is_rough: Whether the reader is known to read one of the languages badly.
    """

    text: str
    languages: tuple[str, ...]
    words: tuple[ReadWord, ...]
    width: int
    height: int
    model: str
    is_rough: bool

    @property
    def doubtful(self) -> tuple[ReadWord, ...]:
        """Words that the reader is less than 60 % sure of."""
        return tuple(word for word in self.words if word.confidence < _SURE)


def read_image(
    content: bytes,
    *,
    reader: PageReader,
    languages: Sequence[str] = ("en",),
    most_pixels: int = 40_000_000,
    deadline_s: float = 60.0,
) -> PageText:
    """The text of a picture.

    Args:
        content: A PNG or JPEG, whatever its name says.
        reader: Reads it.
        languages: That are written there; the one of most of the text first.
        most_pixels: What has more is refused.
        deadline_s: It must be done by then.

    Raises:
        InputError: No language is named, a time is none, or `reader` is none.
        UnreadablePicture: It is of another kind, cut, damaged or too large.
        UnsupportedLanguage: The reader does not read a language.
        LanguageModelError: The reader or its server gave no text.

    Examples:
        >>> from synqc.llm import Endpoint
        >>> from synqc.llm.readers.server import OcrServer
        >>> endpoint = Endpoint(base_url="http://127.0.0.1:9", api_key="none")
        >>> server = OcrServer(endpoint, languages=Languages(able=("en",)))
        >>> read_image(b"no picture", reader=server)
        Traceback (most recent call last):
        ...
        synqc.llm.picture.UnreadablePicture: The picture must be PNG or JPEG, but begins with b'no pictu'.
    """
    if not isinstance(reader, PageReader):
        raise InputError(
            f"Argument `reader` must be a PageReader, such as those of synqc.llm.readers, but is a "
            f"{type(reader).__name__}."
        )
    if isinstance(languages, str) or not languages:
        raise InputError(f"Argument `languages` must be one code or more, such as ('en',), but is {languages!r:.80}.")
    if not 0 < deadline_s < float("inf"):
        raise InputError(f"Argument `deadline_s` must be a number of seconds above 0, but is {deadline_s}.")
    codes = tuple(dict.fromkeys(reader.languages.require(one, reader.name) for one in languages))
    picture = picture_in(content, most_pixels=most_pixels)
    read = reader.read(picture, languages=codes, deadline_s=deadline_s)
    is_rough = bool(set(codes) & set(reader.languages.rough))
    return PageText(read.text, codes, read.words, picture.width, picture.height, reader.name, is_rough)

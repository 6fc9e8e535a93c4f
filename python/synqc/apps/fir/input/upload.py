"""Validation of an uploaded recording or picture: by size, name, type and above all by its bytes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Final

from synqc.errors import InputError
from synqc.llm.audio import audio_in
from synqc.llm.picture import picture_in

__all__ = ["MOST_BYTES", "Media", "Upload", "UploadTooLarge", "WrongUploadType", "check_upload"]

MOST_BYTES: Final = 25 << 20
_MOST_SECONDS: Final = 600.0
_MOST_PIXELS: Final = 40_000_000
_LONGEST_SHOWN: Final = 60


class Media(StrEnum):
    """What an upload is to be."""

    AUDIO = "audio"
    IMAGE = "image"


_EXTENSIONS: Final = {Media.AUDIO: ("wav", "mp3"), Media.IMAGE: ("jpg", "jpeg", "png")}
_TYPES: Final = {
    Media.AUDIO: ("audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave", "audio/mpeg", "audio/mp3", "audio/x-mp3"),
    Media.IMAGE: ("image/jpeg", "image/jpg", "image/pjpeg", "image/png"),
}
_UNTOLD: Final = ("", "application/octet-stream")
"""Types of a client that does not know."""
_KINDS: Final = {Media.AUDIO: "WAV or MP3", Media.IMAGE: "JPEG or PNG"}
_NOUNS: Final = {Media.AUDIO: "recording", Media.IMAGE: "picture"}


class UploadTooLarge(InputError):
    """An upload has more bytes than are taken."""

    code = "upload_too_large"


class WrongUploadType(InputError):
    """An upload is of another type than can be read, by its name, by what its client says, or by its bytes."""

    code = "wrong_upload_type"


@dataclass(frozen=True)
class Upload:
    """A recording or picture that may be decoded.

    Args:
        media: Which of them.
        kind: Kind of its bytes: `wav`, `mp3`, `jpeg` or `png`.
        content: Its bytes.
    """

    media: Media
    kind: str
    content: bytes


def check_upload(
    content: bytes, media: Media, *, name: str = "", media_type: str = "", most_bytes: int = MOST_BYTES
) -> Upload:
    """An upload that is what it says, of a size that is taken, and whole as far as can be told without decoding.

    Args:
        content: The file.
        media: What it is to be.
        name: That the client gave it; only its ending is looked at. "": none.
        media_type: That the client gave it, parameters aside; "" or `application/octet-stream`: it does not know.
        most_bytes: What is larger is refused.

    Raises:
        UploadTooLarge: It has more bytes.
        WrongUploadType: Its name, its type or its bytes are of something else: a drawing in SVG stays one when it is
            called `photo.png`.
        UnreadableAudio: A recording is cut, damaged, empty, or longer than ten minutes.
        UnreadablePicture: A picture is cut, damaged, or unpacks to more than 40 million pixels.

    Examples:
        >>> check_upload(b"<svg xmlns='http://www.w3.org/2000/svg'/>", Media.IMAGE, name="photo.png")
        Traceback (most recent call last):
        ...
        synqc.apps.fir.input.upload.WrongUploadType: The picture must be JPEG or PNG, but begins with b'<svg xml'.
    """
    noun = _NOUNS[media]
    if len(content) > most_bytes:
        raise UploadTooLarge(f"The {noun} must have at most {most_bytes:,} bytes, but has {len(content):,}.")
    ending = PurePosixPath(name).suffix.lower().removeprefix(".")
    if ending and ending not in _EXTENSIONS[media]:
        raise WrongUploadType(
            f"The name of the {noun} must end in .{', .'.join(_EXTENSIONS[media])}, but ends in {_shown('.' + ending)}."
        )
    told = media_type.partition(";")[0].strip().lower()
    if told not in _UNTOLD and told not in _TYPES[media]:
        raise WrongUploadType(f"The type of the {noun} must be that of {_KINDS[media]}, but is {_shown(told)}.")
    if not content:
        raise InputError(f"The {noun} must have a content, but is an empty file.")
    if not _begins_as(content, media):
        raise WrongUploadType(f"The {noun} must be {_KINDS[media]}, but begins with {content[:8]!r}.")
    if media is Media.AUDIO:
        return Upload(media, audio_in(content, most_seconds=_MOST_SECONDS).kind, content)
    return Upload(media, picture_in(content, most_pixels=_MOST_PIXELS).kind, content)


def _begins_as(content: bytes, media: Media) -> bool:
    if media is Media.IMAGE:
        return content.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"))
    is_mp3 = content.startswith(b"ID3") or (len(content) > 1 and content[0] == 0xFF and content[1] & 0xE6 == 0xE2)
    return is_mp3 or (content[:4] == b"RIFF" and content[8:12] == b"WAVE")


def _shown(text: str) -> str:
    return repr(text[:_LONGEST_SHOWN])

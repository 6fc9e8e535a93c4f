"""Pictures that people send: looked at before anything decodes them."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import Final, Literal

from synqc.errors import InputError

__all__ = ["Picture", "UnreadablePicture", "picture_in"]

_MOST_BYTES: Final = 32 << 20
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_JPEG: Final = b"\xff\xd8\xff"
_SIZES_OF_JPEG: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_WITHOUT_CONTENT: Final = frozenset({0x01, *range(0xD0, 0xD8)})


class UnreadablePicture(InputError):
    """A picture is of another kind, cut, damaged, or too large."""

    code = "unreadable_picture"


@dataclass(frozen=True)
class Picture:
    """A picture that was looked at.

    Args:
        content: Its bytes, as they came.
        kind: "png" or "jpeg".
        width: In pixels.
        height: In pixels.
    """

    content: bytes
    kind: Literal["png", "jpeg"]
    width: int
    height: int

    @property
    def media_type(self) -> str:
        """As HTTP names it."""
        return f"image/{self.kind}"


def picture_in(content: bytes, *, most_pixels: int = 40_000_000) -> Picture:
    """A picture out of its bytes: PNG or JPEG, whatever its name says.

    Nothing is unpacked: its size is read where the format says it, and its end must be there.

    Args:
        content: The file.
        most_pixels: What has more is refused: a small file may unpack to any size.

    Raises:
        UnreadablePicture: It is of another kind, cut, damaged, larger than 32 MiB, or has too many pixels.

    Examples:
        >>> picture_in(b"GIF89a")
        Traceback (most recent call last):
        ...
        synqc.llm.picture.UnreadablePicture: The picture must be PNG or JPEG, but begins with b'GIF89a'.

    Source: W3C, Portable Network Graphics, 5; ITU-T T.81, B.1 and B.2.
    """
    if len(content) > _MOST_BYTES:
        raise UnreadablePicture(f"The picture has {len(content)} bytes, more than the {_MOST_BYTES} that are taken.")
    if content.startswith(_PNG):
        picture = Picture(content, "png", *_size_of_png(content))
    elif content.startswith(_JPEG):
        picture = Picture(content, "jpeg", *_size_of_jpeg(content))
    else:
        raise UnreadablePicture(f"The picture must be PNG or JPEG, but begins with {content[:8]!r}.")
    if picture.width < 1 or picture.height < 1:
        raise UnreadablePicture(f"The picture is damaged: it has {picture.width} by {picture.height} pixels.")
    if picture.width * picture.height > most_pixels:
        raise UnreadablePicture(
            f"The picture has {picture.width} by {picture.height} pixels, more than {most_pixels} in all."
        )
    return picture


def _size_of_png(content: bytes) -> tuple[int, int]:
    at, size = len(_PNG), None
    while at + 12 <= len(content):
        (length,) = struct.unpack_from(">I", content, at)
        name, end = content[at + 4 : at + 8], at + 12 + length
        if end > len(content):
            break
        if zlib.crc32(content[at + 4 : end - 4]) != struct.unpack_from(">I", content, end - 4)[0]:
            raise UnreadablePicture(f"The picture is damaged: its part at byte {at} does not have its checksum.")
        if size is None:
            if name != b"IHDR" or length != 13:
                raise UnreadablePicture("The picture is damaged: it does not begin with its size.")
            size = struct.unpack_from(">II", content, at + 8)
        if name == b"IEND":
            return int(size[0]), int(size[1])
        at = end
    raise UnreadablePicture(f"The picture is cut: it has {len(content)} bytes and no end.")


def _size_of_jpeg(content: bytes) -> tuple[int, int]:
    at, size = 2, None
    while at + 4 <= len(content):
        if content[at] != 0xFF:
            raise UnreadablePicture(f"The picture is damaged: there is no part of JPEG at byte {at}.")
        kind = content[at + 1]
        if kind == 0xFF or kind in _WITHOUT_CONTENT:
            at += 1 if kind == 0xFF else 2
            continue
        (length,) = struct.unpack_from(">H", content, at + 2)
        if kind in _SIZES_OF_JPEG and at + 9 <= len(content):
            height, width = struct.unpack_from(">HH", content, at + 5)
            size = int(width), int(height)
        at += 2 + max(2, length)
        if kind == 0xDA:  # pixels, whose end is marked behind them
            if size is None:
                raise UnreadablePicture("The picture is damaged: its pixels come before its size.")
            if content.rfind(b"\xff\xd9") < at:
                break
            return size
    raise UnreadablePicture(f"The picture is cut: it has {len(content)} bytes and no end.")

"""Recordings and pictures, right ones and hostile ones."""

import struct
import zlib

__all__ = ["ELF", "PNG", "SVG", "bomb", "png", "wav"]


def wav(seconds=1.0, *, padded_to=None):
    """A recording of silence at 16 kHz; `padded_to` bytes in all."""
    size = int(32_000 * seconds) if padded_to is None else padded_to - 44
    sound = bytes(size)
    form = struct.pack("<IHHIIHH", 16, 1, 1, 16_000, 32_000, 2, 16)
    head = b"RIFF" + struct.pack("<I", 36 + size) + b"WAVEfmt " + form + b"data" + struct.pack("<I", size)
    return head + sound


def png(width=8, height=8, *, padded_to=None):
    """A picture, white; `padded_to` bytes in all."""
    head = b"\x89PNG\r\n\x1a\n" + _part(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    pixels = _part(b"IDAT", zlib.compress(b"".join(b"\0" + b"\xff" * width for _ in range(height))))
    end = _part(b"IEND", b"")
    rest = 0 if padded_to is None else padded_to - len(head) - len(pixels) - len(end) - 12
    return head + pixels + (_part(b"tEXt", bytes(rest)) if rest else b"") + end


def bomb():
    """A small file that says it unpacks to 10 gigapixels."""
    return b"\x89PNG\r\n\x1a\n" + _part(b"IHDR", struct.pack(">IIBBBBB", 100_000, 100_000, 8, 0, 0, 0, 0)) + _part(
        b"IDAT", zlib.compress(bytes(1_000_000))
    ) + _part(b"IEND", b"")  # fmt: skip


def _part(name, content):
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


SVG = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"
ELF = b"\x7fELF" + bytes(200)
PNG = png()

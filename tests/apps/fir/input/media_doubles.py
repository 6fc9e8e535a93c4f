"""Recordings, pictures, and models that hear and read what a test says, in the place of real ones."""

import struct
import zlib

from synqc.llm.languages import Languages
from synqc.llm.read_image import Read, ReadWord
from synqc.llm.transcribe import Heard, HeardWord


def wav(seconds=1.0, said=None):
    data = bytes(int(seconds * 16_000) * 2)
    form = struct.pack("<IHHIIHH", 16, 1, 1, 16_000, 32_000, 2, 16)
    body = b"WAVEfmt " + form + b"data" + struct.pack("<I", len(data) if said is None else said) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


def png(width=8, height=4):
    def part(name, content):
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    pixels = zlib.compress(bytes(9)) if width * height > 10_000 else zlib.compress((b"\0" + bytes(width)) * height)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", head) + part(b"IDAT", pixels) + part(b"IEND", b"")


class Ears:
    """A `Transcriber` that hears one text, a word each half second."""

    def __init__(self, text, probability=0.9, languages=None):
        self.name, self.languages = "ears", languages or Languages(able=("en",), unable=("hi",))
        words = tuple(
            HeardWord(f" {word}", 0.5 * number, 0.5 * number + 0.5, probability)
            for number, word in enumerate(text.split())
        )
        self.heard, self.asked = Heard(text, words), []

    def hear(self, audio, *, language, deadline_s):
        self.asked.append((audio.kind, language, deadline_s))
        return self.heard


class Eyes:
    """A `PageReader` that reads one text, as sure of each word as it is told."""

    def __init__(self, text, unsure=(), languages=None):
        self.name, self.languages = "eyes", languages or Languages(able=("en", "hi"))
        words = tuple(ReadWord(word, 0.4 if word in unsure else 0.95, (0, 0, 1, 1)) for word in text.split())
        self.page, self.asked = Read(text, words), []

    def read(self, picture, *, languages, deadline_s):
        self.asked.append((picture.kind, tuple(languages), deadline_s))
        return self.page


class Going:
    """A stage that nobody stops."""

    def check(self):
        pass

    def on_stop(self, call):
        pass

"""Recordings that people send: looked at before anything decodes them."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from synqc.errors import InputError

__all__ = ["Audio", "UnreadableAudio", "audio_in"]

_MOST_BYTES: Final = 64 << 20
_MOST_CHANNELS: Final = 8
_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_RATES_HZ: Final = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
"""By the two bits of an MPEG version: 1, 2 and 2.5."""
_KBITS_1: Final = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_KBITS_2: Final = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)


class UnreadableAudio(InputError):
    """A recording is of another kind, cut, damaged, empty or too long."""

    code = "unreadable_audio"


@dataclass(frozen=True)
class Audio:
    """A recording that was looked at.

    Args:
        content: Its bytes, as they came.
        kind: "wav" or "mp3".
        seconds: How long it is.
    """

    content: bytes
    kind: Literal["wav", "mp3"]
    seconds: float

    @property
    def media_type(self) -> str:
        """As HTTP names it."""
        return "audio/wav" if self.kind == "wav" else "audio/mpeg"


def audio_in(content: bytes, *, most_seconds: float = 600.0) -> Audio:
    """A recording out of its bytes: WAV (PCM or floats) or MP3, whatever its name says.

    Nothing is decoded: a WAV is measured by its head, an MP3 by walking over its frames.

    Args:
        content: The file.
        most_seconds: What is longer is refused.

    Raises:
        UnreadableAudio: It is of another kind, cut, damaged, empty, larger than 64 MiB or too long.

    Examples:
        >>> import struct
        >>> format_ = struct.pack("<IHHIIHH", 16, 1, 1, 16000, 32000, 2, 16)  # one second at 16 kHz has 32000 bytes
        >>> head = b"RIFF" + struct.pack("<I", 32036) + b"WAVEfmt " + format_ + b"data" + struct.pack("<I", 32000)
        >>> audio_in(head + bytes(32000)).seconds
        1.0
        >>> audio_in(head + bytes(1000))
        Traceback (most recent call last):
        ...
        synqc.llm.audio.UnreadableAudio: The recording is cut: its head tells of 32000 bytes of sound, and 1000 are
         there.

    Source: Microsoft, Multimedia Programming Interface 1.0 (RIFF, WAVE); ISO/IEC 11172-3, 2.4.1.3 (frames).
    """
    if len(content) > _MOST_BYTES:
        raise UnreadableAudio(f"The recording has {len(content)} bytes, more than the {_MOST_BYTES} that are taken.")
    if content[:4] == b"RIFF" and content[8:12] == b"WAVE":
        audio = Audio(content, "wav", _seconds_of_wav(content))
    elif content[:3] == b"ID3" or _frame(content, 0) is not None:
        audio = Audio(content, "mp3", _seconds_of_mp3(content))
    else:
        raise UnreadableAudio(f"The recording must be WAV or MP3, but begins with {content[:8]!r}.")
    if audio.seconds <= 0:
        raise UnreadableAudio("The recording is empty.")
    if audio.seconds > most_seconds:
        raise UnreadableAudio(f"The recording lasts {audio.seconds:.0f} s, longer than {most_seconds:g} s.")
    return audio


def _seconds_of_wav(content: bytes) -> float:
    rate_hz = frame_bytes = 0
    for name, start, size in _chunks(content):
        if name == b"fmt " and size >= 16 and start + 16 <= len(content):
            tag, channels, rate_hz, _, frame_bytes, bits = struct.unpack_from("<HHIIHH", content, start)
            if tag == _EXTENSIBLE and size >= 26 and start + 26 <= len(content):
                (tag,) = struct.unpack_from("<H", content, start + 24)
            known = (tag == _PCM and bits in (8, 16, 24, 32)) or (tag == _FLOAT and bits in (32, 64))
            if not known or not 1 <= channels <= _MOST_CHANNELS or frame_bytes != channels * bits // 8:
                raise UnreadableAudio(
                    f"The recording must hold PCM or floats, but has format {tag}, {bits} bits and {channels} channels."
                )
            if not 4000 <= rate_hz <= 384_000:
                raise UnreadableAudio(f"The recording must have 4 to 384 kHz, but has {rate_hz} Hz.")
        elif name == b"data":
            if not frame_bytes:
                raise UnreadableAudio("The recording is damaged: its sound comes before its format.")
            there = len(content) - start
            if size > there:
                raise UnreadableAudio(
                    f"The recording is cut: its head tells of {size} bytes of sound, and {there} are there."
                )
            return size // frame_bytes / rate_hz
    raise UnreadableAudio("The recording is cut: it holds no sound.")


def _chunks(content: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Name, beginning of the content, and its size."""
    at = 12
    while at + 8 <= len(content):
        (size,) = struct.unpack_from("<I", content, at + 4)
        yield content[at : at + 4], at + 8, size
        at += 8 + size + size % 2


def _seconds_of_mp3(content: bytes) -> float:
    at = 0
    while content[at : at + 3] == b"ID3" and at + 10 <= len(content):
        sizes = content[at + 6 : at + 10]
        at += 10 + (sizes[0] << 21 | sizes[1] << 14 | sizes[2] << 7 | sizes[3]) + 10 * bool(content[at + 5] & 0x10)
    end = len(content) - 128 if content[-128:-125] == b"TAG" else len(content)
    seconds, frames, promised, first = 0.0, 0, None, at
    while at < end and content[at : at + 8] != b"APETAGEX":
        frame = _frame(content, at)
        if frame is None:
            if not content[at:end].strip(b"\0"):
                break
            raise UnreadableAudio(f"The recording is damaged: there is no frame of MP3 at byte {at}.")
        size, lasts_s = frame
        if at + size > end:
            raise UnreadableAudio(f"The recording is cut: its frame at byte {at} ends after the file.")
        if at == first:
            promised = _frames_promised(content[at : at + size])
        if at > first or promised is None:  # the first may hold numbers in place of sound
            seconds, frames = seconds + lasts_s, frames + 1
        at += size
    if promised is not None and frames < promised:
        raise UnreadableAudio(f"The recording is cut: its head tells of {promised} frames, and {frames} are there.")
    return seconds


def _frame(content: bytes, at: int) -> tuple[int, float] | None:
    """Size in bytes and length in seconds of the layer III frame here, or None if there is none."""
    head = content[at : at + 4]
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    version, layer, kbits, rate = head[1] >> 3 & 3, head[1] >> 1 & 3, head[2] >> 4, head[2] >> 2 & 3
    if version == 1 or layer != 1 or not 1 <= kbits <= 14 or rate == 3:
        return None
    rate_hz, samples = _RATES_HZ[version][rate], 1152 if version == 3 else 576
    table = _KBITS_1 if version == 3 else _KBITS_2
    return samples // 8 * table[kbits] * 1000 // rate_hz + (head[2] >> 1 & 1), samples / rate_hz


def _frames_promised(frame: bytes) -> int | None:
    """What a frame of numbers says, which encoders write first."""
    for mark in (b"Xing", b"Info"):
        at = frame.find(mark, 4, 64)
        if at > 0 and len(frame) >= at + 12:
            flags, frames = struct.unpack_from(">II", frame, at + 4)
            return int(frames) if flags & 1 else 0
    return None

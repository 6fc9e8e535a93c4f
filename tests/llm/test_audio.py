"""Recordings: what is taken, and what is refused before anything decodes it."""

import contextlib
import random
import struct

import pytest

from synqc.llm.audio import UnreadableAudio, audio_in


def wav(seconds=1.0, rate=16_000, bits=16, channels=1, tag=1, data=None, said=None, before=b""):
    frame = channels * bits // 8
    data = bytes(int(seconds * rate) * frame) if data is None else data
    form = struct.pack("<IHHIIHH", 16, tag, channels, rate, rate * frame, frame, bits)
    body = b"WAVE" + before + b"fmt " + form + b"data" + struct.pack("<I", len(data) if said is None else said) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


FRAME = b"\xff\xfb\x90\x00" + bytes(413)  # MPEG 1, layer III, 128 kbit/s, 44.1 kHz: 417 bytes, 1152 samples
FRAME_S = 1152 / 44_100


def numbered(frames):
    """A first frame that tells how many follow."""
    return FRAME[:36] + b"Xing" + struct.pack(">II", 1, frames) + FRAME[48:]


def mp3(frames=100):
    return FRAME * frames


ID3 = b"ID3\x04\x00\x00\x00\x00\x01\x00" + bytes(128)
GOOD = {
    "a WAV": (wav(1.5), 1.5),
    "a WAV of 8 bits": (wav(2, bits=8), 2),
    "a WAV of 24 bits in stereo": (wav(1, bits=24, channels=2, rate=48_000), 1),
    "a WAV of floats": (wav(1, bits=32, tag=3), 1),
    "a WAV with another chunk before": (wav(1, before=b"LIST" + struct.pack("<I", 3) + b"abc\0"), 1),
    "an MP3": (mp3(100), 100 * FRAME_S),
    "an MP3 with tags at both ends": (ID3 + mp3(50) + b"TAG" + bytes(125), 50 * FRAME_S),
    "an MP3 with a frame of numbers": (numbered(40) + mp3(40), 40 * FRAME_S),
    "an MP3 with zeros at its end": (mp3(10) + bytes(100), 10 * FRAME_S),
}


@pytest.mark.parametrize("name", GOOD)
def test_the_length_is_known_without_decoding(name):
    content, seconds = GOOD[name]
    audio = audio_in(content)
    assert audio.seconds == pytest.approx(seconds)
    assert audio.media_type == ("audio/wav" if content[:4] == b"RIFF" else "audio/mpeg")


BAD = {
    "nothing": (b"", "must be WAV or MP3"),
    "a text": (b"hello, this is no sound", "must be WAV or MP3"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(100), "must be WAV or MP3"),
    "an Ogg": (b"OggS" + bytes(100), "must be WAV or MP3"),
    "a script with the name of a WAV": (b"RIFF1234AVI " + bytes(100), "must be WAV or MP3"),
    "a WAV without sound": (wav(0), "is empty"),
    "a WAV that was cut": (wav(1)[:-1], "is cut: its head tells of 32000 bytes of sound, and 31999"),
    "a WAV that was cut in its head": (wav(1)[:30], "is cut"),
    "a WAV of unknown length": (wav(1, said=0xFFFFFFFF), "is cut"),
    "a WAV packed otherwise": (wav(1, tag=0x11), "must hold PCM"),
    "a WAV of 12 bits": (wav(1, bits=12), "must hold PCM"),
    "a WAV of no channels": (wav(1, channels=0, data=bytes(100)), "must hold PCM"),
    "a WAV of 200 channels": (wav(0.01, channels=200), "must hold PCM"),
    "a WAV of 1 Hz": (wav(data=bytes(3200), rate=1), "4 to 384 kHz"),
    "a WAV of an hour": (wav(3600, rate=4000, bits=8), "lasts 3600 s, longer than 600 s"),
    "a WAV with sound first": (b"RIFF....WAVEdata" + struct.pack("<I", 4) + bytes(4), "before its format"),
    "an MP3 that was cut": (mp3(10)[:-5], "is cut: its frame at byte 3753"),
    "an MP3 that was cut between frames": (numbered(40) + mp3(30), "tells of 40 frames, and 30"),
    "an MP3 with noise within": (mp3(3) + b"noise noise" + mp3(3), "no frame of MP3 at byte 1251"),
    "a tag alone": (ID3, "is empty"),
    "a tag that goes on for ever": (b"ID3\x04\x00\x00\x7f\x7f\x7f\x7f" + bytes(50), "is empty"),
    "an MP3 of an hour": (mp3(23_000), "lasts 601 s"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_heard_is_refused_by_a_sentence(name):
    content, words = BAD[name]
    with pytest.raises(UnreadableAudio, match=words):
        audio_in(content)


def test_what_is_too_large_is_not_looked_at():
    with pytest.raises(UnreadableAudio, match="more than"):
        audio_in(wav(1) + bytes(64 << 20))


def test_bytes_changed_at_random_give_a_length_or_a_refusal(seed):
    draw = random.Random(seed)
    for content in (wav(0.05), numbered(4) + mp3(4), ID3 + mp3(2)):
        for _ in range(2000):
            changed = bytearray(content[: draw.randrange(len(content)) + 1] if draw.random() < 0.3 else content)
            for _ in range(draw.randrange(1, 6)):
                changed[draw.randrange(min(len(changed), 80))] = draw.randrange(256)
            with contextlib.suppress(UnreadableAudio):
                assert 0 < audio_in(bytes(changed)).seconds <= 600, f"seed {seed}"

"""Pictures: what is taken, and what is refused before anything unpacks it."""

import contextlib
import random
import struct
import zlib

import pytest

from synqc.llm.picture import UnreadablePicture, picture_in


def part(name, content, crc=None):
    told = zlib.crc32(name + content) if crc is None else crc
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", told)


END = part(b"IEND", b"")


def png(width=8, height=4, pixels=None, more=b"", end=END):
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = b"".join(b"\0" + bytes(width) for _ in range(height)) if pixels is None else pixels
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", head) + more + part(b"IDAT", zlib.compress(rows)) + end


def jpeg(width=8, height=4, before=b"", pixels=b"\x12\x34", end=b"\xff\xd9", kind=0xC0):
    size = struct.pack(">BHHB", 8, height, width, 1) + b"\x01\x11\x00"
    frame = b"\xff" + bytes([kind]) + struct.pack(">H", len(size) + 2) + size
    scan = b"\xff\xda" + struct.pack(">H", 8) + b"\x01\x01\x00\x00\x3f\x00"
    return b"\xff\xd8" + before + frame + scan + pixels + end


THUMBNAIL = b"\xff\xe1" + struct.pack(">H", 20) + b"Exif\0\0" + b"\xff\xd8\xff\xd9" + bytes(8)
GOOD = {
    "a PNG": (png(), "png"),
    "a PNG with words": (png(more=part(b"tEXt", b"Comment\0Hi")), "png"),
    "a JPEG": (jpeg(), "jpeg"),
    "a progressive JPEG": (jpeg(kind=0xC2), "jpeg"),
    "a JPEG with a small picture within": (jpeg(before=THUMBNAIL), "jpeg"),
    "a JPEG with bytes behind its end": (jpeg() + b"\0\0", "jpeg"),
}


@pytest.mark.parametrize("name", GOOD)
def test_the_size_is_known_without_unpacking(name):
    content, kind = GOOD[name]
    picture = picture_in(content)
    assert (picture.kind, picture.width, picture.height) == (kind, 8, 4)
    assert picture.media_type == f"image/{kind}"


BAD = {
    "nothing": (b"", "must be PNG or JPEG"),
    "a GIF": (b"GIF89a" + bytes(50), "must be PNG or JPEG"),
    "a page with the name of a picture": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "must be PNG or JPEG"),
    "a PNG without its end": (png(end=b""), "is cut"),
    "a PNG cut within its pixels": (png(100, 100)[:-30], "is cut"),
    "a PNG of a wrong checksum": (png(more=part(b"tEXt", b"a\0b", crc=5)), "does not have its checksum"),
    "a PNG that begins otherwise": (b"\x89PNG\r\n\x1a\n" + part(b"tEXt", b"a\0b"), "does not begin with its size"),
    "a PNG of no width": (png(0, 4), "0 by 4 pixels"),
    "a PNG that unpacks to 14 GB": (png(120_000, 120_000, pixels=bytes(100)), "120000 by 120000 pixels, more than"),
    "a JPEG without its end": (jpeg(end=b""), "is cut"),
    "a JPEG that has the end of its small picture alone": (jpeg(before=THUMBNAIL, end=b""), "is cut"),
    "a JPEG cut in its head": (jpeg()[:10], "is cut"),
    "a JPEG of 65535 by 65535": (jpeg(65_535, 65_535), "pixels, more than"),
    "a JPEG with noise within": (jpeg(before=THUMBNAIL + b"noise"), "no part of JPEG at byte 24"),
    "a JPEG without a size": (jpeg(kind=0xC4), "before its size"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_seen_is_refused_by_a_sentence(name):
    content, words = BAD[name]
    with pytest.raises(UnreadablePicture, match=words):
        picture_in(content)


def test_what_is_too_large_is_not_looked_at():
    with pytest.raises(UnreadablePicture, match="bytes, more than"):
        picture_in(png() + bytes(32 << 20))


def test_bytes_changed_at_random_give_a_size_or_a_refusal(seed):
    draw = random.Random(seed)
    for content in (png(), jpeg(), jpeg(before=THUMBNAIL)):
        for _ in range(2000):
            changed = bytearray(content[: draw.randrange(len(content)) + 1] if draw.random() < 0.3 else content)
            for _ in range(draw.randrange(1, 6)):
                changed[draw.randrange(len(changed))] = draw.randrange(256)
            with contextlib.suppress(UnreadablePicture):
                assert picture_in(bytes(changed)).width > 0, f"seed {seed}"

"""The shipped extension is hardened: what an overflow would want to write or run cannot be."""

import re
import struct
import sys
from pathlib import Path

import pytest

from synqc import _core

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads an ELF file")

PT_DYNAMIC, PT_GNU_STACK, PT_GNU_RELRO = 2, 0x6474E551, 0x6474E552
DT_FLAGS, DT_FLAGS_1, DF_BIND_NOW, DF_1_NOW = 30, 0x6FFFFFFB, 8, 1
EXECUTABLE = 1


@pytest.fixture(scope="module")
def elf():
    image = Path(_core.__file__).read_bytes()
    assert image[:6] == b"\x7fELF\x02\x01", "64 bits, little-endian"
    return image


@pytest.fixture(scope="module")
def segments(elf):
    """(flags, offset, size in the file) of each kind of segment."""
    start = struct.unpack_from("<Q", elf, 32)[0]
    entry_size, count = struct.unpack_from("<HH", elf, 54)
    found = {}
    for k in range(count):
        kind, flags, offset, _, _, size = struct.unpack_from("<IIQQQQ", elf, start + k * entry_size)
        found[kind] = (flags, offset, size)
    return found


def test_addresses_of_functions_are_filled_at_once_and_read_only_then(elf, segments):
    assert PT_GNU_RELRO in segments
    _, offset, size = segments[PT_DYNAMIC]
    entries = dict(struct.iter_unpack("<QQ", elf[offset : offset + size]))
    assert entries.get(DT_FLAGS, 0) & DF_BIND_NOW or entries.get(DT_FLAGS_1, 0) & DF_1_NOW


def test_the_stack_holds_no_code(segments):
    assert not segments[PT_GNU_STACK][0] & EXECUTABLE


def test_frames_and_buffers_are_guarded(elf):
    assert b"\0__stack_chk_fail\0" in elf, "-fstack-protector-strong"
    assert re.search(rb"\0__(?:mem|str|v?sn?printf|read|f?gets)\w*_chk\0", elf), "-D_FORTIFY_SOURCE=3"

"""Bytes that others can write: with a right checksum around them, nothing but a value or a refusal comes out."""

import random
import sqlite3
import struct
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from synqc import _core
from synqc.errors import InputError

VALUES = [
    None,
    True,
    12,
    -(2**70),
    1.5,
    2j,
    "text \ud800 ü",
    b"bytes",
    [1, [2, (3, {"a": [None] * 5})]],
    {"k": 1, (1, "b"): {b"x": 2.5}},
    np.arange(12.0).reshape(3, 4),
    np.asfortranarray(np.arange(6).reshape(2, 3)),
    np.array(["ab", "ü"]),
    np.array([b"ab", b"c"]),
    np.array(["2020-01-01", "NaT"], "M8[ns]"),
    np.array([1, 2], "m8[25s]"),
    np.array([True, False]),
    np.zeros((0, 3)),
    np.float32(1.5),
    np.complex64(1j),
]


ALL_BITS = 2**64 - 1
ODD_A, ODD_B = 0x9E3779B97F4A7C15, 0xD6E8FEB86659FD93


def checksum(content: bytes, seed: int = 0) -> int:
    """The checksum of stored bytes, which has no key: whoever knows the format can make it."""

    def folded(one: int, other: int) -> int:
        product = one * other
        return (product & ALL_BITS) ^ (product >> 64)

    a, b = seed ^ ODD_A, len(content) ^ ODD_B
    whole = len(content) // 16 * 16
    words = struct.unpack(f"<{whole // 8}Q", content[:whole])
    for first, second in zip(words[::2], words[1::2], strict=True):
        a = (folded(a ^ first, ODD_B) + a) & ALL_BITS
        b = (folded(b ^ second, ODD_A) + b) & ALL_BITS
    rest = content[whole:]
    if len(rest) >= 8:
        a = (folded(a ^ struct.unpack("<Q", rest[:8])[0], ODD_B) + a) & ALL_BITS
        rest = rest[8:]
    if rest:
        b = (folded(b ^ int.from_bytes(rest, "little"), ODD_A) + b) & ALL_BITS
    rotated = (b << 32 | b >> 32) & ALL_BITS
    return folded(folded(a, ODD_A) ^ b, ODD_B) ^ ((a + rotated) & ALL_BITS)


def sealed(content: bytes) -> bytes:
    return content + struct.pack("<Q", checksum(content))


def content_of(value: object) -> bytes:
    return _core.encode_value(value)[:-8]


def block(content: bytes) -> bytes:
    return struct.pack("<Q", len(content)) + content


def array_bytes(dtype: bytes, shape: tuple[int, ...], content: bytes, order: bytes = b"C") -> bytes:
    lengths = b"".join(struct.pack("<Q", length) for length in shape)
    return b"\x01a" + block(dtype) + order + struct.pack("<Q", len(shape)) + lengths + block(content)


def refused(content: bytes) -> None:
    with pytest.raises(InputError, match="must be bytes made by encode_value"):
        _core.decode_value(sealed(content))


def test_the_checksum_of_a_stranger_is_right():
    for value in VALUES:
        assert sealed(content_of(value)) == _core.encode_value(value)


@pytest.mark.parametrize(
    "dtype",
    [
        b"|O", b"O", b"object", b"|O8", b"<O8", b"|V8", b"V", b"f8,O", b"<f8,<f8", b"(2,)O", b"{'a': 'O'}", b"", b"<",
        b"<f",         b"<f0", b"|S0", b"<U0", b"|b8", b"<f7", b"f8", b"=f8", b">f8 ", b"<f8\x00", b"<f\xff", b"|i8",
        b"<M8", b"<M8[", b"<M8[ns]]", b"<M8[0s]", b"float64", b"<f8" * 100, b"T", b"|T16", b"StringDType()",
    ],
)  # fmt: skip
def test_no_dtype_is_read_that_is_not_written(dtype):
    refused(array_bytes(dtype, (1,), b"\x41" * 8))
    refused(array_bytes(dtype, (0,), b""))
    refused(array_bytes(dtype, (), b"\x41" * 8))


@pytest.mark.parametrize(
    "dtype", sorted({np.dtype(letter).str for letter in "?bBhHiIlLqQefdgFDG"} | {">f8", "<U3", "|S2", "<M8[D]", "<m8"})
)
def test_every_plain_dtype_makes_the_round_trip(dtype):
    values = np.zeros((2, 3), dtype)
    again = _core.decode_value(_core.encode_value(values))
    assert again.dtype == values.dtype
    assert again.tobytes() == values.tobytes()


@pytest.mark.parametrize("dtype", ["O", "V3", [("a", "f8")], "S0"])
def test_no_dtype_is_written_that_is_not_read(dtype):
    values = np.ndarray((2,), dtype=dtype, buffer=bytearray(64)) if dtype != "O" else np.zeros(2, "O")
    with pytest.raises(InputError, match="must hold only"):
        _core.encode_value(values)


@pytest.mark.parametrize(
    ("shape", "content"),
    [
        ((2,), b"\0" * 8), ((1,), b"\0" * 16), ((2**61,), b""), ((2**63,), b""), ((2**64 - 1,), b"\0" * 8),
        ((2**32, 2**32), b""), ((2**32, 2**32, 0), b""), ((0, 2**62, 2**62), b""), ((2**61 + 1,), b"\0" * 8),
        ((1,) * 65, b"\0" * 8), ((1,) * 1000, b"\0" * 8),
    ],
)  # fmt: skip
def test_a_shape_that_does_not_fit_its_content_is_refused(shape, content):
    refused(array_bytes(b"<f8", shape, content))


def test_an_order_a_truth_or_a_letter_that_numpy_never_wrote_is_refused():
    refused(array_bytes(b"<f8", (1,), b"\0" * 8, order=b"K"))
    refused(array_bytes(b"|b1", (2,), b"\0\x02"))
    refused(array_bytes(b"<U1", (1,), b"\xff\xff\xff\xff"))
    refused(array_bytes(b">U1", (1,), b"\x00\x11\x00\x00"))


def test_a_mapping_with_a_list_as_key_or_one_key_twice_is_refused():
    listed = b"\x01m" + struct.pack("<Q", 1) + b"l" + struct.pack("<Q", 0) + b"N"
    refused(listed)
    refused(b"\x01m" + struct.pack("<Q", 2) + b"NN" + b"NT")


@pytest.mark.parametrize(("letter", "each"), [(b"l", 1), (b"t", 1), (b"m", 2)])
def test_memory_grows_with_the_bytes_and_not_with_what_they_claim(letter, each, tmp_path):
    size = 2_000_000
    heads = b"".join(letter + struct.pack("<Q", (size - 9 * level) // each - 500) for level in range(480))
    (tmp_path / "bytes").write_bytes(sealed(b"\x01" + heads + b"N" * (size - len(heads))))
    program = """
        import pathlib, sys
        from synqc import _core
        from synqc.errors import InputError
        from synqc.measure import peak_resident_bytes
        data = pathlib.Path(sys.argv[1]).read_bytes()
        before = peak_resident_bytes()
        try:
            _core.decode_value(data)
            raise SystemExit("it was read")
        except InputError:
            pass
        grown = peak_resident_bytes() - before
        assert grown < 60e6, f"{grown} bytes"
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(program), str(tmp_path / "bytes")], check=True)


def mutated(content: bytes, dice: random.Random) -> bytes:
    bytes_ = bytearray(content)
    for _ in range(dice.randint(1, 4)):
        place = dice.randrange(len(bytes_))
        match dice.randrange(6):
            case 0:
                bytes_[place] = dice.randrange(256)
            case 1:
                bytes_[place] = ord(dice.choice("bsNTFiIdcltmag<>|OfUSM"))
            case 2:
                bytes_[place : place + 8] = struct.pack("<Q", dice.choice([0, 1, 2**31, 2**61, 2**63, 2**64 - 1]))
            case 3:
                del bytes_[place : place + dice.randint(1, 9)]
            case 4:
                bytes_[place:place] = bytes_[dice.randrange(len(bytes_)) :][: dice.randint(1, 40)]
            case _:
                bytes_[place] ^= 1 << dice.randrange(8)
        if not bytes_:
            return b"\x01"
    return bytes(bytes_)


def fuzz(seed: int, rounds: int) -> None:
    dice = random.Random(seed)
    contents = [content_of(value) for value in VALUES]
    read = 0
    for turn in range(rounds):
        content = mutated(dice.choice(contents), dice)
        try:
            value = _core.decode_value(sealed(content))
        except (InputError, RecursionError):
            continue
        except BaseException as error:
            pytest.fail(f"seed {seed}, round {turn}: {error!r} from {content!r}")
        read += 1
        repr(value)
        # What was read can be written and is read as the same again.
        assert repr(_core.decode_value(_core.encode_value(value))) == repr(value), f"seed {seed}, round {turn}"
    assert read > rounds // 50


def test_damaged_bytes_with_a_right_checksum_give_a_value_or_a_refusal(seed):
    fuzz(seed, 4000)


@pytest.mark.deep
def test_damaged_bytes_with_a_right_checksum_give_a_value_or_a_refusal_for_long(seed):
    fuzz(seed, 300_000)


def test_a_disk_cache_takes_a_value_that_is_none_of_ours_for_damaged(tmp_path):
    from synqc.cache import DiskCache

    path = tmp_path / "cache.db"
    with DiskCache(path) as cache:
        cache["a"] = b"0123456789"
        cache["b"] = 2
        cache.flush()
        rewrite(path, array_bytes(b"|O", (1,), struct.pack("<Q", 0xDEADBEEF)))
    with DiskCache(path) as cache:
        assert cache.get("a", "nothing") == "nothing"
        assert cache.stats().damaged == 1
        assert (cache.stats().hits, cache.stats().misses) == (0, 1)
        assert cache.look_up("b") is None
        cache.flush()
        assert len(cache) == 0, "what is damaged is removed"


def rewrite(path, content: bytes) -> None:
    """Puts content under every key, with the checksum that the file's format wants."""
    connection = sqlite3.connect(path)
    rows = connection.execute("select n, hash, stored, expires, kind from synqc_entries").fetchall()
    assert len(rows) == 2
    for n, key_hash, stored, expires, kind in rows:
        total = (
            checksum(struct.pack("<qq", stored, expires), checksum(kind, checksum(content, key_hash & ALL_BITS))) or 1
        )
        signed = total - 2**64 if total >= 2**63 else total
        connection.execute("update synqc_entries set value = ?, checksum = ? where n = ?", (content, signed, n))
    connection.commit()
    connection.close()


def test_keys_of_a_disk_cache_that_are_damaged_are_left_out(tmp_path):
    from synqc.cache import DiskCache

    path = tmp_path / "cache.db"
    with DiskCache(path) as cache:
        cache["good"] = 1
        cache["bad"] = 2
        cache[b"raw"] = 3
    for damage in (b"s\xff\x6b", b"", b"q", b"\xff", b"s\xed\xa0", b"x" * 300):
        connection = sqlite3.connect(path)
        row = connection.execute("select max(n) from synqc_entries").fetchone()[0]
        connection.execute("update synqc_entries set key = ? where n = ?", (damage, row))
        connection.commit()
        connection.close()
        with DiskCache(path) as cache:
            keys = list(cache)
            assert set(keys) <= {"good", "bad", b"raw"}
            assert "good" in keys

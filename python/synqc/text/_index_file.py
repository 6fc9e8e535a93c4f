"""The file of an index, read as if a stranger had written it.

Eight bytes that name the format; the length of a head (4 bytes, little-endian) and the head, a JSON object; parts with
kept rows, each after its length (4 bytes) and the last of length 0; SHA-256 of all that.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final

from synqc.errors import DocumentError

__all__ = ["read_head", "read_parts", "write_index_file"]

_MAGIC: Final = b"SynQcTI1"
_SUM_BYTES: Final = hashlib.sha256().digest_size
_LARGEST_HEAD: Final = 1 << 16
_LARGEST_PART: Final = 1 << 28
_PIECE: Final = 1 << 20


def write_index_file(path: str | os.PathLike[str], head: dict[str, Any], parts: Iterable[bytes]) -> None:
    """Write the whole file or leave the old one: it is moved into place when it is on the disk."""
    target = Path(path)
    beside = target.with_name(f".{target.name}.{secrets.token_hex(6)}")
    try:
        with open(beside, "xb") as file:
            sum_ = hashlib.sha256()

            def write(data: bytes) -> None:
                sum_.update(data)
                file.write(data)

            text = json.dumps(head, sort_keys=True).encode()
            write(_MAGIC)
            write(len(text).to_bytes(4, "little"))
            write(text)
            for part in parts:
                write(len(part).to_bytes(4, "little"))
                write(part)
            write(bytes(4))
            file.write(sum_.digest())
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, target)
    except BaseException:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def read_head(file: BinaryIO) -> dict[str, Any]:
    """The head of a file whose sum is right; the parts follow.

    Raises:
        DocumentError: It is not a whole file of TextIndex.save().
    """
    if file.read(len(_MAGIC)) != _MAGIC:
        raise _damaged("its first bytes are others")
    size = os.fstat(file.fileno()).st_size
    if size < len(_MAGIC) + 8 + _SUM_BYTES:
        raise _damaged("it is cut short")
    sum_ = hashlib.sha256(_MAGIC)
    left = size - len(_MAGIC) - _SUM_BYTES
    while left:
        piece = file.read(min(left, _PIECE))
        if not piece:
            raise _damaged("it is cut short")
        sum_.update(piece)
        left -= len(piece)
    if file.read() != sum_.digest():
        raise _damaged("its SHA-256 is another one")
    file.seek(len(_MAGIC))
    length = int.from_bytes(file.read(4), "little")
    if length > min(_LARGEST_HEAD, size):
        raise _damaged(f"its head has {length} bytes")
    try:
        head = json.loads(file.read(length))
    except (ValueError, RecursionError) as error:
        raise _damaged("its head is no JSON") from error
    if not isinstance(head, dict):
        raise _damaged("its head is no object")
    return head


def read_parts(file: BinaryIO) -> Iterator[bytes]:
    """The parts after the head."""
    while length := int.from_bytes(file.read(4), "little"):
        if length > _LARGEST_PART:
            raise _damaged(f"a part has {length} bytes")
        part = file.read(length)
        if len(part) < length:
            raise _damaged("a part is cut short")
        yield part
    if len(file.read(_SUM_BYTES + 1)) != _SUM_BYTES:
        raise _damaged("its parts end elsewhere than the file")


def _damaged(what: str) -> DocumentError:
    return DocumentError(f"Document must be a whole file of TextIndex.save(), but {what}.")

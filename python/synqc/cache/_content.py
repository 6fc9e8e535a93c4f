"""Keys made of everything that decides a result."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from synqc import _core

__all__ = ["content_key", "sha256_hex"]


def content_key(
    kind: str, content: Any, *, parameters: Mapping[str, Any] | None = None, namespace: str = "", version: int | str = 1
) -> str:
    """SHA-256 over a canonical encoding of everything that decides a result.

    Two requests have one key only if all of their parts are equal, type by type: 1, 1.0, True and "1" are four values,
    -0.0 is not 0.0, `None` is not `{}`, a key "ab" with content "c" is not a key "a" with content "bc". On purpose
    equal are: a tuple and a list, dicts in another order, bytes and a bytearray, a subclass and its base (an `IntEnum`
    member is its int, `numpy.float64` its float), every NaN, and arrays of one dtype, shape and values whatever their
    layout in memory. Floats count with their exact bits, never as printed text.

    Args:
        kind: What is computed, e.g. "text_inference".
        content: None, bool, int, float, complex, str, bytes, lists, tuples, dicts of these, NumPy arrays and scalars.
        parameters: Every option that affects the result.
        namespace: Whose result it is.
        version: Version of what computes it: raise it when results change.

    Returns:
        64 hexadecimal digits, the same in every process and on every machine.

    Raises:
        InputError: Something inside cannot be part of a key, such as a set, whose order is not defined; the message
            ends with the path to it.

    Examples:
        >>> content_key("greeting", {"name": "Ada"}, parameters={"temperature": 0.0})[:16]
        '491ec11157ab12ab'
        >>> content_key("greeting", {"names": {"Ada"}})  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        ...
        synqc.errors.InputError: Argument `content` must hold only None, bool, ..., but holds a set at $.names.
    """
    key: str = _core.content_key(kind, content, parameters, namespace, version)
    return key


def sha256_hex(data: bytes | bytearray | memoryview) -> str:
    """SHA-256 of bytes in hexadecimal digits.

    Examples:
        >>> sha256_hex(b"abc")[:16]
        'ba7816bf8f01cfea'
    """
    digits: str = _core.sha256_hex(data)
    return digits

"""Keys of `perf_cache.db`: those of old files, and those that hold all that decides a value."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Final, NamedTuple

__all__ = ["Keys", "keys_of"]

_VERSION: Final = hashlib.sha256(b"synqc perf_cache 2")
_json_text: Final = json.JSONEncoder(sort_keys=True).encode


class Keys(NamedTuple):
    """Both keys of one value.

    Args:
        key: SHA-256 over namespace, type, and the JSON texts of content and parameters, each with its length.
        old: The key of files of old: without type and namespace. "" if it was not wanted.
    """

    key: str
    old: str


def keys_of(content: Any, params: Any, cache_type: str, namespace: str = "", *, with_old: bool = True) -> Keys:
    """The keys of what is asked.

    Args:
        content: The question.
        params: Options that affect the answer; None and {} are the same.
        cache_type: Type of the entry.
        namespace: Separates users of one file; older files know none, so that there is no `old` key in one.
        with_old: Whether the key of files of old is wanted, too.

    Raises:
        TypeError, ValueError: Something has no JSON text.

    Examples:
        >>> keys_of("why", None, "a").key == keys_of("why", None, "b").key
        False
        >>> keys_of({"b": 1, "a": "é"}, {}, "a").old[:16]
        'd73913efb309b598'
    """
    if not isinstance(cache_type, str):
        raise TypeError(f"Argument `cache_type` must be a text, but is {cache_type!r}.")
    asked = _json_text(content)
    options = _json_text(params) if params else ""
    hashed = _VERSION.copy()
    parts = namespace.encode("utf-8", "surrogatepass"), cache_type.encode(), asked.encode(), options.encode()
    hashed.update(b"%d %d %d %d " % tuple(map(len, parts)) + b"".join(parts))
    old = hashlib.sha256(parts[2] + parts[3]).hexdigest() if with_old and not namespace else ""
    return Keys("2:" + hashed.hexdigest(), old)

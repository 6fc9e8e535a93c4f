"""Keys of `perf_cache.db`: those of old files, and those that hold all that decides a value."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Final, NamedTuple

__all__ = ["Keys", "keys_of"]

_VERSION: Final = b"synqc perf_cache 2"


class Keys(NamedTuple):
    """Both keys of one value.

    Args:
        key: SHA-256 over namespace, type, and the JSON texts of content and parameters, each with its length.
        old: The key of files of old: without type and namespace. "" in a namespace, of which they knew none.
    """

    key: str
    old: str


def keys_of(content: Any, params: Any, cache_type: str, namespace: str = "") -> Keys:
    """The keys of what is asked.

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
    cache_type.encode()
    asked = json.dumps(content, sort_keys=True)
    options = json.dumps(params, sort_keys=True) if params else ""
    hashed = hashlib.sha256(_VERSION)
    for part in (namespace, cache_type, asked, options):
        encoded = part.encode("utf-8", "surrogatepass")
        hashed.update(len(encoded).to_bytes(8, "little") + encoded)
    old = "" if namespace else hashlib.sha256((asked + options).encode()).hexdigest()
    return Keys("2:" + hashed.hexdigest(), old)

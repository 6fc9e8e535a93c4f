"""What caches have in common whose keys are str or bytes, because they leave the process."""

from __future__ import annotations

from typing import Any

from synqc.cache._computing import Computing

__all__ = ["TextKeys"]


class TextKeys(Computing):
    """`Computing` for keys of str or bytes."""

    def _namespaced(self, key: Any, namespace: str) -> Any:
        # The length says where the namespace ends, so that no other pair gives the same key.
        prefix = f"\0namespace\0{len(namespace)}\0{namespace}"
        return prefix.encode("utf-8", "surrogatepass") + key if isinstance(key, bytes) else prefix + str(key)

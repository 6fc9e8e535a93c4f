"""Bytes on a server that others can write to: only who knows the secret can make what is read."""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

from synqc.errors import InputError

__all__ = ["Seal"]

_LEAST: Final = 16
_SIZE: Final = 32


class Seal:
    """HMAC-SHA-256 over a key and the bytes stored under it, so that no value can be forged, or moved to another key.

    An old value of the same key can be put back, and what is stored can be read: it is signed, not encrypted.

    Args:
        secret: At least 16 bytes that all who share the cache know and nobody else. None: nothing is signed.
    """

    def __init__(self, secret: bytes | str | None) -> None:
        if secret is not None:
            if not isinstance(secret, (bytes, str)):
                raise InputError(f"Argument `secret` must be bytes, str or None, but is a {type(secret).__name__}.")
            secret = secret.encode() if isinstance(secret, str) else secret
            if len(secret) < _LEAST:
                raise InputError(f"Argument `secret` must be at least {_LEAST} bytes long, but has {len(secret)}.")
        self._secret = secret

    def close(self, name: bytes, data: bytes) -> bytes:
        """The bytes with their seal."""
        return data if self._secret is None else data + self._sum(name, data)

    def open(self, name: bytes, sealed: bytes) -> bytes:
        """The bytes without it; InputError if it is not the one of this name and these bytes."""
        if self._secret is None:
            return sealed
        data, sum_ = sealed[:-_SIZE], sealed[-_SIZE:]
        if not hmac.compare_digest(sum_, self._sum(name, data)):
            raise InputError("Argument `secret` must be the one these bytes were signed with, but is not.")
        return data

    def _sum(self, name: bytes, data: bytes) -> bytes:
        assert self._secret is not None
        return hmac.digest(self._secret, len(name).to_bytes(8, "little") + name + data, hashlib.sha256)

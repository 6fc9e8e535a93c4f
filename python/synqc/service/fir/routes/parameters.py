"""What paths, queries and headers name, with an example each for the documentation."""

from __future__ import annotations

import hashlib
import uuid
from typing import Annotated
from urllib.parse import unquote

from fastapi import Header, Path
from pydantic import AfterValidator

__all__ = ["FirNumber", "IdempotencyKey", "SessionId", "session_id_of"]

_Whole = AfterValidator(unquote)  # the request middleware has left %2F and %25 in it, see `routed_path`

SessionId = Annotated[
    str, Path(description="Of a session: a UUID of version 4.", examples=["0a1b2c3d-0000-4000-8000-000000000000"]),
    _Whole,
]  # fmt: skip
FirNumber = Annotated[
    str, Path(description="Of a report; a slash in it is written %2F.", examples=["FIR-0a1b2c3d-20261130101010"]),
    _Whole,
]  # fmt: skip
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key", min_length=1, max_length=200,
        description="Of this request: one that is repeated with it is answered with the first one's session.",
    ),
]  # fmt: skip


def session_id_of(key: str, who: str) -> str:
    """The session that somebody's idempotency key stands for.

    >>> session_id_of("k", "A. Sen")
    '1acebbae-93a2-42c5-8c51-db1e6040372a'
    """
    digest = hashlib.sha256(f"synqc.fir session\0{who}\0{key}".encode()).digest()
    return str(uuid.UUID(bytes=digest[:16], version=4))

"""One entry of a session's history, as bytes that are hashed and never change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from synqc import json

__all__ = ["Entry", "StoredEntry"]


@dataclass(frozen=True)
class Entry:
    """What happened.

    Args:
        session_id: Identifier of its session.
        number: 1, 2, 3, ... without a gap.
        at: Moment, seconds since 1970.
        who, role: Name and role of whoever did it: an officer's name and role, or the machine's.
        kind: What was done, e.g. `Accepted`.
        step: Gate it was done at, or stage that it ended; "" where there is none.
        before, after: SHA-256 of what was shown at that step before and after it; "" where nothing was.
        event: All that the session needs to do it again.
        model, prompt_sha256, latency_s: Name, digest of the prompt and latency of the call whose result this is; "",
            "", None otherwise.
    """

    session_id: str
    number: int
    at: float
    who: str
    role: str
    kind: str
    step: str
    before: str
    after: str
    event: dict[str, Any]
    model: str = ""
    prompt_sha256: str = ""
    latency_s: float | None = None

    def to_bytes(self) -> bytes:
        """The one text that stands for it."""
        return json.canonical(vars(self))

    @classmethod
    def from_bytes(cls, body: bytes) -> Entry:
        """What `to_bytes` gave."""
        return cls(**json.loads(body))


@dataclass(frozen=True)
class StoredEntry:
    """An entry as it is stored: its place, its bytes, and the hash that they end the chain with."""

    number: int
    body: bytes
    hash: str

    @property
    def entry(self) -> Entry:
        """What it says."""
        return Entry.from_bytes(self.body)

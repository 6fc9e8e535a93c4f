"""Hash chain: each entry's hash is of its bytes and of the hash before it, so that no byte of the past can change."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from synqc.apps.fir.history.entry import StoredEntry

__all__ = ["Fault", "FaultPlace", "chained", "first_hash", "verify_chain"]


class FaultPlace(StrEnum):
    """Where a chain is broken."""

    BODY = "body"
    """The bytes of an entry are not those that were chained."""
    HASH = "hash"
    """The hash stored beside an entry is not the one it was chained with."""
    BOTH = "body or hash"
    """An entry and what follows it do not agree, and nothing says which of them was changed."""
    NUMBER = "number"
    """An entry is missing, or stands where another should."""
    HEAD = "head"
    """Entries at the end are missing, or the session's own note of its last hash was changed."""
    SESSION = "session"
    """The session is not what its whole history tells."""


@dataclass(frozen=True)
class Fault:
    """One of them: at which entry, and what."""

    number: int
    place: FaultPlace

    def __str__(self) -> str:
        return f"entry {self.number}: {self.place.value}"


def first_hash(session_id: str) -> str:
    """What the first entry of a session is chained to."""
    return hashlib.sha256(b"synqc.fir.history\n" + session_id.encode()).hexdigest()


def chained(previous: str, body: bytes) -> str:
    """Hash of an entry that follows another.

    >>> chained(first_hash("a"), b"{}") == chained(first_hash("b"), b"{}")
    False
    """
    return hashlib.sha256(previous.encode() + b"\n" + body).hexdigest()


def verify_chain(session_id: str, entries: Sequence[StoredEntry], head: str | None = None) -> list[Fault]:
    """All places where a history is not what was written; none if it is whole.

    Args:
        session_id: Whose.
        entries: In the order of their numbers.
        head: The last hash as the session notes it; without it nobody sees that the end was cut off.
    """
    faults: list[Fault] = []
    previous = first_hash(session_id)
    for index, one in enumerate(entries):
        if one.number != index + 1:
            return [*faults, Fault(index + 1, FaultPlace.NUMBER)]
        meant = chained(previous, one.body)
        if meant == one.hash:
            previous = meant
            continue
        follows_meant, follows_stored = (
            _follower_agrees(entries, index, meant, head),
            _follower_agrees(entries, index, one.hash, head),
        )
        if follows_meant:
            faults.append(Fault(one.number, FaultPlace.HASH))
            previous = meant
        else:
            faults.append(Fault(one.number, FaultPlace.BODY if follows_stored else FaultPlace.BOTH))
            previous = one.hash
    if head is not None and previous != head:
        faults.append(Fault(len(entries), FaultPlace.HEAD))
    return faults


def _follower_agrees(entries: Sequence[StoredEntry], index: int, previous: str, head: str | None) -> bool:
    if index + 1 < len(entries):
        return chained(previous, entries[index + 1].body) == entries[index + 1].hash
    return previous == head

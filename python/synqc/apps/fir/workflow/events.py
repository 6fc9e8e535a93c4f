"""Events of a session: the entries of its history, from which it can be rebuilt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar

__all__ = [
    "EVENTS", "Accepted", "Answer", "Detailed", "Edited", "Event", "Expired", "Opened", "Regenerated", "Rejected",
    "Reopened", "StageDone", "StageFailed", "StatusChanged",
]  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happens; `who` and `role` are the officer's, or the machine's.

    Args:
        who: By name.
        role: As what: officer, supervisor, auditor, machine.
    """

    who: str
    role: str

    def to_plain(self) -> dict[str, Any]:
        """As a history keeps it."""
        return {"kind": type(self).__name__} | {one.name: getattr(self, one.name) for one in fields(self)}

    @staticmethod
    def from_plain(plain: Mapping[str, Any]) -> Event:
        """What `to_plain` gave."""
        return EVENTS[plain["kind"]](**{name: value for name, value in plain.items() if name != "kind"})


@dataclass(frozen=True, kw_only=True)
class Opened(Event):
    """A complaint has come.

    Args:
        session_id: New.
        source: `text`, `audio` or `image`.
        text: Text of a typed complaint; "" where it must be heard or read first.
        media: Where the recording or picture is kept, for the stage that hears or reads it.
        language: Language of the report's own words.
        station: What the station's settings state of every report, by field.
        ahead: Whether the next stage is computed while an officer reads.
    """

    session_id: str
    source: str
    text: str = ""
    media: str = ""
    language: str = "en"
    station: Mapping[str, str] = field(default_factory=dict)
    ahead: bool = True


@dataclass(frozen=True, kw_only=True)
class StageDone(Event):
    """A stage's result.

    Args:
        ticket: Number of the ticket that it was made for.
        content: Content of the form of its step.
        model, prompt_sha256, latency_s: Name, digest of the prompt and latency of the call that made it; "", "",
            None where there was none.
        unsupported: Names and numbers in it that nobody said, as far as that can be told.
        doubts: What a person must look at in a text that was heard or read, each as `Doubt.to_plain` says it.
    """

    ticket: int
    content: Mapping[str, Any]
    model: str = ""
    prompt_sha256: str = ""
    latency_s: float | None = None
    unsupported: Sequence[str] = ()
    doubts: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, kw_only=True)
class StageFailed(Event):
    """A stage gave no result; `cause` says why, without a word of the complaint."""

    ticket: int
    cause: str


@dataclass(frozen=True, kw_only=True)
class Answer(Event):
    """An officer's answer to what was shown under `token`."""

    token: str
    name: ClassVar[str] = "answer"


@dataclass(frozen=True, kw_only=True)
class Accepted(Answer):
    """It is right as shown; `note` goes to the next stage beside it."""

    note: str = ""
    name: ClassVar[str] = "accept"


@dataclass(frozen=True, kw_only=True)
class Edited(Answer):
    """The officer's own words in its place; `accept` approves them in the same breath."""

    content: Mapping[str, Any]
    accept: bool = False
    note: str = ""
    name: ClassVar[str] = "edit"


@dataclass(frozen=True, kw_only=True)
class Rejected(Answer):
    """It is wrong; nothing is made until somebody says what shall be."""

    reason: str
    name: ClassVar[str] = "reject"


@dataclass(frozen=True, kw_only=True)
class Regenerated(Answer):
    """It shall be made again, with an instruction if there is one."""

    instruction: str = ""
    name: ClassVar[str] = "regenerate"


@dataclass(frozen=True, kw_only=True)
class Detailed(Event):
    """Fields of the report are stated or, by None, taken back.

    Args:
        base: Digest of the details that the officer saw; another's changes in between are not overwritten.
        statements: Value by field.
    """

    base: str
    statements: Mapping[str, str | None]


@dataclass(frozen=True, kw_only=True)
class Expired(Event):
    """Nobody has answered for `after_s`."""

    after_s: float


@dataclass(frozen=True, kw_only=True)
class Reopened(Event):
    """An officer goes on with what had expired."""


@dataclass(frozen=True, kw_only=True)
class StatusChanged(Event):
    """The report is filed, accepted or closed.

    Args:
        to: Its new status.
        reason: Why, if somebody said.
        digest: Digest of the report's state as it was sealed, where it is filed.
        files: SHA-256 of each sealed form, where it is filed.
    """

    to: str
    reason: str = ""
    digest: str = ""
    files: Mapping[str, str] = field(default_factory=dict)


EVENTS: Mapping[str, type[Event]] = {
    one.__name__: one
    for one in (
        Opened, StageDone, StageFailed, Accepted, Edited, Rejected, Regenerated, Detailed, Expired, Reopened,
        StatusChanged,
    )
}  # fmt: skip

"""State of a session as a value: results by step, what is under way, and what officers said beside them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from synqc import json
from synqc.apps.fir.numbers.status import RecordStatus
from synqc.apps.fir.workflow.content import MEMBERS
from synqc.apps.fir.workflow.steps import STEPS, SessionStatus, Step, following

__all__ = [
    "Ahead",
    "LastAnswer",
    "Result",
    "ResultState",
    "Session",
    "Ticket",
    "digest_of",
    "next_input_digest",
    "stage_input",
]


def digest_of(value: object) -> str:
    """SHA-256 of what JSON says of something, in hexadecimal."""
    return hashlib.sha256(json.canonical(value)).hexdigest()


class ResultState(StrEnum):
    """What became of a stage's result."""

    SHOWN = "shown"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    FAILED = "failed"
    """There is none."""
    STALE = "stale"
    """Something before it has changed."""


@dataclass(frozen=True)
class Result:
    """What a step shows.

    Args:
        content: Content of the step's form; {} where the stage failed.
        input_digest: SHA-256 of what the stage was given.
        state: What became of it.
        revision: Revision of the session when it came to stand as it does.
        model, prompt_sha256, latency_s: Name, digest of the prompt and latency of the call that made it.
        edited_by: Officer whose words it is; "": the stage's.
        decided_by: Officer who accepted or rejected it.
        reason: Why it was rejected, or failed.
        unsupported: Names and numbers in a model's words that nobody said, as far as that can be told.
        doubts: What a person must look at in a text that was heard or read, each as `Doubt.to_plain` says it.
    """

    content: Mapping[str, Any]
    input_digest: str
    state: ResultState
    revision: int
    model: str = ""
    prompt_sha256: str = ""
    latency_s: float | None = None
    edited_by: str = ""
    decided_by: str = ""
    reason: str = ""
    unsupported: tuple[str, ...] = ()
    doubts: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class Ticket:
    """A stage that shall be done: only its own result is taken.

    Args:
        step: Where the result will be shown.
        number: Number of this ticket, one of its own in the session.
        input_digest: SHA-256 of what the stage is given.
    """

    step: Step
    number: int
    input_digest: str


@dataclass(frozen=True)
class Ahead:
    """A stage that is computed while an officer reads what comes before it; `result` once it is done."""

    ticket: Ticket
    result: Result | None = None


@dataclass(frozen=True)
class LastAnswer:
    """The answer that was given last: the same one, repeated, has had its effect already."""

    digest: str
    token: str
    name: str
    step: Step
    who: str
    at: float
    revision: int


@dataclass(frozen=True)
class Session:
    """All that is known of a session. It is the fold of its history, and nothing beside it.

    Args:
        session_id: Its id.
        source, text, media, language, station, computes_ahead: As it was opened.
        step: Gate at which it stands, or whose stage is under way.
        results: By step.
        ticket: The stage under way; None while a gate waits.
        ahead: The stage after the gate that waits, computed meanwhile.
        notes: Said at a gate for the stage after it.
        instructions, tries: Instructions and tries of stages that were asked for again.
        details: Fields of the report, each (value, who, where).
        number, prepared_at: Number, and time of preparation, of the report, once it has them.
        status: Status of the report.
        completed_at: When the last gate was passed.
        expired: Whether nobody answered for too long.
        waiting_since: Since when a gate waits.
        created_at, last_activity: Moments.
        revision: Number of its last event.
        last_answer: The newest.
    """

    session_id: str
    source: str
    text: str
    media: str
    language: str
    station: Mapping[str, str]
    computes_ahead: bool
    created_at: float
    last_activity: float
    step: Step = Step.TRANSCRIPT
    results: Mapping[Step, Result] = field(default_factory=dict)
    ticket: Ticket | None = None
    ahead: Ahead | None = None
    notes: Mapping[Step, str] = field(default_factory=dict)
    instructions: Mapping[Step, str] = field(default_factory=dict)
    tries: Mapping[Step, int] = field(default_factory=dict)
    details: Mapping[str, tuple[str, str, str]] = field(default_factory=dict)
    number: str = ""
    prepared_at: str = ""
    status: RecordStatus = RecordStatus.DRAFT
    completed_at: float | None = None
    expired: bool = False
    waiting_since: float | None = None
    revision: int = 0
    last_answer: LastAnswer | None = None

    @property
    def of_contract(self) -> SessionStatus:
        """Where it stands, in the contract's words."""
        if self.completed_at is not None:
            return SessionStatus.COMPLETED
        if self.expired:
            return SessionStatus.EXPIRED
        if self.ticket is not None:
            return SessionStatus.PROCESSING
        failed = self.results[self.step].state is ResultState.FAILED
        return SessionStatus.ERROR if failed else SessionStatus.AWAITING_VALIDATION

    @property
    def tickets(self) -> tuple[Ticket, ...]:
        """Stages that shall be done: there is a job for each, or there will be."""
        ahead = () if self.ahead is None or self.ahead.result is not None else (self.ahead.ticket,)
        return (*(() if self.ticket is None else (self.ticket,)), *ahead)

    @property
    def details_digest(self) -> str:
        """SHA-256 of the details, for whoever wants to change them."""
        return digest_of({key: list(value) for key, value in self.details.items()})

    def shown(self, step: Step) -> dict[str, Any]:
        """What an officer is shown at a step: the result, with what it is to be compared with."""
        result = self.results[step]
        if result.state is ResultState.FAILED:
            return {"error": result.reason}
        content = dict(result.content)
        if step is Step.SUMMARY:
            content["original_transcript"] = self._own(Step.TRANSCRIPT)
        elif step is Step.VIOLATIONS:
            content["summary"] = self._own(Step.SUMMARY)
        if result.unsupported:
            content["unsupported"] = list(result.unsupported)
        if result.doubts:
            content["doubts"] = [dict(one) for one in result.doubts]
        return content

    def digest(self, step: Step) -> str:
        """SHA-256 of exactly what is shown at a step; "" where nothing is."""
        return digest_of(self.shown(step)) if step in self.results else ""

    def token(self, step: Step) -> str:
        """Names what is shown at a step at this moment; no other session, step or moment has it."""
        return digest_of([self.session_id, step.value, self.results[step].revision, self.digest(step)])

    def to_plain(self) -> dict[str, Any]:
        """As JSON says it."""
        plain = dict(vars(self))
        plain["results"] = {step.value: dict(vars(one)) for step, one in self.results.items()}
        plain["ticket"] = None if self.ticket is None else dict(vars(self.ticket))
        plain["ahead"] = None
        if self.ahead is not None:
            result = None if self.ahead.result is None else dict(vars(self.ahead.result))
            plain["ahead"] = {"ticket": dict(vars(self.ahead.ticket)), "result": result}
        for name in ("notes", "instructions", "tries"):
            plain[name] = {step.value: one for step, one in plain[name].items()}
        plain["details"] = {key: list(one) for key, one in self.details.items()}
        plain["last_answer"] = None if self.last_answer is None else dict(vars(self.last_answer))
        return plain

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Session:
        """What `to_plain` gave."""
        read = dict(plain)
        read["step"], read["status"] = Step(plain["step"]), RecordStatus(plain["status"])
        read["results"] = {Step(step): _result(one) for step, one in plain["results"].items()}
        read["ticket"] = None if plain["ticket"] is None else _ticket(plain["ticket"])
        if plain["ahead"] is not None:
            result = plain["ahead"]["result"]
            read["ahead"] = Ahead(_ticket(plain["ahead"]["ticket"]), None if result is None else _result(result))
        for name in ("notes", "instructions", "tries"):
            read[name] = {Step(step): one for step, one in plain[name].items()}
        read["details"] = {key: tuple(one) for key, one in plain["details"].items()}
        if plain["last_answer"] is not None:
            read["last_answer"] = LastAnswer(**plain["last_answer"] | {"step": Step(plain["last_answer"]["step"])})
        return cls(**read)

    def _own(self, step: Step) -> Any:
        return self.results[step].content.get(MEMBERS[step])


def stage_input(session: Session, step: Step) -> dict[str, Any]:
    """All that the stage of a step is given; what is not in it cannot change its result."""
    before = STEPS[: STEPS.index(step)]
    given: dict[str, Any] = {MEMBERS[one]: session._own(one) for one in before if one in session.results}
    again = {"instruction": session.instructions.get(step, ""), "try": session.tries.get(step, 0)}
    if step is Step.TRANSCRIPT:
        return {"source": session.source, "media": session.media, "text": session.text} | again
    note = {"note": session.notes.get(before[-1], "")}
    if step is Step.SUMMARY:
        return {"transcript": given["transcript"]} | note | again
    if step is Step.VIOLATIONS:
        return {"summary": given["summary"]} | note | again
    if step is Step.NARRATIVE:
        accepted = [one for one in given["violations"] if one["accepted"] is True]
        return {
            "transcript": given["transcript"], "summary": given["summary"],
            "provisions": [{name: one[name] for name in ("act", "section", "title")} for one in accepted],
        } | note | again  # fmt: skip
    return given | {"details": {key: list(one) for key, one in session.details.items()}} | note


def next_input_digest(session: Session) -> str:
    """Digest of what the next stage would be given if what is shown were accepted without a note."""
    quiet = replace(session, notes={**session.notes, session.step: ""})
    return digest_of(stage_input(quiet, following(session.step)))


def _result(plain: Mapping[str, Any]) -> Result:
    read = {"state": ResultState(plain["state"]), "unsupported": tuple(plain["unsupported"])}
    return Result(**dict(plain) | read | {"doubts": tuple(plain.get("doubts", ()))})


def _ticket(plain: Mapping[str, Any]) -> Ticket:
    return Ticket(Step(plain["step"]), plain["number"], plain["input_digest"])

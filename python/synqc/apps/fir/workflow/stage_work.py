"""Job handler of stages: nothing is done that nobody wants, and one result is taken per ticket."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Any

from synqc.apps.fir.document.provision import Verdict
from synqc.apps.fir.numbers.register import IssueRequest, issue
from synqc.apps.fir.numbers.scheme import NumberScheme
from synqc.apps.fir.workflow.content import MEMBERS, check_content
from synqc.apps.fir.workflow.errors import AnswerRefused
from synqc.apps.fir.workflow.events import Event, StageDone, StageFailed
from synqc.apps.fir.workflow.report_of import final_content
from synqc.apps.fir.workflow.session import Session, Ticket, digest_of, stage_input
from synqc.apps.fir.workflow.session_changes import MACHINE, SessionChanges
from synqc.apps.fir.workflow.stages import StageResult, Stages, StageStop
from synqc.apps.fir.workflow.steps import STEPS, Step
from synqc.apps.fir.workflow.unsupported_words import unsupported_words
from synqc.errors import SynqcError
from synqc.jobs import RunningJob, Work
from synqc.jobs.errors import JobStopped
from synqc.storage.errors import StorageUnavailable

__all__ = ["StageRunner", "stage_work"]

_LONGEST_CAUSE = 300
_PAUSE_S = 0.2
_PROPOSED = {Verdict.YES.value: True, Verdict.NO.value: False, Verdict.UNKNOWN.value: None}


@dataclass(frozen=True)
class StageRunner:
    """Does stages.

    Args:
        changes: Changes of the sessions that they are of.
        stages: Their functions.
        scheme: Scheme of numbers.
    """

    changes: SessionChanges
    stages: Stages
    scheme: NumberScheme

    def run(self, session_id: str, ticket_number: int, stop: StageStop) -> str:
        """Do the stage of a ticket and store what came of it; returns that in a word."""
        session = self.changes.read(session_id)
        ticket = next((one for one in session.tickets if one.number == ticket_number), None)
        if ticket is None:
            return "superseded"
        began = time.monotonic()
        try:
            made = self._made(session, ticket, stop)
        except (JobStopped, StorageUnavailable):
            raise
        except Exception as error:  # whatever a stage's function raises is the officer's to judge
            stop.check()
            return self._stored(
                session_id, StageFailed(**MACHINE, ticket=ticket.number, cause=_cause(error)), "failed", stop
            )
        done = StageDone(
            **MACHINE, ticket=ticket.number, content=made.content, model=made.model, prompt_sha256=made.prompt_sha256,
            latency_s=time.monotonic() - began if made.model else None, unsupported=_unsupported(session, ticket, made),
            doubts=[one.to_plain() for one in made.doubts],
        )  # fmt: skip
        return self._stored(session_id, done, "done", stop)

    def _made(self, session: Session, ticket: Ticket, stop: StageStop) -> StageResult:
        if ticket.step is Step.FINAL:
            return self._final(session)
        given = stage_input(session, ticket.step)
        if session.step is not ticket.step and STEPS.index(ticket.step) > 0:  # ahead: as if accepted without a note
            given |= {"note": ""}
        if digest_of(given) != ticket.input_digest:
            raise SynqcError("The session changed while its stage began.")
        made = self.stages[ticket.step](given, stop)
        content = check_content(ticket.step, dict(made.content))
        return replace(made, content=_proposed(content) if ticket.step is Step.VIOLATIONS else content)

    def _final(self, session: Session) -> StageResult:
        """The report of what was accepted, under the session's one number."""
        request = IssueRequest(session.session_id, self.changes.now(), self.scheme)
        issued = self.changes.ledger.writer.call(issue, request).result()
        return StageResult(final_content(session, issued.number, issued.prepared_at.isoformat()))

    def _stored(self, session_id: str, event: Event, word: str, stop: StageStop) -> str:
        """Store what came of it, however long storage is in trouble: to make it again would be paid for again."""
        while True:
            try:
                self.changes.apply(session_id, event)
            except AnswerRefused:
                return "superseded"
            except StorageUnavailable:
                stop.check()
                time.sleep(_PAUSE_S)
            else:
                return word


def stage_work(runner: StageRunner, *, concurrency: int) -> Work:
    """Does stages, so many at once."""

    def work(job: RunningJob) -> Any:
        asked = job.payload
        return {"ended": runner.run(asked["session_id"], asked["ticket"], job)}

    return Work(work, concurrency=concurrency)


def _proposed(content: dict[str, Any]) -> dict[str, Any]:
    """With what an officer accepts by accepting the gate as shown, where a stage does not say it.

    A check that said yes is accepted, one that said no is not, and where there was no answer nobody has decided.
    """
    member = MEMBERS[Step.VIOLATIONS]
    return {
        member: [
            one if one["accepted"] is not None else one | {"accepted": _PROPOSED[one["verdict"]]}
            for one in content[member]
        ]
    }


def _unsupported(session: Session, ticket: Ticket, made: StageResult) -> list[str]:
    """Of a text that a model wrote."""
    if not made.model or ticket.step not in (Step.SUMMARY, Step.NARRATIVE):
        return []
    given = stage_input(session, ticket.step)
    accepted = [f"{one['section']} {one['title']} {one['act']}" for one in given.get("provisions", ())]
    said = [given["transcript"], given["note"], given["instruction"], *session.notes.values(), *accepted]
    return unsupported_words(made.content[MEMBERS[ticket.step]], said)


def _cause(error: Exception) -> str:
    """Without a word of the complaint, which foreign errors may quote."""
    words = str(error) if isinstance(error, SynqcError) else f"{type(error).__name__} in the stage."
    return words[:_LONGEST_CAUSE].replace("\0", " ")

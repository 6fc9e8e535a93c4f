"""Applies events to sessions, and keeps the jobs of stages to those that are wanted."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from datetime import datetime
from typing import Final

from synqc.apps.fir.workflow.errors import AnswerRefused
from synqc.apps.fir.workflow.events import Event, StageFailed
from synqc.apps.fir.workflow.session import Session, Ticket
from synqc.apps.fir.workflow.store import Applied, Change, apply_changes, find_session
from synqc.jobs import JobState, Ledger, RetryPolicy
from synqc.jobs.tables.submissions import Submitted

__all__ = ["MACHINE", "STAGE_KIND", "SessionChanges"]

STAGE_KIND: Final = "fir_stage"
MACHINE: Final = {"who": "synqc", "role": "machine"}

_ATTEMPTS = RetryPolicy(attempts=10, first_s=0.2, most_s=5.0)
"""Of a worker's death or storage in trouble at each: what a stage itself raises is shown, and not tried again."""
_POLL_S = 0.25


class SessionChanges:
    """Applies events, submits the jobs of new tickets and cancels those of tickets that are gone.

    The session's own row says which stages are wanted: a job is submitted after that is committed, under the ticket's
    key, so that one that was lost with its process is submitted again by `reconcile` and is never two.

    Args:
        ledger: Ledger of jobs, whose database has the sessions.
        now: This moment, with the station's offset from UTC.
    """

    def __init__(self, ledger: Ledger, now: Callable[[], datetime]) -> None:
        self.ledger = ledger
        self.now = now
        self.listeners: set[Callable[[str], object]] = set()
        """Called with a session's id when it has changed here."""
        self._changed = threading.Condition()

    def apply(self, session_id: str, event: Event, *, sealed: Mapping[str, bytes] | None = None) -> Applied:
        """Apply an event; returns when it is on disk.

        Raises:
            UnknownSession: There is no such session.
            AnswerRefused, SessionExists: The event changes nothing; the error says why.
            StorageUnavailable: It could not be stored.
        """
        change = Change(session_id, event, self.now().timestamp(), sealed or {})
        applied = self.ledger.writer.call(apply_changes, change).result()
        if not applied.is_repeated:
            self._follow(applied, event)
        return applied

    def read(self, session_id: str) -> Session:
        """A session as it is now.

        Raises:
            UnknownSession: There is none.
        """
        with self.ledger.database.reading() as connection:
            return find_session(connection, session_id)

    def wait(self, session_id: str, until: Callable[[Session], bool], timeout_s: float) -> Session:
        """A session once it is as wanted, or as it is when the time is up."""
        deadline = time.monotonic() + timeout_s
        while not until(session := self.read(session_id)):
            left = deadline - time.monotonic()
            if left <= 0:
                break
            with self._changed:
                self._changed.wait(min(left, _POLL_S))
        return session

    def reconcile(self, session: Session) -> None:
        """See to it that each stage that is wanted has its job, and that a job which ended without a result is told."""
        for ticket in session.tickets:
            job = self.ledger.job(self._submitted(session.session_id, ticket).result().job_id)
            if job.has_ended:
                cause = "Its work ended without a result."
                if job.state in (JobState.DEAD, JobState.FAILED):
                    cause = "Every attempt at it ended with its worker or in trouble with storage."
                try:
                    self.apply(session.session_id, StageFailed(**MACHINE, ticket=ticket.number, cause=cause))
                except AnswerRefused:
                    continue  # it has come meanwhile

    def _follow(self, applied: Applied, event: Event) -> None:
        before = () if applied.before is None else applied.before.tickets
        wanted, known = {one.number for one in applied.session.tickets}, {one.number for one in before}
        session_id, ended = applied.session.session_id, getattr(event, "ticket", None)
        for ticket in applied.session.tickets:
            if ticket.number not in known:
                self._submitted(session_id, ticket)
        for ticket in before:
            if ticket.number not in wanted and ticket.number != ended:
                self.ledger.cancel(self._submitted(session_id, ticket).result().job_id)
        with self._changed:
            self._changed.notify_all()
        for hear in tuple(self.listeners):
            hear(session_id)

    def _submitted(self, session_id: str, ticket: Ticket) -> Future[Submitted]:
        return self.ledger.submit_soon(
            STAGE_KIND, {"session_id": session_id, "ticket": ticket.number},
            idempotency_key=f"{session_id}:{ticket.number}", retry=_ATTEMPTS,
        )  # fmt: skip

"""The ledger of jobs: one table is the truth about what shall be done, who is doing it, and what came of it."""

from __future__ import annotations

import hashlib
import math
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeVar

from synqc import json
from synqc.errors import InputError, TimedOut
from synqc.jobs.errors import UnknownJob
from synqc.jobs.history import JobEvent
from synqc.jobs.identifiers import check_kind, new_job_id
from synqc.jobs.job import Job, JobFilter
from synqc.jobs.policies import Budget, RetryPolicy, check_seconds, check_whole
from synqc.jobs.signals import Signal, SignalKind, Signals
from synqc.jobs.spending import Amount
from synqc.jobs.states import Complete, Fail, Heartbeat, JobState, Lifecycle, Refusal, Release
from synqc.jobs.tables import changes, charges, claims, parts, reading, retention, submissions
from synqc.jobs.tables.claims import Claimed
from synqc.jobs.tables.clock import Clock, database_clock
from synqc.jobs.tables.notifications import CANCELLED, QUEUED, NotificationListener
from synqc.jobs.tables.reading import DueJob
from synqc.jobs.tables.schema import COMPONENT
from synqc.jobs.tables.submissions import Submission, Submitted
from synqc.storage.database import Database, DatabaseLocation, open_shared
from synqc.storage.writer import GroupCommitWriter, Procedure

__all__ = ["Ledger", "open_ledger"]

_THRICE, _UNLIMITED, _NEWEST = RetryPolicy(), Budget(), JobFilter()
_POLL_S = 0.5
_MOST_ITEMS = 100_000
_LONGEST_KEY = 200
_EVENTS_AT_ONCE = 1000

_Argument = TypeVar("_Argument")
_Result = TypeVar("_Result")


class Ledger:
    """Jobs of one database, for whoever submits, watches or does them, in as many processes as there are.

    Every method that changes something returns when that is on disk; a claim on SQLite alone may be forgotten by a
    machine that loses its power, and with it ends the worker that made it. What a worker says of a job is believed if
    it names the attempt that the ledger has, and raises LostClaim otherwise.

    Args:
        database: With the tables of `COMPONENT`.
        clock: Measures leases and delays; tests may hold it still.

    Examples:
        >>> import pathlib, tempfile
        >>> from synqc.jobs import open_ledger
        >>> with tempfile.TemporaryDirectory() as folder, open_ledger(pathlib.Path(folder)) as ledger:
        ...     job_id = ledger.submit("greet", {"name": "Ada"})
        ...     (claimed,) = ledger.claim("worker-1", {"greet": 1}, lease_s=30.0)
        ...     print(ledger.complete(claimed, f"Hello, {ledger.job(job_id).payload['name']}!"))
        ...     ledger.job(job_id).result
        succeeded
        'Hello, Ada!'
    """

    def __init__(self, database: Database, *, clock: Clock = database_clock) -> None:
        self.database = database
        self.signals = Signals()
        self._clock = clock
        self.writer = GroupCommitWriter(database)
        """Of everything that this process writes to the database; applications write to tables of theirs by it, too."""
        self._submit = self._timed(submissions.submit)
        self._claim: Procedure[claims.ClaimRequest, list[Claimed]] = self._clocked(claims.claim)
        self._claim_by_id: Procedure[claims.ClaimRequestById, Claimed | Refusal] = self._timed(claims.claim_by_id)
        self._change = self._timed(changes.change)
        self._cancel = self._timed(changes.cancel)
        self._retry = self._timed(changes.retry)
        self._expire = self._timed(changes.expire)
        self._reserve = self._timed(charges.reserve)
        self._settle = self._timed(charges.settle)
        self._keep_parts = self._timed(parts.keep_parts)
        self._delete_ended = self._timed(retention.delete_ended)
        self._listener: NotificationListener | None = None
        self._listening = threading.Lock()

    # Those who want something done

    def submit(self, kind: str, payload: Any = None, **options: Any) -> str:
        """Have something done, as `submit_soon`; returns the job's id when it is stored for good."""
        return self.submit_soon(kind, payload, **options).result().job_id

    def submit_soon(
        self,
        kind: str,
        payload: Any = None,
        *,
        idempotency_key: str | None = None,
        join: bool = False,
        priority: int = 0,
        not_before: float | None = None,
        parent: str | None = None,
        retry: RetryPolicy = _THRICE,
        budget: Budget = _UNLIMITED,
    ) -> Future[Submitted]:
        """Have something done; the future has the job's id once that is stored for good.

        Args:
            kind: What does it, as workers name it.
            payload: What it is done to; anything that JSON can say.
            idempotency_key: Key of this request: one that is repeated with it is answered with the first one's job.
            join: Whether a job of this kind and payload that has not failed will do; it is one job then, also to
                whoever cancels it.
            priority: Larger is claimed first, of one kind and between kinds.
            not_before: Moment before which it is not claimed, seconds since 1970.
            parent: Job it is part of: cancelled with it, and counted and paid for by it.
            retry: How often it is tried.
            budget: What it may spend.

        Raises:
            InputError: An argument is out of its range.

        The future fails with IdempotencyConflict, UnknownJob or JobRefused (of the parent), or StorageUnavailable.
        """
        submission = _submission(
            kind, _told("payload", payload), idempotency_key=idempotency_key, priority=priority,
            not_before=not_before, parent=parent, retry=retry, budget=budget, join=join,
        )  # fmt: skip
        return self._submitted(submission)

    def submit_batch(
        self,
        kind: str,
        payloads: Iterable[Any],
        *,
        idempotency_key: str | None = None,
        priority: int = 0,
        parent: str | None = None,
        retry: RetryPolicy = _THRICE,
        budget: Budget = _UNLIMITED,
    ) -> str:
        """Have many things done: one job that ends when its items have, each of which is a job of its own.

        It succeeds if all of them do, and fails otherwise; all are stored or none. Arguments as of `submit_soon`.

        Raises:
            InputError: There are no items, or more than 100,000.
        """
        items = [(new_job_id(kind), _told("payloads", payload)) for payload in payloads]
        if not 1 <= len(items) <= _MOST_ITEMS:
            raise InputError(f"Argument `payloads` must hold 1 to {_MOST_ITEMS:,} of them, but holds {len(items)}.")
        digest = hashlib.sha256(b"\n".join(payload for _, payload in items)).hexdigest()
        submission = _submission(
            kind, json.dumps({"items": len(items), "sha256": digest}), idempotency_key=idempotency_key,
            priority=priority, parent=parent, retry=retry, budget=budget, items=items,
        )  # fmt: skip
        return self._submitted(submission).result().job_id

    def cancel(self, job_id: str) -> Job:
        """End a job, and whatever is part of it: at once if it is queued, else as soon as its work hears of it.

        Once this has returned the job ends `cancelled`, whatever its work says; what that has until then is kept. A
        job that has ended stays as it is.

        Raises:
            UnknownJob: There is none of that id.
        """
        self._call(self._cancel, _possible(job_id)).result()
        self.signals.publish(SignalKind.CANCELLED, job_id)
        return self._seen(job_id)

    def retry(self, job_id: str, *, attempts: int = 3) -> Job:
        """Queue a job again that ended without success; of a batch, those of its items.

        Raises:
            UnknownJob: There is none of that id.
            JobRefused: It has not ended, or has succeeded.
        """
        check_whole("attempts", attempts, 1, 1_000_000)
        self._call(self._retry, changes.RetryRequest(_possible(job_id), attempts)).result()
        found = self._seen(job_id)
        self.signals.publish(SignalKind.QUEUED, found.kind)
        return found

    # Those who do it

    def claim(self, owner: str, room: dict[str, int], *, lease_s: float, most: int | None = None) -> list[Claimed]:
        """Take due jobs, the most urgent first.

        Args:
            owner: The worker, by a name of this incarnation alone.
            room: Kinds it can do, with how many of each it may be given.
            lease_s: How long it need not be heard from.
            most: Most jobs of all kinds together.
        """
        some = sum(room.values()) if most is None else most
        request = claims.ClaimRequest(owner, tuple(room.items()), some, lease_s)
        found = self.writer.call(self._claim, request, durable=False).result()
        for claimed in found:
            self.signals.publish(SignalKind.CHANGED, claimed.job_id)
        return found

    def claim_by_id(self, owner: str, job_id: str, *, lease_s: float) -> Claimed | Refusal:
        """Take one job, if it is due and nobody has it; otherwise the reason.

        Raises:
            UnknownJob: There is none of that id.
        """
        request = claims.ClaimRequestById(owner, _possible(job_id), lease_s)
        answered: Future[Claimed | Refusal] = self.writer.call(self._claim_by_id, request, durable=False)
        return answered.result()

    def heartbeat(
        self, claimed: Claimed, *, lease_s: float, progress: tuple[int, int] | None = None
    ) -> Future[Lifecycle]:
        """Begin the lease anew; the future has the job as it is now, or fails with LostClaim."""
        event = Heartbeat(claimed.owner, claimed.attempt, lease_s)
        return self._changed(changes.Change(claimed.job_id, event, progress=progress), tell=progress is not None)

    def complete(self, claimed: Claimed, result: Any = None, *, progress: tuple[int, int] | None = None) -> JobState:
        """Its work is done; returns `cancelled` if that was asked for before, else `succeeded`.

        Raises:
            LostClaim: Another attempt owns the job, or it has ended: the result is thrown away.
            InputError: The result cannot be told in JSON.
        """
        event = Complete(claimed.owner, claimed.attempt)
        change = changes.Change(claimed.job_id, event, result=_told("result", result), progress=progress)
        return self._changed(change).result().state

    def fail(self, claimed: Claimed, cause: str, *, retry: bool, progress: tuple[int, int] | None = None) -> JobState:
        """Its work failed.

        Args:
            claimed: The attempt.
            cause: Why, in words.
            retry: Whether another attempt may succeed; the job waits for it, if it has one left.
            progress: (done, total), if it is known.

        Returns:
            `queued`, `dead`, `failed`, or `cancelled` if that was asked for before.

        Raises:
            LostClaim: Another attempt owns the job, or it has ended.
        """
        event = Fail(claimed.owner, claimed.attempt, retry)
        change = changes.Change(claimed.job_id, event, cause=cause, progress=progress)
        return self._changed(change).result().state

    def release(self, claimed: Claimed) -> JobState:
        """Give it back unfinished, which costs no attempt.

        Raises:
            LostClaim: Another attempt owns the job, or it has ended.
        """
        event = Release(claimed.owner, claimed.attempt)
        state = self._changed(changes.Change(claimed.job_id, event)).result().state
        self.signals.publish(SignalKind.QUEUED, claimed.kind)
        return state

    def keep_part(self, claimed: Claimed, name: str, value: bytes) -> Future[None]:
        """Keep something for a later attempt; the future is done when it is on disk, or fails with LostClaim."""
        return self._call(self._keep_parts, parts.Part(claimed.job_id, claimed.owner, claimed.attempt, name, value))

    def reserve(self, claimed: Claimed, name: str, amount: Amount) -> None:
        """Reserve what a call may cost at most, before it.

        Args:
            claimed: The attempt that makes the call.
            name: Name of the call, one of its own in this attempt; a second reservation of that name is the first one.
            amount: Most that it may cost.

        Raises:
            BudgetExceeded: The job, or what it is part of, may not spend so much.
            LostClaim: Another attempt owns the job, or it has ended.
        """
        self._call(self._reserve, charges.Reservation(_charge(claimed, name), _checked(amount))).result()

    def settle(self, claimed: Claimed, name: str, amount: Amount) -> None:
        """Say what a call did cost. Said twice, the first counts.

        A charge that is open when its attempt ends counts as what was reserved, until it is settled after all.

        Raises:
            LostClaim: Nothing was reserved under that name.
        """
        self._call(self._settle, charges.Settlement(_charge(claimed, name), _checked(amount))).result()

    def expire(self, *, owners_are_gone: bool = False) -> list[tuple[str, Lifecycle]]:
        """Take jobs from workers that have not been heard from within their leases; the jobs as they are now.

        Args:
            owners_are_gone: Whether it is known that no worker lives, so that no lease is waited for.
        """
        found = self._call(self._expire, owners_are_gone).result()
        for job_id, _ in found:
            self.signals.publish(SignalKind.CHANGED, job_id)
        return found

    def delete_ended(self, *, older_than_s: float, most: int = 500) -> int:
        """Forget jobs that ended so long ago, with what is part of them; how many went."""
        check_seconds("older_than_s", older_than_s)
        return self._call(self._delete_ended, retention.Deletion(older_than_s, most)).result()

    # Those who watch

    def job(self, job_id: str) -> Job:
        """A job as it is now.

        Raises:
            UnknownJob: There is none of that id.
        """
        with self.database.reading() as connection:
            found = reading.find_job(connection, _possible(job_id))
        if found is None:
            raise UnknownJob(job_id)
        return found

    def jobs(self, wanted: JobFilter = _NEWEST) -> list[Job]:
        """Jobs, newest first, without their payloads and results; batches with the number of their items by state."""
        with self.database.reading() as connection:
            return reading.find_jobs(connection, wanted)

    def counts(self, kind: str | None = None) -> dict[JobState, int]:
        """How many jobs stand where."""
        with self.database.reading() as connection:
            return reading.count_by_state(connection, kind)

    def events(self, job_id: str, after: int = 0, *, limit: int = _EVENTS_AT_ONCE) -> list[JobEvent]:
        """A job's history after an entry; empty where there is no such job."""
        with self.database.reading() as connection:
            return reading.find_events(connection, job_id, after, limit)

    def parts(self, job_id: str) -> dict[str, bytes]:
        """What its work kept, by name."""
        with self.database.reading() as connection:
            return parts.find_parts(connection, job_id)

    def cancelled_among(self, ids: Sequence[str]) -> set[str]:
        """Which of some running jobs shall end."""
        with self.database.reading() as connection:
            return reading.cancelled_among(connection, ids)

    def due(self, kind: str, *, most: int) -> list[DueJob]:
        """Jobs of a kind that a worker might claim at this moment, in the order of claims."""
        with self.database.reading() as connection:
            return reading.find_due(connection, self._clock(connection), kind, most)

    def seconds_to_next(self) -> float | None:
        """Until a delayed job is due; None if none is delayed."""
        with self.database.reading() as connection:
            due = reading.next_delayed(connection)
            return None if due is None else max(0.0, due - self._clock(connection))

    def wait(self, job_id: str, timeout_s: float | None = None) -> Job:
        """A job once it has ended.

        Raises:
            UnknownJob: There is none of that id.
            TimedOut: It has not ended by then.
        """
        deadline = math.inf if timeout_s is None else time.monotonic() + timeout_s
        with self.changes_of(job_id) as changed:
            while not (found := self.job(job_id)).has_ended:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise TimedOut(f"Job {job_id} did not end within {timeout_s:g} s: it is {found.state}.")
                changed.wait(min(left, _POLL_S))
                changed.clear()
        return found

    @contextmanager
    def changes_of(self, job_id: str) -> Iterator[threading.Event]:
        """An event that is set when this process hears that the job changed."""
        changed = threading.Event()

        def listen(signal: Signal) -> None:
            if signal.name == job_id and signal.kind is not SignalKind.QUEUED:
                changed.set()

        self.signals.subscribe(listen)
        try:
            yield changed
        finally:
            self.signals.unsubscribe(listen)

    @property
    def trouble(self) -> str | None:
        """Why nothing can be stored at this moment, as far as it is known; None if it can."""
        return self.writer.trouble

    def listen(self) -> None:
        """Hear of what other processes do, too, where the database tells: PostgreSQL. Otherwise polling finds it."""
        with self._listening:
            if self._listener is None and self.database.dialect == "postgresql":
                self._listener = NotificationListener(self.database.engine, self._hear)

    def _hear(self, word: str, name: str) -> None:
        if word == QUEUED:
            self.signals.publish(SignalKind.QUEUED, name)
        elif word == CANCELLED:
            self.signals.publish(SignalKind.CANCELLED, name)

    def close(self) -> None:
        """Store what is under way, and take no more; the database stays open."""
        self.writer.close()
        with self._listening:
            if self._listener is not None:
                self._listener.close()

    def _timed(
        self, procedure: Callable[[Any, float, Sequence[_Argument]], Sequence[_Result | Exception]]
    ) -> Procedure[_Argument, _Result]:
        return lambda connection, arguments: procedure(connection, self._clock(connection), arguments)

    def _clocked(
        self, procedure: Callable[[Any, Clock, Sequence[_Argument]], Sequence[_Result | Exception]]
    ) -> Procedure[_Argument, _Result]:
        """Of a procedure that asks for the time in a statement of its own."""
        return lambda connection, arguments: procedure(connection, self._clock, arguments)

    def _call(self, procedure: Procedure[_Argument, _Result], argument: _Argument) -> Future[_Result]:
        return self.writer.call(procedure, argument)

    def _submitted(self, submission: Submission) -> Future[Submitted]:
        future: Future[Submitted] = self._call(self._submit, submission)

        def tell(done: Future[Submitted]) -> None:
            if not done.cancelled() and done.exception() is None and done.result().is_new:
                self.signals.publish(SignalKind.QUEUED, submission.kind)

        future.add_done_callback(tell)
        return future

    def _changed(self, change: changes.Change, *, tell: bool = True) -> Future[Lifecycle]:
        future: Future[Lifecycle] = self._call(self._change, change)
        if tell:
            future.add_done_callback(lambda _: self.signals.publish(SignalKind.CHANGED, change.job_id))
        return future

    def _seen(self, job_id: str) -> Job:
        self.signals.publish(SignalKind.CHANGED, job_id)
        return self.job(job_id)


@contextmanager
def open_ledger(place: DatabaseLocation | Path, *, clock: Clock = database_clock) -> Iterator[Ledger]:
    """The ledger of a database, which is made if it is not there; others may have it open, too.

    Args:
        place: Place of a database, or a folder for SQLite's file.
        clock: As of `Ledger`.
    """
    location = place if isinstance(place, DatabaseLocation) else DatabaseLocation(place)
    with closing(open_shared(location, [COMPONENT])) as database, closing(Ledger(database, clock=clock)) as ledger:
        yield ledger


def _submission(
    kind: str, payload: bytes, *, idempotency_key: str | None, priority: int, parent: str | None, retry: RetryPolicy,
    budget: Budget, not_before: float | None = None, join: bool = False,
    items: Sequence[tuple[str, bytes]] | None = None,
) -> Submission:  # fmt: skip
    check_kind(kind)
    check_whole("priority", priority, -(2**31), 2**31 - 1)
    if not_before is not None:
        check_seconds("not_before", not_before)
    if idempotency_key is not None and not (0 < len(idempotency_key) <= _LONGEST_KEY and "\0" not in idempotency_key):
        raise InputError(
            f"Argument `idempotency_key` must have 1 to {_LONGEST_KEY} characters, none of them NUL, but is "
            f"{idempotency_key[:_LONGEST_KEY]!r}."
        )
    content_key = _content_key(kind, payload) if join else None
    return Submission(
        new_job_id(kind), kind, payload, priority=priority, not_before=not_before,
        parent_id=None if parent is None else _possible(parent),
        idempotency_key=idempotency_key, content_key=content_key, attempts=retry.attempts,
        backoff_first_s=retry.first_s, backoff_most_s=retry.most_s, usd_micros_limit=budget.usd_micros,
        tokens_limit=budget.tokens, items=items,
    )  # fmt: skip


def _possible(job_id: str) -> str:
    """A name that a job may have.

    Raises:
        UnknownJob: PostgreSQL would refuse to look for it.
    """
    if "\0" in job_id or not job_id.isprintable():
        raise UnknownJob(job_id)
    return job_id


def _content_key(kind: str, payload: bytes) -> str:
    return hashlib.sha256(b"%s\0%s" % (kind.encode(), json.canonical(json.loads(payload)))).hexdigest()


def _told(name: str, value: Any) -> bytes:
    try:
        return json.dumps(value)
    except (TypeError, ValueError) as error:
        raise InputError(f"Argument `{name}` must be something that JSON can say, but {error}") from error


def _charge(claimed: Claimed, name: str) -> charges.ChargeOf:
    return charges.ChargeOf(claimed.job_id, claimed.owner, claimed.attempt, name)


def _checked(amount: Amount) -> Amount:
    check_whole("usd_micros", amount.usd_micros, 0, 2**53)
    check_whole("tokens", amount.tokens, 0, 2**53)
    return amount

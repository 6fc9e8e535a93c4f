"""Insertion of jobs: new ones, and those that were submitted before or are joined."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, insert, or_, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite

from synqc import json
from synqc.jobs.errors import IdempotencyConflict, JobRefused, UnknownJob
from synqc.jobs.states import JobState
from synqc.jobs.tables.chunks import chunks
from synqc.jobs.tables.locked_jobs import LockedJobs
from synqc.jobs.tables.notifications import notify_queued
from synqc.jobs.tables.schema import events, jobs

__all__ = ["Submission", "Submitted", "submit"]

_INSERT, _NOTE = insert(jobs), insert(events)
_PRESENT = select(jobs.c.id).where(jobs.c.id.in_(bindparam("ids", expanding=True)))
_INSERT_OR_IGNORE = {
    "sqlite": sqlite.insert(jobs).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(jobs).on_conflict_do_nothing(),
}


@dataclass(frozen=True)
class Submission:
    """A job as it is asked for; `items` are ids and payloads of a batch's."""

    id: str
    kind: str
    payload: bytes
    priority: int = 0
    not_before: float | None = None
    parent_id: str | None = None
    idempotency_key: str | None = None
    content_key: str | None = None
    attempts: int = 3
    backoff_first_s: float = 1.0
    backoff_most_s: float = 300.0
    usd_micros_limit: int | None = None
    tokens_limit: int | None = None
    items: Sequence[tuple[str, bytes]] | None = None


@dataclass(frozen=True)
class Submitted:
    """The job that does what was asked for.

    Args:
        job_id: Its id.
        is_new: Whether it was made for this submission; otherwise its key, or its content, was known.
    """

    job_id: str
    is_new: bool


_Answer = Submitted | Exception


def submit(connection: Connection, now: float, submissions: Sequence[Submission]) -> list[_Answer]:
    """Insert jobs; each is answered with the one that does it, or the reason why none does."""
    answers = _known(connection, submissions)
    firsts = _first_of_each_key(submissions)
    fresh = [index for index, answer in enumerate(answers) if answer is None and firsts[index] == index]
    parents = LockedJobs(connection, now)
    parents.load(parent_id for index in fresh if (parent_id := submissions[index].parent_id) is not None)
    for index in fresh:
        answers[index] = _refusal_of_parent(parents, submissions[index])
    inserted = _insert(connection, now, [submissions[index] for index in fresh if answers[index] is None])
    for index in fresh:
        one = submissions[index]
        if one.id in inserted:
            answers[index] = Submitted(one.id, is_new=True)
            if one.parent_id is not None and (parent := parents.get(one.parent_id)) is not None:
                parents.count_open_items(parent, +1)
        elif answers[index] is None:  # another process has inserted its key meanwhile
            answers[index] = _known(connection, [one])[0]
    parents.store()
    notify_queued(connection, {one.kind for one in submissions if one.id in inserted})
    return [
        answer or _as_first(one, submissions[first], answers[first])
        for one, answer, first in zip(submissions, answers, firsts, strict=True)
    ]


def _known(connection: Connection, submissions: Sequence[Submission]) -> list[_Answer | None]:
    """Jobs that are there already, by key or content."""
    by_key = {(one.kind, one.idempotency_key) for one in submissions if one.idempotency_key is not None}
    contents = {one.content_key for one in submissions if one.content_key is not None}
    if not by_key and not contents:
        return [None] * len(submissions)
    query = select(jobs.c.id, jobs.c.kind, jobs.c.idempotency_key, jobs.c.content_key, jobs.c.payload).where(
        or_(tuple_(jobs.c.kind, jobs.c.idempotency_key).in_(by_key), jobs.c.content_key.in_(contents))
    )
    found = connection.execute(query).all()
    keyed = {(row.kind, row.idempotency_key): row for row in found if row.idempotency_key is not None}
    joined = {row.content_key: row for row in found if row.content_key is not None}

    def answer(one: Submission) -> _Answer | None:
        row = keyed.get((one.kind, one.idempotency_key)) if one.idempotency_key is not None else None
        if row is not None:
            return _same(one, row.id, bytes(row.payload))
        row = joined.get(one.content_key) if one.content_key is not None else None
        return None if row is None else Submitted(row.id, is_new=False)

    return [answer(one) for one in submissions]


def _same(one: Submission, job_id: str, payload: bytes) -> _Answer:
    if payload == one.payload or json.canonical(json.loads(payload)) == json.canonical(json.loads(one.payload)):
        return Submitted(job_id, is_new=False)
    return IdempotencyConflict(
        f"Argument `idempotency_key` must be new for another payload, but {one.idempotency_key!r} was used for "
        f"{job_id}."
    )


def _first_of_each_key(submissions: Sequence[Submission]) -> list[int]:
    """For each the first that has its key, or its content: that one is inserted, if any is."""
    first_by_key: dict[object, int] = {}
    firsts = []
    for index, one in enumerate(submissions):
        keys = [key for key in (one.idempotency_key and (one.kind, one.idempotency_key), one.content_key) if key]
        first = min((first_by_key[key] for key in keys if key in first_by_key), default=index)
        for key in keys:
            first_by_key.setdefault(key, first)
        firsts.append(first)
    return firsts


def _as_first(one: Submission, first: Submission, answer: _Answer | None) -> _Answer:
    if not isinstance(answer, Submitted):
        return answer or UnknownJob(one.id)
    if one.idempotency_key is not None and one.idempotency_key == first.idempotency_key:
        return _same(one, answer.job_id, first.payload)
    return Submitted(answer.job_id, is_new=False)


def _refusal_of_parent(parents: LockedJobs, one: Submission) -> Exception | None:
    if one.parent_id is None:
        return None
    parent = parents.get(one.parent_id)
    if parent is None:
        return UnknownJob(one.parent_id)
    if parent.lifecycle.has_ended:
        return JobRefused(f"Job {parent.id} takes no more items: it is {parent.lifecycle.state}.")
    if parent.lifecycle.cancel_requested:
        return JobRefused(f"Job {parent.id} takes no more items: it is being cancelled.")
    return None


def _insert(connection: Connection, now: float, submissions: Sequence[Submission]) -> set[str]:
    """Ids of those that were inserted: not of those whose key another process inserts at the same moment."""
    keyed = [one for one in submissions if one.idempotency_key is not None or one.content_key is not None]
    inserted = {one.id for one in submissions}
    if keyed:
        connection.execute(_INSERT_OR_IGNORE[connection.dialect.name], [_row(one, now) for one in keyed])
        ids = [one.id for one in keyed]
        present = {job_id for some in chunks(ids) for job_id in connection.scalars(_PRESENT, {"ids": list(some)})}
        inserted -= set(ids) - present
    unkeyed = [_row(one, now) for one in submissions if one.idempotency_key is None and one.content_key is None]
    items = [row for one in submissions if one.id in inserted for row in _item_rows(one, now)]
    for some in chunks([*unkeyed, *items]):
        connection.execute(_INSERT, some)
    for ids_of_some in chunks([*sorted(inserted), *(row["id"] for row in items)]):
        connection.execute(_NOTE, [_note(job_id, now) for job_id in ids_of_some])
    return inserted


def _note(job_id: str, now: float) -> dict[str, Any]:
    return {"job_id": job_id, "number": 1, "at": now, "kind": "submitted", "attempt": 0}


def _shared(one: Submission, now: float) -> dict[str, Any]:
    return {
        "kind": one.kind, "priority": one.priority, "parent_id": one.parent_id,
        "backoff_first_s": one.backoff_first_s, "backoff_most_s": one.backoff_most_s,
        "state": JobState.QUEUED.value, "attempt": 0, "attempts_allowed": one.attempts,
        "not_before": one.not_before if one.not_before is not None and one.not_before > now else None,
        "cancel_requested": False, "submitted_at": now, "event_count": 1,
        "usd_micros_reserved": 0, "usd_micros_spent": 0, "tokens_reserved": 0, "tokens_spent": 0,
        "idempotency_key": None, "content_key": None, "open_items": None,
        "usd_micros_limit": None, "tokens_limit": None,
    }  # fmt: skip


def _row(one: Submission, now: float) -> dict[str, Any]:
    of_its_own = {
        "id": one.id, "payload": one.payload, "idempotency_key": one.idempotency_key, "content_key": one.content_key,
        "usd_micros_limit": one.usd_micros_limit, "tokens_limit": one.tokens_limit,
    }  # fmt: skip
    if one.items is not None:
        of_its_own |= {"open_items": len(one.items), "not_before": None}
    return _shared(one, now) | of_its_own


def _item_rows(batch: Submission, now: float) -> list[dict[str, Any]]:
    shared = _shared(batch, now)
    return [shared | {"id": item, "payload": payload, "parent_id": batch.id} for item, payload in batch.items or ()]

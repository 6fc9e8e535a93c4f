"""Rows: committed as attempts end, in an order that is one for all, and read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, bindparam, func, insert, select, update
from sqlalchemy import Row as Record

from synqc import json
from synqc.apps.prompts.causes import DiscardCause, RowStatus
from synqc.apps.prompts.errors import UnknownGeneration, UnknownRow
from synqc.apps.prompts.row import DuplicateOf, Row, RowFilter
from synqc.apps.prompts.tables.schema import generations, rows
from synqc.jobs.errors import LostClaim
from synqc.jobs.states import JobState
from synqc.jobs.tables.clock import database_clock
from synqc.jobs.tables.locked_jobs import LockedJobs

__all__ = [
    "Committed", "Decision", "NewRow", "commit_rows", "cost_of_rows", "count_by_topic", "count_repeats", "count_rows",
    "decide_by_hand", "find_row", "find_rows", "finished_attempts", "own_texts", "store_texts",
]  # fmt: skip

_OF_COUNTER = {one: one.value for one in RowStatus}
_GOOD = (RowStatus.ACCEPTED, RowStatus.SURPLUS)
_COUNTED = ("finished", *_OF_COUNTER.values())
_COUNTS = select(generations).where(generations.c.job_id == bindparam("of")).with_for_update()
_COUNT = (
    update(generations)
    .where(generations.c.job_id == bindparam("of"))
    .values({**{name: bindparam(f"new_{name}") for name in _COUNTED}, "updated_at": bindparam("now")})
)
_INSERT = insert(rows)
_TWINS = (
    select(rows.c.id, rows.c.digest)
    .where(rows.c.job_id == bindparam("of"), rows.c.digest.in_(bindparam("digests", expanding=True)))
    .order_by(rows.c.id)
)
_WRITTEN = select(rows.c.id, rows.c.attempt, rows.c.status, rows.c.cause, rows.c.finished).where(
    rows.c.job_id == bindparam("of"), rows.c.attempt.in_(bindparam("attempts", expanding=True))
)
_IS_GOOD = rows.c.status.in_([one.value for one in _GOOD])


@dataclass(frozen=True, kw_only=True)
class NewRow:
    """An attempt that ended.

    Args:
        job_id, owner, job_attempt: Whose it is; another attempt of the job may own it by now.
        attempt: Its number.
        status: ACCEPTED where it passed; whether it is one of the rows that were asked for is decided here.
        digest: Digest of a problem that passed.
        repeats: Id of the row of its generation that it is a duplicate of.
        document: JSON of the rest.
    """

    job_id: str
    owner: str
    job_attempt: int
    attempt: int
    status: RowStatus
    cause: DiscardCause | None
    reason: str
    subject: str
    topic: str
    difficulty: str
    problem: str
    answer: str
    digest: bytes | None
    repeats: int | None
    document: bytes
    usd_micros: int | None
    tokens: int | None


@dataclass(frozen=True)
class Committed:
    """What became of a row: its id, whether it is one of those asked for, and its place in the order."""

    id: int
    status: RowStatus
    cause: DiscardCause | None
    finished: int
    accepted: int
    """Rows that the generation has now."""


@dataclass(frozen=True)
class Decision:
    """What a person says of a row."""

    row_id: int
    accepted: bool
    reason: str


def commit_rows(connection: Connection, new: Sequence[NewRow]) -> list[Committed | Exception]:
    """Write rows down in the order in which they are given, and count them, in one transaction.

    As many become accepted as the generation still wants; what passed beyond that is surplus. An attempt that was
    written down before stays as it is.
    """
    now = database_clock(connection)
    locked = LockedJobs(connection, now)
    locked.load((one.job_id for one in new), with_parents=False)
    counts: dict[str, dict[str, int]] = {}
    known, twins = _known(connection, new), _twins(connection, new)
    answers: list[Committed | Exception] = []
    for one in new:
        job = locked.get(one.job_id)
        if job is None:
            answers.append(UnknownGeneration(one.job_id))
            continue
        life = job.lifecycle
        if life.state is not JobState.RUNNING or (life.owner, life.attempt) != (one.owner, one.job_attempt):
            answers.append(LostClaim(f"Job {one.job_id} is not attempt {one.job_attempt}'s any more."))
            continue
        if one.job_id not in counts:
            found = connection.execute(_COUNTS, {"of": one.job_id}).first()
            if found is None:
                answers.append(UnknownGeneration(one.job_id))
                continue
            counts[one.job_id] = dict(found._mapping)
        here = known.get((one.job_id, one.attempt))
        answers.append(_commit(connection, now, one, counts[one.job_id], here, twins))
    for job_id, of in counts.items():
        counted = {f"new_{name}": of[name] for name in _COUNTED}
        connection.execute(_COUNT, {**counted, "of": job_id, "now": now})
    return answers


def _known(connection: Connection, new: Sequence[NewRow]) -> dict[tuple[str, int], Any]:
    """Rows of attempts that were written down before."""
    attempts: dict[str, list[int]] = {}
    for one in new:
        attempts.setdefault(one.job_id, []).append(one.attempt)
    written: dict[tuple[str, int], Any] = {}
    for job_id, some in attempts.items():
        for found in connection.execute(_WRITTEN, {"of": job_id, "attempts": some}):
            written[job_id, found.attempt] = found
    return written


def _twins(connection: Connection, new: Sequence[NewRow]) -> dict[tuple[str, bytes], int]:
    """Rows of a generation with the very same problem, which another process may have committed meanwhile."""
    digests: dict[str, list[bytes]] = {}
    for one in new:
        if one.status is RowStatus.ACCEPTED and one.digest is not None:
            digests.setdefault(one.job_id, []).append(one.digest)
    twins: dict[tuple[str, bytes], int] = {}
    for job_id, some in digests.items():
        for found in connection.execute(_TWINS, {"of": job_id, "digests": some}):
            twins.setdefault((job_id, bytes(found.digest)), found.id)
    return twins


def _commit(
    connection: Connection, now: float, one: NewRow, of: dict[str, int], known: Any | None,
    twins: dict[tuple[str, bytes], int],
) -> Committed:  # fmt: skip
    """Write a row down; `twins` learns of it where it is a good one."""
    if known is not None:
        cause = None if known.cause is None else DiscardCause(known.cause)
        return Committed(known.id, RowStatus(known.status), cause, known.finished, of["accepted"])
    status, cause, reason = one.status, one.cause, one.reason
    if status is RowStatus.ACCEPTED:
        twin = None if one.digest is None else twins.get((one.job_id, one.digest))
        if twin is not None:
            status, cause, reason = RowStatus.DISCARDED, DiscardCause.DUPLICATE, f"The same as row {twin}."
        elif of["accepted"] >= of["rows_wanted"]:
            status = RowStatus.SURPLUS
    of["finished"] += 1
    of[_OF_COUNTER[status]] += 1
    values = {
        "job_id": one.job_id, "attempt": one.attempt, "finished": of["finished"], "status": status.value,
        "cause": None if cause is None else cause.value, "reason": reason, "subject": one.subject, "topic": one.topic,
        "difficulty": one.difficulty, "problem": one.problem, "answer": one.answer,
        "digest": one.digest if status in _GOOD else None, "repeats": one.repeats, "document": one.document,
        "usd_micros": one.usd_micros, "tokens": one.tokens, "created_at": now, "updated_at": now, "by_hand": False,
    }  # fmt: skip
    made = connection.execute(_INSERT, values).inserted_primary_key
    assert made is not None
    if status in _GOOD and one.digest is not None:
        twins[one.job_id, one.digest] = int(made[0])
    return Committed(int(made[0]), status, cause, of["finished"], of["accepted"])


def decide_by_hand(connection: Connection, decisions: Sequence[Decision]) -> list[Row | Exception]:
    """Accept or discard rows by hand; the generation's counts follow."""
    now = database_clock(connection)
    answers: list[Row | Exception] = []
    for one in decisions:
        found = connection.execute(select(rows).where(rows.c.id == one.row_id).with_for_update()).first()
        if found is None:
            answers.append(UnknownRow(one.row_id))
            continue
        before, after = RowStatus(found.status), RowStatus.ACCEPTED if one.accepted else RowStatus.DISCARDED
        cause = None if one.accepted else DiscardCause.BY_HAND.value
        said: dict[str, Any] = {
            "status": after.value,
            "cause": cause,
            "reason": one.reason,
            "updated_at": now,
            "by_hand": True,
        }
        if not found.by_hand:
            made = {"status": found.status, "cause": found.cause, "reason": found.reason}
            said["document"] = json.dumps({**json.loads(bytes(found.document)), "made": made})
        connection.execute(update(rows).where(rows.c.id == one.row_id).values(said))
        if before is not after:
            was, becomes = generations.c[_OF_COUNTER[before]], generations.c[_OF_COUNTER[after]]
            counted = {was.name: was - 1, becomes.name: becomes + 1, "updated_at": now}
            connection.execute(update(generations).where(generations.c.job_id == found.job_id).values(counted))
        answers.append(_row(connection.execute(select(rows).where(rows.c.id == one.row_id)).one()))
    return answers


def count_by_topic(connection: Connection, job_id: str) -> list[tuple[str, str | None, str, str, int]]:
    """(status, cause, subject, topic, number) of a generation's rows."""
    names = (rows.c.status, rows.c.cause, rows.c.subject, rows.c.topic)
    query = select(*names, func.count()).where(rows.c.job_id == job_id).group_by(*names).order_by(*names)
    return [tuple(found) for found in connection.execute(query)]


def count_repeats(connection: Connection, job_id: str) -> list[int]:
    """How often each good row of a generation came: once, and once for each of its duplicates."""
    repeated = select(rows.c.repeats, func.count()).where(rows.c.job_id == job_id, rows.c.repeats.is_not(None))
    counts = [1 + number for _, number in connection.execute(repeated.group_by(rows.c.repeats))]
    query = select(func.count()).select_from(rows).where(rows.c.job_id == job_id, rows.c.digest.is_not(None))
    return counts + [1] * max(0, (connection.scalar(query) or 0) - len(counts))


def cost_of_rows(connection: Connection, job_id: str) -> int:
    """What the rows of a generation cost, as far as it was counted, in millionths of a dollar."""
    return int(connection.scalar(select(func.sum(rows.c.usd_micros)).where(rows.c.job_id == job_id)) or 0)


def find_row(connection: Connection, row_id: int) -> Row | None:
    """One row."""
    found = connection.execute(select(rows).where(rows.c.id == row_id)).first()
    return None if found is None else _row(found)


def find_rows(connection: Connection, wanted: RowFilter) -> list[Row]:
    """Rows in the order of their ids."""
    query = _filtered(select(rows), wanted).order_by(rows.c.id).offset(wanted.skip).limit(wanted.limit)
    return [_row(found) for found in connection.execute(query)]


def count_rows(connection: Connection, wanted: RowFilter) -> int:
    """How many rows a list would have without `skip` and `limit`."""
    return connection.scalar(_filtered(select(func.count()).select_from(rows), wanted)) or 0


def finished_attempts(connection: Connection, job_id: str) -> list[tuple[int, RowStatus, DiscardCause | None]]:
    """Attempts of a generation that ended, in the order in which they did."""
    query = select(rows.c.attempt, rows.c.status, rows.c.cause).where(rows.c.job_id == job_id).order_by(rows.c.finished)
    return [
        (attempt, RowStatus(status), None if cause is None else DiscardCause(cause))
        for attempt, status, cause in connection.execute(query)
    ]


def store_texts(connection: Connection, job_ids: Sequence[str], *, until: int | None = None) -> list[tuple[int, str]]:
    """Problems of other generations that rows must not repeat, as (row id, text): accepted and surplus ones.

    Args:
        connection: Connection of the database.
        job_ids: The generation, and those whose rows it makes again.
        until: Only rows up to this id.
    """
    query = (
        select(rows.c.id, rows.c.problem)
        .join(generations, generations.c.job_id == rows.c.job_id)
        .where(rows.c.job_id.not_in(job_ids), _IS_GOOD, generations.c.is_preview.is_(False))
        .order_by(rows.c.id)
    )
    if until is not None:
        query = query.where(rows.c.id <= until)
    return [(row_id, problem) for row_id, problem in connection.execute(query)]


def own_texts(connection: Connection, job_id: str) -> list[tuple[int, str]]:
    """Problems of the generation's own rows that others must not repeat, in the order in which they ended."""
    query = select(rows.c.id, rows.c.problem).where(rows.c.job_id == job_id, _IS_GOOD).order_by(rows.c.finished)
    return [(row_id, problem) for row_id, problem in connection.execute(query)]


def _filtered(query: Select[Any], wanted: RowFilter) -> Select[Any]:
    if wanted.job_id is not None:
        query = query.where(rows.c.job_id == wanted.job_id)
    if wanted.statuses:
        query = query.where(rows.c.status.in_([one.value for one in wanted.statuses]))
    if wanted.after:
        query = query.where(rows.c.id > wanted.after)
    if wanted.cause is not None:
        query = query.where(rows.c.cause == wanted.cause.value)
    for name in ("subject", "topic"):
        if getattr(wanted, name) is not None:
            query = query.where(rows.c[name] == getattr(wanted, name))
    return query


def _row(found: Record[Any]) -> Row:
    document = json.loads(bytes(found.document))
    made = document.get("made") or {"status": found.status, "cause": found.cause, "reason": found.reason}
    return Row(
        id=found.id, job_id=found.job_id, attempt=found.attempt, finished=found.finished,
        status=RowStatus(found.status), cause=None if found.cause is None else DiscardCause(found.cause),
        reason=found.reason, subject=found.subject, topic=found.topic, difficulty=found.difficulty,
        problem=found.problem, answer=found.answer, hints=document["hints"],
        hints_were_corrected=document["hints_were_corrected"], reference=document["reference"],
        target_answers=tuple(document["target_answers"]), verdicts=tuple(document["verdicts"]),
        duplicates=tuple(DuplicateOf.from_dict(one) for one in document["duplicates"]), draws=document["draws"],
        held_against=document["held_against"], meanings=tuple(document.get("meanings", ())),
        usd_micros=found.usd_micros, tokens=found.tokens,
        created_at=found.created_at, updated_at=found.updated_at, by_hand=bool(found.by_hand), made=made,
    )  # fmt: skip

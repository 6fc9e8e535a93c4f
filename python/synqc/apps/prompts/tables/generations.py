"""Generations: noted, changed before they begin, begun, stopped, and read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from synqc import json
from synqc.apps.prompts.causes import StopReason
from synqc.apps.prompts.request import GenerationRequest
from synqc.apps.prompts.tables.schema import calls, generations, rows
from synqc.jobs.tables.clock import database_clock

__all__ = [
    "Begin",
    "Begun",
    "Note",
    "Pricing",
    "Stop",
    "begin",
    "change",
    "find_generation",
    "find_generations",
    "forget",
    "note",
    "note_of",
    "price",
    "stop",
]


@dataclass(frozen=True)
class Note:
    """A generation as its job was submitted."""

    job_id: str
    name: str | None
    target: str
    request: bytes
    is_preview: bool
    rows_wanted: int


@dataclass(frozen=True)
class Begin:
    """Its first claim, or a later one."""

    job_id: str


@dataclass(frozen=True)
class Begun:
    """A claim.

    Args:
        request: What is asked, JSON; it does not change any more.
        started_s: When the first claim was, in seconds from now.
        is_anew: Whether it had stopped for a reason and was queued again.
    """

    request: bytes
    started_s: float
    is_anew: bool


@dataclass(frozen=True)
class Pricing:
    """Whether its worker knows the price of each of its models."""

    job_id: str
    is_priced: bool


@dataclass(frozen=True)
class Stop:
    """Why it begins no more attempts."""

    job_id: str
    reason: StopReason
    words: str


def note_of(job_id: str, request: GenerationRequest) -> Note:
    """How a generation is noted."""
    target = request.models.target.model_name
    return Note(job_id, request.name, target, json.dumps(request.to_dict()), request.is_preview, request.rows)


def note(connection: Connection, notes: Sequence[Note]) -> list[None]:
    """Write generations down that are not yet."""
    now = database_clock(connection)
    make = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    for one in notes:
        values = {
            "job_id": one.job_id, "name": _name_of(one, now),
            "request": one.request, "is_preview": one.is_preview, "is_priced": True, "rows_wanted": one.rows_wanted,
            "created_at": now, "updated_at": now, "stop_words": "", "finished": 0, "accepted": 0, "surplus": 0,
            "discarded": 0, "failed": 0, "stopped": 0,
        }  # fmt: skip
        connection.execute(make(generations).values(values).on_conflict_do_nothing(index_elements=["job_id"]))
    return [None] * len(notes)


def change(connection: Connection, notes: Sequence[Note]) -> list[bool]:
    """Ask generations for something else; whether each was: those that have begun stay as they are."""
    now = database_clock(connection)
    changed = []
    for one in notes:
        here = (generations.c.job_id == one.job_id) & generations.c.started_at.is_(None)
        created_at = connection.scalar(select(generations.c.created_at).where(here).with_for_update())
        if created_at is not None:
            said = {"request": one.request, "name": _name_of(one, created_at), "updated_at": now}
            connection.execute(update(generations).where(here).values(said))
        changed.append(created_at is not None)
    return changed


def begin(connection: Connection, begun: Sequence[Begin]) -> list[Begun]:
    """Note first claims, and take reasons to stop back: a job that is claimed was queued again."""
    now = database_clock(connection)
    claims = []
    for one in begun:
        here = generations.c.job_id == one.job_id
        columns = (generations.c.request, generations.c.started_at, generations.c.stop_reason)
        known = connection.execute(select(*columns).where(here).with_for_update()).one()
        moment = now if known.started_at is None else known.started_at
        said = {"started_at": moment, "stop_reason": None, "stop_words": ""}
        connection.execute(update(generations).where(here).values(said))
        claims.append(Begun(bytes(known.request), moment - now, known.stop_reason is not None))
    return claims


def price(connection: Connection, pricings: Sequence[Pricing]) -> list[None]:
    """Say whether costs of generations can be known."""
    for one in pricings:
        here = generations.c.job_id == one.job_id
        connection.execute(update(generations).where(here).values(is_priced=one.is_priced))
    return [None] * len(pricings)


def stop(connection: Connection, stops: Sequence[Stop]) -> list[None]:
    """Say why generations stopped."""
    now = database_clock(connection)
    for one in stops:
        said = {"stop_reason": one.reason.value, "stop_words": one.words, "updated_at": now}
        connection.execute(update(generations).where(generations.c.job_id == one.job_id).values(said))
    return [None] * len(stops)


def forget(connection: Connection, job_ids: Sequence[str]) -> list[int]:
    """Delete generations with their rows and calls; how many generations each call deleted."""
    counts = []
    for job_id in job_ids:
        for table in (calls, rows):
            connection.execute(delete(table).where(table.c.job_id == job_id))
        counts.append(connection.execute(delete(generations).where(generations.c.job_id == job_id)).rowcount)
    return counts


def find_generation(connection: Connection, of: str | int) -> Row[Any] | None:
    """By the id of its job, or by its number."""
    where = generations.c.id == of if isinstance(of, int) else generations.c.job_id == of
    return connection.execute(select(generations).where(where)).first()


def find_generations(connection: Connection, skip: int, limit: int) -> Sequence[Row[Any]]:
    """Newest first, without previews."""
    query = select(generations).where(generations.c.is_preview.is_(False)).order_by(generations.c.id.desc())
    return connection.execute(query.offset(skip).limit(limit)).all()


def _name_of(one: Note, created_at: float) -> str:
    return one.name or f"Batch_{one.target}_{datetime.fromtimestamp(created_at, UTC):%Y%m%d_%H%M%S}"

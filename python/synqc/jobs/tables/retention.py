"""Deletion of jobs that ended long ago."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, select

from synqc.jobs.tables.chunks import chunks
from synqc.jobs.tables.schema import charges, events, jobs, parts

__all__ = ["Deletion", "delete_ended"]


@dataclass(frozen=True)
class Deletion:
    """Jobs that ended so long ago, at most so many at once; those that are part of another go with it alone."""

    older_than_s: float
    most: int


def delete_ended(connection: Connection, now: float, deletions: Sequence[Deletion]) -> list[int]:
    """Forget jobs with everything of theirs; how many went."""
    return [_delete(connection, now - deletion.older_than_s, deletion.most) for deletion in deletions]


def _delete(connection: Connection, ended_before: float, most: int) -> int:
    ended = (
        select(jobs.c.id)
        .where(jobs.c.ended_at < ended_before, jobs.c.parent_id.is_(None))
        .order_by(jobs.c.ended_at)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    gone: list[str] = []
    generation: Sequence[str] = list(connection.scalars(ended))
    while generation:
        gone += generation
        generation = [
            child
            for some in chunks(generation)
            for child in connection.scalars(select(jobs.c.id).where(jobs.c.parent_id.in_(some)))
        ]
    for some in chunks(gone):
        for column in (events.c.job_id, parts.c.job_id, charges.c.job_id, jobs.c.id):
            connection.execute(delete(column.table).where(column.in_(some)))
    return len(gone)

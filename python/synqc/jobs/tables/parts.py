"""Parts: what the work of a job keeps for a later attempt, under names of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from synqc.jobs.errors import LostClaim, UnknownJob
from synqc.jobs.states import JobState
from synqc.jobs.tables.locked_jobs import LockedJobs
from synqc.jobs.tables.schema import parts

__all__ = ["Part", "find_parts", "keep_parts"]


@dataclass(frozen=True)
class Part:
    """What an attempt keeps."""

    job_id: str
    owner: str
    attempt: int
    name: str
    value: bytes


def keep_parts(connection: Connection, now: float, kept: Sequence[Part]) -> list[Exception | None]:
    """Keep parts, each in the place of one of its name; LostClaim for those whose job another attempt owns."""
    locked = LockedJobs(connection, now)
    locked.load((part.job_id for part in kept), with_parents=False)
    answers = [_refusal(locked, part) for part in kept]
    rows = {
        (part.job_id, part.name): {"job_id": part.job_id, "name": part.name, "value": part.value}
        for part, refusal in zip(kept, answers, strict=True)
        if refusal is None
    }
    if rows:
        make = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
        statement = make(parts)
        replacing = statement.on_conflict_do_update(
            index_elements=["job_id", "name"], set_={"value": statement.excluded.value}
        )
        connection.execute(replacing, list(rows.values()))
    return answers


def find_parts(connection: Connection, job_id: str) -> dict[str, bytes]:
    """What was kept, by name."""
    found = connection.execute(select(parts.c.name, parts.c.value).where(parts.c.job_id == job_id))
    return {row.name: bytes(row.value) for row in found}


def _refusal(locked: LockedJobs, part: Part) -> Exception | None:
    job = locked.get(part.job_id)
    if job is None:
        return UnknownJob(part.job_id)
    now = job.lifecycle
    if now.state is not JobState.RUNNING or (now.owner, now.attempt) != (part.owner, part.attempt):
        return LostClaim(f"Job {job.id} is not attempt {part.attempt}'s any more.")
    return None

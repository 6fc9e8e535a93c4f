"""Deletion of sessions that nobody goes on with: the session and its whole history, never a filed report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, select

from synqc.apps.fir.history.tables import history
from synqc.apps.fir.numbers.status import RecordStatus
from synqc.apps.fir.numbers.tables import records
from synqc.apps.fir.workflow.tables import sessions

__all__ = ["ForgetBefore", "Forgotten", "forget"]

_AT_ONCE = 100


@dataclass(frozen=True)
class ForgetBefore:
    """Sessions without a filed report that were last touched before a moment, seconds since 1970."""

    moment: float


@dataclass(frozen=True)
class Forgotten:
    """What was deleted, and whether there may be more."""

    session_ids: tuple[str, ...]
    has_more: bool


def forget(connection: Connection, wishes: Sequence[ForgetBefore]) -> list[Forgotten]:
    """Delete some; their numbers stay in the register, for a number is given once."""
    return [_forgotten(connection, one.moment) for one in wishes]


def _forgotten(connection: Connection, before: float) -> Forgotten:
    filed = select(records.c.session_id).where(records.c.status != RecordStatus.DRAFT.value)
    query = select(sessions.c.session_id).where(sessions.c.last_activity < before, sessions.c.session_id.not_in(filed))
    ids = tuple(connection.scalars(query.order_by(sessions.c.last_activity).limit(_AT_ONCE).with_for_update()))
    if ids:
        connection.execute(delete(history).where(history.c.session_id.in_(ids)))
        connection.execute(delete(sessions).where(sessions.c.session_id.in_(ids)))
    return Forgotten(ids, len(ids) == _AT_ONCE)

"""What happened lately: sessions and reports by state, counted by the database on its one clock."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from synqc.apps.fir.numbers.status import RecordStatus
from synqc.apps.fir.numbers.tables import records
from synqc.apps.fir.workflow.tables import sessions

__all__ = ["RecentCount", "count_reports_since", "count_sessions_since"]


@dataclass(frozen=True)
class RecentCount:
    """Of one state.

    Args:
        status: In the contract's words.
        count: How many.
        seconds: Mean: of a session from its beginning to its last event, of a report to its number.
    """

    status: str
    count: int
    seconds: float


def count_sessions_since(connection: Connection, moment: float) -> list[RecentCount]:
    """Sessions that were begun since then."""
    lasted = func.avg(sessions.c.last_activity - sessions.c.created_at)
    query = select(sessions.c.status, func.count(), lasted).where(sessions.c.created_at >= moment)
    rows = connection.execute(query.group_by(sessions.c.status).order_by(sessions.c.status))
    return [RecentCount(status, count, float(seconds)) for status, count, seconds in rows]


def count_reports_since(connection: Connection, moment: float) -> list[RecentCount]:
    """Reports that were given their numbers since then."""
    took = func.avg(records.c.issued_at - sessions.c.created_at)
    query = (
        select(records.c.status, func.count(), took)
        .join(sessions, sessions.c.session_id == records.c.session_id)
        .where(records.c.issued_at >= moment)
        .group_by(records.c.status)
        .order_by(records.c.status)
    )
    found: dict[str, RecentCount] = {}
    for status, count, seconds in connection.execute(query):
        word = RecordStatus(status).of_contract
        known = found.get(word, RecentCount(word, 0, 0.0))
        both = known.count + count
        mean = (known.seconds * known.count + float(seconds) * count) / both
        found[word] = RecentCount(word, both, mean)
    return list(found.values())

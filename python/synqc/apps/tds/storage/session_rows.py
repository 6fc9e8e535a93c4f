"""Data mapper of sessions: a session as a row of its table, and back; columns and attributes have the same names."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from synqc.apps.tds.session import Session
from synqc.apps.tds.storage import schema

__all__ = ["session_of", "session_row"]

_COLUMNS = tuple(schema.sessions.columns.keys())


def session_row(session: Session) -> dict[str, Any]:
    """What is stored of a session: its values at this moment, none of which ever changes in itself."""
    return {name: getattr(session, name) for name in _COLUMNS}


def session_of(row: Row[Any]) -> Session:
    """The session of a stored row; its log and telemetry are still on disk alone."""
    session = Session(
        row.session_id, position=row.position, created_at=row.created_at, config=row.config, shot_limit=row.shot_limit,
    )  # fmt: skip
    for name in _COLUMNS:
        setattr(session, name, getattr(row, name))
    session.history_loaded = False
    return session

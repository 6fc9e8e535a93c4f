"""Table of sessions: each as it is now, which is the fold of its history, and what lists of them ask for."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, Index, Integer, LargeBinary, MetaData, Table, Text

from synqc.storage.migrations import Component

__all__ = ["COMPONENT", "sessions"]

_metadata = MetaData()

sessions = Table(
    "fir_sessions", _metadata,
    Column("session_id", Text, primary_key=True),
    Column("session", LargeBinary, nullable=False),
    Column("status", Text, nullable=False),
    Column("step", Text, nullable=False),
    Column("has_tickets", Boolean, nullable=False),
    Column("waiting_since", Float),
    Column("created_at", Float, nullable=False),
    Column("last_activity", Float, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("head", Text, nullable=False),
    Index("fir_sessions_waiting", "waiting_since"),
    Index("fir_sessions_working", "has_tickets"),
)  # fmt: skip

COMPONENT = Component("fir_sessions", _metadata)

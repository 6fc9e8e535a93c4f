"""Tables of the register: one row per report and session, serial numbers in use, and the files that were sealed."""

from __future__ import annotations

from sqlalchemy import Column, Float, Index, Integer, LargeBinary, MetaData, Table, Text

from synqc.storage.migrations import Component

__all__ = ["COMPONENT", "files", "records", "serials"]

_metadata = MetaData()

records = Table(
    "fir_records", _metadata,
    Column("number", Text, primary_key=True),
    Column("session_id", Text, nullable=False, unique=True),
    Column("status", Text, nullable=False),
    Column("issued_at", Float, nullable=False),
    Column("prepared_at", Text, nullable=False),
    Column("finalized_at", Float),
    Column("digest", Text),
    Column("report", LargeBinary),
    Column("seal", LargeBinary),
    Index("fir_records_by_moment", "issued_at", "number"),
)  # fmt: skip
serials = Table(
    "fir_serials", _metadata, Column("scope", Text, primary_key=True), Column("last", Integer, nullable=False)
)
files = Table(
    "fir_files", _metadata,
    Column("number", Text, primary_key=True), Column("form", Text, primary_key=True),
    Column("data", LargeBinary, nullable=False),
)  # fmt: skip

COMPONENT = Component("fir_register", _metadata)

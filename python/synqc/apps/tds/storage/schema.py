"""Schema and migrations: the service's tables, and the steps from each earlier version of them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    DateTime,
    Dialect,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    inspect,
    text,
)

from synqc import json
from synqc.apps.tds import clock
from synqc.apps.tds.models import KpiBundle, RunConfiguration, SessionStatus
from synqc.lab.checkpoint import Checkpoint
from synqc.storage.backup import check_component
from synqc.storage.errors import UnusableDatabase
from synqc.storage.lease import ownership
from synqc.storage.migrations import Component

__all__ = [
    "COMPONENT", "agent_calls", "check_file", "imports", "log_lines", "metadata", "runs", "sessions", "sweeps",
    "telemetry",
]  # fmt: skip

metadata = MetaData()

# SQLite numbers rows of an INTEGER key by itself, PostgreSQL those of a BIGSERIAL.
_Number = BigInteger().with_variant(Integer, "sqlite")


class _AsText(TypeDecorator[Any]):
    """Column type that stores values of another kind as text; None is NULL.

    Args:
        write: Makes text of a value.
        read: Makes the value of its text.
    """

    impl = Text
    cache_ok = True

    def __init__(self, write: Callable[[Any], str], read: Callable[[str], Any]) -> None:
        super().__init__()
        self.write = write
        self.read = read

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else self.write(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else self.read(value)


def _write_carry(carry: tuple[str, Checkpoint]) -> str:
    return json.dumps({"made_by": carry[0], "carry": carry[1].to_dict()}).decode()


def _read_carry(text: str) -> tuple[str, Checkpoint]:
    stored = json.loads(text)
    return stored["made_by"], Checkpoint.from_dict(stored["carry"])


_Moment = _AsText(clock.naive_microseconds, clock.parsed)
_Status = _AsText(str, SessionStatus)
_Configuration = _AsText(RunConfiguration.model_dump_json, RunConfiguration.model_validate_json)
_Kpis = _AsText(KpiBundle.model_dump_json, KpiBundle.model_validate_json)
_Carry = _AsText(_write_carry, _read_carry)

# Each column is the attribute of `Session` that has its name: what is written and read follows from this table.
sessions = Table(
    "sessions", metadata,
    Column("session_id", Text, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("created_at", _Moment, nullable=False),
    Column("last_updated_at", _Moment, nullable=False),
    Column("status", _Status, nullable=False),
    Column("status_text", Text, nullable=False),
    Column("mode_label", Text, nullable=False),
    Column("config", _Configuration, nullable=False),
    Column("last_run_id", Text),
    Column("shot_limit", BigInteger, nullable=False),
    Column("shots_used", BigInteger, nullable=False),
    Column("last_kpis", _Kpis),
    Column("carry", _Carry),
    Column("first_line", BigInteger, nullable=False),
    Column("owner", BigInteger),  # number of a node of a cluster
    Column("epoch", BigInteger, nullable=False, server_default=text("0")),  # rises with each change of the owner
)  # fmt: skip

runs = Table(
    "runs", metadata,
    Column("number", _Number, primary_key=True, autoincrement=True),
    Column("run_id", Text, nullable=False, unique=True),
    Column("session_id", Text, nullable=False),
    Column("document", LargeBinary, nullable=False),  # RunRecord, as it is answered
    Column("details", LargeBinary, nullable=False),
    Index("runs_of_session", "session_id", "number"),
)  # fmt: skip

log_lines = Table(
    "log_lines", metadata,
    Column("session_id", Text, primary_key=True),
    Column("line_number", BigInteger, primary_key=True),
    Column("line", Text, nullable=False),
)  # fmt: skip

telemetry = Table(
    "telemetry", metadata,
    Column("session_id", Text, primary_key=True),
    Column("slot", Integer, primary_key=True),  # row number modulo what is kept, so that old rows are overwritten
    Column("row_number", BigInteger, nullable=False),
    Column("row", LargeBinary, nullable=False),
)  # fmt: skip

agent_calls = Table(
    "agent_calls", metadata,
    Column("number", _Number, primary_key=True, autoincrement=True),
    Column("created_at", _Moment, nullable=False),
    Column("session_id", Text, nullable=False),
    Column("goal", Text, nullable=False),
    Column("snapshot_hash", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("prompt_tokens", Integer),
    Column("completion_tokens", Integer),
    Column("latency_s", Float, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("changes", Text, nullable=False),  # JSON
    Index("agent_calls_of_session", "session_id", "number"),
)  # fmt: skip

sweeps = Table(
    "sweeps", metadata,
    Column("sweep_id", Text, primary_key=True),
    Column("created_at", _Moment, nullable=False),
    Column("document", LargeBinary, nullable=False),  # as it is answered
)  # fmt: skip

imports = Table(
    "imports", metadata,
    Column("source", Text, primary_key=True),
    Column("imported_at", _Moment, nullable=False),
    Column("unreadable", Text, nullable=False),  # JSON: items as they were
)  # fmt: skip

ownership.to_metadata(metadata)  # of databases that several processes can reach; made by whoever adopts one first


def _add_ownership(connection: Connection) -> None:
    Table(
        "ownership", MetaData(),
        Column("epoch", BigInteger, primary_key=True, autoincrement=False),
        Column("place", Integer, nullable=False, unique=True),
        Column("owner", Text),
        Column("lease_until", DateTime(timezone=True)),
    ).create(connection, checkfirst=True)  # fmt: skip


def _keep_version_by_component(connection: Connection) -> None:
    connection.exec_driver_sql("DROP TABLE synqc_schema")


def _add_owners_of_sessions(connection: Connection) -> None:
    connection.exec_driver_sql("ALTER TABLE sessions ADD COLUMN owner BIGINT")
    connection.exec_driver_sql("ALTER TABLE sessions ADD COLUMN epoch BIGINT NOT NULL DEFAULT 0")


def _version_before_components(connection: Connection) -> int:
    """Of services that numbered their own tables alone."""
    if not inspect(connection).has_table("synqc_schema"):
        return 0
    return connection.exec_driver_sql("SELECT max(version) FROM synqc_schema").scalar() or 0


# Step n leads an old database from version n to n + 1; a new one is of the newest version at once. A step is written in
# words of its own, never in those of the tables above, which will have gone on by the time it is taken; and it is never
# changed once it was released: add another.
_STEPS = (_add_ownership, _keep_version_by_component, _add_owners_of_sessions)

COMPONENT = Component(
    "tds", metadata, _STEPS, earlier_version=_version_before_components, shared=frozenset({ownership.name})
)


def check_file(connection: sqlite3.Connection) -> None:
    """Raises UnusableDatabase if a file's tables are not this application's, or of a newer one."""
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if "synqc_schema" in tables:
        COMPONENT.check_version(connection.execute("SELECT max(version) FROM synqc_schema").fetchone()[0] or 0)
    elif {"synqc_components", sessions.name} <= tables:
        check_component(COMPONENT)(connection)
    else:
        raise UnusableDatabase("it is no database of this service.")

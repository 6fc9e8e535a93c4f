"""Gateway to who owns which session, in a cluster of servers: finding the node, and adopting what a dead one left."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, func, select, text, update
from sqlalchemy.exc import SQLAlchemyError

from synqc.apps.tds.storage import schema
from synqc.apps.tds.storage.database import Database
from synqc.storage.node_lease import nodes

__all__ = ["Adopted", "NodeRow", "SessionOwner", "adopted", "is_alive", "node_rows", "owner_of", "owners", "rows_of"]

# A node whose lease has run out is silent, and one that is not there was forgotten long ago.
_OWNER_OF = text(
    "SELECT sessions.owner, sessions.epoch, nodes.address, COALESCE(nodes.alive, false), "
    "extract(epoch FROM nodes.lease_until - clock_timestamp()) "
    "FROM sessions LEFT JOIN nodes ON nodes.number = sessions.owner WHERE session_id = :session_id"
)
_DECLARE_DEAD = text(
    "UPDATE nodes SET alive = false WHERE number = :number AND alive AND lease_until < clock_timestamp()"
)
_IS_ALIVE = text("SELECT 1 FROM nodes WHERE number = :number AND alive")
_NODES = text(
    "SELECT nodes.number, node_id, address, alive, extract(epoch FROM lease_until - clock_timestamp()), "
    "count(session_id), COALESCE(sum(GREATEST(epoch - 1, 0)), 0) "
    "FROM nodes LEFT JOIN sessions ON sessions.owner = nodes.number GROUP BY nodes.number ORDER BY nodes.number"
)


@dataclass(frozen=True)
class SessionOwner:
    """Owner of a session at the moment when it was asked for.

    Args:
        number: Registration of the node; None: it has no owner.
        epoch: How many owners it has had.
        address: URL of the node.
        lease_left_s: How long the node may answer for it without renewing, s; 0 if it is dead or silent.
    """

    number: int | None
    epoch: int
    address: str
    lease_left_s: float


@dataclass(frozen=True)
class NodeRow:
    """Registration of a node.

    Args:
        number, node_id, address: As it registered.
        is_alive: Whether it answers: it neither left, nor was declared dead, nor let its lease run out.
        lease_left_s: Time left of its lease, s; negative after it.
        sessions: How many sessions it owns, or owned when it died and nobody asked for since.
        moves: How often these were taken over.
    """

    number: int
    node_id: str
    address: str
    is_alive: bool
    lease_left_s: float
    sessions: int
    moves: int


@dataclass(frozen=True)
class Adopted:
    """Session that this node owns from now on.

    Args:
        row: Stored row of it.
        next_line, next_row: Numbers that its next log line and telemetry row have.
    """

    row: Row[Any]
    next_line: int
    next_row: int


def owner_of(database: Database, session_id: str) -> SessionOwner | None:
    """Owner of a session; None if there is no such session."""
    if "\0" in session_id:
        return None
    with database.reading() as connection:
        found = connection.execute(_OWNER_OF, {"session_id": session_id}).first()
    if found is None:
        return None
    number, epoch, address, is_alive, left_s = found
    return SessionOwner(number, epoch, address or "", max(0.0, float(left_s or 0.0)) if is_alive else 0.0)


def adopted(database: Database, session_id: str, seen: SessionOwner, owner: int) -> Adopted | None:
    """Make a node the owner of a session whose owner is dead, has left, or is itself.

    Args:
        database: Database of the session.
        session_id: Name of the session.
        seen: Owner as it was found.
        owner: Number of the node that adopts.

    Returns:
        The session; None if somebody was faster, or the owner is alive after all.

    Raises:
        NotOwner: This node has been declared dead itself.
        StorageUnavailable: The database does not answer.
    """
    table = schema.sessions
    ours = (table.c.session_id == session_id) & (table.c.epoch == seen.epoch)
    ours &= table.c.owner.is_(None) if seen.number is None else table.c.owner == seen.number
    take = update(table).where(ours).values(owner=owner, epoch=table.c.epoch + 1).returning(*table.columns)
    try:
        with database.writing(owner) as connection:
            if seen.number is not None and seen.number != owner:
                # Waits for what the silent node has begun to store, which is then read below.
                connection.execute(_DECLARE_DEAD, {"number": seen.number})
                if connection.execute(_IS_ALIVE, {"number": seen.number}).first() is not None:
                    return None
            row = connection.execute(take).first()
            if row is None:
                return None
    except (SQLAlchemyError, OSError) as error:
        raise database.refusal(error) from error
    return Adopted(row, database.next_line_number(session_id), database.next_row_number(session_id))


def owners(database: Database) -> list[tuple[str, int | None]]:
    """Names of all sessions in order of creation, each with the number of its owner."""
    table = schema.sessions
    query = select(table.c.session_id, table.c.owner).order_by(table.c.position, table.c.session_id)
    with database.reading() as connection:
        return [(row[0], row[1]) for row in connection.execute(query)]


def rows_of(database: Database, session_ids: Iterable[str]) -> list[Row[Any]]:
    """What is stored of some sessions."""
    table = schema.sessions
    names = list(session_ids)
    found: list[Row[Any]] = []
    with database.reading() as connection:
        for start in range(0, len(names), 1000):
            asked = select(table).where(table.c.session_id.in_(names[start : start + 1000]))
            found += connection.execute(asked)
    return found


def node_rows(database: Database) -> list[NodeRow]:
    """Registrations of nodes, oldest first."""
    with database.reading() as connection:
        found = connection.execute(_NODES).all()
    return [
        NodeRow(number, node_id, address, alive and left_s > 0, float(left_s), count, int(moves))
        for number, node_id, address, alive, left_s, count, moves in found
    ]


def is_alive(database: Database, number: int) -> bool:
    """Whether a node may still answer.

    Raises:
        StorageUnavailable: The database does not answer.
    """
    table = nodes
    query = select(table.c.number).where(
        table.c.number == number, table.c.alive, table.c.lease_until > func.clock_timestamp()
    )
    with database.reading() as connection:
        return connection.execute(query).first() is not None

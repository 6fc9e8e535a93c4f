"""Lease of one node of a cluster on a PostgreSQL database: the nodes own it together, and each proves that it is alive.

As for a database with one owner (`storage/lease.py`), but with a row per node:

- **A node registers** with a number that no registration had before, and renews its row every fifth of the lease. That
  number is its fencing token: every transaction that writes locks its row, and finds it alive, first.
- **Whoever needs what a silent node had** declares it dead, once the lease in its row has run out by the server's
  clock. That waits for the transactions that hold its row; those that come later store nothing.
- **A node that was declared dead** lets go of its memory and registers anew.
- **Services that are no nodes** are kept out by the row that says who owns the database: it names the cluster, and each
  renewal of a node renews it, too.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    DateTime,
    Engine,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from synqc.storage.lease import Lease
from synqc.storage.migrations import Component, migrate

__all__ = ["COMPONENT", "Node", "NodeLease", "nodes"]

_metadata = MetaData()
nodes = Table(
    "nodes", _metadata,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("node_id", Text, nullable=False, unique=True),
    Column("address", Text, nullable=False),
    Column("alive", Boolean, nullable=False),
    Column("lease_until", DateTime(timezone=True), nullable=False),
    # Makes `alive` part of a key: whoever changes it waits for those who hold FOR KEY SHARE, and renewals do not.
    UniqueConstraint("number", "alive", name="nodes_alive"),
)  # fmt: skip
"""Registrations of nodes; sessions name their owner by its number."""

COMPONENT = Component("nodes", _metadata)

_CLUSTER = "a cluster of servers"
_REGISTER = text(
    "WITH taken AS (UPDATE ownership SET owner = :cluster, "
    "epoch = CASE WHEN owner = :cluster THEN epoch ELSE epoch + 1 END, "
    "lease_until = clock_timestamp() + make_interval(secs => :seconds) "
    "WHERE owner IS NULL OR owner = :cluster OR lease_until < clock_timestamp() RETURNING epoch) "
    "INSERT INTO nodes (node_id, address, alive, lease_until) "
    "SELECT :node_id, :address, true, clock_timestamp() + make_interval(secs => :seconds) FROM taken RETURNING number"
)
_RENEW = text(
    "WITH kept AS (UPDATE ownership "
    "SET lease_until = GREATEST(lease_until, clock_timestamp() + make_interval(secs => :seconds)) "
    "WHERE owner = :cluster RETURNING epoch) "
    "UPDATE nodes SET lease_until = clock_timestamp() + make_interval(secs => :seconds) "
    "WHERE number = :number AND alive AND EXISTS (SELECT 1 FROM kept) RETURNING number"
)
_FENCE = text("SELECT number FROM nodes WHERE number = :number AND alive FOR KEY SHARE")
_LEAVE = text("UPDATE nodes SET alive = false WHERE number = :number AND alive")
_FORGET = text("DELETE FROM nodes WHERE NOT alive AND lease_until < clock_timestamp() - interval '7 days'")


@dataclass(frozen=True)
class Node:
    """Name and address of a node.

    Args:
        name: What operators call it; each registration adds random letters.
        address: URL that other nodes reach it at.
    """

    name: str
    address: str


class NodeLease(Lease):
    """Lease of one node: its registration among the nodes that own a database together.

    Args:
        engine: The PostgreSQL engine; the lease has a connection of its own.
        seconds: Time to live of a lease.
        place: The database in words.
        node: Name and address of this node.
    """

    def __init__(self, engine: Engine, *, seconds: float, place: str, node: Node) -> None:
        super().__init__(engine, seconds=seconds, place=place)
        self.node = node
        self._plain_engine = engine
        self._is_prepared = False

    def _acquire(self, connection: Connection) -> int | None:
        if not self._is_prepared:
            with self._plain_engine.begin() as preparing:
                migrate(preparing, COMPONENT)
            self._is_prepared = True
        connection.execute(_FORGET)
        self.name = f"{self.node.name}-{secrets.token_hex(4)}"
        asked = {"cluster": _CLUSTER, "node_id": self.name, "address": self.node.address, "seconds": self.seconds}
        number: int | None = connection.execute(_REGISTER, asked).scalar()
        return number

    def _extend(self, connection: Connection, epoch: int) -> bool:
        asked = {"cluster": _CLUSTER, "number": epoch, "seconds": self.seconds}
        return connection.execute(_RENEW, asked).first() is not None

    def _proves(self, connection: Connection, epoch: int) -> bool:
        return connection.execute(_FENCE, {"number": epoch}).first() is not None

    def _release(self, connection: Connection, epoch: int) -> None:
        connection.execute(_LEAVE, {"number": epoch})

    def _words_of_loss(self) -> str:
        return f"Node {self.name} was declared dead in database {self._place}"

    def _words_of_return(self) -> str:
        return f"Database {self._place} has this node again, as {self.name}"

"""Whose clock leases are measured by: one per database, never the workers'."""

from __future__ import annotations

import time
from collections.abc import Callable

from sqlalchemy import Connection, text

__all__ = ["Clock", "database_clock"]

Clock = Callable[[Connection], float]
"""Seconds since 1970."""

_SERVERS_MOMENT = text("SELECT extract(epoch FROM clock_timestamp())::float8")


def database_clock(connection: Connection) -> float:
    """The server's clock on PostgreSQL; this machine's on SQLite, which all who share the file are on."""
    if connection.dialect.name != "postgresql":
        return time.time()
    moment: float = connection.scalar(_SERVERS_MOMENT)
    return moment

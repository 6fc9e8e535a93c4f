"""NOTIFY of PostgreSQL: a word to all nodes that listen on a channel."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from synqc.apps.tds.storage.database import Database

__all__ = ["notify"]

_NOTIFY = text("SELECT pg_notify(:channel, :told)")


def notify(database: Database, channel: str, told: str) -> None:
    """Tell all who listen on a channel.

    Raises:
        StorageUnavailable: The database does not answer.
    """
    try:
        with database.engine.begin() as connection:
            connection.execute(_NOTIFY, {"channel": channel, "told": told})
    except (SQLAlchemyError, OSError) as error:
        raise database.refusal(error) from error

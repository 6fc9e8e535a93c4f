"""Advisory lock of PostgreSQL: one of several processes has it, until it lets go or its connection ends."""

from __future__ import annotations

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

from synqc.storage.cause import cause_of
from synqc.storage.errors import StorageUnavailable

__all__ = ["SessionLock"]

_TRY = text("SELECT pg_try_advisory_lock(:key)")
_ASK = text("SELECT 1")


class SessionLock:
    """Keeps others of its kind out of one database, and is nobody's once its process is gone.

    Args:
        engine: The SQLAlchemy engine; of SQLite, where every process is on one machine, nobody is kept out.
        key: Key of what is locked.
    """

    def __init__(self, engine: Engine, key: int) -> None:
        self._engine = engine
        self._key = key
        self._connection: Connection | None = None

    def is_held(self) -> bool:
        """Whether this process has it now; it is tried for where nobody has.

        Raises:
            StorageUnavailable: The database does not answer.
        """
        if self._engine.dialect.name != "postgresql":
            return True
        try:
            if self._connection is None:
                self._connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
                if not self._connection.scalar(_TRY, {"key": self._key}):
                    self.release()
                return self._connection is not None
            self._connection.execute(_ASK)  # one that broke holds nothing any more
        except (SQLAlchemyError, OSError) as error:
            self.release()
            raise StorageUnavailable(f"A lock of the database cannot be asked for: {cause_of(error)}.") from error
        return True

    def release(self) -> None:
        """Let go, with the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.invalidate()
            connection.close()

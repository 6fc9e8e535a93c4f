"""Commits that fail, as on a disk that does."""

from contextlib import contextmanager

from sqlalchemy import event
from sqlalchemy.exc import OperationalError


@contextmanager
def failing_commits(database):
    """No transaction of a `Database` is committed while the block lasts; yields a list with an entry for each."""
    failed = []

    def fail(connection):
        failed.append(connection)
        raise OperationalError("COMMIT", {}, Exception("disk I/O error"))

    event.listen(database.engine, "commit", fail)
    try:
        yield failed
    finally:
        event.remove(database.engine, "commit", fail)

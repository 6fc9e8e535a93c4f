"""Ledgers to ask: on SQLite and on PostgreSQL, with a clock that a test may hold."""

import tempfile
from pathlib import Path

import pytest
from held_ledger import HeldClock, empty
from scratch_postgresql import scratch_postgresql

from synqc.jobs import open_ledger
from synqc.storage.database import DatabaseLocation

IN_MEMORY = Path("/dev/shm") if Path("/dev/shm").is_dir() else None


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def location(request):
    """Of a database, each kind once per session; tests take turns in it."""
    if request.param == "sqlite":
        with tempfile.TemporaryDirectory(dir=IN_MEMORY) as folder:
            yield DatabaseLocation(Path(folder))
    else:
        with scratch_postgresql() as url:
            yield DatabaseLocation(Path("unused"), url)


@pytest.fixture
def ledger(location):
    """An empty one with the database's own clock."""
    with open_ledger(location) as found:
        empty(found)
        yield found


@pytest.fixture
def clock():
    return HeldClock()


@pytest.fixture
def held(location, clock):
    """An empty one whose clock stands still."""
    with open_ledger(location, clock=clock) as found:
        empty(found)
        yield found

"""Ledgers with the tables of reports: on SQLite and on PostgreSQL."""

import tempfile
from contextlib import closing
from pathlib import Path

import pytest
from scratch_postgresql import scratch_postgresql

from synqc.jobs.ledgers import Ledgers
from synqc.jobs.tables.schema import COMPONENT as JOBS
from synqc.storage.database import DatabaseLocation, open_shared

IN_MEMORY = Path("/dev/shm") if Path("/dev/shm").is_dir() else None


@pytest.fixture(scope="session")
def postgresql_url():
    with scratch_postgresql() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def location(request):
    """Of a database without jobs; sessions and numbers of other tests may be there."""
    if request.param == "sqlite":
        with tempfile.TemporaryDirectory(dir=IN_MEMORY) as folder:
            yield DatabaseLocation(Path(folder))
    else:
        found = DatabaseLocation(Path("unused"), request.getfixturevalue("postgresql_url"))
        with closing(open_shared(found, [JOBS])) as database, database.writing() as connection:
            for table in reversed(JOBS.metadata.sorted_tables):
                connection.execute(table.delete())
        yield found


@pytest.fixture
def ledger_on_sqlite(tmp_path):
    """For what no database has a part in."""
    from synqc.apps.fir.workflow.workflow import COMPONENTS

    with Ledgers() as ledgers:
        yield ledgers.at(DatabaseLocation(tmp_path), COMPONENTS)


@pytest.fixture
def ledger(location):
    from synqc.apps.fir.workflow.workflow import COMPONENTS

    with Ledgers() as ledgers:
        yield ledgers.at(location, COMPONENTS)

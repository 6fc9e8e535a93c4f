"""One ledger per process and database, whoever asks for it first."""

import pytest

from synqc.jobs import JobState, open_ledger
from synqc.jobs.ledgers import Ledgers
from synqc.jobs.tables.schema import COMPONENT
from synqc.storage import StorageUnavailable
from synqc.storage.database import DatabaseLocation, open_shared

LEASE_S = 1000.0


@pytest.fixture
def location(tmp_path):
    return DatabaseLocation(tmp_path)


@pytest.fixture
def database(location):
    opened = open_shared(location, [COMPONENT])
    yield opened
    opened.close()


@pytest.fixture
def left(location):
    """A job that a worker of another process has begun and not ended."""
    with open_ledger(location) as ledger:
        job_id = ledger.submit("work")
        assert ledger.claim("another process", {"work": 1}, lease_s=LEASE_S)
    return job_id


def test_whoever_asks_gets_the_same_one(location, database, tmp_path):
    with Ledgers() as ledgers:
        found = ledgers.at(location)
        assert ledgers.of(database) is found is ledgers.at(DatabaseLocation(tmp_path))
        assert ledgers.at(DatabaseLocation(tmp_path / "other")) is not found
    with Ledgers() as ledgers:
        assert ledgers.of(database) is ledgers.at(location)


def test_what_gone_workers_had_is_queued_by_who_opens_the_database(database, left):
    with Ledgers() as ledgers:
        assert ledgers.of(database, owners_are_gone=True).job(left).state is JobState.QUEUED


def test_it_is_not_taken_from_workers_of_this_process(location, database):
    with Ledgers() as ledgers:
        ledger = ledgers.at(location)
        job_id = ledger.submit("work")
        assert ledger.claim("worker of an application that was mounted before", {"work": 1}, lease_s=LEASE_S)
        ledgers.of(database, owners_are_gone=True)
        assert ledger.job(job_id).state is JobState.RUNNING


def test_whoever_closes_the_database_closes_its_ledger_and_nobody_elses(location, database):
    ledgers = Ledgers()
    mine = ledgers.of(database)
    ledgers.close_those_of(database)
    with pytest.raises(StorageUnavailable, match="Storage is closed"):
        mine.submit("work")
    theirs = ledgers.at(location)
    assert theirs is not mine
    ledgers.close_those_of(database)
    assert theirs.submit("work")
    ledgers.close()
    with pytest.raises(StorageUnavailable, match="Storage is closed"):
        theirs.submit("work")

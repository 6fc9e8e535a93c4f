"""One process owns a PostgreSQL database; another gets it when that one has gone, or when its lease has run out."""

import threading
import time

import psycopg
import pytest
from scratch_postgresql import scratch_postgresql
from sqlalchemy import insert
from sqlalchemy.exc import SQLAlchemyError
from waiting import wait_until

from synqc.apps.tds import clock
from synqc.apps.tds.application import TdsApplication
from synqc.apps.tds.models import RunConfiguration, RunRequest
from synqc.apps.tds.storage import Change, NotOwner, StorageUnavailable, schema
from synqc.apps.tds.store import UnknownSession
from synqc.settings import Settings
from synqc.storage import database

LEASE_S = 1.0


@pytest.fixture
def url():
    with scratch_postgresql() as made:
        yield made


@pytest.fixture
def opened(tmp_path, url):
    """Opens applications on one database."""
    made = []

    def make(lease_s=LEASE_S):
        settings = Settings(state_dir=tmp_path / str(len(made)), database_url=url, lease_s=lease_s)
        made.append(TdsApplication(settings))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(database, "_PATIENCE_S", -LEASE_S)


def take_away(url, tds):
    """As if its process had been frozen for longer than its lease, and somebody had come."""
    with psycopg.connect(url, autocommit=True) as other:
        other.execute("UPDATE ownership SET owner = 'somebody', epoch = epoch + 1, lease_until = now() + '1 day'")
    wait_until(lambda: tds.database.epoch is None)


def give_back(url):
    with psycopg.connect(url, autocommit=True) as other:
        other.execute("UPDATE ownership SET owner = NULL")


def create(tds, name="x1", notes="kept"):
    return tds.store.create_or_update(name, RunConfiguration(notes=notes))


def test_a_second_one_is_refused_with_a_sentence(opened, impatient):
    first = opened()
    with pytest.raises(StorageUnavailable, match=r"in use by another SynqC service \(process \d+ on .*run one per"):
        opened()
    create(first)[1].result(10)


def test_a_successor_gets_it_at_once(opened):
    first = opened(lease_s=300.0)
    create(first)[1].result(10)
    first.close()
    second = opened()
    assert second.store.get("x1").config.notes == "kept"
    assert second.database.epoch == 2


def test_what_holds_an_older_services_lock_keeps_it_out_and_the_other_way_round(url, opened, impatient):
    key = 0x53796E51_43544453
    with psycopg.connect(url, autocommit=True) as older:
        assert older.execute("SELECT pg_try_advisory_lock(%s)", [key]).fetchone()[0]
        with pytest.raises(StorageUnavailable, match="of a version that knows no leases"):
            opened()
        older.execute("SELECT pg_advisory_unlock(%s)", [key])
        opened()
        assert not older.execute("SELECT pg_try_advisory_lock(%s)", [key]).fetchone()[0]


def test_nothing_is_stored_for_a_former_owner_and_it_knows_nothing_any_more(url, opened):
    one = opened()
    session, stored = create(one)
    stored.result(10)
    assert one.database.lease.held
    epoch = one.database.epoch
    with psycopg.connect(url, autocommit=True) as other:
        other.execute("UPDATE ownership SET owner = 'somebody', epoch = epoch + 1, lease_until = now() + '1 day'")
    refused = one.store.save(session)  # before it has noticed
    assert isinstance(refused.exception(10), NotOwner)
    assert not one.database.lease.held
    assert "in use by another SynqC service" in one.trouble
    wait_until(lambda: not one.store.sessions)
    with pytest.raises(UnknownSession):
        one.store.get("x1")
    for change in (Change(epoch=epoch), Change(epoch=None)):
        change.sweeps.append({"sweep_id": "s", "created_at": session.created_at, "document": b""})
        assert isinstance(one.store.writer.submit(change).exception(10), NotOwner)
    assert one.database.sweep_document("s") is None


def test_it_goes_on_from_what_the_other_left(url, opened, monkeypatch):
    one = opened()
    monkeypatch.setattr(one.runs, "stop_all", lambda: None)  # one that measured all it wanted just before
    before, stored = create(one)
    stored.result(10)
    started = one.runs.start("x1", RunRequest(num_iterations=5))
    take_away(url, one)
    with psycopg.connect(url, autocommit=True) as other:
        other.execute("UPDATE sessions SET config = replace(config, 'kept', 'changed')")
    give_back(url)
    wait_until(lambda: one.database.lease.held)
    session = one.store.get("x1")
    assert session is not before
    assert session.config.notes == "changed"
    assert isinstance(one.store.save(before).exception(10), NotOwner), "what was decided before is stored"
    assert isinstance(one.runs.execute(started).stored.exception(10), NotOwner), "a run of the past is stored"
    assert one.store.get("x1").last_run_id is None
    assert one.database.run_documents("x1", None, 10) == []
    one.runs.execute(one.runs.start("x1", RunRequest())).stored.result(10)


def test_a_defect_in_letting_go_of_memory_does_not_end_renewals(url, opened, monkeypatch):
    """Nor is the database adopted before what is in memory has gone."""
    one = opened()
    create(one)[1].result(10)
    let_go, failures = one.store.let_go, []

    def fail_twice():
        if len(failures) < 2:
            failures.append(one.database.epoch)
            raise RuntimeError("a defect")
        let_go()

    monkeypatch.setattr(one.store, "let_go", fail_twice)
    take_away(url, one)
    give_back(url)
    wait_until(lambda: one.database.lease.held)
    assert failures == [None, None]
    assert one.store.get("x1").lease_epoch == one.database.epoch


def test_viewers_are_woken_when_it_is_lost(url, opened):
    one = opened()
    session, stored = create(one)
    stored.result(10)
    woken = threading.Event()
    session.events.subscribe(woken.set)
    woken.clear()
    take_away(url, one)
    assert woken.wait(20)


@pytest.mark.parametrize("waits_s", [0, 1.1], ids=["in the same second", "in a later one"])
def test_ids_of_runs_that_the_other_made_are_not_made_again(url, opened, waits_s):
    one = opened()
    create(one)[1].result(10)
    one.runs.execute(one.runs.start("x1", RunRequest())).stored.result(10)
    one.store._run_ids_asked_until = ""  # as of one that has run for hours
    take_away(url, one)
    with psycopg.connect(url, autocommit=True) as other:  # whose clock is ahead by some seconds
        for ahead in range(20):
            stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(time.time() + ahead))
            other.execute(
                "INSERT INTO runs (run_id, session_id, document, details) VALUES (%s, 'x1', '', '')"
                " ON CONFLICT DO NOTHING", [f"x1-{stamp}"],
            )  # fmt: skip
    give_back(url)
    wait_until(lambda: one.database.lease.held)
    time.sleep(waits_s)
    run = one.runs.execute(one.runs.start("x1", RunRequest()))
    run.stored.result(10)
    assert run.record.run_id.endswith(("-2", "-3"))


def test_a_lease_that_ran_out_unclaimed_is_renewed_with_everything_in_memory(url, opened):
    one = opened()
    session, stored = create(one)
    stored.result(10)
    with psycopg.connect(url) as blocking:
        blocking.execute("SELECT * FROM ownership FOR UPDATE")  # renewals wait, and give up
        wait_until(lambda: not one.database.lease.held)
        assert "does not answer" in one.trouble or "own" in one.trouble
    wait_until(lambda: one.database.lease.held)
    assert one.store.get("x1") is session
    assert one.database.epoch == 1
    create(one, notes="later")[1].result(10)


def test_answers_end_before_the_lease_does(url, opened):
    one = opened()
    with psycopg.connect(url) as blocking:
        blocking.execute("SELECT * FROM ownership FOR UPDATE")
        wait_until(lambda: not one.database.lease.held)
        assert blocking.execute("SELECT lease_until > clock_timestamp() FROM ownership").fetchone()[0]


def test_a_transaction_that_a_frozen_service_left_open_keeps_nobody_out_and_stores_nothing(opened):
    frozen = opened()
    for event in (frozen.database.lease._ended, frozen.database.lease._wake):
        event.set()  # renews no more
    row = {"sweep_id": "s", "created_at": clock.now(), "document": b""}
    transaction = frozen.database.writing()
    transaction.__enter__().execute(insert(schema.sweeps), [row])
    successor = opened()
    assert successor.database.epoch == 2
    with pytest.raises(SQLAlchemyError):
        transaction.__exit__(None, None, None)
    assert successor.database.sweep_document("s") is None


def test_a_newer_service_that_came_meanwhile_is_left_alone(url, opened):
    one = opened()
    take_away(url, one)
    with psycopg.connect(url, autocommit=True) as other:
        other.execute("UPDATE synqc_components SET version = 1000 WHERE component = 'tds'")
    give_back(url)
    wait_until(lambda: "schema version 1000" in (one.trouble or ""))
    with psycopg.connect(url, autocommit=True) as other:
        wait_until(lambda: other.execute("SELECT owner FROM ownership").fetchone()[0] is None)
    assert not one.database.lease.held


def test_every_connection_gives_up_on_what_is_silent(opened):
    one = opened(lease_s=3.0)
    names = ("idle_in_transaction_session_timeout", "synchronous_commit", "transaction_isolation")
    with one.database.reading() as connection:
        found = [connection.exec_driver_sql(f"SHOW {name}").scalar() for name in names]
    assert found == ["3s", "on", "read committed"]

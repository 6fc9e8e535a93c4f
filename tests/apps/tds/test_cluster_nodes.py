"""Nodes of a cluster share one database: each session has one owner, and what others try to store of it is refused."""

import time
from contextlib import suppress

import psycopg
import pytest
from scratch_postgresql import scratch_postgresql
from sqlalchemy.exc import InternalError
from waiting import wait_until

from synqc.apps.tds.application import TdsApplication
from synqc.apps.tds.models import RunConfiguration, RunRequest
from synqc.apps.tds.storage import Change, NotOwner, SessionMoved, StorageUnavailable
from synqc.apps.tds.storage.session_owners import node_rows, owners
from synqc.errors import InputError
from synqc.settings import Settings
from synqc.storage import database
from synqc.storage.node_lease import Node

LEASE_S = 1.0


@pytest.fixture
def url():
    with scratch_postgresql() as made:
        yield made


@pytest.fixture
def opened(tmp_path, url):
    """Opens nodes, or a service that is none, on one database."""
    made = []

    def make(name="node", lease_s=LEASE_S):
        settings = Settings(state_dir=tmp_path / str(len(made)), database_url=url, lease_s=lease_s)
        node = None if name is None else Node(name, f"http://{name}:1")
        made.append(TdsApplication(settings, node=node))
        return made[-1]

    yield make
    for one in made:
        one.close()


def create(tds, name="x1", notes="kept"):
    return tds.store.create_or_update(name, RunConfiguration(notes=notes))


def silence(tds):
    """As if its process were frozen: it renews nothing, and notices nothing."""
    tds.database.lease._ended.set()
    tds.database.lease._wake.set()
    for thread in tds.database.lease._threads:
        thread.join()


def stored(url, column, name="x1"):
    with psycopg.connect(url) as connection:
        return connection.execute(f"SELECT {column} FROM sessions WHERE session_id = %s", [name]).fetchone()[0]


def test_a_session_belongs_to_the_node_that_made_it(opened):
    first, second = opened("a"), opened("b")
    create(first)[1].result(10)
    assert first.places.find("x1") is None
    found = second.places.find("x1")
    assert (found.number, found.epoch, found.address) == (first.store.epoch, 1, "http://a:1")
    assert 0.0 < found.lease_left_s <= LEASE_S
    assert "x1" not in second.store.sessions
    assert second.places.find("nobody's") is None


def test_what_a_node_leaves_is_adopted_with_its_log_and_telemetry(opened, url):
    first, second = opened("a"), opened("b")
    create(first)[1].result(10)
    first.runs.execute(first.runs.start("x1", RunRequest())).stored.result(10)
    before = first.store.get("x1")
    first.close()
    assert second.places.find("x1") is None
    after = second.store.get("x1")
    second.store.load_history(after)
    assert (after.logs, list(after.rows)) == (before.logs, list(before.rows))
    assert (after.summary_bytes(), after.epoch, after.owner) == (before.summary_bytes(), 2, second.store.epoch)
    second.runs.execute(second.runs.start("x1", RunRequest())).stored.result(10)
    assert stored(url, "epoch") == 2
    assert len(after.logs) == len(before.logs) + 2


def test_a_silent_node_is_declared_dead_when_its_lease_has_run_out_and_stores_nothing_more(opened, url):
    first, second = opened("a"), opened("b")
    session, made = create(first, notes="old")
    made.result(10)
    silence(first)
    number = first.store.epoch
    assert second.places.find("x1").number == number
    wait_until(lambda: second.places.find("x1") is None)
    assert not first.database.lease.held
    second.store.create_or_update("x1", RunConfiguration(notes="fresh"))[1].result(10)
    refused = first.store.create_or_update("x1", RunConfiguration(notes="stale"))[1]
    assert isinstance(refused.exception(10), NotOwner)
    assert session.config.notes == "old", "what was refused is undone"
    assert '"fresh"' in stored(url, "config")
    assert [(row.number, row.is_alive) for row in node_rows(second.database)] == [
        (number, False), (second.store.epoch, True),
    ]  # fmt: skip


def test_a_node_that_was_declared_dead_registers_anew_and_knows_nothing(opened, url):
    node = opened("a")
    create(node)[1].result(10)
    number = node.store.epoch
    with psycopg.connect(url, autocommit=True) as other:
        other.execute("UPDATE nodes SET alive = false")
    wait_until(lambda: node.store.epoch not in (None, number))
    assert node.store.sessions == {}
    wait_until(lambda: node.database.lease.held)
    assert node.places.find("x1") is None
    assert (node.store.get("x1").owner, stored(url, "epoch")) == (node.store.epoch, 2)


def test_a_session_that_moved_is_dropped_and_its_change_refused_alone(opened, url):
    """The fence is in the statement that stores a session, whatever its node believes."""
    first, second = opened("a"), opened("b")
    session, made = create(first, notes="old")
    for one in (made, create(first, "x2")[1]):
        one.result(10)
    with psycopg.connect(url, autocommit=True) as other:
        other.execute("UPDATE sessions SET owner = %s, epoch = 2 WHERE session_id = 'x1'", [second.store.epoch])
    good = first.store.create_or_update("x2", RunConfiguration(notes="good"))[1]
    refused = first.store.create_or_update("x1", RunConfiguration(notes="stale"))[1]
    good.result(10)
    assert isinstance(refused.exception(10), SessionMoved)
    wait_until(lambda: "x1" not in first.store.sessions)
    assert ('"old"' in stored(url, "config"), '"good"' in stored(url, "config", "x2")) == (True, True)
    assert isinstance(first.store.save(session).exception(10), SessionMoved), "nor what a run of it leaves"
    assert first.places.find("x1").number == second.store.epoch


def test_telemetry_and_deletion_of_a_session_that_moved_are_refused(opened, url):
    first, second = opened("a"), opened("b")
    session, made = create(first)
    made.result(10)
    with psycopg.connect(url, autocommit=True) as other:
        other.execute("UPDATE sessions SET owner = %s, epoch = 2 WHERE session_id = 'x1'", [second.store.epoch])
    first.store.add_row(session, b"{}")
    first.store.flush()
    assert first.database.telemetry_rows("x1") == []
    assert isinstance(first.store.delete("x1").exception(10), SessionMoved)
    assert stored(url, "epoch") == 2


def test_two_nodes_make_one_session_of_a_name(opened):
    first, second = opened("a"), opened("b")
    outcomes = [create(one)[1].exception(10) for one in (first, second)]
    assert outcomes[0] is None
    assert isinstance(outcomes[1], SessionMoved)
    wait_until(lambda: "x1" not in second.store.sessions)
    assert second.places.find("x1").number == first.store.epoch


def test_sessions_are_listed_in_the_order_that_the_database_made_them(opened):
    nodes = [opened("a"), opened("b")]
    for number in range(6):
        create(nodes[number % 2], f"x{number}")[1].result(10)
    assert owners(nodes[0].database) == [(f"x{number}", nodes[number % 2].store.epoch) for number in range(6)]


def test_a_run_id_is_given_once_although_its_session_moves_within_a_second(opened):
    first, second = opened("a", lease_s=300.0), opened("b", lease_s=300.0)
    create(first)[1].result(10)
    seen = []
    for node in (first, second, first, second):
        if "x1" not in node.store.sessions:
            other = second if node is first else first
            other.store.let_go()  # its session is released below, as when it leaves
            with psycopg.connect(node.settings.database_url, autocommit=True) as administrator:
                administrator.execute("UPDATE sessions SET owner = NULL")
            assert node.places.find("x1") is None
            other.store.take_up(other.database.epoch)
        for _ in range(2):
            seen.append(node.runs.execute(node.runs.start("x1", RunRequest())).record.run_id)
        node.store.flush()
    assert len(set(seen)) == len(seen) == 8


def test_event_numbers_of_a_later_owner_are_larger_and_those_of_an_earlier_one_are_lost(opened):
    first, second = opened("a"), opened("b")
    create(first)[1].result(10)
    at_first = first.store.get("x1").events.subscribe(lambda: None)
    first.close()
    assert second.places.find("x1") is None
    events = second.store.get("x1").events
    at_second = events.subscribe(lambda: None)
    assert (at_first >> 40, at_second >> 40) == (1, 2)
    assert events.since(at_first) == ([], True)
    assert events.since(at_second) == ([], False)


@pytest.mark.parametrize("names", [("a", None), (None, "a")], ids=["a service joins", "a node joins"])
def test_nodes_and_other_services_keep_each_other_out(opened, monkeypatch, names):
    monkeypatch.setattr(database, "_PATIENCE_S", -LEASE_S)
    opened(names[0])
    with pytest.raises(StorageUnavailable, match="in use by another SynqC service"):
        opened(names[1])


def test_a_service_that_is_no_node_takes_over_when_all_nodes_have_gone(opened, url):
    node = opened("a")
    create(node, notes="of a cluster")[1].result(10)
    silence(node)
    service = opened(None)
    assert service.store.get("x1").config.notes == "of a cluster"
    refused = node.store.create_or_update("x1", RunConfiguration(notes="stale"))[1]
    assert isinstance(refused.exception(10), NotOwner)
    service.store.create_or_update("x1", RunConfiguration(notes="of a service"))[1].result(10)
    service.close()
    again = opened("b")
    assert again.places.find("x1") is None
    assert again.store.get("x1").config.notes == "of a service"


def test_a_deletion_that_is_under_way_is_not_undone_by_whoever_asks_for_the_session(opened):
    node = opened("a")
    create(node)[1].result(10)
    gone = node.store.delete("x1")
    assert node.places.find("x1") is None
    gone.result(10)
    assert "x1" not in node.store.sessions


def test_a_frozen_transaction_does_not_keep_a_session_from_its_next_owner(opened, url):
    """The server ends a transaction that its client leaves open for longer than a lease."""
    first, second = opened("a"), opened("b")
    create(first)[1].result(10)
    began = time.monotonic()
    with suppress(InternalError), first.database._writing_engine.connect() as connection:
        first.database.lease.fence(connection, first.store.epoch)
        silence(first)
        wait_until(lambda: second.places.find("x1") is None)
    assert time.monotonic() - began < 10 * LEASE_S
    assert second.store.get("x1").epoch == 2


def test_sqlite_is_refused_with_a_sentence(tmp_path):
    with pytest.raises(InputError, match="A cluster of servers needs PostgreSQL: set SYNQC_DATABASE_URL"):
        TdsApplication(Settings(state_dir=tmp_path), node=Node("a", "http://a:1"))


def test_changes_of_another_lease_are_refused(opened):
    node = opened("a")
    change = Change(epoch=node.store.epoch + 1)
    change.sweeps.append({"sweep_id": "s", "created_at": create(node)[0].created_at, "document": b""})
    assert isinstance(node.store.writer.submit(change).exception(10), NotOwner)


def test_a_session_is_released_with_all_that_was_decided_of_it_and_adopted_by_who_asked(opened, url):
    first, second = opened("a"), opened("b")
    session, _ = create(first, notes="old")
    first.store.create_or_update("x1", RunConfiguration(notes="newest"))
    first.store.add_row(session, b"{}")
    first.store.release(session).result(10)
    assert "x1" not in first.store.sessions
    assert isinstance(first.store.save(session).exception(10), SessionMoved)
    assert first.places.find("x1", adopts=False).number is None, "who asks for another node adopts nothing"
    assert second.places.find("x1") is None
    after = second.store.get("x1")
    assert (after.config.notes, after.epoch, after.next_row) == ("newest", 2, 1)


def test_a_session_that_runs_or_is_watched_is_not_released(opened):
    node = opened("a")
    session, made = create(node)
    made.result(10)
    wake = session.events.wake
    session.events.subscribe(wake)
    assert node.store.release(session) is None
    session.events.unsubscribe(wake)
    started = node.runs.start("x1", RunRequest())
    assert node.store.release(session) is None
    node.runs.execute(started).stored.result(10)
    node.store.release(session).result(10)
    assert node.store.release(session) is None

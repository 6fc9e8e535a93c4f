"""Group commit: calls that share a transaction, whose failures and refusals stay with their callers."""

import threading

import pytest
from failing_commits import failing_commits
from sqlalchemy import Column, Integer, MetaData, Table, event, insert, select
from sqlalchemy.exc import OperationalError
from waiting import wait_until

from synqc.storage import NotOwner, StorageUnavailable
from synqc.storage.database import DatabaseLocation, open_shared
from synqc.storage.migrations import Component
from synqc.storage.writer import GroupCommitWriter

metadata = MetaData()
numbers = Table("numbers", metadata, Column("number", Integer, primary_key=True))


@pytest.fixture
def database(tmp_path):
    opened = open_shared(DatabaseLocation(tmp_path / "new" / "state"), [Component("numbers", metadata)])
    yield opened
    opened.close()


@pytest.fixture
def writer(database):
    made = GroupCommitWriter(database)
    yield made
    made.close()


def stored(database):
    with database.reading() as connection:
        return sorted(connection.scalars(select(numbers.c.number)))


def add(connection, arguments):
    connection.execute(insert(numbers), [{"number": number} for number in arguments])
    return [number * 10 for number in arguments]


class Busy:
    """Keeps the writer from its next group until it is told to go on."""

    def __init__(self, writer):
        self.reached, self.go = threading.Event(), threading.Event()
        self.done = writer.call(self, None)
        assert self.reached.wait(30)

    def __call__(self, _, arguments):
        self.reached.set()
        assert self.go.wait(30)
        return arguments


def test_calls_that_gather_share_a_transaction_and_have_their_own_answers(database, writer):
    groups = []

    def watched(connection, arguments):
        groups.append(list(arguments))
        return add(connection, arguments)

    busy = Busy(writer)
    futures = [writer.call(watched, number) for number in range(20)]
    busy.go.set()
    assert [future.result() for future in futures] == [number * 10 for number in range(20)]
    assert groups == [list(range(20))]
    assert stored(database) == list(range(20))


def test_who_is_refused_after_a_group_broke_off_is_not_told_that_nothing_was_done(database, writer):
    """It may have been committed, and somebody else may have become the owner after that."""
    sizes = []

    def owned_at_first(connection, arguments):
        sizes.append(len(arguments))
        if len(arguments) > 1:
            raise OperationalError("COMMIT", {}, Exception("server closed the connection unexpectedly"))
        return [NotOwner("another")]

    busy = Busy(writer)
    futures = [writer.call(owned_at_first, number) for number in range(2)]
    busy.go.set()
    for future in futures:
        assert "whether this was stored is not known" in str(future.exception(20))
        assert not isinstance(future.exception(), NotOwner)
    assert sizes == [2, 1, 1]
    assert isinstance(writer.call(owned_at_first, 3).exception(20), NotOwner)


def test_nobody_pays_for_somebody_elses_failure(database, writer):
    writer.call(add, 3).result()
    busy = Busy(writer)
    futures = [writer.call(add, number) for number in range(6)]
    busy.go.set()
    assert [future.exception() is None for future in futures] == [True, True, True, False, True, True]
    with pytest.raises(StorageUnavailable, match="refused to write: UNIQUE constraint failed"):
        futures[3].result()
    assert stored(database) == list(range(6))


def test_trouble_is_told_until_storage_works_again(writer):
    for number in (3, 3):
        failed = writer.call(add, number).exception()
    assert writer.trouble == str(failed)
    writer.call(add, 7).result()
    assert writer.trouble is None


def test_a_call_that_writes_nothing_does_not_say_that_storage_works(database, writer):
    def ask(connection, arguments):
        return [len(connection.execute(select(numbers)).all()) for _ in arguments]

    @event.listens_for(database.engine, "before_cursor_execute")
    def refuse_writes(connection, cursor, statement, *_):
        """As a disk does that has become read-only: a transaction begins, and commits if it changed nothing."""
        if statement.startswith(("INSERT", "UPDATE", "DELETE")):
            raise OperationalError(statement, {}, Exception("disk I/O error"))

    refusal = writer.call(add, 2).exception(30)
    for _ in range(5):
        assert writer.call(ask, None).result(30) == 0
        assert writer.trouble == str(refusal)
    event.remove(database.engine, "before_cursor_execute", refuse_writes)
    wait_until(lambda: writer.trouble is None)


def test_storage_that_works_again_is_found_without_a_call(database, writer):
    with failing_commits(database) as failed:
        refusal = writer.call(add, 1).exception(30)
        wait_until(lambda: len(failed) > 2)  # beside the call's own, some that nobody asked for
        assert writer.trouble == str(refusal)
    wait_until(lambda: writer.trouble is None)
    assert stored(database) == []


def test_a_defect_in_trying_storage_does_not_end_the_writer(database, writer, monkeypatch):
    tried = []

    def fail():
        tried.append(True)
        raise RuntimeError("a defect")

    monkeypatch.setattr(database, "check_writing", fail)
    with failing_commits(database):
        assert writer.call(add, 1).exception(30) is not None
    wait_until(lambda: len(tried) > 1)
    assert writer.call(add, 2).result(30) == 20
    monkeypatch.undo()
    wait_until(lambda: writer.trouble is None)


def synchronous(connection, arguments):
    return [connection.exec_driver_sql("PRAGMA synchronous").scalar() for _ in arguments]


def test_only_calls_that_need_not_be_durable_do_not_wait_for_the_disk(database, writer):
    normal, full = 1, 2
    for durable in (True, False, True, False):
        assert writer.call(synchronous, None, durable=durable).result(30) == (full if durable else normal)
    busy = Busy(writer)
    together = [writer.call(synchronous, None, durable=durable) for durable in (False, True, False)]
    busy.go.set()
    assert [one.result(30) for one in together] == [full] * 3
    with database.writing() as connection:  # on whatever connection of the pool
        assert synchronous(connection, [None]) == [full]


def test_a_refusal_is_its_callers_alone(database, writer):
    def even_ones(connection, arguments):
        add(connection, [number for number in arguments if number % 2 == 0])
        return [ValueError(number) if number % 2 else number for number in arguments]

    busy = Busy(writer)
    futures = [writer.call(even_ones, number) for number in range(4)]
    busy.go.set()
    assert [future.exception() and future.exception().args for future in futures] == [None, (1,), None, (3,)]
    assert stored(database) == [0, 2]


def test_a_defect_leaves_nobody_waiting(database, writer):
    def defective(_, __):
        raise RuntimeError("a defect")

    busy = Busy(writer)
    bad, good = writer.call(defective, 1), writer.call(add, 1)
    busy.go.set()
    with pytest.raises(RuntimeError, match="a defect"):
        bad.result(30)
    assert good.result(30) == 10
    assert stored(database) == [1]


def test_a_call_that_is_given_up_before_its_turn_is_not_carried_out(database, writer):
    busy = Busy(writer)
    given_up, kept = writer.call(add, 1), writer.call(add, 2)
    assert given_up.cancel()
    busy.go.set()
    assert kept.result(30) == 20
    assert stored(database) == [2]


def unlucky_with(code, times, tries):
    """A procedure whose first so many transactions PostgreSQL ends with this code."""

    class Ended(Exception):
        sqlstate = code

    def unlucky(connection, arguments):
        tries.append(arguments)
        if len(tries) <= times:
            raise OperationalError("UPDATE", {}, Ended())
        return add(connection, arguments)

    return unlucky


@pytest.mark.parametrize("code", ["40P01", "40001"], ids=["deadlock", "serialization failure"])
def test_a_transaction_in_the_way_of_another_is_tried_again(database, writer, code):
    tries = []
    assert writer.call(unlucky_with(code, 3, tries), 4).result(30) == 40
    assert len(tries) == 4


@pytest.mark.parametrize(("code", "expected"), [("40P01", 4), ("53100", 1)], ids=["deadlock", "disk full"])
def test_it_is_given_up_after_four_tries_and_anything_else_after_one(database, writer, code, expected):
    tries = []
    assert isinstance(writer.call(unlucky_with(code, 100, tries), 4).exception(30), StorageUnavailable)
    assert len(tries) == expected
    assert stored(database) == []


def test_what_was_called_before_the_end_is_stored_and_nothing_after_it(database):
    writer = GroupCommitWriter(database)
    futures = [writer.call(add, number) for number in range(50)]
    writer.close()
    assert all(future.done() for future in futures)
    assert stored(database) == list(range(50))
    with pytest.raises(StorageUnavailable, match="Storage is closed"):
        writer.call(add, 99).result()

"""Changes are stored in groups, and nobody pays for somebody else's."""

import threading

import pytest
from failing_commits import failing_commits
from waiting import wait_until

from synqc.apps.tds import clock
from synqc.apps.tds.models import RunConfiguration
from synqc.apps.tds.storage import Change, NotOwner, StorageUnavailable


@pytest.fixture
def held(opened):
    """An application whose writer waits until `release` is called: what comes meanwhile is one group."""
    tds = opened()
    writer = tds.store.writer
    begun, released, store, sizes = threading.Event(), threading.Event(), writer._store, []

    def wait_and_store(connection, changes):
        begun.set()
        assert released.wait(20)
        sizes.append(sum(len(change.runs) + len(change.sweeps) for change in changes))
        return store(connection, changes)

    writer._store = wait_and_store
    writer.submit(Change(sweeps=[sweep("first")]))
    assert begun.wait(20)
    tds.release = released.set
    tds.sizes = sizes
    return tds


def sweep(name):
    return {"sweep_id": name, "created_at": clock.now(), "document": b"{}"}


def run(run_id, session_id="x1"):
    return {"run_id": run_id, "session_id": session_id, "document": run_id.encode(), "details": b"{}"}


@pytest.mark.parametrize("bad", [0, 1, 2])
def test_one_bad_change_fails_alone(held, bad):
    writer = held.store.writer
    ids = ["a", "b", "c"]
    changes = [Change(runs=[run(name)]) for name in ids]
    changes[bad] = Change(runs=[run("twin"), run("twin")])
    stored = [writer.submit(change) for change in changes]
    held.release()
    for number, one in enumerate(stored):
        assert (one.exception(20) is None) == (number != bad), number
    assert isinstance(stored[bad].exception(), StorageUnavailable)
    for number, name in enumerate(ids):
        assert held.database.run_document(name) == (None if number == bad else name.encode())
    assert held.database.run_document("twin") is None
    assert held.sizes[:2] == [1, 4], "they were not one group, and then tried one by one"


def test_all_good_ones_are_one_commit(held):
    stored = [held.store.writer.submit(Change(runs=[run(str(number))])) for number in range(20)]
    held.release()
    for one in stored:
        one.result(20)
    assert held.sizes == [1, 20]


def test_what_is_deleted_may_be_made_again_at_once(held):
    store = held.store
    made = store.create_or_update("x1", RunConfiguration(notes="first"))[1]
    gone = store.delete("x1")
    again = store.create_or_update("x1", RunConfiguration(notes="second"))[1]
    held.release()
    for one in (made, gone, again):
        one.result(20)
    assert [row.config.notes for row in held.database.session_rows()] == ["second"]


def test_runs_go_with_their_session_if_they_are_to(opened):
    tds = opened()
    for name in ("x1", "x2", "x3"):
        tds.store.create_or_update(name, RunConfiguration())[1].result(10)
        tds.store.writer.submit(Change(runs=[run(f"run of {name}", name)])).result(10)
    tds.store.delete("x1").result(10)
    tds.store.delete("x2", runs=True).result(10)
    kept = [tds.database.run_document(f"run of {name}") is not None for name in ("x1", "x2", "x3")]
    assert kept == [True, False, True]


def test_those_who_wait_are_called_in_the_order_of_changes(held):
    order = []
    for number in range(10):
        change = Change() if number % 3 else Change(runs=[run(str(number))])
        held.store.writer.submit(change, lambda _, number=number: order.append(number))
    last = held.store.writer.submit(Change(sweeps=[sweep("last")]))
    held.release()
    last.result(20)
    assert order == list(range(10))


def test_changes_of_another_epoch_are_refused_alone(held):
    """By the fence of a lease, of which SQLite has none."""
    asked = []

    class Fence:
        epoch = 2
        trouble = None

        def fence(self, connection, epoch):
            asked.append(epoch)
            if epoch != self.epoch:
                raise NotOwner("another")

        def close(self):
            pass

    held.database.lease = Fence()
    stored = [
        held.store.writer.submit(Change(runs=[run(str(number))], epoch=epoch))
        for number, epoch in enumerate([2, 2, 1, 1, 2, None])
    ]
    held.release()
    outcomes = [one.exception(20) is None for one in stored]
    assert outcomes == [True, True, False, False, True, True]
    assert asked[1:] == [2, 1, 2], "each epoch is proved once in a transaction"
    stored = [held.database.run_document(str(number)) is not None for number in range(6)]
    assert stored == outcomes
    assert held.store.writer.trouble is None
    held.database.lease = None


def test_storage_that_works_again_is_found_without_a_change(opened):
    tds = opened()
    with failing_commits(tds.database) as failed:
        refusal = tds.store.writer.submit(Change(sweeps=[sweep("never stored")])).exception(20)
        assert str(refusal) == tds.trouble
        wait_until(lambda: len(failed) > 2)  # the change's own, and two that nobody asked for
        assert tds.trouble == str(refusal)
    wait_until(lambda: tds.trouble is None)
    assert tds.database.sweep_document("never stored") is None


def test_what_asks_for_nothing_is_told_although_storage_fails(opened):
    tds = opened()
    with failing_commits(tds.database):
        failed = tds.store.writer.submit(Change(sweeps=[sweep("never stored")]))
        told = tds.store.writer.submit(Change())
        assert told.result(20) is None
        assert failed.done()


def test_jobs_and_sessions_on_sqlite_are_written_by_one_thread(opened):
    tds = opened()
    threads = []

    def note(_):
        threads.append(threading.current_thread())

    tds.ledger.writer.call(lambda _, arguments: arguments, None, then=[note])
    tds.store.writer.submit(Change(sweeps=[sweep("s")]), note)
    wait_until(lambda: len(threads) == 2)
    assert threads[0] is threads[1]

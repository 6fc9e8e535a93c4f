"""A service whose database another one took over owns it again when that has gone, whatever froze it, and at what.

One service is taken away and comes back, again and again; the other is a new one each time.
"""

import psycopg
import pytest
from owning_service import SURE_LEASE_S, OwningService, check_that_it_returns, terminate_backends
from relay import Relay
from scratch_postgresql import scratch_postgresql
from waiting import wait_until


@pytest.fixture(scope="module")
def url():
    with scratch_postgresql() as made:
        yield made


@pytest.fixture(scope="module")
def relay():
    made = Relay(5432)
    yield made
    made.close()


@pytest.fixture(scope="module")
def first(tmp_path_factory, url, relay):
    its_url = url.replace(":5432", f":{relay.port}")
    made = OwningService(tmp_path_factory.mktemp("first"), its_url, SYNQC_LEASE_SEC=str(SURE_LEASE_S)).start()
    yield made
    made.wake()
    made.kill()


@pytest.fixture
def second(tmp_path, url, first):
    first.note("x1", "old")
    made = OwningService(tmp_path / "second", url, SYNQC_LEASE_SEC=str(SURE_LEASE_S))
    yield made
    if made.process is not None and made.process.poll() is None:
        made.kill()


@pytest.fixture
def administrator(url):
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def take_over(first, second):
    """Has the second one take the first one's database over, and change what is there; then the first one wakes."""

    def act():
        second.start()  # waits for the lease to end, and for transactions that the first one left open
        second.note("x1", "fresh")
        first.wake()

    return act


def test_after_a_freeze(first, second, take_over):
    first.freeze()
    take_over()
    check_that_it_returns(first, second)


def test_after_a_freeze_in_a_transaction(url, first, second, administrator, take_over):
    with psycopg.connect(url) as blocking:
        blocking.execute("LOCK TABLE sessions")
        asking, answers = first.try_to_note("x1", "stale")
        wait_until(lambda: is_waiting_for_a_lock(administrator, "INSERT INTO sessions"))
        first.freeze()
    take_over()
    asking.join(60)
    assert answers[0][0] == 503, answers
    check_that_it_returns(first, second)


def test_after_a_freeze_in_a_renewal(url, first, second, administrator, take_over):
    with psycopg.connect(url) as blocking:
        blocking.execute("SELECT * FROM ownership FOR UPDATE")
        wait_until(lambda: is_waiting_for_a_lock(administrator, "UPDATE ownership"))
        first.freeze()
    take_over()
    check_that_it_returns(first, second)


def test_after_a_freeze_in_which_its_connections_ended(first, second, administrator, take_over):
    first.freeze()
    terminate_backends(administrator)
    take_over()
    check_that_it_returns(first, second)


def test_after_a_cut_of_its_connections(first, second, relay, take_over):
    relay.freeze()
    asking, answers = first.try_to_note("x1", "stale")
    take_over()
    asking.join(60)
    assert answers[0][0] == 503, answers
    relay.thaw()
    check_that_it_returns(first, second)


@pytest.mark.parametrize("ends", [False, True], ids=["shorter than the lease", "longer than the lease"])
def test_after_a_freeze_in_which_nobody_came(first, administrator, ends):
    """What is in memory holds: it is not read again."""
    first.note("x1", "kept")
    epoch = administrator.execute("SELECT epoch FROM ownership").fetchone()
    first.freeze()
    if ends:
        wait_until(lambda: administrator.execute("SELECT lease_until < clock_timestamp() FROM ownership").fetchone()[0])
    first.wake()
    wait_until(lambda: first.readiness() == (200, "ok"))
    assert first.notes("x1") == "kept"
    first.note("x1", "changed")
    assert administrator.execute("SELECT epoch FROM ownership").fetchone() == epoch


def test_after_a_failure_of_its_commit_it_is_ready_before_anybody_asks_for_another_change(first, administrator, url):
    with psycopg.connect(url) as blocking:
        blocking.execute("LOCK TABLE sessions")
        asking, answers = first.try_to_note("x1", "never stored")
        wait_until(lambda: is_waiting_for_a_lock(administrator, "INSERT INTO sessions"))
        terminate_backends(administrator)
    asking.join(60)
    assert answers[0][0] == 503, answers
    wait_until(lambda: first.readiness() == (200, "ok"))


def is_waiting_for_a_lock(connection, query):
    """Whether somebody's query, as it begins, waits for a lock of the same database."""
    found = connection.execute(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE %s",
        [query + "%"],
    )
    return found.fetchone()[0] > 0

"""No two services ever acknowledge for one PostgreSQL database, whatever freezes, is killed or cut off.

Each test takes a service away from its database as the world does, has another take over, and brings the first one
back. Longer, at random: `make test-deep`.
"""

import random
import time

import psycopg
import pytest
from counting_clients import CountingClient
from owning_service import (
    LEASE_S,
    SURE_LEASE_S,
    OwningService,
    check_that_it_returns,
    refuses,
    terminate_backends,
)
from relay import Relay
from scratch_postgresql import scratch_cluster, scratch_postgresql
from waiting import wait_until


@pytest.fixture
def url():
    with scratch_postgresql() as made:
        yield made


@pytest.fixture
def service(tmp_path):
    """Makes services; each has a folder of its own."""
    made = []

    def make(url, **environment):
        made.append(OwningService(tmp_path / f"service {len(made)}", url, **environment))
        return made[-1]

    yield make
    for one in made:
        if one.process is not None and one.process.poll() is None:
            one.wake()
            one.kill()


@pytest.fixture
def counting():
    """Starts a client that counts, and holds against it what the services say in the end."""
    made = []

    def start(*servers, name="x1"):
        made.append(CountingClient(name, servers).start())
        return made[-1]

    yield start
    for client in made:
        client.stop()


@pytest.mark.parametrize("fenced", [True, False], ids=["fenced", "fence switched off"])
def test_a_change_of_a_frozen_service_is_not_stored_after_another_has_taken_over(tmp_path, url, service, fenced):
    """Frozen between its decision and its commit. Without the fence the test sees the fault it is there for."""
    environment = {"SYNQC_LEASE_SEC": str(SURE_LEASE_S)}
    fence = {} if fenced else {"SYNQC_TEST_FENCE": "0"}
    first = service(url, SYNQC_TEST_PAUSE=str(tmp_path), **environment, **fence).start()
    second = service(url, **environment)
    first.note("x1", "old")
    (tmp_path / "pause").touch()
    asking, answers = first.try_to_note("x1", "stale")
    wait_until((tmp_path / "paused").exists)
    first.freeze()
    second.start()  # waits for the lease to end
    assert second.notes("x1") == "old"
    second.note("x1", "fresh")
    (tmp_path / "pause").unlink()
    first.wake()
    asking.join(60)
    assert answers[0][0] == 503, answers
    with psycopg.connect(url) as connection:
        stored = connection.execute("SELECT config FROM sessions WHERE session_id = 'x1'").fetchone()[0]
    assert ('"fresh"' in stored) == fenced
    if fenced:
        check_that_it_returns(first, second)


def test_terminated_backends_move_nothing_to_a_second_service(url, service, counting):
    first, second = service(url).start(), service(url)
    client = counting(first, second)
    client.wait_for_more(5)
    second.start(wait=False)
    with psycopg.connect(url, autocommit=True) as administrator:
        for _ in range(15):
            terminate_backends(administrator)
            time.sleep(0.1)
    client.wait_for_more(5, server=0)
    client.stop()
    assert {who for _, who in client.acknowledgements} == {0}
    assert client.faults == []
    assert int(first.notes("x1")) >= client.acknowledged


def test_a_service_that_is_cut_off_from_its_database_falls_silent_before_another_speaks(url, service, counting):
    relay = Relay(5432)
    first, second = service(url.replace(":5432", f":{relay.port}")).start(), service(url)
    client = counting(first, second)
    client.wait_for_more(5, server=0)
    relay.freeze()
    asking, hanging = first.try_to_note("x2", "")  # while it still owns the database
    second.start()
    client.wait_for_more(5, server=1)
    assert refuses(first)
    asking.join(60)
    assert [status for status, _ in hanging] == [503], hanging
    relay.thaw()
    client.wait_for_more(20, server=1)
    wait_until(lambda: "by another SynqC service" in first.readiness()[1])
    assert refuses(first)
    client.stop()
    assert client.faults == []
    last_of_first = max(when for when, who in client.acknowledgements if who == 0)
    assert last_of_first < min(when for when, who in client.acknowledgements if who == 1)
    assert int(second.notes("x1")) >= client.acknowledged
    relay.close()


def test_a_restart_of_the_database_costs_no_acknowledged_change(service, counting):
    with scratch_cluster() as cluster:
        first = service(cluster.url).start()
        client = counting(first)
        client.wait_for_more(5)
        for _ in range(2):
            cluster.restart()
            client.wait_for_more(5)
        client.stop()
        assert client.faults == []
        assert int(first.notes("x1")) >= client.acknowledged
        first.stop()


@pytest.mark.deep
def test_chaos(tmp_path, url, service, counting, seed):
    """Two services, one database, six clients; one of them freezes, is killed, is cut off or loses its backends."""
    rng = random.Random(seed)
    relays = [Relay(5432), Relay(5432)]
    services = [service(url.replace(":5432", f":{relay.port}")) for relay in relays]
    services[0].start()
    clients = [counting(*services, name=f"x{number}") for number in range(6)]
    for round_ in range(25):
        where = f"seed {seed}, round {round_}"
        for one in services:
            if one.process is None or one.process.poll() is not None:
                one.start(wait=False)
        index = rng.randrange(2)
        act = rng.choice(["freeze", "kill", "cut", "terminate", "stop"])
        if act == "freeze":
            services[index].freeze()
            time.sleep(rng.random() * 3 * LEASE_S)
            services[index].wake()
        elif act == "kill":
            services[index].kill()
        elif act == "stop":
            services[index].stop()
        elif act == "cut":
            relays[index].freeze()
            time.sleep(rng.random() * 3 * LEASE_S)
            relays[index].thaw()
        else:
            with psycopg.connect(url, autocommit=True) as administrator:
                terminate_backends(administrator)
        time.sleep(rng.random())
        for client in clients:
            assert client.faults == [], f"{where}: {act}"
    for one in services:
        if one.process.poll() is not None:
            one.start(wait=False)
    for client in clients:
        client.wait_for_more(2, seconds=60)
        client.stop()
        assert client.faults == [], f"seed {seed}"
    with psycopg.connect(url) as connection:
        for client in clients:
            stored = connection.execute("SELECT config FROM sessions WHERE session_id = %s", [client.name]).fetchone()
            assert f'"notes":"{client.acknowledged}"' in stored[0], f"seed {seed}: {client.name}"

"""No acknowledged change of a session is lost and no two nodes answer for it at once, whatever freezes, dies or is cut.

Histories of one writer and two readers per session are held against a single copy. Longer, at random: `make test-deep`;
SYNQC_CHAOS_SECONDS says how long.
"""

import os
import random
import time

import psycopg
import pytest
from history_clients import HistoryClients
from linearizability import first_fault
from node_servers import LEASE_S
from relay import Relay
from waiting import wait_until


def started(*nodes):
    for one in nodes:
        one.start(wait=False)
    for one in nodes:
        one.wait_until_it_answers()
    return list(nodes)


@pytest.fixture
def clients():
    """Starts clients of sessions."""
    made = []

    def start(servers, count=1, seed=0, **options):
        for number in range(count):
            servers[0].note(f"x{number}", "0")
        new = [HistoryClients(f"x{number}", servers, seed, **options).start() for number in range(count)]
        made.extend(new)
        return new

    yield start
    for one in made:
        one._ended.set()


def check(clients, url, where=""):
    for one in clients:
        one.stop()
    with psycopg.connect(url) as connection:
        for one in clients:
            fault = first_fault(one.history, 0)
            assert fault is None, (where, one.session, fault)
            last = one.acknowledged[-1].value
            stored = connection.execute(
                "SELECT config::json ->> 'notes' FROM sessions WHERE session_id = %s", [one.session]
            ).fetchone()[0]
            assert int(stored) >= last, (where, one.session, stored, last)


def terminate_backends(url):
    with psycopg.connect(url, autocommit=True) as administrator:
        administrator.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name = 'synqc'"
        )


def owner_of(url, nodes, session="x0"):
    with psycopg.connect(url) as connection:
        address = connection.execute(
            "SELECT address FROM sessions JOIN nodes ON number = owner WHERE session_id = %s", [session]
        ).fetchone()[0]
    return next(one for one in nodes if one.address == address)


@pytest.mark.parametrize("fenced", [True, False], ids=["fenced", "fence switched off"])
def test_a_change_of_a_frozen_node_is_not_stored_after_another_has_adopted_its_session(tmp_path, url, node, fenced):
    """Frozen between its decision and its commit. Without the fence the test sees the fault it is there for."""
    fence = {} if fenced else {"SYNQC_TEST_FENCE": "0"}
    first, second = started(node(SYNQC_TEST_PAUSE=str(tmp_path), **fence), node())
    first.note("x1", "old")
    (tmp_path / "pause").touch()
    stale = HistoryClients("x1", [first], 0, readers=0, pause=60.0).start()
    wait_until((tmp_path / "paused").exists)
    first.freeze()
    charged = second.answer("POST", "/sessions/x1/run", {})["session"]["shots_used"]  # waits for the lease to end
    (tmp_path / "pause").unlink()
    first.wake()
    wait_until(lambda: stale.history)
    with psycopg.connect(url, autocommit=True) as connection:
        notes, shots_used = connection.execute(
            "SELECT config::json ->> 'notes', shots_used FROM sessions WHERE session_id = 'x1'"
        ).fetchone()
    if not fenced:
        assert (notes, shots_used) == ("1", 0), "what the frozen node remembered was stored over a run"
        return
    assert shots_used == charged > 0
    assert (notes == "1") == bool(stale.acknowledged), "refused there, it may have been done by the new owner"
    wait_until(lambda: first.request("GET", "/api/v1/synqc/ready")[0] == 200)
    assert first.answer("GET", "/sessions/x1")["shots_used"] == charged, "it has registered anew, and asks the owner"


def test_three_nodes_lose_nothing_to_faults_in_turn(url, node, clients):
    relays = [Relay(5432) for _ in range(3)]
    nodes = started(*(node(url.replace(":5432", f":{relay.port}")) for relay in relays))
    running = clients(nodes, count=2, seed=1)
    running[0].wait_for_more()
    taken_over = {}

    def takes_over(what, act):
        act()
        began = time.monotonic()
        taken_over[what] = running[0].wait_for_more(1) - began
        running[0].wait_for_more()

    terminate_backends(url)
    running[0].wait_for_more()

    victim = owner_of(url, nodes)
    takes_over("frozen", victim.freeze)
    victim.wake()
    running[0].wait_for_more()

    victim = owner_of(url, nodes)
    takes_over("killed", victim.kill)
    victim.start()

    victim = owner_of(url, nodes)
    takes_over("cut from the database", relays[nodes.index(victim)].freeze)
    relays[nodes.index(victim)].thaw()
    running[0].wait_for_more()

    victim = owner_of(url, nodes)
    takes_over("stopped", victim.stop)
    victim.start()
    running[0].wait_for_more()
    check(running, url)
    for relay in relays:
        relay.close()
    assert all(len(one.acknowledged) > 15 for one in running)
    moves = sum(one["moves"] for one in nodes[0].nodes().values())
    assert moves >= 4, taken_over


@pytest.mark.deep
@pytest.mark.parametrize("fenced", [True, False], ids=["fenced", "fence switched off"])
def test_chaos(url, node, clients, seed, fenced):
    """Three nodes whose changes take 20 ms, and 6 sessions; somebody freezes, is killed, is cut off or stopped."""
    rng = random.Random(seed)
    relays = [Relay(5432) for _ in range(3)]
    fence = {} if fenced else {"SYNQC_TEST_FENCE": "0"}
    nodes = started(
        *(node(url.replace(":5432", f":{relay.port}"), SYNQC_TEST_SLOW="0.02", **fence) for relay in relays)
    )
    running = clients(nodes, count=6, seed=seed)
    ends = time.monotonic() + float(os.environ.get("SYNQC_CHAOS_SECONDS", "120"))
    rounds = 0
    while time.monotonic() < ends:
        rounds += 1
        index = rng.randrange(3)
        for one in nodes:
            if one.process.poll() is not None:
                one.start(wait=False)
        act = rng.choice(["freeze", "freeze", "kill", "cut", "terminate", "stop"]) if fenced else "freeze"
        if act == "freeze":
            nodes[index].freeze()
            time.sleep((0.5 + rng.random()) * 2 * LEASE_S)
            nodes[index].wake()
        elif act == "kill":
            nodes[index].kill()
        elif act == "stop":
            nodes[index].stop()
        elif act == "cut":
            relays[index].freeze()
            time.sleep(rng.random() * 3 * LEASE_S)
            relays[index].thaw()
        else:
            terminate_backends(url)
        time.sleep(rng.random())
        if not fenced and any(first_fault(tuple(one.history), 0) for one in running):
            return  # seen
    for one in nodes:
        if one.process.poll() is not None:
            one.start(wait=False)
    for one in running:
        one.wait_for_more(2, seconds=60)
    assert fenced, f"seed {seed}: {rounds} rounds without fence, and no fault was seen"
    check(running, url, f"seed {seed}, {rounds} rounds")

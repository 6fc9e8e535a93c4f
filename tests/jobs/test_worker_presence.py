"""On SQLite a worker that finds no other one takes over at once what the dead left; the living keep what they have."""

import subprocess
import sys
import threading

import pytest

from synqc.jobs import JobState, Work, Worker, open_ledger
from synqc.jobs.worker_presence import WorkerPresence
from synqc.storage import StorageUnavailable

NEVER_S = 3600.0
ELSEWHERE = """
import fcntl, os, sys
fcntl.flock(os.open(sys.argv[1], os.O_RDONLY), fcntl.LOCK_SH)
print("there", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def ledger(tmp_path):
    with open_ledger(tmp_path) as opened:
        yield opened


@pytest.fixture
def left(ledger):
    """A job of a worker that died with a long lease."""
    job_id = ledger.submit("square", 3)
    assert ledger.claim("somebody who died", {"square": 1}, lease_s=NEVER_S)
    return job_id


def worker(ledger, **options):
    return Worker(ledger, {"square": Work(lambda job: job.payload**2)}, lease_s=NEVER_S, **options)


def test_who_is_alone_takes_over_at_once(ledger, left):
    with worker(ledger, takes_over=True):
        found = ledger.wait(left, 30)
    assert (found.result, found.attempt) == (9, 2)


def test_nobody_takes_over_who_was_not_told_to(ledger, left):
    with worker(ledger):
        assert ledger.wait(ledger.submit("square", 2), 30).result == 4
    assert ledger.job(left).state is JobState.RUNNING


def test_what_a_living_worker_of_this_process_has_is_left_to_it(ledger):
    begun, go = threading.Event(), threading.Event()

    def work(job):
        begun.set()
        assert go.wait(30)
        return job.attempt

    with Worker(ledger, {"slow": Work(work)}, lease_s=NEVER_S):
        job_id = ledger.submit("slow")
        assert begun.wait(30)
        with worker(ledger, takes_over=True):
            go.set()
            assert ledger.wait(job_id, 30).result == 1


def test_what_workers_of_other_processes_may_have_is_left_until_they_are_gone(ledger, left, tmp_path):
    with subprocess.Popen(
        [sys.executable, "-c", ELSEWHERE, tmp_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout.readline() == "there\n"
        with worker(ledger, takes_over=True):
            assert ledger.wait(ledger.submit("square", 2), 30).result == 4
            assert ledger.job(left).state is JobState.RUNNING
        other.kill()
    with worker(ledger, takes_over=True):
        assert ledger.wait(left, 30).result == 9


def test_two_that_come_at_once_are_not_both_alone(ledger):
    entered, go, seen = threading.Event(), threading.Event(), []

    def slowly():
        seen.append("first")
        entered.set()
        assert go.wait(30)

    def first():
        WorkerPresence(ledger.database, slowly).leave()

    def second():
        WorkerPresence(ledger.database, lambda: seen.append("second")).leave()

    threads = [threading.Thread(target=first), threading.Thread(target=second)]
    threads[0].start()
    assert entered.wait(30)
    threads[1].start()
    threads[1].join(0.05)
    assert threads[1].is_alive(), "nobody begins to work before the first one has taken over"
    go.set()
    for thread in threads:
        thread.join(30)
    assert seen[0] == "first"


def test_trouble_with_storage_keeps_no_worker_from_beginning(ledger, caplog):
    def fail():
        raise StorageUnavailable("The disk is full.")

    WorkerPresence(ledger.database, fail).leave()
    assert "wait for their leases: The disk is full." in caplog.text

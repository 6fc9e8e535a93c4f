"""Submitters and workers are killed: no answered job is lost, none ends twice or stays running, no charge is lost.

More rounds than usual, on each database: `SYNQC_JOB_KILL_ROUNDS=500 pytest tests/crash/test_job_kill.py`.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from job_victims import LEASE_S, count
from scratch_postgresql import scratch_postgresql
from sqlalchemy import func, select

from synqc.jobs import JobFilter, JobState, Work, Worker, open_ledger
from synqc.jobs.tables.schema import charges
from synqc.storage.database import DatabaseLocation

ROUNDS = int(os.environ.get("SYNQC_JOB_KILL_ROUNDS", "50"))
MOST = 1_000_000


@pytest.fixture(params=["sqlite", "postgresql"])
def location(request, tmp_path):
    if request.param == "sqlite":
        yield DatabaseLocation(tmp_path)
    else:
        with scratch_postgresql() as url:
            yield DatabaseLocation(tmp_path, url)


class Victims:
    """The process that forks victims, and what they were answered."""

    def __init__(self, location):
        program = Path(__file__).with_name("job_victims.py")
        arguments = [str(location.state_dir), *([location.url] if location.url else [])]
        self.process = subprocess.Popen(
            [sys.executable, str(program), *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.jobs, self.batches, self.cancelled = {}, [], set()

    def live_and_die(self, name, seconds, *, is_answered_first):
        """One round: so long after the victim is ready, or after its first answer."""
        self.process.stdin.write(f"{name}\n")
        self.process.stdin.flush()
        pid = None
        waited_for = {"pid", "ready", *(["answer"] if is_answered_first else [])}
        while waited_for:
            word, *rest = self._words()
            if word == "pid":
                pid = int(rest[0])
            elif word != "ready":
                self._hear(word, *rest)
            waited_for.discard(word if word in ("pid", "ready") else "answer")
        time.sleep(seconds)
        os.kill(pid, signal.SIGKILL)
        while (words := self._words())[0] != "dead":
            self._hear(*words)

    def close(self):
        self.process.stdin.close()
        assert self.process.wait(60) == 0

    def _words(self):
        line = self.process.stdout.readline()
        assert line.endswith("\n"), "the process that forks victims ended"
        return line.split()

    def _hear(self, kind, job_id, *rest):
        if kind == "job":
            number, name = rest
            self.jobs[job_id] = {"number": int(number), "by": name}
        elif kind == "batch":
            self.batches.append(job_id)
        else:
            self.cancelled.add(job_id)


def do_what_is_left(ledger):
    """As a worker that nobody kills."""
    with Worker(ledger, {"count": Work(count, concurrency=8)}, lease_s=LEASE_S):
        deadline = time.monotonic() + 240
        while ledger.counts().keys() & {JobState.QUEUED, JobState.RUNNING}:
            assert time.monotonic() < deadline, ledger.counts()
            time.sleep(0.1)


def check_history(ledger, job):
    events = ledger.events(job.id)
    kinds = Counter(event.kind for event in events)
    assert [event.number for event in events] == list(range(1, len(events) + 1)), job
    assert kinds["claimed"] == job.attempt, job
    assert kinds["succeeded"] + kinds["cancelled"] == 1, (job, kinds)
    return kinds


def run(location, rounds, seed):
    rng = random.Random(seed)
    print(f"seed {seed}")
    victims = Victims(location)
    for number in range(rounds):
        victims.live_and_die(f"r{number}", rng.uniform(0.0, 0.25), is_answered_first=number % 2 == 0)
    victims.close()
    with open_ledger(location) as ledger:
        if location.url is None:
            ledger.expire(owners_are_gone=True)
        do_what_is_left(ledger)
        found = {job.id: job for job in ledger.jobs(JobFilter(limit=MOST))}
        for job_id, payload in victims.jobs.items():
            job = ledger.job(job_id)
            kinds = check_history(ledger, job)
            assert job.payload == payload
            if job.state is JobState.SUCCEEDED:
                assert job.result == payload["number"] * 2
                assert "cancel_requested" not in kinds
            else:
                assert job.state is JobState.CANCELLED
            assert len(ledger.parts(job_id)) <= job.attempt
        ended_first = [job_id for job_id in victims.cancelled if found[job_id].state is not JobState.CANCELLED]
        assert {found[job_id].state for job_id in ended_first} <= {JobState.SUCCEEDED}
        for batch in victims.batches:
            job = ledger.job(batch)
            assert (job.state, job.items) == (JobState.SUCCEEDED, {JobState.SUCCEEDED: 2})
        with ledger.database.reading() as connection:
            spent = connection.scalar(select(func.sum(charges.c.spent_usd_micros)))
            entries = connection.scalar(select(func.count()).select_from(charges))
            open_ones = connection.scalar(
                select(func.count()).select_from(charges).where(charges.c.spent_usd_micros.is_(None))
            )
        single = [job for job in found.values() if not job.is_batch]
        assert open_ones == 0
        assert entries == spent == sum(job.spending.usd_micros.spent for job in single)
        assert all(job.spending.usd_micros.reserved == 0 for job in found.values())


def test_victims_lose_nothing_and_do_nothing_twice(location, seed):
    run(location, ROUNDS, seed)


@pytest.mark.deep
def test_many_victims_lose_nothing_and_do_nothing_twice(location, seed):
    run(location, 500, seed)

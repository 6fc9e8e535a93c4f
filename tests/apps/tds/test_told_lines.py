"""Whoever watches a session is told of each line of its log once, in order."""

import itertools
import json
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor, wait

from waiting import wait_until

from synqc.apps.tds.models import RunConfiguration, RunRequest
from synqc.apps.tds.storage import Change
from synqc.errors import SynqcError

LONG = RunRequest(num_iterations=200, shot_limit=200_000)


class Viewer:
    """Counts from the present on."""

    def __init__(self, tds, session):
        self._writer = tds.store.writer
        self._session = session
        self._first = session.events.subscribe(lambda: None)
        self._lines_before = session.next_line

    def told(self):
        return [one["line"] for one in self._told_of("log")]

    def states(self):
        return [one["status"] for one in self._told_of("state")]

    def _told_of(self, kind):
        self._writer.submit(Change()).result(10)  # what was said before is stored now
        events, lost = self._session.events.since(self._first)
        assert not lost
        return [json.loads(event.data) for event in events if event.kind == kind]

    def logged(self):
        return self._session.newest_lines(self._session.next_line - self._lines_before)


def watched(tds, name="x1", **config):
    session, stored = tds.store.create_or_update(name, RunConfiguration(**config))
    stored.result(10)
    tds.store.writer.submit(Change()).result(10)  # what is stored is told a moment later, by the same thread
    return session, Viewer(tds, session)


def run(tds, name="x1", request=LONG):
    with ThreadPoolExecutor(1) as threads:
        return tds.runs.submit(name, request, short=threads.submit, long=threads.submit)


def test_a_run_is_told_once(opened):
    tds = opened()
    _, viewer = watched(tds)
    run(tds, request=RunRequest(shot_limit=9000)).result(20)
    assert viewer.told() == viewer.logged()
    assert [line.split("] ")[1].split(" ")[0] for line in viewer.told()] == ["Shot", "Run", "Run"]


def test_a_run_that_ends_before_its_beginning_is_stored_is_told_as_running_and_then_as_idle(opened):
    tds = opened()
    session, viewer = watched(tds)
    calls, stored_again = itertools.count(), threading.Event()
    session.events.subscribe(lambda: stored_again.wait(20) if next(calls) == 0 else None)  # holds who stores
    tds.store.save(session)
    with ThreadPoolExecutor(1) as threads:
        answer = tds.runs.submit("x1", RunRequest(shot_limit=9000), short=threads.submit, long=threads.submit)
        wait_until(lambda: session.last_run_id is not None)
        stored_again.set()
        answer.result(20)
    assert viewer.states() == ["idle", "running", "idle"]


def test_a_run_is_told_of_while_it_goes_on(opened):
    tds = opened()
    session, viewer = watched(tds, adaptive_rule="rl")
    with ThreadPoolExecutor(1) as threads:
        answer = tds.runs.submit("x1", LONG, short=threads.submit, long=threads.submit)
        deadline = time.monotonic() + 20
        while len(viewer.told()) < 2:
            assert time.monotonic() < deadline
        assert viewer.told()[-1].endswith("Run started.")
        assert session.status == "running"
        tds.runs.kill("x1")[1].result(10)
        wait([answer], 20)
    assert viewer.told() == viewer.logged()


def test_a_viewer_who_comes_during_a_run_is_not_told_what_was_there_before(opened):
    tds = opened()
    session, stored = tds.store.create_or_update("x1", RunConfiguration())
    stored.result(10)
    started = tds.runs.start("x1", LONG)
    viewer = Viewer(tds, session)
    tds.runs.execute(started).stored.result(10)
    assert viewer.told() == viewer.logged()


def test_anything_in_any_order_is_told_once_and_in_order(opened, seed):
    rng = random.Random(seed)
    tds = opened()
    _, viewer = watched(tds)
    rules = ("none", "kalman", "bayes")

    def act(kind, rng):
        if kind == "configure":
            tds.store.create_or_update("x1", RunConfiguration(adaptive_rule=rng.choice(rules)))[1].result(10)
        elif kind == "kill":
            tds.runs.kill("x1")[1].result(10)
        elif kind == "refused":
            limited = tds.store.create_or_update("x1", RunConfiguration(probe_strength=0.9))[1]
            limited.result(10)
        else:
            request = RunRequest(mode=kind, num_iterations=rng.choice([1, 3, 100]), shot_limit=rng.choice([None, 5000]))
            with ThreadPoolExecutor(1) as threads:
                tds.runs.submit("x1", request, short=threads.submit, long=threads.submit).result(20)

    kinds = ["configure", "run", "dryrun", "kill", "kill", "refused"]
    with ThreadPoolExecutor(4) as threads:
        acts = [threads.submit(act, rng.choice(kinds), random.Random(rng.random())) for _ in range(120)]
        for one in acts:
            error = one.exception(60)
            assert error is None or isinstance(error, SynqcError), f"seed {seed}: {error!r}"
    assert viewer.told() == viewer.logged(), f"seed {seed}"
    assert len(viewer.told()) > 120 / 3, f"seed {seed}"

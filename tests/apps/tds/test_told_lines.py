"""Whoever watches a session is told of each line of its log once, in order."""

import json
import random
import time
from concurrent.futures import ThreadPoolExecutor, wait

from synqc.apps.tds.models import RunConfiguration, RunRequest
from synqc.apps.tds.storage import Change
from synqc.errors import SynqcError

LONG = RunRequest(num_iterations=200, shot_limit=200_000)


class Viewer:
    """Counts from the present on."""

    def __init__(self, laboratory, session):
        self._writer = laboratory.store.writer
        self._session = session
        self._first = session.events.watch(lambda: None)
        self._lines_before = session.next_line

    def told(self):
        self._writer.submit(Change()).result(10)  # what was said before is stored now
        events, lost = self._session.events.since(self._first)
        assert not lost
        return [json.loads(event.data)["line"] for event in events if event.kind == "log"]

    def logged(self):
        return self._session.newest_lines(self._session.next_line - self._lines_before)


def watched(laboratory, name="x1", **config):
    session, stored = laboratory.store.create_or_update(name, RunConfiguration(**config))
    stored.result(10)
    return session, Viewer(laboratory, session)


def run(laboratory, name="x1", request=LONG):
    with ThreadPoolExecutor(1) as threads:
        return laboratory.runs.submit(name, request, short=threads.submit, long=threads.submit)


def test_a_run_is_told_once(opened):
    laboratory = opened()
    _, viewer = watched(laboratory)
    run(laboratory, request=RunRequest(shot_limit=9000)).result(20)
    assert viewer.told() == viewer.logged()
    assert [line.split("] ")[1].split(" ")[0] for line in viewer.told()] == ["Shot", "Run", "Run"]


def test_a_run_is_told_of_while_it_goes_on(opened):
    laboratory = opened()
    session, viewer = watched(laboratory, adaptive_rule="rl")
    with ThreadPoolExecutor(1) as threads:
        answer = laboratory.runs.submit("x1", LONG, short=threads.submit, long=threads.submit)
        deadline = time.monotonic() + 20
        while len(viewer.told()) < 2:
            assert time.monotonic() < deadline
        assert viewer.told()[-1].endswith("Run started.")
        assert session.status == "running"
        laboratory.runs.kill("x1")[1].result(10)
        wait([answer], 20)
    assert viewer.told() == viewer.logged()


def test_a_viewer_who_comes_during_a_run_is_not_told_what_was_there_before(opened):
    laboratory = opened()
    session, stored = laboratory.store.create_or_update("x1", RunConfiguration())
    stored.result(10)
    started = laboratory.runs.start("x1", LONG)
    viewer = Viewer(laboratory, session)
    laboratory.runs.execute(started).stored.result(10)
    assert viewer.told() == viewer.logged()


def test_anything_in_any_order_is_told_once_and_in_order(opened):
    seed = random.randrange(2**32)
    rng = random.Random(seed)
    laboratory = opened()
    _, viewer = watched(laboratory)
    rules = ("none", "kalman", "bayes")

    def act(kind, rng):
        if kind == "configure":
            laboratory.store.create_or_update("x1", RunConfiguration(adaptive_rule=rng.choice(rules)))[1].result(10)
        elif kind == "kill":
            laboratory.runs.kill("x1")[1].result(10)
        elif kind == "refused":
            limited = laboratory.store.create_or_update("x1", RunConfiguration(probe_strength=0.9))[1]
            limited.result(10)
        else:
            request = RunRequest(mode=kind, num_iterations=rng.choice([1, 3, 100]), shot_limit=rng.choice([None, 5000]))
            with ThreadPoolExecutor(1) as threads:
                laboratory.runs.submit("x1", request, short=threads.submit, long=threads.submit).result(20)

    kinds = ["configure", "run", "dryrun", "kill", "kill", "refused"]
    with ThreadPoolExecutor(4) as threads:
        acts = [threads.submit(act, rng.choice(kinds), random.Random(rng.random())) for _ in range(120)]
        for one in acts:
            error = one.exception(60)
            assert error is None or isinstance(error, SynqcError), f"seed {seed}: {error!r}"
    assert viewer.told() == viewer.logged(), f"seed {seed}"
    assert len(viewer.told()) > 120 / 3, f"seed {seed}"

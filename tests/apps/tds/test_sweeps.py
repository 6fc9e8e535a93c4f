"""Sweeps: their points are the laboratory's, cancelled ones keep what they have, and all outlive the process."""

import contextlib
import json
import threading
import time
from math import hypot
from types import SimpleNamespace

import pytest
from waiting import wait_until

from synqc.apps.tds import clock, sweep_work
from synqc.apps.tds.models import RunConfiguration, SweepRequest
from synqc.apps.tds.storage import Change
from synqc.apps.tds.store import UnknownSession
from synqc.apps.tds.sweeps import TooManySweeps, UnknownSweep
from synqc.errors import InputError, ServiceStopping
from synqc.jobs import JobState
from synqc.lab.sweep import sweep

KEYS = [
    "sweep_id", "session_id", "status", "done", "total", "cached", "axes", "shots", "seed", "config", "error",
    "results",
]  # fmt: skip
SMALL = {"probe_strength": [0.1, 0.3], "probe_duration_ns": [60, 120, 240]}


@pytest.fixture
def tds(opened):
    return opened()


def ended(tds, sweep_id):
    deadline = time.monotonic() + 60
    while True:
        found = json.loads(tds.sweeps.read(sweep_id))
        if found["status"] != "running":
            return found
        assert time.monotonic() < deadline
        time.sleep(0.01)


class TestResults:
    def test_they_are_what_the_experiment_gives_at_each_point(self, tds):
        started = tds.sweeps.start(SweepRequest(axes=SMALL, shots=100, seed=5))
        assert list(started) == KEYS
        assert (started["status"], started["total"]) == ("running", 6)
        found = ended(tds, started["sweep_id"])
        assert (found["status"], found["done"], found["error"]) == ("finished", 6, None)
        fidelity = found["results"]["fidelity"]
        for row, strength in enumerate(SMALL["probe_strength"]):
            for column, duration in enumerate(SMALL["probe_duration_ns"]):
                config = RunConfiguration(probe_strength=strength, probe_duration_ns=duration)
                expected = tds.engine.experiment(config).run(shots=4000, seed=1, progress=False).fidelity
                error = hypot(fidelity["standard_errors"][row][column], expected.standard_error)
                assert abs(fidelity["values"][row][column] - expected.value) < 5 * error

    def test_a_repeated_one_is_remembered(self, tds):
        first = ended(tds, tds.sweeps.start(SweepRequest(axes=SMALL, shots=100))["sweep_id"])
        again = ended(tds, tds.sweeps.start(SweepRequest(axes=SMALL, shots=100))["sweep_id"])
        assert (first["cached"], again["cached"]) == (0, 6)
        assert again["results"] == first["results"]

    def test_they_outlive_the_process(self, opened):
        first = opened()
        found = ended(first, first.sweeps.start(SweepRequest(axes={"probe_strength": [0.2]}))["sweep_id"])
        second = opened()
        assert json.loads(second.sweeps.read(found["sweep_id"])) == found


@pytest.fixture
def counted(monkeypatch):
    """Sweeps wait after each point that is counted, until `let_go` is set; `reached` is set at the first one.

    `begun` is set before.
    """
    begun, reached, let_go = threading.Event(), threading.Event(), threading.Event()

    def sweep_and_wait(*arguments, progress, **options):
        begun.set()

        def count(done, total):
            progress(done, total)
            reached.set()
            assert let_go.wait(60)

        return sweep(*arguments, progress=count, **options)

    monkeypatch.setattr(sweep_work, "sweep", sweep_and_wait)
    yield SimpleNamespace(begun=begun, reached=reached, let_go=let_go)
    let_go.set()


class TestCancelling:
    def test_what_it_has_is_kept_also_of_one_whose_first_point_was_just_counted(self, tds, counted):
        sweep_id = tds.sweeps.start(SweepRequest(axes=SMALL, shots=100))["sweep_id"]
        assert counted.reached.wait(60)
        assert json.loads(tds.sweeps.read(sweep_id))["done"] == 1
        assert json.loads(tds.sweeps.cancel(sweep_id))["status"] == "cancelled"
        counted.let_go.set()
        tds.sweeps.close()
        found = json.loads(tds.sweeps.read(sweep_id))
        assert (found["status"], found["error"], found["done"], found["total"]) == ("cancelled", None, 1, 6)
        (first, *row), other_row = found["results"]["fidelity"]["values"]
        assert 0 < first <= 1
        assert [*row, *other_row] == [None] * 5

    def test_one_whose_last_point_was_just_counted_is_cancelled_with_all_its_results(self, tds, counted):
        sweep_id = tds.sweeps.start(SweepRequest(axes={"probe_strength": [0.3]}, shots=100))["sweep_id"]
        assert counted.reached.wait(60)
        cancelled = json.loads(tds.sweeps.cancel(sweep_id))
        assert (cancelled["status"], cancelled["results"]) == ("cancelled", None)
        counted.let_go.set()
        tds.sweeps.close()
        found = json.loads(tds.sweeps.read(sweep_id))
        assert (found["status"], found["error"], found["done"]) == ("cancelled", None, 1)
        assert found["results"]["fidelity"]["values"][0] is not None

    def test_one_that_is_at_its_first_point_stays_cancelled(self, tds, counted):
        axes = {"probe_strength": [0.3]}
        config = RunConfiguration(adaptive_rule="rl")  # a minute for a point
        sweep_id = tds.sweeps.start(SweepRequest(axes=axes, config=config, shots=100_000))["sweep_id"]
        assert counted.begun.wait(60)
        time.sleep(0.1)  # or before its first shot, where a thread comes late
        tds.sweeps.cancel(sweep_id)
        tds.sweeps.close()
        found = json.loads(tds.sweeps.read(sweep_id))
        assert (found["status"], found["error"], found["done"]) == ("cancelled", None, 0)

    def test_one_that_waited_is_kept_too(self, opened, counted):
        first = opened()
        running = first.sweeps.start(SweepRequest(axes=SMALL, shots=100))["sweep_id"]
        assert counted.reached.wait(60)
        waiting = first.sweeps.start(SweepRequest(axes=SMALL))["sweep_id"]
        cancelled = json.loads(first.sweeps.cancel(waiting))
        assert (cancelled["status"], cancelled["done"]) == ("cancelled", 0)
        first.sweeps.cancel(running)
        counted.let_go.set()
        after = first.sweeps.start(SweepRequest(axes={"probe_strength": [0.2]}))["sweep_id"]
        ended(first, after)
        second = opened()
        assert json.loads(second.sweeps.read(waiting)) == cancelled

    def test_one_that_has_ended_stays_as_it_is(self, tds):
        found = ended(tds, tds.sweeps.start(SweepRequest(axes=SMALL, shots=100))["sweep_id"])
        assert json.loads(tds.sweeps.cancel(found["sweep_id"])) == found


class TestRefusals:
    @pytest.mark.parametrize(
        ("axes", "words"),
        [
            ({"probe_strength": []}, "at least one value, but is empty"),
            ({"probe_strength": [0.1, 1.1]}, "between 0 and 1, but one is 1.1"),
            ({"probe_duration_ns": [4]}, "between 5 and 5000, but one is 4"),
            ({"probe_strength": [float("nan")]}, "between 0 and 1, but one is nan"),
            ({"probe_strength": [0.1] * 51, "probe_duration_ns": [50] * 50}, "at most 2500 points, but .* has 2550"),
        ],
    )  # fmt: skip
    def test_axes_out_of_range(self, tds, axes, words):
        with pytest.raises(InputError, match=words):
            tds.sweeps.start(SweepRequest(axes=axes))

    def test_names_that_nothing_has(self, tds):
        with pytest.raises(UnknownSession):
            tds.sweeps.start(SweepRequest(session_id="nobody", axes=SMALL))
        for method in (tds.sweeps.read, tds.sweeps.cancel):
            with pytest.raises(UnknownSweep):
                method("nobody")

    def test_too_many(self, tds, counted):
        for _ in range(16):
            tds.sweeps.start(SweepRequest(axes=SMALL, shots=100))
        with pytest.raises(TooManySweeps):
            tds.sweeps.start(SweepRequest(axes=SMALL))

    def test_of_two_that_begin_at_once_the_last_place_is_given_to_one(self, tds, monkeypatch):
        counted, both_have_counted = tds.sweeps._ledger.counts, threading.Barrier(2)

        def count_together(kind):
            found = {**counted(kind), JobState.QUEUED: 15}
            with contextlib.suppress(threading.BrokenBarrierError):  # as it shall be: nobody else counts meanwhile
                both_have_counted.wait(0.3)
            if tds.sweeps._ledger.jobs():
                found[JobState.QUEUED] = 16
            return found

        def start(answers):
            try:
                answers.append(tds.sweeps.start(SweepRequest(axes=SMALL))["status"])
            except TooManySweeps:
                answers.append("refused")

        monkeypatch.setattr(tds.sweeps._ledger, "counts", count_together)
        answers = []
        threads = [threading.Thread(target=start, args=(answers,)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(answers) == ["refused", "running"]

    def test_one_that_begins_while_the_service_ends_is_told_so(self, tds):
        tds.sweeps.close()
        with pytest.raises(ServiceStopping):
            tds.sweeps.start(SweepRequest(axes=SMALL))


class TestRestarts:
    def test_one_that_was_interrupted_goes_on_from_the_points_it_had(self, opened, monkeypatch):
        measured, hold = [], threading.Event()

        def sweep_and_wait(*arguments, progress, **options):
            def count(done, total):
                progress(done, total)
                measured.append(done)
                if done == 4:
                    assert hold.wait(60)

            return sweep(*arguments, progress=count, **options)

        monkeypatch.setattr(sweep_work, "sweep", sweep_and_wait)
        first = opened()
        sweep_id = first.sweeps.start(SweepRequest(axes=SMALL, shots=100))["sweep_id"]
        deadline = time.monotonic() + 60
        while len(measured) < 4:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        first.stop()
        hold.set()
        second = opened()
        found = ended(second, sweep_id)
        assert (found["status"], found["done"], found["cached"], found["error"]) == ("finished", 6, 0, None)
        assert measured == [1, 2, 3, 4, 5, 6]
        assert all(value is not None for row in found["results"]["fidelity"]["values"] for value in row)

    def test_one_of_a_former_version_is_read_as_it_was_stored(self, tds):
        document = b'{"sweep_id":"sweep-93eb685f665f","status":"finished"}'
        row = {"sweep_id": "sweep-93eb685f665f", "created_at": clock.now(), "document": document}
        tds.store.writer.submit(Change(sweeps=[row])).result(10)
        assert tds.sweeps.read("sweep-93eb685f665f") == tds.sweeps.cancel("sweep-93eb685f665f") == document


def test_ended_ones_are_forgotten_after_the_days_they_are_kept(opened):
    kept = opened()
    sweep_id = kept.sweeps.start(SweepRequest(axes=SMALL, shots=50))["sweep_id"]
    ended(kept, sweep_id)
    forgetting = opened(keep_jobs_days=1e-6)

    def is_forgotten():
        try:
            forgetting.sweeps.read(sweep_id)
        except UnknownSweep:
            return True
        return False

    wait_until(is_forgotten)

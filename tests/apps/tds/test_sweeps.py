"""Sweeps: their points are the laboratory's, cancelled ones keep what they have, and all outlive the process."""

import json
import time
from math import hypot

import pytest

from synqc.apps.tds.models import RunConfiguration, SweepRequest
from synqc.apps.tds.store import UnknownSession
from synqc.apps.tds.sweeps import TooManySweeps, UnknownSweep
from synqc.errors import InputError

KEYS = [
    "sweep_id", "session_id", "status", "done", "total", "cached", "axes", "shots", "seed", "config", "error",
    "results",
]  # fmt: skip
SMALL = {"probe_strength": [0.1, 0.3], "probe_duration_ns": [60, 120, 240]}
LONG = {"probe_strength": [number / 50 for number in range(50)], "probe_duration_ns": list(range(100, 2100, 50))}


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


class TestCancelling:
    def test_what_it_has_is_kept(self, tds):
        sweep_id = tds.sweeps.start(SweepRequest(axes=LONG, shots=20_000))["sweep_id"]
        while json.loads(tds.sweeps.read(sweep_id))["done"] == 0:
            time.sleep(0.005)
        assert json.loads(tds.sweeps.cancel(sweep_id))["status"] == "cancelled"
        deadline = time.monotonic() + 30
        while (found := json.loads(tds.sweeps.read(sweep_id)))["results"] is None:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        values = [value for line in found["results"]["fidelity"]["values"] for value in line]
        assert 0 < found["done"] < found["total"] == len(values) == 2000
        assert values[0] is not None
        assert values[-1] is None

    def test_one_that_is_at_its_first_point_stays_cancelled(self, tds):
        axes = {"probe_strength": [0.3]}
        config = RunConfiguration(adaptive_rule="rl")  # seconds for a point
        sweep_id = tds.sweeps.start(SweepRequest(axes=axes, config=config, shots=100_000))["sweep_id"]
        time.sleep(0.1)
        tds.sweeps.cancel(sweep_id)
        tds.sweeps.close()
        found = json.loads(tds.sweeps.read(sweep_id))
        assert (found["status"], found["error"], found["done"]) == ("cancelled", None, 0)

    def test_one_that_waited_is_kept_too(self, opened):
        first = opened()
        running = first.sweeps.start(SweepRequest(axes=LONG, shots=20_000))["sweep_id"]
        waiting = first.sweeps.start(SweepRequest(axes=SMALL))["sweep_id"]
        cancelled = json.loads(first.sweeps.cancel(waiting))
        assert cancelled["status"] == "cancelled"
        first.sweeps.cancel(running)
        after = first.sweeps.start(SweepRequest(axes={"probe_strength": [0.2]}))["sweep_id"]
        ended(first, after)
        second = opened()
        assert json.loads(second.sweeps.read(waiting)) == cancelled


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

    def test_too_many(self, tds):
        for _ in range(16):
            tds.sweeps.start(SweepRequest(axes=LONG, shots=20_000))
        with pytest.raises(TooManySweeps):
            tds.sweeps.start(SweepRequest(axes=SMALL))

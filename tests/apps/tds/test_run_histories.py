"""Runs of a session go on from one another: the device moves on, a rule keeps what it learnt, another starts afresh."""

import json
from types import SimpleNamespace

import pytest

from synqc.apps.tds.models import RunConfiguration, RunRequest
from synqc.apps.tds.telemetry import TelemetrySampler

QUBITS = 4


class History:
    """Runs of one session, and what each left."""

    def __init__(self, tds):
        self.tds = tds
        self.results = []
        run = tds.engine.run

        def kept(*args, **options):
            result = run(*args, **options)
            self.results.append(result)
            return result

        tds.engine.run = kept

    @property
    def session(self):
        return self.tds.store.get("x1")

    def configure(self, **config):
        self.tds.store.create_or_update("x1", RunConfiguration(**config))[1].result(10)

    def run(self, seed=None, shot_limit=100_000):
        """Returns the carry that the run went on from, as it is stored."""
        request = RunRequest(num_iterations=3, shot_limit=shot_limit, seed=seed)
        finished = self.tds.runs.execute(self.tds.runs.start("x1", request))
        finished.stored.result(10)
        return json.loads(self.tds.database.run_details(finished.record.run_id))["replay"]["carry"]


@pytest.fixture
def history(opened):
    return History(opened())


def test_each_run_goes_on_from_where_the_last_one_left_the_device(history):
    history.configure(adaptive_rule="kalman")
    before = [history.run() for _ in range(3)]
    left = [result.carry_out.to_dict() for result in history.results]
    assert before == [None, left[0], left[1]]
    moments = [carry["device_time_s"] for carry in left]
    assert 0 < moments[0] < moments[1] < moments[2]
    assert left[0]["drift"] != left[1]["drift"]
    assert left[0]["controllers"] != left[1]["controllers"]
    assert history.session.carry[1].to_dict() == left[2]


def test_it_goes_on_after_a_restart(opened):
    first = History(opened())
    first.configure(adaptive_rule="kalman")
    first.run()
    second = History(opened())
    assert second.run() == first.results[0].carry_out.to_dict()


def test_another_rule_takes_over_the_device_and_nothing_else(history):
    history.configure(adaptive_rule="kalman")
    history.run()
    left = history.results[0].carry_out
    assert left.controllers
    history.configure(adaptive_rule="rl")
    taken = history.run()
    assert (taken["device_time_s"], taken["drift"]) == (left.device_time_s, [list(one) for one in left.drift])
    assert taken["controllers"] == []
    history.configure(adaptive_rule="kalman")
    again = history.run()
    assert again["controllers"] == []
    assert again["device_time_s"] == history.results[1].carry_out.device_time_s > left.device_time_s


@pytest.mark.parametrize("other", [{"hardware_preset": "ion-chain"}, {"hardware_target": "ibm-qpu"}])
def test_another_device_starts_afresh(history, other):
    history.configure()
    history.run()
    history.configure(**other)
    assert history.run() is None
    history.configure(**other, probe_strength=0.1)
    assert history.run() == history.results[1].carry_out.to_dict()


def deployed_by(monitor, session):
    """What the monitor drives each qubit with."""
    monitor.measure(session)
    watched = monitor._watched[session.session_id]
    return [dict(watched._deploy(SimpleNamespace(qubit=qubit))) for qubit in range(QUBITS)]


def test_the_monitor_drives_with_what_the_last_run_had_deployed(history):
    history.configure(adaptive_rule="kalman")
    driven = []
    for _ in range(2):
        history.run()
        driven.append(deployed_by(history.tds.sampler, history.session))
    assert driven == [[dict(one) for one in result.runs[-1].settings] for result in history.results]
    assert driven[0] != driven[1]
    history.session.deployed = None  # as after a restart
    fresh = TelemetrySampler(history.tds.store, history.tds.engine)
    for now, then in zip(deployed_by(fresh, history.session), driven[1], strict=True):
        assert now == pytest.approx(then, rel=1e-12)


def test_the_monitor_drives_with_what_the_rest_of_a_budget_had_deployed(history):
    """What is left for a smaller batch at the end of a run comes after the batches that its figures are of."""
    history.configure(adaptive_rule="kalman")
    history.run(shot_limit=2500)
    [result] = history.results
    full, rest = ([dict(one) for one in run.settings] for run in result.runs)
    assert full != rest
    assert result.run is result.runs[0]
    assert deployed_by(history.tds.sampler, history.session) == rest
    history.session.deployed = None  # as after a restart
    fresh = TelemetrySampler(history.tds.store, history.tds.engine)
    for now, then in zip(deployed_by(fresh, history.session), rest, strict=True):
        assert now == pytest.approx(then, rel=1e-12)


@pytest.mark.parametrize("rule", ["none", "kalman", "bayes"])
def test_the_device_under_the_monitor_moves_on_from_the_last_run(history, rule):
    history.configure(adaptive_rule=rule)
    history.run()
    moments = [history.results[0].carry_out.device_time_s]
    for _ in range(3):
        history.tds.sampler.measure(history.session)
        watched = history.tds.sampler._watched["x1"]
        moments.append(watched._carry.device_time_s)
        watched.ready.clear()
    assert 0 < moments[0] < moments[1] < moments[2] < moments[3]


def test_a_run_does_not_go_on_from_the_monitor(history):
    history.configure(adaptive_rule="kalman")
    history.run()
    for _ in range(3):
        history.tds.sampler.measure(history.session)
        history.tds.sampler.poll(history.session)
    assert history.run() == history.results[0].carry_out.to_dict()


def test_a_run_that_could_not_be_stored_leaves_the_device_where_it_was(history, monkeypatch):
    history.configure(adaptive_rule="kalman")
    history.run()
    before = {name: getattr(history.session, name) for name in ("carry", "deployed", "shots_used", "last_kpis")}
    writer = history.tds.store.writer
    with monkeypatch.context() as patch:
        patch.setattr(writer, "_store", lambda connection, changes: (_ for _ in ()).throw(OSError("no space")))
        finished = history.tds.runs.execute(history.tds.runs.start("x1", RunRequest()))
        assert finished.stored.exception(10) is not None
    assert {name: getattr(history.session, name) for name in before} == before

"""Runs, apart from how they are asked for."""

import pytest

from synqc.apps.tds.application import TdsApplication
from synqc.apps.tds.models import RunConfiguration, RunRequest, SessionStatus
from synqc.apps.tds.runs import RunKilled
from synqc.settings import Settings


@pytest.fixture
def tds(tmp_path):
    made = TdsApplication(Settings(state_dir=tmp_path, background_flush=False))
    made.store.create_or_update("x", RunConfiguration())[1].result(10)
    yield made
    made.close()


def test_a_run_that_no_thread_takes_leaves_its_session_free(tds):
    def refuse(*_):
        raise RuntimeError("cannot schedule new futures after shutdown")

    with pytest.raises(RunKilled, match="is shutting down"):
        tds.runs.submit("x", RunRequest(), short=refuse, long=refuse)
    session = tds.store.get("x")
    assert session.status is SessionStatus.IDLE
    assert session.logs[-1].endswith("Run stopped before it had a result.")
    tds.runs.execute(tds.runs.start("x", RunRequest())).stored.result(10)
    assert session.status is SessionStatus.IDLE


@pytest.mark.parametrize(
    ("iterations", "rule", "where"), [(1, "none", "short"), (200, "none", "long"), (1, "rl", "long")]
)
def test_short_runs_do_not_wait_for_long_ones(tds, iterations, rule, where):
    tds.store.create_or_update("x", RunConfiguration(adaptive_rule=rule))[1].result(10)
    sent = []
    tds.runs.submit(
        "x",
        RunRequest(num_iterations=iterations),
        short=lambda *_: sent.append("short"),
        long=lambda *_: sent.append("long"),
    )
    assert sent == [where]

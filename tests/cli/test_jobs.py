"""`synqc jobs` and `synqc worker`: what they print, what they refuse, and that a worker does jobs of others."""

import json
import os
import random
import signal
import subprocess
import sys

import pytest
from scratch_postgresql import scratch_postgresql
from scratch_redis import REDIS, answering_redis

from synqc.apps.tds.models import RunConfiguration
from synqc.cli import main
from synqc.jobs import JobState, open_ledger
from synqc.storage.database import DatabaseLocation


@pytest.fixture
def ledger(tmp_path, monkeypatch):
    monkeypatch.setenv("SYNQC_STATE_DIR", str(tmp_path))
    monkeypatch.delenv("SYNQC_DATABASE_URL", raising=False)
    with open_ledger(tmp_path) as found:
        yield found


def test_jobs_are_listed_newest_first(ledger, capsys):
    assert main(["jobs", "list"]) == 0
    assert capsys.readouterr().out == "No jobs.\n"
    first, second = ledger.submit("work"), ledger.submit("other")
    ledger.cancel(first)
    assert main(["jobs", "list", "--json"]) == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(job["job_id"], job["state"]) for job in found] == [(second, "queued"), (first, "cancelled")]
    assert main(["jobs", "list", "--state", "cancelled"]) == 0
    head, _, row = capsys.readouterr().out.splitlines()
    assert head.split() == ["job", "state", "attempt", "done", "items", "submitted", "cause"]
    assert row.split()[:3] == [first, "cancelled", "0"]


def test_a_batch_is_listed_with_its_items(ledger, capsys):
    batch = ledger.submit_batch("work", range(3))
    (claimed,) = ledger.claim("w1", {"work": 1}, lease_s=30)
    ledger.complete(claimed)
    assert main(["jobs", "list"]) == 0
    rows = capsys.readouterr().out.splitlines()
    assert [row for row in rows if "2 queued, 1 succeeded" in row] == [
        row for row in rows if row.startswith(f"{batch} ")
    ]


def test_a_job_is_shown_with_its_history(ledger, capsys):
    job_id = ledger.submit("work", {"n": 1})
    (claimed,) = ledger.claim("w1", {"work": 1}, lease_s=30)
    ledger.fail(claimed, "it broke", retry=False)
    assert main(["jobs", "show", job_id, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["payload"], found["cause"]) == ({"n": 1}, "it broke")
    assert [event["kind"] for event in found["history"]] == ["submitted", "claimed", "failed"]
    assert main(["jobs", "show", job_id]) == 0
    assert "failed  attempt 1  by w1  it broke" in capsys.readouterr().out


def test_a_job_is_cancelled_retried_and_watched(ledger, capsys):
    job_id = ledger.submit("work")
    assert main(["jobs", "cancel", job_id]) == 0
    assert main(["jobs", "retry", job_id]) == 0
    (claimed,) = ledger.claim("w1", {"work": 1}, lease_s=30)
    assert main(["jobs", "cancel", job_id]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"{job_id} is cancelled.", f"{job_id} is queued.", f"{job_id} is running and shall end.",
    ]  # fmt: skip
    ledger.complete(claimed)
    assert main(["jobs", "watch", job_id, "--json"]) == 0
    kinds = [json.loads(line)["kind"] for line in capsys.readouterr().out.splitlines()]
    assert kinds == ["submitted", "cancelled", "retried", "claimed", "cancel_requested", "cancelled"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["jobs", "show", "work-0"], "Job 'work-0' not found"),
        (["jobs", "list", "--limit", "0"], "Argument `--limit` must be at least 1, but is 0."),
        (
            ["worker", "--kinds", "swep"],
            "Argument `--kinds` must be one of sweep, sweep_points, generation, dataset, fir_stage, hardware, but is "
            "'swep'; near it: sweep.",
        ),
        (["worker", "--kinds", ","], "Argument `--kinds` must name at least one kind, but is empty."),
        (["worker", "--lease", "0"], "Argument `--lease` must be more than 0, but is 0."),
        (["worker"], "Workers need SYNQC_DATABASE_URL"),
    ],
)
def test_what_cannot_be_is_refused_in_a_line(ledger, capsys, arguments, words):
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1


def test_without_a_database_none_is_made(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("SYNQC_STATE_DIR", str(tmp_path / "nowhere"))
    monkeypatch.delenv("SYNQC_DATABASE_URL", raising=False)
    assert main(["jobs", "list"]) == 2
    assert "There is no database at" in capsys.readouterr().err
    assert not (tmp_path / "nowhere").exists()


@pytest.fixture(params=["looks itself", "is told by Celery"])
def broker_url(request):
    """Of a database of Redis where nobody else has such a queue; skips where one is missing, but fails in CI."""
    if request.param == "looks itself":
        yield None
        return
    if not os.environ.get("CI"):
        pytest.importorskip("celery")
    database = random.randrange(1, 16)
    with answering_redis(database) as server:
        yield f"{REDIS}/{database}"
        bindings = (f"{kind}.synqc_jobs.sweep" for kind in ("_kombu.binding", "_kombu.binding_permanent"))
        server.delete("synqc_jobs.sweep", *bindings)


def test_a_worker_does_sweeps_of_another_process_and_leaves_when_it_is_told(tmp_path, monkeypatch, broker_url):
    with scratch_postgresql() as url, open_ledger(DatabaseLocation(tmp_path, url)) as ledger:
        monkeypatch.setenv("SYNQC_DATABASE_URL", url)
        if broker_url is not None:
            monkeypatch.setenv("SYNQC_BROKER_URL", broker_url)
        worker = subprocess.Popen([sys.executable, "-m", "synqc", "worker"], stdout=subprocess.PIPE, text=True)
        try:
            greeting = worker.stdout.readline()
            assert "does sweep, sweep_points, generation, dataset, fir_stage, hardware of postgresql://" in greeting
            assert ("redis://" in greeting) == (broker_url is not None)
            asked = {
                "session_id": None, "config": RunConfiguration().model_dump(mode="json"), "shots": 50, "seed": 0,
                "axes": {"probe_strength": [0.1, 0.3]}, "total": 2,
            }  # fmt: skip
            found = ledger.wait(ledger.submit("sweep", asked), timeout_s=60)
            assert (found.state, found.progress_done) == (JobState.SUCCEEDED, 2)
            assert len(found.result["figures"]["fidelity"]["values"]) == 2
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(30) == 0
        finally:
            worker.kill()
            worker.wait()

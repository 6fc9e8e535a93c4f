"""A killed process leaves sessions at their last gates; the next one goes on, and nothing is double."""

import os
import random
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest
from scripted_stages import ScriptedStages
from workflow_process import MEERA

from synqc.apps.fir.workflow.session import ResultState
from synqc.apps.fir.workflow.steps import STEPS
from synqc.apps.fir.workflow.workflow import COMPONENTS, Workflow
from synqc.jobs.ledgers import Ledgers
from synqc.storage.database import DatabaseLocation

HERE = Path(__file__).parent


def kill_until_done(directory, sessions, kills, rng):
    """Runs the process again and again; how often it was killed while it was at work."""
    killed = 0
    while True:
        process = subprocess.Popen(
            [sys.executable, HERE / "workflow_process.py", directory, *sessions], stdout=subprocess.PIPE, text=True,
            cwd=HERE, env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        )  # fmt: skip
        try:
            assert process.stdout.readline() == "ready\n"
            if killed < kills:
                time.sleep(rng.uniform(0.0, 0.25))
                if process.poll() is None:
                    process.send_signal(signal.SIGKILL)
                    killed += 1
                    continue
            process.stdout.read()
            assert process.wait(timeout=60) == 0
            return killed
        finally:
            process.kill()
            process.wait(timeout=20)
            process.stdout.close()


def check(directory, sessions):
    with Ledgers() as ledgers:
        workflow = Workflow(ledgers.at(DatabaseLocation(directory), COMPONENTS), ScriptedStages().functions())
        records = workflow.records(limit=1000)
        assert sorted(one.session_id for one in records) == sorted(sessions)
        assert len({one.number for one in records}) == len(sessions)
        for session_id in sessions:
            session = workflow.session(session_id)
            assert workflow.audit(session_id) == []
            assert workflow.rebuilt(session_id) == session
            assert {one.state for one in session.results.values()} == {ResultState.ACCEPTED}
            accepted = [one.entry for one in workflow.history(session_id) if one.entry.kind == "Accepted"]
            assert [one.step for one in accepted] == [step.value for step in STEPS]
            last = accepted[-1]
            receipt = workflow.accept(session_id, last.event["token"], MEERA)
            assert (receipt.number, receipt.at) == (last.number, last.at)


def run(tmp_path, count, kills, seed):
    rng = random.Random(seed)
    sessions = [str(uuid.UUID(int=rng.getrandbits(128), version=4)) for _ in range(count)]
    try:
        assert kill_until_done(tmp_path, sessions, kills, rng) == kills
        check(tmp_path, sessions)
    except AssertionError as broken:
        raise AssertionError(f"seed {seed}: {broken}") from None


def test_sessions_survive_kills(tmp_path, seed):
    run(tmp_path, 25, 3, seed)


@pytest.mark.deep
def test_sessions_survive_a_hundred_kills(tmp_path, seed):
    run(tmp_path, 600, 100, seed)

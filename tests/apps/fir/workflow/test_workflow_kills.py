"""A killed process leaves sessions at their last gates; the next one goes on, and nothing is double."""

import os
import random
import signal
import sys
import time
import uuid
from collections import Counter
from pathlib import Path

import pytest
import warm_python
from scripted_stages import ScriptedStages
from waiting import wait_until
from workflow_process import MEERA

from synqc.apps.fir.workflow.session import ResultState
from synqc.apps.fir.workflow.steps import STEPS
from synqc.apps.fir.workflow.workflow import COMPONENTS, Workflow
from synqc.jobs.ledgers import Ledgers
from synqc.storage.database import DatabaseLocation

HERE = Path(__file__).parent
DEEP_KILLS = int(os.environ.get("SYNQC_FIR_KILLS", "100"))
SESSIONS, KILLS = 20, 25
"""Of a round, which has a database of its own: whoever goes on looks at all of its sessions."""


class Life:
    """One life of the process, which is forked from one that has imported the application."""

    def __init__(self, directory, sessions):
        self.said = directory / "said"
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        with self.said.open("wb") as output:
            self.process = warm_python.start(
                "workflow_process", [str(directory), *sessions], cwd=HERE, env=environment, output=output
            )

    @property
    def lines(self):
        return self.said.read_text().splitlines()

    def begins(self):
        """Wait until it leads sessions."""
        wait_until(lambda: "ready" in self.lines or self.process.poll() is not None)

    def kill(self):
        """Whether it was at work, and at which gate; None: it was not ready."""
        self.process.send_signal(signal.SIGKILL)
        was_killed = self.process.wait(timeout=60) == -signal.SIGKILL
        return was_killed, next((line for line in reversed(self.lines) if line != "ready"), None)

    def ends(self):
        assert self.process.wait(timeout=120) == 0, self.lines[-20:]


def kill_until_done(directory, sessions, kills, rng):
    """Runs the process again and again; where it was at work when it was killed, as often as it was."""
    places = []
    while len(places) < kills:
        life = Life(directory, sessions)
        if rng.random() < 0.8:
            life.begins()
        time.sleep(rng.uniform(0.0, 0.12))
        was_killed, place = life.kill()
        if not was_killed:
            break
        places.append(place)
    Life(directory, sessions).ends()
    return places


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


def run(directory, kills, seed):
    """Where the process was killed, in a round."""
    directory.mkdir()
    rng = random.Random(seed)
    sessions = [str(uuid.UUID(int=rng.getrandbits(128), version=4)) for _ in range(SESSIONS)]
    try:
        places = kill_until_done(directory, sessions, kills, rng)
        check(directory, sessions)
    except AssertionError as broken:
        raise AssertionError(f"seed {seed}: {broken}") from None
    return places


def test_sessions_survive_kills(tmp_path, seed):
    assert len(run(tmp_path / "0", 3, seed)) == 3


@pytest.mark.deep
def test_sessions_survive_kills_at_every_gate(tmp_path, seed):
    """A hundred; SYNQC_FIR_KILLS names another number."""
    places, rounds = Counter(), 0
    while places.total() < DEEP_KILLS:
        places.update(run(tmp_path / str(rounds), min(KILLS, DEEP_KILLS - places.total()), seed + rounds))
        rounds += 1
    assert {step.value for step in STEPS} <= places.keys(), f"seed {seed}: {places}"

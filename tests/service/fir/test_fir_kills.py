"""`kill -9` of a real server at any moment: it resumes at the last gate, and nothing has happened twice."""

import http.client
import json
import os
import random
import secrets
import threading
import time
from urllib.parse import urlencode

import pytest
from fir_service import COMPLAINT, REQUIRED_FIELDS, WritingServer
from running_server import RunningServer
from waiting import wait_until

from synqc.apps.fir.workflow.steps import Step
from synqc.apps.fir.workflow.workflow import COMPONENTS, Workflow
from synqc.jobs.ledgers import Ledgers
from synqc.storage.database import DatabaseLocation

PATIENCE_S = 240.0
DEEP_KILLS = int(os.environ.get("SYNQC_FIR_KILLS", "100"))


class FirServer(RunningServer):
    """Serves reports alone, at the root."""

    application = "synqc.service:create_app"

    def __init__(self, folder, models):
        super().__init__(
            folder, "--factory", SYNQC_APPLICATIONS="fir", SYNQC_API_PREFIX="", OPENAI_BASE_URL=models.url,
            OPENAI_API_KEY="k", SYNQC_FIR_RATE_LIMIT_PER_MINUTE="0", SYNQC_FIR_ASR_URL="none",
            SYNQC_FIR_OCR_URL="none",
        )  # fmt: skip


class Officer:
    """Leads a session through its gates by answers with tokens, and asks again when the server is gone.

    Args:
        server: Which is killed and started again.
        calm: Set when it is killed no more: only then may an answer be missed.
    """

    def __init__(self, server, calm):
        self._server, self._calm = server, calm
        self.session_id = self.number = self.last = None
        self.trouble = None

    def work(self):
        """From the complaint to the last gate."""
        try:
            key = secrets.token_hex(8)
            form = {"content-type": "application/x-www-form-urlencoded", "idempotency-key": key}
            self.session_id = self._ask("POST", "/process", urlencode({"text": COMPLAINT}).encode(), form)["session_id"]
            self._ask("POST", f"/session/{self.session_id}/fields", {"statements": REQUIRED_FIELDS})
            while True:
                gate = self._ask("GET", f"/session/{self.session_id}/gate?wait=true")
                if not gate["is_waiting"]:
                    break
                if gate["state"] == "failed":  # its worker was killed at every attempt: the officer is asked
                    self._ask("POST", f"/regenerate/{self.session_id}", {"token": gate["token"]})
                    continue
                self.last = {"session_id": self.session_id, "approved": True, "token": gate["token"]}
                self._ask("POST", "/validate", self.last)
            self.number = gate["content"]["fir_number"]
        except BaseException as error:
            self.trouble = error

    def _ask(self, method, path, body=None, headers=None):
        deadline = None
        while True:
            if self._calm.is_set() and deadline is None:
                deadline = time.monotonic() + PATIENCE_S
            try:
                status, answer = self._server.request(method, path, body, headers)
            except (OSError, http.client.HTTPException, json.JSONDecodeError):
                status = 503
            if status in (200, 409, 502):  # 409: it was stored, and its answer was lost with the process
                return answer
            assert status in (503, 504), (status, answer)
            assert deadline is None or time.monotonic() < deadline, (method, path, status)
            time.sleep(0.05)


def run(folder, *, officers, kills, seed):
    rng = random.Random(seed)
    writing = WritingServer(pauses={"summary": 0.02, "check": 0.01, "narrative": 0.02})
    server = FirServer(folder, writing).start()
    calm = threading.Event()
    try:
        some = [Officer(server, calm) for _ in range(officers)]
        threads = [threading.Thread(target=one.work) for one in some]
        for thread in threads:
            thread.start()
        killed = 0
        while killed < kills and any(thread.is_alive() for thread in threads):
            time.sleep(rng.uniform(0.02, 0.5))
            server.kill()
            killed += 1
            server.start()
        calm.set()
        for thread in threads:
            thread.join(PATIENCE_S)
        assert [one.trouble for one in some] == [None] * officers, server.words()
        check(server, some)
        check_stop(server, writing)
        return killed
    except BaseException as error:
        error.add_note(f"seed {seed}")
        raise
    finally:
        calm.set()
        server.stop()
        writing.stop()


def check_stop(server, models):
    """SIGTERM while somebody waits for a stage: they are told to come again, and the stage is still wanted."""
    models.pauses = {"summary": 60}
    begun = server.request(
        "POST", "/process", urlencode({"text": COMPLAINT}).encode(),
        {"content-type": "application/x-www-form-urlencoded"},
    )[1]  # fmt: skip
    asked = {"session_id": begun["session_id"], "approved": True, "token": begun["token"]}
    told = []
    waiting = threading.Thread(target=lambda: told.append(server.request("POST", "/validate", asked)))
    waiting.start()
    path = f"/session/{begun['session_id']}/history"
    wait_until(lambda: any(one["kind"] == "Accepted" for one in server.api("GET", path)))
    server.stop()
    waiting.join(PATIENCE_S)
    assert [(status, answer["code"]) for status, answer in told] == [(503, "service_stopping")]
    with Ledgers() as ledgers:
        workflow = Workflow(ledgers.at(DatabaseLocation(server.state_dir), COMPONENTS), {})
        assert workflow.session(begun["session_id"]).ticket.step is Step.SUMMARY


def check(server, officers):
    assert len({one.number for one in officers}) == len(officers)
    for one in officers:
        history = server.api("GET", f"/session/{one.session_id}/history")
        accepted = [entry["step"] for entry in history if entry["kind"] == "Accepted"]
        assert accepted == [
            "transcript_review", "summary_review", "violations_review", "fir_narrative_review", "final_review",
        ]  # fmt: skip
        assert server.api("GET", f"/session/{one.session_id}/audit")["is_whole"]
        assert server.api("POST", "/validate", one.last)["completed"], "the same approval gets the same answer"
        assert len(server.api("GET", f"/session/{one.session_id}/history")) == len(history)
    firs = server.api("GET", "/firs?limit=100")["firs"]
    assert sorted(one["fir_number"] for one in firs) == sorted(one.number for one in officers)


def test_a_kill_and_a_stop(tmp_path, seed):
    assert run(tmp_path, officers=4, kills=1, seed=seed) == 1


@pytest.mark.deep
def test_a_hundred_kills(tmp_path, seed):
    """A hundred; SYNQC_FIR_KILLS names another number."""
    killed = number = 0
    while killed < DEEP_KILLS:
        killed += run(tmp_path / str(number), officers=20, kills=min(10, DEEP_KILLS - killed), seed=seed + number)
        number += 1

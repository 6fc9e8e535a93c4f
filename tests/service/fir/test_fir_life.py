"""What time and the end of processes do to sessions over HTTP."""

import asyncio
import logging
from datetime import timedelta

import pytest
from fir_service import AUTH_KEY, COMPLAINT, FirClient
from waiting import wait_until

from synqc.apps.fir.settings import FirSettings
from synqc.apps.fir.workflow.workflow import Officer
from synqc.service import create_app
from synqc.service.context import Workers
from synqc.service.fir.tidying import Tidying
from synqc.service.settings import ServiceSettings


class Clock:
    """Of the application, moved by hand."""

    def __init__(self, fir):
        self._fir, self._real = fir, fir.workflow._now
        self.ahead_s = 0.0
        fir._now = fir.workflow._now = fir.workflow._changes.now = self

    def __call__(self):
        return self._real() + timedelta(seconds=self.ahead_s)


@pytest.fixture
def client(open_fir):
    made = open_fir()
    made.clock = Clock(made.fir)
    return made


class TestTime:
    def test_a_gate_that_nobody_answers_expires_and_goes_on_when_it_is_reopened(self, client):
        session_id = client.begun()["session_id"]
        client.clock.ahead_s = 3599.0
        assert client.fir.tidy().expired == ()
        client.clock.ahead_s = 3601.0
        assert client.fir.tidy().expired == (session_id,)
        status = client.get(f"/session/{session_id}/status").json()
        assert (status["status"], status["awaiting_validation"]) == ("expired", False)
        (listed,) = client.get("/sessions?status=expired").json()
        assert (listed["session_id"], listed["current_step"]) == (session_id, "transcript_review")
        assert client.answered(session_id, status=400)["kind"] == "expired"
        assert client.post(f"/session/{session_id}/reopen").status_code == 200
        assert client.answered(session_id)["current_step"] == "summary_review"

    def test_sessions_are_listed_by_when_they_were_last_touched(self, open_fir):
        client = open_fir(computes_ahead=False)
        first, second = client.begun()["session_id"], client.begun()["session_id"]
        client.answered(first)
        assert [one["session_id"] for one in client.get("/sessions").json()] == [first, second]
        assert len(client.get("/sessions?limit=1").json()) == 1
        assert client.get("/sessions?status=completed").json() == []
        assert client.get("/sessions?status=lost").status_code == 422

    def test_what_is_completed_never_expires(self, client):
        session_id, _ = client.completed()
        client.clock.ahead_s = 1e6
        assert client.fir.tidy().expired == ()
        assert client.get(f"/session/{session_id}/status").json()["status"] == "completed"

    def test_what_waits_is_listed_with_its_age_and_reminded_of_once(self, client, caplog):
        session_id = client.begun()["session_id"]
        client.clock.ahead_s = 601.0
        (waiting,) = client.get("/waiting").json()
        assert (waiting["session_id"], waiting["step"], waiting["is_due"]) == (session_id, "transcript_review", True)
        assert 601.0 <= waiting["age_s"] < 700.0
        assert 2800.0 < waiting["expires_in_s"] <= 2999.0
        with caplog.at_level(logging.WARNING, "synqc.fir"):
            assert client.fir.tidy().due == (session_id,)
            assert client.fir.tidy().due == ()
        assert [one.fields for one in caplog.records] == [{"session_id": session_id}]

    def test_sessions_that_were_not_filed_are_deleted_for_good_and_filed_ones_never(self, client):
        left, (kept, number) = client.begun()["session_id"], client.completed()
        drafted, draft = client.completed()
        assert client.filed(number).status_code == 200
        client.clock.ahead_s = 4000.0
        assert client.fir.tidy().expired == (left,)
        client.clock.ahead_s = 29 * 86_400.0
        assert client.fir.tidy().forgotten == 0
        client.clock.ahead_s = 31 * 86_400.0
        assert client.fir.tidy().forgotten == 2
        for session_id in (left, drafted):
            assert client.get(f"/session/{session_id}/status").status_code == 404
            assert client.get(f"/session/{session_id}/history").status_code == 404
        assert client.get(f"/session/{kept}/audit").json()["is_whole"]
        assert client.get(f"/fir/{number}/files/pdf").status_code == 200
        found = client.get(f"/fir/{draft}").json()
        assert (found["fir_number"], found["fir_content"]) == (draft, None), "a number is never given again"
        assert client.get(f"/view_fir/{draft}").status_code == 200

    def test_without_a_time_everything_is_kept(self, open_fir):
        client = open_fir(keep_unfiled_days=0.0, expires_after_s=0.0)
        clock = Clock(client.fir)
        session_id = client.begun()["session_id"]
        clock.ahead_s = 1e9
        tidied = client.fir.tidy()
        assert (tidied.expired, tidied.forgotten) == ((), 0)
        assert client.get("/waiting").json()[0]["expires_in_s"] is None
        assert client.get(f"/session/{session_id}/status").json()["expires_at"] is None


def test_the_ticker_ticks_until_it_is_paused(open_fir):
    fir, workers = open_fir().fir, Workers()
    ticks = []
    fir.tidy = lambda: ticks.append(1)

    async def serve():
        tidying = Tidying(fir, workers, every_s=0.0)
        tidying.start()
        (task,) = asyncio.all_tasks() - {asyncio.current_task()}
        while len(ticks) < 3:
            await asyncio.sleep(0)
        tidying.pause()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(serve())
    workers.close()


def test_a_trouble_does_not_end_the_ticker(open_fir, caplog):
    fir, workers = open_fir().fir, Workers()
    ticks = []

    def fail():
        ticks.append(1)
        raise RuntimeError("A defect.")

    fir.tidy = fail

    async def serve():
        Tidying(fir, workers, every_s=0.0).start()
        while len(ticks) < 2:
            await asyncio.sleep(0)

    asyncio.run(serve())
    workers.close()
    assert "Looking through the sessions failed." in caplog.text


def test_the_next_process_goes_on_where_the_last_one_was(tmp_path, open_fir):
    """A stage that was under way is begun again, and everything that was answered is there."""
    first = open_fir(computes_ahead=False)
    done, number = first.completed()
    waiting = first.begun()["session_id"]
    at_work = first.begun()["session_id"]
    first.server.pauses = {"summary": 30}
    gate = first.fir.workflow.gate(at_work)
    first.fir.workflow.accept(at_work, gate.token, Officer("SI Meera Rao"))
    wait_until(lambda: first.fir.running == 1)
    first.app.state.applications["fir"].offered.close()
    first.server.pauses = {}
    settings = FirSettings(
        state_dir=first.fir.settings.state_dir, openai_base_url=first.server.url, openai_api_key="k",
        local_model="none", auth_key=AUTH_KEY, asr_url="none", ocr_url="none",
    )  # fmt: skip
    second = FirClient(create_app(ServiceSettings(), settings), raise_server_exceptions=False)
    assert second.gate(at_work)["step"] == "summary_review"
    assert second.gate(waiting)["content"] == {"transcript": COMPLAINT}
    assert second.filed(number).status_code == 200
    assert second.get(f"/session/{done}/audit").json()["is_whole"]
    second.app.state.applications["fir"].offered.close()

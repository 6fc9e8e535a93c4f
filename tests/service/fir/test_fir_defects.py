"""Defects of the original, one test each by its number: none of them is here. Each names where more of it is tested."""

import concurrent.futures
import contextlib
import signal
import sqlite3
import sys
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from fir_service import COMPLAINT, REQUIRED_FIELDS, WritingServer
from scripted_server import refusal
from waiting import wait_until

from synqc.apps.fir.document.provision import Verdict
from synqc.apps.fir.knowledge.facts import bns_2023
from synqc.apps.fir.knowledge.knowledge_base import KnowledgeBase
from synqc.apps.fir.knowledge.record import Record
from synqc.apps.fir.knowledge.statute import Statute
from synqc.apps.fir.violations.checks import ViolationChecks
from synqc.apps.fir.workflow.session import ResultState
from synqc.apps.fir.workflow.steps import Step
from synqc.apps.fir.workflow.workflow import Officer

sys.path.insert(0, str(Path(__file__).parents[2] / "apps" / "fir" / "violations"))

from yes_no_provider import YesNoProvider, is_about

MEERA = Officer("SI Meera Rao")


@pytest.fixture(scope="module")
def law():
    return KnowledgeBase.standard()


@contextlib.contextmanager
def checking(knowledge, provider, **options):
    with ViolationChecks(knowledge, provider=provider, model="m-1", **options) as checks:
        yield checks


def test_d1_the_best_of_all_collections_come_first_and_not_those_of_the_first_collection():
    """More: tests/apps/fir/knowledge."""
    first = [Record("First Act", str(number), "", "A bicycle is a vehicle.", db="first") for number in range(20)]
    second = Record("Second Act", "1", "", "Whoever steals a bicycle from a market.", db="second")
    found = KnowledgeBase([*first, second]).search("a bicycle was stolen from the market", most=10)
    assert found.hits[0].record.db == "second"
    assert len(found.hits) == 10


def test_d2_a_check_that_fails_is_unknown_and_no_other_check_takes_of_its_time(law):
    """More: test_sessions_share_the_places_and_time_begins_with_a_place, test_no_check_is_lost_to_a_queue."""
    provider = YesNoProvider(lambda asked: RuntimeError("broken") if is_about(304, asked) else 5.0)
    with checking(law, provider, most_at_once=1) as checks:
        checked = checks.check(COMPLAINT)
    assert [(one.hit.record.section, one.verdict) for one in checked.unknown] == [("304", Verdict.UNKNOWN)]
    assert {one.verdict for one in checked.findings} == {Verdict.YES, Verdict.UNKNOWN}
    assert (provider.most_under_way, {deadline for _, deadline in provider.requests}) == (1, {8.0})


def test_d3_a_call_that_nobody_waits_for_any_more_ends_at_the_server(open_fir):
    """Models of this machine are in a process of their own with a queue: tests/llm/local."""
    client = open_fir(server=WritingServer(pauses={"summary": 60}), computes_ahead=False)
    session_id = client.begun()["session_id"]
    gate = client.fir.workflow.gate(session_id)
    client.fir.workflow.accept(session_id, gate.token, MEERA)
    wait_until(lambda: client.server.of("summary"))
    edited = {"transcript": f"{COMPLAINT} It has a locket."}
    client.server.pauses = {}
    earlier = client.get(f"/session/{session_id}/gates").json()[0]
    client.answered(session_id, approved=False, decision="edit", content=edited, token=earlier["token"])
    assert client.server.left.wait(30), "the call is still under way"


def test_d4_a_provision_of_any_length_is_checked(law):
    """More: test_long_texts_of_law_are_cut, test_no_to_the_beginning_of_a_long_complaint_is_unknown."""
    statute = Statute({number: "Whoever steals. " * 900 for number in bns_2023()}, source="a", source_sha256="")
    provider = YesNoProvider(lambda asked: 5.0)
    with checking(KnowledgeBase.standard(statute=statute), provider) as checks:
        checked = checks.check(COMPLAINT)
    assert len(checked.violations) == 10
    assert max(len(request.messages[0].content) for request, _ in provider.requests) < 4 * 2048


def test_d5_one_layer_retries_and_not_what_the_caller_did_wrong(open_fir):
    """More: TestBreakers, test_what_the_callers_mistake_is_is_not_asked_again."""
    client = open_fir(computes_ahead=False)
    client.server.failing.add("summary")
    client.answered(client.begun()["session_id"], status=502)
    assert 1 < len(client.server.of("summary")) <= 3
    client.server.otherwise = refusal(400)
    client.answered(client.begun()["session_id"], status=502)
    asked = client.server.requests
    client.answered(client.begun()["session_id"], status=502)
    assert client.server.requests == asked + 1


def test_d6_approvals_at_once_make_one_report_and_no_reader_can_change_a_session(shared):
    """More: test_a_hundred_identical_approvals_at_once_have_one_effect_and_one_answer, on both databases."""
    session_id = shared.begun()["session_id"]
    gate = shared.led(session_id, "fir_narrative_review")
    with concurrent.futures.ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: shared.answered(session_id, token=gate["token"]), range(8)))
    assert len({one["content"]["fir_number"] for one in answers}) == 1
    assert len([one for one in shared.fir.workflow.records(limit=1000) if one.session_id == session_id]) == 1
    read = shared.fir.workflow.session(session_id)
    with contextlib.suppress(TypeError):
        read.results.clear()
    assert shared.fir.workflow.session(session_id).results[Step.SUMMARY].state is ResultState.ACCEPTED


def test_d7_what_is_completed_stays_completed(open_fir):
    """More: tests/service/fir/test_fir_life.py."""
    client = open_fir()
    session_id, _ = client.completed()
    late = client.fir.workflow._now() + timedelta(days=1)
    client.fir._now = client.fir.workflow._now = client.fir.workflow._changes.now = lambda: late
    waiting = client.begun()["session_id"]
    later = late + timedelta(hours=2)
    client.fir._now = client.fir.workflow._now = client.fir.workflow._changes.now = lambda: later
    assert client.fir.tidy().expired == (waiting,)
    assert client.get(f"/session/{session_id}/status").json()["status"] == "completed"


def test_d8_the_history_begins_with_the_complaint_and_names_who_changed_what(shared):
    """More: test_history_tells_who_when_what_before_and_after_and_which_model."""
    session_id = shared.begun()["session_id"]
    gate = shared.led(session_id, "summary_review")
    edit = {"decision": "edit", "approved": False, "content": {"summary": "Mine."}, "token": gate["token"]}
    shared.answered(session_id, **edit)
    history = shared.get(f"/session/{session_id}/history").json()
    assert (history[0]["kind"], history[0]["event"]["text"]) == ("Opened", COMPLAINT)
    assert all(entry["who"] for entry in history)
    texts = [
        entry["event"]["content"]["summary"] for entry in history if "summary" in entry["event"].get("content", {})
    ]
    assert texts == [gate["content"]["summary"], "Mine."]


def test_d9_caches_know_what_was_asked_and_are_bounded_and_no_header_makes_a_client(open_fir):
    """More: test_second_answer_is_cached_for_300_seconds, test_cache_is_bounded, TestRates."""
    kb = KnowledgeBase([Record("Some Act", "1", "", "theft", db="a")])
    kb.search("theft", most=10)
    assert (kb.search("theft", most=3).cached, kb.search("theft", most=10).cached) == (False, True)
    for number in range(1500):
        kb.search(f"question {number}")
    assert kb.cache_stats.entries <= 1024
    client = open_fir(fir_requests_per_minute=2)
    forged = [client.get("/list_firs", headers={"x-forwarded-for": f"192.0.2.{one}"}).status_code for one in range(3)]
    assert forged == [200, 200, 429]


def test_d10_who_waits_for_storage_keeps_nobody_else_waiting(open_fir):
    client = open_fir()
    begins, begin = threading.Event(), client.fir.workflow.open
    client.fir.workflow.open = lambda *given, **named: begins.set() or begin(*given, **named)
    path = client.fir.settings.state_dir / "synqc.db"
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as held:
        held.execute("BEGIN IMMEDIATE")  # nobody writes until it is over
        with concurrent.futures.ThreadPoolExecutor(1) as threads:
            late = threads.submit(client.begun)
            assert begins.wait(30)
            assert client.get("/health").status_code == 200
            assert client.get("/list_firs").status_code == 200
            assert not late.done()
            held.execute("ROLLBACK")
            assert late.result(30)["success"]


def test_d11_the_last_hour_is_an_hour_wherever_the_station_is(open_fir):
    """More: TestFigures."""
    client = open_fir(utc_offset_min=840)
    client.begun()
    (sessions,) = client.get("/metrics").json()["sessions"]["recent_hour"]
    assert sessions["count"] == 1
    assert client.fir.recent_sessions(seconds=-3600.0) == []


def test_d12_a_wrong_key_is_401_and_a_preflight_needs_none(open_fir):
    """More: TestKeys, test_a_browser_may_ask_without_a_key_whether_it_may_ask."""
    client = open_fir(keys=(("officer", "SI Meera Rao", "key-of-meera"),))
    assert client.get("/list_firs", headers={"x-api-key": "another-key"}).status_code == 401
    assert client.get("/list_firs", headers={"x-api-key": "key-of-meera"}).status_code == 200
    asked = {"origin": "http://localhost:3000", "access-control-request-method": "POST"}
    assert client.options("/validate", headers=asked).status_code == 200


def test_d13_health_says_what_storage_said_last(open_fir, monkeypatch):
    """More: TestHealth."""
    client = open_fir()
    assert client.get("/health").json()["database"] == "connected"
    monkeypatch.setattr(type(client.fir.ledger), "trouble", property(lambda self: "The disk is full."))
    found = client.get("/health").json()
    assert (found["status"], found["database"]) == ("unhealthy", "The disk is full.")


def test_d14_every_sign_of_a_complaint_is_kept_and_none_is_escaped_before_it_is_printed(shared):
    """More: test_hindi_is_kept_to_the_last_sign, test_hostile_words_stand_in_every_form_as_they_were_said."""
    said = 'मेरी चेन छीनी गई <b>"Ram & Sons"</b> onclick=x javascript: near the station.'
    session_id = shared.begun(said)["session_id"]
    assert shared.gate(session_id)["content"] == {"transcript": said}
    shared.post(f"/session/{session_id}/fields", json={"statements": REQUIRED_FIELDS})
    shared.led(session_id)
    assert said in shared.get(f"/session/{session_id}/document?form=txt").text
    assert shared.fir.workflow.session(session_id).results[Step.TRANSCRIPT].content == {"transcript": said}


def test_d15_signals_are_the_servers_own_and_a_second_end_is_none(open_fir):
    """A real server is stopped by one SIGTERM: test_a_kill_and_a_stop."""
    signals = (signal.SIGTERM, signal.SIGINT)
    before = [signal.getsignal(one) for one in signals]
    client = open_fir()
    client.begun()
    assert [signal.getsignal(one) for one in signals] == before
    for _ in range(2):
        client.fir.drain()
        client.fir.close()
    assert [signal.getsignal(one) for one in signals] == before


def test_d16_numbers_are_given_once_and_clients_of_both_versions_are_answered(open_fir):
    """More: test_two_processes_that_ask_at_once_never_share_a_number, tests/service/fir/conversations."""
    client = open_fir(number_pattern="FIR-{year}-{serial:5}")
    together = threading.Barrier(5)

    def number(_):
        together.wait(30)
        return client.completed(fields=None)[1]

    with concurrent.futures.ThreadPoolExecutor(5) as threads:
        given = sorted(threads.map(number, range(5)))
    assert [one.rpartition("-")[2] for one in given] == ["00001", "00002", "00003", "00004", "00005"]
    oldest = client.fir.workflow.record(given[0]).session_id
    client.fir.workflow.forget(before=client.fir.workflow._now().timestamp() + 1)
    assert client.get(f"/session/{oldest}").status_code == 404
    assert client.completed(fields=None)[1].endswith("-00006"), "not one that counts what is left"
    begun = client.post("/process", data={"input_type": "text", "text": COMPLAINT, "language": "en-IN"}).json()
    assert client.get(f"/session/{begun['session_id']}").json()["transcript"] == COMPLAINT

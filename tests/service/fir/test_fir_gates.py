"""Sessions over HTTP: five gates, what is approved at each, and what an answer without a token is of."""

import concurrent.futures
import threading

import pytest
from fir_service import COMPLAINT, REQUIRED_FIELDS, WritingServer
from waiting import wait_until

from synqc.apps.fir.workflow.steps import Step


class TestTheOriginalsWay:
    def test_a_typed_complaint_becomes_a_filed_report(self, shared):
        begun = shared.begun()
        assert (begun["success"], begun["requires_validation"], begun["steps"]) == (True, True, [])
        assert begun["current_step"] == "transcript_review"
        assert begun["content_for_validation"] == {"transcript": COMPLAINT}
        session_id = begun["session_id"]
        shown = [shared.answered(session_id) for _ in range(4)]
        assert [one["current_step"] for one in shown] == [step.value for step in list(Step)[1:]]
        summary, violations, narrative, final = (one["content"] for one in shown)
        assert summary["original_transcript"] == COMPLAINT
        assert violations["summary"] == summary["summary"]
        assert [one["section"] for one in violations["violations"] if one["accepted"]] == ["304"]
        assert narrative["fir_narrative"] in final["fir_content"]
        completed = shared.answered(session_id)
        assert (completed["completed"], completed["requires_validation"]) == (True, False)
        assert completed["content"]["fir_number"] == final["fir_number"]
        status = shared.get(f"/session/{session_id}/status").json()
        assert (status["status"], status["awaiting_validation"]) == ("completed", False)
        assert status["validation_history"][-1]["content"]["fir_number"] == final["fir_number"]
        assert [one["step"] for one in status["validation_history"]] == [step.value for step in Step]
        again = shared.answered(session_id, status=400)  # of the report as it was shown when the last gate was passed
        assert (again["kind"], again["detail"]) == (
            "not_acceptable", "The last gate was passed: nothing waits for an answer.",
        )  # fmt: skip

    def test_what_an_officer_says_reaches_the_next_stage_and_no_other(self, open_fir):
        client = open_fir(computes_ahead=False)
        session_id = client.begun()["session_id"]
        client.answered(session_id, user_input="The chain weighed ten grams.")
        (asked,) = client.server.of("summary")
        assert "Additional user input:\n[[[\nThe chain weighed ten grams.\n]]]" in asked
        client.answered(session_id)
        assert not any("ten grams" in one for one in client.server.of("check"))

    def test_without_a_reason_a_rejection_changes_nothing(self, shared):
        session_id = shared.begun()["session_id"]
        before = shared.gate(session_id)
        answered = shared.answered(session_id, approved=False)
        assert (answered["success"], answered["current_step"]) == (True, "transcript_review")
        assert shared.gate(session_id) == before

    def test_a_reason_is_kept_and_what_was_rejected_cannot_be_approved(self, shared):
        session_id = shared.begun()["session_id"]
        shared.answered(session_id)
        rejected = shared.answered(session_id, approved=False, user_input="It names nobody.")
        assert (rejected["state"], rejected["current_step"]) == ("rejected", "summary_review")
        refused = shared.answered(session_id, status=400)
        assert refused["kind"] == "not_acceptable"
        again = shared.answered(session_id, approved=False, regenerate=True, user_input="Name the chain.")
        assert again["content"]["summary"] != rejected["content"]["summary"]
        entry = shared.get(f"/session/{session_id}/history").json()[-3]
        assert (entry["kind"], entry["event"]["reason"]) == ("Rejected", "It names nobody.")


class TestApprovalsWithoutTokens:
    def test_one_that_is_sent_again_while_its_stage_is_worked_on_has_one_effect(self, open_fir):
        server = WritingServer(pauses={"summary": 0.3})
        client = open_fir(server=server, computes_ahead=False)
        session_id = client.begun()["session_id"]
        with concurrent.futures.ThreadPoolExecutor(8) as threads:
            answers = list(threads.map(lambda _: client.answered(session_id), range(8)))
        assert len({str(one) for one in answers}) == 1
        assert answers[0]["current_step"] == "summary_review"
        assert len(server.of("summary")) == 1

    def test_what_was_never_shown_is_approved_by_nobody(self, open_fir):
        client = open_fir()
        session_id = client.begun()["session_id"]
        client.app.state.applications["fir"].state.shown_gates._tokens.clear()  # as after a restart
        shown = client.answered(session_id)
        assert "nothing was decided" in shown["message"]
        assert (shown["current_step"], shown["content"]) == ("transcript_review", {"transcript": COMPLAINT})
        assert client.answered(session_id)["current_step"] == "summary_review"

    def test_while_a_stage_is_worked_on_it_is_refused_with_when_to_ask_again(self, open_fir):
        server = WritingServer(pauses={"summary": 20})
        client = open_fir(server=server, computes_ahead=False, answer_within_s=0.1)
        session_id = client.begun()["session_id"]
        late = client.post("/validate", json={"session_id": session_id, "approved": True})
        assert (late.status_code, late.json()["code"]) == (504, "stage_late")
        client.app.state.applications["fir"].state.shown_gates._tokens.clear()
        refused = client.post("/validate", json={"session_id": session_id, "approved": True})
        assert (refused.status_code, refused.headers["retry-after"]) == (409, "1")


class TestTokens:
    def test_one_of_a_gate_that_was_passed_is_void_and_what_is_there_now_is_named(self, shared):
        session_id = shared.begun()["session_id"]
        first = shared.gate(session_id)
        shared.led(session_id, "violations_review")
        refused = shared.answered(session_id, token=first["token"], status=409)
        now = shared.gate(session_id)
        assert (refused["token"], refused["digest"]) == (now["token"], now["digest"])
        assert refused["current_step"] == "violations_review"

    def test_those_of_two_sessions_are_not_interchangeable(self, shared):
        one, other = shared.begun()["session_id"], shared.begun()["session_id"]
        assert shared.gate(one)["token"] != shared.gate(other)["token"]
        assert shared.answered(one, token=shared.gate(other)["token"], status=409)["code"] == "gate_conflict"

    def test_a_hundred_identical_approvals_at_once_have_one_effect_and_one_answer(self, shared):
        session_id = shared.begun()["session_id"]
        gate = shared.led(session_id, "fir_narrative_review")
        ready = threading.Barrier(20)

        def approve(number):
            if number < 20:
                ready.wait(20)
            return shared.answered(session_id, token=gate["token"])

        with concurrent.futures.ThreadPoolExecutor(20) as threads:
            answers = list(threads.map(approve, range(100)))
        assert len({str(one) for one in answers}) == 1
        kinds = [one["kind"] for one in shared.get(f"/session/{session_id}/history").json()]
        assert kinds.count("Accepted") == 4
        rows = [one for one in shared.fir.workflow.records(limit=1000) if one.session_id == session_id]
        assert [one.number for one in rows] == [answers[0]["content"]["fir_number"]]

    def test_of_two_editors_the_second_is_told_who_was_first(self, shared):
        session_id = shared.begun()["session_id"]
        gate = shared.led(session_id, "summary_review")

        def edit(words, status):
            return shared.answered(
                session_id, approved=False, token=gate["token"], content={"summary": words}, status=status
            )

        edit("The chain was hers.", 200)
        refused = edit("The chain was his.", 409)
        assert refused["message"] == "This was answered already, by officer: edit."
        assert shared.gate(session_id)["content"]["summary"] == "The chain was hers."


class TestEditing:
    def test_the_next_stage_is_given_what_the_officer_wrote(self, open_fir):
        client = open_fir(computes_ahead=False)
        session_id = client.begun()["session_id"]
        changes = {
            "transcript_review": {"transcript": COMPLAINT + " It was eleven at night."},
            "summary_review": {"summary": "A chain of gold was snatched at eleven."},
            "fir_narrative_review": {"fir_narrative": "At eleven a chain was snatched."},
        }
        for step, content in changes.items():
            gate = client.led(session_id, step)
            client.answered(session_id, token=gate["token"], content=content)
        assert "eleven at night" in client.server.of("summary")[0]
        assert "gold was snatched at eleven" in client.server.of("check")[0]
        assert "At eleven a chain was snatched." in client.gate(session_id)["content"]["fir_content"]

    def test_provisions_may_be_sent_back_as_they_were_shown(self, shared):
        session_id = shared.begun()["session_id"]
        gate = shared.led(session_id, "violations_review")
        shown = gate["content"]["violations"]
        assert {"db", "section", "title", "text", "cognizable", "bailable", "triable_by", "punishment"} <= set(shown[0])
        for one in shown:
            one |= {"accepted": one["section"] == "303", "reason": "By the officer."}
        added = {"act": shown[0]["act"], "section": "115", "title": "Voluntarily causing hurt", "accepted": True}
        answered = shared.answered(session_id, token=gate["token"], content={"violations": [*shown, added]})
        assert answered["current_step"] == "fir_narrative_review"
        kept = shared.fir.workflow.session(session_id).results[Step.VIOLATIONS].content["violations"]
        assert {one["section"] for one in kept if one["accepted"]} >= {"115"}
        assert {one["text"] for one in kept} == {""}, "our description is never kept as the statute's text"
        assert kept[-1]["verdict"] == "unknown"


class TestRegenerating:
    @pytest.mark.parametrize("form", ["query", "json"])
    def test_a_result_is_made_again_and_what_follows_is_stale(self, shared, form):
        session_id = shared.begun()["session_id"]
        before = shared.led(session_id, "violations_review")
        asked = {"step": "summary_review", "user_input": "Say when."}
        sent = {"params": asked} if form == "query" else {"json": asked}
        answered = shared.post(f"/regenerate/{session_id}", **sent)
        assert answered.status_code == 200, answered.text
        made = answered.json()
        assert (made["success"], made["step"]) == (True, "summary_review")
        assert made["content"]["summary"] != before["content"]["summary"]
        assert any("Say when." in one for one in shared.server.of("summary"))
        assert shared.gate(session_id)["step"] == "summary_review"

    def test_what_no_model_makes_is_refused(self, shared):
        session_id = shared.begun()["session_id"]
        refused = shared.post(f"/regenerate/{session_id}", json={"step": "transcript_review"})
        assert (refused.status_code, refused.json()["kind"]) == (400, "not_regenerated")
        assert shared.post(f"/regenerate/{session_id}", params={"step": "no_step"}).status_code == 400
        refused = shared.post(
            f"/regenerate/{session_id}", params={"step": "summary_review", "user_input": 10_001 * "x"}
        )
        assert refused.status_code == 400


class TestStagesThatFail:
    def test_the_officer_is_told_and_may_write_it_by_hand(self, open_fir):
        client = open_fir(computes_ahead=False)
        client.server.failing = {"summary"}
        session_id = client.begun()["session_id"]
        failed = client.answered(session_id, status=502)
        assert (failed["code"], failed["current_step"]) == ("stage_failed", "summary_review")
        assert client.get(f"/session/{session_id}/status").json()["status"] == "error"
        written = client.answered(session_id, token=failed["token"], content={"summary": "A chain was snatched."})
        assert written["current_step"] == "violations_review"

    def test_without_a_model_sections_are_shown_undecided_and_texts_are_the_officers(self, open_fir):
        client = open_fir(openai_base_url=None, openai_api_key=None)
        health = client.get("/health").json()
        assert (health["status"], health["model_server"]["status"]) == ("degraded", "unavailable")
        session_id = client.begun()["session_id"]
        failed = client.answered(session_id, status=502)
        assert "no language model is set up" in failed["message"]
        shown = client.answered(session_id, token=failed["token"], content={"summary": "A chain was snatched."})
        assert {one["verdict"] for one in shown["content"]["violations"]} == {"unknown"}
        assert {one["cause"] for one in shown["content"]["violations"]} == {"no language model is set up to check it"}


def test_no_check_is_lost_to_a_queue(open_fir):
    """Fifteen sessions at once with ten checks each, over ten places; each check has its own time once it has one."""
    client = open_fir(server=WritingServer(pauses={"check": 0.02}), computes_ahead=False)
    sessions = [client.begun()["session_id"] for _ in range(15)]
    for session_id in sessions:
        client.led(session_id, "summary_review")
    with concurrent.futures.ThreadPoolExecutor(15) as threads:
        shown = list(threads.map(client.answered, sessions))
    verdicts = [one["verdict"] for answer in shown for one in answer["content"]["violations"]]
    assert len(verdicts) == 150
    assert set(verdicts) == {"yes", "no"}


def test_the_next_stage_is_worked_on_while_the_officer_reads(open_fir):
    client = open_fir()
    session_id = client.begun()["session_id"]
    wait_until(lambda: client.fir.workflow.session(session_id).ahead.result is not None)
    summaries = len(client.server.of("summary"))
    assert client.answered(session_id)["current_step"] == "summary_review"
    assert (summaries, len(client.server.of("summary"))) == (1, 1)


def test_a_report_lacks_what_nobody_said_and_is_filed_once_it_is_there(shared):
    session_id, number = shared.completed(fields={})
    refused = shared.filed(number)
    assert refused.status_code == 409
    missing = {one["name"] for one in refused.json()["obstacles"]}
    assert missing == set(REQUIRED_FIELDS)
    shared.post(f"/session/{session_id}/fields", json={"statements": REQUIRED_FIELDS})
    gate = shared.gate(session_id)
    assert gate["is_waiting"], "what was approved is not what would be filed now"
    shared.answered(session_id, token=gate["token"])
    assert shared.filed(number).status_code == 200
    assert shared.filed(number).status_code == 400

"""Five gates on a ledger: what was shown counts, an answer has one effect, and nothing that was approved is lost."""

import hashlib
import re
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone

import pytest
from failing_commits import failing_commits
from scripted_stages import BNS, ScriptedStages, provision
from sqlalchemy import update
from waiting import wait_until

from synqc import json
from synqc.apps.fir.document.errors import NotFinal, UnknownField
from synqc.apps.fir.document.statement import SourceKind
from synqc.apps.fir.history.export import read_export
from synqc.apps.fir.history.tables import history
from synqc.apps.fir.numbers.errors import UnknownNumber
from synqc.apps.fir.numbers.status import RecordStatus
from synqc.apps.fir.numbers.tables import records
from synqc.apps.fir.numbers.verification import SealVerdict
from synqc.apps.fir.workflow.errors import (
    AnswerRefused,
    GateConflict,
    InvalidContent,
    RefusalKind,
    SessionExists,
    StageRunning,
    UnknownSession,
)
from synqc.apps.fir.workflow.session_changes import STAGE_KIND, SessionChanges
from synqc.apps.fir.workflow.steps import SessionStatus, Step
from synqc.apps.fir.workflow.tables import sessions
from synqc.apps.fir.workflow.workflow import COMPONENTS, Officer, Workflow
from synqc.errors import InputError, SynqcError
from synqc.jobs import JobState, Worker
from synqc.jobs.ledgers import Ledgers
from synqc.storage.errors import StorageUnavailable

MEERA, ARUN = Officer("SI Meera Rao"), Officer("ASI Arun Das")
INDIA = timezone(timedelta(hours=5, minutes=30))
FIELDS = {
    "complainant_name": "ज्ञानेश्वरी शुक्ला", "complainant_address": "12 MG Road", "incident_date_from": "2026-11-29",
    "incident_location": "Sector 4", "investigating_officer_name": "Meera Rao", "investigating_officer_rank": "SI",
}  # fmt: skip
COMPLAINT = "मेरी साइकिल चोरी हो गई। My cycle was stolen."


class Clock:
    def __init__(self):
        self.moment = datetime(2026, 11, 30, 12, 0, tzinfo=INDIA)

    def __call__(self):
        self.moment += timedelta(milliseconds=1)
        return self.moment

    def pass_by(self, seconds):
        self.moment += timedelta(seconds=seconds)


@contextmanager
def working(ledger, stages, **options):
    options = {"station": {"police_station": "Kotwali"}, "computes_ahead": False} | options
    workflow = Workflow(ledger, stages.functions(), **options)
    with Worker(ledger, workflow.works, lease_s=5.0):
        yield workflow


def shown(workflow, session_id):
    gate = workflow.wait_for_gate(session_id, 20)
    assert gate is not None
    return gate


def lead_to(workflow, session_id, step, officer=MEERA):
    while (gate := shown(workflow, session_id)).step is not step:
        workflow.accept(session_id, gate.token, officer)
    return gate


def complete(workflow, session_id):
    gate = lead_to(workflow, session_id, Step.FINAL)
    workflow.accept(session_id, gate.token, MEERA)


@pytest.mark.parametrize("model", ["m" * 1000, " "], ids=["long", "blank"])
def test_whatever_a_server_calls_its_model_there_is_a_report(ledger, model):
    with working(ledger, ScriptedStages(model=model)) as workflow:
        session_id = workflow.open(MEERA, text=COMPLAINT)
        gate = lead_to(workflow, session_id, Step.FINAL)
        assert "error" not in gate.content
        source = workflow.report(session_id).summary.source
        assert (source.kind, source.who) == (SourceKind.MODEL, model.strip()[:200] or "unnamed")


def test_what_was_approved_is_in_the_sealed_report_and_its_history_alone_gives_the_same_bytes(ledger):
    stages = ScriptedStages([provision("303(2)"), provision("115(2)", "no"), provision("309", "yes")])
    with working(ledger, stages) as workflow:
        session_id = workflow.open(MEERA, text=COMPLAINT, language="hi")
        assert workflow.session(session_id).of_contract is SessionStatus.AWAITING_VALIDATION
        gate = shown(workflow, session_id)
        assert gate.content == {"transcript": COMPLAINT}
        workflow.accept(session_id, gate.token, MEERA, note="the cycle is blue")
        gate = shown(workflow, session_id)
        assert set(gate.content) == {"summary", "original_transcript", "unsupported"}
        assert stages.of(Step.SUMMARY)[-1]["note"] == "the cycle is blue"
        summary = gate.content["summary"]
        workflow.accept(session_id, gate.token, MEERA)
        gate = shown(workflow, session_id)
        assert [one["section"] for one in gate.content["violations"]] == ["303(2)", "115(2)", "309"]
        chosen = [one | {"accepted": one["section"] == "303(2)"} for one in gate.content["violations"]]
        workflow.edit(session_id, gate.token, ARUN, {"violations": chosen}, accept=True)
        gate = shown(workflow, session_id)
        assert [one["section"] for one in stages.of(Step.NARRATIVE)[-1]["provisions"]] == ["303(2)"]
        workflow.edit(session_id, gate.token, MEERA, {"fir_narrative": "साइकिल बाज़ार से चोरी हुई।"}, accept=True)
        workflow.state_fields(session_id, MEERA, FIELDS)
        gate = shown(workflow, session_id)
        assert (gate.step, gate.content["obstacles"]) == (Step.FINAL, [])
        workflow.accept(session_id, gate.token, MEERA)
        session = workflow.session(session_id)
        assert session.of_contract is SessionStatus.COMPLETED
        sealed = workflow.file(session_id, MEERA)
        number = session.number
        assert re.fullmatch(rf"FIR-{session_id[:8]}-\d{{14}}", number)

        fields = json.loads(sealed.files["json"])["fields"]
        assert (fields["legal_acts"], fields["legal_sections"]) == (BNS, "303(2)")
        assert fields["incident_summary"] == summary
        assert fields["incident_description"] == "साइकिल बाज़ार से चोरी हुई।"
        sources = json.loads(sealed.files["json"])["statements"]
        assert sources["incident_summary"]["source"] == {
            "kind": "model", "who": "small-model", "where": "summary_review", "approved_by": "SI Meera Rao",
        }  # fmt: skip
        assert sources["incident_description"]["source"]["kind"] == "officer"
        assert sources["legal_sections"]["source"]["who"] == "ASI Arun Das"
        assert fields["complainant_occupation"] == "Unknown"

        from synqc.apps.fir.document.seal import seal
        from synqc.apps.fir.workflow.report_of import report_of

        assert workflow.audit(session_id) == []
        rebuilt = workflow.rebuilt(session_id)
        assert rebuilt == workflow.session(session_id)
        assert seal(report_of(rebuilt)).files == sealed.files
        assert workflow.verify(number, sealed.files["pdf"]).verdict is SealVerdict.GENUINE
        assert workflow.verify(number, sealed.files["pdf"] + b" ").verdict is SealVerdict.DIFFERENT
        record = workflow.record(number)
        assert (record.status, record.session_id, record.digest) == (RecordStatus.FILED, session_id, sealed.seal.digest)

        for forbidden in (
            lambda: workflow.file(session_id, MEERA),
            lambda: workflow.state_fields(session_id, MEERA, {"witnesses": "late"}),
            lambda: workflow.edit(session_id, gate.token, MEERA, {"summary": "late"}),
            lambda: workflow.change_status(session_id, RecordStatus.DRAFT, MEERA),
        ):
            with pytest.raises(AnswerRefused):
                forbidden()
        for form, data in sealed.files.items():
            assert workflow.sealed_file(number, form) == data
        assert workflow.change_status(session_id, RecordStatus.CLOSED, MEERA).status is RecordStatus.CLOSED
        assert workflow.record(number).status is RecordStatus.CLOSED


def test_history_tells_who_when_what_before_and_after_and_which_model(ledger):
    with working(ledger, ScriptedStages()) as workflow:
        session_id = workflow.open(MEERA, text=COMPLAINT)
        gate = lead_to(workflow, session_id, Step.SUMMARY)
        workflow.edit(session_id, gate.token, ARUN, {"summary": "another"})
        after = shown(workflow, session_id)
        entries = [one.entry for one in workflow.history(session_id)]
        assert [one.kind for one in entries] == ["Opened", "Accepted", "StageDone", "Edited"]
        assert [one.number for one in entries] == [1, 2, 3, 4]
        done, edited = entries[2:]
        assert (done.model, done.prompt_sha256, done.step) == ("small-model", "b" * 64, "summary_review")
        assert done.latency_s >= 0
        assert (edited.who, edited.step, edited.before, edited.after) == (
            "ASI Arun Das", "summary_review", gate.digest, after.digest,
        )  # fmt: skip
        read = read_export(workflow.export(session_id))
        assert (read.faults, len(read.entries)) == ((), 4)


def test_one_byte_that_is_changed_in_the_table_is_found_at_its_entry(ledger):
    with working(ledger, ScriptedStages()) as workflow:
        session_id = workflow.open(MEERA, text=COMPLAINT)
        lead_to(workflow, session_id, Step.VIOLATIONS)
        entries = workflow.history(session_id)
        body = entries[1].body.replace(b"Meera", b"Meara")
        with ledger.database.writing() as connection:
            here = (history.c.session_id == session_id) & (history.c.number == 2)
            connection.execute(update(history).where(here).values(body=body))
        assert [str(fault) for fault in workflow.audit(session_id)] == ["entry 2: body"]


def test_a_session_or_a_register_that_was_changed_beside_its_history_is_found(ledger):
    with working(ledger, ScriptedStages()) as workflow:
        session_id = workflow.open(MEERA, text=COMPLAINT)
        workflow.state_fields(session_id, MEERA, FIELDS)
        complete(workflow, session_id)
        sealed = workflow.file(session_id, MEERA)
        number = sealed.seal.number
        assert workflow.audit(session_id) == []
        record = workflow.record(number)
        forged = json.canonical(record.report).replace(b"Meera Rao", b"Neera Rao")
        digest = hashlib.sha256(forged).hexdigest()
        seal = json.canonical(record.seal | {"digest": digest})
        with ledger.database.writing() as connection:
            here = records.c.number == number
            connection.execute(update(records).where(here).values(report=forged, digest=digest, seal=seal))
        for held in (digest, sealed.files["pdf"]):
            assert workflow.verify(number, held).verdict is SealVerdict.REGISTER_DAMAGED
        with ledger.database.writing() as connection:
            here = sessions.c.session_id == session_id
            changed = json.dumps(workflow.session(session_id).to_plain()).replace(b"Meera Rao", b"Neera Rao")
            connection.execute(update(sessions).where(here).values(session=changed))
        assert [fault.place.value for fault in workflow.audit(session_id)] == ["session"]


def test_a_session_of_one_id_is_begun_once_whoever_asks_at_once(location):
    with Ledgers() as here, Ledgers() as there, ThreadPoolExecutor(8) as pool:
        stages = ScriptedStages().functions()
        workflows = [Workflow(one.at(location, COMPONENTS), stages, computes_ahead=False) for one in (here, there)]
        for _ in range(10):
            session_id = str(uuid.uuid4())

            def begin(number, session_id=session_id):
                try:
                    return workflows[number % 2].open(MEERA, text=f"complaint {number}", session_id=session_id)
                except SessionExists:
                    return None

            assert sorted(map(bool, pool.map(begin, range(8)))) == [False] * 7 + [True]
            assert workflows[0].audit(session_id) == []


def test_a_hundred_identical_approvals_at_once_have_one_effect_and_one_answer(ledger):
    stages = ScriptedStages()
    with working(ledger, stages) as workflow, ThreadPoolExecutor(20) as pool:
        session_id = workflow.open(MEERA, text=COMPLAINT)
        for _ in range(5):
            gate = shown(workflow, session_id)
            receipts = list(pool.map(lambda _, g=gate: workflow.accept(session_id, g.token, MEERA), range(100)))
            assert len(set(receipts)) == 1
        assert workflow.accept(session_id, gate.token, MEERA) == receipts[0]  # also when all is over
        kinds = [one.entry.kind for one in workflow.history(session_id)]
        assert kinds.count("Accepted") == 5
        assert [len(stages.of(step)) for step in (Step.SUMMARY, Step.VIOLATIONS, Step.NARRATIVE)] == [1, 1, 1]
        numbers = [one.number for one in workflow.records(limit=100) if one.session_id == session_id]
        assert numbers == [workflow.session(session_id).number]


def test_ten_sessions_at_once_all_come_to_their_end_with_a_number_each(ledger):
    with working(ledger, ScriptedStages(), computes_ahead=True) as workflow, ThreadPoolExecutor(10) as pool:

        def lead(number):
            session_id = workflow.open(MEERA, text=f"{COMPLAINT} {number}")
            complete(workflow, session_id)
            return workflow.session(session_id).number

        assert len(set(pool.map(lead, range(10)))) == 10


def test_jobs_and_logs_have_no_word_of_the_complaint(ledger_on_sqlite, caplog):
    caplog.set_level("DEBUG")
    stages = ScriptedStages()
    stages.failing = {Step.SUMMARY: RuntimeError(COMPLAINT), Step.NARRATIVE: ValueError(COMPLAINT)}
    with working(ledger_on_sqlite, stages) as workflow:
        session_id = workflow.open(MEERA, text=COMPLAINT)
        for _ in range(2):
            while (gate := shown(workflow, session_id)).state.value == "shown" and gate.step is not Step.FINAL:
                workflow.accept(session_id, gate.token, MEERA)
            if gate.step is not Step.FINAL:
                workflow.regenerate(session_id, gate.token, MEERA)
        complete(workflow, session_id)
        kept = [ledger_on_sqlite.job(one.id) for one in ledger_on_sqlite.jobs()]
        told = [str((one.payload, one.result, one.cause)) for one in kept] + [
            record.getMessage() for record in caplog.records
        ]
        assert len(kept) >= 5
        assert not any("साइकिल" in one or "cycle" in one for one in told)
        assert "साइकिल" not in caplog.text


def test_the_answer_to_a_gate_that_was_passed_is_a_conflict_with_what_is_there_now(ledger):
    """langgraph#8837"""
    with working(ledger, ScriptedStages()) as workflow:
        session_id = workflow.open(MEERA, text=COMPLAINT)
        first = shown(workflow, session_id)
        third = lead_to(workflow, session_id, Step.VIOLATIONS)
        with pytest.raises(GateConflict) as refused:
            workflow.accept(session_id, first.token, MEERA)
        assert refused.value.gate == third
        assert refused.value.kind is RefusalKind.STALE_TOKEN


def test_gates_of_two_sessions_have_tokens_of_their_own(ledger):
    """langgraph#6626"""
    with working(ledger, ScriptedStages()) as workflow:
        one, other = (workflow.open(MEERA, text=COMPLAINT) for _ in range(2))
        tokens = [shown(workflow, session_id).token for session_id in (one, other)]
        assert tokens[0] != tokens[1]
        with pytest.raises(GateConflict):
            workflow.accept(one, tokens[1], MEERA)


def test_of_two_editors_the_second_is_told_who_won(ledger):
    """fazer-ai/agents PR 89"""
    with working(ledger, ScriptedStages()) as workflow:
        session_id = workflow.open(MEERA, text=COMPLAINT)
        gate = shown(workflow, session_id)
        workflow.edit(session_id, gate.token, MEERA, {"transcript": "first"})
        with pytest.raises(GateConflict, match="by SI Meera Rao: edit") as refused:
            workflow.edit(session_id, gate.token, ARUN, {"transcript": "second"})
        assert refused.value.gate.content == {"transcript": "first"}
        with pytest.raises(GateConflict):
            workflow.accept(session_id, gate.token, MEERA)
        seen = workflow.session(session_id).details_digest
        workflow.state_fields(session_id, MEERA, {"witnesses": "Ram"}, base=seen)
        with pytest.raises(GateConflict):
            workflow.state_fields(session_id, ARUN, {"witnesses": "Shyam"}, base=seen)


def test_an_answer_while_a_stage_is_under_way_is_refused_and_told_when_to_come_back(ledger):
    """inngest#1433"""
    stages = ScriptedStages(held=[Step.SUMMARY])
    with working(ledger, stages) as workflow:
        session_id = workflow.open(MEERA, text=COMPLAINT)
        gate = shown(workflow, session_id)
        receipt = workflow.accept(session_id, gate.token, MEERA)
        assert stages.entered.wait(20)
        assert workflow.gate(session_id) is None
        assert workflow.session(session_id).of_contract is SessionStatus.PROCESSING
        with pytest.raises(StageRunning) as refused:
            workflow.accept(session_id, "0" * 64, MEERA)
        assert refused.value.retry_after_s > 0
        assert workflow.accept(session_id, gate.token, MEERA) == receipt
        stages.let_go.set()
        assert shown(workflow, session_id).step is Step.SUMMARY


@pytest.mark.parametrize(
    ("step", "content", "told"),
    [
        (Step.TRANSCRIPT, {"transcript": "edited"}, (Step.SUMMARY, "transcript")),
        (Step.SUMMARY, {"summary": "edited"}, (Step.VIOLATIONS, "summary")),
        (Step.VIOLATIONS, {"violations": [provision("309")]}, (Step.NARRATIVE, "provisions")),
        (Step.NARRATIVE, {"fir_narrative": "edited"}, None),
    ],
)
def test_an_edit_reaches_the_next_stage(ledger, step, content, told):
    """langchain#32988"""
    stages = ScriptedStages()
    with working(ledger, stages) as workflow:
        session_id = workflow.open(MEERA, text=COMPLAINT)
        gate = lead_to(workflow, session_id, step)
        workflow.edit(session_id, gate.token, MEERA, content)
        after = shown(workflow, session_id)
        (member, wanted), *_ = content.items()
        assert after.step is step
        assert _sections(after.content[member]) == _sections(wanted)
        workflow.accept(session_id, after.token, MEERA)
        shown_next = shown(workflow, session_id)
        if told is None:
            assert "edited" in shown_next.content["fir_content"]
        else:
            assert _sections(stages.of(told[0])[-1][told[1]]) == _sections(wanted)


def _sections(content):
    """Of provisions their sections; a text as it is."""
    return content if isinstance(content, str) else [one["section"] for one in content]


class Delivered:
    """A stage's job in a worker that nobody stops."""

    def __init__(self, session):
        self.payload = {"session_id": session.session_id, "ticket": session.ticket.number}

    def check(self):
        pass

    def on_stop(self, call):
        pass


def test_the_text_that_was_shown_is_used_though_its_stage_is_done_again_with_another_one(ledger):
    """extra-org/extra#139"""
    stages = ScriptedStages(held=[Step.SUMMARY])
    workflow = Workflow(ledger, stages.functions(), computes_ahead=False)
    session_id = workflow.open(MEERA, text=COMPLAINT)
    workflow.accept(session_id, workflow.gate(session_id).token, MEERA)
    work, job = workflow.works[STAGE_KIND].function, Delivered(workflow.session(session_id))
    with ThreadPoolExecutor(1) as slow:
        late = slow.submit(work, job)  # its worker has lost its lease
        assert stages.entered.wait(20)
        stages.held.clear()
        assert work(job) == {"ended": "done"}
        reviewed = workflow.gate(session_id)
        stages.let_go.set()
        assert late.result(20) == {"ended": "superseded"}
    assert work(job) == {"ended": "superseded"}
    assert len(stages.of(Step.SUMMARY)) == 2  # who is late has asked, who comes after has not
    assert workflow.gate(session_id) == reviewed
    with Worker(ledger, workflow.works):
        complete(workflow, session_id)
    assert workflow.report(session_id).summary.value == reviewed.content["summary"]
    assert workflow.audit(session_id) == []


def test_a_stage_that_is_cancelled_after_its_worker_died_is_told_and_can_be_asked_for_again(ledger):
    """Cognipeer/console PR 188"""
    stages = ScriptedStages()
    workflow = Workflow(ledger, stages.functions(), computes_ahead=False)
    session_id = workflow.open(MEERA, text=COMPLAINT)
    workflow.accept(session_id, workflow.gate(session_id).token, MEERA)
    ledger.writer.barrier().result()
    (claimed,) = ledger.claim("who was killed", {STAGE_KIND: 1}, lease_s=0.2)
    assert ledger.cancel(claimed.job_id).state is JobState.RUNNING  # its owner might live
    with Worker(ledger, workflow.works, lease_s=0.2):
        wait_until(lambda: ledger.job(claimed.job_id).has_ended)
        assert ledger.job(claimed.job_id).state is JobState.CANCELLED
        assert stages.of(Step.SUMMARY) == []
        workflow.recover()
        gate = workflow.gate(session_id)
        assert gate.content == {"error": "Its work ended without a result."}
        workflow.regenerate(session_id, gate.token, MEERA)
        assert shown(workflow, session_id).content["summary"]


def test_a_job_of_a_dead_worker_that_nobody_wants_any_more_ends_cancelled(ledger):
    """The same, of a stage that was computed ahead: the officer changed what it is of."""
    workflow = Workflow(ledger, ScriptedStages().functions(), computes_ahead=True)
    session_id = workflow.open(MEERA, text=COMPLAINT)
    ledger.writer.barrier().result()
    (claimed,) = ledger.claim("who was killed", {STAGE_KIND: 1}, lease_s=0.2)
    workflow.edit(session_id, workflow.gate(session_id).token, MEERA, {"transcript": "My scooter was stolen."})
    with Worker(ledger, workflow.works, lease_s=0.2):
        wait_until(lambda: ledger.job(claimed.job_id).has_ended)
    assert ledger.job(claimed.job_id).state is JobState.CANCELLED


def test_a_rejected_result_asks_no_model_until_somebody_says_what_shall_be(ledger):
    """prefect#20388"""
    stages = ScriptedStages()
    with working(ledger, stages, computes_ahead=True) as workflow:
        session_id = workflow.open(MEERA, text=COMPLAINT)
        gate = lead_to(workflow, session_id, Step.SUMMARY)
        workflow.reject(session_id, gate.token, MEERA, reason="wrong cycle")
        asked = len(stages.of(Step.NARRATIVE)), workflow.session(session_id).tickets
        assert asked == (0, ())
        rejected = shown(workflow, session_id)
        assert rejected.state.value == "rejected"
        with pytest.raises(AnswerRefused, match="rejected"):
            workflow.accept(session_id, rejected.token, MEERA)
        workflow.regenerate(session_id, rejected.token, MEERA, instruction="the blue one")
        again = shown(workflow, session_id)
        assert again.content["summary"] != gate.content["summary"]
        assert stages.of(Step.SUMMARY)[-1]["instruction"] == "the blue one"


def test_an_earlier_change_makes_later_results_stale_and_the_same_input_brings_them_back(ledger):
    stages = ScriptedStages()
    with working(ledger, stages) as workflow:
        session_id = workflow.open(MEERA, text=COMPLAINT)
        narrative = lead_to(workflow, session_id, Step.NARRATIVE)
        violations = workflow.gates(session_id)[2]
        assert violations.step is Step.VIOLATIONS
        reasoned = [one | {"reason": "the complainant named it"} for one in violations.content["violations"]]
        workflow.edit(session_id, violations.token, MEERA, {"violations": reasoned}, accept=True)
        same = shown(workflow, session_id)
        assert (same.step, same.content) == (Step.NARRATIVE, narrative.content)
        assert same.token != narrative.token
        assert len(stages.of(Step.NARRATIVE)) == 1
        summary = next(one for one in workflow.gates(session_id) if one.step is Step.SUMMARY)
        workflow.edit(session_id, summary.token, MEERA, {"summary": "another summary"}, accept=True)
        after = shown(workflow, session_id)
        assert (after.step, after.content["summary"]) == (Step.VIOLATIONS, "another summary")
        with pytest.raises(GateConflict):
            workflow.accept(session_id, same.token, MEERA)
        workflow.accept(session_id, after.token, MEERA)
        assert shown(workflow, session_id).content != narrative.content
        assert len(stages.of(Step.NARRATIVE)) == 2


def test_what_was_computed_ahead_is_used_if_its_input_is_the_same_and_discarded_otherwise(ledger):
    stages = ScriptedStages()
    with working(ledger, stages, computes_ahead=True) as workflow:
        session_id = workflow.open(MEERA, text=COMPLAINT)
        gate = shown(workflow, session_id)
        ready = workflow._changes.wait(session_id, lambda one: one.ahead is not None and one.ahead.result, 20)
        assert ready.ahead.result.content
        workflow.accept(session_id, gate.token, MEERA)
        at_once = workflow.gate(session_id)  # no stage is waited for
        assert at_once.content["summary"] == ready.ahead.result.content["summary"]
        assert len(stages.of(Step.SUMMARY)) == 1

        other = workflow.open(MEERA, text=COMPLAINT)
        gate = shown(workflow, other)
        ready = workflow._changes.wait(other, lambda one: one.ahead is not None and one.ahead.result, 20)
        workflow.accept(other, gate.token, MEERA, note="blue")
        assert shown(workflow, other).content["summary"] != ready.ahead.result.content["summary"]
        assert stages.of(Step.SUMMARY)[-1]["note"] == "blue"


def test_a_stage_that_fails_is_told_without_a_word_of_the_complaint_and_can_be_asked_again(ledger):
    stages = ScriptedStages()
    stages.failing = {Step.SUMMARY: RuntimeError(COMPLAINT), Step.VIOLATIONS: SynqcError("The model timed out.")}
    with working(ledger, stages) as workflow:
        session_id = workflow.open(MEERA, text=COMPLAINT)
        workflow.accept(session_id, shown(workflow, session_id).token, MEERA)
        failed = shown(workflow, session_id)
        assert failed.content == {"error": "RuntimeError in the stage."}
        assert workflow.session(session_id).of_contract is SessionStatus.ERROR
        with pytest.raises(AnswerRefused, match="failed"):
            workflow.accept(session_id, failed.token, MEERA)
        workflow.edit(session_id, failed.token, MEERA, {"summary": "by hand"}, accept=True)
        failed = shown(workflow, session_id)
        assert failed.content["error"] == "The model timed out."
        workflow.regenerate(session_id, failed.token, MEERA)
        assert shown(workflow, session_id).content["violations"]
        complete(workflow, session_id)
        assert "by hand" in workflow.session(session_id).results[Step.FINAL].content["fir_content"]


def test_names_and_numbers_that_a_model_invents_are_shown_and_are_part_of_what_is_approved(ledger):
    stages = ScriptedStages()
    with working(ledger, stages) as workflow:
        session_id = workflow.open(MEERA, text="My cycle was stolen.")
        gate = lead_to(workflow, session_id, Step.SUMMARY)
        assert gate.content["unsupported"] == ["1"]  # its number, which the complaint does not have
        workflow.edit(session_id, gate.token, MEERA, {"summary": "Ram took 7 cycles."})
        assert "unsupported" not in shown(workflow, session_id).content


def test_a_recording_is_heard_by_a_stage_and_can_be_heard_again(ledger):
    stages = ScriptedStages()
    with working(ledger, stages) as workflow:
        session_id = workflow.open(MEERA, audio="uploads/1.wav")
        first = shown(workflow, session_id)
        assert stages.of(Step.TRANSCRIPT)[0]["media"] == "uploads/1.wav"
        workflow.regenerate(session_id, first.token, MEERA)
        assert shown(workflow, session_id).content != first.content
        typed = workflow.open(MEERA, text=COMPLAINT)
        with pytest.raises(AnswerRefused, match="No model makes transcript"):
            workflow.regenerate(typed, shown(workflow, typed).token, MEERA)


def test_accepting_the_checks_as_shown_accepts_a_yes_and_decides_nothing_without_an_answer(ledger_on_sqlite):
    verdicts = [("303(2)", "yes"), ("115(2)", "no"), ("309", "unknown")]
    stages = ScriptedStages([provision(section, verdict) | {"accepted": None} for section, verdict in verdicts])
    with working(ledger_on_sqlite, stages) as workflow:
        gate = lead_to(workflow, workflow.open(MEERA, text=COMPLAINT), Step.VIOLATIONS)
        assert [one["accepted"] for one in gate.content["violations"]] == [True, False, None]
        workflow.accept(gate.session_id, gate.token, MEERA)
        shown(workflow, gate.session_id)
        assert [one["section"] for one in stages.of(Step.NARRATIVE)[-1]["provisions"]] == ["303(2)"]


def test_a_result_outlives_trouble_with_storage_and_is_not_paid_for_again(ledger_on_sqlite):
    """dbos-transact-py#716"""
    stages = ScriptedStages(held=[Step.SUMMARY])
    with working(ledger_on_sqlite, stages) as workflow:
        session_id = workflow.open(MEERA, text=COMPLAINT)
        workflow.accept(session_id, shown(workflow, session_id).token, MEERA)
        assert stages.entered.wait(20)
        with failing_commits(ledger_on_sqlite.database) as failed:
            stages.let_go.set()
            wait_until(lambda: len(failed) > 2)
            with pytest.raises(StorageUnavailable):
                workflow.open(MEERA, text=COMPLAINT)
        assert shown(workflow, session_id).content["summary"]
        assert len(stages.of(Step.SUMMARY)) == 1


def test_a_check_without_an_answer_blocks_filing_until_an_officer_decides_with_a_reason(ledger):
    stages = ScriptedStages([provision("303(2)"), provision("309", "unknown", cause="timed out after 8 s")])
    with working(ledger, stages) as workflow:
        session_id = workflow.open(MEERA, text=COMPLAINT)
        workflow.state_fields(session_id, MEERA, FIELDS)
        complete(workflow, session_id)
        with pytest.raises(NotFinal, match="309"):
            workflow.file(session_id, MEERA)
        violations = next(one for one in workflow.gates(session_id) if one.step is Step.VIOLATIONS)
        decided = [
            one | ({"accepted": False, "reason": "no force"} if one["verdict"] == "unknown" else {})
            for one in violations.content["violations"]
        ]
        workflow.edit(session_id, violations.token, MEERA, {"violations": decided}, accept=True)
        assert shown(workflow, session_id).step is Step.NARRATIVE
        complete(workflow, session_id)
        assert len(stages.of(Step.NARRATIVE)) == 1
        sealed = workflow.file(session_id, MEERA)
        assert "timed out after 8 s" in sealed.files["txt"].decode()
        assert "no force" in sealed.files["txt"].decode()


def test_a_report_that_lacks_fields_may_get_them_after_the_last_gate(ledger):
    with working(ledger, ScriptedStages()) as workflow:
        session_id = workflow.open(MEERA, text=COMPLAINT)
        complete(workflow, session_id)
        number = workflow.session(session_id).number
        with pytest.raises(NotFinal, match="complainant_name"):
            workflow.file(session_id, MEERA)
        workflow.state_fields(session_id, MEERA, FIELDS)
        with pytest.raises(AnswerRefused, match="last gate"):
            workflow.file(session_id, MEERA)
        complete(workflow, session_id)
        assert workflow.session(session_id).number == number
        assert workflow.file(session_id, MEERA).seal.number == number


def test_what_waits_is_listed_with_its_age_and_expires_and_is_reopened(ledger):
    clock = Clock()
    with working(ledger, ScriptedStages(), now=clock, expires_after_s=3600.0, remind_after_s=600.0) as workflow:
        session_id = workflow.open(MEERA, text=COMPLAINT)
        finished = workflow.open(MEERA, text=COMPLAINT)
        complete(workflow, finished)

        def mine():
            return [one for one in workflow.waiting(limit=1000) if one.session_id == session_id]

        clock.pass_by(700)
        (waits,) = mine()
        assert (waits.step, waits.is_due) == (Step.TRANSCRIPT, True)
        assert 700 <= waits.age_s < 710
        gate = shown(workflow, session_id)
        assert session_id not in workflow.expire()
        clock.pass_by(3600)
        assert session_id in workflow.expire()
        assert workflow.session(session_id).of_contract is SessionStatus.EXPIRED
        assert workflow.session(finished).of_contract is SessionStatus.COMPLETED
        assert mine() == []
        with pytest.raises(AnswerRefused, match="reopened"):
            workflow.accept(session_id, gate.token, MEERA)
        workflow.reopen(session_id, ARUN)
        again = shown(workflow, session_id)
        assert (again.content, again.token == gate.token) == (gate.content, False)
        workflow.accept(session_id, again.token, MEERA)
        assert shown(workflow, session_id).step is Step.SUMMARY


def test_a_stage_whose_job_was_lost_with_its_process_is_begun_again(ledger, monkeypatch):
    """The process ends after the answer is stored, and before the job of what follows is."""
    stages = ScriptedStages()
    with working(ledger, stages) as workflow:
        session_id = workflow.open(MEERA, text=COMPLAINT)
        gate = shown(workflow, session_id)
        with monkeypatch.context() as patched:
            patched.setattr(SessionChanges, "_follow", lambda *_: None)
            workflow.accept(session_id, gate.token, MEERA)
        assert workflow.wait_for_gate(session_id, 0.3) is None
        assert workflow.recover() >= 1
        assert shown(workflow, session_id).step is Step.SUMMARY
        workflow.recover()
        assert len(stages.of(Step.SUMMARY)) == 1


def test_a_stage_whose_job_ended_without_a_result_is_told_as_failed(ledger):
    workflow = Workflow(ledger, ScriptedStages().functions(), computes_ahead=False)
    session_id = workflow.open(MEERA, text=COMPLAINT)
    workflow.accept(session_id, workflow.gate(session_id).token, MEERA)
    ledger.writer.barrier().result()
    (job,) = [one for one in ledger.jobs() if ledger.job(one.id).payload["session_id"] == session_id]
    ledger.cancel(job.id)
    workflow.recover()
    gate = workflow.gate(session_id)
    assert gate.content == {"error": "Its work ended without a result."}
    with Worker(ledger, workflow.works):
        workflow.regenerate(session_id, gate.token, MEERA)
        assert shown(workflow, session_id).content["summary"]


def test_two_processes_that_answer_at_once_have_one_effect(location):
    stages = ScriptedStages()
    with Ledgers() as here, Ledgers() as there, ThreadPoolExecutor(8) as pool:
        ledgers = [here.at(location, COMPONENTS), there.at(location, COMPONENTS)]
        with working(ledgers[0], stages) as first, working(ledgers[1], stages) as second:
            session_id = first.open(MEERA, text=COMPLAINT)
            for _ in range(5):
                gate = shown(second, session_id)

                def answer(number, token=gate.token):
                    workflow, officer = (first, MEERA) if number % 2 else (second, ARUN)
                    try:
                        return workflow.accept(session_id, token, officer)
                    except GateConflict as refused:
                        return str(refused)

                answers = set(pool.map(answer, range(16)))
                assert len(answers) == 2  # one receipt, and what the others were told
                assert sum(isinstance(one, str) for one in answers) == 1
            assert first.audit(session_id) == []
            assert first.rebuilt(session_id) == second.session(session_id)


@pytest.mark.parametrize(
    ("wrong", "error", "words"),
    [
        (lambda w, s, t: w.open(MEERA), InputError, "Exactly one"),
        (lambda w, s, t: w.open(MEERA, text="a", image="b"), InputError, "text, image"),
        (lambda w, s, t: w.open(MEERA, text=" "), InvalidContent, "transcript"),
        (lambda w, s, t: w.open(MEERA, text="x" * 50_001), InvalidContent, "50,000"),
        (lambda w, s, t: w.open(MEERA, text="x", language="fr"), InputError, "language"),
        (lambda w, s, t: w.open(MEERA, audio="x" * 1001), InputError, "audio"),
        (lambda w, s, t: w.reject(s, t, MEERA, reason=None), InputError, "reason"),
        (lambda w, s, t: w.open(MEERA, text="x", session_id=s), SessionExists, "exists"),
        (lambda w, s, t: w.session("x"), InputError, "session_id"),
        (lambda w, s, t: w.session(s + "\n"), InputError, "session_id"),
        (lambda w, s, t: w.session(str(uuid.uuid4())), UnknownSession, "no session"),
        (lambda w, s, t: w.accept(str(uuid.uuid4()), t, MEERA), UnknownSession, "no session"),
        (lambda w, s, t: w.accept(s, "x", MEERA), InputError, "token"),
        (lambda w, s, t: w.accept(s, t, MEERA, note="x" * 10_001), InputError, "note"),
        (lambda w, s, t: w.edit(s, t, MEERA, {}), InvalidContent, "one member"),
        (lambda w, s, t: w.edit(s, t, MEERA, {"transcript": 7}), InvalidContent, "must be text"),
        (lambda w, s, t: w.edit(s, t, MEERA, {"transcript": "a", "summary": "b"}), InvalidContent, "one member"),
        (lambda w, s, t: w.edit(s, t, MEERA, {"violations": [{}]}), InvalidContent, "verdict"),
        (lambda w, s, t: w.edit(s, t, MEERA, {"violations": "x"}), InvalidContent, "list"),
        (lambda w, s, t: w.reject(s, t, MEERA, reason=" "), InputError, "reason"),
        (lambda w, s, t: w.state_fields(s, MEERA, {"legal_acts": "IPC"}), InputError, "legal_acts"),
        (lambda w, s, t: w.state_fields(s, MEERA, {"complainant": "x"}), UnknownField, "complainant"),
        (lambda w, s, t: w.state_fields(s, MEERA, {"witnesses": ""}), InputError, "value"),
        (lambda w, s, t: w.report(s), AnswerRefused, "no report yet"),
        (lambda w, s, t: w.file(s, MEERA), AnswerRefused, "last gate"),
        (lambda w, s, t: w.sealed_file("FIR-1", "exe"), InputError, "form"),
        (lambda w, s, t: w.sealed_file("FIR-1", "pdf"), UnknownNumber, "no report"),
        (lambda w, s, t: w.verify("no number", "0"), InputError, "number"),
        (lambda w, s, t: w.reopen(s, MEERA), AnswerRefused, "not expired"),
        (lambda w, s, t: Officer(""), InputError, "name"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused_in_words_and_leaves_no_trace(ledger_on_sqlite, wrong, error, words):
    workflow = Workflow(ledger_on_sqlite, ScriptedStages().functions())
    session_id = workflow.open(MEERA, text=COMPLAINT)
    before = workflow.session(session_id)
    with pytest.raises(error, match=words):
        wrong(workflow, session_id, workflow.gate(session_id).token)
    assert workflow.session(session_id) == before
    assert len(workflow.history(session_id)) == 1


def test_an_edit_is_of_the_step_that_its_token_names(ledger):
    with working(ledger, ScriptedStages()) as workflow:
        session_id = workflow.open(MEERA, text=COMPLAINT)
        gate = lead_to(workflow, session_id, Step.SUMMARY)
        with pytest.raises(InvalidContent, match="summary"):
            workflow.edit(session_id, gate.token, MEERA, {"transcript": "for another step"})


def test_text_of_any_kind_is_kept_as_it_is(ledger):
    text = "a\x00b \u202e \ud800 {{7*7}} ' OR 1=1 -- \U0001f600 क्‍ष"
    with working(ledger, ScriptedStages()) as workflow:
        session_id = workflow.open(MEERA, text=text)
        assert workflow.session(session_id).text == text
        workflow.state_fields(session_id, MEERA, {"witnesses": text})
        lead_to(workflow, session_id, Step.FINAL)
        assert workflow.report(session_id).complaint.value == text
        assert workflow.rebuilt(session_id) == workflow.session(session_id)

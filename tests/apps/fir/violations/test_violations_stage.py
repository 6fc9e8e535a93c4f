"""The stage gives the officer every provision with its verdict, decides nothing, and ends when nobody wants it."""

import threading

import pytest
from yes_no_provider import YesNoProvider, is_about

from synqc.apps.fir.knowledge.knowledge_base import KnowledgeBase
from synqc.apps.fir.violations.checks import ViolationChecks
from synqc.apps.fir.violations.stage import violations_stage
from synqc.apps.fir.workflow.content import check_content
from synqc.apps.fir.workflow.stages import StageResult
from synqc.apps.fir.workflow.steps import Step
from synqc.apps.fir.workflow.workflow import COMPONENTS, Officer, Workflow
from synqc.jobs import Worker
from synqc.jobs.errors import JobStopped
from synqc.jobs.ledgers import Ledgers
from synqc.llm.errors import ModelUnreachable
from synqc.storage.database import DatabaseLocation

SUMMARY = "Two men on a motorcycle snatched the complainant's gold chain."
GIVEN = {"summary": SUMMARY, "note": "", "instruction": "", "try": 0}
MEERA = Officer("SI Meera Rao")


class Stop:
    """How a stage hears that it is not wanted."""

    def __init__(self):
        self.calls, self.stopped, self.listening = [], False, threading.Event()

    def check(self):
        if self.stopped:
            raise JobStopped("Nobody wants it.")

    def on_stop(self, call):
        self.calls.append(call)
        self.listening.set()

    def stop(self):
        self.stopped = True
        for call in self.calls:
            call()


@pytest.fixture(scope="module")
def law():
    return KnowledgeBase.standard()


def margin(question):
    """Snatching is described, of theft nobody can say."""
    if is_about(303, question):
        return ModelUnreachable("Nobody answers.")
    return 5.0 if is_about(304, question) else -5.0


def stage_of(law, provider):
    return ViolationChecks(law, provider=provider, model="m-1")


def test_every_provision_is_there_with_its_verdict_and_none_is_decided(law):
    with stage_of(law, YesNoProvider(margin)) as checks:
        made = violations_stage(checks)(GIVEN, Stop())
    provisions = check_content(Step.VIOLATIONS, dict(made.content))["violations"]
    told = {one["section"]: (one["verdict"], one["accepted"]) for one in provisions}
    assert len(told) == 10
    assert (told["304"], told["303"]) == (("yes", None), ("unknown", None))
    assert {one["text"] for one in provisions} == {""}
    assert (made.model, len(made.prompt_sha256)) == ("m-1", 64)


def test_note_and_wish_are_searched_and_judged(law):
    provider = YesNoProvider(margin)
    with stage_of(law, provider) as checks:
        violations_stage(checks)({**GIVEN, "note": "He also had a knife.", "instruction": "Look at threats."}, Stop())
    told = f"{SUMMARY}\n\nHe also had a knife.\n\nLook at threats."
    assert all(told in request.messages[-1].content for request, _ in provider.requests)


def test_nothing_found_is_an_empty_list_of_no_model(law):
    with stage_of(law, YesNoProvider(margin)) as checks:
        assert violations_stage(checks)({**GIVEN, "summary": "xyzzy"}, Stop()) == StageResult({"violations": []})


def test_stage_that_nobody_wants_ends_its_calls(law):
    provider, stop, ended = YesNoProvider(lambda question: "hang"), Stop(), []

    def run():
        with pytest.raises(JobStopped):
            violations_stage(checks)(GIVEN, stop)
        ended.append(True)

    with stage_of(law, provider) as checks:
        thread = threading.Thread(target=run)
        thread.start()
        assert stop.listening.wait(10)
        stop.stop()
        thread.join(10)
    assert ended == [True]
    assert provider.under_way == 0


def test_in_a_workflow_the_officer_sees_what_is_unknown(law, tmp_path):
    with stage_of(law, YesNoProvider(margin)) as checks, Ledgers() as ledgers:
        ledger = ledgers.at(DatabaseLocation(tmp_path), COMPONENTS)
        stages = {
            Step.SUMMARY: lambda given, stop: StageResult({"summary": SUMMARY}),
            Step.VIOLATIONS: violations_stage(checks),
            Step.NARRATIVE: lambda given, stop: StageResult({"fir_narrative": SUMMARY}),
        }
        workflow = Workflow(ledger, stages, computes_ahead=False)
        with Worker(ledger, workflow.works):
            session_id = workflow.open(MEERA, text="Two men snatched my chain.")
            while (gate := workflow.wait_for_gate(session_id, 20)).step is not Step.VIOLATIONS:
                workflow.accept(session_id, gate.token, MEERA)
        shown = {one["section"]: one for one in gate.content["violations"]}
    assert shown["304"]["verdict"] == "yes"
    assert (shown["303"]["verdict"], shown["303"]["cause"]) == ("unknown", "unreachable: Nobody answers.")

"""The application object without HTTP: what the settings choose, and stages that another process does."""

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "input"))
sys.path.insert(0, str(Path(__file__).parent / "violations"))

from failing_commits import failing_commits
from media_doubles import Going
from waiting import wait_until
from yes_no_provider import YesNoProvider

from synqc.apps.fir.application import FirApplication, work_of
from synqc.apps.fir.report_models import NoModel
from synqc.apps.fir.settings import FirSettings
from synqc.apps.fir.violations.question import FORM_SHA256, OPTIONS
from synqc.apps.fir.workflow.session import ResultState
from synqc.apps.fir.workflow.steps import Step
from synqc.apps.fir.workflow.workflow import Officer
from synqc.errors import InputError
from synqc.jobs import Worker
from synqc.llm.calibration import Calibration
from synqc.storage.errors import StorageUnavailable

MEERA = Officer("SI Meera Rao")


@pytest.fixture
def settings(tmp_path):
    return FirSettings(state_dir=tmp_path, local_model="none", asr_url="none", ocr_url="none")


@pytest.fixture
def open_application():
    made = []

    def make(settings, **more):
        made.append(FirApplication(settings, **more))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_stages_that_no_service_does_are_a_workers(settings, open_application):
    fir = open_application(settings)
    session_id = fir.workflow.open(MEERA, text="A cycle was stolen from the market.")
    fir.workflow.accept(session_id, fir.workflow.gate(session_id).token, MEERA)
    with Worker(fir.ledger, {"fir_stage": work_of(settings)}):
        gate = fir.workflow.wait_for_gate(session_id, 30.0)
    assert (gate.step, gate.state) == (Step.SUMMARY, ResultState.FAILED)
    assert "no language model is set up" in gate.content["error"]


def test_a_stage_that_a_killed_service_had_is_done_at_once_by_the_next_one(settings, open_application):
    killed = open_application(settings)
    session_id = killed.workflow.open(MEERA, text="A cycle was stolen from the market.")
    killed.workflow.accept(session_id, killed.workflow.gate(session_id).token, MEERA)
    assert killed.ledger.claim("who was killed", {"fir_stage": 9}, lease_s=3600.0)
    following = open_application(settings)
    following.start(lease_s=3600.0)
    gate = following.workflow.wait_for_gate(session_id, 30.0)
    assert (gate.step, gate.state) == (Step.SUMMARY, ResultState.FAILED)  # for want of a model


def test_sessions_of_a_killed_service_go_on_once_storage_is_back_that_failed_when_the_next_one_began(
    settings, open_application
):
    """dbos-transact-py#716"""
    killed = open_application(settings)
    some = [killed.workflow.open(MEERA, text=f"Cycle {number} was stolen from the market.") for number in range(3)]
    for session_id in some:
        killed.workflow.accept(session_id, killed.workflow.gate(session_id).token, MEERA)
    killed.ledger.writer.barrier().result()
    assert len(killed.ledger.claim("who was killed", {"fir_stage": 9}, lease_s=1.0)) == 3
    following = open_application(settings)
    with failing_commits(following.ledger.database) as failed:
        following.start(lease_s=1.0)
        wait_until(lambda: len(failed) > 2)
        with pytest.raises(StorageUnavailable):
            following.tidy()
    following.tidy()  # as the service does every few seconds
    gates = [following.workflow.wait_for_gate(session_id, 60.0) for session_id in some]
    assert [(gate.step, gate.state) for gate in gates] == [
        (Step.SUMMARY, ResultState.FAILED)
    ] * 3  # for want of a model
    assert [following.workflow.audit(session_id) for session_id in some] == [[]] * 3


def test_without_a_model_nobody_is_asked(settings, open_application):
    fir = open_application(settings)
    with pytest.raises(NoModel, match="synqc models get"):
        fir.models.provider()
    assert not fir.models.state().is_ready


def test_no_more_checks_are_under_way_than_the_model_takes_so_that_its_queue_costs_none_its_time(
    settings, open_application
):
    provider = YesNoProvider(lambda question: 3.0, latency_s=0.01, most_at_once=2)
    fir = open_application(settings, provider=provider)
    given = {"summary": "Two boys on a motorcycle snatched my chain.", "note": "", "instruction": "", "try": 0}
    provisions = fir._violations(given, Going()).content["violations"]
    assert (len(provisions), provider.most_under_way) == (10, 2)
    assert {one["verdict"] for one in provisions} == {"yes"}


def test_what_the_station_states_is_in_every_report(settings, open_application):
    stated = settings.model_copy(update={"police_station": "Kotwali", "district": "Jaipur"})
    fir = open_application(stated)
    session = fir.workflow.session(fir.workflow.open(MEERA, text="A cycle was stolen."))
    assert session.station == {"police_station": "Kotwali", "district": "Jaipur"}
    assert fir.workflow._now().utcoffset().total_seconds() == 19_800


def test_a_calibration_that_is_none_is_refused_by_name(settings, tmp_path):
    file = tmp_path / "calibration.json"
    file.write_text(json.dumps({"model": "x"}))
    with pytest.raises(InputError, match=r"SYNQC_FIR_CALIBRATION must be a file of a calibration, but .* is none"):
        FirApplication(settings.model_copy(update={"calibration_path": file}))


@pytest.mark.parametrize(
    ("model", "question", "is_used"),
    [("m-1", FORM_SHA256, True), ("m-2", FORM_SHA256, False), ("m-1", "0123456789abcdef", False), ("m-1", "", False)],
)
def test_a_calibration_of_another_model_or_question_is_not_used_and_the_log_says_so(
    settings, tmp_path, open_application, caplog, model, question, is_used
):
    file = tmp_path / "calibration.json"
    # By it, a margin of 3 is a sure no; by the model's own probabilities a yes.
    fitted = Calibration(model, OPTIONS, "logprobs", "platt", 0.0, -9.0, (), 50, "", question)
    file.write_text(json.dumps(fitted.to_plain()))
    named = settings.model_copy(update={"calibration_path": file, "model": "m-1"})
    fir = open_application(named, provider=YesNoProvider(lambda question: 3.0))
    given = {"summary": "Two boys on a motorcycle snatched my chain.", "note": "", "instruction": "", "try": 0}
    found = fir._violations(given, Going()).content["violations"]
    assert {one["verdict"] for one in found} == {"no" if is_used else "yes"}
    assert ("SYNQC_FIR_CALIBRATION is of another model" in caplog.text) is not is_used


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"auth_key": "short"}, "SYNQC_FIR_AUTH_KEY must have 8 to 256 characters, but has 5."),
        ({"officer": " "}, "SYNQC_FIR_OFFICER must be 1 to 200 characters"),
        ({"expires_after_s": -1.0}, "`expires_after_s` must be between 0.0 and"),
    ],
)
def test_settings_that_cannot_be_are_refused(changes, words):
    with pytest.raises(InputError, match=words.replace(".", r"\.")):
        FirSettings(**changes)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("chief:A:12345678", "entry 1 is none"), ("officer::12345678", "entry 1 is none"),
        ("officer:A:123", "entry 1 is none"), ("officer:A:12345678,officer:B", "entry 2 is none"),
        ("officer:A:12345678,auditor:B:12345678", "gives one to two"), (" , ", "but has none"),
    ],
)  # fmt: skip
def test_keys_that_are_none_are_refused_without_being_shown(text, words):
    with pytest.raises(InputError, match=words) as refused:
        FirSettings.from_environment({"SYNQC_FIR_KEYS": text})
    assert "12345678" not in str(refused.value)

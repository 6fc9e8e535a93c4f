"""What is deleted for its age, and what is counted of the last hour, on both databases."""

from datetime import UTC, datetime, timedelta

import pytest
from scripted_stages import ScriptedStages

from synqc.apps.fir.history.tables import find_entries
from synqc.apps.fir.workflow.errors import UnknownSession
from synqc.apps.fir.workflow.recent_counts import count_reports_since, count_sessions_since
from synqc.apps.fir.workflow.workflow import Officer, Workflow
from synqc.jobs import Worker

MEERA = Officer("SI Meera Rao")
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
FIELDS = {
    "police_station": "Kotwali", "complainant_name": "A. Sen", "complainant_address": "1, Road",
    "incident_date_from": "2020-01-01", "incident_location": "market", "investigating_officer_name": "Meera Rao",
    "investigating_officer_rank": "SI",
}  # fmt: skip


class Clock:
    def __init__(self):
        self.now = LONG_AGO

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def workflow(ledger, clock):
    made = Workflow(ledger, ScriptedStages().functions(), now=clock)
    with Worker(ledger, made.works):
        yield made


def completed(workflow):
    session_id = workflow.open(MEERA, text="A cycle was stolen.")
    workflow.state_fields(session_id, MEERA, FIELDS)
    while workflow.session(session_id).completed_at is None:
        workflow.accept(session_id, workflow.wait_for_gate(session_id, 30.0).token, MEERA)
    return session_id


def test_old_sessions_without_a_filed_report_go_with_their_histories_and_their_numbers_stay(workflow, clock):
    waiting, drafted, filed = workflow.open(MEERA, text="A cycle was stolen."), completed(workflow), completed(workflow)
    number = workflow.session(drafted).number
    workflow.file(filed, MEERA)
    clock.now = LONG_AGO + timedelta(days=10)
    young = workflow.open(MEERA, text="A purse was stolen.")
    before = (LONG_AGO + timedelta(days=5)).timestamp()
    assert sorted(workflow.forget(before=before)) == sorted([waiting, drafted])
    assert workflow.forget(before=before) == []
    for session_id in (waiting, drafted):
        with pytest.raises(UnknownSession):
            workflow.session(session_id)
        with workflow.ledger.database.reading() as connection:
            assert find_entries(connection, session_id) == []
    assert workflow.record(number).session_id == drafted
    assert (workflow.audit(filed), workflow.audit(young)) == ([], [])
    assert workflow.sealed_file(workflow.session(filed).number, "txt")


def test_more_than_one_batch_is_deleted(workflow, clock):
    ids = {workflow.open(MEERA, text="A cycle was stolen.") for _ in range(103)}
    assert set(workflow.forget(before=(LONG_AGO + timedelta(days=5)).timestamp())) >= ids


def test_counts_are_of_what_began_since_then(workflow, clock):
    clock.now = datetime(2034, 1, 1, tzinfo=UTC)
    completed(workflow)
    clock.now = datetime(2035, 1, 1, tzinfo=UTC)
    workflow.open(MEERA, text="A cycle was stolen.")
    done = completed(workflow)
    workflow.file(done, MEERA)
    since = clock.now.timestamp() - 3600.0
    with workflow.ledger.database.reading() as connection:
        sessions, reports = count_sessions_since(connection, since), count_reports_since(connection, since)
    assert {one.status: one.count for one in sessions} == {"awaiting_validation": 1, "completed": 1}
    assert [(one.status, one.count) for one in reports] == [("finalized", 1)]
    assert all(one.seconds >= 0 for one in (*sessions, *reports))

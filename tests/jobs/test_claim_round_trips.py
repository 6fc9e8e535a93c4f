"""Claims with the database's own clock, which PostgreSQL is asked for with everything else."""

import time

from sqlalchemy import event

from synqc.jobs import JobState

MOST_STATEMENTS = {"sqlite": 4, "postgresql": 3}


def statements(ledger, call):
    """How many a call needs, begin and commit excepted."""
    seen = []

    def note(connection, cursor, statement, *_):
        seen.append(statement)

    event.listen(ledger.database.engine, "before_cursor_execute", note)
    try:
        call()
    finally:
        event.remove(ledger.database.engine, "before_cursor_execute", note)
    return [statement for statement in seen if not statement.startswith(("BEGIN", "PRAGMA"))]


def claim(ledger, most=1):
    return ledger.claim("w1", {"work": most}, lease_s=30)


def test_a_claim_takes_few_round_trips(ledger):
    ledger.submit("work", 1)
    found = []
    seen = statements(ledger, lambda: found.extend(claim(ledger)))
    assert [claimed.payload for claimed in found] == [b"1"]
    assert len(seen) <= MOST_STATEMENTS[ledger.database.dialect], seen


def test_a_claim_of_one_and_its_end_are_written_with_their_events(ledger):
    job_id = ledger.submit("work")
    (claimed,) = claim(ledger)
    ledger.complete(claimed, "done")
    job = ledger.job(job_id)
    assert (job.state, job.attempt, job.result) == (JobState.SUCCEEDED, 1, "done")
    told = [(event.number, event.kind, event.attempt, event.owner) for event in ledger.events(job_id)]
    assert told == [(1, "submitted", 0, None), (2, "claimed", 1, "w1"), (3, "succeeded", 1, "w1")]


def test_a_claim_of_several_writes_the_event_of_each(ledger):
    ids = [ledger.submit("work") for _ in range(3)]
    assert [claimed.job_id for claimed in claim(ledger, most=3)] == ids
    for job_id in ids:
        assert [event.kind for event in ledger.events(job_id)] == ["submitted", "claimed"]


def test_a_delayed_job_is_claimed_once_its_moment_has_come(ledger):
    delayed = ledger.submit("work", not_before=time.time() + 0.5)
    later = ledger.submit("work", not_before=time.time() + 1000)
    assert claim(ledger, most=9) == []
    deadline = time.monotonic() + 30
    while not (found := claim(ledger, most=9)):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert [claimed.job_id for claimed in found] == [delayed]
    assert ledger.job(later).state is JobState.QUEUED

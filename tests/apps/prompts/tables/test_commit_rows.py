"""Rows are committed in one order, and the same problem once, whichever batch or process brings it."""

import json
from contextlib import nullcontext

import pytest
from scratch_postgresql import scratch_postgresql
from sqlalchemy import select

from synqc.apps.prompts.application import PromptsApplication
from synqc.apps.prompts.causes import DiscardCause, RowStatus
from synqc.apps.prompts.settings import PromptsSettings
from synqc.apps.prompts.tables.row_records import NewRow, commit_rows
from synqc.apps.prompts.tables.schema import rows


@pytest.fixture(params=["sqlite", "postgresql"])
def application(request, tmp_path):
    with scratch_postgresql() if request.param == "postgresql" else nullcontext() as url:
        made = PromptsApplication(PromptsSettings(state_dir=tmp_path, database_url=url, openai_base_url="http://x/v1"))
        yield made
        made.close()


@pytest.fixture
def commit(application, asked):
    from synqc.apps.prompts.request import ModelName, RoleModels

    models = RoleModels(*[ModelName("openai", "m")] * 3)
    job_id = application.submit(asked(models=models, rows=3))
    claimed = application.ledger.claim_by_id("me", job_id, lease_s=60)

    def row(attempt, problem):
        return NewRow(
            job_id=job_id, owner=claimed.owner, job_attempt=claimed.attempt, attempt=attempt,
            status=RowStatus.ACCEPTED, cause=None, reason="", subject="s", topic="t", difficulty="", problem=problem,
            answer="1", digest=problem.encode(), repeats=None, document=json.dumps({}).encode(), usd_micros=0, tokens=0,
        )  # fmt: skip

    def commit(*new):
        with application.ledger.database.writing() as connection:
            return commit_rows(connection, [row(*one) for one in new])

    return commit


def written(application, column):
    """A column of all rows, in their order."""
    with application.ledger.database.reading() as connection:
        return list(connection.scalars(select(column).order_by(rows.c.id)))


def test_the_same_problem_is_committed_once(commit):
    first, second, third = commit((0, "a"), (1, "a"), (2, "b"))
    assert [one.status for one in (first, second, third)] == [
        RowStatus.ACCEPTED, RowStatus.DISCARDED, RowStatus.ACCEPTED
    ]  # fmt: skip
    assert second.cause is DiscardCause.DUPLICATE
    again, fourth, surplus = commit((3, "b"), (4, "c"), (5, "d"))
    assert (again.status, again.cause) == (RowStatus.DISCARDED, DiscardCause.DUPLICATE)
    assert (fourth.status, fourth.accepted, surplus.status) == (RowStatus.ACCEPTED, 3, RowStatus.SURPLUS)
    assert commit((6, "d"))[0].cause is DiscardCause.DUPLICATE


def test_a_duplicate_names_the_row_that_it_repeats(commit, application):
    first, _ = commit((0, "a"), (1, "a"))
    commit((2, "a"))
    assert written(application, rows.c.reason) == ["", f"The same as row {first.id}.", f"The same as row {first.id}."]


def test_an_attempt_that_was_committed_stays_as_it_is(commit, application):
    first = commit((0, "a"))[0]
    assert commit((0, "other"))[0] == first
    assert written(application, rows.c.problem) == ["a"]

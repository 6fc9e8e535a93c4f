"""A session comes back from its row as it was, and databases of earlier versions stay readable."""

import json
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

from synqc.apps.tds.models import KpiBundle, RunConfiguration, RunRequest, SessionStatus
from synqc.apps.tds.runs import RunKilled
from synqc.apps.tds.storage import schema
from synqc.lab.checkpoint import Checkpoint

OLD_DATABASES = sorted(Path(__file__).parent.glob("database_of_version_*.sql"))


def stored_part(session):
    return {column.name: getattr(session, column.name) for column in schema.sessions.columns}


def test_every_column_comes_back(opened):
    first = opened()
    first.store.create_or_update("x1", RunConfiguration())[1].result(10)
    config = RunConfiguration(adaptive_rule="kalman", probe_strength=0.3, notes="é", num_iterations_default=7)
    session, saved = first.store.create_or_update("x2", config)
    saved.result(10)
    first.runs.execute(first.runs.start("x2", RunRequest(shot_limit=9000))).stored.result(10)
    first.store.clear_lines(session).result(10)
    before = stored_part(session)
    fresh = stored_part(first.store.get("x1"))
    assert [name for name in before if before[name] == fresh[name]] == ["status", "mode_label", "owner", "epoch"]
    second = opened()
    assert stored_part(second.store.get("x2")) == before
    assert stored_part(second.store.get("x1")) == fresh


def test_log_and_telemetry_go_on_after_a_restart(opened):
    def run(tds):
        tds.runs.execute(tds.runs.start("x1", RunRequest(mode="dryrun"))).stored.result(10)

    first = opened()
    first.store.create_or_update("x1", RunConfiguration())[1].result(10)
    run(first)
    run(first)
    before = first.store.get("x1")
    second = opened()
    run(second)
    second.store.flush()  # what is new is on disk before what is old is read
    after = second.store.get("x1")
    second.store.load_history(after)
    assert after.logs[:5] == before.logs
    assert list(after.rows)[:2] == list(before.rows)
    assert (len(after.logs), len(after.rows)) == (7, 3)
    third = opened()
    again = third.store.get("x1")
    third.store.load_history(again)
    assert (again.logs, list(again.rows)) == (after.logs, list(after.rows))


@pytest.mark.parametrize("killed", ["before it measured", "while it was finished"])
def test_a_session_that_is_deleted_while_its_run_ends_stays_deleted(opened, killed):
    first = opened()
    first.store.create_or_update("x1", RunConfiguration())[1].result(10)
    started = first.runs.start("x1", RunRequest())
    if killed == "before it measured":
        first.runs.kill("x1")[1].result(10)
        first.store.delete("x1").result(10)
        with pytest.raises(RunKilled):
            first.runs.execute(started)
        runs = 0
    else:
        finish = first.runs._finish

        def killed_and_deleted(*args, **options):
            first.runs.kill("x1")  # not waited for: the store is locked here
            first.store.delete("x1")
            return finish(*args, **options)

        first.runs._finish = killed_and_deleted
        first.runs.execute(started).stored.result(10)
        runs = 1
    second = opened()
    assert second.store.sessions == {}
    assert second.database.lines("x1", 0) == []
    assert len(second.database.run_documents("x1", None, 10)) == runs


def test_there_is_a_database_of_every_version():
    assert [path.stem for path in OLD_DATABASES] == [
        f"database_of_version_{number}" for number in range(1, schema.COMPONENT.newest + 1)
    ]


@pytest.mark.parametrize("script", OLD_DATABASES, ids=lambda path: path.stem)
def test_an_old_database_opens(tmp_path, opened, script):
    with sqlite3.connect(tmp_path / "synqc.db") as connection:
        connection.executescript(script.read_text())
    tds = opened()
    assert stored_part(tds.store.get("x1")) == {
        "session_id": "x1",
        "position": 1,
        "created_at": datetime(2026, 1, 2, 3, 4, 5, 6, UTC),
        "last_updated_at": datetime(2026, 1, 2, 3, 4, 7, 0, UTC),
        "status": SessionStatus.TERMINATED,
        "status_text": "Idle · last run completed",
        "mode_label": "Sim Local",
        "config": RunConfiguration(
            hardware_preset="ion-chain", drive_envelope="drag", probe_strength=0.3, adaptive_rule="kalman",
            objective="info-vs-damage", notes="é", num_iterations_default=5,
        ),
        "last_run_id": "x1-20260102T030406Z",
        "shot_limit": 50000,
        "shots_used": 836,
        "last_kpis": KpiBundle.from_raw(0.975, 1.38, 0.013, 836, 50000),
        "carry": ("sim-local ion-chain kalman", Checkpoint(0.25, ((1.0, 2e-07),), ((0.5,), (-0.125,)))),
        "first_line": 1,
        "owner": None,
        "epoch": 0,
    }  # fmt: skip
    session = tds.store.get("x1")
    tds.store.load_history(session)
    assert session.logs == ["[2026-01-02T03:04:06Z] Run started.", "[2026-01-02T03:04:07Z] Run completed."]
    assert [json.loads(row) for row in session.rows] == [{"fidelity": 0.97}]
    assert (session.next_line, session.next_row) == (3, 513)
    assert tds.database.run_ids("x1") == ["x1-20260102T030406Z"]


def test_the_tables_are_those_of_a_new_database(tmp_path, opened):
    """The newest old database and a new one have the same columns: no step of the migration is missing."""
    with sqlite3.connect(tmp_path / "old.db") as connection:
        connection.executescript(OLD_DATABASES[-1].read_text())
        old = columns(connection)
    opened()
    with sqlite3.connect(tmp_path / "synqc.db") as connection:
        new = columns(connection)
    ours = (*schema.metadata.tables, "ownership", "synqc_components")
    assert {table: new[table] for table in ours} == old, "other rooms have tests of their own"


def columns(connection):
    tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    return {table: connection.execute(f"PRAGMA table_info({table})").fetchall() for table in tables}

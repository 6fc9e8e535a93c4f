"""State directories of earlier services: three shapes are taken over, nothing is lost, and the shape comes back."""

import json
import sqlite3
import subprocess
import sys
import threading

import pytest

from synqc.apps.tds.application import TdsApplication
from synqc.apps.tds.models import RunConfiguration, RunRequest, SessionStatus
from synqc.apps.tds.storage.database import Database
from synqc.apps.tds.storage.legacy import export_state
from synqc.apps.tds.storage.schema import check_file
from synqc.settings import Settings
from synqc.storage.backup import back_up
from synqc.storage.database import DatabaseLocation, open_for_reading

CONFIG = {
    "hardware_target": "sim-local", "hardware_preset": "transmon-default", "drive_envelope": "gaussian",
    "probe_strength": 0.25, "probe_duration_ns": 140, "adaptive_rule": "kalman", "objective": "info-vs-damage",
    "notes": "naïve, before the move",
}  # fmt: skip
KPIS = {
    "fidelity": 0.9815, "latency_us": 17.25, "backaction": 0.1125, "shots_used": 1000, "shot_limit": 50000,
    "shots_used_fraction": 0.02,
}  # fmt: skip
ROW = {
    "timestamp": "2025-03-04T05:06:09.125Z", "provider": "sim-local", "fidelity": 0.98, "latency_us": 17.5,
    "shots_used": 1000, "shot_rate": None,
}  # fmt: skip
MEASUREMENTS = [{"qubit": qubit, "p0": 0.75, "p1": 0.25, "last": 0} for qubit in range(4)]
SESSION_KEYS = [
    "session_id", "created_at", "last_updated_at", "status", "status_text", "mode_label", "config", "last_run_id",
    "shot_limit", "shots_used", "logs", "last_kpis", "telemetry",
]  # fmt: skip
RUN_KEYS = ["run_id", "session_id", "mode", "config_snapshot", "created_at", "kpis", "measurements", "events"]


def session_item(name="lab-1", **members):
    return {
        "session_id": name, "created_at": "2025-03-04T05:06:07.000089", "last_updated_at": "2025-03-04T05:06:09.000001",
        "status": "idle", "status_text": "Idle · last run completed", "mode_label": "Sim Local", "config": CONFIG,
        "last_run_id": f"{name}-20250304T050608Z", "shot_limit": 50000, "shots_used": 1000,
        "logs": ["[2025-03-04T05:06:07Z] Session created.", "[2025-03-04T05:06:08Z] Run finished: fidelity=0.982"],
        "last_kpis": KPIS, "telemetry": [ROW], **members,
    }  # fmt: skip


def run_item(name="lab-1", **members):
    return {
        "run_id": f"{name}-20250304T050608Z", "session_id": name, "mode": "run", "config_snapshot": CONFIG,
        "created_at": "2025-03-04T05:06:08.000001", "kpis": KPIS, "measurements": MEASUREMENTS,
        "events": ["[RUN] objective=info-vs-damage", "[BUDGET] 1000 / 50000"], **members,
    }  # fmt: skip


def without(item, *names):
    return {name: value for name, value in item.items() if name not in names}


def oldest():
    """Before telemetry, measurements and the agent; modes had other names."""
    item = without(session_item(mode_label="Local Simulation", created_at="2025-03-04T05:06:07.000089Z"), "telemetry")
    return [item], [without(run_item(), "measurements")]


def middle():
    """With telemetry, before measurements; a time has an offset."""
    return [session_item(last_updated_at="2025-03-04T07:06:09.000001+02:00")], [without(run_item(), "measurements")]


def newest():
    """All keys."""
    return [session_item()], [run_item()]


def written(folder, sessions, runs=()):
    (folder / "runs").mkdir(parents=True)
    text = sessions if isinstance(sessions, str) else json.dumps(sessions, indent=2)
    (folder / "sessions.json").write_text(text)
    for run in runs:
        (folder / "runs" / f"{run['run_id']}.json").write_text(json.dumps(run, indent=2))
    return folder


def contents(folder):
    paths = [folder / "sessions.json", *sorted((folder / "runs").glob("*"))]
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in paths}


@pytest.fixture
def opened(tmp_path):
    made = []

    def open_folder(folder=None):
        tds = TdsApplication(Settings(state_dir=folder or tmp_path / "state"))
        made.append(tds)
        return tds

    yield open_folder
    for tds in made:
        tds.close()


def exported(tds, folder):
    export_state(tds.database, folder)
    sessions = json.loads((folder / "sessions.json").read_text())
    return sessions, [json.loads(path.read_text()) for path in sorted((folder / "runs").glob("*.json"))]


class TestShapes:
    @pytest.mark.parametrize("shape", [oldest, middle, newest])
    def test_a_session_is_taken_over_as_it_is(self, tmp_path, opened, shape):
        sessions, runs = shape()
        tds = opened(written(tmp_path / "state", sessions, runs))
        session = tds.store.get("lab-1")
        tds.store.load_history(session)
        summary = session.summary().model_dump(mode="json")
        assert summary["created_at"] == "2025-03-04T05:06:07.000089"
        assert summary["last_updated_at"] == "2025-03-04T05:06:09.000001"
        for name in ("status", "status_text", "mode_label", "last_run_id", "shot_limit", "shots_used", "config"):
            assert summary[name] == sessions[0][name], name
        assert summary["last_kpis"] == KPIS
        assert session.logs == sessions[0]["logs"]
        assert [json.loads(row) for row in session.rows] == sessions[0].get("telemetry", [])

    @pytest.mark.parametrize("shape", [oldest, middle, newest])
    def test_a_run_is_taken_over_as_it_is(self, tmp_path, opened, shape):
        sessions, runs = shape()
        tds = opened(written(tmp_path / "state", sessions, runs))
        record = json.loads(tds.database.run_document(runs[0]["run_id"]))
        for name in RUN_KEYS:
            assert record[name] == runs[0].get(name, []), name

    @pytest.mark.parametrize("shape", [oldest, middle, newest])
    def test_the_files_stay_as_they_are(self, tmp_path, opened, shape):
        folder = written(tmp_path / "state", *shape())
        before = contents(folder)
        opened(folder).close()
        opened(folder)
        assert contents(folder) == before

    def test_missing_members_have_their_defaults(self, tmp_path, opened):
        bare = {"session_id": "bare", "created_at": "2025-01-01T00:00:00", "config": {}}
        session = opened(written(tmp_path / "state", [bare])).store.get("bare")
        summary = session.summary()
        assert (summary.status, summary.shot_limit, summary.shots_used) == (SessionStatus.IDLE, 50_000, 0)
        assert (summary.last_kpis, summary.last_run_id, session.logs) == (None, None, [])
        assert summary.mode_label == "Sim Local"

    def test_a_session_that_was_running_is_idle(self, tmp_path, opened):
        tds = opened(written(tmp_path / "state", [session_item(status="running")]))
        started = tds.runs.start("lab-1", RunRequest())
        finished = tds.runs.execute(started)
        finished.stored.result(10)
        assert finished.record.run_id.startswith("lab-1-")

    def test_order_and_every_session_is_kept(self, tmp_path, opened):
        names = [f"lab-{number}" for number in (5, 1, 9, 3)]
        tds = opened(written(tmp_path / "state", [session_item(name) for name in names]))
        assert list(tds.store.sessions) == names
        tds.store.create_or_update("later", RunConfiguration())[1].result(10)
        tds.close()
        assert list(opened().store.sessions) == [*names, "later"]

    def test_it_is_done_once(self, tmp_path, opened):
        folder = written(tmp_path / "state", [session_item()])
        first = opened(folder)
        first.store.delete("lab-1").result(10)
        first.close()
        assert list(opened(folder).store.sessions) == []

    def test_an_imported_session_goes_on(self, tmp_path, opened):
        tds = opened(written(tmp_path / "state", *newest()))
        finished = tds.runs.execute(tds.runs.start("lab-1", RunRequest()))
        finished.stored.result(10)
        assert finished.record.kpis.shots_used == 1000 + 800 + 42


class TestDamage:
    @pytest.mark.parametrize(
        "text", ["", "{", '[{"session_id": "lab-1"', '{"lab-1": {}}', "null", "\x00\x00", "[" * 100_000],
        ids=["empty", "cut", "cut list", "object", "null", "zeros", "deep"],
    )  # fmt: skip
    def test_an_unreadable_file_is_copied_aside_and_left(self, tmp_path, opened, text):
        folder = written(tmp_path / "state", text)
        tds = opened(folder)
        assert tds.store.sessions == {}
        tds.store.create_or_update("x1", RunConfiguration())[1].result(10)
        (aside,) = folder.glob("sessions.json.corrupt-*")
        assert aside.read_text() == (folder / "sessions.json").read_text() == text

    def test_a_file_of_another_encoding_is_copied_aside(self, tmp_path, opened):
        folder = written(tmp_path / "state", [])
        (folder / "sessions.json").write_bytes(b'[{"session_id": "\xff\xfe"}]')
        assert opened(folder).store.sessions == {}
        assert len(list(folder.glob("sessions.json.corrupt-*"))) == 1

    @pytest.mark.parametrize(
        "bad",
        [
            3, None, "text", [], {}, {"session_id": ""}, {"session_id": 7}, session_item("bad", status="asleep"),
            session_item("bad", created_at="yesterday"), session_item("bad", created_at=12),
            session_item("bad", shot_limit="many"), session_item("bad", config={"probe_strength": 7}),
            session_item("bad", config=[]), session_item("bad", last_kpis=[1]), session_item("bad", logs=3),
            session_item("bad", last_run_id={"a": 1}), session_item("lab-1", status_text="a second one"),
            session_item("bad", telemetry=[{"fidelity": float("nan")}]), session_item("bad", shots_used=10**30),
            session_item("bad", shot_limit=float("inf")), session_item("bad", shot_limit=2**63),
            session_item("\ud800"), session_item("\0"), session_item("bad", logs=["a\0b"]),
            session_item("bad", status_text="\udfff"), session_item("bad", config={"notes": "\ud800"}),
        ],
        ids=lambda item: ascii(item)[:20],
    )  # fmt: skip
    def test_a_bad_item_costs_no_other_and_comes_out_again(self, tmp_path, opened, bad):
        folder = written(tmp_path / "state", [session_item(), bad, session_item("lab-2")])
        tds = opened(folder)
        assert [name for name in tds.store.sessions if name != "bad"] == ["lab-1", "lab-2"]
        sessions, _ = exported(tds, tmp_path / "out")
        if "bad" not in tds.store.sessions:  # some can be read after all
            assert json.dumps(sessions[2]) == json.dumps(bad)

    def test_a_bad_run_costs_no_other(self, tmp_path, opened):
        folder = written(tmp_path / "state", [session_item()], [run_item()])
        (folder / "runs" / "cut.json").write_text('{"run_id": "cut"')
        (folder / "runs" / "list.json").write_text("[]")
        (folder / "runs" / "deep.json").write_text("[" * 100_000)
        (folder / "runs" / "zero.json").write_text(json.dumps(run_item(run_id="\0")))
        (folder / "runs" / "surrogate.json").write_text(json.dumps(run_item(run_id="\ud800")))
        (folder / "runs" / "notes.json").write_text(
            json.dumps(run_item(run_id="n", config_snapshot={"notes": "\ud800"}))
        )
        (folder / "runs" / "twin.json").write_text(json.dumps(run_item()))
        tds = opened(folder)
        found = tds.database.run_documents(None, None, 10)
        assert [json.loads(run)["run_id"] for _, run in found] == ["lab-1-20250304T050608Z"]
        assert len(list((folder / "runs").glob("*.json"))) == 8


class TestExportState:
    def test_the_newest_shape_comes_back_byte_by_byte(self, tmp_path, opened):
        sessions, runs = [session_item(), session_item("lab/2:ü")], [run_item()]
        folder = written(tmp_path / "state", sessions, runs)
        export_state(opened(folder).database, tmp_path / "out")
        assert (tmp_path / "out" / "sessions.json").read_bytes() == (folder / "sessions.json").read_bytes()
        name = f"{runs[0]['run_id']}.json"
        assert (tmp_path / "out" / "runs" / name).read_bytes() == (folder / "runs" / name).read_bytes()

    def test_what_this_service_made_can_be_imported_again(self, tmp_path, opened):
        first = opened()
        first.store.create_or_update("lab/7", RunConfiguration(probe_strength=0.3, notes="é"))[1].result(10)
        for _ in range(3):
            first.runs.execute(first.runs.start("lab/7", RunRequest())).stored.result(10)
        first.store.flush()
        sessions, runs = exported(first, tmp_path / "out")
        assert [list(session) for session in sessions] == [SESSION_KEYS]
        assert [list(run) for run in runs] == [RUN_KEYS] * 3
        second = opened(tmp_path / "out")
        before, after = first.store.get("lab/7"), second.store.get("lab/7")
        second.store.load_history(after)
        assert after.summary() == before.summary()
        assert after.logs == before.logs
        assert [json.loads(row) for row in after.rows] == [json.loads(row) for row in before.rows]
        assert exported(second, tmp_path / "again") == (sessions, runs)

    def test_a_service_starts_on_what_was_exported_into_its_own_directory(self, tmp_path, opened):
        first = opened()
        first.store.create_or_update("x1", RunConfiguration())[1].result(10)
        first.store.create_or_update("gone", RunConfiguration())[1].result(10)
        first.store.create_or_update("x2", RunConfiguration())[1].result(10)
        first.runs.execute(first.runs.start("x1", RunRequest())).stored.result(10)
        export_state(first.database, tmp_path / "state")
        first.store.delete("gone").result(10)
        first.store.create_or_update("x1", RunConfiguration(notes="newer"))[1].result(10)
        before = first.store.get("x1").summary()
        first.close()
        second = opened()
        assert list(second.store.sessions) == ["x1", "x2", "gone"]
        assert second.store.get("x1").summary() == before
        assert len(second.database.run_documents(None, None, 10)) == 1

    def test_the_command_does_it_beside_a_running_service(self, tmp_path, opened):
        tds = opened()
        tds.store.create_or_update("x1", RunConfiguration())[1].result(10)
        done = subprocess.run(
            [sys.executable, "-m", "synqc", "export-state", str(tmp_path / "out")], capture_output=True, text=True,
            env=environment_of(tds), check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert [item["session_id"] for item in json.loads((tmp_path / "out" / "sessions.json").read_text())] == ["x1"]


def environment_of(tds):
    import os

    return {**os.environ, "SYNQC_STATE_DIR": str(tds.settings.state_dir)}


@pytest.mark.parametrize("name", ["a b", "what?", "no#1", "50%41", "état"])
def test_a_directory_may_have_any_name(tmp_path, opened, name):
    folder = tmp_path / "all" / name
    tds = opened(folder)
    tds.store.create_or_update("x1", RunConfiguration())[1].result(10)
    assert [path.name for path in folder.parent.iterdir()] == [name]
    database = open_for_reading(DatabaseLocation(folder), Database)
    assert [row.session_id for row in database.session_rows()] == ["x1"]
    database.close()
    assert back_up(tds.settings, tmp_path / "copy.db", checks=[check_file]) > 0


class TestBackup:
    def test_a_copy_taken_under_load_is_whole(self, tmp_path, opened):
        tds = opened()
        tds.store.create_or_update("x1", RunConfiguration())[1].result(10)
        acknowledged, stop = [], threading.Event()

        def load():
            while not stop.is_set():
                finished = tds.runs.execute(tds.runs.start("x1", RunRequest(mode="dryrun")))
                finished.stored.result(10)
                acknowledged.append(finished.record.run_id)

        thread = threading.Thread(target=load)
        thread.start()
        try:
            for number in range(5):
                while len(acknowledged) < 5 * (number + 1):
                    assert thread.is_alive()
                before = list(acknowledged)
                copy = tmp_path / f"copy-{number}"
                copy.mkdir()
                assert (
                    back_up(tds.settings, copy / "synqc.db", checks=[check_file]) == (copy / "synqc.db").stat().st_size
                )
                with sqlite3.connect(copy / "synqc.db") as connection:
                    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
                database = open_for_reading(DatabaseLocation(copy), Database)
                stored = {json.loads(run)["run_id"] for _, run in database.run_documents(None, None, 10_000)}
                (row,) = database.session_rows()
                database.close()
                assert set(before) <= stored
                assert row.last_run_id in stored
        finally:
            stop.set()
            thread.join(30)

    def test_the_command_makes_one_a_service_opens(self, tmp_path, opened):
        tds = opened()
        tds.store.create_or_update("x1", RunConfiguration(notes="kept"))[1].result(10)
        (tmp_path / "restored").mkdir()
        done = subprocess.run(
            [sys.executable, "-m", "synqc", "backup", str(tmp_path / "restored" / "synqc.db")], text=True,
            env=environment_of(tds), capture_output=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert opened(tmp_path / "restored").store.get("x1").config.notes == "kept"

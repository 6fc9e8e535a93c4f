"""While nothing can be stored, writes are refused in clear words, reads go on, and no restart is needed afterwards."""

import contextlib
import os
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor, wait

import pytest
from failing_commits import failing_commits
from fastapi.testclient import TestClient
from mounted_disks import memory_disk
from running_server import PREFIX as P
from running_server import RunningServer
from sqlalchemy import insert
from sqlalchemy.exc import OperationalError
from troubled_storage import check_that_it_works_again, check_that_writes_are_refused_and_reads_go_on
from waiting import wait_until

from synqc.apps.tds import clock
from synqc.apps.tds.storage import StorageUnavailable, open_database, schema
from synqc.service import create_app
from synqc.settings import Settings


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 4 MB."""
    with memory_disk(tmp_path / "disk", megabytes=4) as folder:
        yield folder


@pytest.fixture
def service(tmp_path):
    """A service with a session and a run."""
    client = TestClient(create_app(Settings(state_dir=tmp_path / "state")), raise_server_exceptions=False)
    client.post(P + "/sessions", json={"session_id": "x1", "config": {"notes": "before"}})
    assert client.post(P + "/sessions/x1/run", json={}).status_code == 200
    yield client
    client.app.state.tds.close()


def fill(path):
    """Write until there is no space left."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT)
    with contextlib.suppress(OSError):
        while os.write(file, b"x" * 4096):
            pass
    os.close(file)
    assert os.statvfs(path).f_bavail == 0


def test_a_full_disk(small_disk, tmp_path):
    server = RunningServer(tmp_path / "server", SYNQC_STATE_DIR=str(small_disk / "state")).start()

    def ask(method, path, body=None):
        return server.request(method, P + path, body)

    try:
        assert ask("POST", "/sessions", {"session_id": "x1"})[0] == 200
        assert ask("POST", "/sessions/x1/run", {})[0] == 200
        filler = small_disk / "filler"
        fill(filler)
        # What the log has room for in blocks of its own may still be written.
        deadline = time.monotonic() + 30
        while ask("POST", "/sessions", {"session_id": "x1", "config": {"notes": "x" * 100_000}})[0] == 200:
            assert time.monotonic() < deadline, "the disk is full, and it never says so"
        check_that_writes_are_refused_and_reads_go_on(ask, "x1")
        filler.unlink()
        wait_until(lambda: ask("GET", "/ready")[0] == 200)  # before anybody asks it for another change
        check_that_it_works_again(ask, "x1")
        kept = ask("GET", "/sessions")[1]
        server.kill()
        server.start()
        assert ask("GET", "/sessions")[1] == kept
    finally:
        server.stop()


def test_a_directory_that_cannot_be_written_is_named_at_the_start(small_disk, tmp_path):
    (small_disk / "state").mkdir()
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    server = RunningServer(tmp_path / "server", SYNQC_STATE_DIR=str(small_disk / "state")).start(wait=False)
    try:
        assert server.process.wait(60) != 0
        assert f"State directory {small_disk / 'state'} cannot be used" in server.words()
        assert "Read-only file system" in server.words()
    finally:
        server.stop()


def test_storage_is_no_better_for_a_row_that_finds_room_on_a_full_disk(small_disk):
    """In the log, where a larger change began that did not."""
    database = open_database(Settings(state_dir=small_disk / "state"))
    database.check_writing()
    fill(small_disk / "filler")
    large = {"sweep_id": "s", "created_at": clock.now(), "document": b"x" * 2_000_000}
    with pytest.raises(OperationalError, match="full"), database.writing() as connection:
        connection.execute(insert(schema.sweeps), [large])
    with pytest.raises(StorageUnavailable, match=r"refused to write: .*No space left on device"):
        database.check_writing()
    (small_disk / "filler").unlink()
    database.check_writing()
    database.close()


def test_a_commit_that_fails(service):
    def ask(method, path, body=None):
        answer = service.request(method, P + path, json=body)
        return answer.status_code, answer.json()

    with failing_commits(service.app.state.tds.database):
        check_that_writes_are_refused_and_reads_go_on(ask, "x1")
    wait_until(lambda: ask("GET", "/ready")[0] == 200)  # before anybody asks it for another change
    check_that_it_works_again(ask, "x1")


def test_telemetry_that_could_not_be_stored_is_stored_later(service):
    store = service.app.state.tds.store
    for _ in range(3):
        service.get(P + "/sessions/x1/telemetry")
    with failing_commits(store.database) as failed:
        for _ in range(3):
            service.get(P + "/sessions/x1/telemetry")
        wait_until(lambda: failed)  # a flush came and failed
    service.get(P + "/sessions/x1/telemetry")
    rows = [bytes(row) for row in store.get("x1").rows]
    store.flush()
    stored = [row for _, row in store.database.telemetry_rows("x1")]
    assert stored[-1] == rows[-1]
    assert len(stored) == len(rows), "rows of a failed flush are lost"


def test_a_flush_waits_for_one_that_fails_so_that_its_rows_are_stored_too(tmp_path):
    application = create_app(Settings(state_dir=tmp_path / "state", background_flush=False))
    client = TestClient(application)
    client.post(P + "/sessions", json={"session_id": "x1"})
    client.post(P + "/sessions/x1/run", json={})
    store = application.state.tds.store
    for _ in range(3):
        client.get(P + "/sessions/x1/telemetry")
    is_failing, may_go_on = threading.Event(), threading.Event()
    requeue = store._requeue_telemetry

    def requeue_late(change):
        is_failing.set()
        assert may_go_on.wait(20)
        requeue(change)

    store._requeue_telemetry = requeue_late
    with ThreadPoolExecutor(2) as threads:
        with failing_commits(store.database):
            failing = threads.submit(store.flush)
            assert is_failing.wait(20)
        client.get(P + "/sessions/x1/telemetry")
        flushed = threads.submit(store.flush)
        assert not wait([flushed], 0.2).done
        may_go_on.set()
        assert isinstance(failing.exception(20), StorageUnavailable)
        assert flushed.exception(20) is None
    stored = [row for _, row in store.database.telemetry_rows("x1")]
    assert stored == [bytes(row) for row in store.get("x1").rows]
    assert len(stored) == 5
    application.state.tds.close()


def test_a_run_that_could_not_be_stored_does_not_come_back(service, tmp_path):
    before = service.get(P + "/sessions/x1").json()
    with failing_commits(service.app.state.tds.database):
        assert service.post(P + "/sessions/x1/run", json={}).status_code == 503
    service.post(P + "/sessions/x1/kill")
    service.app.state.tds.close()
    again = TestClient(create_app(Settings(state_dir=tmp_path / "state")))
    after = again.get(P + "/sessions/x1").json()
    again.app.state.tds.close()
    for name in ("shots_used", "last_run_id", "last_kpis"):
        assert after[name] == before[name], name


class TestSecondProcess:
    def test_two_workers_refuse_and_say_why(self, tmp_path):
        server = RunningServer(tmp_path, "--workers", "2").start(wait=False)
        try:
            deadline = time.monotonic() + 60
            while "use one worker" not in server.words().replace("\n", " "):
                assert time.monotonic() < deadline, server.words()
                time.sleep(0.1)
            # Whatever answers meanwhile is one and the same process.
            made, listed = set(), []
            for number in range(20):
                try:
                    status, answer = server.request("POST", P + "/sessions", {"session_id": f"x{number}"})
                    if status == 200:
                        made.add(answer["session_id"])
                    listed.append({one["session_id"] for one in server.request("GET", P + "/sessions")[1]})
                except OSError:
                    continue
                assert listed[-1] >= made
            server.process.wait(60)  # a supervisor would start the second one again for ever
            assert "Traceback" not in server.words()
        finally:
            server.stop()

    def test_a_second_service_on_the_same_state_refuses(self, tmp_path):
        first = RunningServer(tmp_path / "first").start()
        second = RunningServer(tmp_path / "second", SYNQC_STATE_DIR=str(first.state_dir)).start(wait=False)
        try:
            assert second.process.wait(60) != 0
            words = second.words()
            assert "is in use by another SynqC service" in words
            assert str(first.process.pid) in words
            assert first.api("GET", "/health")["status"] == "ok"
        finally:
            second.stop()
            first.stop()

    def test_a_successor_waits_for_its_predecessor(self, tmp_path):
        first = RunningServer(tmp_path / "first").start()
        first.api("POST", "/sessions", {"session_id": "x1"})
        second = RunningServer(tmp_path / "second", SYNQC_STATE_DIR=str(first.state_dir)).start(wait=False)
        time.sleep(2)
        first.stop()
        second.wait_until_it_answers()
        assert [one["session_id"] for one in second.api("GET", "/sessions")] == ["x1"]
        second.stop()

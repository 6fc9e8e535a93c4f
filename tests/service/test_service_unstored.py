"""What a session shows while, or although, it is not on disk."""

import threading
import time

from sqlalchemy.exc import OperationalError

P = "/api/v1/synqc"


def test_a_run_that_a_session_shows_can_be_read_although_it_is_still_being_stored(client, session, monkeypatch):
    writer = client.app.state.tds.store.writer
    store, may_go_on = writer._store, threading.Event()

    def wait_and_store(connection, changes):
        assert may_go_on.wait(30)
        return store(connection, changes)

    monkeypatch.setattr(writer, "_store", wait_and_store)
    running = threading.Thread(target=client.post, args=(f"{P}/sessions/{session}/run",), kwargs={"json": {}})
    running.start()
    deadline = time.monotonic() + 30
    while (run_id := client.get(f"{P}/sessions/{session}").json()["last_run_id"]) is None:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    threading.Timer(0.2, may_go_on.set).start()
    for tail in ("", "/details", "/records"):
        assert client.get(f"{P}/runs/{run_id}{tail}").status_code == 200, tail
    running.join()


def test_a_configuration_that_could_not_be_stored_says_so(client, session, monkeypatch):
    def fail(connection, changes):
        raise OperationalError("COMMIT", {}, Exception("disk I/O error"))

    before = client.get(f"{P}/sessions/{session}").json()
    with monkeypatch.context() as patch:
        patch.setattr(client.app.state.tds.store.writer, "_store", fail)
        body = {"session_id": session, "config": {"probe_strength": 0.7}}
        assert client.post(f"{P}/sessions", json=body).status_code == 503
    assert client.get(f"{P}/sessions/{session}").json() == before
    lines = client.get(f"{P}/sessions/{session}/logs").json()["lines"]
    assert lines[-1].endswith("The configuration could not be stored; the former one is back.")

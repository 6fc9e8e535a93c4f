"""A sweep survives its service: killed again and again, it goes on from its points, and its figures are the same."""

import pytest
from running_server import RunningServer
from scratch_postgresql import scratch_postgresql
from waiting import wait_until

AXES = {"probe_strength": [number / 100 for number in range(1, 41)]}
BODY = {"axes": AXES, "shots": 40_000, "config": {"adaptive_rule": "kalman"}}


@pytest.fixture(params=["sqlite", "postgresql"])
def server(request, tmp_path):
    if request.param == "sqlite":
        running = RunningServer(tmp_path)
        yield running
        running.stop()
    else:
        with scratch_postgresql() as url:
            running = RunningServer(tmp_path, SYNQC_DATABASE_URL=url, SYNQC_LEASE_SEC="1")
            yield running
            running.stop()


def started(server):
    status, sweep = server.request("POST", f"{server.prefix}/sweeps", BODY)
    assert status == 202, sweep
    return sweep["sweep_id"]


def read(server, sweep_id):
    return server.api("GET", f"/sweeps/{sweep_id}")


def test_a_sweep_goes_on_after_each_kill_from_the_points_it_had(server):
    server.start()
    sweep_id = started(server)
    had = 0
    for _ in range(3):
        wait_until(lambda least=had: read(server, sweep_id)["done"] >= least + 3, 60)
        had = read(server, sweep_id)["done"] - 2  # the newest may not be on disk yet
        server.kill()
        server.start()
    wait_until(lambda: read(server, sweep_id)["status"] != "running", 120)
    found = read(server, sweep_id)
    assert (found["status"], found["done"], found["cached"], found["error"]) == ("finished", 40, 0, None)
    again = started(server)
    wait_until(lambda: read(server, again)["status"] != "running", 120)
    assert read(server, again)["results"] == found["results"]

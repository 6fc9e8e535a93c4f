"""Sweeps: their figures, their refusals, and that they are stored."""

import time

import pytest

pytestmark = pytest.mark.both_databases

P = "/api/v1/synqc"


def finished(client, sweep_id):
    deadline = time.monotonic() + 60
    while (sweep := client.get(f"{P}/sweeps/{sweep_id}").json())["status"] == "running":
        assert time.monotonic() < deadline, sweep
        time.sleep(0.02)
    return sweep


def test_a_grid_has_a_figure_for_each_point(client):
    body = {"axes": {"probe_strength": [0.1, 0.3], "probe_duration_ns": [100, 200, 300]}, "shots": 50, "seed": 3}
    started = client.post(P + "/sweeps", json=body)
    assert started.status_code == 202
    sweep = finished(client, started.json()["sweep_id"])
    assert (sweep["status"], sweep["done"], sweep["total"], sweep["error"]) == ("finished", 6, 6, None)
    damage = sweep["results"]["backaction"]["values"]
    assert [len(row) for row in damage] == [3, 3]
    assert all(weak < strong for weak, strong in zip(*damage, strict=True)), "a stronger probe does more damage"


def test_what_is_cancelled_stays_cancelled(client):
    body = {"axes": {"probe_strength": [0.1, 0.2]}, "shots": 100_000, "config": {"adaptive_rule": "rl"}}  # minutes
    sweep_id = client.post(P + "/sweeps", json=body).json()["sweep_id"]
    cancelled = client.post(f"{P}/sweeps/{sweep_id}/cancel")
    assert (cancelled.status_code, cancelled.json()["status"]) == (200, "cancelled")
    after = client.post(P + "/sweeps", json={"axes": {"probe_strength": [0.1]}, "shots": 50}).json()["sweep_id"]
    finished(client, after)  # begins when the other one has ended
    sweep = client.get(f"{P}/sweeps/{sweep_id}").json()
    assert (sweep["status"], sweep["done"], sweep["total"], sweep["error"]) == ("cancelled", 0, 2, None)


@pytest.mark.parametrize("axes", [{}, {"probe_strength": []}, {"probe_strength": [1.1]}, {"notes": [1]}])
def test_what_cannot_be_swept_is_refused(client, axes):
    assert client.post(P + "/sweeps", json={"axes": axes}).status_code in (400, 422)

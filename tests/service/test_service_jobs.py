"""Jobs over HTTP: lists, one, cancel and retry, and histories as server-sent events."""

import json

import pytest

pytestmark = pytest.mark.both_databases

P = "/api/v1/synqc"


@pytest.fixture
def ledger(client):
    return client.app.state.ledger


def history(client, job_id, **headers):
    """[(id, event, data)] of a job that has ended."""
    text = client.get(f"{P}/jobs/{job_id}/events", headers=headers).text
    found = []
    for block in text.strip().split("\n\n"):
        if block and not block.startswith(":"):
            lines = dict(line.split(": ", 1) for line in block.split("\n"))
            found.append((int(lines["id"]), lines["event"], json.loads(lines["data"])))
    return found


def test_a_job_is_listed_read_cancelled_and_retried(client, ledger):
    job_id = ledger.submit("work", {"n": 1})
    listed = client.get(f"{P}/jobs", params={"kind": "work", "limit": 1}).json()
    assert [(job["job_id"], job["state"]) for job in listed] == [(job_id, "queued")]
    assert "payload" not in listed[0]
    assert client.get(f"{P}/jobs/{job_id}").json()["payload"] == {"n": 1}
    assert client.post(f"{P}/jobs/{job_id}/retry").status_code == 409
    assert client.post(f"{P}/jobs/{job_id}/cancel").json()["state"] == "cancelled"
    assert client.get(f"{P}/jobs", params={"kind": "work", "state": "queued"}).json() == []
    assert client.post(f"{P}/jobs/{job_id}/retry").json()["state"] == "queued"
    ledger.cancel(job_id)


def test_a_batch_is_listed_with_the_number_of_its_items(client, ledger):
    batch = ledger.submit_batch("work", range(4))
    (first, second) = ledger.claim("w1", {"work": 2}, lease_s=30)
    ledger.complete(first)
    ledger.fail(second, "it broke", retry=False)
    ledger.claim("w1", {"work": 1}, lease_s=30)
    listed = {job["job_id"]: job for job in client.get(f"{P}/jobs", params={"kind": "work"}).json()}
    expected = {"queued": 1, "running": 1, "succeeded": 1, "failed": 1}
    assert listed[batch]["items"] == client.get(f"{P}/jobs/{batch}").json()["items"] == expected
    assert all(job.get("items") is None for job_id, job in listed.items() if job_id != batch)
    ledger.cancel(batch)


def test_a_history_is_streamed_until_the_job_ends_and_resumed_where_it_was_left(client, ledger):
    job_id = ledger.submit("work")
    (claimed,) = ledger.claim("w1", {"work": 1}, lease_s=30)
    ledger.fail(claimed, "it broke", retry=False)
    found = history(client, job_id)
    assert [(number, kind) for number, kind, _ in found] == [(1, "submitted"), (2, "claimed"), (3, "failed")]
    assert found[2][2]["cause"] == "it broke"
    assert history(client, job_id, **{"Last-Event-ID": "2"}) == found[2:]
    assert history(client, job_id, **{"Last-Event-ID": "nonsense"}) == found
    assert history(client, job_id, **{"Last-Event-ID": "999999999999999999"}) == []


def test_a_sweep_is_a_job(client):
    sweep_id = client.post(f"{P}/sweeps", json={"axes": {"probe_strength": [0.1]}, "shots": 20}).json()["sweep_id"]
    assert history(client, sweep_id)[-1][1] == "succeeded"
    found = client.get(f"{P}/jobs/{sweep_id}").json()
    assert (found["kind"], found["state"], found["done"], found["total"]) == ("sweep", "succeeded", 1, 1)


@pytest.mark.parametrize("name", ["work-0", "%00", "a%2Fb"])
def test_names_that_no_job_has(client, name):
    for method, path in (("GET", ""), ("GET", "/events"), ("POST", "/cancel"), ("POST", "/retry")):
        answer = client.request(method, f"{P}/jobs/{name}{path}")
        assert answer.status_code == 404, (method, path, answer.text)


@pytest.mark.parametrize("query", ["state=done", "limit=0", "limit=1001", "limit=x", "kind=%00", "kind=Work"])
def test_queries_out_of_range_are_refused(client, query):
    assert client.get(f"{P}/jobs?{query}").status_code == 422

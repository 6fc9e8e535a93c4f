"""Events of a batch: every row once, from where a client broke off, and the end."""

import json

from prompts_service import asked


def events_of(client, path, **headers):
    """(id, kind, data) of a stream that has ended."""
    answer = client.get(path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/event-stream")
    found = []
    for block in answer.text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if fields:
            found.append((fields.get("id"), fields["event"], json.loads(fields["data"])))
    return found


def test_rows_are_told_once_and_then_the_end(shared):
    found = events_of(shared, "/api/batches/1/events")
    rows = [data for _, kind, data in found if kind == "row"]
    assert [row["row"] for row in rows] == [one["id"] for one in shared.get("/api/problems/?batch_id=1").json()]
    assert [int(number) for number, kind, _ in found if kind == "row"] == [row["row"] for row in rows]
    kind, last = found[-1][1:]
    assert (kind, last["accepted"], last["has_ended"], last["stop_reason"]) == ("ended", 4, True, "target_reached")


def test_a_client_that_broke_off_hears_the_rest_alone(shared):
    every = [number for number, kind, _ in events_of(shared, "/api/batches/1/events") if kind == "row"]
    for rest in (
        events_of(shared, "/api/batches/1/events", last_event_id=every[1]),
        events_of(shared, f"/api/batches/1/events?last_event_id={every[1]}"),
    ):
        assert [number for number, kind, _ in rest if kind == "row"] == every[2:]
    for nonsense in ("-1", "x", "9" * 40, "1.5"):
        assert len(events_of(shared, "/api/batches/1/events", last_event_id=nonsense)) == len(every) + 1


def test_a_running_batch_tells_its_progress_until_it_ends(open_service):
    client = open_service(rules={"after_s": 0.02})
    accepted = client.post("/generate?mode=async", json=asked(3)).json()
    found = events_of(client, f"/status/{accepted['job_id']}/events")
    assert [kind for _, kind, _ in found][-1] == "ended"
    assert sum(kind == "row" for _, kind, _ in found) == len(client.get("/api/problems/").json())
    assert found[-1][2]["accepted"] == 3


def test_history_of_the_job_is_told_too(shared):
    job_id = shared.app.state.prompts.status(1).job_id
    kinds = [kind for _, kind, _ in events_of(shared, f"/api/jobs/{job_id}/events")]
    assert kinds[:2] == ["submitted", "claimed"]

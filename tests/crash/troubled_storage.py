"""What every service does while nothing can be stored, whatever the reason, and afterwards.

`ask(method, path, body=None)` gives (status, answer) below the prefix.
"""


def check_that_writes_are_refused_and_reads_go_on(ask, session):
    """Of a service that cannot store anything, and has the session with at least one run."""
    before = ask("GET", f"/sessions/{session}")[1]
    refused = [
        ask("POST", "/sessions", {"session_id": session, "config": {"notes": "lost"}}),
        ask("POST", "/sessions", {"session_id": "never-made"}),
        ask("POST", f"/sessions/{session}/run", {}),
        ask("POST", f"/sessions/{session}/kill", None),
        ask("DELETE", f"/sessions/{session}/logs", None),
        ask("DELETE", f"/sessions/{session}", None),
    ]
    for status, answer in refused:
        assert status == 503, answer
        assert "refused to write" in answer["detail"]
        assert answer["code"] == "storage_unavailable"
    status, after = ask("GET", f"/sessions/{session}")
    assert status == 200
    for name in ("config", "shots_used", "last_run_id", "last_kpis", "shot_limit", "created_at"):
        assert after[name] == before[name], f"{name} shows what was refused"
    assert after["status"] != "running"
    assert ask("GET", "/sessions/never-made")[0] == 404
    for path in (f"/sessions/{session}/logs", f"/sessions/{session}/telemetry", f"/sessions/{session}/export"):
        assert ask("GET", path)[0] == 200, path
    assert ask("GET", f"/runs/{before['last_run_id']}")[0] == 200
    status, page = ask("GET", f"/runs?session_id={session}&limit=1")
    assert (status, page["runs"][0]["run_id"]) == (200, before["last_run_id"])
    assert ask("GET", "/health")[0] == 200
    status, readiness = ask("GET", "/ready")
    assert status == 503
    assert readiness["status"] == "degraded"
    assert "refused to write" in readiness["storage"]


def check_that_it_works_again(ask, session):
    """Of the same service, once its storage is well."""
    answer = ask("POST", f"/sessions/{session}/run", {})
    assert answer[0] == 200, answer
    assert answer[1]["session"]["status"] == "idle"
    assert ask("GET", f"/runs/{answer[1]['run']['run_id']}") == (200, answer[1]["run"])
    made = ask("POST", "/sessions", {"session_id": "made-later"})
    assert made[0] == 200, made
    assert ask("GET", "/ready") == (200, {"status": "ready", "storage": "ok"})

"""How the service says that it is: health, figures, breakers and their resets."""

import time

import pytest
from fir_service import COMPLAINT
from scripted_server import RESET

from synqc.apps.fir.breaker import CircuitBreaker
from synqc.apps.fir.workflow.workflow import Officer

HEALTH = [
    "status", "model_server", "asr_ocr_server", "database", "kb_collections", "kb_cache_size", "session_persistence",
    "magic_available", "concurrency", "reliability",
]  # fmt: skip
BREAKER = ["name", "state", "failure_count", "last_failure_time", "threshold", "recovery_timeout"]
NAMES = ["model_server", "asr_ocr_server", "database"]


class TestHealth:
    def test_it_has_the_contracts_members_and_truths(self, shared):
        found = shared.get("/health").json()
        assert list(found)[: len(HEALTH)] == HEALTH
        assert (found["status"], found["database"], found["session_persistence"]) == ("healthy", "connected", "sqlite")
        assert list(found["concurrency"]) == [
            "max_concurrent_requests", "max_concurrent_model_calls", "http_pool_size",
        ]  # fmt: skip
        reliability = found["reliability"]
        assert list(reliability["circuit_breakers"]) == NAMES
        assert list(reliability["circuit_breakers"]["model_server"]) == BREAKER
        assert reliability["graceful_shutdown"] == {
            "is_shutting_down": False, "active_requests": 0, "shutdown_timeout": 30,
        }  # fmt: skip
        check = reliability["health_monitor"]["checks"]["model_server"]
        assert list(check) == ["name", "healthy", "last_check", "uptime_percentage", "history_size"]
        assert found["checks"] == {"mysql": True, "bedrock": True}

    def test_a_server_that_nobody_listens_at_is_told(self, open_fir):
        client = open_fir(openai_base_url="http://127.0.0.1:9/v1")
        found = client.get("/health").json()
        assert (found["status"], found["model_server"]["status"]) == ("degraded", "unavailable")
        assert "http://127.0.0.1:9/v1" in found["model_server"]["message"]

    def test_storage_is_asked_and_not_claimed(self, open_fir, monkeypatch):
        client = open_fir()
        monkeypatch.setattr(type(client.fir.ledger), "trouble", property(lambda self: "The disk is full."))
        found = client.get("/health").json()
        assert (found["status"], found["database"]) == ("unhealthy", "The disk is full.")
        assert found["reliability"]["circuit_breakers"]["database"]["state"] == "open"
        assert client.get("/health").status_code == 200


class TestFigures:
    def test_they_have_the_contracts_members_and_quantiles_of_each_duration(self, open_fir):
        client = open_fir()
        client.completed()
        client.get("/provisions?q=theft of a bicycle")
        found = client.get("/metrics").json()
        assert list(found)[:4] == ["timestamp", "sessions", "firs", "rate_limiter"]
        (sessions,), (firs,) = found["sessions"]["recent_hour"], found["firs"]["recent_hour"]
        assert (list(sessions), sessions["status"], sessions["count"]) == (
            ["status", "count", "avg_duration"], "completed", 1,
        )  # fmt: skip
        assert (list(firs), firs["status"]) == (["status", "count", "avg_time_seconds"], "pending")
        assert 0 <= firs["avg_time_seconds"] < 60
        for name in ("fir_generation_duration", "kb_query_duration", "violation_check_duration", "stage_duration"):
            assert found["durations"][name], name
            assert {"p50", "p95", "p99", "count"} <= set(found["durations"][name][0])
        assert found["durations"]["model_inference_duration"][0]["model"]
        assert 0.0 <= found["cache_hit_rate"] <= 1.0

    def test_counters_of_the_process_are_beside_them(self, shared):
        shared.begun()
        text = shared.get("/prometheus/metrics").text
        assert "synqc_fir_stage_seconds" in text
        assert 'route="/process"' in text

    def test_the_hour_is_one_of_the_databases_clock(self, open_fir):
        client = open_fir(utc_offset_min=-720)
        client.begun()
        (sessions,) = client.fir.recent_sessions()
        assert sessions.count == 1
        assert client.fir.recent_sessions(seconds=-3600.0) == []


class TestBreakers:
    def test_a_server_that_fails_five_times_is_left_alone_until_it_is_reset(self, open_fir):
        client = open_fir(computes_ahead=False)
        client.server.otherwise = [RESET]
        for _ in range(2):  # three attempts of the client's make one failure
            client.answered(client.begun()["session_id"], status=502)
        breaker = client.fir.breakers["model_server"]
        while breaker.state == "closed":
            breaker.failed()
        asked = client.server.requests
        refused = client.answered(client.begun()["session_id"], status=502)
        assert "failed again and again" in refused["message"]
        assert client.server.requests == asked
        told = client.get("/reliability").json()
        assert told["circuit_breakers"]["model_server"]["state"] == "open"
        assert (told["uptime_target"], told["max_downtime_per_month"]) == ("99.9%", "43.8 minutes")
        reset = client.post("/reliability/circuit-breaker/model_server/reset").json()
        assert (reset["success"], reset["status"]["state"], reset["status"]["failure_count"]) == (True, "closed", 0)
        client.server.otherwise = client.server._answer
        assert client.answered(client.begun()["session_id"])["current_step"] == "summary_review"

    def test_a_recovery_looks_first(self, open_fir):
        client = open_fir(openai_base_url="http://127.0.0.1:9/v1")
        answer = client.post("/reliability/auto-recovery/model_server/trigger").json()
        assert (answer["success"], answer["message"]) == (False, "model_server is not back yet.")
        assert client.post("/reliability/auto-recovery/database/trigger").json()["success"]

    @pytest.mark.parametrize("path", ["circuit-breaker/nobody/reset", "auto-recovery/nobody/trigger"])
    def test_of_nothing_is_404(self, shared, path):
        assert shared.post(f"/reliability/{path}").status_code == 404

    def test_one_call_decides_and_the_others_wait_for_it(self):
        now = [0.0]
        breaker = CircuitBreaker("x", threshold=1, recovery_s=60.0, clock=lambda: now[0])
        breaker.failed()
        now[0] = 60.0
        assert [breaker.lets_through() for _ in range(3)] == [True, False, False]
        breaker.failed()
        assert (breaker.state, breaker.lets_through()) == ("open", False)
        now[0] = 120.0
        assert breaker.lets_through()
        now[0] = 180.0
        assert breaker.lets_through(), "one that never told how it ended holds up nobody for ever"


def test_health_is_answered_while_stages_are_worked_on(open_fir):
    client = open_fir(computes_ahead=False)
    client.server.pauses = {"summary": 20}
    for _ in range(5):
        session_id = client.begun(COMPLAINT)["session_id"]
        session = client.fir.workflow.gate(session_id)
        client.fir.workflow.accept(session_id, session.token, Officer("SI Meera Rao"))
    client.get("/health")
    took = []
    for _ in range(5):
        began = time.perf_counter()
        assert client.get("/health").status_code == 200
        took.append(time.perf_counter() - began)
    assert min(took) < 0.2

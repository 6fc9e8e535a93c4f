"""What the environment sets, and the module names that scripts of old import: each in a process of its own."""

import contextlib
import http.client
import importlib.util
import json
import os
import shutil
import socket
import subprocess
import sys
import textwrap
import time

import pytest
import warm_python
from running_server import free_port

PRINT_SETTINGS = """
    import json
    import synqc_tds_super_backend as backend
    state = backend.app.state
    print(json.dumps({**state.settings.model_dump(), **state.tds.settings.model_dump()}, default=str))
"""


def run_python(folder, program, **environment):
    """What a program prints, last line as JSON, in a process of its own that has not read its environment yet."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("SYNQC_", "OPENAI_"))}
    done = warm_python.run(textwrap.dedent(program), cwd=folder, env={**inherited, **environment})
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1]), done.stderr


def test_what_is_set_is_used_and_what_cannot_be_read_is_the_default(tmp_path):
    settings, log = run_python(
        tmp_path, PRINT_SETTINGS, HOME=str(tmp_path), SYNQC_STATE_DIR="~/lab state", SYNQC_API_PREFIX="/lab//",
        SYNQC_ALLOWED_ORIGINS=" https://a.example ,, https://b.example", SYNQC_MAX_PROBE_STRENGTH="7",
        SYNQC_MAX_PROBE_DURATION_NS="long", SYNQC_MAX_SHOTS_PER_RUN="100_000", SYNQC_FLUSH_INTERVAL_SEC="0.01",
        SYNQC_SESSION_FLUSH_INTERVAL_SEC="5", SYNQC_ENABLE_BACKGROUND_FLUSH="0", SYNQC_PORT="70000",
        SYNQC_RELOAD="true", SYNQC_AGENT_TEMPERATURE="-1", SYNQC_API_KEYS=" one, two ",
    )  # fmt: skip
    assert settings["state_dir"] == str(tmp_path / "lab state")
    assert (tmp_path / "lab state" / "runs").is_dir()
    assert settings["api_prefix"] == "/lab"
    assert settings["allowed_origins"] == ["https://a.example", "https://b.example"]
    assert settings["max_probe_strength"] == 1.0
    assert settings["max_probe_duration_ns"] == 5000
    assert settings["max_shots_per_run"] == 100_000
    assert settings["flush_interval_s"] == 0.1
    assert "SYNQC_FLUSH_INTERVAL_SEC and SYNQC_SESSION_FLUSH_INTERVAL_SEC differ" in log
    assert settings["background_flush"] is False
    assert settings["port"] == 65_535
    assert settings["reload"] is False
    assert settings["agent_temperature"] == 0.0
    assert settings["api_keys"] == ["one", "two"]


def test_defaults_older_names_and_dotenv(tmp_path):
    (tmp_path / ".env").write_text("SYNQC_AGENT_MODEL=from-file\nSYNQC_MAX_SHOTS_PER_RUN=300\nSYNQC_PORT=9\n")
    settings, _ = run_python(tmp_path, PRINT_SETTINGS, SYNQC_SESSION_FLUSH_INTERVAL_SEC="2.5", SYNQC_PORT="8001")
    assert settings["state_dir"] == str(tmp_path / "synqc_state")
    assert settings["api_prefix"] == "/api/v1/synqc"
    assert settings["allowed_origins"] == ["*"]
    assert (settings["max_probe_strength"], settings["max_probe_duration_ns"]) == (0.5, 5000)
    assert settings["flush_interval_s"] == 2.5
    assert settings["background_flush"] is True
    assert settings["host"] == "127.0.0.1"
    assert settings["agent_model"] == "from-file"
    assert settings["agent_temperature"] == 0.7
    assert settings["port"] == 8001, "the environment comes before the file"
    assert settings["max_shots_per_run"] == 300
    assert settings["api_keys"] == []


def test_names_that_scripts_import(tmp_path):
    found, _ = run_python(
        tmp_path,
        """
        import json
        from fastapi.testclient import TestClient
        import synqc_tds_super_backend as backend
        from synqc_tds_super_backend import (
            AdaptiveRule, ChatMessage, ChatRequest, ChatResponse, DriveEnvelope, ExportFormat, HardwarePreset,
            HardwareTarget, KpiBundle, Objective, RunConfiguration, RunMode, RunRecord, SessionStatus, SynQcEngine,
            app, engine, store,
        )

        cfg = RunConfiguration(
            hardware_target=HardwareTarget.SIM_LOCAL, hardware_preset=HardwarePreset.TRANSMON_DEFAULT,
            drive_envelope=DriveEnvelope.GAUSSIAN,
        )
        assert cfg.probe_strength == 0.2 and cfg.probe_duration_ns == 120 and cfg.notes is None
        assert cfg.adaptive_rule.value == "none" and cfg.objective.value == "maximize-fidelity"
        assert KpiBundle.from_raw(0.98, 10.0, 0.1, 1000, 50000).shots_used_fraction == 0.02
        assert KpiBundle.from_raw(0.98, 10.0, 0.1, 2500, 50000).shots_used_fraction == 0.05
        negative = KpiBundle.from_raw(0.98, 10.0, 0.1, -3, -1)
        assert (negative.shots_used, negative.shot_limit, negative.shots_used_fraction) == (0, 0, 0.0)
        measured = SynQcEngine()._synthesize_measurements(cfg, fidelity=0.95)
        assert [sorted(one) for one in measured] == [["last", "p0", "p1", "qubit"]] * 4
        asked = ChatRequest(session_id="s", message="m", history=[ChatMessage(role="user", content="c")])
        assert asked.history[0].content == "c" and ChatRequest(message="m").history == []
        assert (RunMode.RUN.value, SessionStatus.IDLE.value, ExportFormat.CSV.value) == ("run", "idle", "csv")
        assert isinstance(engine, SynQcEngine)

        client = TestClient(app)
        P = "/api/v1/synqc"
        config = json.loads(cfg.model_dump_json())
        for _ in range(2):
            made = client.post(P + "/sessions", json={"session_id": "test-session-001", "config": config})
            assert made.status_code == 200 and made.json()["session_id"] == "test-session-001"
        assert [one["session_id"] for one in client.get(P + "/sessions").json()] == ["test-session-001"]
        assert list(store.sessions) == list(store._sessions) == ["test-session-001"]
        anonymous = client.post(P + "/sessions", json={"session_id": None, "config": config}).json()["session_id"]
        run = client.post(f"{P}/sessions/{anonymous}/run", json={"mode": "run"}).json()["run"]
        assert run["run_id"] and run["kpis"]["fidelity"] and run["kpis"]["latency_us"] and run["measurements"]
        print(json.dumps(RunRecord.model_validate(run).run_id == run["run_id"]))
        """,
    )
    assert found is True


def test_what_was_told_is_stored_when_the_process_just_ends(tmp_path):
    write = """
        import json
        from fastapi.testclient import TestClient
        import synqc_tds_super_backend as backend
        client = TestClient(backend.app)
        client.post("/api/v1/synqc/sessions", json={"session_id": "x1"})
        client.post("/api/v1/synqc/sessions/x1/run", json={})
        for _ in range(3):
            client.get("/api/v1/synqc/sessions/x1/telemetry")
        rows = [row.decode() for row in backend.store.sessions["x1"].rows]
        print(json.dumps([client.get("/api/v1/synqc/sessions/x1").json(), rows]))
    """
    read = """
        import json
        from fastapi.testclient import TestClient
        import synqc_tds_super_backend as backend
        client = TestClient(backend.app)
        client.get("/api/v1/synqc/sessions/x1/logs")
        rows = [row.decode() for row in backend.store.sessions["x1"].rows]
        print(json.dumps([client.get("/api/v1/synqc/sessions/x1").json(), rows]))
    """
    assert run_python(tmp_path, write)[0] == run_python(tmp_path, read)[0]


@pytest.fixture
def launched(tmp_path):
    """`python synqc_tds_super_backend.py`: (port, process)."""
    origin = importlib.util.find_spec("synqc_tds_super_backend").origin
    module = shutil.copy(origin, tmp_path)  # beside nothing else, so that it imports what is installed
    port = free_port()
    environment = {**os.environ, "SYNQC_PORT": str(port), "SYNQC_STATE_DIR": str(tmp_path / "state")}
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen([sys.executable, module], cwd=tmp_path, env=environment, stdout=log, stderr=log)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            break
        time.sleep(0.05)
    yield port, process
    process.kill()
    process.wait()


def test_the_module_is_a_launcher(launched):
    port, process = launched
    hosts = ["127.0.0.1", "localhost"]
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET6) as probe:
        probe.bind(("::1", 0))
        hosts.append("::1")
    for host in hosts:
        connection = http.client.HTTPConnection(host, port, timeout=10)
        connection.request("GET", "/api/v1/synqc/health")
        assert b'"status":"ok"' in connection.getresponse().read()
        connection.close()
    process.terminate()
    process.wait(20)

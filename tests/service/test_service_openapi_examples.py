"""The service's description of itself: every operation has a fixed id, a summary, and examples that are true.

An example is true if it fits its own schema, and: of a request, if the service takes it; of an answer, if it has the
members, in the order, that a real answer has.
"""

import json
import sys
import time
from pathlib import Path

import jsonschema_rs
import pytest
from fastapi.testclient import TestClient

from synqc.service import create_app
from synqc.settings import Settings

sys.path.insert(0, str(Path(__file__).parents[1] / "llm"))

from chat_completions_double import ChatCompletionsDouble, Say

P = "/api/v1/synqc"
OPERATIONS = {
    "analysable", "analyse_file",
    "cancel_job", "list_jobs", "read_job", "retry_job", "stream_job",
    "cancel_sweep", "chat", "clear_logs", "create_or_update_session", "delete_session", "export_session",
    "issue_ticket", "kill_run", "list_presets", "list_runs", "list_sessions", "read_health", "read_logs",
    "read_cluster", "read_metrics", "read_readiness", "read_run", "read_run_details", "read_run_records",
    "read_session", "read_sweep", "read_telemetry", "sample_telemetry", "start_run", "start_sweep",
    "stream_session", "suggest_configuration", "list_hardware_runs", "recommend_configuration", "start_hardware_run",
    "suggest_configuration_by_its_other_path",
}  # fmt: skip
BYTES = "application/octet-stream"
"""Has no example: it would be no text."""


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """With a model that answers."""
    double = ChatCompletionsDouble()
    double.otherwise = Say('{"recommended_config": {"probe_strength": 0.1}, "rationale": "gentler", "warnings": ["w"]}')
    state = tmp_path_factory.mktemp("service")
    played = {"target_backends": ("ibm-qpu=ibm:fake_manila",), "hardware_budget_usd": 10.0}
    app = create_app(Settings(state_dir=state, openai_api_key="sk-test", openai_base_url=double.url, **played))
    yield TestClient(app)
    app.state.tds.close()
    double.stop()


@pytest.fixture(scope="module")
def description(client):
    return client.get("/openapi.json").json()


@pytest.fixture(scope="module")
def operations(description):
    """{id: (method, path, operation)}"""
    return {
        operation["operationId"]: (method, path, operation)
        for path, methods in description["paths"].items()
        for method, operation in methods.items()
    }


def examples_of(document):
    """Of a media type or a parameter."""
    schema = document.get("schema", {})
    named = [one["value"] for one in document.get("examples", {}).values()]
    return named + [document[name] for name in ("example",) if name in document] + list(schema.get("examples", []))


def answers_of(operation):
    """(status, media type, its document) of answers that are no refusals."""
    return [
        (status, media_type, document)
        for status, answer in operation["responses"].items()
        if status.startswith("2")
        for media_type, document in answer.get("content", {}).items()
    ]


def test_ids_are_fixed(operations):
    assert operations.keys() == OPERATIONS


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_examples_are_there_and_fit_their_schemas(description, operations, name):
    _, _, operation = operations[name]

    def check(schema, example, where):
        assert schema, f"{where} has no schema"
        validator = jsonschema_rs.validator_for({**schema, "components": description["components"]})
        assert [error.message for error in validator.iter_errors(example)] == [], where

    assert operation["summary"]
    assert operation["description"]
    assert [one["operationId"] for _, _, one in operations.values() if one["summary"] == operation["summary"]] == [name]
    for parameter in operation.get("parameters", []):
        examples = examples_of(parameter)
        assert examples or not parameter["required"], f"{parameter['name']} has no example"
        for example in examples:
            check(parameter["schema"], example, parameter["name"])
    for media_type, document in operation.get("requestBody", {"content": {}})["content"].items():
        assert examples_of(document) or media_type == BYTES, "the body has no example"
        for example in examples_of(document):
            check(document["schema"], example, "the body")
    assert answers_of(operation), "no answer has a media type"
    for status, media_type, document in answers_of(operation):
        assert examples_of(document) or media_type == BYTES, f"the answer {status} as {media_type} has no example"
        for example in examples_of(document):
            check(document["schema"], example, f"the answer {status} as {media_type}")


def test_the_check_can_fail(description):
    schema = {"$ref": "#/components/schemas/KpiBundle", "components": description["components"]}
    assert not jsonschema_rs.validator_for(schema).is_valid({"fidelity": "high"})


@pytest.fixture(scope="module")
def real(client):
    """Answers of the service, in an order in which each has something to say: {id: parsed}"""
    asked = client.request

    def ask(name, method, path, body=None):
        answer = asked(method, path, json=body)
        assert answer.is_success, (name, answer.text)
        found[name] = answer.json()
        return found[name]

    found = {}
    ask("create_or_update_session", "POST", P + "/sessions", {"session_id": "x1", "config": {}})
    asked("POST", P + "/sessions", json={"session_id": "x2", "config": {"hardware_target": "ibm-qpu"}})
    ask("start_hardware_run", "POST", P + "/sessions/x2/hardware-runs", {"shots": 10})
    asked("POST", P + "/sessions/x2/hardware-runs", json={"shots": 10, "confirm": True})
    ask("list_hardware_runs", "GET", P + "/sessions/x2/hardware-runs")
    asked("DELETE", P + "/sessions/x2")
    run_id = ask("start_run", "POST", P + "/sessions/x1/run", {"num_iterations": 1})["run"]["run_id"]
    ask("read_run", "GET", f"{P}/runs/{run_id}")
    ask("read_run_details", "GET", f"{P}/runs/{run_id}/details")
    ask("list_runs", "GET", P + "/runs")
    ask("list_sessions", "GET", P + "/sessions")
    ask("read_session", "GET", P + "/sessions/x1")
    ask("read_telemetry", "GET", P + "/sessions/x1/telemetry")
    ask("sample_telemetry", "POST", P + "/sessions/x1/telemetry")
    ask("read_logs", "GET", P + "/sessions/x1/logs")
    ask("export_session", "GET", P + "/sessions/x1/export")
    ask("kill_run", "POST", P + "/sessions/x1/kill")
    ask("suggest_configuration", "POST", P + "/sessions/x1/agent-suggestion", {"goal": "calm"})
    ask("suggest_configuration_by_its_other_path", "POST", P + "/sessions/x1/agent/suggest", {"goal": "calm"})
    ask("chat", "POST", P + "/chat", {"session_id": "x1", "message": "Why?"})
    sweep_id = ask("start_sweep", "POST", P + "/sweeps", {"axes": {"probe_strength": [0.1, 0.2]}})["sweep_id"]
    deadline = time.monotonic() + 30
    while ask("read_sweep", "GET", f"{P}/sweeps/{sweep_id}")["status"] == "running":
        assert time.monotonic() < deadline
        time.sleep(0.02)
    long = {"axes": {"probe_strength": [number / 1000 for number in range(400)]}, "shots": 5000}
    running, waiting = (asked("POST", P + "/sweeps", json=long).json()["sweep_id"] for _ in range(2))
    ask("cancel_sweep", "POST", f"{P}/sweeps/{waiting}/cancel")
    asked("POST", f"{P}/sweeps/{running}/cancel")
    ask("list_presets", "GET", P + "/presets")
    ask("analysable", "GET", P + "/analyses")
    ask("issue_ticket", "POST", P + "/tickets")
    ask("read_health", "GET", P + "/health")
    ask("read_readiness", "GET", P + "/ready")
    ask("read_cluster", "GET", P + "/cluster")
    ask("clear_logs", "DELETE", P + "/sessions/x1/logs")
    ask("delete_session", "DELETE", P + "/sessions/x1")
    return found


def differences(shown, real, where="$"):
    """Where an example's members are not a real answer's; the framework leaves out what is null in an example."""
    if isinstance(shown, dict) and isinstance(real, dict):
        answered = [name for name in real if real[name] is not None or name in shown]
        if list(shown) != answered:
            return [f"{where}: shown {list(shown)}, but answered {answered}"]
        return [one for name in shown for one in differences(shown[name], real[name], f"{where}.{name}")]
    if isinstance(shown, list) and isinstance(real, list) and shown and real:
        return differences(shown[0], real[0], f"{where}[0]")
    return []


# What is shown of these is an extract, or differs with the installation, or with the state of a job.
EXTRACTS = {"stream_session", "read_metrics", "read_run_records", "read_run_details"}
EXTRACTS |= {"cancel_job", "list_jobs", "read_job", "retry_job", "stream_job"}
EXTRACTS |= {"analyse_file"}  # its figure is Plotly's
EXTRACTS |= {"recommend_configuration"}  # members are names of what is known of the history


@pytest.mark.parametrize("name", sorted(OPERATIONS - EXTRACTS))
def test_an_example_has_the_members_of_a_real_answer(operations, real, name):
    for _, media_type, document in answers_of(operations[name][2]):
        if media_type == "application/json":
            for example in examples_of(document):
                assert differences(example, real[name]) == []


def test_an_extract_of_details_is_one(operations, real):
    [(_, _, document)] = answers_of(operations["read_run_details"][2])
    order = list(real["read_run_details"])
    [example] = examples_of(document)
    assert set(example) <= set(order)
    assert list(example) == sorted(example, key=order.index)


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_a_request_that_is_shown_is_taken(client, operations, name):
    method, path, operation = operations[name]
    client.post(P + "/sessions", json={"session_id": "x1", "config": {"hardware_target": "ibm-qpu"}})
    for media_type, document in operation.get("requestBody", {"content": {}})["content"].items():
        for example in examples_of(document):
            headers = {"content-type": media_type}
            answer = client.request(
                method, path.format(session_id="x1"), content=json.dumps(example).encode(), headers=headers
            )
            assert answer.is_success, (example, answer.text)

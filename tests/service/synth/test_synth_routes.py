"""Synthetic data over HTTP: data sets, previews, texts, and refusals with the codes of the original."""

import csv
import io
import json

import pyarrow
import pyarrow.ipc
import pytest
from model_rows import SCHEMA
from scripted_server import refusal

GENERATED = {"kind": "structured", "options": {"count": 30, "schema": SCHEMA, "seed": 5, "source": "generator"}}
WRITTEN = {"kind": "structured", "options": {"count": 12, "schema": SCHEMA, "seed": 5, "source": "model",
                                             "model": "openai:m"}, "name": "people", "licence": "CC0-1.0"}  # fmt: skip


def test_a_data_set_goes_from_its_definition_to_its_files(open_service):
    client = open_service()
    found = client.made(WRITTEN)
    assert (found["state"], found["rows"], found["name"]) == ("succeeded", 12, "people")
    path = f"/api/datasets/{found['id']}"
    rows = client.get(f"{path}/rows").json()
    assert sorted(row["age"] for row in rows) == list(range(12))
    assert client.get(f"{path}/rows?skip=10&limit=5").json() == rows[10:]
    assert client.get(f"{path}/statistics").json()[1]["mean"] == 5.5
    file = client.get(f"{path}/export?format=csv")
    assert file.headers["content-type"].startswith("text/csv")
    assert "attachment" in file.headers["content-disposition"]
    assert [int(row["age"]) for row in csv.DictReader(io.StringIO(file.text))] == [row["age"] for row in rows]
    assert [json.loads(line) for line in client.get(f"{path}/export").text.splitlines()] == rows
    card = client.get(f"{path}/card?format=json").json()
    assert (card["licence"], card["rows"], card["seed"]) == ("CC0-1.0", 12, 5)
    assert client.get(f"{path}/card").text.startswith("# Data card: 12 rows of structured")
    assert [one["id"] for one in client.get("/api/datasets").json()] == [found["id"]]
    assert client.get("/api/metrics").json()["requests"]["succeeded"] == 1


def test_generated_sets_need_no_model(open_service):
    client = open_service(openai_base_url=None, openai_api_key=None)
    found = client.made({**GENERATED, "options": {**GENERATED["options"], "source": "auto"}})
    assert client.get(f"/api/datasets/{found['id']}/card?format=json").json()["made_by"]["source"] == "generator"
    assert len(client.get(f"/api/datasets/{found['id']}/rows").json()) == 30
    health = client.get("/health").json()
    assert not health["models"]["is_ready"]
    assert "synqc models get" in health["models"]["words"]
    assert client.post("/api/texts", json={"prompt": "Paris"}).status_code == 409


def test_a_preview_and_a_schema_by_example_store_nothing(open_service):
    client = open_service()
    schema = client.post("/api/schema", json={"rows": [{"age": 36}, {"age": 41}]}).json()
    asked = {"kind": "structured", "options": {"schema": schema, "count": 1000, "source": "generator"}}
    found = client.post("/api/preview?rows=4", json=asked).json()
    assert len(found["data"]) == 4
    assert all(36 <= row["age"] <= 41 for row in found["data"])
    assert found["metadata"]["provider"] == "generator"
    assert client.get("/api/datasets").json() == []


def test_an_example_is_fitted_and_its_distances_are_in_the_card(open_service):
    client = open_service()
    example = [{"age": 20 + k % 9, "plan": "free" if k % 3 else "paid"} for k in range(90)]
    asked = {"kind": "structured", "options": {"example": example, "count": 40, "seed": 3}}
    shown = client.post("/api/preview?rows=4", json=asked).json()
    assert shown["card"]["distances"]["columns"]["age"]["distance"] < 0.2
    path = f"/api/datasets/{client.made(asked)['id']}"
    assert client.get(f"{path}/rows?limit=4").json() == shown["data"]
    assert client.get(f"{path}/card?format=json").json()["distances"] == shown["card"]["distances"]
    assert "| plan | category |" in client.get(f"{path}/card").text
    file = client.get(f"{path}/export?format=arrow")
    assert file.headers["content-type"] == "application/vnd.apache.arrow.stream"
    assert pyarrow.ipc.open_stream(file.content).read_all().num_rows == 40


def test_texts_are_kept(open_service):
    client = open_service(synth_model="openai:m")
    first = client.post("/api/texts", json={"prompt": "Paris", "options": {"maxTokens": 9}}).json()
    again = client.post("/api/texts", json={"prompt": "Paris", "options": {"max_tokens": 9}}).json()
    assert (first["data"], first["cached"], again["cached"]) == ("About Paris", False, True)
    client.server.script.append(refusal(400))
    failed = client.post("/api/texts", json={"prompt": "Rome"})
    assert (failed.status_code, failed.json()["code"]) == (502, "API_ERROR")


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "words"),
    [
        ("POST", "/api/datasets", {"kind": "structures"}, 400, "did you mean"),
        ("POST", "/api/datasets", {"kind": "structured"}, 400, "`schema`"),
        ("POST", "/api/datasets", {"kind": "events", "options": {"cuont": 3}}, 400, "did you mean 'count'"),
        ("POST", "/api/datasets", {"kind": "events", "option": {}}, 422, "did you mean `options`"),
        ("POST", "/api/datasets", {}, 422, "kind"),
        ("POST", "/api/datasets", {"kind": "structured", "options": {"schema": {"x": {"oneOf": []}},
                                                                     "source": "generator"}}, 400, "oneOf"),
        ("POST", "/api/preview?rows=21", GENERATED, 422, "rows"),
        ("POST", "/api/schema", {"rows": []}, 422, "rows"),
        ("POST", "/api/texts", {"prompt": " "}, 400, "prompt"),
        ("GET", "/api/datasets/dataset-none", None, 404, "not found"),
        ("GET", "/api/datasets/dataset-none/rows", None, 404, "not found"),
        ("GET", "/api/datasets?limits=3", None, 422, "did you mean `limit`"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_refused_in_words(open_service, method, path, body, status, words):
    answer = open_service().request(method, path, json=body)
    assert (answer.status_code, words.lower() in answer.text.lower()) == (status, True), answer.text
    assert {"detail", "code", "message"} <= set(answer.json())


def test_the_same_key_is_the_same_data_set(open_service):
    client = open_service()
    headers = {"idempotency-key": "once"}
    first, second = (client.post("/api/datasets", json=GENERATED, headers=headers).json()["id"] for _ in range(2))
    assert first == second
    assert client.post("/api/datasets", json=WRITTEN, headers=headers).status_code == 409
    assert client.post(f"/api/datasets/{first}/cancel").status_code == 200


def test_without_a_key_nothing_is_answered_but_health_and_the_page(open_service):
    client = open_service(keys=("right-key",))
    for method, path in (("GET", "/api/datasets"), ("POST", "/api/datasets"), ("POST", "/api/preview"),
                         ("GET", "/api/metrics"), ("GET", "/api/presets")):  # fmt: skip
        assert client.request(method, path, json=GENERATED if method == "POST" else None).status_code == 401
    headers = {"authorization": "Bearer right-key"}
    assert client.get("/api/datasets", headers=headers).status_code == 200
    for path in ("/", "/health", "/ui", "/ui/static/app.js", "/docs"):
        assert client.get(path).status_code == 200
    assert client.get("/ui/synth").headers["location"] == "../ui"

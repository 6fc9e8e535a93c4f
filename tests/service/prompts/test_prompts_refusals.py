"""What is refused, in which words and shape: without keys, with wrong ones, and whatever a client sends."""

import json

import pytest
from prompts_service import asked, model

KEYS = ("right-key",)
TYPO = {**model("a"), "provider": "opena"}
SHOUTED = {**model("a"), "provider": "OPENAI"}
LOCAL = {**model("a"), "provider": "local"}
CLOSED = [
    ("POST", "/api/generate"), ("POST", "/generate"), ("POST", "/api/generation"), ("POST", "/api/generation/"),
    ("GET", "/api/batches"), ("GET", "/api/batches/"), ("GET", "/api/problems/all"), ("GET", "/status/x"),
    ("GET", "/api/batches/1/events"), ("POST", "/api/seeds/check"), ("GET", "/api/presets"), ("GET", "/nowhere"),
]  # fmt: skip


@pytest.fixture
def guarded(open_service):
    return open_service(keys=KEYS)


class TestKeys:
    @pytest.mark.parametrize(("method", "path"), CLOSED)
    def test_without_a_key_nothing_is_answered_and_nobody_is_sent_elsewhere(self, guarded, method, path):
        answer = guarded.request(method, path, json=asked(1) if method == "POST" else None)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")
        body = answer.json()
        assert body["error"] == body["code"] == "unauthorized"
        assert body["detail"] == body["message"]
        assert "Authorization: Bearer" in body["detail"]

    def test_a_bearer_token_opens_what_the_original_guarded(self, guarded):
        headers = {"authorization": "Bearer right-key"}
        assert guarded.post("/api/generation", json=asked(1), headers=headers).status_code == 200
        assert guarded.get("/api/batches/", headers=headers).status_code == 200
        assert guarded.get("/api/batches/", headers={"authorization": "Bearer wrong"}).status_code == 401

    @pytest.mark.parametrize("path", ["/", "/health", "/api/health", "/ui", "/ui/static/app.js", "/docs"])
    def test_health_page_and_description_need_none(self, guarded, path):
        assert guarded.get(path).status_code == 200

    def test_a_ticket_opens_one_stream(self, guarded):
        headers = {"authorization": "Bearer right-key"}
        guarded.post("/api/generation", json=asked(1), headers=headers)
        ticket = guarded.post("/api/tickets", headers=headers).json()["ticket"]
        assert guarded.get(f"/api/batches/1/events?ticket={ticket}").status_code == 200
        assert guarded.get(f"/api/batches/1/events?ticket={ticket}").status_code == 401


class TestBodies:
    @pytest.mark.parametrize(
        "path", ["/api/generate", "/generate", "/api/generation", "/api/generation/", "/api/preview"]
    )
    @pytest.mark.parametrize(
        ("body", "status", "words"),
        [
            (b"", 422, "Field required"),
            (b"[1", 422, "JSON"),
            (b"[]", 422, "valid dictionary"),
            (b"\xff\xfe", 422, "JSON"),
            (b'{"a":' * 5000, 400, "nested too deeply"),
            (json.dumps(asked(0)).encode(), 422, "greater than or equal to 1"),
            (json.dumps(asked(1, taxonomy=None)).encode(), 422, "`taxonomy` must be given"),
            (json.dumps(asked(1, num_problem=2)).encode(), 422, "did you mean `num_problems`?"),
            (json.dumps(asked(1, target_model=TYPO)).encode(), 400, "did you mean 'openai'?"),
            (json.dumps(asked(1, target_model=SHOUTED)).encode(), 400, "did you mean 'openai'?"),
            (json.dumps(asked(1, acceptance="x")).encode(), 422, "body.acceptance: AcceptanceRule must be an object"),
            (
                json.dumps(asked(1, duplicates={"semantic": {"embedder": "minilm"}})).encode(), 422,
                "SemanticRule must have a member `threshold`, but has none.",
            ),
            (json.dumps(asked(1, target_model=LOCAL)).encode(), 400, "SYNQC_LOCAL_MODEL is none, but local:a"),
            (json.dumps(asked(1, of="9", budget_usd=1)).encode(), 400, "`budget_usd` must not be given where a price"),
            (
                json.dumps(asked(1, of="9", limits={"usd_micros": 1})).encode(), 400,
                "`limits.usd_micros` must not be given where a price",
            ),
            (json.dumps(asked(1, use_seed_data=True, benchmark_name="AIME")).encode(), 400, "no benchmark 'AIME'"),
            (json.dumps(asked(1, reuse_from="generation-x")).encode(), 404, "generation-x"),
            (json.dumps(asked(1, seed=10**400)).encode(), 422, "seed"),
        ],
    )  # fmt: skip
    def test_what_cannot_be_done_is_refused_before_it_is_a_job(self, shared, path, body, status, words):
        before = shared.get("/api/batches").json()
        answer = shared.post(path, content=body, headers={"content-type": "application/json"})
        assert (answer.status_code, words in answer.text) == (status, True), answer.text
        assert {"detail", "error", "code", "message"} <= set(answer.json())
        assert shared.get("/api/batches").json() == before

    @pytest.mark.parametrize("path", ["/generate", "/api/generation", "/api/preview"])
    @pytest.mark.parametrize("came_as", ["application/x-www-form-urlencoded", "text/plain; charset=utf-8"])
    def test_a_body_that_came_as_no_json_is_told_what_to_send_it_as(self, shared, path, came_as):
        answer = shared.post(path, content=json.dumps(asked(1)), headers={"content-type": came_as})
        assert answer.status_code == 422
        words = f"header `Content-Type: application/json`, but came as {came_as.partition(';')[0]}"
        assert words in answer.json()["message"]
        assert answer.json()["detail"][0]["msg"].endswith(words)

    def test_filters_of_streams_are_refused_too(self, shared):
        for path in ("/api/batches/1/events?after=7", "/status/1/events?from=2"):
            answer = shared.get(path)
            assert (answer.status_code, "is not read by this route" in answer.text) == (422, True), answer.text

    def test_a_reason_that_cannot_be_written_down_is_refused_in_words(self, shared):
        answer = shared.post("/api/problems/1/discard", json={"reason": "a\0b"})
        assert (answer.status_code, "without NUL" in answer.json()["message"]) == (400, True)

    def test_a_path_that_is_nearly_one_is_told_the_right_one(self, shared):
        for path, near in (
            ("/api/batch", "/api/batches"), ("/api/batchs/1", "/api/batches/1"), ("/generat", "/generate"),
            ("/prompt/api/batches", "/prompts/api/batches"), ("/prompts/api/problem", "/prompts/api/problems"),
        ):  # fmt: skip
            answer = shared.get(path)
            assert (answer.status_code, f"Did you mean {near}?" in answer.json()["detail"]) == (404, True), answer.text
        assert shared.get("/nonsense").json()["detail"] == "Not Found"

    def test_a_body_that_is_too_long_is_not_read(self, shared):
        answer = shared.post("/api/seeds/check", content=b"x" * (2 << 20))
        assert answer.status_code == 413

    @pytest.mark.parametrize("path", [
        "/status/%00", "/status/..%2F", "/status/%F0%9F%92%A9", f"/status/{'a' * 5000}",
        "/api/batches/99999999999999999",
        f"/api/batches/{2**62}", f"/api/problems/problem/{2**62}", "/api/batches/-1", "/api/problems/problem/0",
        f"/api/generation/status/{2**62}", "/api/batches/0/rows", "/api/jobs/x", "/api/batches/7777/estimate",
    ])  # fmt: skip
    def test_names_of_nothing_are_404(self, shared, path):
        answer = shared.get(path)
        assert answer.status_code == 404, answer.text
        assert answer.json()["detail"]

    @pytest.mark.parametrize("path", ["/api/batches/x", f"/api/batches/{10**30}", "/api/problems/problem/1.5"])
    def test_what_is_no_number_is_422(self, shared, path):
        assert shared.get(path).status_code == 422

    def test_the_words_of_a_refusal_stand_where_each_client_looks(self, shared):
        body = shared.get("/status/nobody").json()
        assert list(body) == ["detail", "error", "code", "message"]
        assert body["detail"] == body["message"] == "Generation 'nobody' not found"
        assert body["error"] == body["code"] == "unknown_generation"


class TestSeeds:
    def check(self, client, content):
        answer = client.post("/api/seeds/check", content=content, headers={"content-type": "application/x-ndjson"})
        return answer.status_code, answer.json()

    def test_rows_of_both_forms_are_read(self, shared):
        lines = '{"problem": "1+1?", "answer": "2", "id": 7}\n\n{"problem": "$x^2$?", "tags": ["AIME"]}\n'
        status, found = self.check(shared, lines.encode())
        assert status == 200
        assert found["rows"] == [
            {"problem": "1+1?", "answer": "2", "source_id": "7"},
            {"problem": "$x^2$?", "tags": ["AIME"]},
        ]
        assert found["fields"] == ["problem", "answer", "source_id", "tags"]
        assert self.check(shared, json.dumps([{"problem": "1+1?"}]).encode())[1]["rows"] == [{"problem": "1+1?"}]

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (b"", "1 to 10000 rows, but holds 0"), (b"{", "JSON"), (b"7", "must be a text or an object, but is int"),
            (b'{"answer": "2"}', "problem"), (b"\xff", "must be UTF-8, but is not at byte 0"),
            (b'["a", ""]', "problem"), (b"[" * 100_000, "1024 levels"), (b'"a"\n' * 10_001, "but holds 10001"),
        ],
    )  # fmt: skip
    def test_a_file_that_is_none_is_refused_with_its_place(self, shared, content, words):
        status, found = self.check(shared, content)
        assert (status, words in found["detail"]) == (400, True), found

    def test_seeds_lead_to_rows_of_their_own(self, shared):
        _, found = self.check(shared, b'{"problem": "What is 4 + 5?", "answer": "9", "subject": "A", "topic": "B"}')
        status = shared.made(asked(1, taxonomy=None, use_seed_data=True, seed_data=found["rows"]))
        assert status["stop_reason"] == "target_reached"


def test_without_any_model_the_service_starts_and_says_so(open_service):
    client = open_service(openai_base_url=None, openai_api_key=None)
    health = client.get("/health").json()
    assert health["status"] == "healthy"
    assert health["models"]["is_ready"] is False
    assert "No model can be asked" in health["models"]["words"]
    assert "OPENAI" in health["models"]["words"]
    answer = client.post("/api/generate", json=asked(1))
    assert (answer.status_code, answer.json()["code"]) == (400, "unknown_name")

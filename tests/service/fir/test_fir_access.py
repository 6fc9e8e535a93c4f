"""Who may ask, and what: keys, roles, limits, and the headers of every answer."""

import pytest
from fir_service import AUTH_KEY, COMPLAINT, FirClient, WritingServer

from synqc.apps.fir.history.export import read_export
from synqc.apps.fir.settings import FirSettings
from synqc.service import create_app
from synqc.service.settings import ServiceSettings

OFFICER, SUPERVISOR, AUDITOR = "key-of-meera", "key-of-rao-1", "key-of-sen-1"
KEYS = (
    ("officer", "SI Meera Rao", OFFICER), ("supervisor", "Insp. Rao", SUPERVISOR), ("auditor", "A. Sen", AUDITOR),
)  # fmt: skip
SESSION = "0a1b2c3d-0000-4000-8000-000000000000"
NUMBER = "FIR-0a1b2c3d-20261130101010"
CLOSED = [
    ("POST", "/process"), ("POST", "/validate"), ("POST", f"/regenerate/{SESSION}"), ("GET", f"/session/{SESSION}"),
    ("GET", f"/session/{SESSION}/status"), ("GET", f"/session/{SESSION}/gate"), ("GET", f"/session/{SESSION}/export"),
    ("POST", "/authenticate"), ("GET", f"/fir/{NUMBER}"), ("GET", f"/fir/{NUMBER}/content"), ("GET", "/list_firs"),
    ("GET", "/firs"), ("GET", "/sessions"), ("GET", "/view_fir_records"), ("GET", f"/view_fir/{NUMBER}"),
    ("GET", "/metrics"), ("GET", "/grant"),
    ("GET", "/prometheus/metrics"), ("GET", "/reliability"), ("GET", "/waiting"), ("GET", "/provisions?q=theft"),
    ("POST", "/reliability/circuit-breaker/model_server/reset"), ("GET", "/nowhere"),
]  # fmt: skip
OPEN = ["/health", "/docs", "/redoc", "/openapi.json", "/verify", "/"]


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    server = WritingServer()
    settings = FirSettings(
        state_dir=tmp_path_factory.mktemp("guarded"), openai_base_url=server.url, openai_api_key="k",
        local_model="none", auth_key=AUTH_KEY, asr_url="none", ocr_url="none", fir_requests_per_minute=0, keys=KEYS,
    )  # fmt: skip
    app = create_app(ServiceSettings(api_keys=("service-key",)), settings)
    yield FirClient(app, raise_server_exceptions=False, follow_redirects=False)
    app.state.applications["fir"].offered.close()
    server.stop()


def by(key):
    return {"x-api-key": key}


class TestKeys:
    @pytest.mark.parametrize(("method", "path"), CLOSED)
    def test_without_one_nothing_is_answered(self, guarded, method, path):
        answer = guarded.request(method, path)
        assert (answer.status_code, answer.json()["error"]) == (401, "unauthorized")
        assert answer.json()["detail"] == answer.json()["message"]
        assert "www-authenticate" in answer.headers

    @pytest.mark.parametrize("path", OPEN)
    def test_some_need_none(self, guarded, path):
        assert guarded.get(path).status_code == 200

    @pytest.mark.parametrize(
        "headers",
        [
            by(OFFICER), {"authorization": f"Bearer {OFFICER}"}, {"authorization": f"bearer {OFFICER}"},
            {"authorization": OFFICER}, by("service-key"), {"authorization": "service-key"},
        ],
    )  # fmt: skip
    def test_one_is_shown_in_either_header_with_bearer_or_bare(self, guarded, headers):
        assert guarded.get("/list_firs", headers=headers).status_code == 200

    @pytest.mark.parametrize(
        "headers",
        [
            by("key-of-meer"), by(OFFICER + "x"), {"authorization": f"Basic {OFFICER}"}, {"cookie": OFFICER},
            by(""), {"authorization": "Bearer"},
        ],
    )  # fmt: skip
    def test_what_is_none_opens_nothing(self, guarded, headers):
        assert guarded.get("/list_firs", headers=headers).status_code == 401
        assert guarded.get(f"/list_firs?api_key={OFFICER}", headers=headers).status_code == 401


def test_a_browser_may_ask_without_a_key_whether_it_may_ask(guarded):
    asked = {
        "origin": "http://localhost:3000", "access-control-request-method": "POST",
        "access-control-request-headers": "x-api-key,content-type",
    }  # fmt: skip
    answer = guarded.options("/validate", headers=asked)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] in ("*", "http://localhost:3000")
    assert "x-api-key" in answer.headers["access-control-allow-headers"].lower()


@pytest.fixture
def session_id(guarded):
    """Of a new session of the officer's."""
    return guarded.post("/process", data={"text": COMPLAINT}, headers=by(OFFICER)).json()["session_id"]


class TestRoles:
    def test_a_history_names_whose_key_it_was(self, guarded, session_id):
        history = guarded.get(f"/session/{session_id}/history", headers=by(AUDITOR)).json()
        (opened,) = (entry for entry in history if entry["kind"] == "Opened")  # others may have come since
        assert (opened["who"], opened["role"]) == ("SI Meera Rao", "officer")

    def test_what_another_officer_was_shown_is_not_approved_without_a_token(self, guarded, session_id):
        asked = {"session_id": session_id, "approved": True}
        answer = guarded.post("/validate", json=asked, headers=by(SUPERVISOR)).json()
        assert "nothing was decided" in answer["message"]
        assert answer["current_step"] == "transcript_review"

    @pytest.mark.parametrize(
        ("key", "method", "path", "body", "status"),
        [
            (AUDITOR, "POST", "/process", None, 403),
            (AUDITOR, "POST", "/validate", {"session_id": SESSION, "approved": True}, 403),
            (AUDITOR, "POST", f"/regenerate/{SESSION}", {}, 403),
            (AUDITOR, "POST", f"/session/{SESSION}/fields", {"statements": {}}, 403),
            (AUDITOR, "POST", f"/session/{SESSION}/reopen", None, 403),
            (AUDITOR, "POST", "/authenticate", {"fir_number": NUMBER, "auth_key": "12345678"}, 403),
            (AUDITOR, "POST", f"/fir/{NUMBER}/status", {"to": "closed"}, 403),
            (AUDITOR, "POST", "/reliability/circuit-breaker/model_server/reset", None, 403),
            (AUDITOR, "GET", "/list_firs", None, 200), (AUDITOR, "GET", "/waiting", None, 200),
            (OFFICER, "POST", f"/fir/{NUMBER}/status", {"to": "closed"}, 403),
            (OFFICER, "POST", "/reliability/circuit-breaker/model_server/reset", None, 403),
            (OFFICER, "POST", "/reliability/auto-recovery/database/trigger", None, 403),
            (OFFICER, "GET", f"/session/{SESSION}/export", None, 403),
            (SUPERVISOR, "POST", "/reliability/circuit-breaker/model_server/reset", None, 200),
            (SUPERVISOR, "POST", "/reliability/auto-recovery/database/trigger", None, 200),
            (SUPERVISOR, "GET", f"/session/{SESSION}/export", None, 404),
            ("service-key", "POST", "/reliability/circuit-breaker/database/reset", None, 200),
        ],
    )  # fmt: skip
    def test_each_may_do_what_its_role_allows(self, guarded, key, method, path, body, status):
        answer = guarded.request(method, path, json=body, headers=by(key))
        assert answer.status_code == status, answer.text
        if status == 403:
            assert answer.json()["code"] == "not_allowed"
            assert " may not " in answer.json()["message"]

    @pytest.mark.parametrize(
        ("key", "name", "rights"),
        [
            (OFFICER, "SI Meera Rao", ["read", "lead", "file"]), (AUDITOR, "A. Sen", ["read", "audit"]),
            (SUPERVISOR, "Insp. Rao", ["read", "lead", "file", "decide", "audit"]),
            ("service-key", "officer", ["read", "lead", "file", "decide", "audit"]),
        ],
    )  # fmt: skip
    def test_a_page_is_told_what_its_key_may_do(self, guarded, key, name, rights):
        found = guarded.get("/grant", headers=by(key)).json()
        assert (found["name"], found["rights"]) == (name, rights)

    def test_an_auditor_exports_what_can_be_checked_without_this_program(self, guarded, session_id):
        answer = guarded.get(f"/session/{session_id}/export", headers=by(AUDITOR))
        found = read_export(answer.content)
        assert (found.session_id, found.faults) == (session_id, ())
        assert f"history_{session_id}.jsonl" in answer.headers["content-disposition"]


SECURITY = {
    "x-content-type-options": "nosniff", "x-frame-options": "DENY", "x-xss-protection": "1; mode=block",
    "strict-transport-security": "max-age=31536000; includeSubDomains", "referrer-policy": "no-referrer",
}  # fmt: skip


class TestHeaders:
    @pytest.mark.parametrize(
        ("method", "path", "headers", "status"),
        [
            ("GET", "/health", {}, 200), ("GET", "/list_firs", {}, 401), ("GET", "/list_firs", by(OFFICER), 200),
            ("GET", "/nowhere", by(OFFICER), 404), ("POST", "/validate", by(OFFICER), 422), ("GET", "/docs", {}, 200),
            ("POST", "/process", {**by(OFFICER), "content-length": str(1 << 40)}, 413), ("GET", "/verify", {}, 200),
            ("GET", "/view_fir_records", by(OFFICER), 200), ("GET", f"/session/{SESSION}", by(OFFICER), 404),
        ],
    )  # fmt: skip
    def test_all_seven_are_on_every_answer_once(self, guarded, method, path, headers, status):
        answer = guarded.request(method, path, headers=headers)
        assert answer.status_code == status, answer.text
        for name, value in SECURITY.items():
            assert answer.headers.get_list(name) == [value]
        assert len(answer.headers.get_list("permissions-policy")) == 1
        (policy,) = answer.headers.get_list("content-security-policy")
        assert "default-src 'none'" in policy
        assert ("script-src" in policy) == (path == "/docs")


class TestRates:
    def test_health_is_exempt_and_the_others_are_told_the_limit(self, open_fir):
        client = open_fir(fir_requests_per_minute=3)
        answers = [client.get("/list_firs") for _ in range(4)]
        assert [one.status_code for one in answers] == [200, 200, 200, 429]
        for one in answers:
            assert (one.headers["x-ratelimit-limit"], one.headers["x-ratelimit-window"]) == ("3", "60")
        refused = answers[-1]
        assert 1 <= int(refused.headers["retry-after"]) <= 60
        assert refused.json()["error"] == "too_many_requests"
        assert refused.json()["detail"] == refused.json()["message"]
        assert [client.get("/health").status_code for _ in range(5)] == 5 * [200]

    def test_the_services_limit_wins(self, open_fir):
        client = open_fir(fir_requests_per_minute=3, service={"requests_per_minute": 5})
        assert [client.get("/list_firs").status_code for _ in range(6)] == [*5 * [200], 429]
        assert client.get("/list_firs").headers["x-ratelimit-limit"] == "5"

    def test_an_address_in_a_header_is_believed_from_nobody_unless_configured(self, open_fir):
        client = open_fir(fir_requests_per_minute=2)
        forged = [client.get("/list_firs", headers={"x-forwarded-for": f"192.0.2.{n}"}) for n in range(3)]
        assert [one.status_code for one in forged] == [200, 200, 429]

    def test_wrong_keys_are_counted(self, open_fir):
        client = open_fir(fir_requests_per_minute=2, keys=KEYS)
        tried = [client.get("/list_firs", headers=by(f"guess-{n}-long")).status_code for n in range(3)]
        assert tried == [401, 401, 429]
        assert client.get("/list_firs", headers=by(OFFICER)).status_code == 429, "whatever it shows next"

    def test_it_can_be_switched_off(self, open_fir):
        client = open_fir(fir_requests_per_minute=0)
        assert "x-ratelimit-limit" not in client.get("/list_firs").headers

"""Which pages may change something here, and under which names the service answers."""

import pytest
from routes_of_application import path_of, routes_of
from running_server import PREFIX as P
from starlette.websockets import WebSocketDisconnect

from synqc.service.middleware.origins import Origins
from synqc.settings import Settings

LISTED = "https://lab.example"
FOREIGN = [
    "https://evil.example", "http://lab.example", "https://lab.example:8443", "https://lab.example.evil.example",
    "https://sub.lab.example", "null", "", "file://", "https://evil.example/https://lab.example", "lab.example",
    f"{LISTED}, https://evil.example", "http://testserver", "http://[", "http://testserver:99999",
]  # fmt: skip


@pytest.fixture
def client(client_with):
    client = client_with(allowed_origins=(LISTED,))
    client.post(P + "/sessions", json={"session_id": "x1"})
    return client


@pytest.mark.parametrize("origin", FOREIGN)
def test_no_page_that_is_not_listed_changes_anything_by_any_route(client, origin):
    unsafe = [
        (method, path_of(template)) for method, template in routes_of(client.app)
        if method not in (None, "GET", "HEAD", "OPTIONS")
    ]  # fmt: skip
    assert len(unsafe) > 12
    for method, path in unsafe:
        for spelling in (path, path + "/", path.replace("/", "//")):
            # As a form posts it: no content type that a browser would ask about first.
            answer = client.request(method, spelling, headers={"origin": origin}, content=b"{}")
            assert answer.status_code == 403, (method, spelling)
            assert isinstance(answer.json()["detail"], str)
            assert "access-control-allow-origin" not in answer.headers
    sessions = client.get(P + "/sessions").json()
    assert [(one["session_id"], one["shots_used"]) for one in sessions] == [("x1", 0)]


@pytest.mark.parametrize("origin", FOREIGN)
def test_no_page_that_is_not_listed_watches_by_a_socket(client, origin):
    for method, template in routes_of(client.app):
        if method is None:
            with (
                pytest.raises(WebSocketDisconnect),
                client.websocket_connect(path_of(template), headers={"origin": origin}),
            ):
                pass


@pytest.mark.parametrize("origin", [LISTED, "HTTPS://LAB.EXAMPLE", None])
def test_listed_pages_and_scripts_do_what_they_like(client, origin):
    headers = {} if origin is None else {"origin": origin}
    assert client.post(P + "/sessions/x1/run", json={}, headers=headers).status_code == 200
    with client.websocket_connect(P + "/sessions/x1/ws", headers=headers) as viewer:
        assert viewer.receive_json()["event"] == "state"
    assert client.delete(P + "/sessions/x1", headers=headers).status_code == 200


def test_reading_is_the_browsers_business(client):
    answer = client.get(P + "/sessions", headers={"origin": "https://evil.example"})
    assert answer.status_code == 200
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("origin", ["null", "https://evil.example", "file://"])
def test_without_a_list_pages_from_anywhere_work(client_with, origin):
    client = client_with()
    answer = client.post(P + "/sessions", json={"session_id": "x1"}, headers={"origin": origin})
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, "*")


@pytest.mark.parametrize(
    ("origin", "host", "hosts", "allowed"),
    [
        # The page that the service serves itself; its name must be known, or be none.
        ("http://127.0.0.1:8000", "127.0.0.1:8000", ("*",), True),
        ("http://localhost:8000", "localhost:8000", ("*",), True),
        ("http://[::1]:8000", "[::1]:8000", ("*",), True),
        ("http://192.0.2.5", "192.0.2.5", ("*",), True),
        ("https://192.0.2.5", "192.0.2.5:443", ("*",), True),
        ("http://127.0.0.1:8000", "127.0.0.1:9000", ("*",), False),
        ("http://127.0.0.1:8000", "localhost:8000", ("*",), False),
        # A foreign name can be made to lead here.
        ("http://evil.example:8000", "evil.example:8000", ("*",), False),
        ("http://evil.example:8000", "evil.example:8000", ("desk.example",), False),
        ("http://desk.example:8000", "desk.example:8000", ("desk.example",), True),
        ("http://a.desk.example", "a.desk.example", ("*.desk.example",), True),
        ("http://127.0.0.1.evil.example", "127.0.0.1.evil.example", ("*",), False),
        ("http://localhost.evil.example", "localhost.evil.example", ("*",), False),
        ("", "", ("*",), False),
        ("http://", "", ("*",), False),
    ],
)
def test_the_services_own_page_is_known_by_its_host(origin, host, hosts, allowed):
    origins = Origins(Settings(allowed_origins=(LISTED,), allowed_hosts=hosts))
    assert origins.allows_page([origin], host) == allowed


class TestHosts:
    @pytest.mark.parametrize(
        ("pattern", "host", "allowed"),
        [
            ("lab.example", "lab.example", True), ("lab.example", "LAB.example:8000", True),
            ("lab.example", "evil.example", False), ("lab.example", "lab.example.evil.example", False),
            ("lab.example", "xlab.example", False), ("lab.example", "", False),
            ("lab.example:80", "lab.example:81", False), ("lab.example:80", "lab.example:80", True),
            ("*.lab.example", "a.b.lab.example", True), ("*.lab.example", "lab.example", False),
            ("*.lab.example", ".lab.example", False), ("*.lab.example", "xlab.example", False),
            ("[::1]", "[::1]:8000", True), ("127.0.0.1", "127.0.0.1:8000", True),
            ("127.0.0.1", "localhost", False), ("lab.example", "lab.example@evil.example", False),
        ],
    )  # fmt: skip
    def test_only_listed_names_are_answered_to(self, client_with, pattern, host, allowed):
        client = client_with(allowed_hosts=(pattern,))
        answer = client.get(P + "/sessions", headers={"host": host})
        assert answer.status_code == (200 if allowed else 400)
        assert allowed or "SYNQC_ALLOWED_HOSTS" in answer.json()["detail"]
        assert client.get(P + "/health", headers={"host": host}).status_code == 200, "containers ask by any name"

    def test_a_socket_is_refused_too(self, client_with):
        client = client_with(allowed_hosts=("lab.example",))
        client.post(P + "/sessions", json={"session_id": "x1"}, headers={"host": "lab.example"})
        with (
            pytest.raises(WebSocketDisconnect),
            client.websocket_connect(P + "/sessions/x1/ws", headers={"host": "evil.example"}),
        ):
            pass
        with client.websocket_connect(P + "/sessions/x1/ws", headers={"host": "lab.example:80"}) as viewer:
            assert viewer.receive_json()["event"] == "state"

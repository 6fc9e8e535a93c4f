"""Without a key nothing answers but what is on the open list: every route, however the service is mounted and however
a path is spelt. Routes are taken from the application itself, so that none can be left out.
"""

import asyncio
import itertools
from urllib.parse import unquote

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from routes_of_application import path_of, routes_of
from running_server import RunningServer
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import Mount
from starlette.websockets import WebSocketDisconnect

from synqc.service import create_app
from synqc.settings import Settings

P = "/api/v1/synqc"
KEY = "lab-key"
OPEN = {
    ("GET", "/openapi.json"), ("HEAD", "/openapi.json"), ("GET", "/docs"), ("HEAD", "/docs"), ("GET", "/redoc"),
    ("HEAD", "/redoc"), ("GET", "/docs/files/{name}"),
    ("GET", P + "/health"), ("HEAD", P + "/health"), ("GET", P + "/ready"), ("HEAD", P + "/ready"),
    ("GET", "/ui"), ("GET", "/ui/"), ("GET", "/ui/static"), ("HEAD", "/ui/static"),
    ("GET", "/ui/shared"), ("HEAD", "/ui/shared"),
    ("GET", "/ui/static/vendor/plotly.min.js"),
    *((method, "/") for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")),
}  # fmt: skip
WRONG = [
    {}, {"x-api-key": ""}, {"x-api-key": "lab-ke"}, {"authorization": "Bearer wrong"}, {"authorization": KEY},
    {"authorization": f"Basic {KEY}"}, {"cookie": f"x-api-key={KEY}; api_key={KEY}"},
]  # fmt: skip


class Passing(BaseHTTPMiddleware):
    """Of a parent: copies requests on their way."""

    async def dispatch(self, request, call_next):
        return await call_next(request)


def mounted(app):
    inner = FastAPI()
    inner.mount("/lab", app)
    return inner


def mounted_deep(app):
    outer = Starlette(routes=[Mount("/house", app=mounted(app))])
    return outer


def mounted_behind_middleware(app):
    return Starlette(routes=[Mount("/lab", app=app)], middleware=[Middleware(GZipMiddleware), Middleware(Passing)])


# How the service is reached: (what is asked, its root_path, what paths begin with).
MOUNTINGS = {
    "alone": (lambda app: app, "", ""),
    "behind a proxy that strips": (lambda app: app, "/lab", ""),
    "behind a server's root path": (lambda app: app, "/lab", "/lab"),
    "mounted": (mounted, "", "/lab"),
    "mounted two levels deep": (mounted_deep, "", "/house/lab"),
    "mounted behind middleware": (mounted_behind_middleware, "", "/lab"),
    "mounted behind a root path": (mounted, "/campus", "/campus/lab"),
}


@pytest.fixture(scope="module", params=[P, ""], ids=["usual prefix", "no prefix"])
def app(request, tmp_path_factory):
    made = create_app(Settings(state_dir=tmp_path_factory.mktemp("guarded"), api_keys=(KEY,), api_prefix=request.param))
    TestClient(made).post(request.param + "/sessions", json={"session_id": "x1"}, headers={"x-api-key": KEY})
    yield made
    made.state.tds.close()


def open_routes(app):
    """`OPEN` below the application's prefix."""
    return {(method, path.replace(P, app.state.tds.settings.api_prefix)) for method, path in OPEN}


def spellings_of(path):
    """What somebody might try to get past a comparison of texts."""
    last = path[-1:]
    yield from (path, path + "/", path + ".", path + "%20", path + "%00", path + "%0A", path.upper(), "/" + path)
    yield from (path.replace("/", "//"), path.replace("/", "/./"), "/ui" + path, "/ui/static/.." + path, path + ";x=1")
    yield from (path.replace("/", "%2F"), path[:-1] + f"%{ord(last):02x}", "/%75i/%2e%2e" + path, path + "%3Fapi_key=1")
    yield from (P + "/health/.." + path, path + "?api_key=wrong", path + "#/health", "/x/../" + path)


def asked(app, root_path, requests):
    """(status, headers) of requests: (method, path as it is sent, headers); each as a server would hand it over."""

    async def ask(method, sent, headers):
        path, _, query = sent.partition("?")
        scope = {
            "type": "http", "http_version": "1.1", "method": method, "scheme": "http", "root_path": root_path,
            "path": unquote(path), "raw_path": path.encode(), "query_string": query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in {"host": "a", **headers}.items()],
            "client": ("192.0.2.1", 5000), "server": ("testserver", 80), "state": {},
        }  # fmt: skip
        told, received = [], iter([{"type": "http.request", "body": b"{}", "more_body": False}])

        async def receive():
            return next(received, {"type": "http.disconnect"})

        async def send(message):
            told.append(message)

        await app(scope, receive, send)
        return told[0]["status"], {name.decode(): value.decode() for name, value in told[0]["headers"]}

    async def ask_all():
        return [await ask(*request) for request in requests]

    return asyncio.run(ask_all())


def test_the_open_list_is_what_is_open(app):
    found = {
        (method, template)
        for method, template in routes_of(app)
        if method is not None
        and app.doors.of({"type": "http", "method": method, "path": path_of(template), "headers": []}).name
        in ("OPEN", "UNLIMITED")
    }
    assert found == open_routes(app)


@pytest.mark.parametrize("mounting", MOUNTINGS.values(), ids=MOUNTINGS)
def test_every_route_needs_a_right_key_however_it_is_mounted(app, mounting):
    mount, root_path, start = mounting
    is_open = open_routes(app)
    requests, expected = [], []
    for method, template in routes_of(app):
        if method is None:
            continue
        for headers in WRONG:
            requests.append((method, start + path_of(template), headers))
            expected.append((method, template) in is_open)
    assert len(requests) > 200
    for request, opened, (status, headers) in zip(
        requests, expected, asked(mount(app), root_path, requests), strict=True
    ):
        assert (status != 401) == opened, (request, status)
        assert opened or headers["www-authenticate"].startswith("Bearer"), request


@pytest.mark.parametrize("mounting", MOUNTINGS.values(), ids=MOUNTINGS)
def test_no_spelling_of_a_path_opens_its_route(app, mounting):
    mount, root_path, start = mounting
    is_open = open_routes(app)
    closed = [
        (method, path_of(template)) for method, template in routes_of(app)
        if method is not None and (method, template) not in is_open
    ]  # fmt: skip
    assert len(closed) > 20
    requests = [
        (other or method, start + spelling, {})
        for method, path in closed
        for spelling, other in itertools.chain(
            ((spelling, None) for spelling in spellings_of(path)),
            ((path, other) for other in ("HEAD", "OPTIONS", "get", "PROPFIND")),
        )
    ]
    allowed = {401, 404, 405, 307}  # the last three only where no route of ours was asked
    for request, (status, headers) in zip(requests, asked(mount(app), root_path, requests), strict=True):
        ours = headers.get("x-request-id") is not None
        is_page = request[1].removeprefix(start).startswith(("/ui", "/%75i"))
        assert status == 401 if ours and not is_page else status in allowed, (request, status)


@pytest.mark.parametrize("mounting", MOUNTINGS.values(), ids=MOUNTINGS)
def test_a_right_key_opens_wherever_it_is_mounted(app, mounting):
    mount, root_path, start = mounting
    prefix = app.state.tds.settings.api_prefix
    right = [{"x-api-key": KEY}, {"authorization": f"Bearer {KEY}"}, {"authorization": f"bearer  {KEY}"}]
    paths = [prefix + path for path in ("/sessions", "/sessions/x1", "/sessions/x1/telemetry", "/presets")]
    requests = [("GET", start + path, headers) for path in [*paths, "/metrics"] for headers in right]
    statuses = [status for status, _ in asked(mount(app), root_path, requests)]
    assert statuses == [200] * len(requests)


@pytest.mark.parametrize("mounting", MOUNTINGS.values(), ids=MOUNTINGS)
def test_sockets_need_a_key_however_they_are_mounted(app, mounting):
    mount, root_path, start = mounting
    sockets = [template for method, template in routes_of(app) if method is None]
    assert sockets
    client = TestClient(mount(app), root_path=root_path)
    for template in sockets:
        path = start + path_of(template)
        for headers in WRONG:
            with (
                pytest.raises(WebSocketDisconnect),
                client.websocket_connect(path, headers=headers),
            ):
                pass
        with client.websocket_connect(path, headers={"authorization": f"Bearer {KEY}"}) as socket:
            assert socket.receive_json()["event"] == "state"


@pytest.mark.parametrize("app", [P], indirect=True)
def test_a_real_server_asks_for_keys_at_every_route(app, tmp_path):
    server = RunningServer(tmp_path, "--root-path", "/lab", SYNQC_API_KEYS=KEY).start()
    try:
        server.api("POST", "/sessions", {"session_id": "x1"})
        connection = server.connection()
        for method, template in routes_of(app):
            for headers in ({}, {"x-api-key": "wrong"}, {"authorization": "Bearer wrong"}):
                if method is None:
                    headers = {
                        **headers, "connection": "upgrade", "upgrade": "websocket", "sec-websocket-version": "13",
                        "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
                    }  # fmt: skip
                connection.request(method or "GET", path_of(template), headers=headers)
                answer = connection.getresponse()
                answer.read()
                if method is None:
                    assert answer.status == 403, template  # so it closes what it does not accept
                    connection.close()
                else:
                    assert (answer.status != 401) == ((method, template) in OPEN), (method, template, answer.status)
        connection.request("GET", P + "/sessions", headers={"authorization": f"Bearer {KEY}"})
        assert connection.getresponse().status == 200
    finally:
        server.stop()

"""A node believes where a session is for as long as its lease lasts, and waits for it while it lives."""

import asyncio
from types import SimpleNamespace

import pytest

from synqc.apps.tds.storage.session_owners import SessionOwner
from synqc.service.context import Workers
from synqc.service.tds import other_nodes
from synqc.service.tds.node_connections import NodeConnections, NodeSilent, NodeUnreachable
from synqc.service.tds.other_nodes import FORWARDED, OtherNodes


class Places:
    database = None

    def __init__(self, lease_left_s):
        self.lease_left_s = lease_left_s
        self.asked = []

    def find(self, session_id, *, adopts):
        self.asked.append(session_id)
        return SessionOwner(7, 1, "http://127.0.0.1:9", self.lease_left_s)


@pytest.fixture
def workers():
    made = Workers()
    yield made
    made.close()


def others_of(places, workers, key=None):
    lease = SimpleNamespace(seconds=0.2, name="a-1")
    return OtherNodes(places, lease, workers, None, key=key, prefix="/tds")


def test_a_hint_ends_with_the_lease_of_the_owner_and_not_later(workers):
    async def ask():
        places = Places(lease_left_s=0.3)
        others = others_of(places, workers)
        for _ in range(5):
            assert (await others.owner_of("x1")).number == 7
        assert places.asked == ["x1"]
        await asyncio.sleep(0.31)
        await others.owner_of("x1")
        assert len(places.asked) == 2
        others.forget("x1")
        await others.owner_of("x1")
        assert len(places.asked) == 3

    asyncio.run(ask())


@pytest.mark.parametrize("dies", [True, False], ids=["its node dies", "its node lives"])
def test_what_was_asked_is_waited_for_as_long_as_its_node_lives(workers, monkeypatch, dies):
    checks = []

    def is_alive(_, number):
        checks.append(number)
        return not dies or len(checks) < 3

    monkeypatch.setattr(other_nodes, "is_alive", is_alive)

    async def late():
        await asyncio.sleep(60.0 if dies else 0.3)
        return "answer"

    async def wait():
        others = others_of(Places(1.0), workers)
        return await others.while_alive(SessionOwner(7, 1, "", 1.0), late())

    if dies:
        with pytest.raises(NodeSilent, match="silent for longer than its lease"):
            asyncio.run(wait())
        assert checks == [7, 7, 7]
    else:
        assert asyncio.run(wait()) == "answer"


def test_a_short_answer_has_a_time_limit(workers, monkeypatch):
    monkeypatch.setattr(other_nodes, "is_alive", lambda *_: True)

    async def wait():
        await others_of(Places(1.0), workers).while_alive(SessionOwner(7, 1, "", 1.0), asyncio.sleep(60), 0.1)

    with pytest.raises(NodeSilent, match=r"did not answer within 0\.1 s"):
        asyncio.run(wait())


HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n"
BODIES = {
    "length": (HEAD + b"content-length: 5\r\n\r\nhello", b"hello"),
    "chunks": (HEAD + b"transfer-encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=1\r\nlo\r\n0\r\n\r\n", b"hello"),
    "the end of the connection": (HEAD + b"\r\nhello", b"hello"),
    "a word before": (b"HTTP/1.1 103 Early\r\n\r\n" + HEAD + b"content-length: 0\r\n\r\n", b""),
    "too few bytes": (HEAD + b"content-length: 9\r\n\r\nhello", None),
    "a broken chunk": (HEAD + b"transfer-encoding: chunked\r\n\r\nnine\r\nhello", None),
}


@pytest.mark.parametrize(("sent", "body"), BODIES.values(), ids=BODIES)
def test_answers_of_nodes_are_read_as_http_frames_them(sent, body):
    heard = []

    async def answer(reader, writer):
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(sent)
        await writer.drain()
        writer.close()

    async def ask():
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/lab"
        found = await NodeConnections().ask(address, "GET", "/tds/x?y=1", [(b"host", b"lab")], b"", connect_s=5.0)
        assert (found.status, dict(found.headers)[b"content-type"]) == (200, b"text/plain")
        try:
            return await found.body()
        finally:
            found.close()
            server.close()

    if body is None:
        with pytest.raises(NodeSilent, match="breaks off"):
            asyncio.run(ask())
    else:
        assert asyncio.run(ask()) == body
    assert heard == [b"GET /lab/tds/x?y=1 HTTP/1.1\r\nhost: lab\r\ncontent-length: 0\r\n\r\n"]


def test_who_is_not_there_is_told_apart_from_who_does_not_answer():
    async def close(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    async def ask():
        server = await asyncio.start_server(close, "127.0.0.1", 0)
        address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        connections = NodeConnections()
        with pytest.raises(NodeSilent):
            await connections.ask(address, "POST", "/x", [], b"", connect_s=5.0)
        server.close()
        await server.wait_closed()
        with pytest.raises(NodeUnreachable):
            await connections.ask(address, "POST", "/x", [], b"", connect_s=5.0)

    asyncio.run(ask())


def test_requests_are_passed_on_with_the_key_of_the_nodes_and_a_mark(workers, monkeypatch):
    monkeypatch.setattr(other_nodes, "is_alive", lambda *_: True)
    heard = []

    async def answer(reader, writer):
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(HEAD + b"content-length: 0\r\n\r\n")
        writer.close()

    async def ask():
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        owner = SessionOwner(7, 1, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", 1.0)
        others = others_of(Places(1.0), workers, key="key-1")
        headers = [
            (b"x-api-key", b"key-2"),
            (b"connection", b"upgrade"),
            (b"origin", b"http://lab"),
            (b"accept", b"*/*"),
            (FORWARDED, b"me"),
        ]
        (await others.ask(owner, "GET", "/x", headers, b"")).close()
        server.close()

    asyncio.run(ask())
    lines = heard[0].decode().split("\r\n")[1:-2]
    assert sorted(lines) == ["accept: */*", "content-length: 0", "x-api-key: key-1", "x-synqc-forwarded: a-1"]

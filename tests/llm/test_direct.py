"""`DirectModels` bears what `LanguageModels` bears: the same tests, over connections of its own."""

import asyncio
import importlib
import json
import threading

import pytest
from asking import asking
from scripted_server import CLOSE, answer, document_of, http, refusal
from test_outcome import *  # noqa: F403
from test_retrying import *  # noqa: F403
from test_text_stream import *  # noqa: F403
from waiting import wait_until

from synqc.errors import InputError
from synqc.llm import Endpoint, ModelUnreachable, ProtocolError, _connection
from synqc.llm.conversation_loop import run_on_conversation_loop
from synqc.llm.providers.direct import DirectModels


@pytest.fixture
def client(server):
    """As the folder's own, of the other kind."""
    made = []

    def make(*, cache=None, reuse="repeatable", strict=False, **endpoint):
        options = {
            "base_url": server.url,
            "api_key": "sk-never-to-be-seen-0123456789",
            "attempts": 1,
            "timeout_s": 20.0,
        }
        made.append(DirectModels(Endpoint(**{**options, **endpoint}), cache=cache, reuse=reuse, strict=strict))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_a_connection_is_used_again_and_what_is_sent_is_openai_s(server, client):
    models = client(base_url=server.url + "?version=1")
    for _ in range(5):
        assert models.complete(asking(temperature=0.5)).text == "Because."
    asked = server.asked[0]
    assert asked.path == "/v1/chat/completions?version=1"
    assert asked.headers["authorization"] == "Bearer sk-never-to-be-seen-0123456789"
    assert asked.headers["content-type"] == "application/json"
    assert asked.body["messages"] == [{"role": "user", "content": "Why?"}]


def test_calls_that_come_while_the_transport_is_imported_leave_the_loop_to_others(server, client, monkeypatch):
    begun, may_end = threading.Event(), threading.Event()
    imported = importlib.import_module

    def slowly(name, *more):
        if name == _connection._SDK:
            begun.set()
            assert may_end.wait(60)
        return imported(name, *more)

    monkeypatch.setattr(_connection, "_imported", set())
    monkeypatch.setattr(importlib, "import_module", slowly)
    models = client()
    calls = [models.submit(asking(temperature=0.5)) for _ in range(3)]
    try:
        assert begun.wait(60)
        run_on_conversation_loop(asyncio.sleep(0))
        assert server.asked == []
    finally:
        may_end.set()
    assert [one.result(60).text for one in calls] == ["Because."] * 3


def chunked(*pieces, trailer=b""):
    head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
    return [head, *(b"%x;a=b\r\n%s\r\n" % (len(one), one) for one in pieces), b"0\r\n" + trailer + b"\r\n"]


def test_bodies_in_chunks_are_put_together(server, client):
    raw = json.dumps(document_of()).encode()
    server.script.extend(
        [chunked(raw[:7], raw[7:], trailer=b"x: y\r\n"), chunked(*(raw[k : k + 1] for k in range(len(raw))))]
    )
    models = client()
    assert [models.complete(asking()).text for _ in range(3)] == ["Because."] * 3
    server.script.append([*chunked(raw)[:2], CLOSE])
    with pytest.raises(ModelUnreachable, match="broke"):
        models.complete(asking())


def test_a_body_that_ends_before_its_length_is_a_broken_connection_and_one_that_is_too_large_is_not_taken(
    server, client
):
    raw = json.dumps(document_of("a" * 3000)).encode()
    server.script.append([*http(raw, length=len(raw) + 1), CLOSE])
    models = client(most_bytes=2000)
    with pytest.raises(ProtocolError, match="more than the 2000 bytes"):
        models.complete(asking())
    server.script.append([*http(raw[:1000], length=1001), CLOSE])
    with pytest.raises(ModelUnreachable, match="broke"):
        models.complete(asking())
    assert models.complete(asking()).text == "Because."


@pytest.mark.parametrize(
    "said",
    [
        [b"HELLO\r\n\r\n", CLOSE], [b"HTTP/1.1 abc OK\r\n\r\n", CLOSE],
        [b"HTTP/1.1 200 OK\r\nx: " + b"y" * 70_000, CLOSE],
        [b"HTTP/1.1 200 OK\r\ncontent-length: -5\r\n\r\n", CLOSE],
        [b"HTTP/1.1 200 OK\r\ncontent-length: 1\xb2\r\n\r\n", CLOSE],
        [b"HTTP/1.1 200 OK\r\ncontent-length: " + b"9" * 5000 + b"\r\n\r\n", CLOSE],
        [b"HTTP/1.1 20\xb2 OK\r\n\r\n", CLOSE],
        [b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", CLOSE], [b"HTTP/1.1 200", CLOSE],
    ],
)  # fmt: skip
def test_what_is_not_http_is_a_protocol_error(server, client, said):
    server.otherwise = said
    with pytest.raises(ProtocolError):
        client().complete(asking())


def test_a_word_before_the_answer_is_passed_over_and_a_closed_connection_not_used_again(server, client):
    models = client()
    server.script.append([b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n", *answer()])
    server.script.append(http(document_of(), connection="close"))
    server.script.append([*answer(), CLOSE])
    assert [models.complete(asking()).text for _ in range(3)] == ["Because."] * 3
    [kept] = models._connection._sdk._idle
    wait_until(kept.reader.at_eof)  # a call that crosses the server's word of closing breaks, and may
    assert models.complete(asking()).text == "Because."
    server.otherwise = refusal(404)
    for _ in range(3):
        with pytest.raises(Exception, match="404"):
            models.complete(asking())


def test_a_proxy_is_refused_by_name(monkeypatch):
    monkeypatch.setenv("http_proxy", "http://proxy.invalid:3128")
    with pytest.raises(InputError, match="without a proxy"):
        DirectModels(Endpoint(base_url="http://example.invalid/v1", api_key="k"))

"""`DirectModels` bears what `LanguageModels` bears: the same tests, over connections of its own."""

import json

import pytest
from asking import asking
from scripted_server import CLOSE, answer, document_of, http, refusal
from test_outcome import *  # noqa: F403
from test_retrying import *  # noqa: F403
from test_text_stream import *  # noqa: F403

from synqc.errors import InputError
from synqc.llm import Endpoint, ModelUnreachable, ProtocolError
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


@pytest.mark.parametrize(
    "said",
    [
        [b"HELLO\r\n\r\n", CLOSE], [b"HTTP/1.1 abc OK\r\n\r\n", CLOSE],
        [b"HTTP/1.1 200 OK\r\nx: " + b"y" * 70_000, CLOSE],
        [b"HTTP/1.1 200 OK\r\ncontent-length: -5\r\n\r\n", CLOSE],
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
    assert [models.complete(asking()).text for _ in range(4)] == ["Because."] * 4
    server.otherwise = refusal(404)
    for _ in range(3):
        with pytest.raises(Exception, match="404"):
            models.complete(asking())


def test_a_proxy_is_refused_by_name(monkeypatch):
    monkeypatch.setenv("http_proxy", "http://proxy.invalid:3128")
    with pytest.raises(InputError, match="without a proxy"):
        DirectModels(Endpoint(base_url="http://example.invalid/v1", api_key="k"))

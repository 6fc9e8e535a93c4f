"""Requests of a load over HTTP: every way a body may end, events and their parts, failures by their cause."""

import asyncio
import contextlib

import pytest

from synqc.errors import InputError
from synqc.measure import AnswerClock, HttpTarget, MeasuredNothing, RequestFailed, compare, load_url, open_loop
from synqc.measure.null_server import AnsweringProtocol, null_server

EVENTS = (
    b': hello\n\ndata: {"choices": [{"delta": {"role": "assistant"}}]}\n\n'
    b'data: {"choices": [{"delta": {"reasoning_content": "hm"}}]}\n\n'
    b'data: {"choices": [{"delta": {"content": "ab cd"}}]}\n\ndata: {"choices": [{"delta": {"content": "ef"}}]}\n\n'
    b'data: {"choices": [], "usage": {"completion_tokens": 3}}\n\ndata: [DONE]\n\n'
)


@contextlib.asynccontextmanager
async def serving(*pieces, closes=False, keeps=0):
    """A server that writes these pieces for every request; yields its address and the number of connections."""
    connections = []

    async def answer(reader, writer):
        connections.append(writer)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                await reader.readuntil(b"\r\n\r\n")
                for piece in pieces:
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(0)
                if closes:
                    writer.close()
                    return

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/x?y=1", connections
    finally:
        server.close()
        for writer in connections:
            writer.close()


async def asked(*pieces, times=1, method="GET", closes=False):
    """Clock of the last of some requests, and the number of connections."""
    async with serving(*pieces, closes=closes) as (url, connections):
        target = HttpTarget(url, method=method)
        try:
            for _ in range(times):
                clock = AnswerClock(asyncio.get_running_loop().time)
                await asyncio.wait_for(target(clock), 30)
        finally:
            await target.aclose()
        return clock, len(connections)


def head(*lines):
    return ("HTTP/1.1 200 OK\r\n" + "".join(f"{line}\r\n" for line in lines) + "\r\n").encode()


@pytest.mark.parametrize(
    "pieces",
    [
        (head("content-length: 5") + b"hello",),
        (head("Content-Length: 5"), b"he", b"llo"),
        (b"HTTP/1.1 20", b"0 OK\r\ncontent-le", b"ngth: 5\r\n\r", b"\nhello"),
        (b"HTTP/1.1 100 Continue\r\n\r\n", head("content-length: 5"), b"hello"),
        (head("transfer-encoding: chunked"), b"2\r\nhe\r\n3;x=y\r\nll", b"o\r\n0\r\nt: 1\r", b"\n\r\n"),
    ],
)
def test_an_answer_ends_where_its_head_says_and_the_connection_stays(pieces):
    clock, connections = asyncio.run(asked(*pieces, times=3))
    assert clock.first_content is not None
    assert connections == 1


def test_answers_without_a_body_end_with_their_head():
    assert asyncio.run(asked(b"HTTP/1.1 204 No Content\r\n\r\n", times=2))[1] == 1
    assert asyncio.run(asked(head("content-length: 5"), times=2, method="HEAD"))[1] == 1
    assert asyncio.run(asked(head("content-length: 0"), times=2))[0].first_content is None


def test_an_answer_may_end_with_its_connection_and_the_next_opens_another():
    clock, connections = asyncio.run(asked(head(), b"hello", times=3, closes=True))
    assert clock.first_content is not None
    assert connections == 3
    assert asyncio.run(asked(head("connection: close", "content-length: 2") + b"ok", times=2))[1] == 2


@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_events_tell_role_thought_content_and_tokens_however_they_are_cut(size):
    body = head("content-type: text/event-stream", f"content-length: {len(EVENTS)}") + EVENTS
    clock, _ = asyncio.run(asked(*(body[at : at + size] for at in range(0, len(body), size))))
    assert clock.first_chunk <= clock.first_reasoning <= clock.first_content
    assert (clock.chunks, clock.tokens) == (2, 3)


def test_other_events_are_content():
    events = b"data: a\r\n\r\ndata: \r\n\r\ndata: 7\r\n\r\n"
    clock, _ = asyncio.run(
        asked(head("content-type: text/event-stream; charset=utf-8", f"content-length: {len(events)}"), events)
    )
    assert clock.chunks == 2


@pytest.mark.parametrize(
    ("pieces", "cause"),
    [
        ((b"HTTP/1.1 503 Busy\r\ncontent-length: 2\r\n\r\nno",), "status 503"),
        ((b"HTTP/1.1 301 Moved\r\ncontent-length: 0\r\nlocation: /\r\n\r\n",), "status 301"),
        ((b"SSH-2.0-x\r\n\r\n",), "no HTTP: its first line is 'SSH-2.0-x'"),
        ((head("content-length: -1"),), "no HTTP: its length is '-1'"),
        ((head("transfer-encoding: chunked"), b"zz\r\n"), "no HTTP: invalid literal"),
        ((b"x" * 70_000,), "no HTTP: the head has more than 65536 bytes"),
    ],
)
def test_what_is_no_success_is_a_failure_with_its_cause(pieces, cause):
    with pytest.raises(RequestFailed, match=cause):
        asyncio.run(asked(*pieces))


def test_an_answer_that_breaks_off_is_a_failure():
    with pytest.raises(ConnectionResetError, match="before the answer's end"):
        asyncio.run(asked(head("content-length: 50"), b"hello", closes=True))


def test_requests_carry_method_path_headers_and_body():
    seen = []

    async def run():
        async def answer(reader, writer):
            seen.append(await reader.readexactly(len(expected)))
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
            writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        expected = (
            f"POST /a?b=c HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\naccept: */*\r\nuser-agent: synqc\r\nx-key: k\r\n"
            "content-length: 2\r\n\r\n{}"
        ).encode()
        target = HttpTarget(f"http://127.0.0.1:{port}/a?b=c", method="post", body=b"{}", headers={"x-key": "k"})
        await target(AnswerClock(asyncio.get_running_loop().time))
        server.close()
        assert seen == [expected]

    asyncio.run(run())


@pytest.mark.parametrize(
    ("url", "options", "words"),
    [
        ("ftp://x/", {}, "`url` must be http://HOST"),
        ("http://x/", {"method": "G T"}, "`method` must be letters"),
        ("http://x/", {"headers": {"a": "b\r\nc: d"}}, "Header 'a' must be one line"),
    ],
)
def test_arguments_that_make_no_request_are_named(url, options, words):
    with pytest.raises(InputError, match=words):
        HttpTarget(url, **options)


def test_the_floor_of_the_generator_is_measured_beside_the_address():
    with null_server() as url:
        found = load_url(url, rate=50, seconds=0.4, arrivals="even", closed_workers=2)
    assert (found.open.requests, found.open.answered) == (20, 20)
    assert found.open.floor.answered == 20
    assert found.closed.is_omitting
    assert any("floor, of a server that does nothing" in line for line in found.lines())
    assert found.to_dict()["open"]["floor"]["answered"] == 20


def test_addresses_are_compared_over_one_connection_each():
    with null_server() as url:
        found = compare(url, f"{url}again?x=1", most_pairs=15)
    assert (found.pairs <= 15, found.names) == (True, (url, f"{url}again?x=1"))
    assert found.a.median > 0


def test_an_address_that_refuses_has_no_speed():
    async def run():
        async with serving(b"HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n") as (url, _):
            return await asyncio.to_thread(compare, url, "true", most_pairs=1)

    with pytest.raises(MeasuredNothing, match="answers with status 503, which is not 2xx"):
        asyncio.run(run())


def test_an_address_that_nobody_serves_measured_nothing():
    with pytest.raises(MeasuredNothing, match="ConnectionRefusedError"):
        load_url("http://127.0.0.1:9/", rate=20, seconds=0.1)


@pytest.mark.deep
def test_a_real_server_that_stalls_one_second_in_ten_has_the_p99_that_arithmetic_gives():
    async def run():
        loop = asyncio.get_running_loop()
        begin = loop.time()

        def pause_s():
            return max(0.0, 1 - (loop.time() - begin) % 10)

        answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
        server = await loop.create_server(lambda: AnsweringProtocol(lambda _: answer, pause_s), "127.0.0.1", 0)
        target = HttpTarget(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
        found = await open_loop(target, rate=100, seconds=100)
        await target.aclose()
        server.close()
        return found

    found = asyncio.run(run())
    assert found.failed == 0
    assert found.latency.quantile(0.99) == pytest.approx(0.9, rel=0.05)

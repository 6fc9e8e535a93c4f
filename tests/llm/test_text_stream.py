"""Streams of a hostile server: what is a part, what is an end, which limit ended it, and what is left behind."""

import asyncio
import gc
import json
import signal
import subprocess
import sys
import threading
import time

import pytest
from asking import asking, counted
from scripted_server import CLOSE, RESET, answer, chunk, document_of, event, http, message_of, refusal, says, stream

from synqc.llm import (
    CallCancelled,
    CutAnswer,
    EmptyAnswer,
    ErrorInAnswer,
    FilteredAnswer,
    LanguageModelError,
    ModelRefused,
    ModelTimedOut,
    ModelUnreachable,
    Outcome,
    ProtocolError,
)
from synqc.llm.server_events import ServerEvents

USAGE = {"choices": [], "usage": {"prompt_tokens": 298, "completion_tokens": 56_295}}
HALF = json.dumps(chunk({"content": "lost"}))[:40]


def parts_of(models, **options):
    """Parts, and the error that followed them, if any."""
    parts, told = [], models.stream(asking(), **options)
    try:
        parts.extend(told)
    except LanguageModelError as error:
        return parts, error, told
    return parts, None, told


WHOLE = {
    "the usual": stream(*says("Be", "cause.")),
    "no mark of the end": stream(*says("Be", "cause."), done=False),
    "no line after the mark of the end": [*stream(*says("Be", "cause."), done=False, end=None), b"data: [DONE]", CLOSE],
    "a connection reset after the end": stream(*says("Be", "cause."), done=False, end=RESET),
    "silence after the end": stream(*says("Be", "cause."), 30, done=False),
    "a byte order mark": stream(b"\xef\xbb\xbf", *says("Be", "cause.")),
    "carriage returns": stream(*(event(one).replace(b"\n", b"\r\n") for one in says("Be", "cause."))),
    "lone carriage returns": stream(*(event(one).replace(b"\n", b"\r") for one in says("Be", "cause."))),
    "comments and other fields": stream(b": alive\n\nid: 7\nretry: 10\nevent: message\n", *says("Be", "cause.")),
    "another choice between": stream(
        chunk({"content": "Be"}), chunk({"content": "Other"}, "length", index=1), *says("cause."),
    ),
    "content as parts": stream(
        chunk({"content": [{"type": "thinking", "thinking": "Hm"}]}),
        chunk({"content": [{"type": "text", "text": "Be"}]}),
        *says("cause."),
    ),
    "messages in place of deltas": stream(
        {"choices": [{"index": 0, "message": message_of("Be"), "finish_reason": None}]},
        {"choices": [{"index": 0, "message": message_of("cause."), "finish_reason": "stop"}]},
    ),
    "the whole once more at the end": stream(
        *says("Be", "cause.", finish=None),
        {"choices": [{"index": 0, "message": message_of("Because."), "finish_reason": "stop"}]},
    ),
    "a document in place of a stream": answer(),
    "a document called a stream": http(document_of(), kind="text/event-stream"),
    "a count of tokens with no choices": stream(*says("Be", "cause."), USAGE),
    "a count of tokens with null choices": stream(*says("Be", "cause."), {**USAGE, "choices": None}),
    "thoughts before": stream(chunk({"reasoning_content": "Hm"}), *says("Be", "cause.")),
    "empty deltas": stream(chunk({"role": "assistant", "content": ""}), chunk({}), *says("Be", "cause."), chunk(None)),
}  # fmt: skip


@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_answer_is_read_from(server, client, name):
    server.otherwise = WHOLE[name]
    parts, error, told = parts_of(client())
    assert error is None
    assert "".join(parts) == told.text == "Because."
    assert all(isinstance(part, str) and part for part in parts)
    assert (told.finish_reason, told.outcome, told.spent.calls, server.requests) == ("stop", Outcome.OK, 1, 1)


@pytest.mark.parametrize("cut", range(1, 400, 17))
def test_bytes_may_be_cut_anywhere(server, client, cut):
    head, *rest = stream(*says("Grüße, ", "😀."), done=True, end=None)
    body = b"".join(event(one) if isinstance(one, dict) else one for one in rest).replace(b"\\u00fc", "ü".encode())
    cut = min(cut, len(body) - 1)
    server.otherwise = [head, body[:cut], 0.001, body[cut:], CLOSE]
    assert "".join(client().stream(asking())) == "Grüße, 😀."


def test_every_cut_of_events_gives_the_same_events():
    body = '\ufeffdata: {"a": "ü😀"}\r\n\r\n: alive\n\nevent: x\rdata: b\rdata:c\r\rdata: d'.encode()
    whole = [*(reader := ServerEvents()).feed(body), *reader.end()]
    assert whole == [(None, '{"a": "ü😀"}'), ("x", "b\nc"), (None, "d")]
    for first in range(len(body)):
        for second in range(first, len(body), 5):
            reader = ServerEvents()
            pieces = (body[:first], body[first:second], body[second:])
            assert [*(one for piece in pieces for one in reader.feed(piece)), *reader.end()] == whole, (first, second)


BROKEN = {
    "the end of the connection after a part": (stream(*says("Be", finish=None), done=False), ProtocolError),
    "the mark of the end without a reason": (stream(*says("Be", finish=None)), ProtocolError),
    "a reset": (stream(*says("Be", finish=None), 0.05, done=False, end=RESET), ModelUnreachable),
    "a body shorter than it says": (
        [b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 9999\r\n\r\n",
         *map(event, says("Be", finish=None)), 0.05, CLOSE],
        ModelUnreachable,
    ),
    "a frame that is no JSON": (stream(*says("Be", finish=None), "{bad}", *says("cause.")), ProtocolError),
    "a frame that is half a document": (
        stream(*says("Be", finish=None), b"data: " + HALF.encode(), done=False), ProtocolError,
    ),
    "a frame that is a number": (stream(*says("Be", finish=None), "7", *says("cause.")), ProtocolError),
    "choices that are no list": (stream(*says("Be", finish=None), {"choices": 3}), ProtocolError),
    "content that is a number": (stream(*says("Be", finish=None), chunk({"content": 5})), ProtocolError),
    "bytes that are no text": (stream(*says("Be", finish=None), b"data: \xff\xfe\n\n"), ProtocolError),
    "an error": (stream(*says("Be", finish=None), {"error": {"message": "It broke.", "code": 502}}), ErrorInAnswer),
    "an error as a text": (stream(*says("Be", finish=None), {"error": "It broke."}), ErrorInAnswer),
    "an event called an error": (stream(*says("Be", finish=None), b'event: error\ndata: {"reason": "It broke."}\n\n'),
                                 ErrorInAnswer),
    "an end by an error": (stream(*says("Be", finish="error")), ErrorInAnswer),
    "the limit of tokens": (stream(*says("Be", finish="length")), CutAnswer),
    "a filter": (stream(*says("Be", finish="content_filter")), FilteredAnswer),
    "a refusal": (stream(*says("Be", finish=None), chunk({"refusal": "I can"}), chunk({"refusal": "not."}, "stop")),
                  ModelRefused),
    "a call of a tool": (stream(*says("Be", finish="tool_calls")), ProtocolError),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_what_ends_otherwise_is_an_error_with_the_text_before_it(server, client, name):
    server.otherwise, kind = BROKEN[name]
    before = counted("synqc_llm_outcomes_total", outcome=kind.outcome.value)
    parts, error, told = parts_of(client())
    assert type(error) is kind, error
    assert (parts, error.answer, error.spent.calls, told.outcome) == (["Be"], "Be", 1, kind.outcome)
    assert "Nobody answers" not in str(error)
    assert told.finish_reason == error.finish_reason
    assert counted("synqc_llm_outcomes_total", outcome=kind.outcome.value) == before + 1


@pytest.mark.parametrize(
    ("script", "kind"),
    [(http(b"", 503), ModelRefused), (refusal(401), ModelRefused), (stream(done=False), EmptyAnswer),
     (stream(chunk(finish="stop")), EmptyAnswer), (stream(chunk({"tool_calls": []}, "tool_calls")), EmptyAnswer),
     (http("<html>Login</html>", kind="text/html"), ProtocolError),
     (http("<html>Login</html>", kind="text/event-stream"), ProtocolError), ([CLOSE], ModelUnreachable),
     (http({"error": {"message": "overloaded"}}), ErrorInAnswer)],
    ids=["503 without words", "401", "nothing", "no text", "a tool", "a page", "a page called a stream", "closed",
         "an error in a document"],
)  # fmt: skip
def test_what_never_begins_is_an_error_by_itself(server, client, script, kind):
    server.otherwise = script
    parts, error, _ = parts_of(client())
    assert (parts, type(error)) == ([], kind)


def test_a_part_may_be_taken_for_the_whole_by_whoever_says_so(server, client):
    server.otherwise = stream(*says("Beca", finish="length"))
    parts, error, told = parts_of(client(), partial=True)
    assert (parts, error, told.outcome, told.finish_reason) == (["Beca"], None, Outcome.CUT, "length")


class TestCounts:
    def test_the_last_count_is_exact_and_asked_for(self, server, client):
        server.otherwise = stream(*says("Be", "cause."), USAGE)
        _, _, told = parts_of(client())
        assert (told.spent.prompt_tokens, told.spent.completion_tokens) == (298, 56_295)
        assert server.bodies[0]["stream_options"] == {"include_usage": True}

    def test_a_running_count_is_not_added_up(self, server, client):
        running = [chunk({"content": "a"}, usage={"prompt_tokens": 5, "completion_tokens": n}) for n in (1, 2, 3)]
        server.otherwise = stream(*running, chunk(finish="stop"))
        _, _, told = parts_of(client())
        assert told.spent.completion_tokens == 3

    def test_a_server_that_does_not_count_leaves_it_open(self, server, client):
        server.otherwise = stream(*says("Because."))
        _, _, told = parts_of(client())
        assert (told.spent.prompt_tokens, told.spent.completion_tokens, told.spent.calls) == (None, None, 1)

    def test_a_server_that_refuses_to_count_is_asked_without(self, server, client):
        def answering(body):
            return refusal(400, "Unknown parameter: stream_options") if "stream_options" in body else WHOLE["the usual"]

        server.otherwise = answering
        models = client()
        _, _, told = parts_of(models)
        assert (told.spent.calls, told.spent.prompt_tokens) == (2, None)
        assert parts_of(models)[2].spent.calls == 1


class TestLimitsOfTime:
    def test_silence_ends_at_the_idle_limit_which_is_told(self, server, client):
        server.otherwise = stream(*says("a", "b", "c", finish=None), 30)
        parts, error, _ = parts_of(client(idle_timeout_s=1.5, timeout_s=20.0))
        assert parts == ["a", "b", "c"]
        assert isinstance(error, ModelTimedOut)
        assert (error.limit, error.seconds, error.answer, error.retryable) == ("idle", 1.5, "abc", True)
        assert "1.5 s: nothing came" in str(error)
        assert server.left.wait(20)

    def test_a_steady_stream_outlives_the_limit_of_a_whole_answer(self, server, client):
        server.otherwise = stream(*[step for _ in range(12) for step in (*says("a", finish=None), 0.1)], *says("."))
        parts, error, _ = parts_of(client(timeout_s=0.6))
        assert (error, "".join(parts)) == (None, "a" * 12 + ".")

    @pytest.mark.parametrize("limit", ["total", "deadline"])
    def test_drops_for_ever_end_at_the_total_which_is_told(self, server, client, limit):
        server.otherwise = stream(*[step for _ in range(200) for step in (*says("a", finish=None), 0.05)])
        models = client(stream_timeout_s=0.6 if limit == "total" else 60.0)
        parts, error, _ = parts_of(models, deadline_s=0.6 if limit == "deadline" else None)
        assert (error.limit, error.seconds) == (limit, 0.6)
        assert 1 <= len(parts) < 40
        assert server.left.wait(20)

    def test_a_comment_is_a_sign_of_life_and_ends_at_the_total_all_the_same(self, server, client):
        pings = [b": ping\n\n", 0.1] * 20
        server.script.append(stream(*pings, *says("Because.")))
        assert parts_of(client(idle_timeout_s=1.5))[:2] == (["Because."], None)
        server.script.append(stream(*(pings * 8)))
        _, error, _ = parts_of(client(idle_timeout_s=1.5, stream_timeout_s=2.5))
        assert error.limit == "total"


class TestLeaving:
    def test_a_cancelled_wait_is_a_cancellation_and_the_server_sees_it(self, server, client):
        server.otherwise = stream(*says("a", finish=None), 30)
        models = client(most_at_once=2)

        async def read():
            async for _ in models.astream(asking()):
                pass

        async def main():
            for _ in range(6):
                task = asyncio.create_task(read())
                await asyncio.sleep(0.1)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task

        asyncio.run(main())
        assert server.left.wait(20)
        server.otherwise = answer()
        assert models.complete(asking(), deadline_s=10).text == "Because.", "every place was given back"

    @pytest.mark.parametrize("begun", [False, True])
    def test_a_timeout_around_a_wait_is_a_timeout(self, server, client, begun):
        server.otherwise = stream(*(says("a", finish=None) if begun else ()), 30)

        async def main():
            async with asyncio.timeout(0.3):
                async for _ in client().astream(asking()):
                    pass

        with pytest.raises(TimeoutError):
            asyncio.run(main())
        assert server.left.wait(20)

    def test_an_interrupt_while_it_waits_is_an_interrupt(self, server):
        server.otherwise = stream(*says("a", finish=None), 30)
        program = f"""
import sys
from synqc.llm import *
models = LanguageModels(Endpoint(base_url={server.url!r}, api_key="k"))
try:
    for part in models.stream(Request(model="m", messages=(Message("user", "?"),))):
        print(part, flush=True)
except KeyboardInterrupt as error:
    print("interrupted", flush=True)
"""
        child = subprocess.Popen(
            [sys.executable, "-W", "error", "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )  # fmt: skip
        assert child.stdout.readline() == "a\n"
        child.send_signal(signal.SIGINT)
        told, errors = child.communicate(timeout=30)
        assert (told, errors, child.returncode) == ("interrupted\n", "", 0)

    def test_leaving_before_the_first_part_ends_the_call_at_once(self, server, client):
        server.otherwise = [20]
        models = client()

        async def main():
            task = asyncio.create_task(anext(models.astream(asking())))
            while not server.requests:
                await asyncio.sleep(0.01)
            started = time.monotonic()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            return started

        started = asyncio.run(main())
        assert server.left.wait(20)
        assert server.left_at - started < 15

    @pytest.mark.parametrize("way", ["close", "with", "forget"])
    def test_every_way_of_leaving_early_ends_the_call(self, server, client, way):
        server.otherwise = stream(*says("a", finish=None), 30)
        parts = client().stream(asking())
        assert next(parts) == "a"
        if way == "close":
            parts.close()
        elif way == "with":
            with parts:
                pass
        else:
            del parts
            gc.collect()
        assert server.left.wait(20)

    def test_what_is_left_is_over(self, server, client):
        server.otherwise = stream(*says("a", "b", "c"))
        parts = client().stream(asking())
        next(parts)
        parts.close()
        assert list(parts) == []
        assert parts.outcome is Outcome.CANCELLED
        parts.close()

    def test_closing_the_client_ends_what_is_under_way(self, server, client):
        server.otherwise = stream(*says("a", finish=None), 30)
        models = client()
        parts, met = models.stream(asking()), []
        assert next(parts) == "a"

        def wait():
            try:
                next(parts)
            except LanguageModelError as error:
                met.append(error)

        waiting = threading.Thread(target=wait)
        waiting.start()
        time.sleep(0.2)
        models.close()
        waiting.join(10)
        assert [type(error) for error in met] == [CallCancelled]


def test_a_stream_may_be_closed_before_it_begins(client, server):
    client().stream(asking()).close()
    assert server.requests == 0

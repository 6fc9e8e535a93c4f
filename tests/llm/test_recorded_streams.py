"""Streams that are kept and given again: by which door, in which parts, and what is never kept."""

import asyncio
import threading
import time

import pytest
from asking import asking
from scripted_server import CLOSE, RESET, chunk, event, says, stream

from synqc.cache import Control, DiskCache, MemoryCache, TieredCache
from synqc.errors import CacheMiss
from synqc.llm import CutAnswer, EmptyAnswer, FilteredAnswer, JsonForm, LanguageModelError, ProtocolError

QUESTION = asking(temperature=0.0)
PARTS = ["Bec", "ause \u00e9", " of it."]


def streamed(models, request=QUESTION, **options):
    return list(models.stream(request, **options))


def astreamed(models, request=QUESTION, **options):
    async def main():
        return [part async for part in models.astream(request, **options)]

    return asyncio.run(main())


@pytest.fixture(params=["memory", "disk", "tiers"])
def cache(request, tmp_path):
    if request.param == "memory":
        yield MemoryCache(100)
        return
    with DiskCache(tmp_path / "answers.db") as disk:
        yield disk if request.param == "disk" else TieredCache(MemoryCache(100), disk)


class TestForms:
    @pytest.mark.parametrize("give", [streamed, astreamed])
    def test_a_stream_that_was_kept_is_given_in_its_parts(self, server, client, cache, give):
        server.otherwise = stream(*says(*PARTS))
        models = client(cache=cache)
        assert streamed(models) == PARTS
        assert give(models) == PARTS
        assert server.requests == 1

    def test_a_stream_that_was_kept_is_one_answer_to_who_wants_no_parts(self, server, client, cache):
        server.otherwise = stream(*says(*PARTS))
        models = client(cache=cache)
        streamed(models)
        completion = models.complete(QUESTION)
        assert (completion.value, completion.cached, completion.finish_reason) == ("".join(PARTS), True, "stop")
        assert server.requests == 1

    @pytest.mark.parametrize("give", [streamed, astreamed])
    def test_an_answer_that_came_whole_is_a_stream_of_one_part(self, server, client, cache, give):
        models = client(cache=cache)
        models.complete(QUESTION)
        assert give(models) == ["Because."]
        assert server.requests == 1

    def test_an_answer_that_came_whole_is_given_whole(self, server, client, cache):
        models = client(cache=cache)
        models.complete(QUESTION)
        assert models.complete(QUESTION).text == "Because."
        assert server.requests == 1

    def test_a_kept_stream_says_what_the_first_one_said_and_that_it_was_kept(self, server, client, cache):
        server.otherwise = stream(*says(*PARTS), chunk(usage={"prompt_tokens": 3, "completion_tokens": 4}))
        models = client(cache=cache)
        told = []
        for _ in range(2):
            parts = models.stream(QUESTION)
            text = "".join(parts)
            told.append((text, parts.text, parts.model, parts.finish_reason, parts.outcome, parts.spent))
        assert told[0] == told[1]
        assert parts.cached
        assert parts.age_s >= 0

    def test_a_kept_object_is_given_by_both_doors(self, server, client, cache):
        request = asking(temperature=0.0, form=JsonForm("a", {"type": "object", "required": ["a"]}))
        server.otherwise = stream(*says('So: {"a"', ": 1}."))
        models = client(cache=cache)
        streamed(models, request)
        assert models.complete(request).value == '{"a": 1}'
        assert server.requests == 1

    def test_what_is_known_to_be_kept_needs_no_other_thread(self, server, client, cache):
        server.otherwise = stream(*says(*PARTS))
        models = client(cache=cache)
        streamed(models)
        models.complete(QUESTION)
        models.close()
        blocked, go_on = threading.Event(), threading.Event()

        async def block():
            blocked.set()
            go_on.wait(10)

        from synqc.llm import _loop_thread

        future = _loop_thread.shared.submit(block())
        assert blocked.wait(10)
        try:
            assert streamed(models) == PARTS
            assert models.complete(QUESTION).cached
        finally:
            go_on.set()
            future.result(10)

    def test_a_kept_stream_may_be_left(self, server, client, cache):
        server.otherwise = stream(*says(*PARTS))
        models = client(cache=cache)
        streamed(models)
        with models.stream(QUESTION) as parts:
            assert next(parts) == PARTS[0]
        assert list(parts) == []
        assert streamed(models) == PARTS


class TestWhatIsNotKept:
    @pytest.mark.parametrize("read", [1, 2, 3])
    def test_a_stream_that_is_left_is_not_kept(self, server, client, cache, read):
        server.otherwise = stream(*says(*PARTS))
        models = client(cache=cache)
        parts = models.stream(QUESTION)
        for _ in range(read):
            next(parts)
        parts.close()
        assert len(cache) == 0
        assert streamed(models) == PARTS
        assert server.requests == 2

    @pytest.mark.parametrize(
        ("steps", "kind"),
        [
            (stream(*says("a", finish=None), done=False), ProtocolError),
            (stream(*says("a", finish=None), RESET, done=False, end=None), LanguageModelError),
            (stream(*says("a", finish="length")), CutAnswer),
            (stream(*says("a", finish="content_filter")), FilteredAnswer),
            (stream(*says("a", finish="tool_calls")), ProtocolError),
            (stream(*says()), EmptyAnswer),
            (stream(*says("a", finish=None), event({"error": {"message": "busy"}}), done=False), LanguageModelError),
        ],
        ids=["broken", "reset", "cut", "filtered", "tool call", "empty", "error inside"],
    )  # fmt: skip
    def test_a_stream_that_is_no_answer_is_not_kept(self, server, client, cache, steps, kind):
        server.script.append(steps)
        models = client(cache=cache)
        with pytest.raises(kind):
            streamed(models)
        assert len(cache) == 0
        server.otherwise = stream(*says("Anew."))
        assert streamed(models) == ["Anew."]

    @pytest.mark.parametrize("finish", ["length", "content_filter"])
    def test_a_beginning_that_was_allowed_is_not_kept(self, server, client, cache, finish):
        server.otherwise = stream(*says("a", finish=finish))
        assert streamed(client(cache=cache), partial=True) == ["a"]
        assert len(cache) == 0

    def test_a_body_without_its_last_chunk_is_not_kept(self, server, client, cache):
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
        body = b"".join(event(one) for one in says("a"))
        server.script.append([head, f"{len(body):x}\r\n".encode() + body + b"\r\n", CLOSE])
        models = client(cache=cache)
        assert streamed(models) == ["a"], "the model said that it was done"
        assert len(cache) == 0

    def test_an_object_that_does_not_fit_is_not_kept(self, server, client, cache):
        request = asking(temperature=0.0, form=JsonForm("a", {"type": "object", "required": ["a"]}))
        server.otherwise = stream(*says('{"b": 1}'))
        streamed(client(cache=cache), request)
        assert len(cache) == 0

    def test_what_may_differ_is_not_kept(self, server, client, cache):
        server.otherwise = stream(*says("a"))
        models = client(cache=cache)
        for _ in range(2):
            streamed(models, asking(temperature=0.7))
        assert server.requests == 2


class TestControl:
    def test_a_stream_asked_for_anew_replaces_what_is_kept(self, server, client, cache):
        server.script.extend([stream(*says("old")), stream(*says("n", "ew"))])
        models = client(cache=cache)
        streamed(models)
        assert streamed(models, control=Control(no_cache=True)) == ["n", "ew"]
        assert streamed(models) == ["n", "ew"]

    @pytest.mark.parametrize("control", [Control(no_store=True), Control(ttl=0)])
    def test_a_request_may_forbid_keeping(self, server, client, cache, control):
        server.otherwise = stream(*says("a"))
        streamed(client(cache=cache), control=control)
        assert len(cache) == 0

    @pytest.mark.parametrize("give", [streamed, astreamed])
    def test_a_request_may_want_nothing_but_what_is_kept(self, server, client, cache, give):
        models = client(cache=cache)
        with pytest.raises(CacheMiss):
            give(models, control=Control(only_if_cached=True))
        assert server.requests == 0
        models.complete(QUESTION)
        assert give(models, control=Control(only_if_cached=True)) == ["Because."]

    def test_namespaces_are_apart(self, server, client, cache):
        server.otherwise = stream(*says("a"))
        models = client(cache=cache)
        for name in ("ada", "bob", "ada"):
            streamed(models, control=Control(namespace=name))
        assert server.requests == 2


class TestWhatIsTold:
    def test_an_answer_says_how_old_it_is_and_under_which_key(self, server, client, cache):
        models = client(cache=cache)
        first = models.complete(QUESTION)
        time.sleep(0.05)
        second = models.complete(QUESTION)
        assert (first.cached, first.age_s, second.cached) == (False, 0.0, True)
        assert 0.04 <= second.age_s < 60
        assert first.key == second.key == QUESTION.key(server.url, tenant=models.endpoint.tenant)
        assert models.complete(asking()).key == ""

    def test_the_lifetime_is_that_of_the_kind(self, server, client):
        now = [0.0]
        cache = MemoryCache(10, ttl_by_kind={"short": 10, "chat_completion": 100}, clock=lambda: now[0])
        short, usual = client(cache=cache, kind="short"), client(cache=cache)
        short.complete(QUESTION)
        usual.complete(asking("How?", temperature=0.0))
        now[0] = 11.0
        assert not short.complete(QUESTION).cached
        assert usual.complete(asking("How?", temperature=0.0)).cached

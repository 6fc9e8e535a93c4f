"""What is no whole answer is asked for again: kind by kind, from either kind of cache."""

import threading

import pytest
from asking import FORM, asking
from scripted_server import CLOSE, RESET, answer, http, refusal

from synqc.cache import DiskCache, MemoryCache
from synqc.llm import Completion, LanguageModelError

USAGE_OF_A_PART = {"prompt_tokens": 300, "completion_tokens": 2, "total_tokens": 302}

KINDS = {
    "an error": refusal(400),
    "a transient error": refusal(503),
    "too many requests": refusal(429),
    "not found": refusal(404),
    "empty": answer(""),
    "blank": answer(" \n"),
    "nothing but thoughts": answer(None, reasoning_content="Hm."),
    "filtered": answer("A part", finish="content_filter"),
    "refused by the model": answer(None, refusal="I cannot."),
    "cut": answer("A part", finish="length"),
    "an error inside": answer("A part", finish="error"),
    "an error in place of an answer": http({"error": {"message": "busy", "code": 500}}),
    "a tool call alone": answer(None, finish="tool_calls", tool_calls=[{"id": "1"}]),
    "a connection that breaks": [RESET],
    "a body that breaks off": [http(b"{" + b" " * 50, length=500)[0], CLOSE],
    "no protocol": http(b"<html>"),
    "a part of the prompt": answer("Of a part.", usage=USAGE_OF_A_PART),
}


@pytest.fixture(params=["memory", "disk"])
def cache(request, tmp_path):
    if request.param == "memory":
        yield MemoryCache(10)
        return
    with DiskCache(tmp_path / "answers.db") as disk:
        yield disk


def outcome_of(models, request, **options):
    try:
        return models.complete(request, **options)
    except LanguageModelError as error:
        return error


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("partial", [False, True])
def test_it_is_asked_for_again(server, client, cache, kind, partial):
    server.script.append(KINDS[kind])
    models = client(cache=cache)
    request = asking("Why? " * 400, temperature=0.0)
    first = outcome_of(models, request, partial=partial)
    assert isinstance(first, LanguageModelError) or first.outcome != "ok" or first.prompt_truncated
    assert len(cache) == 0
    server.otherwise = answer("Whole.", usage={"prompt_tokens": 500, "completion_tokens": 2, "total_tokens": 502})
    again = models.complete(request)
    assert (again.text, again.cached, server.requests) == ("Whole.", False, 2)
    assert models.complete(request).cached


def test_one_that_was_left_is_asked_for_again(server, client, cache):
    server.script.append([5, *answer("Late.")])
    models = client(cache=cache)
    future = models.submit(asking(temperature=0.0))
    while not server.requests:
        threading.Event().wait(0.01)
    future.cancel()
    assert server.left.wait(20)
    assert len(cache) == 0
    assert models.complete(asking(temperature=0.0)).text == "Because."


def test_one_that_is_not_in_its_form_is_asked_for_again(server, client, cache):
    server.script.append(answer("No object."))
    models = client(cache=cache)
    request = asking(temperature=0.0, form=FORM)
    assert isinstance(outcome_of(models, request), LanguageModelError)
    server.otherwise = answer('{"a": 1}')
    assert not models.complete(request).cached


def test_one_that_was_mended_says_so_whenever_it_is_served(server, client, cache):
    server.otherwise = answer('{"a": 1,}')
    models = client(cache=cache)
    told = [models.complete(asking(temperature=0.0, form=FORM)) for _ in range(2)]
    assert all(isinstance(one, Completion) and one.repaired for one in told)
    assert told[0].repaired == told[1].repaired
    assert [one.cached for one in told] == [False, True]

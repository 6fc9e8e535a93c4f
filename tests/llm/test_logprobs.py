"""Alternatives of an answer's first tokens: asked for, told, passed over, refused, and kept."""

import pytest
from asking import asking
from scripted_server import answer, chunk, document_of, http, refusal, says, stream

from synqc.cache import MemoryCache
from synqc.errors import InputError
from synqc.llm import Completion, LanguageModelError, TokenLogprobs
from synqc.llm.logprobs import MOST_TOKENS

YES = {
    "token": "Yes",
    "logprob": -0.25,
    "top_logprobs": [{"token": "No", "logprob": -1.5}, {"token": "Yes", "logprob": -0.25}],
}
TOLD = (TokenLogprobs("Yes", -0.25, (("Yes", -0.25), ("No", -1.5))),)


def weighed(*tokens, text="Yes"):
    document = document_of(text)
    document["choices"][0]["logprobs"] = {"content": list(tokens)}
    return http(document)


def test_they_are_asked_for_and_told_with_the_likeliest_first(server, client):
    server.otherwise = weighed(YES)
    completion = client().complete(asking(logprobs=5))
    assert (server.bodies[0]["logprobs"], server.bodies[0]["top_logprobs"]) == (True, 5)
    assert (completion.logprobs, completion.ignored) == (TOLD, ())


def test_nobody_who_does_not_ask_is_told(server, client):
    client().complete(asking())
    assert {"logprobs", "top_logprobs"}.isdisjoint(server.bodies[0])


@pytest.mark.parametrize("logprobs", [0, 21, -1, 2.0, True, "5"])
def test_the_number_of_alternatives_is_what_servers_give(logprobs):
    with pytest.raises(InputError, match="`logprobs` must be a whole number from 1 to 20"):
        asking(logprobs=logprobs)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (400, "Unsupported parameter: 'logprobs' is not supported with this model."),
        (422, "body.top_logprobs: Extra inputs are not permitted"),
        (400, "This model does not support logprobs."),
        (400, "Unrecognized request argument supplied."),
    ],
)
def test_a_server_that_refuses_them_is_asked_without_and_that_is_told(server, client, status, words):
    server.otherwise = lambda body: refusal(status, words) if "logprobs" in body else answer()
    models = client()
    completion = models.complete(asking(logprobs=5))
    assert (completion.logprobs, completion.ignored, completion.spent.calls) == ((), ("logprobs",), 2)
    assert models.complete(asking(logprobs=5)).spent.calls == 1, "it is remembered"


def test_a_number_that_is_too_large_is_the_callers_error(server, client):
    server.otherwise = refusal(400, "top_logprobs must be at most 5")
    with pytest.raises(LanguageModelError):
        client().complete(asking(logprobs=20))
    assert server.requests == 1


def test_a_server_that_passes_them_over_is_noticed_and_its_answer_is_not_kept(server, client):
    cache = MemoryCache(10)
    completion = client(cache=cache).complete(asking(logprobs=5, temperature=0.0))
    assert (completion.logprobs, completion.ignored, len(cache)) == ((), ("logprobs",), 0)


@pytest.mark.parametrize(
    "told",
    [
        None, "text", {"token": "Yes", "logprob": -1}, [5], [{"token": 5, "logprob": -1}], [{"token": "Yes"}],
        [{"token": "Yes", "logprob": float("nan")}], [{"token": "Yes", "logprob": True}],
    ],
)  # fmt: skip
def test_what_is_no_log_probability_is_read_over(server, client, told):
    document = document_of("Yes")
    document["choices"][0]["logprobs"] = {"content": told}
    server.otherwise = http(document)
    completion = client().complete(asking(logprobs=5))
    assert (completion.text, completion.logprobs, completion.ignored) == ("Yes", (), ("logprobs",))


def test_only_first_tokens_are_held(server, client):
    server.otherwise = weighed(*[YES] * (MOST_TOKENS + 40))
    assert len(client().complete(asking(logprobs=5)).logprobs) == MOST_TOKENS


def test_they_are_a_part_of_the_key_and_of_what_is_kept(server, client):
    server.otherwise = weighed(YES)
    models = client(cache=MemoryCache(10))
    for logprobs in (None, 5, 6):
        assert not models.complete(asking(temperature=0.0, logprobs=logprobs)).cached
    again = models.complete(asking(temperature=0.0, logprobs=5))
    assert (again.cached, again.logprobs, server.requests) == (True, TOLD, 3)


def test_an_answer_kept_before_there_were_any_is_read(server, client):
    completion = client().complete(asking())
    plain = completion.to_plain()
    del plain["logprobs"]
    assert Completion.from_plain(plain, "x", cached=True).logprobs == ()


def test_a_stream_collects_them_for_who_asks_later(server, client):
    halves = [{"content": "Y"}, {"content": "es"}]
    documents = [chunk(half) for half in halves]
    documents[0]["choices"][0]["logprobs"] = {"content": [YES]}
    server.otherwise = stream(*documents, *says())
    models = client(cache=MemoryCache(10))
    with models.stream(asking(temperature=0.0, logprobs=5)) as told:
        assert list(told) == ["Y", "es"]
    assert told.ignored == ()
    again = models.complete(asking(temperature=0.0, logprobs=5))
    assert (again.cached, again.logprobs) == (True, TOLD)


def test_a_stream_that_passed_them_over_says_so(server, client):
    server.otherwise = stream(*says("Yes"))
    with client().stream(asking(logprobs=5)) as told:
        list(told)
    assert told.ignored == ("logprobs",)

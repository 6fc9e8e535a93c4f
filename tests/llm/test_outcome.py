"""What comes of a call: one outcome each, an error class for all but `ok`, and only `ok` is kept."""

import inspect
import pickle

import pytest
from asking import FORM, asking, counted
from scripted_server import CLOSE, RESET, answer, chunk, document_of, http, message_of, refusal, says, stream

from synqc.cache import MemoryCache
from synqc.llm import (
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
    Spent,
    errors,
    json_object_in,
)

USELESS = {
    "an answer cut at the limit": (answer("Beca", "length"), CutAnswer),
    "an answer cut at the limit, in another server's word": (answer("Beca", "MAX_TOKENS"), CutAnswer),
    "thoughts that used up the limit": (answer("", "length", reasoning_content="Hm"), CutAnswer),
    "a filter with a part of the text": (answer("Half", "content_filter"), FilteredAnswer),
    "a filter without a text": (answer(None, "SAFETY"), FilteredAnswer),
    "a refusal in the place made for it": (answer(None, refusal="I cannot help with that."), ModelRefused),
    "a refusal as a part of the content": (
        answer([{"type": "refusal", "refusal": "I cannot help with that."}]),
        ModelRefused,
    ),
    "a refusal as the reason of the end": (answer("I", "refusal"), ModelRefused),
    "an empty text": (answer(""), EmptyAnswer),
    "a blank text": (answer(" \n"), EmptyAnswer),
    "no text but thoughts": (answer(None, reasoning_content="Hm."), EmptyAnswer),
    "a call of a tool that nobody offered": (answer(None, "tool_calls", tool_calls=[{"id": "1"}]), EmptyAnswer),
    "a call of a tool beside a text": (answer("I look it up.", "tool_calls"), ProtocolError),
    "an end for a reason that nobody knows": (answer("Because", "out_of_patience"), ProtocolError),
    "an end by an error": (answer("Beca", "error"), ErrorInAnswer),
    "an empty body": (http(b""), EmptyAnswer),
    "an error inside an answer": (http({"error": {"message": "It is overloaded."}}), ErrorInAnswer),
    "an error inside an answer as a text": (http({"error": "model not found"}), ErrorInAnswer),
    "an error inside an answer by its detail": (http({"detail": "Not found"}), ErrorInAnswer),
    "an error inside a choice": (
        http({"choices": [{"index": 0, "error": {"message": "upstream"}, "message": message_of("Be")}]}),
        ErrorInAnswer,
    ),
    "a page": (http("<html>Login</html>", kind="text/html"), ProtocolError),
    "a document without choices": (http({"id": "1"}), ProtocolError),
    "no choices": (http({"choices": []}), ProtocolError),
    "only another choice": (http({"choices": [{"index": 1, "message": message_of("x")}]}), ProtocolError),
    "content that is a number": (answer(5), ProtocolError),
    "content that is no text inside": (answer([{"type": "text", "text": 5}]), ProtocolError),
    "half a document": ([*http(b'{"choices": [', length=100), CLOSE], ModelUnreachable),
    "bytes that are no text": (http(b'{"choices": "\xff"}'), ProtocolError),
    "something that is not HTTP": ([b"220 mail.example.org ESMTP\r\n\r\n", CLOSE], ProtocolError),
    "a connection that is reset": ([RESET], ModelUnreachable),
    "a connection that is closed": ([CLOSE], ModelUnreachable),
    "a body without its last chunk": (
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"cho\r\n", CLOSE],
        ModelUnreachable,
    ),
    "a redirection": (http(b"", 307, Location="http://127.0.0.1:9/v1"), ModelRefused),
    "a refusal by status": (refusal(401), ModelRefused),
    "a refusal that says nothing": (http(b"", 503), ModelRefused),
}  # fmt: skip


@pytest.mark.parametrize("name", USELESS)
def test_what_is_no_answer_is_an_error_of_its_class_costs_one_request_and_is_never_kept(server, client, name):
    script, kind = USELESS[name]
    server.otherwise = script
    cache = MemoryCache(10)
    models = client(cache=cache, reuse="always")
    before = counted("synqc_llm_outcomes_total", outcome=kind.outcome.value)
    for calls in (1, 2):
        with pytest.raises(kind) as caught:
            models.complete(asking(temperature=0.0))
        assert type(caught.value) is kind
        assert caught.value.spent.calls == 1
        assert server.requests == calls, "it reached the server each time"
    assert len(cache) == 0
    assert counted("synqc_llm_outcomes_total", outcome=kind.outcome.value) == before + 2
    server.otherwise = answer()
    assert not models.complete(asking(temperature=0.0)).cached
    assert models.complete(asking(temperature=0.0)).cached


@pytest.mark.parametrize("outcome", [Outcome.CUT, Outcome.FILTERED, Outcome.REFUSED, Outcome.IN_BAND_ERROR])
def test_what_the_model_did_not_finish_is_not_asked_for_again(server, client, outcome):
    server.otherwise = {
        Outcome.CUT: answer('{"a": 1', "length"), Outcome.FILTERED: answer("{", "content_filter"),
        Outcome.REFUSED: answer(None, refusal="No."), Outcome.IN_BAND_ERROR: answer("{", "error"),
    }[outcome]  # fmt: skip
    with pytest.raises(LanguageModelError) as caught:
        client().complete(asking(form=FORM, max_tokens=8), json_object_in, repeats=2)
    assert caught.value.outcome is outcome
    assert (server.requests, caught.value.spent.calls) == (1, 1)


def test_an_error_says_what_was_answered_why_it_ended_and_what_it_cost(server, client):
    server.otherwise = answer('{"list": [1, 2', "length")
    with pytest.raises(CutAnswer, match="higher `max_tokens`") as caught:
        client().complete(asking(max_tokens=8))
    error = caught.value
    assert (error.answer, error.finish_reason) == ('{"list": [1, 2', "length")
    assert (error.spent.prompt_tokens, error.spent.completion_tokens) == (11, 7)


def test_the_words_of_a_model_that_declines_are_told(server, client):
    server.otherwise = answer(None, refusal="I cannot help with that.")
    with pytest.raises(ModelRefused, match="declined to answer: I cannot help") as caught:
        client().complete(asking())
    assert (caught.value.status, caught.value.words) == (200, "I cannot help with that.")
    assert not caught.value.retryable


def test_an_empty_answer_may_be_asked_for_again(server, client):
    server.script.extend([answer(""), answer("Because.")])
    completion = client().complete(asking(), repeats=1)
    assert (completion.text, completion.spent.calls) == ("Because.", 2)


class TestPartialAnswers:
    def test_a_beginning_is_taken_only_by_whoever_wants_it_and_says_what_it_is(self, server, client):
        server.otherwise = answer("Beca", "length")
        cache = MemoryCache(10)
        completion = client(cache=cache).complete(asking(temperature=0.0), partial=True)
        assert (completion.value, completion.outcome, completion.finish_reason) == ("Beca", Outcome.CUT, "length")
        assert len(cache) == 0

    def test_half_an_object_is_never_a_value(self, server, client):
        server.otherwise = answer('{"a": [1, 2', "length")
        with pytest.raises(CutAnswer):
            client().complete(asking(form=FORM), json_object_in, partial=True, repeats=1)
        assert server.requests == 1

    def test_a_cut_list_is_told_apart_from_an_empty_one(self, server, client):
        server.script.extend([answer('{"a": 1, "rows": []}'), answer('{"a": 1, "rows": [', "length")])
        models = client()
        assert models.complete(asking(), json_object_in).value["rows"] == []
        with pytest.raises(CutAnswer):
            models.complete(asking(), json_object_in)


class TestOtherFormsOfAnswers:
    @pytest.mark.parametrize(
        "script",
        [
            answer([{"type": "text", "text": "Be"}, {"type": "text", "text": "cause."}]),
            answer([{"type": "thinking", "thinking": [{"type": "text", "text": "Hm"}]}, {"text": "Because."}]),
            answer(["Be", "cause."]),
            answer("Because.", None),
            answer("Because.", "STOP"),
            answer("Because.", "eos_token"),
            http(b"\xef\xbb\xbf" + str(document_of()).replace("'", '"').replace("None", "null").encode()),
            http(b"\n \n" + str(document_of()).replace("'", '"').encode()),
            http({**document_of(), "error": None}),
            http({**document_of(), "choices": [
                {"index": 1, "finish_reason": "stop", "message": message_of("Other")}, *document_of()["choices"],
            ]}),
            stream(*says("Be", "cause.")),
        ],
        ids=[
            "parts", "thoughts apart", "texts", "no reason", "capitals", "another word", "byte order mark",
            "blank lines", "null error", "another choice first", "a stream that nobody asked for",
        ],
    )  # fmt: skip
    def test_they_are_understood(self, server, client, script):
        server.otherwise = script
        assert client().complete(asking()).text == "Because."


class TestCounts:
    def test_counts_are_the_server_s_or_none(self, server, client):
        for usage, counts in (
            (None, (None, None)), ({}, (None, None)), ({"prompt_tokens": 3}, (3, None)),
            ({"prompt_tokens": -1, "completion_tokens": True}, (None, None)),
        ):  # fmt: skip
            server.otherwise = answer(usage=usage)
            spent = client().complete(asking()).spent
            assert (spent.prompt_tokens, spent.completion_tokens) == counts

    def test_a_sum_is_not_of_a_part(self, server, client):
        server.script.extend([answer("no", usage=None), answer('{"a": 1}')])
        spent = client().complete(asking(), json_object_in, repeats=1).spent
        assert (spent.calls, spent.prompt_tokens) == (2, None)
        assert Spent() + Spent(1, 2, 3) == Spent(1, 2, 3)

    def test_what_was_cached_or_thought_is_told_apart(self, server, client):
        usage = {
            "prompt_tokens": 2746, "completion_tokens": 197, "prompt_tokens_details": {"cached_tokens": 2208},
            "completion_tokens_details": {"reasoning_tokens": 64},
        }  # fmt: skip
        server.otherwise = answer(usage=usage)
        spent = client().complete(asking()).spent
        assert (spent.cached_prompt_tokens, spent.reasoning_tokens) == (2208, 64)


class TestTruncatedConversations:
    LONG = "word " * 7900

    def test_a_server_that_read_a_part_is_noticed_and_its_answer_is_not_kept(self, server, client):
        server.otherwise = answer(usage={"prompt_tokens": 2050, "completion_tokens": 7})
        before = counted("synqc_llm_truncated_prompts_total", model="m-1")
        models = client(cache=MemoryCache(10))
        for _ in range(2):
            completion = models.complete(asking(self.LONG, temperature=0.0))
            assert (completion.prompt_truncated, completion.cached) == (True, False)
        assert counted("synqc_llm_truncated_prompts_total", model="m-1") == before + 2

    def test_for_strict_clients_it_is_the_error_of_servers_that_say_so(self, server, client):
        server.script.append(answer(usage={"prompt_tokens": 2050, "completion_tokens": 7}))
        server.otherwise = refusal(
            400, "This model's maximum context length is 4096 tokens. However, your messages resulted in 7900 tokens."
        )
        limits = []
        models = client(strict=True)
        for _ in range(2):
            with pytest.raises(errors.PromptTooLong) as caught:
                models.complete(asking(self.LONG, form=FORM))
            limits.append(caught.value.limit_tokens)
        assert limits == [2050, 4096]
        assert all(body["response_format"]["type"] == "json_schema" for body in server.bodies)

    @pytest.mark.parametrize("usage", [
        {"prompt_tokens": 8000}, {"prompt_tokens": 11}, None,
        {"prompt_tokens": 2050, "prompt_tokens_details": {"cached_tokens": 6000}},
    ], ids=str)  # fmt: skip
    def test_whole_conversations_and_servers_that_do_not_count_are_left_alone(self, server, client, usage):
        server.otherwise = answer(usage=usage)
        assert not client(strict=True).complete(asking(self.LONG)).prompt_truncated


KINDS = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, LanguageModelError)]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_error_crosses_borders_between_processes_whole(kind):
    details = {
        "spent": Spent(2, 3, 4, 0.5), "answer": "Be", "words": "no", "status": 429, "retry_after_s": 3.5,
        "finish_reason": "length", "cause": "OSError",
    }  # fmt: skip
    own = {ModelTimedOut: {"limit": "idle", "seconds": 2.0}, errors.PromptTooLong: {"limit_tokens": 9}}
    details |= own.get(kind, {})
    error = kind("What happened.", **details)
    for copy in (pickle.loads(pickle.dumps(error)), pickle.loads(pickle.dumps(error, 0))):
        assert type(copy) is kind
        assert str(copy) == "What happened."
        assert vars(copy) == vars(error)
        assert details.items() <= vars(copy).items()
    assert error.retry_after == 3.5


def test_every_outcome_but_ok_has_one_class():
    told = [kind.outcome for kind in KINDS if kind is not LanguageModelError and kind is not errors.PromptTooLong]
    assert sorted(told) == sorted(set(Outcome) - {Outcome.OK})


def test_a_stream_that_holds_nothing_is_empty(server, client):
    for script in (stream(done=False), stream(), stream(chunk(finish="stop")), http(b"")):
        server.script.append(script)
        with pytest.raises(EmptyAnswer):
            list(client().stream(asking()))

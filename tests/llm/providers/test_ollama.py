"""Ollama's own protocol: what is sent, what its answers are worth, and what is noticed of a cut conversation."""

import asyncio
import json
import threading
import time

import pytest
from asking import FORM, asking, counted
from scripted_ollama import COUNTS, TAGS, answer, line, lines, parts, refusal, said
from scripted_server import CLOSE, RESET, http

from synqc.cache import MemoryCache
from synqc.errors import InputError
from synqc.llm import (
    CallCancelled,
    CutAnswer,
    EmptyAnswer,
    Endpoint,
    ErrorInAnswer,
    JsonForm,
    LanguageModelError,
    Message,
    ModelRefused,
    ModelTimedOut,
    ModelUnreachable,
    Outcome,
    PromptTooLong,
    ProtocolError,
    Provider,
    TokenLogprobs,
    json_object_in,
)
from synqc.llm.providers.ollama import Ollama

SOON = {"retry-after-ms": "1"}
LONG = " ".join(f"w{number}" for number in range(7900))
ROUTES = pytest.mark.parametrize("route", ["chat", "generate"])


@pytest.fixture
def server(server):
    server.otherwise = answer()
    return server


def test_it_is_a_provider(ollama):
    assert isinstance(ollama(), Provider)
    assert ollama().is_local


class TestWhatIsSent:
    def test_a_conversation_goes_to_the_door_for_chats(self, server, ollama):
        talk = (
            Message("system", "Be brief."),
            Message("user", "Why?"),
            Message("assistant", "So."),
            Message("user", "?"),
        )
        models = ollama(num_ctx=4096, num_thread=6, keep_alive="30m", think=False)
        models.complete(asking(messages=talk, temperature=0.3, max_tokens=120, seed=7, stop=("\n",)))
        assert server.asked[0].path == "/api/chat"
        assert server.bodies[0] == {
            "model": "m-1", "stream": False, "keep_alive": "30m", "think": False,
            "messages": [{"role": one.role, "content": one.content} for one in talk],
            "options": {
                "temperature": 0.3, "num_predict": 120, "seed": 7, "stop": ["\n"], "num_ctx": 4096, "num_thread": 6,
            },
        }  # fmt: skip

    def test_one_message_goes_to_the_door_for_prompts_with_the_system_apart(self, server, ollama):
        talk = (Message("system", "Be brief."), Message("user", "Why?"))
        completion = ollama(route="generate").complete(asking(messages=talk))
        assert server.asked[0].path == "/api/generate"
        assert (server.bodies[0]["prompt"], server.bodies[0]["system"]) == ("Why?", "Be brief.")
        assert "messages" not in server.bodies[0]
        assert completion.text == "Because."

    def test_what_was_said_before_stands_in_the_prompt(self, server, ollama):
        talk = (Message("user", "Why?"), Message("assistant", "So."), Message("user", "And?"))
        ollama(route="generate").complete(asking(messages=talk))
        assert server.bodies[0]["prompt"] == "user: Why?\n\nassistant: So.\n\nAnd?"

    @ROUTES
    def test_what_nobody_asked_for_is_not_sent(self, server, ollama, route):
        ollama(num_ctx=None, route=route).complete(asking())
        assert server.bodies[0]["options"] == {}
        assert {"keep_alive", "think", "format", "system"}.isdisjoint(server.bodies[0])

    def test_the_window_of_a_model_is_the_same_in_every_request(self, server, ollama):
        """A8: a server that is told another size loads the model anew."""
        models = ollama(num_ctx={"m-1": 8192})
        for options in ({}, {"max_tokens": 5}, {"temperature": 0.0}, {"form": FORM}, {"model": "m-2"}):
            server.script.append(answer('{"a": 1}'))
            models.complete(asking(**options))
        assert [body["options"].get("num_ctx") for body in server.bodies] == [8192, 8192, 8192, 8192, None]
        assert (models.num_ctx_of("m-1"), models.num_ctx_of("m-2")) == (8192, None)

    def test_a_second_client_that_says_another_size_is_warned_of(self, ollama, caplog):
        first = ollama(num_ctx=2048)
        ollama(num_ctx=2048, keep_alive="1h")
        assert caplog.messages == []
        ollama(num_ctx={"phi3": 4096})
        assert "different windows for its models, 2048 and None tokens" in caplog.text
        caplog.clear()
        ollama(num_ctx=2048, endpoint={"base_url": "http://127.0.0.1:9"})
        assert (caplog.messages, first.num_ctx_of("phi3")) == ([], 2048)

    @pytest.mark.parametrize("num_ctx", [0, -1, 2048.0, True, {"m-1": 0}])
    def test_a_window_is_a_whole_number_of_tokens(self, ollama, num_ctx):
        with pytest.raises(InputError, match="num_ctx"):
            ollama(num_ctx=num_ctx)

    def test_the_address_of_the_other_protocol_is_refused(self):
        with pytest.raises(InputError, match="OpenAI's protocol"):
            Ollama(Endpoint(base_url="http://localhost:11434/v1", api_key="none"))


USELESS = {
    "an answer cut at the limit": (answer("Beca", reason="length"), CutAnswer),
    "a cut answer of an old server, which gives no reason": (answer("Beca", reason="", eval_count=8), CutAnswer),
    "an empty text": (answer(""), EmptyAnswer),
    "thoughts alone": (http(said("", **{"message": {"content": "", "thinking": "Hm"}})), EmptyAnswer),
    "a model that was only loaded": (http(said("", reason="load")), EmptyAnswer),
    "an end for a reason that nobody knows": (answer("Beca", reason="out_of_patience"), ProtocolError),
    "an error inside an answer": (http({"error": "llama runner process has terminated"}), ErrorInAnswer),
    "an answer that is not done": (http(said(done=False)), ProtocolError),
    "something else": (http({"object": "list", "data": []}), ProtocolError),
    "a page": (http("<html>Login</html>", kind="text/html"), ProtocolError),
    "a list": (http([said()]), ProtocolError),
    "a text that is a number": (http({"message": {"content": 5}, "done": True}), ProtocolError),
    "bytes that are no text": (http(b'{"response": "\xff", "done": true}'), ProtocolError),
    "half a document": ([*http(b'{"message": {', length=100), CLOSE], ModelUnreachable),
    "an empty body": (http(b""), EmptyAnswer),
    "a connection that is reset": ([RESET], ModelUnreachable),
    "a refusal": (refusal(404, 'model "m-1" not found, try pulling it first'), ModelRefused),
    "a refusal that says nothing": (http(b"", 503), ModelRefused),
}  # fmt: skip


class TestAnswers:
    @ROUTES
    def test_an_answer_has_its_text_its_model_its_reason_and_the_servers_counts(self, ollama, route):
        completion = ollama(route=route).complete(asking())
        assert (completion.text, completion.model, completion.finish_reason) == ("Because.", "m-1", "stop")
        spent = completion.spent
        assert (spent.calls, spent.prompt_tokens, spent.completion_tokens) == (1, 11, 7)

    def test_counts_that_are_not_told_are_none(self, server, ollama):
        server.otherwise = http(said())
        spent = ollama().complete(asking()).spent
        assert (spent.prompt_tokens, spent.completion_tokens) == (None, None)

    @pytest.mark.parametrize("name", USELESS)
    def test_what_is_no_answer_is_an_error_of_its_class_and_is_never_kept(self, server, ollama, name):
        server.otherwise, kind = USELESS[name]
        cache = MemoryCache(10)
        models = ollama(cache=cache, reuse="always")
        for calls in (1, 2):
            with pytest.raises(LanguageModelError) as caught:
                models.complete(asking(temperature=0.0, max_tokens=8))
            assert type(caught.value) is kind
            assert (caught.value.spent.calls, server.requests) == (1, calls)
        assert len(cache) == 0

    def test_lines_in_place_of_one_document_are_read(self, server, ollama):
        server.otherwise = lines(*parts("Be", "cause."))
        completion = ollama().complete(asking())
        assert (completion.text, completion.spent.prompt_tokens) == ("Because.", 11)

    def test_one_document_over_several_lines_is_read(self, server, ollama):
        server.otherwise = http(json.dumps(said(**COUNTS), indent=2))
        assert ollama().complete(asking()).text == "Because."

    @pytest.mark.parametrize("status", [429, 500, 503])
    def test_what_may_pass_is_tried_again_by_the_one_layer_of_attempts(self, server, ollama, status):
        server.script.append(refusal(status, "server busy, please try again", **SOON))
        completion = ollama(endpoint={"attempts": 3}).complete(asking())
        assert (completion.spent.calls, server.requests) == (2, 2)

    def test_a_refusal_that_lasts_is_met_once_whatever_its_status(self, server, ollama):
        server.otherwise = refusal(500, "unsupported image type", **SOON)
        with pytest.raises(ModelRefused) as caught:
            ollama(endpoint={"attempts": 3}).complete(asking())
        assert (server.requests, caught.value.retryable) == (1, False)

    def test_a_key_is_not_quoted(self, server, ollama):
        server.otherwise = refusal(401, "unauthorized: sk-never-to-be-seen-0123456789")
        with pytest.raises(ModelRefused) as caught:
            ollama().complete(asking())
        assert "sk-never" not in str(caught.value) + caught.value.words


class TestConversationsThatDoNotFit:
    """A1, A2: some models of a server refuse them, others read a part and say nothing."""

    @ROUTES
    def test_a_part_that_was_read_is_noticed_by_the_count(self, server, ollama, route):
        server.otherwise = answer(prompt_eval_count=2050)
        cache = MemoryCache(10)
        before = counted("synqc_llm_truncated_prompts_total")
        models = ollama(num_ctx=None, cache=cache, reuse="always", route=route)
        assert models.complete(asking(LONG)).prompt_truncated
        assert (len(cache), counted("synqc_llm_truncated_prompts_total")) == (0, before + 1)

    @pytest.mark.parametrize("count", [{"prompt_eval_count": 40}, {"prompt_eval_count": 9000}, {}])
    def test_a_window_that_is_too_small_is_noticed_whatever_the_server_counts(self, server, ollama, count):
        server.otherwise = http(said(**count))
        assert ollama(num_ctx=2048).complete(asking(LONG)).prompt_truncated
        assert not ollama(num_ctx=32_768).complete(asking("Why?")).prompt_truncated

    def test_a_strict_client_raises(self, server, ollama):
        server.otherwise = answer(prompt_eval_count=2050)
        with pytest.raises(PromptTooLong) as caught:
            ollama(num_ctx=4096, strict=True).complete(asking(LONG))
        assert (caught.value.limit_tokens, caught.value.answer, server.requests) == (4096, "Because.", 1)

    def test_a_refusal_is_the_same_error_with_the_limit(self, server, ollama):
        server.otherwise = refusal(
            400, "the input length exceeds the context length of 4096 tokens, json_schema or not"
        )
        models = ollama(num_ctx=None)
        for _ in range(2):
            with pytest.raises(PromptTooLong) as caught:
                models.complete(asking(LONG, form=FORM), json_object_in)
            assert caught.value.limit_tokens == 4096
        assert all(body["format"] == FORM.schema for body in server.bodies), "the dialect is unchanged"

    def test_a_stream_tells_it_at_its_end(self, server, ollama):
        server.otherwise = lines(*parts("Be", "cause.", prompt_eval_count=2050))
        with ollama(num_ctx=None).stream(asking(LONG)) as told:
            assert list(told) == ["Be", "cause."]
        assert told.prompt_truncated


class TestForms:
    def test_the_schema_is_the_format(self, server, ollama):
        server.otherwise = answer('{"a": 1}')
        completion = ollama().complete(asking(form=FORM), json_object_in)
        assert (completion.value, completion.form) == ({"a": 1}, "json_schema")
        assert server.bodies[0]["format"] == FORM.schema

    @pytest.mark.parametrize(
        "words",
        [
            "json: cannot unmarshal object into Go struct field ChatRequest.format of type string",
            'invalid format: expected "json" or a JSON schema',
        ],
    )
    def test_an_old_server_is_asked_for_an_object_with_the_schema_in_words(self, server, ollama, words):
        server.otherwise = lambda body: (
            refusal(400, words) if isinstance(body["format"], dict) else answer('{"a": 1}')(body)
        )  # fmt: skip
        models = ollama()
        completion = models.complete(asking(form=FORM), json_object_in)
        assert (completion.form, completion.spent.calls) == ("json_object", 2)
        assert "JSON schema" in server.bodies[1]["messages"][0]["content"]
        models.complete(asking(form=FORM), json_object_in)
        assert [body["format"] for body in server.bodies[1:]] == ["json", "json"]

    def test_a_schema_at_fault_is_told_in_words_for_its_own_request_alone(self, server, ollama):
        server.script.extend([refusal(500, "invalid JSON schema in format"), answer('{"a": 1}'), answer('{"a": 1}')])
        models = ollama()
        assert models.complete(asking(form=FORM), json_object_in).form == "json_object"
        assert models.complete(asking(form=FORM), json_object_in).form == "json_schema"

    def test_a_cut_object_is_cut_and_never_closed(self, server, ollama):
        """C1, C2, C3."""
        server.otherwise = answer('{"list": [1, 2, 3', reason="length")
        form = JsonForm("list", {"type": "object"})
        with pytest.raises(CutAnswer, match="higher `max_tokens`"):
            ollama().complete(asking(form=form, max_tokens=8), json_object_in, repeats=2, partial=True)
        assert server.requests == 1

    def test_what_the_servers_grammar_overlooks_is_checked(self, server, ollama):
        """C7."""
        schema = {"type": "object", "properties": {"n": {"type": "number", "maximum": 1}}, "required": ["n"]}
        server.script.extend([answer('{"n": 7}'), answer('{"n": 0.5}')])
        completion = ollama().complete(asking(form=JsonForm("n", schema)), json_object_in, repeats=1)
        assert (completion.value, completion.spent.calls) == ({"n": 0.5}, 2)

    @ROUTES
    def test_the_answer_follows_the_last_thought(self, server, ollama, route):
        """C6."""
        server.otherwise = answer('Maybe {"a": 2}?</think>{"a": 1}')
        assert ollama(route=route).complete(asking(form=FORM), json_object_in).value == {"a": 1}

    def test_a_model_that_cannot_think_is_asked_without_and_that_is_told(self, server, ollama):
        server.otherwise = lambda body: (
            refusal(400, '"m-1" does not support thinking') if "think" in body else answer()(body)
        )
        completion = ollama(think=True).complete(asking())
        assert (completion.ignored, completion.spent.calls) == (("think",), 2)


WHOLE = {
    "the usual": lines(*parts("Be", "cause.")),
    "no line break at the end": lines(*parts("Be", "cause.")[:-1], line(parts("")[-1]).rstrip()),
    "carriage returns": lines(*(line(one).replace(b"\n", b"\r\n") for one in parts("Be", "cause."))),
    "blank lines between": lines(b"\n", *(line(one) + b"\n" for one in parts("Be", "cause."))),
    "a connection reset after the end": lines(*parts("Be", "cause."), end=RESET),
    "silence after the end": lines(*parts("Be", "cause."), 30),
    "thoughts before": lines(said(done=False, message={"content": "", "thinking": "Hm"}), *parts("Be", "cause.")),
    "the other door's documents": lines(
        said("Be", route="generate", done=False), said("cause.", route="generate", **COUNTS)
    ),
}  # fmt: skip


BROKEN = {
    "the end of the connection after a part": (lines(*parts("Be")[:1]), ProtocolError, "Be"),
    "the end of the connection after two": (lines(*parts("Be", "ca")[:2]), ProtocolError, "Beca"),
    "half a line at the end": (lines(*parts("Be")[:1], b'{"message": {"con'), ProtocolError, "Be"),
    "a line that is no JSON": (lines(said("Be", done=False), b"{bad}\n", *parts("cause.")), ProtocolError, "Be"),
    "an error after a part": (lines(said("Be", done=False), {"error": "unexpected EOF"}), ErrorInAnswer, "Be"),
    "a reset": (lines(said("Be", done=False), 0.05, end=RESET), ModelUnreachable, "Be"),
    "the limit of tokens": (lines(*parts("Be", reason="length")), CutAnswer, "Be"),
    "nothing": (lines(*parts()), EmptyAnswer, ""),
    "an empty body": (lines(), EmptyAnswer, ""),
}  # fmt: skip


class TestStreams:
    @pytest.mark.parametrize("name", WHOLE)
    def test_a_whole_stream_gives_its_parts_and_its_counts(self, server, ollama, name):
        server.otherwise = WHOLE[name]
        with ollama().stream(asking()) as told:
            assert list(told) == ["Be", "cause."]
        assert server.bodies[0]["stream"] is True
        assert (told.outcome, told.finish_reason, told.spent.calls) == (Outcome.OK, "stop", 1)

    def test_bytes_cut_anywhere_give_the_same_text(self, server, ollama):
        raw = b"".join(line(one) for one in parts("Där", "för ☂", "."))
        for cut in range(1, len(raw), 7):
            server.script.append(lines(raw[:cut], 0.001, raw[cut:]))
            with ollama().stream(asking()) as told:
                assert "".join(told) == "Därför ☂.", cut

    @pytest.mark.parametrize("name", BROKEN)
    def test_a_stream_that_is_no_answer_ends_in_its_error_after_its_parts(self, server, ollama, name):
        """D1, D2, D4."""
        server.otherwise, kind, text = BROKEN[name]
        with pytest.raises(LanguageModelError) as caught, ollama().stream(asking()) as told:
            list(told)
        assert type(caught.value) is kind
        assert (told.text, told.outcome) == (text, kind.outcome)

    def test_silence_is_ended_by_the_idle_limit(self, server, ollama):
        """D7, D8."""
        server.otherwise = lines(said("Be", done=False), 30)
        with pytest.raises(ModelTimedOut) as caught, ollama(endpoint={"idle_timeout_s": 0.2}).stream(asking()) as told:
            list(told)
        assert (caught.value.limit, caught.value.retryable, caught.value.answer) == ("idle", True, "Be")

    def test_leaving_a_stream_ends_the_call_at_the_server(self, server, ollama):
        server.otherwise = lines(said("Be", done=False), 30)
        with ollama().stream(asking()) as told:
            next(told)
        assert server.left.wait(20)

    @pytest.mark.parametrize("how", ["cancel", "close"])
    def test_a_whole_answer_that_nobody_wants_any_more_ends_at_the_server(self, server, ollama, how):
        """D6."""
        server.otherwise = [30]
        models = ollama()
        future = models.submit(asking())
        while not server.requests:
            time.sleep(0.005)
        if how == "cancel":
            future.cancel()
        else:
            models.close()
            with pytest.raises(CallCancelled):
                future.result()
        assert server.left.wait(20)

    def test_coroutines_read_the_same(self, server, ollama):
        server.otherwise = lines(*parts("Be", "cause."))

        async def read():
            async with ollama().astream(asking()) as told:
                return [part async for part in told]

        assert asyncio.run(read()) == ["Be", "cause."]


class TestWhatIsKept:
    def test_an_answer_is_kept_for_its_window_its_door_and_its_thinking(self, server, ollama):
        cache = MemoryCache(100)
        variants = [{}, {"num_ctx": 4096}, {"route": "generate"}, {"think": True}]
        for options in variants:
            ollama(cache=cache, **options).complete(asking(temperature=0.0))
        assert server.requests == len(variants)
        for options in variants:
            assert ollama(cache=cache, **options).complete(asking(temperature=0.0)).cached
        assert ollama(cache=cache, keep_alive="1h", num_ctx={"m-1": 2048}).complete(asking(temperature=0.0)).cached

    def test_a_stream_read_to_its_end_is_kept_and_given_again_in_its_parts(self, server, ollama):
        server.otherwise = lines(*parts("Be", "cause."))
        models = ollama(cache=MemoryCache(10))
        for _ in range(2):
            with models.stream(asking(temperature=0.0)) as told:
                assert list(told) == ["Be", "cause."]
        assert server.requests == 1
        server.otherwise = lines(*parts("Be", reason="length"))
        for _ in range(2):
            with pytest.raises(CutAnswer), models.stream(asking("What?", temperature=0.0)) as told:
                list(told)
        assert server.requests == 3

    def test_equal_requests_at_once_are_one_call(self, server, ollama):
        server.otherwise = lambda body: [0.2, *answer()(body)]
        models = ollama(cache=MemoryCache(10))
        futures = [models.submit(asking(temperature=0.0)) for _ in range(8)]
        assert {future.result().text for future in futures} == {"Because."}
        assert server.requests == 1


class TestWhatAServerHas:
    def test_models_are_named_with_what_is_told_of_them(self, server, ollama):
        server.otherwise = http(TAGS)
        (model,) = ollama().tags()
        assert (model.name, model.size_bytes, model.parameters) == ("phi3:latest", 2_176_178_913, "3.8B")
        assert server.asked[0].path == "/api/tags"
        assert asyncio.run(ollama().atags()) == (model,)

    @pytest.mark.parametrize(
        ("script", "is_there"),
        [(http(TAGS), True), (http(b"", 500), False), (http("<html>"), False), ([RESET], False), (http([]), False)],
    )
    def test_a_server_is_available_if_it_says_what_it_has(self, server, ollama, script, is_there):
        server.otherwise = script
        assert ollama().is_available() is is_there

    def test_a_server_that_says_nothing_is_not_available(self, server, ollama):
        server.otherwise = [30]
        assert not ollama().is_available(timeout_s=0.1)

    def test_it_can_be_asked_while_all_places_are_taken(self, server, ollama):
        server.script.extend([[30], http(TAGS)])
        models = ollama(endpoint={"most_at_once": 1})
        busy = threading.Thread(target=lambda: models.submit(asking()), daemon=True)
        busy.start()
        while not server.requests:
            time.sleep(0.005)
        assert models.is_available()


class TestLogprobs:
    TOLD = (TokenLogprobs("Yes", -0.25, (("Yes", -0.25), ("No", -1.5))),)

    @ROUTES
    def test_they_are_asked_for_and_told(self, server, ollama, route):
        no = {"token": "No", "logprob": -1.5}
        yes = {"token": "Yes", "logprob": -0.25}
        server.otherwise = answer("Yes", logprobs=[{**yes, "top_logprobs": [yes, no]}])
        completion = ollama(route=route).complete(asking(logprobs=2))
        assert (completion.logprobs, completion.ignored) == (self.TOLD, ())
        assert (server.bodies[0]["logprobs"], server.bodies[0]["top_logprobs"]) == (True, 2)

    def test_a_server_before_0_12_11_passes_them_over_and_that_is_told(self, ollama):
        assert ollama().complete(asking(logprobs=2)).ignored == ("logprobs",)

    def test_a_model_that_refuses_them_is_asked_without(self, server, ollama):
        server.otherwise = lambda body: (
            refusal(400, "logprobs is not supported by this model") if "logprobs" in body else answer()(body)
        )
        completion = ollama().complete(asking(logprobs=2))
        assert (completion.ignored, completion.spent.calls) == (("logprobs",), 2)

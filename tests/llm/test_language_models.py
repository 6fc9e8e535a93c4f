"""LanguageModels over a real socket: what is sent, what comes back, what goes wrong, what is remembered."""

import asyncio
import gc
import json
import logging
import os
import socket
import subprocess
import sys
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor

import pytest
from chat_completions_double import Fail, Hang, Raw, Say, Stream
from waiting import wait_until

from synqc import metrics
from synqc.cache import Control, DiskCache, MemoryCache
from synqc.llm import (
    CutAnswer,
    EmptyAnswer,
    Endpoint,
    JsonForm,
    LanguageModelError,
    LanguageModels,
    MalformedAnswer,
    Message,
    ModelRefused,
    ModelTimedOut,
    ModelUnreachable,
    ProtocolError,
    Request,
    json_object_in,
)

KEY = "sk-never-to-be-seen-0123456789"
FORM = JsonForm("answer", {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]})


def models_of(double, *, attempts=1, timeout_s=5.0, **options):
    return LanguageModels(Endpoint(base_url=double.url, api_key=KEY, attempts=attempts, timeout_s=timeout_s), **options)


def asking(text="Why?", **options):
    return Request(**{"model": "double-1", "messages": (Message("user", text),), **options})


def wanted_a(text):
    return json_object_in(text)["a"] if "a" in json_object_in(text) else _refused()


def _refused():
    raise ValueError("`a` is missing")


def counted(name, **labels):
    family = metrics.snapshot()["metrics"].get(name, {"series": []})
    return sum(
        one.get("value", one.get("count", 0)) for one in family["series"] if one["labels"].items() >= labels.items()
    )


class TestAnswers:
    def test_text_tokens_and_latency_of_an_answer(self, double):
        double.script.append(Say("Because.", after_s=0.05))
        completion = models_of(double).complete(asking(temperature=0.0, max_tokens=5, seed=1, stop=("\n",)))
        assert (completion.text, completion.value, completion.model) == ("Because.", "Because.", "double-1")
        spent = completion.spent
        assert (spent.calls, spent.prompt_tokens, spent.completion_tokens) == (1, 11, 7)
        assert spent.latency_s >= 0.05
        sent = double.bodies[0]
        assert (sent["temperature"], sent["max_tokens"], sent["seed"], sent["stop"]) == (0.0, 5, 1, ["\n"])
        assert double.keys == [f"Bearer {KEY}"]

    def test_nothing_is_sent_that_was_not_asked_for(self, double):
        models_of(double).complete(asking())
        assert set(double.bodies[0]) == {"model", "messages"}

    def test_servers_that_do_not_count_tokens(self, double):
        double.script.append(Say("yes", usage=None))
        spent = models_of(double).complete(asking()).spent
        assert (spent.prompt_tokens, spent.completion_tokens) == (None, None)

    def test_every_thread_and_every_event_loop_may_ask(self, double):
        double.otherwise = Say("yes", after_s=0.2)
        models = models_of(double)
        models.complete(asking())

        def in_a_loop_of_its_own(_):
            return asyncio.run(models.acomplete(asking())).text

        started = time.perf_counter()
        with ThreadPoolExecutor(16) as threads:
            answers = [
                *threads.map(in_a_loop_of_its_own, range(16)),
                *threads.map(lambda _: models.complete(asking()).text, range(16)),
            ]
        assert answers == ["yes"] * 32
        assert time.perf_counter() - started < 32 * 0.2, "they waited for each other"

    def test_cancelling_a_coroutine_ends_the_call_at_once(self, double):
        double.otherwise = Hang()
        models = models_of(double)

        async def impatient():
            async with asyncio.timeout(0.2):
                await models.acomplete(asking())

        started = time.perf_counter()
        with pytest.raises(TimeoutError):
            asyncio.run(impatient())
        assert time.perf_counter() - started < 15

    def test_no_more_requests_are_under_way_than_allowed(self, double):
        lock, under_way, most = threading.Lock(), [0], [0]

        def answer(_):
            with lock:
                under_way[0] += 1
                most[0] = max(most[0], under_way[0])
            time.sleep(0.02)
            with lock:
                under_way[0] -= 1
            return Say("yes")

        double.otherwise = answer
        models = LanguageModels(Endpoint(base_url=double.url, api_key=KEY, most_at_once=3))
        outcomes = models.submit_all([asking(str(number)) for number in range(30)], str).result()
        assert [one.text for one in outcomes] == ["yes"] * 30
        assert most[0] == 3

    def test_places_are_given_back_by_streams_and_failures(self, double):
        models = LanguageModels(Endpoint(base_url=double.url, api_key=KEY, most_at_once=1, attempts=1, timeout_s=2))
        for _ in range(3):
            double.script.extend([Fail(401), Stream(["a", "b"]), Fail(401), Stream(["a"], complete=False)])
            with pytest.raises(ModelRefused):
                list(models.stream(asking()))
            stream = models.stream(asking())
            next(stream)
            stream.close()
            with pytest.raises(ModelRefused):
                models.complete(asking())
            with pytest.raises(LanguageModelError):
                list(models.stream(asking()))
        assert models.complete(asking(), deadline_s=5).text == "{}"

    def test_a_call_that_hangs_does_not_keep_the_process_alive(self, double):
        double.otherwise = Hang()
        program = f"""
import sys
from synqc.llm import *
models = LanguageModels(Endpoint(base_url={double.url!r}, api_key="k"))
models.submit(Request(model="m", messages=(Message("user", "?"),)))
sys.stdin.read()
"""
        child = subprocess.Popen(
            [sys.executable, "-c", program], stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )  # fmt: skip
        deadline = time.monotonic() + 30
        while not double.bodies and time.monotonic() < deadline:
            time.sleep(0.01)
        _, errors = child.communicate(timeout=20)
        assert (child.returncode, errors) == (0, "")
        assert double.bodies

    def test_after_closing_new_connections_are_made(self, double):
        models = models_of(double)
        models.complete(asking())
        models.close()
        assert models.complete(asking()).text == "{}"

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
    def test_a_forked_child_asks_on_its_own(self, double):
        program = f"""
import os, sys
from synqc.llm import *
models = LanguageModels(Endpoint(base_url={double.url!r}, api_key="k", attempts=1, timeout_s=10))
request = Request(model="m", messages=(Message("user", "?"),))
assert models.complete(request).text == "{{}}"
child = os.fork()
if child == 0:
    os._exit(7 if models.complete(request).text == "{{}}" else 1)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
"""
        subprocess.run([sys.executable, "-W", "ignore", "-c", program], check=True, timeout=60)


class TestForms:
    def test_a_schema_is_sent_where_the_server_takes_it(self, double):
        double.script.append(Say('{"a": 1}'))
        completion = models_of(double).complete(asking(form=FORM), wanted_a)
        assert (completion.value, completion.form) == (1, "json_schema")
        assert double.bodies[0]["response_format"]["json_schema"]["schema"] == FORM.schema
        assert len(double.bodies[0]["messages"]) == 1

    @pytest.mark.parametrize(
        ("understood", "calls"), [({"json_object"}, 2), (set(), 3)], ids=["only json_object", "no format at all"]
    )
    @pytest.mark.parametrize("status", [400, 422])
    def test_what_a_server_refuses_is_said_in_words_and_remembered(self, double, understood, calls, status):
        def refuses(body):
            kind = body.get("response_format", {"type": None})["type"]
            return Fail(status, "Extra inputs are not permitted.") if kind not in {None, *understood} else None

        double.refuses = refuses
        double.otherwise = Say('{"a": 1}')
        models = models_of(double)
        assert models.complete(asking(form=FORM), wanted_a).value == 1
        assert len(double.bodies) == calls
        told = double.bodies[-1]["messages"][0]
        assert told["role"] == "system"
        assert json.dumps(FORM.schema, separators=(",", ":")) in told["content"]
        again = models.complete(asking(form=FORM), wanted_a)
        assert len(double.bodies) == calls + 1
        assert again.form == ("json_object" if understood else "plain")
        models.complete(asking(form=FORM, model="another"), wanted_a)
        assert len(double.bodies) == calls + 1 + calls, "another model may understand more"

    def test_a_refusal_of_the_conversation_is_met_once_and_not_remembered(self, double):
        double.script.append(Fail(400, "The context is too long."))
        double.otherwise = Say('{"a": 1}')
        models = models_of(double)
        with pytest.raises(ModelRefused, match="too long"):
            models.complete(asking(form=FORM), wanted_a)
        assert models.complete(asking(form=FORM), wanted_a).form == "json_schema"

    def test_models_that_take_no_temperature_and_another_name_for_the_limit(self, double):
        def refuses(body):
            for name in ("temperature", "max_tokens"):
                if name in body:
                    return Fail(400, f"Unsupported parameter: '{name}' is not supported with this model.")
            return None

        double.refuses = refuses
        completion = models_of(double).complete(asking(temperature=0.5, max_tokens=9))
        assert completion.ignored == ("temperature",)
        assert double.bodies[-1]["max_completion_tokens"] == 9

    def test_a_malformed_answer_is_asked_for_again_with_the_reason(self, double):
        double.script.extend([Say("I think so."), Say('{"b": 1}'), Say('{"a": 3}')])
        completion = models_of(double).complete(asking(form=FORM), wanted_a, repeats=2)
        assert completion.value == 3
        assert (completion.spent.calls, completion.spent.prompt_tokens) == (3, 33)
        roles = [[message["role"] for message in body["messages"]] for body in double.bodies]
        assert roles == [["user"], ["user", "assistant", "user"], ["user", "assistant", "user"]]
        assert "is not JSON" in double.bodies[1]["messages"][2]["content"]
        assert "`a` is missing" in double.bodies[2]["messages"][2]["content"]

    @pytest.mark.parametrize("answer", [Say("no"), Say(None), Say(""), Say('[{"a": 1}]'), Say("x" * 300_000)])
    def test_an_always_malformed_answer_ends_in_an_error_that_says_what_it_cost(self, double, answer):
        double.otherwise = answer
        before = counted("synqc_llm_malformed_total")
        with pytest.raises(MalformedAnswer) as caught:
            models_of(double).complete(asking(form=FORM), wanted_a, repeats=2)
        assert (caught.value.spent.calls, caught.value.spent.completion_tokens) == (3, 21)
        assert caught.value.answer == (answer.text or "")
        assert counted("synqc_llm_malformed_total") == before + 3


class TestFailures:
    @pytest.mark.parametrize(
        ("raw", "kind"),
        [(b"<html>busy</html>", ProtocolError), (b"{", ProtocolError), (b"[]", ProtocolError), (b"null", ProtocolError),
         (b'{"choices": []}', ProtocolError), (b'{"choices": [{"index": 0}]}', ProtocolError),
         (b'{"choices": 3}', ProtocolError), (b"", EmptyAnswer)],
        ids=str,
    )  # fmt: skip
    @pytest.mark.parametrize("content_type", ["application/json", "text/html"])
    def test_a_server_that_does_not_speak_the_protocol(self, double, raw, kind, content_type):
        double.otherwise = Raw(raw, content_type)
        with pytest.raises(LanguageModelError) as caught:
            models_of(double).complete(asking())
        assert type(caught.value) is kind

    def test_silence_ends_in_time(self, double):
        double.otherwise = Hang()
        started = time.perf_counter()
        with pytest.raises(ModelTimedOut, match=r"No answer .* within 0\.3 s"):
            models_of(double, timeout_s=0.3, attempts=3).complete(asking())
        assert time.perf_counter() - started < 15

    def test_a_deadline_bounds_all_repetitions_together(self, double):
        double.otherwise = Say("no", after_s=0.2)
        started = time.perf_counter()
        with pytest.raises(ModelTimedOut, match=r"usable answer within 0\.5 s"):
            models_of(double).complete(asking(), wanted_a, repeats=50, deadline_s=0.5)
        assert time.perf_counter() - started < 9

    def test_nobody_listens(self):
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{unused.getsockname()[1]}/v1"
            models = LanguageModels(Endpoint(base_url=url, api_key=KEY, attempts=1))
            with pytest.raises(ModelUnreachable, match="Nobody answers at"):
                models.complete(asking())

    def test_a_passing_failure_is_tried_again(self, double):
        quick = {"retry-after-ms": "1"}
        double.script.extend([Fail(500, headers=quick), Fail(429, headers=quick), Say("at last")])
        completion = models_of(double, attempts=3).complete(asking())
        assert (completion.text, completion.spent.calls) == ("at last", 3)
        assert len(double.bodies) == 3

    @pytest.mark.parametrize("status", [401, 403, 404, 500, 503])
    def test_a_lasting_failure_tells_its_status(self, double, status):
        double.otherwise = Fail(status, "Go away.")
        failed = counted("synqc_llm_call_errors_total", model="double-1")
        with pytest.raises(ModelRefused, match=f"{status}.*Go away") as caught:
            models_of(double).complete(asking(form=FORM), wanted_a)
        assert caught.value.status == status
        assert len(double.bodies) == 1
        assert counted("synqc_llm_call_errors_total", model="double-1") == failed + 1

    @pytest.mark.parametrize("key", ["a", "k", "none", "EMPTY"])
    def test_a_short_key_is_blotted_out_where_it_is_named_and_stays_in_words(self, double, key):
        said = f"Unlike {key}, a token is taken, and none is empty."
        double.otherwise = Fail(401, said, quote_key=True)
        models = LanguageModels(Endpoint(base_url=double.url, api_key=key, attempts=1))
        with pytest.raises(ModelRefused) as caught:
            models.complete(asking())
        assert caught.value.words == f"{said} Key: Bearer ***"

    def test_the_key_is_nowhere_to_be_seen(self, double, caplog):
        double.otherwise = Fail(401, "Incorrect API key provided.", quote_key=True)
        models = models_of(double)
        with caplog.at_level(logging.DEBUG):
            try:
                models.complete(asking())
            except ModelRefused as error:
                logging.getLogger("test").exception("It failed.")
                seen = "".join(traceback.format_exception(error))
                chain = [error]
                while chain[-1].__cause__ or chain[-1].__context__:
                    chain.append(chain[-1].__cause__ or chain[-1].__context__)
                seen += repr(chain) + str([vars(link) for link in chain])
        seen += repr(models) + repr(models.endpoint) + str(models.endpoint) + json.dumps(metrics.snapshot())
        seen += "".join(record.getMessage() + str(record.exc_text) for record in caplog.records)
        assert "***" in seen
        assert KEY not in seen

    @pytest.mark.parametrize(
        "options",
        [
            {"base_url": "http://user:hunter2@host/v1"}, {"base_url": "host/v1"}, {"base_url": "file:///etc"},
            {"base_url": "http://host:notaport/v1"}, {"base_url": "http://[/v1"}, {"api_key": " "}, {"api_key": "ключ"},
            {"api_key": "sk\nhost: evil"}, {"timeout_s": 0.0}, {"timeout_s": float("nan")}, {"attempts": 0},
        ],
        ids=str,
    )  # fmt: skip
    def test_an_endpoint_that_cannot_be_is_refused_without_showing_secrets(self, options):
        (name,) = options
        with pytest.raises(ValueError, match=f"^Argument `{name}` must ") as caught:
            Endpoint(**{"api_key": KEY, **options})
        secrets = {"hunter2", KEY, options.get("api_key", KEY).strip() or KEY}
        assert not [secret for secret in secrets if secret in str(caught.value)]

    @pytest.mark.parametrize(
        "options",
        [{"model": ""}, {"model": "m" * 201}, {"model": "a\nb"}, {"messages": ()}, {"temperature": -1.0},
         {"temperature": float("nan")}, {"max_tokens": 0}],
        ids=str,
    )  # fmt: skip
    def test_a_request_that_cannot_be_is_refused_by_its_argument(self, options):
        (name,) = options
        with pytest.raises(ValueError, match=f"^Argument `{name}` must "):
            asking(**options)


class TestStreams:
    def test_parts_come_as_they_are_written(self, double):
        double.script.append(Stream(["One ", "by ", "one."], gap_s=0.1))
        started, seen = time.perf_counter(), []
        for part in models_of(double).stream(asking()):
            seen.append((part, time.perf_counter() - started))
        assert [part for part, _ in seen] == ["One ", "by ", "one."]
        assert seen[2][1] - seen[0][1] > 0.15

    def test_in_a_coroutine_of_any_loop(self, double):
        models = models_of(double)

        async def read():
            return [part async for part in models.astream(asking())]

        for text in ("first loop", "second loop"):
            double.script.append(Stream([text]))
            assert asyncio.run(read()) == [text]

    def test_leaving_early_ends_the_call(self, double):
        double.script.append(Stream(["word "] * 10_000, gap_s=0.01))
        stream = models_of(double).stream(asking())
        assert next(stream) == "word "
        stream.close()
        assert double.gone.wait(5)

    def test_a_stream_that_breaks_off_is_an_error_after_its_parts(self, double):
        double.script.append(Stream(["half a "], complete=False))
        stream = models_of(double).stream(asking())
        assert next(stream) == "half a "
        with pytest.raises(LanguageModelError):
            next(stream)

    def test_a_stream_that_falls_silent_ends_in_time(self, double):
        double.script.append(Stream(["a", "b"], gap_s=5))
        stream = models_of(double, timeout_s=0.3).stream(asking())
        assert next(stream) == "a"
        with pytest.raises(ModelTimedOut):
            next(stream)

    def test_servers_that_do_not_count_tokens_of_streams(self, double):
        double.refuses = lambda body: Fail(400, "stream_options?") if "stream_options" in body else None
        double.otherwise = Stream(["yes"])
        models = models_of(double)
        assert list(models.stream(asking())) == ["yes"]
        assert list(models.stream(asking())) == ["yes"]
        assert len(double.bodies) == 3

    def test_a_stream_waits_for_its_place_no_longer_than_for_a_part(self, double):
        models = LanguageModels(Endpoint(base_url=double.url, api_key=KEY, most_at_once=1, timeout_s=1.0, attempts=1))
        double.script.append(Stream(["a"] * 100, gap_s=0.1))
        slow = models.stream(asking())
        next(slow)
        with pytest.raises(ModelTimedOut, match="was busy for 1 s"):
            next(models.stream(asking()))
        assert next(slow) == "a"
        slow.close()

    def test_a_refused_stream_is_the_same_error(self, double):
        double.otherwise = Fail(401, quote_key=True)
        with pytest.raises(ModelRefused) as caught:
            list(models_of(double).stream(asking()))
        assert KEY not in str(caught.value)

    def test_abandoned_streams_leave_nothing_behind(self, double):
        models = models_of(double)
        list(models.stream(asking()))
        threads = threading.active_count()
        for _ in range(20):
            double.script.append(Stream(["a"] * 5))
            next(models.stream(asking()))
        gc.collect()
        wait_until(lambda: threading.active_count() <= threads + 2)


class TestRemembering:
    @pytest.mark.parametrize("kind", ["memory", "disk"])
    def test_an_equal_request_is_answered_without_a_call(self, double, tmp_path, kind):
        cache = MemoryCache(100) if kind == "memory" else DiskCache(tmp_path / "answers.db")
        double.otherwise = Say('{"a": 1}', model="really-this")
        models = models_of(double, cache=cache)
        first = models.complete(asking(temperature=0.0, form=FORM), wanted_a)
        second = models.complete(asking(temperature=0.0, form=FORM), wanted_a)
        assert (first.cached, second.cached) == (False, True)
        assert (second.value, second.text, second.model, second.spent) == (1, first.text, "really-this", first.spent)
        assert len(double.bodies) == 1

    def test_everything_that_decides_an_answer_is_in_the_key(self):
        base = asking(temperature=0.0)
        others = [
            asking("Why not?", temperature=0.0), asking(temperature=0.1), asking(), asking(temperature=0.0, model="m"),
            asking(temperature=0.0, max_tokens=1), asking(temperature=0.0, seed=0),
            asking(temperature=0.0, stop=("a",)),
            asking(temperature=0.0, form=FORM), asking(temperature=0.0, sample=1),
            asking(temperature=0.0, form=JsonForm("other", FORM.schema)),
            asking(temperature=0.0, form=JsonForm("answer", {"type": "object"})),
            asking(temperature=0.0, messages=(Message("system", "Why?"),)),
        ]  # fmt: skip
        keys = {one.key("http://a/v1") for one in (base, *others)} | {base.key("http://b/v1")}
        assert len(keys) == len(others) + 2
        assert base.key("http://a/v1") == asking(temperature=0.0).key("http://a/v1")

    def test_only_repeatable_answers_are_kept_unless_told_otherwise(self, double):
        cache = MemoryCache(100)
        models = models_of(double, cache=cache)
        for request in (asking(), asking(temperature=0.7)):
            assert [models.complete(request).cached for _ in range(2)] == [False, False]
        assert [models.complete(asking(temperature=0.7, seed=3)).cached for _ in range(2)] == [False, True]
        always = models_of(double, cache=cache, reuse="always")
        assert [always.complete(asking(temperature=0.7)).cached for _ in range(2)] == [False, True]

    def test_failures_malformed_and_cut_answers_are_not_kept(self, double):
        cache = MemoryCache(100)
        models = models_of(double, cache=cache)
        request = asking(temperature=0.0)
        double.script.extend([Fail(500), Say("malformed"), Say('{"a": 1}', finish_reason="length"), Say('{"a": 2}')])
        with pytest.raises(ModelRefused):
            models.complete(request, wanted_a)
        with pytest.raises(MalformedAnswer):
            models.complete(request, wanted_a)
        with pytest.raises(CutAnswer):
            models.complete(request, wanted_a)
        assert len(cache) == 0
        assert models.complete(request, wanted_a).value == 2
        assert models.complete(request, wanted_a).cached

    def test_a_kept_answer_that_a_stricter_reader_refuses_is_asked_for_anew(self, double):
        models = models_of(double, cache=MemoryCache(100))
        double.script.extend([Say('{"b": 1}'), Say('{"a": 5}')])
        models.complete(asking(temperature=0.0))
        assert models.complete(asking(temperature=0.0), wanted_a).value == 5

    def test_a_request_may_ask_anew(self, double):
        models = models_of(double, cache=MemoryCache(100))
        double.script.extend([Say("one"), Say("two")])
        request = asking(temperature=0.0)
        models.complete(request)
        assert models.complete(request, control=Control(no_cache=True)).text == "two"
        assert models.complete(request).text == "two"

    def test_equal_requests_at_once_are_one_call(self, double):
        double.otherwise = Say("yes", after_s=0.2)
        models = models_of(double, cache=MemoryCache(100))
        futures = [models.submit(asking(temperature=0.0)) for _ in range(20)]
        assert {future.result().text for future in futures} == {"yes"}
        assert len(double.bodies) == 1
        assert sum(not future.result().cached for future in futures) == 1


def test_calls_and_tokens_are_counted(double):
    before = counted("synqc_llm_call_seconds", model="counted-1"), counted("synqc_llm_tokens_total", model="counted-1")
    models_of(double).complete(asking(model="counted-1"))
    after = counted("synqc_llm_call_seconds", model="counted-1"), counted("synqc_llm_tokens_total", model="counted-1")
    assert after == (before[0] + 1, before[1] + 18)


def test_the_sdk_is_loaded_by_the_first_call_alone():
    program = (
        "import sys; from synqc.llm import *; LanguageModels(Endpoint(api_key='k')); "
        "assert 'openai' not in sys.modules and 'httpx' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)

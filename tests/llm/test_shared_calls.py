"""Equal requests at once, and answers that are kept: whose they are, who pays, and what is never kept."""

import asyncio
import dataclasses
import threading
import time

import pytest
from asking import asking
from scripted_server import CLOSE, RESET, answer, http, refusal

from synqc.cache import Control, DiskCache, MemoryCache
from synqc.llm import (
    CallCancelled,
    EmptyAnswer,
    Endpoint,
    ImageUrl,
    JsonForm,
    LanguageModelError,
    LanguageModels,
    Message,
    ModelRefused,
    ModelTimedOut,
    ModelUnreachable,
    Request,
    Tool,
    ToolCall,
    json_object_in,
)


def settled(futures):
    """Completions and errors."""
    return [future.exception(20) or future.result() for future in futures]


class TestSharing:
    def test_who_leaves_a_call_does_not_make_others_pay_again(self, server, client):
        server.otherwise = [0.5, *answer()]
        models = client(cache=MemoryCache(10))
        began, waits = (models.submit(asking(temperature=0.0)) for _ in range(2))
        time.sleep(0.15)
        assert began.cancel()
        assert waits.result(10).text == "Because."
        assert server.requests == 1
        assert models.complete(asking(temperature=0.0)).cached

    def test_a_call_that_everybody_has_left_ends(self, server, client):
        server.otherwise = [30]
        models = client(cache=MemoryCache(10))
        futures = [models.submit(asking(temperature=0.0)) for _ in range(3)]
        while not server.requests:
            time.sleep(0.01)
        for future in futures[:2]:
            future.cancel()
        assert not server.left.wait(0.3)
        futures[2].cancel()
        assert server.left.wait(20)

    def test_a_deadline_of_one_is_not_that_of_others(self, server, client):
        server.otherwise = [0.6, *answer()]
        models = client(cache=MemoryCache(10))
        hasty = models.submit(asking(temperature=0.0), deadline_s=0.2)
        patient = models.submit(asking(temperature=0.0), deadline_s=10)
        with pytest.raises(ModelTimedOut) as caught:
            hasty.result(10)
        assert (caught.value.limit, caught.value.spent.calls) == ("deadline", 1)
        assert patient.result(10).text == "Because."
        assert server.requests == 1

    def test_of_many_who_wait_one_tries_again_for_all_when_the_first_fails(self, server, client):
        server.script.append([0.3, *refusal(500)])
        server.otherwise = [0.3, *answer()]
        models = client(cache=MemoryCache(100))
        outcomes = settled([models.submit(asking(temperature=0.0)) for _ in range(64)])
        assert server.requests == 2
        failed = [one for one in outcomes if isinstance(one, LanguageModelError)]
        assert (len(failed), failed[0].status) == (1, 500)
        assert sum(not one.cached for one in outcomes if not isinstance(one, LanguageModelError)) == 1

    def test_a_failure_that_lasts_is_met_twice_and_each_has_an_error_of_its_own(self, server, client):
        server.otherwise = [0.2, *refusal(401)]
        models = client(cache=MemoryCache(100))
        outcomes = settled([models.submit(asking(temperature=0.0)) for _ in range(50)])
        assert server.requests == 2
        assert all(isinstance(one, ModelRefused) and one.spent.calls == 1 for one in outcomes)
        assert len({id(one) for one in outcomes}) == 50
        assert all(_frames(one) < 20 for one in outcomes), "traces do not pile up"

    def test_two_clients_of_one_cache_and_one_account_share(self, server, client):
        server.otherwise = [0.3, *answer()]
        cache = MemoryCache(10)
        futures = [client(cache=cache).submit(asking(temperature=0.0)) for _ in range(4)]
        assert {one.text for one in settled(futures)} == {"Because."}
        assert server.requests == 1

    def test_those_who_ask_anew_do_not_share(self, server, client):
        server.otherwise = [0.2, *answer()]
        models = client(cache=MemoryCache(10))
        settled([models.submit(asking(temperature=0.0), control=Control(no_cache=True)) for _ in range(3)])
        assert server.requests == 3

    def test_without_a_cache_each_request_is_a_call(self, server, client):
        settled([client().submit(asking(temperature=0.0)) for _ in range(3)])
        assert server.requests == 3

    def test_closing_the_client_is_told_to_all_who_wait(self, server, client):
        server.otherwise = [30]
        models = client(cache=MemoryCache(10))
        futures = [models.submit(asking(temperature=0.0)) for _ in range(3)]
        futures.append(models.submit(asking("Alone?")))
        while server.requests < 2:
            time.sleep(0.01)
        models.close()
        outcomes = settled(futures)
        assert [type(one) for one in outcomes] == [CallCancelled] * 4
        server.otherwise = answer()
        assert models.complete(asking()).text == "Because."

    def test_a_cancelled_wait_in_a_loop_is_a_cancellation(self, server, client):
        server.otherwise = [30]
        models = client(cache=MemoryCache(10))

        async def main():
            async with asyncio.timeout(0.2):
                await models.acomplete(asking(temperature=0.0))

        with pytest.raises(TimeoutError):
            asyncio.run(main())
        assert server.left.wait(20)


def _frames(error):
    trace, count = error.__traceback__, 0
    while trace is not None:
        trace, count = trace.tb_next, count + 1
    return count


OTHER = {
    "model": "m-2", "messages": (Message("system", "Be brief."), Message("user", "Why?")), "temperature": 0.5,
    "max_tokens": 9, "seed": 4, "stop": ("\n",), "form": JsonForm("a", {"type": "object"}), "sample": 1, "logprobs": 5,
    "top_p": 0.0, "presence_penalty": 0.0, "frequency_penalty": 0, "logit_bias": {"7": 0},
}  # fmt: skip
TOOL = Tool("a", "b", {"type": "object"}, strict=True)
OTHER_TOOL = {"name": "c", "description": "", "parameters": None, "strict": False}
KEY_OF_BEFORE = "78bdb4e218c9103950233fd695206f1a8e687c859ec3715f29be22d5627e1fa4"
OF_TOOLS = {"tools": (TOOL,), "tool_choice": "none", "parallel_tool_calls": False}
OTHER_FORM = {
    "name": "b", "schema": {"type": "object", "title": "x"}, "checked": False, "repair": False,
}  # fmt: skip


class TestKeys:
    BASE = asking(temperature=0.0)

    @pytest.mark.parametrize(
        "field", [field.name for field in dataclasses.fields(Request) if field.name not in OF_TOOLS]
    )
    def test_every_field_of_a_request_makes_another_question(self, server, client, field):
        models = client(cache=MemoryCache(10), reuse="always")
        server.otherwise = answer("{}")
        models.complete(self.BASE)
        changed = dataclasses.replace(self.BASE, **{field: OTHER[field]})
        assert not models.complete(changed).cached
        assert models.complete(changed).cached
        assert models.complete(self.BASE).cached

    @pytest.mark.parametrize("field", OF_TOOLS)
    def test_requests_with_tools_are_never_answered_from_a_cache(self, server, client, field):
        cache = MemoryCache(10)
        models = client(cache=cache, reuse="always")
        base = dataclasses.replace(self.BASE, tools=(dataclasses.replace(TOOL, name="other"),))
        changed = dataclasses.replace(base, **{field: OF_TOOLS[field]})
        assert base.key("u") != changed.key("u")
        assert [models.complete(changed).cached for _ in range(2)] == [False, False]
        assert "".join(models.stream(changed)) == "Because."
        assert (server.requests, len(cache)) == (3, 0)

    @pytest.mark.parametrize("field", OTHER_TOOL)
    def test_every_field_of_a_tool_makes_another_question(self, field):
        other = dataclasses.replace(TOOL, **{field: OTHER_TOOL[field]})
        keys = {dataclasses.replace(self.BASE, tools=(one,)).key("u") for one in (TOOL, other)}
        assert len(keys) == 2

    @pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(JsonForm)])
    def test_every_field_of_a_form_makes_another_question(self, field):
        form = JsonForm("a", {"type": "object"})
        keys = {
            dataclasses.replace(self.BASE, form=one).key("http://a/v1")
            for one in (form, dataclasses.replace(form, **{field: OTHER_FORM[field]}))
        }
        assert len(keys) == 2

    @pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(Message)])
    def test_every_field_of_a_message_makes_another_question(self, field):
        others = {
            "role": Message("system", "Why?"), "content": Message("user", "How?"),
            "parts": Message("user", "Why?", parts=("Why?", ImageUrl("https://a/b.png"))),
            "tool_calls": Message("assistant", "Why?", tool_calls=(ToolCall("1", "a", "{}"),)),
            "tool_call_id": Message("tool", "Why?", tool_call_id="1"), "speaker": Message("user", "Why?", speaker="a"),
        }  # fmt: skip
        assert dataclasses.replace(self.BASE, messages=(others[field],)).key("u") != self.BASE.key("u")

    def test_no_two_pictures_or_calls_are_one_question(self):
        pictures = [ImageUrl("https://a/b.png"), ImageUrl("https://a/c.png"), ImageUrl("https://a/b.png", "low")]
        calls = [ToolCall("1", "a", "{}"), ToolCall("2", "a", "{}"), ToolCall("1", "b", "{}"), ToolCall("1", "a", "")]
        messages = [
            *(Message("user", "", parts=(one,)) for one in pictures),
            Message("user", "", parts=(*pictures[:1], *pictures[:1])),
            *(Message("assistant", "", tool_calls=(one,)) for one in calls),
        ]
        keys = {dataclasses.replace(self.BASE, messages=(one,)).key("u") for one in messages}
        assert len(keys) == len(messages)

    def test_what_was_kept_before_tools_were_known_is_still_found(self):
        request = asking(temperature=0.0, form=JsonForm("a", {"type": "object"}))
        assert request.key("http://a/v1") == KEY_OF_BEFORE

    def test_the_order_of_a_schema_makes_another_question(self):
        forms = (
            JsonForm("a", {"properties": dict(pairs)}) for pairs in ([("x", {}), ("y", {})], [("y", {}), ("x", {})])
        )
        assert len({dataclasses.replace(self.BASE, form=form).key("u") for form in forms}) == 2

    def test_a_schema_that_is_changed_makes_another_question(self):
        schema = {"type": "object"}
        request = dataclasses.replace(self.BASE, form=JsonForm("a", schema))
        before = request.key("u")
        schema["title"] = "x"
        assert request.key("u") != before

    def test_servers_and_accounts_have_answers_of_their_own(self, server, client):
        cache = MemoryCache(10)
        for options in ({}, {"api_key": "sk-another"}, {"base_url": server.url + "/"}, {"base_url": server.url + "/x"}):
            client(cache=cache, **options).complete(self.BASE)
        assert server.requests == 3, "a slash at the end is no other server"

    def test_a_key_of_an_account_is_nowhere_in_the_cache(self, server, client, tmp_path):
        secret = "sk-never-to-be-seen-0123456789"
        cache = DiskCache(tmp_path / "answers.db")
        client(cache=cache, api_key=secret).complete(self.BASE)
        cache.flush()
        stored = b"".join(path.read_bytes() for path in tmp_path.iterdir())
        assert b"Because." in stored
        assert secret.encode() not in stored
        assert secret not in Endpoint(api_key=secret).tenant


class TestWhatIsKept:
    def test_an_outage_is_not_remembered(self, server, client):
        models = client(cache=MemoryCache(10))
        for script, kind in (
            (refusal(503), ModelRefused), (http(b"", 503), ModelRefused), ([RESET], ModelUnreachable),
            ([CLOSE], ModelUnreachable), (refusal(429), ModelRefused), (refusal(404), ModelRefused),
            (answer(""), EmptyAnswer), ([0.6], ModelTimedOut),
        ):  # fmt: skip
            server.script.append(script)
            with pytest.raises(kind):
                models.complete(asking(temperature=0.0), deadline_s=0.5 if script == [0.6] else 20)
        assert len(models.cache) == 0
        assert models.complete(asking(temperature=0.0)).text == "Because."

    def test_an_answer_without_the_temperature_that_was_asked_for_is_not_repeatable(self, server, client):
        def answering(body):
            words = "Unsupported value: 'temperature' does not support 0.0 with this model. Only the default (1) value."
            return refusal(400, words) if "temperature" in body else answer()

        server.otherwise = answering
        models = client(cache=MemoryCache(10))
        completions = [models.complete(asking(temperature=0.0)) for _ in range(2)]
        assert [(one.cached, one.ignored) for one in completions] == [(False, ("temperature",))] * 2

    @pytest.mark.parametrize("nothing", [{"ttl": 0}, {"no_store": True}])
    def test_a_request_may_forbid_keeping(self, server, client, nothing):
        models = client(cache=MemoryCache(10))
        for _ in range(2):
            models.complete(asking(temperature=0.0), control=Control(**nothing))
        assert server.requests == 2

    def test_namespaces_are_apart(self, server, client):
        models = client(cache=MemoryCache(10))
        for name in ("ada", "bob", "ada"):
            models.complete(asking(temperature=0.0), control=Control(namespace=name))
        assert server.requests == 2

    def test_one_hit_is_one_hit_and_one_miss_one_miss(self, server, client):
        cache = MemoryCache(10)
        models = client(cache=cache)
        for _ in range(3):
            models.complete(asking(temperature=0.0))
        assert (cache.stats().misses, cache.stats().hits) == (1, 2)

    def test_what_answers_of_older_clients_left_is_not_served(self, server, client):
        first = asking(temperature=0.0).key(server.url)
        assert first != _key_of_version_one(asking(temperature=0.0), server.url)


def _key_of_version_one(request, url):
    from synqc.cache import content_key

    content = {"messages": [[one.role, one.content] for one in request.messages], "form": None}
    names = ("model", "temperature", "max_tokens", "seed", "stop", "sample")
    parameters = {"base_url": url, **{name: getattr(request, name) for name in names}}
    return content_key("chat_completion", content, parameters=parameters)


class TestHits:
    @pytest.mark.parametrize("kind", ["memory", "disk"])
    def test_a_hit_is_answered_on_the_caller_s_own_thread(self, server, client, tmp_path, kind):
        models = client(cache=MemoryCache(10) if kind == "memory" else DiskCache(tmp_path / "answers.db"))
        models.complete(asking(temperature=0.0))
        threads = []

        def read(text):
            threads.append(threading.current_thread())
            return text

        async def main():
            return await models.acomplete(asking(temperature=0.0), read)

        assert asyncio.run(main()).cached
        assert models.submit(asking(temperature=0.0), read).result(0).cached
        assert threads == [threading.current_thread()] * 2
        assert server.requests == 1

    @pytest.mark.parametrize("kind", ["memory", "disk"])
    def test_a_kept_object_is_read_anew_by_each_reader(self, server, client, tmp_path, kind):
        cache = MemoryCache(10) if kind == "memory" else DiskCache(tmp_path / "answers.db")
        server.otherwise = answer('So: {"a": 1} is it.')
        models = client(cache=cache)
        request = asking(temperature=0.0, form=JsonForm("a", {"type": "object"}))
        first = models.complete(request, json_object_in)
        second = models.complete(request)
        assert (first.value, second.value, second.text, second.cached) == ({"a": 1}, '{"a": 1}', first.text, True)


def test_clients_may_be_used_in_with(server):
    endpoint = Endpoint(base_url=server.url, api_key="k")
    with LanguageModels(endpoint) as models:
        assert models.complete(asking()).text == "Because."

    async def main():
        async with LanguageModels(endpoint) as models:
            assert (await models.acomplete(asking())).text == "Because."

    asyncio.run(main())

"""What a gateway hands on beyond texts, as OpenAI's own client asks for it and reads it."""

import asyncio
import json

import openai
import pytest
from gateway_server import asking, events_of, gateways
from pydantic import BaseModel
from scripted_server import CLOSE, RESET, answer, chunk, http, refusal, says, stream

ABLE = 'capabilities = ["tools", "vision"]'
PICTURE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo=", "detail": "low"}}
TOOL = {
    "type": "function",
    "function": {
        "name": "detuning_of", "description": "Detuning of a qubit in GHz.",
        "parameters": {"type": "object", "properties": {"qubit": {"type": "integer"}}, "required": ["qubit"]},
    },
}  # fmt: skip
CALL = {"id": "call_7", "type": "function", "function": {"name": "detuning_of", "arguments": '{"qubit": 2}'}}
USAGE = {"prompt_tokens": 11, "completion_tokens": 7}


@pytest.fixture
def gateway(tmp_path):
    with gateways(tmp_path) as make:
        yield make


@pytest.fixture
def client_of():
    made = []

    def client(served):
        made.append(openai.OpenAI(base_url=f"{served.url}/v1", api_key="none", max_retries=0))
        return made[-1]

    yield client
    for one in made:
        one.close()


def called_in_parts(*arguments, text=()):
    """A stream that says something, then asks for a call whose arguments come in pieces."""
    begun = {"index": 0, "id": "call_7", "type": "function", "function": {"name": "detuning_of", "arguments": ""}}
    pieces = [chunk({"tool_calls": [{"index": 0, "function": {"arguments": one}}]}) for one in arguments]
    return stream(*says(*text, finish=None), chunk({"tool_calls": [begun]}), *pieces, chunk(finish="tool_calls"))


class TestTools:
    def test_a_whole_conversation_with_a_call(self, gateway, client_of):
        served = gateway(deployment=ABLE)
        client, server = client_of(served), served.servers[0]
        server.script.append(answer(None, "tool_calls", tool_calls=[CALL]))
        options = {"tools": [TOOL], "tool_choice": {"type": "function", "function": {"name": "detuning_of"}},
                   "parallel_tool_calls": False}  # fmt: skip
        asked = [{"role": "user", "content": "How far is qubit 2?"}]
        first = client.chat.completions.create(model="m-1", messages=asked, **options)
        assert first.choices[0].finish_reason == "tool_calls"
        message = first.choices[0].message
        assert (message.content, message.tool_calls[0].id) == (None, "call_7")
        assert json.loads(message.tool_calls[0].function.arguments) == {"qubit": 2}
        sent = server.bodies[0]
        assert {name: sent[name] for name in options} == options
        # as agents do it: what the client made of the answer goes back with the call's result
        result = {"role": "tool", "tool_call_id": "call_7", "content": "0.25"}
        server.script.append(answer("A quarter of a GHz."))
        second = client.chat.completions.create(
            model="m-1", messages=[*asked, message.model_dump(), result], tools=[TOOL]
        )
        assert second.choices[0].message.content == "A quarter of a GHz."
        assert server.bodies[1]["messages"] == [
            *asked, {"role": "assistant", "content": None, "tool_calls": [CALL]}, result
        ]  # fmt: skip

    @pytest.mark.parametrize("text", [(), ("I ", "look.")], ids=["a call alone", "a text and a call"])
    def test_in_parts(self, gateway, client_of, text):
        served = gateway(deployment=ABLE)
        served.servers[0].otherwise = called_in_parts('{"qub', 'it": 2}', text=text)
        with client_of(served).chat.completions.stream(
            model="m-1", messages=[{"role": "user", "content": "?"}], tools=[TOOL]
        ) as parts:
            completion = parts.get_final_completion()
        choice = completion.choices[0]
        assert (choice.finish_reason, choice.message.content or "") == ("tool_calls", "".join(text))
        assert [(one.id, one.function.name, one.function.arguments) for one in choice.message.tool_calls] == [
            ("call_7", "detuning_of", '{"qubit": 2}')
        ]

    def test_half_a_call_is_none(self, gateway):
        """Nothing was said yet, so that another deployment takes over; the client sees one call, whole."""
        served = gateway(2, deployment=ABLE)
        begun = {"index": 0, "id": "other", "function": {"name": "detuning_of", "arguments": '{"qu'}}
        served.servers[0].otherwise = stream(chunk({"tool_calls": [begun]}), RESET, done=False)
        served.servers[1].otherwise = called_in_parts('{"qubit": 2}')
        documents = events_of(served.ask(asking(tools=[TOOL], stream=True)).text)
        calls = [call for one in documents[:-1] for call in one["choices"][0]["delta"].get("tool_calls", ())]
        assert calls == [{"index": 0, **CALL}]
        assert served.requests == [1, 1]

    def test_a_call_that_was_cut_ends_for_its_length(self, gateway):
        served = gateway(deployment=ABLE)
        half = {**CALL, "function": {"name": "detuning_of", "arguments": '{"qu'}}
        served.servers[0].otherwise = answer(None, "length", tool_calls=[half])
        choice = served.ask(asking(tools=[TOOL])).json()["choices"][0]
        assert choice["finish_reason"] == "length"
        assert "tool_calls" not in choice["message"]

    @pytest.mark.parametrize(
        ("told", "arguments"),
        [
            ([{"function": {"name": "detuning_of", "arguments": {"qubit": 2}}}], '{"qubit": 2}'),
            ([{"id": None, "function": {"name": "detuning_of", "arguments": None}}], "{}"),
            ([{"id": "", "index": 0, "function": {"name": "detuning_of"}}], "{}"),
        ],
    )
    def test_servers_that_bend_the_protocol(self, gateway, told, arguments):
        served = gateway(deployment=ABLE)
        served.servers[0].otherwise = answer("", "stop", tool_calls=told)
        choice = served.ask(asking(tools=[TOOL])).json()["choices"][0]
        function = {"name": "detuning_of", "arguments": arguments}
        assert choice["finish_reason"] == "tool_calls"
        assert choice["message"]["tool_calls"] == [{"id": "call_0", "type": "function", "function": function}]

    @pytest.mark.parametrize("told", [{}, ["a"], [{}], [{"function": {"name": 5}}], [{"function": []}]])
    def test_what_is_no_call_is_the_deployment_s_failure(self, gateway, told):
        served = gateway(2, deployment=ABLE)
        served.servers[0].otherwise = answer("", "tool_calls", tool_calls=told)
        told = served.ask(asking(tools=[TOOL]))
        assert (told.status_code, told.headers["x-synqc-deployment"]) == (200, "d1")

    def test_only_deployments_that_can_are_asked(self, gateway):
        served = gateway(2, deployment=["", ABLE])
        served.servers[1].otherwise = answer(None, "tool_calls", tool_calls=[CALL])
        assert served.ask(asking(tools=[TOOL])).headers["x-synqc-deployment"] == "d1"
        assert served.ask().headers["x-synqc-deployment"] == "d0"
        assert served.requests == [1, 1]

    def test_without_one_that_can_it_is_refused_by_name(self, gateway):
        told = gateway(2).ask(asking(tools=[TOOL])).json()["error"]
        assert (told["param"], told["code"]) == ("tools", "unsupported_parameter")
        assert "capability 'tools'" in told["message"]

    def test_no_one_deployment_that_can_do_all_of_it(self, gateway):
        served = gateway(2, deployment=['capabilities = ["tools"]', 'capabilities = ["vision"]'])
        told = served.ask(asking(tools=[TOOL], messages=[{"role": "user", "content": [PICTURE]}]))
        assert (told.status_code, told.json()["error"]["code"]) == (400, "no_deployment")
        assert "lacks capability" in told.json()["error"]["message"]

    def test_calls_nobody_offered_are_no_answer(self, gateway):
        served = gateway()
        served.servers[0].otherwise = answer(None, "tool_calls", tool_calls=[CALL])
        told = served.ask()
        assert (told.status_code, told.json()["error"]["code"]) == (502, "upstream_empty")


class TestPictures:
    def test_they_stand_where_they_stood(self, gateway, client_of):
        served = gateway(deployment=ABLE)
        content = [{"type": "text", "text": "What is"}, PICTURE, {"type": "text", "text": " this?"}]
        told = client_of(served).chat.completions.create(model="m-1", messages=[{"role": "user", "content": content}])
        assert told.choices[0].message.content == "Because."
        assert served.servers[0].bodies[0]["messages"][0]["content"] == content

    def test_a_budget_needs_a_bound_for_them(self, gateway):
        tenant = '[[tenant]]\nname = "guest"\nkey_env = "GUEST_KEY"\nbudget_usd = "1"\n'
        prices = 'prompt_price = "0.25"\ncompletion_price = "2"\n'
        document = asking(messages=[{"role": "user", "content": [PICTURE]}], max_tokens=5)
        told = gateway(deployment=prices + ABLE, more=tenant).ask(document, "sk-guest")
        assert (told.status_code, told.json()["error"]["code"]) == (400, "max_tokens_required")
        assert "context_tokens" in told.json()["error"]["message"]
        bounded = prices + ABLE + "\ncontext_tokens = 4096"
        assert gateway(deployment=bounded, more=tenant).ask(document, "sk-guest").status_code == 200


class TestSeveralChoices:
    def test_each_is_a_call_of_its_own(self, gateway, client_of):
        served = gateway()
        served.servers[0].otherwise = lambda body: answer(f"seed {body['seed']}", usage=USAGE)
        told = client_of(served).chat.completions.create(**asking(), n=3, seed=5)
        assert [one.message.content for one in told.choices] == ["seed 5", "seed 6", "seed 7"]
        assert [one.index for one in told.choices] == [0, 1, 2]
        assert (told.usage.prompt_tokens, told.usage.completion_tokens) == (33, 21)
        assert served.requests == [3]

    def test_parts_say_whose_they_are(self, gateway, client_of):
        served = gateway()
        served.servers[0].otherwise = lambda body: stream(
            *says(f"{body['seed']}", "!"), {"choices": [], "usage": USAGE}
        )  # fmt: skip
        texts, ends = {0: "", 1: ""}, {}
        parts = client_of(served).chat.completions.create(
            **asking(), n=2, seed=5, stream=True, stream_options={"include_usage": True}
        )
        for part in parts:
            for choice in part.choices:
                texts[choice.index] += choice.delta.content or ""
                ends |= {choice.index: choice.finish_reason} if choice.finish_reason else {}
        assert (texts, ends) == ({0: "5!", 1: "6!"}, {0: "stop", 1: "stop"})
        assert (part.choices, part.usage.total_tokens) == ([], 36)

    def test_one_that_fails_ends_them_all(self, gateway):
        served = gateway(policy="most_attempts = 1")
        served.servers[0].otherwise = lambda body: [20.0, *answer()] if body["seed"] == 5 else refusal(500)
        told = served.ask(asking(n=2, seed=5))
        assert told.status_code == 502
        assert served.servers[0].left.wait(20)
        assert served.router.in_flight == 0

    def test_one_that_breaks_off_ends_the_stream(self, gateway):
        served = gateway()
        whole, broken = says("a"), says("b", finish=None)
        served.servers[0].otherwise = lambda body: (
            stream(*whole) if body["seed"] == 5 else stream(*broken, 0.2, CLOSE, done=False)
        )
        documents = events_of(served.ask(asking(n=2, seed=5, stream=True)).text)
        assert documents[-1] is None
        assert documents[-2]["error"]["code"].startswith("upstream_")
        said = [one["choices"][0] for one in documents[:-2]]
        assert "".join(one["delta"].get("content", "") for one in said if one["index"] == 0) == "a"
        assert "".join(one["delta"].get("content", "") for one in said if one["index"] == 1) == "b"


class TestHowTokensAreDrawn:
    def test_it_is_handed_on(self, gateway, client_of):
        served = gateway()
        options = {"top_p": 0.5, "presence_penalty": 0.25, "frequency_penalty": -1.0, "logit_bias": {"7": 5}}
        client_of(served).chat.completions.create(**asking(), **options)
        sent = served.servers[0].bodies[0]
        assert {name: sent[name] for name in options} == options

    def test_a_parameter_the_server_does_not_take_is_told(self, gateway):
        served = gateway()
        served.servers[0].script.append(refusal(400, "Unsupported parameter: logit_bias"))
        told = served.ask(asking(logit_bias={"7": 5}))
        assert (told.status_code, told.headers["x-synqc-ignored"]) == (200, "logit_bias")
        assert "logit_bias" not in served.servers[0].bodies[1]
        assert "x-synqc-ignored" not in served.ask().headers

    def test_log_probabilities_of_short_answers(self, gateway, client_of):
        served = gateway()
        weighed = {"content": [{"token": "Yes", "logprob": -0.1, "top_logprobs": [
            {"token": "Yes", "logprob": -0.1}, {"token": "No", "logprob": -2.5}]}]}  # fmt: skip
        document = {"choices": [{"message": {"content": "Yes"}, "finish_reason": "stop", "logprobs": weighed}]}
        served.servers[0].otherwise = http(document)
        told = client_of(served).chat.completions.create(**asking(), logprobs=True, top_logprobs=2, max_tokens=1)
        first = told.choices[0].logprobs.content[0]
        assert (first.token, [one.token for one in first.top_logprobs]) == ("Yes", ["Yes", "No"])
        assert bytes(first.bytes).decode() == "Yes"
        assert served.servers[0].bodies[0]["top_logprobs"] == 2


class Detuning(BaseModel):
    qubit: int
    ghz: float


def test_an_object_of_a_class_is_parsed_by_the_client(gateway, client_of):
    served = gateway()
    served.servers[0].otherwise = answer('Here: {"qubit": 2, "ghz": 0.25}')
    told = client_of(served).chat.completions.parse(**asking(), response_format=Detuning)
    assert told.choices[0].message.parsed == Detuning(qubit=2, ghz=0.25)


def test_cached_and_thought_tokens_are_told(gateway):
    served = gateway()
    details = {"prompt_tokens_details": {"cached_tokens": 8}, "completion_tokens_details": {"reasoning_tokens": 3}}
    served.servers[0].otherwise = answer(usage={**USAGE, **details})
    assert served.ask().json()["usage"] == {**USAGE, "total_tokens": 18, **details}


def test_the_asynchronous_client(gateway):
    served = gateway(deployment=ABLE)
    served.servers[0].otherwise = called_in_parts('{"qubit": 2}', text=("I look.",))

    async def seen():
        async with openai.AsyncOpenAI(base_url=f"{served.url}/v1", api_key="none", max_retries=0) as client:
            parts = await client.chat.completions.create(**asking(tools=[TOOL]), stream=True)
            return [part.choices[0].delta async for part in parts]

    deltas = asyncio.run(seen())
    assert "".join(one.content or "" for one in deltas) == "I look."
    assert next(one.tool_calls for one in deltas if one.tool_calls)[0].function.arguments == '{"qubit": 2}'

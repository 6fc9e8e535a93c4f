"""Calls of tools and pictures in Ollama's own protocol."""

import pytest
from asking import asking
from scripted_ollama import COUNTS, answer, lines, said
from scripted_server import http

from synqc.errors import InputError
from synqc.llm import ImageUrl, Message, Tool, ToolCall

SCHEMA = {"type": "object", "properties": {"qubit": {"type": "integer"}}}
TOOL = Tool("detuning_of", "In GHz.", SCHEMA)
CALL = {"function": {"name": "detuning_of", "arguments": {"qubit": 2}}}
PICTURE = Message("user", "What?", parts=("What?", ImageUrl("data:image/png;base64,iVBO")))


def calling(*calls, text=""):
    document = said(text, reason="stop", **COUNTS)
    document["message"]["tool_calls"] = list(calls)
    return http(document)


@pytest.fixture
def server(server):
    server.otherwise = answer()
    return server


def test_a_whole_conversation_with_a_call(server, ollama):
    server.script.append(calling(CALL))
    models = ollama()
    asked = Message("user", "How far is qubit 2?")
    first = models.complete(asking(messages=(asked,), tools=(TOOL,), tool_choice="auto"))
    assert first.tool_calls == (ToolCall("call_0", "detuning_of", '{"qubit": 2}'),)
    assert server.bodies[0]["tools"] == [TOOL.to_sent()]
    talk = asked, Message("assistant", "", tool_calls=first.tool_calls), Message("tool", "0.25", tool_call_id="call_0")
    assert models.complete(asking(messages=talk, tools=(TOOL,))).text == "Because."
    assert server.bodies[1]["messages"][1:] == [
        {"role": "assistant", "content": "", "tool_calls": [CALL]},
        {"role": "tool", "content": "0.25", "tool_name": "detuning_of"},
    ]


def test_several_calls_in_parts(server, ollama):
    other = {"function": {"name": "detuning_of", "arguments": {"qubit": 3}}}
    begun = said("I look.", done=False)
    called = [said("", done=False), said("", done=False)]
    called[0]["message"]["tool_calls"], called[1]["message"]["tool_calls"] = [CALL], [other]
    server.otherwise = lines(begun, *called, said("", **COUNTS))
    stream = ollama().stream(asking(tools=(TOOL,)))
    assert "".join(stream) == "I look."
    assert [one.arguments for one in stream.tool_calls] == ['{"qubit": 2}', '{"qubit": 3}']


def test_tools_that_may_not_be_called_are_not_offered(server, ollama):
    ollama().complete(asking(tools=(TOOL,), tool_choice="none"))
    assert "tools" not in server.bodies[0]


def test_pictures_go_along_as_data(server, ollama):
    ollama().complete(asking(messages=(PICTURE,)))
    assert server.bodies[0]["messages"] == [{"role": "user", "content": "What?", "images": ["iVBO"]}]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"tools": (TOOL,), "tool_choice": "required"}, "`tool_choice` must be left to the model"),
        ({"tools": (TOOL,), "parallel_tool_calls": False}, "`parallel_tool_calls` must be left to the model"),
        ({"messages": (Message("user", "", parts=(ImageUrl("https://a/b.png"),)),)}, "must hold the picture itself"),
        ({"messages": (Message("assistant", "", tool_calls=(ToolCall("1", "a", "[1"),)),)}, "must be a JSON object"),
    ],
    ids=["tool_choice", "parallel", "address", "arguments"],
)
def test_what_it_has_no_words_for_is_refused_before_anything_is_sent(server, ollama, options, words):
    models = ollama()
    with pytest.raises(InputError, match=words):
        models.complete(asking(**options))
    with pytest.raises(InputError, match=words):
        list(models.stream(asking(**options)))
    assert server.requests == 0
    assert models.complete(asking()).text == "Because."


@pytest.mark.parametrize("options", [{"tools": (TOOL,)}, {"messages": (PICTURE,)}], ids=["tools", "pictures"])
def test_the_door_for_prompts_and_servers_of_prompts_refuse_them(server, ollama, inference, options):
    for models in (ollama(route="generate"), inference()):
        with pytest.raises(InputError, match=r"must have no (tools|pictures)"):
            models.complete(asking(**options))
    assert server.requests == 0


def test_how_tokens_are_drawn_is_said_and_what_has_no_word_is_named(server, ollama):
    drawn = {"top_p": 0.5, "presence_penalty": 0.25, "frequency_penalty": 0.0}
    completion = ollama().complete(asking(logit_bias={"7": 1}, **drawn))
    assert completion.ignored == ("logit_bias",)
    assert {name: server.bodies[0]["options"][name] for name in drawn} == drawn

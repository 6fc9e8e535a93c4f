"""Tools and pictures: what is sent, which calls are told, and what is none."""

import asyncio
import pickle

import pytest
from asking import FORM, asking
from scripted_server import answer, chunk, http, says, stream

from synqc.errors import InputError
from synqc.llm import (
    CutAnswer,
    EmptyAnswer,
    ImageUrl,
    Message,
    Outcome,
    ProtocolError,
    Request,
    Tool,
    ToolCall,
    json_object_in,
)

TOOL = Tool("look", "Looks.", {"type": "object", "properties": {"at": {"type": "string"}}})
CALL = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"at": "x"}'}}
TOLD = ToolCall("c1", "look", '{"at": "x"}')


def calling(*calls, text=None, finish="tool_calls"):
    return answer(text, finish, tool_calls=list(calls))


def piece(**function):
    return chunk({"tool_calls": [{"index": 0, "function": function}]})


def test_a_call_is_an_answer_whatever_form_was_asked_for_and_its_reader_is_not_asked(server, client):
    server.otherwise = calling(CALL, text="I look.")
    completion = client().complete(asking(tools=(TOOL,), form=FORM), json_object_in, repeats=2)
    assert (completion.tool_calls, completion.value, completion.outcome) == ((TOLD,), "I look.", Outcome.OK)
    assert server.requests == 1


def test_a_text_is_read_as_ever_though_tools_were_offered(server, client):
    server.otherwise = answer('{"a": 1}')
    completion = client().complete(asking(tools=(TOOL,), form=FORM), json_object_in)
    assert (completion.value, completion.tool_calls) == ({"a": 1}, ())


def test_calls_of_tools_that_were_not_offered_are_no_answer(server, client):
    server.otherwise = calling(CALL)
    with pytest.raises(EmptyAnswer):
        client().complete(asking())


def test_half_a_call_is_none(server, client):
    server.otherwise = calling(CALL, finish="length")
    with pytest.raises(CutAnswer):
        client().complete(asking(tools=(TOOL,)))
    server.otherwise = stream(*says("I look.", finish=None), piece(name="look", arguments='{"at'), done=False)
    parts = client().stream(asking(tools=(TOOL,)))
    assert next(parts) == "I look."
    with pytest.raises(ProtocolError):
        next(parts)
    assert parts.tool_calls == ()


def test_several_calls_come_in_pieces_and_in_any_order(server, client):
    first = {"index": 0, "id": "a", "function": {"name": "look", "arguments": ""}}
    second = {"index": 1, "id": "b", "function": {"name": "look", "arguments": "{"}}
    more = [{"index": 1, "function": {"arguments": "}"}}, {"index": 0, "function": {"arguments": '{"at": "ü"}'}}]
    server.otherwise = stream(
        *(chunk({"tool_calls": [one]}) for one in (first, second, *more)), chunk(finish="tool_calls"),
    )  # fmt: skip
    expected = (ToolCall("a", "look", '{"at": "ü"}'), ToolCall("b", "look", "{}"))
    parts = client().stream(asking(tools=(TOOL,)))
    assert (list(parts), parts.tool_calls, parts.outcome) == ([], expected, Outcome.OK)

    async def read():
        parts = client().astream(asking(tools=(TOOL,)))
        return [part async for part in parts], parts.tool_calls

    assert asyncio.run(read()) == ([], expected)


def test_the_whole_once_more_at_the_end_is_not_another_call(server, client):
    whole = {"choices": [{"index": 0, "message": {"tool_calls": [CALL]}, "finish_reason": "tool_calls"}]}
    begun = chunk({"tool_calls": [{**CALL, "index": 0}]})
    server.otherwise = stream(begun, whole)
    parts = client().stream(asking(tools=(TOOL,)))
    assert (list(parts), parts.tool_calls) == ([], (TOLD,))


def test_arguments_without_end_are_too_large(server, client):
    endless = [piece(arguments="x" * 1000) for _ in range(20)]
    server.otherwise = stream(piece(name="look"), *endless, chunk(finish="tool_calls"))
    with pytest.raises(ProtocolError, match="more than the 10000 bytes"):
        list(client(most_bytes=10_000).stream(asking(tools=(TOOL,))))


@pytest.mark.parametrize("told", [{"a": 1}, [1], [{"function": {"name": []}}], [{"function": {"arguments": 7}}], [{}]])
def test_what_is_no_call_is_an_error_of_the_protocol(server, client, told):
    server.otherwise = http({"choices": [{"message": {"content": "a", "tool_calls": told}, "finish_reason": "stop"}]})
    with pytest.raises(ProtocolError):
        client().complete(asking(tools=(TOOL,)))


def test_what_was_said_is_sent_as_the_protocol_has_it(server, client):
    picture = ImageUrl("https://a/b.png", "high")
    talk = (
        Message("user", "Look: ", parts=("Look: ", picture), speaker="ada"),
        Message("assistant", "", tool_calls=(TOLD,)),
        Message("tool", "nothing", tool_call_id="c1"),
    )
    client().complete(asking(messages=talk, tools=(TOOL,), tool_choice="look", parallel_tool_calls=False))
    sent = server.bodies[0]
    assert sent["messages"] == [
        {"role": "user", "name": "ada", "content": [
            {"type": "text", "text": "Look: "},
            {"type": "image_url", "image_url": {"url": "https://a/b.png", "detail": "high"}}]},
        {"role": "assistant", "content": None, "tool_calls": [CALL]},
        {"role": "tool", "content": "nothing", "tool_call_id": "c1"},
    ]  # fmt: skip
    assert (sent["tool_choice"], sent["parallel_tool_calls"]) == (
        {"type": "function", "function": {"name": "look"}}, False,
    )  # fmt: skip
    request = asking(messages=talk, tools=(TOOL,))
    assert pickle.loads(pickle.dumps(request)) == request


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (
            lambda: Message("user", "a", tool_calls=(TOLD,)),
            "`tool_calls` must be an assistant's, but the role",
        ),
        (lambda: Message("tool", "a"), "`tool_call_id` must be given for the role 'tool' alone"),
        (lambda: Message("user", "a", tool_call_id="1"), "`tool_call_id` must be given for the role 'tool' alone"),
        (lambda: Message("system", "a", parts=("a",)), "`parts` must be of a user's message"),
        (lambda: Message("user", "a", parts=("b",)), "whose `content` is their texts"),
        (lambda: ImageUrl("file:///etc/passwd"), "`url` must begin with https://, http://, data:image/"),
        (lambda: ImageUrl("https://a", "medium"), "`detail` must be one of auto, low, high, but is 'medium'"),
        (lambda: Tool("required"), "none of auto, none, required, but is 'required'"),
        (lambda: Tool("a b"), "`name` must be 1 to 64 letters"),
        (lambda: asking(tools=(TOOL, TOOL)), "several of 'look'"),
        (lambda: asking(tools=(TOOL,), tool_choice="lok"), "Did you mean 'look'"),
        (lambda: asking(tool_choice="auto"), "`tool_choice` must be left out where there are no `tools`"),
        (lambda: asking(top_p=1.1), "`top_p` must be a number from 0 to 1, but is 1.1"),
        (lambda: asking(logit_bias={"a": 1}), "must name tokens by their numbers, but names 'a'"),
    ],
)
def test_what_cannot_be_is_refused_by_its_argument(make, words):
    with pytest.raises(InputError) as caught:
        make()
    assert words in str(caught.value)


def test_a_request_without_any_of_it_sends_nothing_of_it(server, client):
    client().complete(Request(model="m-1", messages=(Message("user", "Why?"),)))
    assert server.bodies[0] == {"model": "m-1", "messages": [{"role": "user", "content": "Why?"}]}

"""What is left out of a request: what a refusal says is not understood, nothing else, and not for ever."""

import json

import pytest
from asking import FORM, asking
from scripted_server import answer, refusal

from synqc.llm import LanguageModelError, ModelRefused, PromptTooLong, json_object_in
from synqc.llm.dialect import Dialect, Dialects

FORM_REFUSALS = [
    (400, "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model."),
    (400, "'response_format.type' must be 'json_object' or 'text'"),
    (400, "This response_format type is unavailable now"),
    (422, "body.response_format: Extra inputs are not permitted"),
    (500, 'response_format type must be one of "text" or "json_object", but got: json_schema'),
    (404, "No endpoints found that can handle the requested parameters."),
    (501, "Structured outputs are not implemented."),
    (503, "grammar is not enabled on this server"),
    (422, "Extra inputs are not permitted."),
    (400, "Unrecognized request argument supplied."),
]
SAYS_NOTHING_OF_FORM = [
    (400, "This model's maximum context length is 4096 tokens. However, you requested 7900 tokens."),
    (400, "the request exceeds the available context size (4096 tokens), try to increase it"),
    (413, "prompt is too long: 210000 tokens > 200000 maximum"),
    (400, "With the json_schema of response_format the prompt exceeds the context length of 4096 tokens."),
    (400, "temperature is unsupported where the context length of 4096 tokens is exceeded"),
    (400, "upstream connect error or disconnect/reset before headers"),
    (400, "Bad request"),
    (400, ""),
    (400, "temperature must be in [0, 1]"),
    (400, "max_tokens is too large: 90000. This model supports at most 16384 completion tokens."),
    (422, "body.messages: Field required"),
    (404, "The model `m-1` does not exist or you do not have access to it."),
    (404, "unknown model"),
    (500, "Internal error"),
    (500, "Unexpected error of an unknown kind"),
    (401, "Unknown API key for response_format"),
    (429, "Rate limit reached for json_schema requests"),
]


@pytest.mark.parametrize(("status", "words"), FORM_REFUSALS, ids=lambda value: str(value)[:40])
def test_a_form_that_is_not_understood_is_asked_for_in_a_lower_one(server, client, status, words):
    def answering(body):
        return refusal(status, words) if "json_schema" in str(body.get("response_format")) else answer('{"a": 1}')

    server.otherwise = answering
    completion = client(attempts=3).complete(asking(form=FORM), json_object_in)
    assert (completion.form, completion.spent.calls, server.requests) == ("json_object", 2, 2)
    assert json.dumps(FORM.schema, separators=(",", ":")) in server.bodies[-1]["messages"][0]["content"]


@pytest.mark.parametrize(("status", "words"), SAYS_NOTHING_OF_FORM, ids=lambda value: str(value)[:40])
def test_a_refusal_that_says_nothing_of_the_form_changes_nothing(server, client, status, words):
    server.script.append(refusal(status, words))
    server.otherwise = answer('{"a": 1}')
    models = client()
    request = asking(form=FORM, temperature=1.0, max_tokens=90_000)
    with pytest.raises(ModelRefused) as caught:
        models.complete(request, json_object_in)
    assert (server.requests, caught.value.spent.calls, caught.value.status) == (1, 1, status)
    assert models.complete(request, json_object_in).form == "json_schema"
    assert server.bodies[0] == server.bodies[1]


@pytest.mark.parametrize(
    ("words", "limit"),
    [
        ("This model's maximum context length is 4096 tokens. However, you requested 7900 tokens.", 4096),
        ("the request exceeds the available context size (4096 tokens), try to increase it", 4096),
        ("prompt is too long: 210,000 tokens > 200,000 maximum", None),
        ("input length exceeds the context window", None),
    ],
)
def test_a_conversation_that_is_too_long_is_an_error_of_its_own(server, client, words, limit):
    server.otherwise = refusal(400, words)
    with pytest.raises(PromptTooLong) as caught:
        client().complete(asking())
    assert caught.value.limit == limit
    assert not caught.value.retryable


UNKNOWN = [
    "Unsupported parameter: '{}' is not supported with this model.",
    "Unsupported value: '{}' does not support 0.0 with this model. Only the default (1) value is supported.",
    "Unrecognized request argument supplied: {}",
    "body.{}: Extra inputs are not permitted (type: extra_forbidden)",
    "[{{'type': 'extra_forbidden', 'loc': ('body', '{}'), 'msg': 'Extra inputs are not permitted', 'input': 0.5}}]",
    'unknown field "{}"',
    "{} is not supported by this model",
    "{} is deprecated for this model.",
]
OUT_OF_RANGE = [
    "{} must be in [0, 1]", "{} must be between 0 and 1", "Invalid '{}': decimal above maximum value. Expected <= 1",
    "{} is too large", "`{}` must be strictly positive", "{} 0.5 is not supported, it must be less than 0.4",
    "{}=0.5 is not allowed", "{}: Input should be less than or equal to 0.4", "{} out of range",
    "Unsupported value: {} must be at most 0.4",
]  # fmt: skip


@pytest.mark.parametrize("words", UNKNOWN)
@pytest.mark.parametrize("name", ["temperature", "seed", "max_tokens"])
def test_a_parameter_that_is_not_taken_is_left_out_or_named_otherwise_and_told(server, client, words, name):
    server.otherwise = lambda body: refusal(400, words.format(name)) if name in body else answer()
    models = client()
    request = asking(temperature=0.5, seed=1, max_tokens=7)
    completion = models.complete(request)
    sent = server.bodies[-1]
    assert (name in sent, completion.spent.calls) == (False, 2)
    assert completion.ignored == (() if name == "max_tokens" else (name,))
    assert sent.get("max_completion_tokens") == (7 if name == "max_tokens" else None)
    assert {"temperature", "seed"} - {name} <= set(sent), "the others stay"
    assert models.complete(request).spent.calls == 1, "and it is remembered"


@pytest.mark.parametrize("words", OUT_OF_RANGE)
@pytest.mark.parametrize("name", ["temperature", "seed", "max_tokens"])
def test_a_value_out_of_range_is_the_caller_s_error_and_nobody_else_s(server, client, words, name):
    server.script.append(refusal(400, words.format(name)))
    models = client()
    with pytest.raises(ModelRefused):
        models.complete(asking(temperature=0.5, seed=1, max_tokens=7))
    assert server.requests == 1
    models.complete(asking(temperature=0.2, seed=1, max_tokens=7))
    sent = server.bodies[-1]
    assert (sent["temperature"], sent["seed"], sent["max_tokens"]) == (0.2, 1, 7)


def test_a_schema_at_fault_is_told_in_words_for_this_request_alone(server, client):
    words = (
        "Invalid schema for response_format 'answer': In context=(), 'additionalProperties' is required to be supplied."
    )
    server.script.append(refusal(400, words))
    server.otherwise = answer('{"a": 1}')
    models = client()
    assert models.complete(asking(form=FORM), json_object_in).form == "json_object"
    assert models.complete(asking(form=FORM), json_object_in).form == "json_schema"


def test_what_was_not_taken_is_tried_again_after_an_hour():
    now = [0.0]
    dialects = Dialects(clock=lambda: now[0])
    lower = Dialect(form="json_object")
    assert dialects.learn("m", lower)
    now[0] = 3599.0
    assert dialects.of("m") == lower
    now[0] = 3601.0
    assert dialects.of("m") == Dialect()
    assert dialects.of("another") == Dialect()


def test_a_lower_form_that_fails_too_is_not_remembered(server, client):
    server.script.extend([refusal(400, "json_schema is not supported"), refusal(400, "Bad request")])
    server.otherwise = answer('{"a": 1}')
    models = client()
    with pytest.raises(LanguageModelError) as caught:
        models.complete(asking(form=FORM), json_object_in)
    assert caught.value.spent.calls == 2
    assert models.complete(asking(form=FORM), json_object_in).form == "json_schema"


def test_no_refusal_leads_in_circles(server, client):
    server.otherwise = refusal(
        400, "Unsupported: response_format, stream_options, temperature, seed, max_tokens, max_completion_tokens"
    )
    models = client()
    with pytest.raises(ModelRefused) as caught:
        models.complete(asking(form=FORM, temperature=0.5, seed=1, max_tokens=7), json_object_in)
    assert caught.value.spent.calls == server.requests <= 6

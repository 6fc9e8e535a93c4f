"""The JSON object in an answer, whatever is around it and whatever is wrong with it."""

import random
import time

import pytest

from synqc.llm import json_object_in


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1}',
        ' \n{"a": 1}\n',
        '```json\n{"a": 1}\n```',
        'Here it is:\n```\n{"a": 1}\n```\nEnjoy {it}!',
        'First {} then {"a": 1}.',
        '<think>{"a": 2, "long": "thoughts about braces"}</think>{"a": 1}',
        'Set {x} to: {"a": 1}',
    ],
)
def test_it_is_found(text):
    assert json_object_in(text) == {"a": 1}


@pytest.mark.parametrize(
    "text",
    ["", "no", "[]", "3", "{", '{"a": NaN}', '{"a": Infinity}', '{"a": 1', "{'a': 1}", "{" * 100_000,
     '{"a":' * 100_000, '{"a":' * 50 + "1" + "}" * 50, "x" * 200_001, '{"a": ' + "9" * 5000 + "}"],
    ids=lambda text: text[:12],
)  # fmt: skip
def test_what_is_none_is_refused_with_words(text):
    started = time.perf_counter()
    with pytest.raises(ValueError, match=r"\w"):
        json_object_in(text)
    assert time.perf_counter() - started < 2


def test_random_text_is_an_object_or_a_value_error():
    seed = random.randrange(2**32)
    draw = random.Random(seed)
    for _ in range(3000):
        text = "".join(draw.choices('{}[]":,0123456789.eE+-\\untrfalse `<think>/', k=draw.randrange(60)))
        try:
            found = json_object_in(text)
        except ValueError:
            continue
        assert isinstance(found, dict), (seed, text)

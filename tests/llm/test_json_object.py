"""The JSON object in an answer, whatever is around it and whatever is wrong with it."""

import json
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
    [
        '{"a": 1} is better than {"a": 2}, I think',
        'Better than {"a": 2} is {"a": 1}',
        'Better than {"a": 2} and than {"a": 3} is `{"a": 1}`.',
        '{"a": 2} was first, then\n```json\n{"a": 1}\n```\nand {"a": 3}',
        'Once {"a": 1} and again {"a": 1} or so',
    ],
)
def test_of_several_the_one_between_fences_or_at_one_end_is_meant(text):
    assert json_object_in(text) == {"a": 1}


@pytest.mark.parametrize("text", ['{"a": 1} or {"a": 2}', 'Take {"a": 1} or {"a": 2}, they are alike'])
def test_of_several_at_both_ends_or_at_none_there_is_no_telling(text):
    with pytest.raises(ValueError, match="2 different JSON objects"):
        json_object_in(text)


@pytest.mark.parametrize(
    "text",
    ["", "no", "[]", "3", "{", '{"a": NaN}', '{"a": Infinity}', '{"a": 1', "{'a': 1}", "{" * 100_000,
     '{"a":' * 100_000, '{"a":' * 50 + "1" + "}" * 50, "x" * 200_001, '{"a": ' + "9" * 5000 + "}"],
    ids=lambda text: text[:12],
)  # fmt: skip
def test_what_is_none_is_refused_with_words(text):
    started = time.process_time()
    with pytest.raises(ValueError, match=r"\w"):
        json_object_in(text)
    assert time.process_time() - started < 2


def objects_in(text):
    """Every object that stands somewhere in a text, by the standard library's reader."""
    found = []
    for start, letter in enumerate(text):
        if letter == "{":
            try:
                found.append(json.JSONDecoder().raw_decode(text, start)[0])
            except ValueError:
                continue
    return found


def test_what_random_text_gives_stands_in_it_and_what_gives_nothing_is_a_value_error(seed):
    draw = random.Random(seed)
    found = 0
    for _ in range(3000):
        text = "".join(draw.choices('{}[]":,0123456789.eE+-\\untrfalse `<think>/', k=draw.randrange(60)))
        if draw.random() < 0.3:
            text = text[:30] + draw.choice(('{"a": 1}', '{"b": [{}, null]}', "{}", '{"a": {"c": 0.5}}')) + text[30:]
        try:
            value = json_object_in(text)
        except ValueError:
            continue
        found += 1
        assert value in objects_in(text), (seed, text)
    assert found > 100, seed

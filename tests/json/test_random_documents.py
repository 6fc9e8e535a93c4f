"""Held against the standard library on documents nobody thought of."""

import json as standard
import random
import struct

import pytest
from corpus import ACCEPTED, REFUSED
from hypothesis import given, settings
from hypothesis import strategies as st

from synqc import json
from synqc.errors import DocumentError, InputError

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.text('"\\/\b\n\x00aé日😀\x7f')
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner), max_leaves=40
)


@settings(max_examples=300, deadline=None)
@given(VALUES)
def test_what_is_written_is_what_the_standard_library_writes_and_reads_back(value):
    text = standard.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    assert json.dumps(value) == text
    assert json.canonical(value, stdlib=True) == standard.dumps(value, sort_keys=True).encode()
    assert (
        json.dumps(value, indent=3, sort_keys=True)
        == standard.dumps(value, ensure_ascii=False, indent=3, sort_keys=True).encode()
    )
    for form in (text, standard.dumps(value), standard.dumps(value, indent=1)):
        assert json.loads(form) == standard.loads(form)


@settings(max_examples=300, deadline=None)
@given(st.text('[]{}:,"\\ \n\tnulltruefalse0123456789.-+eEu\x00é😀', max_size=30))
def test_what_looks_like_json_is_judged_as_the_standard_library_judges_it(text):
    assert outcome(json.loads, text) == outcome(strict, text)


def strict(text):
    def refuse(word):
        raise ValueError(word)

    return standard.loads(text, parse_constant=refuse)


def outcome(read, text):
    try:
        return "read", repr(read(text))
    except (ValueError, RecursionError):
        return "refused", None


@pytest.mark.parametrize("turn", range(4))
def test_damaged_documents_are_judged_as_the_standard_library_judges_them(turn, seed):
    draw = random.Random(seed)
    pieces = [
        *'[]{}:,"\\',
        "null",
        "1",
        "-",
        "0",
        ".",
        "e",
        "\\u",
        "d800",
        " ",
        "\n",
        "\x00",
        "é",
        "😀",
        "NaN",
        "\ufeff",
    ]
    texts = [text for text in ACCEPTED + REFUSED if 0 < len(text) < 60]
    for _ in range(3000):
        letters = list(
            draw.choice(texts) if draw.random() < 0.5 else f'{{"a":{draw.choice(texts)},"b":[{draw.choice(texts)}]}}'
        )
        for _ in range(draw.randint(0, 3)):
            place = draw.randint(0, len(letters))
            kind = draw.random()
            if kind < 0.4:
                letters[place:place] = [draw.choice(pieces)]
            elif kind < 0.8:
                del letters[place : place + draw.randint(1, 3)]
            else:
                letters[place : place + 1] = [draw.choice(pieces)]
        text = "".join(letters)
        expected = outcome(strict, text)
        assert outcome(json.loads, text) == expected, f"seed {seed}: {text!r}"
        if text.isascii() or not text.startswith("\ufeff"):
            assert outcome(json.loads, text.encode()) == expected, f"seed {seed}: {text!r} in bytes"
        if expected[0] == "refused":
            with pytest.raises(DocumentError):
                json.loads(text, arrays="numpy")
        else:
            plain = standard.dumps(json.loads(text), sort_keys=True).encode()
            assert json.canonical(json.loads(text), stdlib=True) == plain, f"seed {seed}: {text!r}"


def test_random_bits_as_numbers_survive(seed):
    draw = random.Random(seed)
    for _ in range(20_000):
        number = struct.unpack("d", struct.pack("Q", draw.getrandbits(64)))[0]
        if number != number or number in (float("inf"), -float("inf")):
            with pytest.raises(InputError):
                json.dumps(number)
            continue
        assert json.dumps(number) == repr(number).encode(), f"seed {seed}"
        digits = f"{draw.getrandbits(80)}.{draw.getrandbits(draw.randint(1, 90))}e{draw.randint(-340, 300)}"
        assert json.loads(digits) == float(digits), f"seed {seed}: {digits}"
        assert json.loads(repr(number)) == number, f"seed {seed}"

"""`canonical(obj, rfc8785=True)` is the JSON Canonicalization Scheme of RFC 8785."""

import enum
import itertools
import json as standard
import random
import struct

import numpy as np
import pytest

from synqc import json
from synqc.errors import InputError


def canonical(obj):
    return json.canonical(obj, rfc8785=True)


# The documents of the RFC and of its author's test data, with the text each has.
VECTORS = {
    "arrays": ([56, {"d": True, "10": None, "1": []}], '[56,{"1":[],"10":null,"d":true}]'),
    "french": (
        {"peach": "order", "péché": "is wrong", "pêche": "in French", "sin": "locale"},
        '{"peach":"order","péché":"is wrong","pêche":"in French","sin":"locale"}',
    ),
    "structures": (
        {"1": {"f": {"f": "hi", "F": 5}, "\n": 56.0}, "10": {}, "": "no", "a": {}, "111": [{"e": 1, "E": 2}], "A": {}},
        '{"":"no","1":{"\\n":56,"f":{"F":5,"f":"hi"}},"10":{},"111":[{"E":2,"e":1}],"A":{},"a":{}}',
    ),
    "unicode": ({"Unnormalized Unicode": "A\u030a"}, '{"Unnormalized Unicode":"A\u030a"}'),
    "values": (
        {
            "numbers": [333333333.33333329, 1e30, 4.50, 2e-3, 0.000000000000000000000000001],
            "string": "\u20ac$\u000f\nA'B\"\\\\\"/",
            "literals": [None, True, False],
        },
        '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    ),
    "weird": (
        {"\u20ac": "e", "\r": "return", "\ufb33": "dalet", "1": "one", "\U0001f600": "smile", "\u0080": "c", "ö": "o"},
        '{"\\r":"return","1":"one","\u0080":"c","ö":"o","€":"e","\U0001f600":"smile","\ufb33":"dalet"}',
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", VECTORS)
def test_the_documents_of_the_rfc_have_their_text(name):
    document, text = VECTORS[name]
    assert canonical(document) == text.encode()
    assert canonical(json.loads(text)) == text.encode()


def test_numbers_are_those_of_ecmascript():
    numbers = [
        0.0,
        -0.0,
        1.0,
        1,
        -1.5,
        1e16,
        1e20,
        1e21,
        123456789012345680.0,
        1e-6,
        1e-7,
        5e-324,
        1.7976931348623157e308,
    ]
    text = (
        "[0,0,1,1,-1.5,10000000000000000,100000000000000000000,1e+21,123456789012345680,0.000001,1e-7,5e-324,"
        "1.7976931348623157e+308]"
    )
    assert canonical(numbers) == text.encode()
    assert canonical(np.array(numbers)) == text.encode()
    assert canonical(np.array([[1.0, 0.5]], ">f4")) == b"[[1,0.5]]"


def test_equal_numbers_of_any_type_have_one_text():
    class Level(enum.IntEnum):
        LOW = 7

    class Never(int):
        def __eq__(self, other):
            return False

        __hash__ = int.__hash__

    assert {canonical(value) for value in (7, 7.0, Level.LOW, Never(7), np.int8(7), np.float32(7), np.uint64(7))} == {
        b"7"
    }


def test_integers_are_doubles_or_refused():
    for number in (2**53, -(2**53), 2**60, 10**22, 2**1023, -(2**70)):
        assert float(canonical(number)) == number
    for number in (2**53 + 1, -(2**53) - 1, 2**63 - 1, 10**23, 2**1024, -(10**400), 10**5000):
        with pytest.raises(InputError, match=r"a double holds exactly, but has one that it rounds \(at \$\.a\[1\]\)"):
            canonical({"a": [0, number]})


def utf16(key):
    return key.encode("utf-16-be")


def test_members_are_in_the_order_of_utf16_units(seed):
    draw = random.Random(seed)
    letters = "\x00a~\x7fé\ud7ff\ue000\uffff\U00010000\U0001f600\U0010ffff"
    for _ in range(200):
        keys = {"".join(draw.choices(letters, k=draw.randint(0, 4))) for _ in range(draw.randint(0, 12))}
        members = dict.fromkeys(draw.sample(sorted(keys), len(keys)), 1)
        assert list(standard.loads(canonical(members))) == sorted(keys, key=utf16), f"seed {seed}"


def test_text_has_no_blanks_and_only_the_escapes_it_needs():
    controls = "".join(map(chr, range(32))) + '"\\/\x7f\x80\u2028😀'
    escapes = {8: "\\b", 9: "\\t", 10: "\\n", 12: "\\f", 13: "\\r"}
    text = "".join(escapes.get(code, f"\\u{code:04x}") for code in range(32)) + '\\"\\\\/\x7f\x80\u2028😀'
    assert canonical({"a": controls, "b": [1, 2]}) == f'{{"a":"{text}","b":[1,2]}}'.encode()


def test_random_numbers_read_back_as_the_same_double(seed):
    draw = random.Random(seed)
    for bits in itertools.islice(iter(lambda: draw.getrandbits(64), None), 20_000):
        (number,) = struct.unpack("d", struct.pack("Q", bits))
        if abs(number) < float("inf"):
            assert float(canonical(number)) == number, f"seed {seed}"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"a": ["\ud800"]}, "have no lone surrogates in its texts, but has one (at $.a[0])."),
        ({"a": {"\udc00": 1}}, "have no lone surrogates in its texts, but has one (at $.a)."),
        ({"a": "x\udfff"}, "have no lone surrogates in its texts, but has one (at $.a)."),
        ([float("nan")], "be finite everywhere, but is nan (at $[0])."),
        (np.array([1.0, np.inf]), "be finite everywhere, but is inf (at $[1])."),
        ({1: 2}, "have only str as keys, but has the key 1 (at $)."),
        ({"k": {1}}, "hold only what JSON has a form for, but holds an object of type set (at $.k)."),
    ],
)  # fmt: skip
def test_what_has_no_canonical_form_is_refused_with_its_place(value, words):
    with pytest.raises(InputError) as refusal:
        canonical(value)
    assert str(refusal.value) == f"Argument `obj` must {words}"


def test_a_key_that_a_mapping_names_twice_is_refused():
    class Twice(dict):
        def items(self):
            return [("b", 1), ("a", 2), ("b", 3)]

    with pytest.raises(InputError, match=r"must have each key once, but has several 'b' \(at \$\)"):
        canonical(Twice(a=1))


def test_one_form_is_asked_for_at_a_time():
    with pytest.raises(InputError, match="Argument `rfc8785` must be False beside stdlib=True"):
        json.canonical(1, stdlib=True, rfc8785=True)
    assert json.canonical(1.0, rfc8785=False) == b"1.0"

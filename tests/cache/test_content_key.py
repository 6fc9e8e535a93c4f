"""Keys are the same everywhere, and different requests have different ones."""

import enum
import hashlib
import math
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synqc.cache._content import content_key, sha256_hex
from synqc.errors import InputError

GOLDEN = [
    (("greeting", {"name": "Ada"}), {"parameters": {"temperature": 0.0}}),
    (("k", None), {}),
    (("k", [1, 1.0, True, "1", b"1", 1j, 2**70, -(2**70), "\ud800"]), {"namespace": "tenant", "version": "2026-1"}),
    (("k", {"b": [], "a": {}, 1: (), "": None}), {"parameters": {}}),
    (("k", "long" * 5000), {}),
    (("k", np.arange(6, dtype="<f8").reshape(2, 3)), {}),
    (("k", np.int8(3)), {}),
]
GOLDEN_KEYS = [
    "491ec11157ab12ab53efea8f8a9dafebc87845cf17547d97fc83db25d0237905",
    "19464248ce4e78b64d7c7ac02746c8f5ffa217c64b36c1eebdb6e5bdd9143075",
    "b424a4175a467d8f495d8dcc4a0f25a76761dc8256e9c12ac8068441ae67f9d4",
    "4c60f63c8502ecaca849cc668b2d0ddcd53efa299b3d440e3f4293cc1af09a02",
    "2fda2edfa5ac821cfb705acde66dc07771fc077561d4a277cd645cd818f377f9",
    "2f1021094c65591c3c7400cb934d380e8fb4064cb62d30b63550d543218fba75",
    "2e7027e5ca4f78cf03481aa9d8c3474f1bf64dc65bf4beaa5b768f1ad73c318a",
]


class Colour(enum.IntEnum):
    RED = 1


def key(content, **options):
    return content_key("k", content, **options)


@pytest.mark.parametrize(("request_", "expected"), list(zip(GOLDEN, GOLDEN_KEYS, strict=True)))
def test_keys_never_change(request_, expected):
    arguments, options = request_
    assert content_key(*arguments, **options) == expected


def test_another_process_makes_the_same_key():
    program = "from synqc.cache._content import content_key; print(content_key('k', {'b': 1.5, 'a': ['x', None]}))"
    for seed in ("0", "1"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        answer = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment
        )
        assert answer.stdout.strip() == key({"a": ("x", None), "b": 1.5})


DIFFERENT = [
    1, 1.0, True, "1", b"1", 1 + 0j, np.int64(1), np.int32(1), np.array(1), [1], [[1]], {"1": 1}, {1: 1}, {1: 1.0},
    0, 0.0, -0.0, False, None, "", b"", [], {}, [None], "None", math.nan, math.inf, 5e-324,
    0.1, 0.1 + 2**-56, float(np.float32(0.1)), np.float32(0.1), 2**63, 2**64, -(2**63) - 1, "a\0b", "a", ["a",
    "b"], ["ab"],
    {"a": "b"}, ["a", ["b"]], [["a"], "b"], np.zeros(2), np.zeros((2, 1)), np.zeros((1, 2)), np.zeros(2,
    ">f8"), np.zeros(2, "f4"),
    np.array(["a"]), np.array([b"a"]), np.array("2020", "M8[D]"), np.array("2020", "M8[s]"), "x" * 4096,
    "x" * 4097, b"x" * 4097,
    np.frombuffer(b"x" * 4097, "u1"), "\ud800", [{}], [[], []], [[[]]], {"a": {}}, {"a": []}, {"a": None},
]  # fmt: skip


def test_different_contents_have_different_keys():
    keys = {}
    for content in DIFFERENT:
        found = key(content)
        assert found not in keys, f"{content!r} and {keys.get(found)!r} share a key"
        keys[found] = content


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ((1, [2]), [1, (2,)]),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        (b"x", bytearray(b"x")),
        (Colour.RED, 1),
        (np.float64(2.5), 2.5),
        (math.nan, -math.nan),
        (np.arange(6).reshape(2, 3), np.asfortranarray(np.arange(6).reshape(2, 3))),
        (np.arange(10)[::2], np.array([0, 2, 4, 6, 8])),
    ],
)
def test_contents_documented_as_equal_share_a_key(one, other):
    assert key(one) == key(other)


def test_every_part_counts():
    parts = [
        content_key("ab", "c"), content_key("a", "bc"), content_key("a", "c", namespace="b"), content_key("a", "c"),
        content_key("a", "c", parameters={}), content_key("a", "c", parameters={"b": None}), content_key("a",
        "c", version=2),
        content_key("a", "c", version="1"), content_key("a", {"c": 1}), content_key("a", None, parameters={"c": 1}),
    ]  # fmt: skip
    assert len(set(parts)) == len(parts)


plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=5)
    | st.binary(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


def typed(value):
    """A form in which == also sees types and the sign of zero."""
    if isinstance(value, list):
        return ("list", tuple(map(typed, value)))
    if isinstance(value, dict):
        return ("dict", frozenset((name, typed(inner)) for name, inner in value.items()))
    return (type(value).__name__, repr(value))


@given(plain, plain)
def test_keys_are_equal_exactly_if_contents_are(one, other):
    assert (key(one) == key(other)) == (typed(one) == typed(other))


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ({1, 2}, "a set at $."),
        ({"a": [0, frozenset()]}, "a frozenset at $.a[1]."),
        ({"a b": object()}, "a object at $['a b']."),
        ([np.array([object()])], "dtype object at $[0]."),
        ({"t": np.zeros(1, "i4,f8")}, "at $.t."),
    ],
)
def test_what_has_no_fixed_bytes_is_refused_with_its_path(content, place):
    with pytest.raises(InputError, match="Argument `content` must hold only") as refusal:
        key(content)
    assert str(refusal.value).endswith(place)


def test_a_refused_parameter_is_named():
    with pytest.raises(InputError, match=r"`parameters` .* at \$\.stop"):
        content_key("k", 1, parameters={"stop": {"a"}})


def test_cycles_and_endless_depth_are_refused():
    cycle = []
    cycle.append(cycle)
    with pytest.raises(InputError, match="nested at most 500"):
        key(cycle)


def test_large_contents_are_hashed():
    array = np.random.default_rng(1).normal(size=300_000)
    changed = array.copy()
    changed[-1] = np.nextafter(changed[-1], 10)
    assert key(array) == key(array.copy()) != key(changed)
    assert key("x" * 10_000_000) != key("x" * 9_999_999 + "y")


def test_sha256_is_the_published_one():
    data = b"canonical text"
    assert sha256_hex(data) == sha256_hex(memoryview(data)) == hashlib.sha256(data).hexdigest()

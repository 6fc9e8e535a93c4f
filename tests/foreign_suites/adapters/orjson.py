"""orjson on top of `synqc.json`."""

import json
import sys

import pytest
from sources import SourceDistribution
from standard_refusal import standard_refusal
from suite import counted

import synqc.json
from synqc.errors import DocumentError, InputError

SOURCE = SourceDistribution(
    "orjson", "3.13.0", "d1de5eb04485110c5da4c657e49168995d55e076b1ce60f1a042e254f4186c4f", compiling_backend="maturin"
)
TESTS = ["test"]

__version__ = SOURCE.version

OPT_INDENT_2 = 1 << 0
OPT_NAIVE_UTC = 1 << 1
OPT_NON_STR_KEYS = 1 << 2
OPT_OMIT_MICROSECONDS = 1 << 3
OPT_SERIALIZE_NUMPY = 1 << 4
OPT_SORT_KEYS = 1 << 5
OPT_STRICT_INTEGER = 1 << 6
OPT_UTC_Z = 1 << 7
OPT_PASSTHROUGH_SUBCLASS = 1 << 8
OPT_PASSTHROUGH_DATETIME = 1 << 9
OPT_APPEND_NEWLINE = 1 << 10
OPT_PASSTHROUGH_DATACLASS = 1 << 11
OPT_SERIALIZE_DATACLASS = 0
OPT_SERIALIZE_UUID = 0

_NOT_OFFERED = {
    OPT_NAIVE_UTC: "OPT_NAIVE_UTC: times without a zone have none",
    OPT_OMIT_MICROSECONDS: "OPT_OMIT_MICROSECONDS: times are written as isoformat() writes them",
    OPT_UTC_Z: "OPT_UTC_Z: times are written as isoformat() writes them",
    OPT_STRICT_INTEGER: "OPT_STRICT_INTEGER: integers have any length",
    OPT_PASSTHROUGH_SUBCLASS: "OPT_PASSTHROUGH_SUBCLASS: subclasses are what they extend",
    OPT_PASSTHROUGH_DATETIME: "OPT_PASSTHROUGH_DATETIME: times have their form",
    OPT_PASSTHROUGH_DATACLASS: "OPT_PASSTHROUGH_DATACLASS: dataclasses have their form",
    OPT_APPEND_NEWLINE: "OPT_APPEND_NEWLINE: a document ends with its last letter",
}  # fmt: skip
_KNOWN = (OPT_PASSTHROUGH_DATACLASS << 1) - 1


class JSONDecodeError(json.JSONDecodeError):
    """orjson's, which is the standard library's."""


class JSONEncodeError(TypeError):
    """orjson's."""


class Fragment:
    """Text that is JSON already."""

    def __init__(self, *args, **kwargs):
        pytest.skip("Fragment: no door takes text that is JSON already")


@counted
def dumps(obj, /, default=None, option=None):
    if (option is not None and type(option) is not int) or (option or 0) & ~_KNOWN:
        pytest.skip("orjson's check of its options")
    option = option or 0
    for flag, reason in _NOT_OFFERED.items():
        if option & flag:
            pytest.skip(reason)
    indent = 2 if option & OPT_INDENT_2 else None
    try:
        return synqc.json.dumps(obj, default=default, indent=indent, sort_keys=bool(option & OPT_SORT_KEYS))
    except InputError as refusal:
        raise JSONEncodeError(str(refusal)) from refusal.__cause__
    except Exception as error:  # of `default`, which our door lets through and orjson wraps
        raise JSONEncodeError("Type is not JSON serializable") from error


@counted
def loads(document, /):
    try:
        return synqc.json.loads(document)
    except (DocumentError, InputError) as refusal:
        raise standard_refusal(refusal, document, JSONDecodeError) from refusal


def take_the_place():
    """Everybody who imports orjson gets this module; what may or may not be installed beside it is not there."""
    sys.modules["orjson"] = sys.modules[__name__]
    dumps.__module__ = loads.__module__ = "orjson"
    for name in ("pandas", "psutil", "pytz", "faker", "pendulum", "arrow", "dateutil"):
        sys.modules[name] = None

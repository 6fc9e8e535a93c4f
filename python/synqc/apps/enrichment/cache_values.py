"""Values of `perf_cache.db` as text, each with the kind that says how it is read."""

from __future__ import annotations

import base64
import json
from typing import Any, Final, NamedTuple

from synqc import json as fast_json
from synqc.errors import InputError

__all__ = ["Encoded", "is_exact"]

_STR: Final = "str"
_BYTES: Final = "bytes"
_JSON: Final = "json"


class Encoded(NamedTuple):
    """A value as a row holds it.

    Args:
        kind: "str", "bytes" or "json"; None: of a row of old, whose text is JSON if it can be read as JSON.
        text: Stored text of the value.

    Examples:
        >>> Encoded.of("123").value(), Encoded(None, "123").value()
        ('123', 123)
    """

    kind: str | None
    text: str

    @classmethod
    def of(cls, value: Any) -> Encoded:
        """TypeError or ValueError: the value has no JSON text."""
        if type(value) is str and _is_unicode(value):
            return cls(_STR, value)
        if isinstance(value, bytes):
            return cls(_BYTES, base64.b64encode(value).decode())
        return cls(_JSON, json.dumps(value))

    def value(self) -> Any:
        """A value of its own for each who asks; ValueError: the text is damaged."""
        if self.kind == _STR:
            return self.text
        if self.kind == _JSON:
            try:
                return fast_json.loads(self.text)
            except InputError:  # NaN, or half a surrogate pair, which Python writes all the same
                return json.loads(self.text)
        if self.kind == _BYTES:
            return base64.b64decode(self.text, validate=True)
        if self.kind is None:
            try:
                return json.loads(self.text)
            except ValueError:
                return self.text
        raise ValueError(f"Kind {self.kind!r} of a value is not known.")


def _is_unicode(text: str) -> bool:
    """Whether SQLite can hold a text as it is: not one with half a surrogate pair, which JSON writes as an escape."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def is_exact(value: Any) -> bool:
    """Whether a value comes back as it was: texts, numbers, lists and dicts of them, and bytes; not tuples or objects.

    >>> is_exact({"a": [1, "b", None]}), is_exact((1, 2)), is_exact({1: "a"})
    (True, False, False)
    """
    return type(value) is bytes or _is_exact_json(value)


def _is_exact_json(value: Any) -> bool:
    kind = type(value)
    if kind is list:
        return all(_is_exact_json(one) for one in value)
    if kind is dict:
        return all(type(name) is str and _is_exact_json(one) for name, one in value.items())
    return kind in (str, int, float, bool, type(None))

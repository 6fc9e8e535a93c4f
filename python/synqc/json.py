"""JSON in and out, at the speed of the core.

Examples:
    >>> from synqc import json
    >>> json.dumps({"figure": 0.1, "shots": [1, 2, None]})
    b'{"figure":0.1,"shots":[1,2,null]}'
    >>> json.loads('{"figure": 0.1, "shots": [1, 2, null]}')
    {'figure': 0.1, 'shots': [1, 2, None]}
    >>> json.loads("[[1, 2.5], [3, 4]]", arrays="numpy")
    array([[1. , 2.5],
           [3. , 4. ]])
    >>> json.loads('{"drives": [{"edges": [1, 2 3]}]}')
    Traceback (most recent call last):
    synqc.errors.DocumentError: Document must have `,` or `]` after a value, but has `3` (line 1, column 29, at $.drives[0].edges[1])
    >>> json.dumps({"drives": [1.0, float("nan")]})
    Traceback (most recent call last):
    synqc.errors.InputError: Argument `obj` must be finite everywhere, but is nan (at $.drives[1]).
    >>> json.canonical({"b": 1, "a": 0.5})
    b'{"a":0.5,"b":1}'
    >>> json.canonical({"b": 1, "a": "é"}, stdlib=True)
    b'{"a": "\\\\u00e9", "b": 1}'
    >>> json.canonical({"b": 1.0, "a": 1e21}, rfc8785=True)
    b'{"a":1e+21,"b":1}'
"""  # noqa: E501

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import IO, TYPE_CHECKING, Any, Literal

from synqc.errors import DocumentError

__all__ = ["canonical", "dump", "dump_lines", "dumps", "load", "load_lines", "loads"]

if TYPE_CHECKING:

    def dumps(
        obj: object,
        default: Callable[[Any], Any] | None = None,
        *,
        indent: int | None = None,
        sort_keys: bool = False,
    ) -> bytes:
        """Write objects as JSON in UTF-8: the text of the standard library without blanks and with letters as they are.

        Args:
            obj: dict, list, tuple, str, int of any size, float, bool or None, also of a subclass; datetime, date and
                time (as `isoformat` writes them: RFC 3339 where the offset is of whole minutes); Enum (its value);
                dataclass and pydantic model (their fields); UUID and Path (their text); NumPy scalars, and arrays of
                booleans, integers or floats. A float is its shortest text that reads back as the same number. Keys that
                are int, float, bool or None become text, as in the standard library. A lone surrogate becomes its
                escape.
            default: Called with an object of any other type; what it returns is written instead.
            indent: Blanks per level, 0 to 64; None writes one line without any.
            sort_keys: Members in the order of their keys.

        Raises:
            InputError: Something has no form in JSON, NaN and infinities among them, or is more than 1024 levels deep,
                which what holds itself always is; the message ends with its path.
        """

    def loads(data: str | bytes | bytearray | memoryview, *, arrays: Literal["numpy"] | None = None) -> Any:
        """Read one JSON document.

        Every valid document gives what the standard library gives: of members with one key the last wins, 1e400 is
        infinite, an escaped lone surrogate stays one. NaN and Infinity are refused, as they are no JSON.

        Args:
            data: str, or UTF-8 in bytes, bytearray or any contiguous memory; a byte order mark is skipped.
            arrays: "numpy" returns rectangular lists of numbers, nested ones too, as arrays: int64 if all are integers
                of at most 64 bits, else float64. Other lists, and empty ones, stay lists.

        Raises:
            DocumentError: It is no JSON, is more than 1024 levels deep or has an integer of more digits than
                `sys.get_int_max_str_digits()`; the message says what should stand where, with line, column and path.
        """

    def canonical(obj: object, *, stdlib: bool = False, rfc8785: bool = False) -> bytes:
        """Write objects as the one text that stands for their value, to be hashed.

        Members are sorted by the code points of their keys, there are no blanks, numbers have their shortest form;
        1 and 1.0 differ. Types are those of `dumps`, but a key must be str: otherwise 1 and "1" would be one key.

        Args:
            obj: What to write.
            stdlib: Give exactly `json.dumps(obj, sort_keys=True).encode()` of the standard library instead, NaN, blanks
                and escapes included, for the types it knows.
            rfc8785: Give the text of the JSON Canonicalization Scheme instead: members by the UTF-16 units of their
                keys, numbers as ECMAScript writes them, so that 1 and 1.0 are one and -0.0 is 0.

        Raises:
            InputError: As for `dumps`; with `rfc8785`, also for a lone surrogate, an integer that no double holds, and
                a key that a mapping names twice.
        """
else:
    from synqc._core import json_canonical as canonical
    from synqc._core import json_dumps as dumps
    from synqc._core import json_loads as loads


def dump(obj: object, file: IO[Any], default: Callable[[Any], Any] | None = None, **form: Any) -> None:
    """Write objects as JSON into an open file, of text or of bytes.

    Args:
        obj: As for `dumps`.
        file: Opened for writing.
        default: As for `dumps`.
        form: `indent` and `sort_keys`, as for `dumps`.

    Raises:
        InputError: Something has no form in JSON; nothing is written then.

    Examples:
        >>> import io
        >>> file = io.StringIO()
        >>> dump({"shots": [1, 2]}, file)
        >>> file.getvalue()
        '{"shots":[1,2]}'
    """
    _write(file, dumps(obj, default, **form))


def load(file: IO[Any], *, arrays: Literal["numpy"] | None = None) -> Any:
    """Read the JSON document of an open file, of text or of bytes.

    Args:
        file: Opened for reading.
        arrays: As for `loads`.

    Raises:
        DocumentError: It is no JSON.

    Examples:
        >>> import io
        >>> load(io.BytesIO(b'{"shots": [1, 2]}'))
        {'shots': [1, 2]}
    """
    return loads(file.read(), arrays=arrays)


def dump_lines(rows: Iterable[object], file: IO[Any], default: Callable[[Any], Any] | None = None) -> int:
    """Write JSON lines into an open file: a document a line, as they come.

    Args:
        rows: Any number of objects; none is kept.
        file: Opened for writing, of text or of bytes.
        default: As for `dumps`.

    Returns:
        How many were written.

    Raises:
        InputError: A row has no form in JSON; those before it are written.

    Examples:
        >>> import io
        >>> file = io.BytesIO()
        >>> dump_lines([{"shot": 1}, {"shot": 2}], file)
        2
        >>> file.getvalue()
        b'{"shot":1}\\n{"shot":2}\\n'
    """
    count = 0
    for row in rows:
        _write(file, dumps(row, default) + b"\n")
        count += 1
    return count


def load_lines(file: Iterable[str | bytes], *, arrays: Literal["numpy"] | None = None) -> Iterator[Any]:
    """Read JSON lines, one at a time; empty lines are passed over.

    Args:
        file: An open file, or anything that gives lines.
        arrays: As for `loads`.

    Raises:
        DocumentError: A line is no JSON; the message begins with its number.

    Examples:
        >>> list(load_lines(['{"shot": 1}', "", '{"shot": 2}']))
        [{'shot': 1}, {'shot': 2}]
    """
    for number, line in enumerate(file, start=1):
        if not line.strip():
            continue
        try:
            yield loads(line, arrays=arrays)
        except DocumentError as error:
            raise DocumentError(f"Line {number}: {error}") from error


def _write(file: IO[Any], text: bytes) -> None:
    """Into a file of text, which has an encoding, or of bytes."""
    file.write(text.decode() if hasattr(file, "encoding") else text)

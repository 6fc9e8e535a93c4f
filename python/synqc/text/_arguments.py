"""Arguments that several doors of this room share."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, Final

from synqc.errors import Cancelled, InputError

__all__ = ["MOST_THREADS", "chunks_of", "number_between", "raise_if_stopped", "text_of", "whole_number"]

MOST_THREADS: Final = 1024

_ROWS_PER_CHUNK = 16_384  # handed to the core together
_LETTERS_PER_CHUNK = 2**24


def whole_number(name: str, value: Any, *, least: int, most: int) -> int:
    """The value as an int between two limits; InputError with the argument's name for anything else."""
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise InputError(f"Argument `{name}` must be a whole number, but is {value!r}.")
    number = int(value.__index__())
    if not least <= number <= most:
        raise InputError(f"Argument `{name}` must be between {least} and {most}, but is {number}.")
    return number


def number_between(name: str, value: Any, least: float, most: float) -> float:
    """The value as a float between two limits; InputError with the argument's name for anything else."""
    if isinstance(value, bool) or not hasattr(value, "__float__"):
        raise InputError(f"Argument `{name}` must be a number, but is {value!r}.")
    number = float(value)
    if math.isnan(number) or not least <= number <= most:
        raise InputError(f"Argument `{name}` must be between {least} and {most}, but is {number}.")
    return number


def text_of(name: str, row: Any, key: str | None) -> str:
    """The text of a row: itself, or what a mapping has under `key`.

    Raises:
        InputError: It is no str, or no mapping, or has nothing under that key.
    """
    if key is None:
        if not isinstance(row, str):
            hint = " (name the text's `key`)" if isinstance(row, Mapping) else ""
            raise InputError(f"Argument `{name}` must hold str, but holds {type(row).__name__}{hint}.")
        return row
    if not isinstance(row, Mapping):
        raise InputError(f"Argument `{name}` must hold mappings with {key!r}, but holds {type(row).__name__}.")
    if key not in row:
        raise InputError(f"Argument `{name}` must hold mappings with {key!r}, but one has {', '.join(map(repr, row))}.")
    text = row[key]
    if not isinstance(text, str):
        raise InputError(f"Argument `{name}` must hold str under {key!r}, but holds {type(text).__name__}.")
    return text


def chunks_of(name: str, rows: Iterable[Any], key: str | None) -> Iterator[tuple[list[Any], list[str]]]:
    """Rows and their texts, so many together that a call of the core is worth it."""
    if isinstance(rows, (str, bytes, Mapping)) or not isinstance(rows, Iterable):
        raise InputError(f"Argument `{name}` must be an iterable of rows, but is {type(rows).__name__}.")
    pending = iter(rows)
    while True:
        chunk: list[Any] = []
        texts: list[str] = []
        letters = 0
        for row in islice(pending, _ROWS_PER_CHUNK):
            chunk.append(row)
            texts.append(text_of(name, row, key))
            letters += len(texts[-1])
            if letters >= _LETTERS_PER_CHUNK:
                break
        if not chunk:
            return
        yield chunk, texts


def raise_if_stopped(answered: int, asked: int, interrupted: bool, words: str) -> None:
    """Raises KeyboardInterrupt after Ctrl-C, Cancelled after a stop, unless everything is answered all the same."""
    if interrupted:
        raise KeyboardInterrupt
    if answered < asked:
        raise Cancelled(words)

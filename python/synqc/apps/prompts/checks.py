"""Checks of arguments, each with one sentence that says what must be and what was."""

from __future__ import annotations

import math
from collections.abc import Sequence

from synqc.errors import InputError

__all__ = ["check_flag", "check_number", "check_text", "check_texts", "check_whole", "check_word"]


def check_whole(name: str, value: object, least: int, most: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise InputError(f"Argument `{name}` must be a whole number from {least} to {most}, but is {value!r:.80}.")


def check_number(name: str, value: object, least: float, most: float) -> None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if not is_number or not least <= value <= most:  # type: ignore[operator]
        raise InputError(f"Argument `{name}` must be a number from {least:g} to {most:g}, but is {value!r:.80}.")


def check_flag(name: str, value: object) -> None:
    if not isinstance(value, bool):
        raise InputError(f"Argument `{name}` must be true or false, but is {value!r:.80}.")


def check_word(name: str, value: object, known: Sequence[str]) -> None:
    if value not in known:
        raise InputError(f"Argument `{name}` must be one of {', '.join(known)}, but is {value!r:.80}.")


def check_text(name: str, value: object, least: int, most: int) -> None:
    if not isinstance(value, str) or not least <= len(value) <= most or "\0" in value or not _is_sayable(value):
        raise InputError(
            f"Argument `{name}` must be a text of {least} to {most} characters without NUL, but is {value!r:.80}."
        )
    if least and not value.strip():
        raise InputError(f"Argument `{name}` must be a text that says something, but is blank.")


def check_texts(name: str, value: object) -> None:
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise InputError(f"Argument `{name}` must be a list of texts, but is {value!r:.80}.")
    for one in value:
        check_text(name, one, 1, 1_000_000)


def _is_sayable(text: str) -> bool:
    """Whether databases and files can hold it: a lone surrogate is no character."""
    return not any("\ud800" <= letter <= "\udfff" for letter in text)

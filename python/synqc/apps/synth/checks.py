"""Checks of options, in one form of sentence."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable
from typing import Any

from synqc.apps.synth.errors import ValidationError

__all__ = ["check_choice", "check_flag", "check_number", "check_text", "check_whole", "names_in"]


def check_whole(name: str, value: Any, least: int, most: int) -> None:
    """Raises ValidationError unless an option is a whole number of a range."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise ValidationError(
            f"Option `{name}` must be a whole number from {least} to {most}, but is {value!r:.80}.", {"option": name}
        )


def check_number(name: str, value: Any, least: float, most: float = math.inf) -> None:
    """Raises ValidationError unless an option is a finite number of a range."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    if not is_number or not least <= value <= most:
        words = f"from {least:g}" + ("" if most == math.inf else f" to {most:g}")
        raise ValidationError(f"Option `{name}` must be a number {words}, but is {value!r:.80}.", {"option": name})


def check_flag(name: str, value: Any) -> None:
    """Raises ValidationError unless an option is True or False."""
    if not isinstance(value, bool):
        raise ValidationError(f"Option `{name}` must be true or false, but is {value!r:.80}.", {"option": name})


def check_text(name: str, value: Any) -> None:
    """Raises ValidationError unless an option is a text that says something."""
    if not isinstance(value, str) or not value.strip():
        raise ValidationError(f"Option `{name}` must be a text that is not blank, but is {value!r:.80}.")


def check_choice(name: str, value: Any, choices: Iterable[str]) -> None:
    """Raises ValidationError unless an option is one of some words; names the nearest."""
    known = tuple(choices)
    if not isinstance(value, str) or value not in known:
        near = difflib.get_close_matches(str(value), known, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise ValidationError(
            f"Option `{name}` must be one of {', '.join(known)}, but is {value!r:.80}.{hint}", {"option": name}
        )


def names_in(name: str, value: Any) -> tuple[str, ...]:
    """Several names of a list; a text alone is one of them.

    Raises:
        ValidationError: It is no list of texts.
    """
    if isinstance(value, str):
        value = (value,)
    if not isinstance(value, (list, tuple)) or not all(isinstance(one, str) and one.strip() for one in value):
        raise ValidationError(f"Option `{name}` must be a list of names, but is {value!r:.80}.", {"option": name})
    return tuple(value)

"""Columns whose name says what words they hold, such as `city` or `firstName`, and the tables that have such words."""

from __future__ import annotations

from typing import Final

from synqc.apps.synth.option_names import snake_case
from synqc.generate.locale_text import FIELDS

__all__ = ["words_of_column"]

_OTHER_NAMES: Final = {"name": "full_name", "phone_number": "phone", "job": "occupation", "zip": "postal_code",
                       "zip_code": "postal_code"}  # fmt: skip


def words_of_column(name: str) -> str | None:
    """Field of `generate.LocaleText` that a column is called like, or None.

    >>> words_of_column("firstName"), words_of_column("zip"), words_of_column("remark")
    ('first_name', 'postal_code', None)
    """
    snake = snake_case(name)
    known = _OTHER_NAMES.get(snake, snake)
    return known if known in FIELDS else None

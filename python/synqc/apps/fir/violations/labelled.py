"""Labelled complaints, whose sections are known, for measuring the search and a model's checks."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from synqc.apps.fir.knowledge.facts import bns_2023
from synqc.errors import DocumentError, InputError

__all__ = ["LabelledComplaint", "read_labelled"]


@dataclass(frozen=True)
class LabelledComplaint:
    """One complaint, told in several languages.

    Args:
        sections: Sections of the Bharatiya Nyaya Sanhita, 2023, that fit, the best one first.
        texts: By language, as `english` and `hindi`.
    """

    sections: tuple[int, ...]
    texts: dict[str, str]


def read_labelled(path: str | Path) -> list[LabelledComplaint]:
    """Complaints of a TOML file: tables `[[complaints]]` with `sections` and a text for each language.

    Raises:
        InputError: There is no such file, or no complaint in it.
        DocumentError: It is no TOML, or a complaint is none; the message ends with its place.
    """
    file = Path(path)
    try:
        plain = tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise InputError(
            f"Argument `path` must be a file of complaints, but {str(path)[:200]!r} is none: {error.strerror}."
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DocumentError(f"{file.name} is no TOML in UTF-8 ({error!s:.120}): $") from None
    rows = plain.get("complaints")
    if not isinstance(rows, list) or not rows:
        raise InputError(f"{file.name} must have tables [[complaints]], but has {sorted(plain)[:8]}.")
    return [_complaint(row, f"$.complaints[{place}]") for place, row in enumerate(rows)]


def _complaint(row: object, place: str) -> LabelledComplaint:
    if not isinstance(row, dict):
        raise DocumentError(f"A complaint must be a table, but is {type(row).__name__}: {place}")
    sections = row.get("sections")
    if not isinstance(sections, list) or not sections or not all(_is_section(number) for number in sections):
        raise DocumentError(
            f"`sections` must be numbers from 1 to {len(bns_2023())}, but is {sections!r:.80}: {place}.sections"
        )
    texts = {name: text for name, text in row.items() if name != "sections"}
    if not texts or not all(isinstance(text, str) and text.strip() for text in texts.values()):
        raise DocumentError(f"A complaint must have a text for each language, but has {sorted(texts)[:8]}: {place}")
    return LabelledComplaint(tuple(sections), texts)


def _is_section(number: object) -> bool:
    return isinstance(number, int) and not isinstance(number, bool) and number in bns_2023()

"""Facts of the Bharatiya Nyaya Sanhita, 2023: numbers, titles, classification, and descriptions of ours."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final, Literal

from synqc.errors import InputError, UnknownName

__all__ = ["BNS", "DESCRIPTION_LABEL", "Facts", "Offence", "Section", "bns_2023"]

BNS: Final = "Bharatiya Nyaya Sanhita, 2023"
DESCRIPTION_LABEL: Final = "description by SynQc contributors, not the statute's text"

YesNo = Literal["yes", "no", "depends"]


@dataclass(frozen=True)
class Offence:
    """One offence of a section, as the First Schedule of the Bharatiya Nagarik Suraksha Sanhita, 2023, classifies it.

    Args:
        at: Section with its sub-section, as `303(2)`.
        offence: Which of the section's offences, in our words; "" where the section has one.
        punishment: In short.
        cognizable: Whether police may arrest without a warrant; "depends" on the main offence or on who informs.
        bailable: Whether bail is a right.
        court: Before which it is tried.
        disputed: Which of these copies of the Schedule disagree on; an officer looks them up in the Gazette.
    """

    at: str
    offence: str
    punishment: str
    cognizable: YesNo
    bailable: YesNo
    court: str
    disputed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Section:
    """One section.

    Args:
        number: 1 to 358.
        title: The statute's.
        chapter: Its number.
        chapter_title: The statute's.
        description: One to three sentences of ours, not the statute's text.
        english: Words by which people find it, ours.
        hindi: The same in Hindi.
        ipc: Sections of the Indian Penal Code, 1860, in whose place it stands.
        offences: What it punishes; none if it explains.
    """

    number: int
    title: str
    chapter: int
    chapter_title: str
    description: str
    english: str
    hindi: str
    ipc: tuple[str, ...]
    offences: tuple[Offence, ...]


class Facts(Mapping[int, Section]):
    """Sections by number.

    Args:
        sections: All of them.
        version: Changes with anything in them.
    """

    def __init__(self, sections: Mapping[int, Section], version: str) -> None:
        self._sections = dict(sections)
        self.version = version

    def __getitem__(self, number: int) -> Section:
        try:
            return self._sections[number]
        except KeyError:
            raise UnknownName(f"The {BNS} has sections 1 to {len(self._sections)}, but no section {number}.") from None

    def __contains__(self, number: object) -> bool:
        return number in self._sections

    def __iter__(self) -> Any:
        return iter(self._sections)

    def __len__(self) -> int:
        return len(self._sections)


@cache
def bns_2023() -> Facts:
    """The table, read once.

    >>> theft = bns_2023()[303]
    >>> theft.title, theft.offences[0].cognizable, theft.ipc
    ('Theft', 'yes', ('378', '379'))
    """
    digest = hashlib.sha256()
    sections: dict[int, Section] = {}
    folder = files("synqc") / "data" / "bns_2023"
    for file in sorted((one for one in folder.iterdir() if one.name.endswith(".toml")), key=lambda one: one.name):
        text = file.read_bytes()
        digest.update(text)
        chapter = tomllib.loads(text.decode())
        for plain in chapter["sections"]:
            section = _section(plain, chapter["chapter"], chapter["title"])
            if section.number in sections:
                raise InputError(f"{file.name} has section {section.number}, which another file has, too.")
            sections[section.number] = section
    return Facts(dict(sorted(sections.items())), digest.hexdigest()[:12])


def _section(plain: dict[str, Any], chapter: int, chapter_title: str) -> Section:
    offences = tuple(
        Offence(**{"offence": "", **one, "disputed": tuple(one.get("disputed", ()))})
        for one in plain.get("offences", ())
    )
    return Section(
        plain["number"], plain["title"], chapter, chapter_title, plain["description"], plain["english"], plain["hindi"],
        tuple(plain.get("ipc", ())), offences,
    )  # fmt: skip

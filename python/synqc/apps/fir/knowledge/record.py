"""A provision of law as the search knows it: out of the table of facts, an operator's files, or an official text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from synqc.apps.fir.knowledge.concepts import concepts_of_section
from synqc.apps.fir.knowledge.facts import BNS, Facts, Offence
from synqc.apps.fir.knowledge.facts_in_hindi import punishment_in_hindi, title_in_hindi

__all__ = ["REPEALED", "Record", "RecordFilter", "TextKind", "records_of"]

REPEALED: Final = ("Indian Penal Code, 1860",)
"""Codes that a search leaves out unless it is asked for them."""


class TextKind(StrEnum):
    """Whose words a record's text is."""

    DESCRIPTION = "description"
    """Ours: never quoted as the law's."""
    LOADED = "loaded"
    """Of a file that an operator gave, held against nothing: searched and shown, not quoted in a document."""
    STATUTE = "statute"
    """Of an official text that an operator imported: may be quoted."""


@dataclass(frozen=True)
class Record:
    """One provision.

    Args:
        code: Act by its full name.
        section: With its sub-section, as the act writes it.
        title: Title of the section.
        text: What it says, in the words that `kind` names; may be empty.
        kind: Whose words.
        words: More words by which it is found.
        concepts: Names of things it is mostly about, of the thesaurus.
        offences: What it punishes, as classified; empty where nobody said.
        db: Name of the collection it came from.
        category: Category of special acts; "" otherwise.
        repealed: Whether the act is no longer in force.
        notes: On citations of the repealed code in its text: what stands in their place.
    """

    code: str
    section: str
    title: str
    text: str
    kind: TextKind = TextKind.LOADED
    words: str = ""
    concepts: tuple[str, ...] = ()
    offences: tuple[Offence, ...] = ()
    db: str = ""
    category: str = ""
    repealed: bool = False
    notes: tuple[str, ...] = ()

    @property
    def cognizable(self) -> str:
        """Whether police may arrest without a warrant: what all offences have in common, "varies", or "" if unknown."""
        return _common([one.cognizable for one in self.offences])

    @property
    def bailable(self) -> str:
        """Whether bail is a right, likewise."""
        return _common([one.bailable for one in self.offences])

    @property
    def triable_by(self) -> str:
        """Court, likewise."""
        return _common([one.court for one in self.offences])

    @property
    def punishment(self) -> str:
        """Of all its offences."""
        if len(self.offences) == 1:
            return self.offences[0].punishment
        return "; ".join(
            f"{one.at}{f' ({one.offence})' if one.offence else ''}: {one.punishment}" for one in self.offences
        )

    @property
    def title_hindi(self) -> str:
        """Title in Hindi, in words of ours; "" where the table of facts has none."""
        return title_in_hindi(self.code, self.section, self.title)

    @property
    def punishment_hindi(self) -> str:
        """Punishment in Hindi, likewise."""
        return punishment_in_hindi(self.offences)

    @property
    def disputed(self) -> tuple[str, ...]:
        """What of its classification copies of the First Schedule disagree on."""
        return tuple(dict.fromkeys(name for one in self.offences for name in one.disputed))

    @property
    def can_be_cognizable(self) -> bool:
        """Whether one of its offences is cognizable, or may be."""
        return any(one.cognizable != "no" for one in self.offences)


@dataclass(frozen=True)
class RecordFilter:
    """Filter of a search; applied before any records are counted, so that there are as many as asked for.

    Args:
        punishing: Those that say which offence they punish.
        cognizable: Those with an offence that is cognizable, or may be.
        in_force: Those that are law today.
    """

    punishing: bool = False
    cognizable: bool = False
    in_force: bool = True

    def allows(self, record: Record) -> bool:
        """Whether it may be found."""
        return not (
            (self.punishing and not record.offences)
            or (self.cognizable and not record.can_be_cognizable)
            or (self.in_force and record.repealed)
        )


def records_of(facts: Facts) -> list[Record]:
    """A record for each section of the table of facts."""
    return [
        Record(
            BNS, str(one.number), one.title, one.description, TextKind.DESCRIPTION,
            words=" ".join([one.english, one.hindi, *(offence.offence for offence in one.offences)]),
            concepts=tuple(concepts_of_section(one.number)), offences=one.offences, db="bns_facts",
        )
        for one in facts.values()
    ]  # fmt: skip


def _common(values: Sequence[str]) -> str:
    return "" if not values else values[0] if len(set(values)) == 1 else "varies"

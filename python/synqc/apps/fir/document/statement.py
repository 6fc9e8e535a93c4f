"""Statement with its provenance: what is said in a field, and who said it where."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from synqc.errors import InputError

__all__ = ["LONGEST_NAME", "LONGEST_VALUE", "Source", "SourceKind", "Statement"]

LONGEST_VALUE = 50_000
LONGEST_NAME = 200


class SourceKind(StrEnum):
    """Who can say something of a case."""

    COMPLAINANT = "complainant"
    """Whoever complains: spoken, on paper, or typed."""
    OFFICER = "officer"
    """An officer, who typed or accepted it."""
    MODEL = "model"
    """A language model wrote it, and the officer named in `approved_by` approved exactly these words."""
    STATION = "station"
    """The station's own settings."""


@dataclass(frozen=True)
class Source:
    """Where a statement comes from.

    Args:
        kind: Kind of whoever said it.
        who: By name: the officer, the model, the station.
        where: At which step, or in which paper.
        approved_by: Officer who approved the words as they stand, which those of a model always need; "": nobody.
    """

    kind: SourceKind
    who: str
    where: str
    approved_by: str = ""

    def __post_init__(self) -> None:
        for name in ("who", "where", "approved_by"):
            value = getattr(self, name)
            if not isinstance(value, str) or len(value) > LONGEST_NAME:
                raise InputError(f"Argument `{name}` must be text of at most {LONGEST_NAME} characters.")
        if not self.who.strip() or not self.where.strip():
            raise InputError("Arguments `who` and `where` must say something: a statement without a source is none.")
        if self.kind is SourceKind.MODEL and not self.approved_by.strip():
            raise InputError("Argument `approved_by` must name who approved the words of a model, but is empty.")

    def to_plain(self) -> dict[str, str]:
        """As JSON says it."""
        return {"kind": self.kind.value, "who": self.who, "where": self.where, "approved_by": self.approved_by}

    @classmethod
    def from_plain(cls, plain: dict[str, str]) -> Source:
        """What `to_plain` gave."""
        return cls(SourceKind(plain["kind"]), plain["who"], plain["where"], plain["approved_by"])


@dataclass(frozen=True)
class Statement:
    """A value with its source.

    Args:
        value: Verbatim, 1 to 50,000 characters of which one is not blank.
        source: Speaker and place of it.
    """

    value: str
    source: Source

    def __post_init__(self) -> None:
        if not isinstance(self.value, str) or not 0 < len(self.value) <= LONGEST_VALUE or not self.value.strip():
            was = f"{len(self.value)} characters" if isinstance(self.value, str) else type(self.value).__name__
            raise InputError(f"Argument `value` must be text of 1 to {LONGEST_VALUE:,} characters, but is {was}.")

    def to_plain(self) -> dict[str, Any]:
        """As JSON says it."""
        return {"value": self.value, "source": self.source.to_plain()}

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> Statement:
        """What `to_plain` gave."""
        return cls(plain["value"], Source.from_plain(plain["source"]))

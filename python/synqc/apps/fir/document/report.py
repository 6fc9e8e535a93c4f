"""A First Information Report as a value: what was approved, each statement with its source, and nothing else."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from synqc import json
from synqc.apps.fir.document.errors import NotFinal
from synqc.apps.fir.document.fields import DERIVED, FIELDS, PLACEHOLDERS, REQUIRED, check_field
from synqc.apps.fir.document.obstacle import Obstacle, ObstacleKind
from synqc.apps.fir.document.provision import Provision
from synqc.apps.fir.document.statement import Source, SourceKind, Statement
from synqc.apps.fir.numbers.scheme import check_number
from synqc.errors import InputError

__all__ = ["FirstInformationReport"]

_PLACEHOLDER = "Unknown"


@dataclass(frozen=True)
class FirstInformationReport:
    """What a report says. Equal ones have equal forms, byte for byte.

    Args:
        number: Its FIR number.
        session_id: Session in which it was approved.
        prepared_at: Moment with its offset from UTC: date of the report, and the date in its files.
        statements: By field; those of `DERIVED` follow from the rest and may not be among them.
        complaint: As it was given and approved.
        summary, narrative: As approved.
        provisions: All that were considered, in the order of the annex.
        decided_by: Officer who decided on the provisions.
        language: Language of the form's own words, `en` or `hi`.
    """

    number: str
    session_id: str
    prepared_at: datetime
    statements: Mapping[str, Statement]
    complaint: Statement
    summary: Statement
    narrative: Statement
    provisions: tuple[Provision, ...] = ()
    decided_by: str = ""
    language: str = "en"

    def __post_init__(self) -> None:
        check_number(self.number)
        if self.prepared_at.tzinfo is None:
            raise InputError("Argument `prepared_at` must have an offset from UTC, but has none.")
        if self.language not in ("en", "hi"):
            raise InputError(f"Argument `language` must be `en` or `hi`, but is {self.language[:20]!r}.")
        if any(one.is_in_report for one in self.provisions) and not self.decided_by.strip():
            raise InputError("Argument `decided_by` must name who accepted the provisions, but is empty.")
        for key in self.statements:
            if check_field(key).key in DERIVED:
                raise InputError(f"Field `{key}` follows from what was approved at the gates and cannot be stated.")

    def statement(self, key: str) -> Statement | None:
        """What is said in a field; None if nobody said anything.

        Raises:
            UnknownField: There is no such field.
        """
        check_field(key)
        if key == "incident_description":
            return self.narrative
        if key == "incident_summary":
            return self.summary
        if key in ("legal_acts", "legal_sections"):
            return self._legal(key)
        return self.statements.get(key)

    @property
    def accepted(self) -> tuple[Provision, ...]:
        """Provisions that the officer puts into the report."""
        return tuple(one for one in self.provisions if one.is_in_report)

    @property
    def missing(self) -> tuple[str, ...]:
        """Fields in which nobody said anything."""
        return tuple(field.key for field in FIELDS if self.statement(field.key) is None)

    @property
    def obstacles(self) -> tuple[Obstacle, ...]:
        """All that keeps it from being filed."""
        found = []
        for field in FIELDS:
            if field.key not in REQUIRED:
                continue
            said = self.statement(field.key)
            if said is None:
                words = f"Field `{field.key}` is required, and nobody has said it."
                found.append(Obstacle(ObstacleKind.MISSING_FIELD, field.key, words))
            elif said.value.strip().casefold() in PLACEHOLDERS:
                words = f"Field `{field.key}` is required, but says only {said.value.strip()!r}."
                found.append(Obstacle(ObstacleKind.MISSING_FIELD, field.key, words))
        for one in self.provisions:
            if one.is_undecided:
                words = f"The check of {one.name} gave no answer: an officer must decide, with a reason."
                found.append(Obstacle(ObstacleKind.UNDECIDED_PROVISION, one.name, words))
        return tuple(found)

    def check_final(self) -> None:
        """Raises NotFinal if it may not be filed."""
        obstacles = self.obstacles
        if obstacles:
            raise NotFinal(obstacles)

    def contract_fields(self) -> dict[str, str]:
        """The contract's 30 fields, none of them empty: what nobody said is `Unknown`, which is no statement."""
        said = {field.key: self.statement(field.key) for field in FIELDS[:30]}
        return {key: _PLACEHOLDER if one is None else one.value for key, one in said.items()}

    def to_plain(self) -> dict[str, Any]:
        """As JSON says it; `from_plain` reads it."""
        return {
            "number": self.number, "session_id": self.session_id, "prepared_at": self.prepared_at.isoformat(),
            "language": self.language, "decided_by": self.decided_by,
            "statements": {key: self.statements[key].to_plain() for key in sorted(self.statements)},
            "complaint": self.complaint.to_plain(), "summary": self.summary.to_plain(),
            "narrative": self.narrative.to_plain(),
            "provisions": [one.to_plain() for one in self.provisions],
        }  # fmt: skip

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> FirstInformationReport:
        """What `to_plain` gave."""
        return cls(
            number=plain["number"], session_id=plain["session_id"],
            prepared_at=datetime.fromisoformat(plain["prepared_at"]),
            statements={key: Statement.from_plain(one) for key, one in plain["statements"].items()},
            complaint=Statement.from_plain(plain["complaint"]), summary=Statement.from_plain(plain["summary"]),
            narrative=Statement.from_plain(plain["narrative"]),
            provisions=tuple(Provision.from_plain(one) for one in plain["provisions"]),
            decided_by=plain["decided_by"], language=plain["language"],
        )  # fmt: skip

    @property
    def canonical(self) -> bytes:
        """The one text that stands for its value."""
        return json.canonical(self.to_plain())

    @property
    def digest(self) -> str:
        """SHA-256 of `canonical`, in hexadecimal: the number of its seal."""
        return hashlib.sha256(self.canonical).hexdigest()

    def _legal(self, key: str) -> Statement | None:
        accepted = self.accepted
        if not accepted:
            return None
        by_act: dict[str, list[str]] = {}
        for one in accepted:
            by_act.setdefault(one.act, []).append(one.section)
        if key == "legal_acts":
            value = "; ".join(by_act)
        elif len(by_act) == 1:
            value = ", ".join(next(iter(by_act.values())))
        else:
            value = "; ".join(f"{act}: {', '.join(sections)}" for act, sections in by_act.items())
        return Statement(value, Source(SourceKind.OFFICER, self.decided_by, "violations_review"))

"""Prompt of a check: whether a complaint describes what a provision is about, within the window of a small model."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from synqc.apps.fir.knowledge.facts import BNS, bns_2023
from synqc.apps.fir.knowledge.record import Record, TextKind
from synqc.apps.fir.workflow.model_rules import RULES, quoted
from synqc.llm.message import Message

__all__ = ["FORM_SHA256", "OPTIONS", "CheckQuestion", "question_of"]

OPTIONS: Final = ("YES", "NO")
_LONGEST_PROVISION: Final = 1200
_FORM: Final = (
    "{complaint}\n\n"
    "Does the complaint describe the offence below? Answer with one word and nothing else: YES or NO.\n\n"
    "{provision}"
)
"""What differs between the checks of a complaint stands last, and is short: servers read a common beginning once."""
FORM_SHA256: Final = hashlib.sha256(f"{RULES}\n{_FORM}".encode()).hexdigest()
"""Digest of what all questions share: margins of questions of another form are worth something else."""


@dataclass(frozen=True)
class CheckQuestion:
    """A question for a model, behind `RULES`.

    Args:
        text: All of it, with the words that answer it.
        is_cut: Whether the complaint is longer than what stands in it: a no would be one to a part.
    """

    text: str
    is_cut: bool

    @property
    def sha256(self) -> str:
        """Digest of all that is asked, for a record of it."""
        return hashlib.sha256(f"{RULES}\n{self.text}".encode("utf-8", "surrogatepass")).hexdigest()

    @property
    def before(self) -> tuple[Message, ...]:
        """Messages before it."""
        return (Message("system", RULES),)


def question_of(complaint: str, record: Record, *, most_characters: int) -> CheckQuestion:
    """Ask about one provision.

    Args:
        complaint: Or its summary.
        record: What is asked about: our description of it, and the beginning of its text where there is one.
        most_characters: Most characters of the complaint; the rest is left out, and the question says so of itself.
    """
    plain = complaint.strip()
    kept = plain[:most_characters]
    text = _FORM.format(complaint=quoted("Complaint", kept), provision=_described(record))
    return CheckQuestion(text, len(plain) > len(kept))


def _described(record: Record) -> str:
    # Digits are a token each, and a model that knows sections by their numbers knows them by their titles.
    place = "" if record.code == BNS and record.title else f" (section {record.section}, {record.code})"
    parts = [f"{record.title}{place}.".strip()]
    if record.code == BNS and record.section.isdecimal() and int(record.section) in bns_2023():
        parts.append(bns_2023()[int(record.section)].description)
    if record.kind is not TextKind.DESCRIPTION:
        parts.append(_beginning(record.text))
    return " ".join(part for part in parts if part)


def _beginning(text: str) -> str:
    plain = " ".join(text.split())
    if len(plain) <= _LONGEST_PROVISION:
        return plain
    return plain[:_LONGEST_PROVISION].rpartition(" ")[0] + " ..."

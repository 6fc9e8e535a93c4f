"""Layout of a report, once for all forms: parts with their rows, and annexes."""

from __future__ import annotations

from dataclasses import dataclass

from synqc.apps.fir.document.fields import (
    COMPLAINANT,
    FIELDS,
    HEAD,
    INCIDENT,
    INVESTIGATION,
    LEGAL,
    SIGNATURES,
    SUSPECT,
    Field,
    check_field,
    fields_of,
)
from synqc.apps.fir.document.form_words import WORDS, FormWords
from synqc.apps.fir.document.provision import Provision
from synqc.apps.fir.document.report import FirstInformationReport
from synqc.apps.fir.document.statement import Source
from synqc.apps.fir.document.visible_marks import mark_invisible
from synqc.apps.fir.knowledge.facts_in_hindi import title_in_hindi

__all__ = ["Block", "Layout", "Row", "lay_out"]


@dataclass(frozen=True)
class Row:
    """A label and what is said.

    Args:
        label: Label of the form's own words alone.
        value: What was said; None where nothing was, which forms show as such.
        is_signature: Whether an empty one is a line to sign on.
    """

    label: str
    value: str | None
    is_signature: bool = False


@dataclass(frozen=True)
class Block:
    """A heading and its rows."""

    heading: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Layout:
    """A whole report as it is shown, in the order of reading. Values have their invisible characters marked."""

    title: str
    number: str
    language: str
    not_stated: str
    page: str
    head: tuple[Row, ...]
    parts: tuple[Block, ...]
    annexes: tuple[Block, ...]

    @property
    def blocks(self) -> tuple[Block, ...]:
        """Parts and annexes."""
        return (*self.parts, *self.annexes)


def lay_out(report: FirstInformationReport) -> Layout:
    """The report in the order of the form, its values ready to be printed."""
    words = WORDS[report.language]
    numbered = (COMPLAINANT, INCIDENT, LEGAL, SUSPECT, INVESTIGATION)
    parts = [
        Block(f"{number}. {_word(words, part)}", tuple(_row(report, words, field) for field in fields_of(part)))
        for number, part in enumerate(numbered, 1)
    ]
    parts.append(
        Block(_word(words, SIGNATURES), tuple(_row(report, words, field, True) for field in fields_of(SIGNATURES)))
    )
    moment = report.prepared_at
    head = (
        Row(words.number, mark_invisible(report.number)),
        Row(words.year, f"{moment.year}"),
        *(_row(report, words, field) for field in fields_of(HEAD)[:3]),
        Row(words.date, moment.isoformat(sep=" ", timespec="minutes")),
        _row(report, words, fields_of(HEAD)[3]),
    )
    annexes = [
        Block(words.complaint, (Row(words.as_given, mark_invisible(report.complaint.value)),)),
        Block(
            words.provisions,
            tuple(_provision_row(words, number, one) for number, one in enumerate(report.provisions, 1)),
        ),
        Block(words.sources, tuple(_source_rows(report, words))),
        Block(words.missing, tuple(_missing_rows(report, words))),
    ]
    return Layout(
        title=_word(words, HEAD), number=mark_invisible(report.number), language=report.language,
        not_stated=words.not_stated, page=words.page, head=head, parts=tuple(parts),
        annexes=tuple(annex for annex in annexes if annex.rows),
    )  # fmt: skip


def _word(words: FormWords, thing: object) -> str:
    return str(getattr(thing, words.attribute))


def _label(words: FormWords, field: Field) -> str:
    """With its part, where it stands alone."""
    return f"{_word(words, field.part)}: {_word(words, field)}" if field.part is not HEAD else _word(words, field)


def _row(report: FirstInformationReport, words: FormWords, field: Field, is_signature: bool = False) -> Row:
    said = report.statement(field.key)
    return Row(_word(words, field), None if said is None else mark_invisible(said.value), is_signature)


def _provision_row(words: FormWords, number: int, one: Provision) -> Row:
    lines = [one.name, _title(words, one)] if one.title.strip() else [one.name]
    checked = f"{words.checked}: {words.verdicts[one.verdict]}"
    lines.append(f"{checked} ({one.cause})" if one.cause.strip() else checked)
    lines.append(f"{words.decision}: {words.decisions[one.accepted]}")
    if one.reason.strip():
        lines.append(f"{words.reason}: {one.reason}")
    if one.text.strip():
        lines.append(f"{words.statute}: {one.text}")
    return Row(f"{number}.", mark_invisible("\n".join(lines)))


def _title(words: FormWords, one: Provision) -> str:
    """As it was approved; in Hindi behind the title that the table of facts has for it."""
    hindi = title_in_hindi(one.act, one.section, one.title) if words is WORDS["hi"] else ""
    return f"{hindi} ({one.title})" if hindi else one.title


def _source_rows(report: FirstInformationReport, words: FormWords) -> list[Row]:
    rows = [Row(words.complaint, _told(words, report.complaint.source))]
    for field in FIELDS:
        said = report.statement(field.key)
        if said is not None:
            rows.append(Row(_label(words, field), _told(words, said.source)))
    return rows


def _told(words: FormWords, source: Source) -> str:
    where = words.places.get(source.where, source.where)
    # Who has no other name than their part has it in the form's language.
    named = "" if source.who == source.kind.value else f": {source.who}"
    told = f"{words.kinds[source.kind]}{named}; {where}"
    if source.approved_by.strip():
        told += f"; {words.approved_by} {source.approved_by}"
    return mark_invisible(told)


def _missing_rows(report: FirstInformationReport, words: FormWords) -> list[Row]:
    """A row for each part that lacks something."""
    by_part: dict[str, list[str]] = {}
    for key in report.missing:
        field = check_field(key)
        by_part.setdefault(_word(words, field.part), []).append(_word(words, field))
    return [Row(part, "; ".join(labels)) for part, labels in by_part.items()]

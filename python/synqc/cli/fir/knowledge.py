"""Provisions of law for a person: searched by a complaint, shown by number, and the official text imported."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any, Final

from synqc.cli.fir.grammar import add
from synqc.cli.tables import json_text, table
from synqc.errors import InputError

if TYPE_CHECKING:
    from synqc.apps.fir.knowledge.knowledge_base import KnowledgeBase

__all__ = ["add_commands", "add_knowledge", "knowledge_of"]

_STATUTES: Final = "kb/statutes"
_LONGEST_TITLE: Final = 60


def add_commands(acts: Any) -> None:
    """Declare them."""
    searching = add(acts, "search", _search, "find provisions that a complaint is about")
    searching.add_argument("complaint", metavar="TEXT", help="in English, Hindi or both; - reads standard input")
    searching.add_argument("--most", type=int, default=10, help="how many, default 10")
    searching.add_argument(
        "--cognizable", action="store_true", help="only those with an offence that may be cognizable"
    )
    add_knowledge(searching)
    searching.add_argument("--json", action="store_true", help="a JSON document")

    showing = add(acts, "section", _section, "show what is known of a section of the Bharatiya Nyaya Sanhita")
    showing.add_argument("number", metavar="NUMBER", type=int, help="1 to 358")
    add_knowledge(showing)
    showing.add_argument("--json", action="store_true", help="a JSON document")

    importing = add(acts, "import", _import, "check the official text of the statute, and keep it as a version")
    importing.add_argument("file", metavar="FILE", help="PDF of the gazette, text, CSV, JSON or JSONL")
    importing.add_argument("--statutes", metavar="FOLDER", default=_STATUTES, help=f"of versions, default {_STATUTES}")
    importing.add_argument("--check-only", action="store_true", help="keep nothing")


def add_knowledge(parser: Any) -> None:
    """Options that say which knowledge base."""
    parser.add_argument("--statutes", metavar="FOLDER", default=_STATUTES, help=f"of versions, default {_STATUTES}")
    parser.add_argument(
        "--records", metavar="PATH", help="further records: a file, or a folder of .json and .jsonl files"
    )


def knowledge_of(arguments: argparse.Namespace) -> KnowledgeBase:
    """The knowledge base that options say."""
    from synqc.apps.fir.knowledge.knowledge_base import KnowledgeBase
    from synqc.apps.fir.knowledge.record_files import load_records
    from synqc.apps.fir.knowledge.statute import Statute

    more = load_records(arguments.records) if arguments.records is not None else ()
    return KnowledgeBase.standard(statute=Statute.load(arguments.statutes), more=more)


def _search(arguments: argparse.Namespace) -> None:
    from synqc.apps.fir.knowledge.superseded import find_superseded

    complaint = sys.stdin.read() if arguments.complaint == "-" else arguments.complaint
    found = knowledge_of(arguments).search(
        complaint, most=arguments.most, punishing=True, cognizable=arguments.cognizable
    )
    superseded = find_superseded(complaint)
    if arguments.json:
        document = {
            "version": found.version, "hits": [hit.to_plain() for hit in found.hits],
            "engines": [{"name": one.name, "hits": one.hits, "note": one.note} for one in found.engines],
            "superseded": [{"cited": one.cited, "note": one.note} for one in superseded],
        }  # fmt: skip
        print(json_text(document))
        return
    rows = [
        [one.section, _short(one.title), one.cognizable, one.bailable, one.triable_by]
        for one in (hit.record for hit in found.hits)
    ]
    print(table(["section", "title", "cognizable", "bailable", "court"], rows) if rows else "Nothing matches.")
    for one in superseded:
        print(one.note)
    for engine in found.engines:
        if engine.note:
            print(f"{engine.name}: {engine.note}.", file=sys.stderr)


def _section(arguments: argparse.Namespace) -> None:
    from synqc.apps.fir.knowledge.facts import BNS, DESCRIPTION_LABEL, bns_2023
    from synqc.apps.fir.knowledge.statute import Statute

    section, statute = bns_2023()[arguments.number], Statute.load(arguments.statutes)
    if arguments.json:
        document = {
            "code": BNS, "section": section.number, "title": section.title, "chapter": section.chapter,
            "chapter_title": section.chapter_title, "description": section.description,
            "description_is": DESCRIPTION_LABEL, "ipc": list(section.ipc),
            "offences": [
                {"at": one.at, "offence": one.offence, "punishment": one.punishment, "cognizable": one.cognizable,
                 "bailable": one.bailable, "court": one.court, "disputed": list(one.disputed)}
                for one in section.offences
            ],
            "statute": None if statute is None else {"version": statute.version, "text": statute[section.number]},
        }  # fmt: skip
        print(json_text(document))
        return
    print(f"Section {section.number}, {BNS}: {section.title}")
    print(f"Chapter {section.chapter}: {section.chapter_title}")
    print(f"\n{section.description}\n({DESCRIPTION_LABEL})")
    if section.offences:
        rows = [
            [one.at, one.offence, one.punishment, one.cognizable, one.bailable, one.court] for one in section.offences
        ]
        print("\n" + table(["at", "offence", "punishment", "cognizable", "bailable", "court"], rows))
    for one in section.offences:
        if one.disputed:
            print(f"Copies of the First Schedule disagree on {', '.join(one.disputed)} of {one.at}: look it up.")
    if section.ipc:
        print(f"\nIn place of the Indian Penal Code, 1860: {', '.join(section.ipc)}")
    if statute is not None:
        print(f"\nStatute ({statute.version}, from {statute.source}):\n{statute[section.number]}")


def _import(arguments: argparse.Namespace) -> None:
    from synqc.apps.fir.knowledge.import_statute import import_statute

    statute = import_statute(arguments.file)
    for warning in statute.warnings:
        print(f"Look at this: {warning}", file=sys.stderr)
    if arguments.check_only:
        print(f"{len(statute)} sections are whole; they would be version {statute.version}. Nothing was kept.")
        return
    try:
        file = statute.save(arguments.statutes)
    except OSError as error:
        raise InputError(
            f"Option --statutes must be a folder to write in, but is {arguments.statutes}: {error}."
        ) from None
    print(f"{len(statute)} sections are kept as version {statute.version} in {file}.")


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_TITLE else text[: _LONGEST_TITLE - 3] + "..."

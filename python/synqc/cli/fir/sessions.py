"""Sessions and reports from the command line: begun, shown, answered, filed, exported, verified, audited."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from synqc.cli.fir.grammar import add
from synqc.cli.fir.opened import opened
from synqc.cli.outputs import check_outputs, note
from synqc.cli.tables import json_text, table
from synqc.errors import InputError

if TYPE_CHECKING:
    from synqc.apps.fir.application import FirApplication
    from synqc.apps.fir.workflow.gate import Gate
    from synqc.apps.fir.workflow.workflow import Officer

__all__ = ["add_commands"]

_FORMS: Final = ("pdf", "docx", "html", "txt", "json")
_SHORTEST_TOKEN: Final = 8
_PATIENCE_S: Final = 600.0
_TEXT_STEPS: Final = ("transcript_review", "summary_review", "fir_narrative_review")


def add_commands(acts: Any) -> None:
    """Declare them."""
    beginning = add(
        acts, "new", _new, "begin a session with a complaint: its text, a recording, or a picture of a page"
    )
    beginning.add_argument("text", metavar="TEXT", nargs="?", help="of the complaint; - reads standard input")
    beginning.add_argument("--audio", type=Path, metavar="FILE", help="a recording: WAV or MP3")
    beginning.add_argument("--image", type=Path, metavar="FILE", help="a picture of a page: JPEG or PNG")
    beginning.add_argument("--language", choices=("en", "hi"), help="default: as a text is written; else en")
    _add_officer(beginning)
    showing = add(acts, "show", _show, "show the gate at which a session stands")
    _add_session(showing)
    answering = add(acts, "answer", _answer, "answer what `show` showed, and wait for the gate after it")
    _add_session(answering)
    answering.add_argument("decision", choices=("accept", "edit", "reject", "regenerate"), help="what is decided")
    answering.add_argument(
        "--token", required=True, metavar="DIGITS", help="of what was shown: at least its first 8 digits"
    )
    answering.add_argument(
        "--content", metavar="FILE", help="edit: the text in its place, or provisions as JSON; - reads standard input"
    )
    answering.add_argument("--accept", action="store_true", help="edit: and approve it")
    answering.add_argument("--note", default="", metavar="TEXT", help="reason, wish, or a note for the next step")
    _add_officer(answering)
    stating = add(
        acts, "state", _state, "state fields of the report: `complainant_name=...`; an empty value takes back"
    )
    _add_session(stating)
    stating.add_argument("fields", metavar="FIELD=VALUE", nargs="+", help="as the document names them")
    _add_officer(stating)
    listing = add(acts, "list", _list, "what waits for an officer, the longest first; or the reports, newest first")
    listing.add_argument("--reports", action="store_true", help="reports of the register")
    listing.add_argument("--limit", type=int, default=20, metavar="N", help="how many, default 20")
    listing.add_argument("--json", action="store_true", help="a JSON document")
    filing = add(acts, "file", _file, "seal the report of a completed session, and file it")
    _add_session(filing)
    _add_officer(filing)
    saving = add(acts, "export", _export, "write a form of a report as it was sealed, or a session's history")
    saving.add_argument(
        "what", metavar="NUMBER|SESSION", help="a report's number; of a session, its history as lines of JSON"
    )
    saving.add_argument("--form", choices=_FORMS, default="pdf", help="of a report, default pdf")
    saving.add_argument("--output", type=Path, required=True, metavar="FILE", help="where to")
    checking = add(acts, "verify", _verify, "whether a file is what was filed under a number; ends with 1 if not")
    checking.add_argument("number", metavar="NUMBER", help="of the report")
    checking.add_argument("held", metavar="FILE|SHA256", help="a file, or 64 digits")
    auditing = add(
        acts, "audit", _audit, "hold a session against its hash-chained history; ends with 1 if it is damaged"
    )
    _add_session(auditing)


def _add_session(parser: Any) -> None:
    parser.add_argument("session", metavar="SESSION", help="its id, or the first digits of one that waits")
    parser.add_argument("--json", action="store_true", help="a JSON document")


def _add_officer(parser: Any) -> None:
    parser.add_argument("--officer", metavar="NAME", help="who does it; default SYNQC_FIR_OFFICER")


def _officer(fir: FirApplication, arguments: argparse.Namespace) -> Officer:
    from synqc.apps.fir.workflow.workflow import Officer

    return Officer(arguments.officer or fir.settings.officer)


def _new(arguments: argparse.Namespace) -> None:
    from synqc.apps.fir.input.complaint_text import check_complaint
    from synqc.apps.fir.input.language import ComplaintLanguage, detect_language
    from synqc.apps.fir.input.upload import Media, check_upload

    given = [one for one in (arguments.text, arguments.audio, arguments.image) if one is not None]
    if len(given) != 1:
        raise InputError(f"Exactly one of TEXT, --audio and --image must be given, but {len(given)} are.")
    with opened() as fir:
        officer = _officer(fir, arguments)
        if arguments.text is not None:
            text = check_complaint(sys.stdin.read() if arguments.text == "-" else arguments.text)
            is_hindi = detect_language(text) in (ComplaintLanguage.HINDI, ComplaintLanguage.MIXED)
            session_id = fir.workflow.open(
                officer, text=text, language=arguments.language or ("hi" if is_hindi else "en")
            )  # fmt: skip
        else:
            path, media = (arguments.audio, Media.AUDIO) if arguments.audio else (arguments.image, Media.IMAGE)
            upload = check_upload(path.read_bytes(), media, name=path.name)
            language = arguments.language or "en"
            session_id = fir.open_upload(officer, upload, spoken=language, language=language)
        _print_next(fir, session_id, is_json=False)


def _show(arguments: argparse.Namespace) -> None:
    with opened() as fir:
        session_id = _whole(fir, arguments.session)
        gate = fir.workflow.gate(session_id)
        if gate is None:
            raise InputError(
                f"Session {session_id} has a stage under way: {fir.workflow.session(session_id).step.value}."
            )
        _print_gate(fir, gate, arguments.json)


def _answer(arguments: argparse.Namespace) -> None:
    with opened() as fir:
        officer, session_id = _officer(fir, arguments), _whole(fir, arguments.session)
        gate = _gate_of_token(fir, session_id, arguments.token)
        if (arguments.content is not None) != (arguments.decision == "edit"):
            raise InputError("Option --content must be given for an edit, and for nothing else.")
        match arguments.decision:
            case "accept":
                fir.workflow.accept(session_id, gate.token, officer, note=arguments.note)
            case "edit":
                fir.workflow.edit(
                    session_id, gate.token, officer, _content(gate, arguments.content), accept=arguments.accept,
                    note=arguments.note,
                )  # fmt: skip
            case "reject":
                fir.workflow.reject(session_id, gate.token, officer, reason=arguments.note)
            case "regenerate":
                fir.workflow.regenerate(session_id, gate.token, officer, instruction=arguments.note)
        _print_next(fir, session_id, arguments.json)
        fir.remove_approved_upload(session_id)


def _state(arguments: argparse.Namespace) -> None:
    statements: dict[str, str | None] = {}
    for one in arguments.fields:
        name, equals, value = one.partition("=")
        if not equals:
            raise InputError(f"Argument FIELD=VALUE must have an equals sign, but is {one[:60]!r}.")
        statements[name] = value or None
    with opened() as fir:
        session_id = _whole(fir, arguments.session)
        fir.workflow.state_fields(session_id, _officer(fir, arguments), statements)
        _print_next(fir, session_id, arguments.json)


def _list(arguments: argparse.Namespace) -> None:
    if not 1 <= arguments.limit <= 1000:
        raise InputError(f"Option --limit must be from 1 to 1,000, but is {arguments.limit}.")
    with opened() as fir:
        records: list[dict[str, Any]]
        if arguments.reports:
            records = [
                {"number": one.number, "status": one.status.value, "session_id": one.session_id, "digest": one.digest}
                for one in fir.workflow.records(limit=arguments.limit)
            ]
        else:
            records = [
                {"session_id": one.session_id, "step": one.step.value, "age_s": round(one.age_s, 1), "due": one.is_due}
                for one in fir.workflow.waiting(limit=arguments.limit)
            ]
    if arguments.json:
        print(json_text(records))
    elif records:
        print(table(list(records[0]), [[str(value) for value in row.values()] for row in records]))
    else:
        print("There is no report." if arguments.reports else "Nothing waits.")


def _file(arguments: argparse.Namespace) -> None:
    with opened() as fir:
        sealed = fir.workflow.file(_whole(fir, arguments.session), _officer(fir, arguments))
    seal = {"number": sealed.seal.number, "digest": sealed.seal.digest, "files": dict(sealed.seal.files)}
    if arguments.json:
        print(json_text(seal))
    else:
        print(f"Report {seal['number']} is filed. Seal {seal['digest']}")


def _export(arguments: argparse.Namespace) -> None:
    check_outputs(arguments.output, plot=None)
    with opened() as fir:
        if _is_session(arguments.what):
            data = fir.workflow.export(arguments.what)
        else:
            data = fir.workflow.sealed_file(arguments.what, arguments.form)
    arguments.output.write_bytes(data)
    note(f"{len(data):,} bytes are in {arguments.output}.")


def _verify(arguments: argparse.Namespace) -> None:
    is_file = os.path.isfile(arguments.held)
    with opened() as fir:
        found = fir.workflow.verify(arguments.number, Path(arguments.held).read_bytes() if is_file else arguments.held)
    form = f" ({found.form})" if found.form else ""
    print(f"{found.verdict.value}{form}")
    _end(found.verdict.value == "genuine")


def _audit(arguments: argparse.Namespace) -> None:
    with opened() as fir:
        session_id = _whole(fir, arguments.session)
        faults = [{"entry": one.number, "place": one.place.value} for one in fir.workflow.audit(session_id)]
        entries = len(fir.workflow.history(session_id))
    if arguments.json:
        print(json_text({"session_id": session_id, "entries": entries, "is_whole": not faults, "faults": faults}))
    elif not faults:
        print(f"Whole: {entries} entries, and the session is what they tell.")
    for one in [] if arguments.json else faults:
        print(f"Entry {one['entry']} is damaged: {one['place']}.")
    _end(not faults)


def _end(is_right: bool) -> None:
    if not is_right:
        sys.stdout.flush()
        raise SystemExit(1)


def _is_session(word: str) -> bool:
    parts = word.split("-")
    return [len(part) for part in parts] == [8, 4, 4, 4, 12]


def _whole(fir: FirApplication, word: str) -> str:
    """The id of a session, of which the first digits do where it waits and no other one begins so."""
    if _is_session(word):
        return word
    found = [one.session_id for one in fir.workflow.waiting(limit=1000) if one.session_id.startswith(word.lower())]
    if len(found) != 1 or len(word) < 4:
        raise InputError(
            f"Argument SESSION must be an id, or at least 4 first digits of one session that waits, but {word[:60]!r} "
            f"is of {len(found)}."
        )
    return found[0]


def _gate_of_token(fir: FirApplication, session_id: str, token: str) -> Gate:
    """What was shown under a token; what is there now may be something else, and then nothing is answered."""
    if len(token) < _SHORTEST_TOKEN:
        raise InputError(f"Option --token must have at least {_SHORTEST_TOKEN} digits, but has {len(token)}.")
    found = [gate for gate in fir.workflow.gates(session_id) if gate.token.startswith(token.lower())]
    if not found:
        raise InputError(
            "Option --token must be of what is there now, but it is not: look at it with `synqc fir show`."
        )
    return found[-1]


def _content(gate: Gate, file: str) -> dict[str, Any]:
    from synqc.apps.fir.workflow.content import MEMBERS

    text = sys.stdin.read() if file == "-" else Path(file).read_text("utf-8")
    if gate.step.value in _TEXT_STEPS:
        return {MEMBERS[gate.step]: text}
    try:
        read = json.loads(text)
    except ValueError as error:
        raise InputError(f"Option --content must be JSON at {gate.step.value}, but is not: {error}.") from None
    return read if isinstance(read, dict) else {MEMBERS[gate.step]: read}


def _print_next(fir: FirApplication, session_id: str, is_json: bool) -> None:
    """Do stages here until the next gate is there; a service on the same database may do them as well."""
    if fir.workflow.session(session_id).ticket is not None:
        fir.start()
        note("The next gate is being made.")
    gate = fir.workflow.wait_for_gate(session_id, _PATIENCE_S)
    if gate is None:
        raise InputError(
            f"The next gate is not there after {_PATIENCE_S:g} s; it goes on: `synqc fir show {session_id}`."
        )
    _print_gate(fir, gate, is_json)


def _print_gate(fir: FirApplication, gate: Gate, is_json: bool) -> None:
    session = fir.workflow.session(gate.session_id)
    if is_json:
        print(json_text({
            "session_id": gate.session_id, "step": gate.step.value, "state": gate.state.value, "token": gate.token,
            "status": session.of_contract.value, "fir_number": session.number or None, "content": gate.content,
        }))  # fmt: skip
        return
    print(f"Session {gate.session_id}, {gate.step.value}: {gate.state.value}. Token {gate.token[:12]}")
    for name, value in gate.content.items():
        print(f"\n{name}:")
        print("\n".join(_lines(name, value)))


def _lines(name: str, value: object) -> list[str]:
    from synqc.apps.fir.document.visible_marks import mark_invisible

    if name == "violations" and isinstance(value, list):
        decided = {True: "in", False: "out", None: "undecided"}
        return [
            f"  {decided[one['accepted']]:<9} {one['verdict']:<7} {mark_invisible(one['section'])} {one['title']}"
            for one in value
        ] or ["  none"]
    if name == "doubts" and isinstance(value, list):
        return [f"  {one['kind']}: {mark_invisible(one['text']) or 'all of it'}" for one in value]
    if isinstance(value, list):
        return [f"  {mark_invisible(str(one))}" for one in value]
    return [f"  {line}" for line in mark_invisible(str(value)).split("\n")]

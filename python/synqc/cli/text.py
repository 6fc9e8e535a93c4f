"""`synqc text dedup`: rows of files without their repetitions."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from synqc import json, text
from synqc.cli.outputs import check_outputs, note
from synqc.cli.tables import json_text
from synqc.errors import InputError

__all__ = ["add_command"]

_JSON_LINES = (".jsonl", ".ndjson")
_EXIT_FOUND = 1


def add_command(commands: Any) -> None:
    """Declare `synqc text` and its own commands."""
    parser = commands.add_parser("text", description="Work on rows of text.", allow_abbrev=False)
    acts = parser.add_subparsers(title="commands", metavar="COMMAND", dest="text_command", required=True)
    dedup = acts.add_parser(
        "dedup",
        help="keep the first of rows that are nearly the same",
        description="Keep the first of rows that are nearly the same, and none that repeats a source. A row is a line "
        "of text, or a JSON value in files that end in .jsonl or .ndjson. Kept lines are written as they were, those "
        "of all files in order; what the others repeat is told in the report. Exit code 0, with --check 1 if any "
        "row is a repetition, 2 after an error, 130 after Ctrl-C.",
        allow_abbrev=False,
    )
    dedup.add_argument("files", nargs="+", type=Path, metavar="FILE", help="rows; several files are one collection")
    dedup.add_argument(
        "--against",
        action="append",
        default=[],
        metavar="NAME=FILE",
        help="rows no kept row may repeat, such as a benchmark, under a name; may be given several times",
    )
    dedup.add_argument(
        "--key", default="text", metavar="NAME", help="where the text is in rows that are JSON objects; default: text"
    )
    dedup.add_argument(
        "--threshold", type=float, default=0.8, metavar="X", help="least Jaccard similarity; default: 0.8"
    )
    dedup.add_argument("--unit", choices=("characters", "words"), default="characters", help="default: characters")
    dedup.add_argument("--width", type=int, default=5, metavar="N", help="units per shingle; default: 5")
    dedup.add_argument(
        "--numbers", choices=("keep", "rename"), default="keep", help="rename: rows with other numbers are the same"
    )
    dedup.add_argument("--threads", type=int, default=0, metavar="N", help="default: all")
    dedup.add_argument("--output", type=Path, metavar="FILE", help="where kept rows go; default: stdout")
    dedup.add_argument("--report", type=Path, metavar="FILE", help="write what each other row repeats, as JSON")
    dedup.add_argument("--json", action="store_true", help="print the report to stdout and nothing else")
    dedup.add_argument("--check", action="store_true", help="exit code 1 if any row is a repetition")
    dedup.add_argument("--quiet", action="store_true", help="no progress bar and no summary")
    dedup.set_defaults(act=_dedup)


def _dedup(arguments: argparse.Namespace) -> bool:
    check_outputs(arguments.output, arguments.report, plot=None)
    for output in (arguments.output, arguments.report):
        if output is not None and any(output.exists() and output.samefile(file) for file in _existing(arguments.files)):
            raise InputError(f"{output} is one of the files to be read.")
    sources = {name: _rows((file,), arguments.key) for name, file in map(_named_file, arguments.against)}
    if len(sources) < len(arguments.against):
        raise InputError("Each `--against` must have a name of its own.")
    found = text.deduplicate(
        _rows(arguments.files, arguments.key),
        threshold=arguments.threshold,
        against=sources or None,
        key="text",
        shingling=text.Shingling(unit=arguments.unit, width=arguments.width, numbers=arguments.numbers),
        threads=arguments.threads,
        progress=False if arguments.quiet else "auto",
    )
    _write_kept(found.kept_rows, arguments)
    if arguments.report is not None:
        arguments.report.write_text(json_text(found.to_dict()) + "\n", encoding="utf-8")
    if arguments.json:
        print(json_text(found.to_dict()))
    if not arguments.quiet:
        note(str(found))
    if arguments.check and len(found.duplicates) > 0:
        sys.stdout.flush()
        raise SystemExit(_EXIT_FOUND)
    return False


def _existing(files: Sequence[Path]) -> list[Path]:
    return [file for file in files if file.exists()]


def _named_file(given: str) -> tuple[str, Path]:
    name, equals, file = given.partition("=")
    if not (name and equals and file):
        raise InputError(f"Argument `--against` must be NAME=FILE, but is {given}.")
    return name, Path(file)


def _rows(files: Sequence[Path], key: str) -> Iterator[dict[str, Any]]:
    """Lines as they are, each with its text."""
    for file in files:
        is_json = file.suffix.lower() in _JSON_LINES
        with open(file, "rb") as lines:
            for number, line in enumerate(lines, 1):
                line = line.rstrip(b"\r\n")
                if not is_json:
                    # Bytes that are no UTF-8 become lone surrogates, which count as U+FFFD.
                    yield {"line": line, "text": line.decode("utf-8", "surrogateescape")}
                elif line.strip():
                    yield {"line": line, "text": _text_in(line, key, f"{file}:{number}")}


def _text_in(line: bytes, key: str, place: str) -> str:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise InputError(f"{place} must be a JSON value, but is not: {error}") from error
    value = row.get(key) if isinstance(row, dict) else row
    if not isinstance(value, str):
        what = f"has {', '.join(map(repr, row))}" if isinstance(row, dict) else f"is a {type(row).__name__}"
        raise InputError(f"{place} must be a text or an object with a text under {key!r} (--key), but {what}.")
    return value


def _write_kept(rows: Sequence[dict[str, Any]], arguments: argparse.Namespace) -> None:
    lines = (row["line"] + b"\n" for row in rows)
    if arguments.output is not None:
        with open(arguments.output, "wb") as file:
            file.writelines(lines)
    elif not arguments.json:
        sys.stdout.flush()
        sys.stdout.buffer.writelines(lines)
        sys.stdout.buffer.flush()

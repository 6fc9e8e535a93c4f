"""Importing the official text of the Bharatiya Nyaya Sanhita, 2023: PDF of the gazette, text, CSV, JSON or JSONL."""

from __future__ import annotations

import csv
import difflib
import hashlib
import importlib.util
import io
import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from synqc.apps.fir.knowledge.facts import Facts, bns_2023
from synqc.apps.fir.knowledge.statute import Statute
from synqc.errors import InputError, MissingExtra

__all__ = ["StatuteRefused", "import_statute"]

_LARGEST_FILE: Final = 64 << 20
_SHORTEST: Final = 20
_LONGEST: Final = 40_000
_SAME_TITLE: Final = 0.75
_NEARLY_SAME_TITLE: Final = 0.95
_MOST_TOLD: Final = 20
_MOJIBAKE: Final = re.compile("\ufffd|â€|Ã[\u0080-\u00bf]|\u00c2[\u00a0-\u00bf]|\x00")
_BEGINNING: Final = re.compile(r"^[ \t]*(?P<number>\d{1,3})[ \t]*\.[ \t]*(?=\S)", re.MULTILINE)
_DASH: Final = re.compile(r"\s*\.?\s*(?:—|–|―|--+|\u2015|:-)\s*")
_LINE_OF_PAGE: Final = re.compile(r"(?<![.;:—–\n])\n(?!\s*[(\n])")
"""An end of a line that is the page's, not the text's: what follows neither ends a clause nor begins one."""
_CUT_END: Final = re.compile(r"[\w,\-—–]\s*$")
_NUMBER_MEMBERS: Final = ("section", "section_number", "number", "sec")
_TITLE_MEMBERS: Final = ("title", "heading", "section_title")
_TEXT_MEMBERS: Final = ("text", "legal definition", "content", "description", "documents")


class StatuteRefused(InputError):
    """A file is not the text of the statute, or not all of it.

    Args:
        name: Name of the file.
        problems: What is wrong, a sentence each.
    """

    code = "statute_refused"

    def __init__(self, name: str, problems: list[str]) -> None:
        more = f" And {len(problems) - _MOST_TOLD} more." if len(problems) > _MOST_TOLD else ""
        super().__init__(f"{name} was not imported: {' '.join(problems[:_MOST_TOLD])}{more}")
        self.problems = tuple(problems)


def import_statute(path: str | Path, *, facts: Facts | None = None) -> Statute:
    """Read the official text and hold it against the table of facts.

    Every section must be there once, under the title that the table has, with a text of 20 to 40,000 characters that
    is no other section's, in UTF-8 that was not garbled on its way. What a person should look at, such as a text that
    seems to be cut, is in `warnings`. Nothing is stored: `Statute.save` does.

    Args:
        path: `.pdf` (needs `synqc[fir]`), `.txt`, `.csv` with a heading line, `.json` or `.jsonl`.
        facts: The table; None: this project's.

    Raises:
        StatuteRefused: Something is missing or wrong; all of it is listed.
        InputError: There is no such file, or it is no file of these kinds.
        MissingExtra: For a PDF, the package `pypdfium2` is not installed.
    """
    where, table = Path(path), facts or bns_2023()
    reader = _READERS.get(where.suffix.lower())
    if reader is None:
        raise InputError(f"Argument `path` must end in one of {', '.join(_READERS)}, but is {where.name[:100]!r}.")
    if not where.is_file():
        raise InputError(f"Argument `path` must be a file, but {str(path)[:200]!r} is none.")
    if where.stat().st_size > _LARGEST_FILE:
        raise InputError(f"Argument `path` must be a file of at most {_LARGEST_FILE >> 20} MiB, but it is larger.")
    given = where.read_bytes()
    problems: list[str] = []
    rows = reader(given, where.name, table, problems)
    warnings: list[str] = []
    texts = _checked(rows, table, problems, warnings)
    if problems:
        raise StatuteRefused(where.name, problems)
    return Statute(texts, source=where.name, source_sha256=hashlib.sha256(given).hexdigest(), warnings=tuple(warnings))


Rows = list[tuple[str, str, str]]
"""Number, title ("" where the file gives none) and text, as they stand in the file."""


def _checked(rows: Rows, table: Facts, problems: list[str], warnings: list[str]) -> dict[int, str]:
    texts: dict[int, str] = {}
    for number_text, title, raw in rows:
        number = int(number_text) if number_text.isdecimal() and len(number_text) < 6 else 0
        if number not in table:
            problems.append(f"There is no section {number_text[:20]!r}; they are 1 to {len(table)}.")
            continue
        if number in texts:
            problems.append(f"Section {number} is there more than once.")
            continue
        text = _cleaned(raw)
        texts[number] = text
        if not _SHORTEST <= len(text) <= _LONGEST:
            problems.append(f"Section {number} must have {_SHORTEST} to {_LONGEST} characters, but has {len(text)}.")
        if _MOJIBAKE.search(title + text):
            problems.append(f"Section {number} holds characters that were garbled by a wrong encoding.")
        if _CUT_END.search(text):
            warnings.append(f"Section {number} ends without a full stop: {text[-30:]!r}.")
        alike = _alike(title, table[number].title) if title else 1.0
        if alike < _SAME_TITLE:
            problems.append(f"Section {number} must be {table[number].title!r}, but is {title[:80]!r}.")
        elif alike < _NEARLY_SAME_TITLE:
            warnings.append(f"Section {number} has the title {title[:120]!r}, not {table[number].title!r}.")
        if not title:
            warnings.append(f"Section {number} has no title, so that its place was taken from its number alone.")
    missing = [number for number in table if number not in texts]
    if missing:
        problems.append(f"{len(missing)} of {len(table)} sections are missing: {_ranges(missing)}.")
    first: dict[str, int] = {}
    for number, text in sorted(texts.items()):
        if text and first.setdefault(text, number) != number:
            problems.append(f"Sections {first[text]} and {number} have the same text.")
    return texts


def _from_text(given: bytes, name: str, table: Facts, problems: list[str]) -> Rows:
    return _split(_decoded(given, name), table)


def _from_pdf(given: bytes, name: str, table: Facts, problems: list[str]) -> Rows:
    if importlib.util.find_spec("pypdfium2") is None:
        raise MissingExtra("Reading a PDF needs the package `pypdfium2`: pip install 'synqc[fir]'.")
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(given)
        try:
            pages = [page.get_textpage().get_text_range() for page in document]
        finally:
            document.close()
    except pypdfium2.PdfiumError as error:
        raise StatuteRefused(name, [f"It is no PDF that can be read: {error!s:.120}."]) from None
    if not any(page.strip() for page in pages):
        raise StatuteRefused(
            name, ["It holds no text, only pictures of pages: take the PDF with text, or read it first."]
        )
    text = "\n".join(pages).replace("\r\n", "\n").replace("\r", "\n").replace("\ufffe", "-")
    return [(number, title, _LINE_OF_PAGE.sub(" ", part)) for number, title, part in _split(text, table)]


def _from_csv(given: bytes, name: str, table: Facts, problems: list[str]) -> Rows:
    try:
        rows = list(csv.DictReader(io.StringIO(_decoded(given, name), newline="")))
    except csv.Error as error:
        raise StatuteRefused(name, [f"It is no CSV: {error!s:.120}."]) from None
    return [_row(row, f"line {k}", problems) for k, row in enumerate(rows, 2)]


def _from_json(given: bytes, name: str, table: Facts, problems: list[str]) -> Rows:
    text = _decoded(given, name)
    lines = name.lower().endswith(".jsonl")
    parts = (
        [(f"line {k}", line) for k, line in enumerate(text.splitlines(), 1) if line.strip()] if lines else [("$", text)]
    )
    rows: Rows = []
    for place, part in parts:
        try:
            read = json.loads(part)
        except (ValueError, RecursionError) as error:
            raise StatuteRefused(name, [f"It is no JSON at {place}: {error!s:.120}."]) from None
        several = read if isinstance(read, list) else [read]
        rows += [_row(one, place if lines else f"$[{k}]", problems) for k, one in enumerate(several)]
    return rows


_READERS: Final[Mapping[str, Callable[[bytes, str, Facts, list[str]], Rows]]] = {
    ".pdf": _from_pdf, ".txt": _from_text, ".csv": _from_csv, ".json": _from_json, ".jsonl": _from_json,
}  # fmt: skip


def _row(row: Any, place: str, problems: list[str]) -> tuple[str, str, str]:
    if not isinstance(row, dict):
        problems.append(f"The row at {place} must be an object, but is {type(row).__name__}.")
        return "", "", ""
    nested = row.get("metadatas") or row.get("metadata")
    members = {
        str(key).casefold().strip(): value
        for key, value in {**row, **(nested if isinstance(nested, dict) else {})}.items()
    }
    values = []
    for names in (_NUMBER_MEMBERS, _TITLE_MEMBERS, _TEXT_MEMBERS):
        value = next((members[name] for name in names if members.get(name) not in (None, "")), "")
        values.append(str(value).strip() if isinstance(value, (str, int)) and not isinstance(value, bool) else "")
    return values[0], " ".join(values[1].split()), values[2]


def _decoded(given: bytes, name: str) -> str:
    try:
        return given.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise StatuteRefused(
            name, [f"It must be UTF-8, but is not, at byte {error.start}; save it as UTF-8."]
        ) from None


def _split(text: str, table: Facts) -> Rows:
    """Sections of a running text, which begins each with its number, its title and a dash.

    A list of contents before it has no dashes, and lists within a section have no titles of sections; where the
    gazette prints titles in the margin, a number that is the next one begins a section without a title.
    """
    beginnings: dict[int, list[re.Match[str]]] = {}
    for match in _BEGINNING.finditer(text):
        beginnings.setdefault(int(match["number"]), []).append(match)
    chosen: list[tuple[int, str, int, int]] = []  # number, title, where it begins, where its text begins
    end = 0
    for number in table:
        found = _begun(text, [one for one in beginnings.get(number, ()) if one.start() >= end], table[number].title)
        if found is not None:
            chosen.append((number, *found))
            end = found[2]
    ends = [start for _, _, start, _ in chosen[1:]] + [len(text)]
    rows: Rows = []
    for (number, title, _, begins), until in zip(chosen, ends, strict=bool(chosen)):
        rows.append((str(number), title, _without_headings(text[begins:until])))
    return rows


def _begun(text: str, candidates: list[re.Match[str]], title: str) -> tuple[str, int, int] | None:
    untitled = None
    for match in candidates:
        dash = _DASH.search(text, match.end(), match.end() + 2 * len(title) + 60)
        if dash is not None:
            given = " ".join(text[match.end() : dash.start()].split())
            if _alike(given, title) >= _SAME_TITLE:
                return given, match.start(), dash.end()
        if untitled is None and re.match(
            r"\(1\)|Whoever|Any |When |Nothing |Every ", text[match.end() : match.end() + 12]
        ):
            untitled = "", match.start(), match.end()
    return untitled


def _without_headings(text: str) -> str:
    """A section's text without the heading of a chapter that follows it, and without numbers of pages."""
    lines = [line for line in text.splitlines() if not re.fullmatch(r"\s*\d{1,3}\s*", line)]
    for place, line in enumerate(lines):
        if re.match(r"\s*CHAPTER\s+[IVXL]+\b", line):
            return "\n".join(lines[:place])
    return "\n".join(lines)


def _cleaned(text: str) -> str:
    plain = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    return "\n".join(" ".join(line.split()) for line in plain.splitlines() if line.strip())


def _alike(one: str, other: str) -> float:
    first, second = (re.sub(r"[\W_]+", "", text.casefold()) for text in (one, other))
    return difflib.SequenceMatcher(None, first, second, autojunk=False).ratio()


def _ranges(numbers: list[int]) -> str:
    parts: list[list[int]] = []
    for number in numbers:
        if parts and parts[-1][-1] == number - 1:
            parts[-1].append(number)
        else:
            parts.append([number])
    told = [str(part[0]) if len(part) == 1 else f"{part[0]}-{part[-1]}" for part in parts]
    return ", ".join(told[:_MOST_TOLD]) + (", ..." if len(told) > _MOST_TOLD else "")

"""Reading an operator's knowledge base: files of records in either layout, by their members, joined by section."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from synqc.apps.fir.knowledge.facts import BNS, Offence
from synqc.apps.fir.knowledge.record import REPEALED, Record, TextKind
from synqc.apps.fir.knowledge.superseded import find_superseded
from synqc.errors import DocumentError, InputError

__all__ = ["load_records"]

_LARGEST_FILE: Final = 64 << 20
_SECTION: Final = re.compile(
    r"^\s*+(?:section|sec\.?|s\.)?\s*+(\d{1,4}[A-Z]{0,2})\s*+((?:\([0-9A-Za-z]+\)\s*+)*+)\.?\s*+$", re.IGNORECASE
)
_MEMBERS: Final = {
    "section": ("section", "section_number", "sec"),
    "number": ("number",),
    "title": ("title",),
    "text": ("legal definition", "text", "documents", "description", "definition"),
    "offence": ("offence", "offense"),
    "punishment": ("punishment", "penalty"),
    "cognizable": ("cognizable?", "cognizable"),
    "bailable": ("bailable?", "bailable"),
    "court": ("triable by", "triable_by", "court"),
    "category": ("category",),
    "source": ("source", "code", "act"),
}


def load_records(path: str | Path) -> list[Record]:
    """Records of a file, or of all `.json` and `.jsonl` files of a folder.

    Each row is an object. Rows with `Section`, `Title` and `Legal Definition`, rows of vector stores (`id`,
    `documents`, `metadatas`), rows with `section`, `text` and perhaps `title`, and rows with `section_number`,
    `description` and `penalty` are understood; so are rows that classify (`Offence`, `Punishment`, `Cognizable?`,
    `Bailable?`, `Triable By`), which are joined to the record of their section. Rows with a number and a category
    belong to special acts. Records of the Indian Penal Code are marked as repealed, and those that cite it have
    `notes` on what stands in its place. Equal records are kept once.

    Raises:
        InputError: There is no such file, it is too large, or none in the folder.
        DocumentError: A row cannot be understood; the message ends with its place.
    """
    where = Path(path)
    names = (
        sorted(one for one in where.glob("*") if one.suffix.lower() in (".json", ".jsonl"))
        if where.is_dir()
        else [where]
    )
    if not names or not all(one.is_file() for one in names):
        raise InputError(
            "Argument `path` must be a file of records, or a folder of .json and .jsonl files, but is "
            f"{str(path)[:200]!r}."
        )
    read = [row for name in names for row in _rows_of(name)]
    texts = [record for record, offence in read if offence is None or record.text.strip()]
    classified: dict[tuple[str, str], list[Offence]] = {}
    for record, offence in read:
        if offence is not None:
            classified.setdefault((record.code, _whole(record.section)), []).append(offence)
    joined = [_joined(record, classified) for record in texts]
    alone = {key for key in classified if not any((one.code, _whole(one.section)) == key for one in texts)}
    for record, offence in read:
        key = (record.code, _whole(record.section))
        if offence is not None and key in alone:
            alone.discard(key)
            offences = tuple(dict.fromkeys(classified[key]))
            name = record.title or offences[0].offence
            joined.append(dataclasses.replace(record, section=key[1], title=name, text="", offences=offences))
    return list(dict.fromkeys(joined))


def _joined(record: Record, classified: Mapping[tuple[str, str], list[Offence]]) -> Record:
    offences = dict.fromkeys(classified.get((record.code, _whole(record.section)), ()))
    words = " ".join(one.offence for one in offences)
    return dataclasses.replace(record, offences=tuple(offences), words=f"{record.words} {words}".strip())


def _rows_of(path: Path) -> Iterable[tuple[Record, Offence | None]]:
    if path.stat().st_size > _LARGEST_FILE:
        raise InputError(
            f"{path.name} must be at most {_LARGEST_FILE >> 20} MiB, but is {path.stat().st_size >> 20} MiB."
        )
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DocumentError(f"{path.name} must be UTF-8, but is not: $ at byte {error.start}") from None
    if path.suffix.lower() == ".jsonl":
        places = [(f"line {k}", line) for k, line in enumerate(text.splitlines(), 1) if line.strip()]
        return [_row(_parsed(line, path, place), path, place) for place, line in places]
    whole = _parsed(text, path, "$")
    if isinstance(whole, dict):
        whole = next((one for one in whole.values() if isinstance(one, list)), [whole])
    if not isinstance(whole, list):
        raise DocumentError(f"{path.name} must hold a list of objects, but holds {type(whole).__name__}: $")
    return [_row(one, path, f"$[{k}]") for k, one in enumerate(whole)]


def _parsed(text: str, path: Path, place: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DocumentError(f"{path.name} is no JSON ({error!s:.120}): {place}") from None


def _row(row: Any, path: Path, place: str) -> tuple[Record, Offence | None]:
    if not isinstance(row, dict):
        raise DocumentError(f"A row of {path.name} must be an object, but is {type(row).__name__}: {place}")
    nested = row.get("metadatas") or row.get("metadata")
    members = {
        str(key).casefold().strip(): value
        for key, value in {**row, **(nested if isinstance(nested, dict) else {})}.items()
    }
    found = {name: _text(members, keys, path, place) for name, keys in _MEMBERS.items()}
    special = bool(found["category"]) and not found["section"]
    section = found["number"] if special else found["section"]
    if not section:
        raise DocumentError(
            f"A row of {path.name} must have a section or a number, but has {sorted(members)[:8]}: {place}"
        )
    title, text = found["title"], found["text"]
    if not (title or text or found["offence"] or found["punishment"]):
        raise DocumentError(f"A row of {path.name} must have a text or a title, but has neither: {place}")
    code = _code(found, path.stem, special)
    cited = find_superseded(f"{title}\n{text}")
    record = Record(
        code, _section(section), title, text, TextKind.LOADED,
        db=path.stem, category=found["category"] if special else "", repealed=code in REPEALED,
        notes=tuple(dict.fromkeys(one.note for one in cited)) if code not in REPEALED else (),
    )  # fmt: skip
    classifies = any(found[name] for name in ("cognizable", "bailable", "court", "punishment"))
    if not classifies:
        return record, None
    offence = Offence(
        _section(section), found["offence"], found["punishment"], _yes_or_no(found["cognizable"], "cognizable"),
        _yes_or_no(found["bailable"], "bailable"), found["court"].rstrip("."),
    )  # fmt: skip
    # A vector store's document of such a row says what its members say; it is no text of the section.
    is_classification = bool(found["cognizable"] or found["bailable"]) or not text
    return (dataclasses.replace(record, text="") if is_classification else record), offence


def _text(members: Mapping[str, Any], keys: Iterable[str], path: Path, place: str) -> str:
    for key in keys:
        value = members.get(key)
        if value is None or value == "":
            continue
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        if isinstance(value, bool) or not isinstance(value, (str, int)):
            raise DocumentError(f"Member `{key}` in {path.name} must be text, but is {type(value).__name__}: {place}")
        return str(value).strip()
    return ""


def _section(text: str) -> str:
    match = _SECTION.match(text)
    return f"{match[1].upper()}{''.join(match[2].split())}" if match else " ".join(text.split())


def _whole(section: str) -> str:
    return section.partition("(")[0].strip()


def _code(found: Mapping[str, str], stem: str, special: bool) -> str:
    told = f"{found['source']} {stem}".casefold()
    is_one: Callable[..., bool] = lambda *names: any(name in told for name in names)  # noqa: E731
    if special or is_one("spact", "special act"):
        return found["category"] or found["source"] or "Special acts"
    if is_one("ipc", "indian penal code"):
        return REPEALED[0]
    if is_one("bns", "nyaya"):
        return BNS
    return found["source"] or stem


def _yes_or_no(text: str, name: str) -> Any:
    plain = text.casefold().strip(" .")
    if plain.startswith(("non", "no", "not", "false")):
        return "no"
    if plain in (name, "yes", "true"):
        return "yes"
    return "depends"

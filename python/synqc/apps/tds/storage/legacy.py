"""State directories of earlier services: `sessions.json` and `runs/`, read once and tolerantly, and written again."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Set
from itertools import islice
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from sqlalchemy import insert, select

from synqc.apps.tds import clock
from synqc.apps.tds.models import KpiBundle, RunConfiguration, RunRecord, SessionStatus
from synqc.apps.tds.session import MOST_LINES, MOST_ROWS, Session
from synqc.apps.tds.settings import TdsSettings
from synqc.apps.tds.storage import schema
from synqc.apps.tds.storage.database import Database
from synqc.apps.tds.storage.session_rows import session_of, session_row
from synqc.apps.tds.storage.writer import Change

__all__ = ["export_state", "import_state"]

_log = logging.getLogger("synqc.legacy")
_RUNS_AT_ONCE = 500
_LONGEST_NAME = 255  # bytes of a file's name
_MOST_SHOTS = 2**63  # what the column holds
_SESSION_KEYS = (
    "session_id", "created_at", "last_updated_at", "status", "status_text", "mode_label", "config", "last_run_id",
    "shot_limit", "shots_used", "logs", "last_kpis", "telemetry",
)  # fmt: skip
_RUN_KEYS = (
    "run_id", "session_id", "mode", "config_snapshot", "created_at", "kpis", "measurements", "events",
)  # fmt: skip


def import_state(settings: TdsSettings, database: Database) -> None:
    """Take over an old directory's sessions and runs; once, and the files stay as they are.

    What cannot be read is kept too: a broken `sessions.json` gets a copy beside it, single items go into the database
    as they are, and both come out again with `export_state`. What is stored already, because `export_state` wrote the
    directory, stays as it is stored.
    """
    source = settings.state_dir / "sessions.json"
    runs = settings.state_dir / "runs"
    runs.mkdir(exist_ok=True)  # scripts of earlier services expect it
    if not source.is_file() and next(runs.glob("*.json"), None) is None:
        return
    with database.reading() as connection:
        if connection.execute(select(schema.imports.c.source).where(schema.imports.c.source == str(source))).first():
            return
        stored_runs = set(connection.scalars(select(schema.runs.c.run_id)))
    stored_sessions = {row.session_id: row.position for row in database.session_rows()}
    unreadable: list[dict[str, Any]] = []
    sessions = _sessions_in(source, settings, stored_sessions, unreadable)
    count = 0
    with database.writing() as connection:
        for table in (schema.sessions, schema.log_lines, schema.telemetry):
            rows = getattr(sessions, table.name)
            if rows:
                connection.execute(insert(table), rows)
        found = _runs_in(runs, stored_runs, unreadable)
        while batch := list(islice(found, _RUNS_AT_ONCE)):
            connection.execute(insert(schema.runs), batch)
            count += len(batch)
        connection.execute(
            insert(schema.imports).values(
                source=str(source), imported_at=clock.now(), unreadable=json.dumps(unreadable)
            )
        )
    _log.info(
        "Imported %d sessions and %d runs from %s; %d items could not be read and are kept as they are.",
        len(sessions.sessions), count, settings.state_dir, len(unreadable),
    )  # fmt: skip


def export_state(database: Database, folder: Path) -> tuple[int, int]:
    """Write `sessions.json` and `runs/` as earlier services did.

    Args:
        database: The service's database, which may be in use.
        folder: Made if it is not there; files of the same names are replaced, each at once.

    Returns:
        Numbers of sessions and runs.
    """
    runs = folder / "runs"
    runs.mkdir(parents=True, exist_ok=True)
    sessions: list[Any] = [_session_item(database, session_of(row)) for row in database.session_rows()]
    written = len(sessions)
    with database.reading() as connection:
        for unreadable in connection.scalars(select(schema.imports.c.unreadable)):
            sessions += [item["item"] for item in json.loads(unreadable) if item["where"] == "sessions.json"]
    temporary = folder / "sessions.tmp"
    with temporary.open("w", encoding="ascii") as file:
        json.dump(sessions, file, indent=2)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(folder / "sessions.json")
    names: set[str] = set()
    for run_id, document in database.all_run_documents():
        record = json.loads(document)
        legacy = {name: record[name] for name in _RUN_KEYS if name in record}
        name = _file_name(run_id, names)
        names.add(name)
        (runs / name).write_text(json.dumps(legacy, indent=2), encoding="ascii")
    return written, len(names)


def _sessions_in(
    source: Path, settings: TdsSettings, stored: Mapping[str, int], unreadable: list[dict[str, Any]]
) -> Change:
    """Rows of the sessions of a file that are not stored, in places after those; what is none goes to `unreadable`."""
    sessions = Change()
    if not source.is_file():
        return sessions
    try:
        items = json.loads(source.read_text(encoding="utf-8"))
        if not isinstance(items, list):
            raise ValueError(f"it holds a {type(items).__name__}, not a list")
    except (ValueError, OSError, RecursionError) as error:
        aside = source.with_name(f"{source.name}.corrupt-{clock.compact_stamp(clock.now())}")
        shutil.copy2(source, aside)
        _log.error("%s cannot be read (%s): it stays as it is, and %s is a copy.", source, error, aside.name)
        return sessions
    known: set[str] = set()
    last_position = max(stored.values(), default=0)
    for item in items:
        try:
            session = _session_in(item, settings, position=last_position + len(known) + 1)
            session_id = session.sessions[0]["session_id"]
            if session_id in known:
                raise ValueError(f"session {session_id!r} is listed twice")
        except (ValidationError, ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
            _log.warning("A session in %s cannot be read and is kept as it is: %s", source, error)
            unreadable.append({"where": "sessions.json", "item": item})
            continue
        if session_id not in stored:
            known.add(session_id)
            sessions.merge(session)
    return sessions


def _session_in(item: dict[str, Any], settings: TdsSettings, position: int) -> Change:
    """Rows of the session that an item describes."""
    session_id, last_run_id = item["session_id"], item.get("last_run_id")
    if not isinstance(session_id, str) or not session_id:
        raise ValueError(f"`session_id` must be text, but is {session_id!r}")
    if not isinstance(last_run_id, (str, type(None))):
        raise ValueError(f"`last_run_id` must be text, but is {last_run_id!r}")
    limit = max(1, int(item.get("shot_limit", settings.default_shot_limit)))
    used = max(0, int(item.get("shots_used", 0)))
    if max(limit, used) >= _MOST_SHOTS:
        raise ValueError(f"`shot_limit` and `shots_used` must be below {_MOST_SHOTS}, but are {limit} and {used}")
    session = Session(
        session_id, position=position, shot_limit=limit,
        created_at=clock.parsed(item["created_at"]) if item.get("created_at") else clock.now(),
        config=RunConfiguration.model_validate(item.get("config") or {}),
    )  # fmt: skip
    if item.get("last_updated_at"):
        session.last_updated_at = clock.parsed(item["last_updated_at"])
    session.status = SessionStatus(item.get("status", "idle"))
    session.status_text = str(item.get("status_text", "Idle · imported"))
    session.mode_label = str(item.get("mode_label") or session.mode_label)
    session.last_run_id = last_run_id
    session.shots_used = used
    session.last_kpis = _kpis(item.get("last_kpis"), used, limit)
    texts = [str(line) for line in (item.get("logs") or [])[-MOST_LINES:]]
    _check_storable(session_id, session.status_text, session.mode_label, last_run_id or "", *texts)
    lines = [session.add_line(text) for text in texts]
    for row in [row for row in item.get("telemetry") or [] if isinstance(row, dict)][-MOST_ROWS:]:
        session.add_row(json.dumps(row, separators=(",", ":"), allow_nan=False).encode())
    return Change(sessions=[session_row(session)], log_lines=lines, telemetry=session.unstored_rows())


def _check_storable(*texts: str) -> None:
    """Raises ValueError for text that a database does not take: lone surrogates, and zeros for PostgreSQL."""
    for text in texts:
        text.encode()
        if "\0" in text:
            raise ValueError(f"text must not hold zeros, but {text[:100]!r} does")


def _kpis(item: Any, used: int, limit: int) -> KpiBundle | None:
    if item is None:
        return None
    return KpiBundle.from_raw(
        item.get("fidelity") or 0.0, item.get("latency_us") or 0.0, item.get("backaction") or 0.0,
        item.get("shots_used", used), item.get("shot_limit", limit),
    )  # fmt: skip


def _runs_in(folder: Path, stored: Set[str], unreadable: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Rows of the runs in a folder that are not stored; files that hold none go to `unreadable`."""
    known: set[str] = set()
    for path in sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime):
        try:
            item = json.loads(path.read_text(encoding="utf-8"))
            record = RunRecord.model_validate(item)
            if record.run_id in known:
                raise ValueError(f"run {record.run_id!r} is there twice")
            _check_storable(record.run_id, record.session_id)
            document = record.model_dump_json().encode()
        except (ValueError, OSError, TypeError, RecursionError) as error:
            _log.warning("%s cannot be read and stays as it is: %s", path, error)
            unreadable.append({"where": f"runs/{path.name}", "item": None})
            continue
        known.add(record.run_id)
        if record.run_id in stored:
            continue
        details: dict[str, Any] = {
            "run_id": record.run_id, "session_id": record.session_id, "mode": record.mode.value, "imported": True,
            "estimates": {}, "history": [],
        }  # fmt: skip
        yield {
            "run_id": record.run_id, "session_id": record.session_id, "document": document,
            "details": json.dumps(details, separators=(",", ":")).encode(),
        }  # fmt: skip


def _session_item(database: Database, session: Session) -> dict[str, Any]:
    lines = database.lines(session.session_id, session.first_line)[-MOST_LINES:]
    item = {
        **session.summary().model_dump(mode="json"),
        "logs": [line for _, line in lines],
        "telemetry": [json.loads(row) for _, row in database.telemetry_rows(session.session_id)],
    }
    return {name: item[name] for name in _SESSION_KEYS}


def _file_name(run_id: str, taken: Set[str]) -> str:
    """Where an earlier service looks for a run: its id and `.json`, as long as a file may be called that.

    >>> _file_name("lab 1 é-20260102T030405Z", set()), len(_file_name("x" * 300, set()))
    ('lab 1 é-20260102T030405Z.json', 255)
    """
    name = f"{run_id}.json"
    attempt = 0
    while any(mark in name for mark in "/\0") or len(os.fsencode(name)) > _LONGEST_NAME or name in taken:
        ending = f"-{hashlib.sha256(f'{attempt}{run_id}'.encode()).hexdigest()}.json"
        start = re.sub("[/\0]", "_", run_id).encode()[: _LONGEST_NAME - len(ending)]
        name = start.decode(errors="ignore") + ending
        attempt += 1
    return name

"""State directories of earlier services: `sessions.json` and `runs/`, read once and tolerantly, and written again."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from sqlalchemy import insert, select

from synqc.apps.tds import clock
from synqc.apps.tds.models import HardwareTarget, KpiBundle, RunConfiguration, RunRecord, SessionStatus
from synqc.apps.tds.session import MOST_LINES, MOST_ROWS, mode_label
from synqc.apps.tds.storage import schema
from synqc.apps.tds.storage.database import Database
from synqc.settings import Settings

__all__ = ["export_state", "import_state"]

_log = logging.getLogger("synqc.legacy")
_RUNS_AT_ONCE = 500
_MOST_SHOTS = 2**63  # what the column holds


@dataclass
class _Imported:
    """Rows to insert, and what could not be understood."""

    sessions: list[dict[str, Any]] = field(default_factory=list)
    log_lines: list[dict[str, Any]] = field(default_factory=list)
    telemetry: list[dict[str, Any]] = field(default_factory=list)
    unreadable: list[Any] = field(default_factory=list)


def import_state(settings: Settings, database: Database) -> None:
    """Take over an old directory's sessions and runs; once, and the files stay as they are.

    What cannot be read is kept too: a broken `sessions.json` gets a copy beside it, single items go into the database
    as they are, and both come out again with `export_state`.
    """
    source = settings.state_dir / "sessions.json"
    runs = settings.state_dir / "runs"
    runs.mkdir(exist_ok=True)  # scripts of earlier services expect it
    if not source.is_file() and next(runs.glob("*.json"), None) is None:
        return
    with database.reading() as connection:
        if connection.execute(select(schema.imports.c.source).where(schema.imports.c.source == str(source))).first():
            return
    imported = _sessions_in(source, settings)
    count = 0
    with database.writing() as connection:
        for position, row in enumerate(imported.sessions, 1):
            row["position"] = position
        for table in (schema.sessions, schema.log_lines, schema.telemetry):
            rows = getattr(imported, table.name)
            if rows:
                connection.execute(insert(table), rows)
        batch: list[dict[str, Any]] = []
        for run in _runs_in(runs, imported.unreadable):
            batch.append(run)
            count += 1
            if len(batch) == _RUNS_AT_ONCE:
                connection.execute(insert(schema.runs), batch)
                batch = []
        if batch:
            connection.execute(insert(schema.runs), batch)
        connection.execute(
            insert(schema.imports).values(
                source=str(source), imported_at=clock.naive_microseconds(clock.now()),
                unreadable=json.dumps(imported.unreadable),
            )
        )  # fmt: skip
    _log.info(
        "Imported %d sessions and %d runs from %s; %d items could not be read and are kept as they are.",
        len(imported.sessions), count, settings.state_dir, len(imported.unreadable),
    )  # fmt: skip


def export_state(database: Database, folder: Path) -> tuple[int, int]:
    """Write `sessions.json` and `runs/` as earlier services did.

    Args:
        database: Of the service, which may be running.
        folder: Made if it is not there; files of the same names are replaced, each at once.

    Returns:
        Numbers of sessions and runs.
    """
    runs = folder / "runs"
    runs.mkdir(parents=True, exist_ok=True)
    sessions: list[Any] = [_session_item(database, row) for row in database.session_rows()]
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
    count = 0
    for run_id, document in database.all_run_documents():
        record = json.loads(document)
        legacy = {name: record[name] for name in _RUN_KEYS if name in record}
        (runs / f"{_file_stem(run_id)}.json").write_text(json.dumps(legacy, indent=2), encoding="ascii")
        count += 1
    return written, count


_RUN_KEYS = (
    "run_id", "session_id", "mode", "config_snapshot", "created_at", "kpis", "measurements", "events",
)  # fmt: skip


def _sessions_in(source: Path, settings: Settings) -> _Imported:
    imported = _Imported()
    if not source.is_file():
        return imported
    try:
        items = json.loads(source.read_text(encoding="utf-8"))
        if not isinstance(items, list):
            raise ValueError(f"it holds a {type(items).__name__}, not a list")
    except (ValueError, OSError, RecursionError) as error:
        aside = source.with_name(f"{source.name}.corrupt-{clock.compact_stamp(clock.now())}")
        shutil.copy2(source, aside)
        _log.error("%s cannot be read (%s): it stays as it is, and %s is a copy.", source, error, aside.name)
        return imported
    known: set[str] = set()
    for item in items:
        try:
            row, lines, telemetry = _session_rows(item, settings)
            if row["session_id"] in known:
                raise ValueError(f"session {row['session_id']!r} is listed twice")
        except (ValidationError, ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
            _log.warning("A session in %s cannot be read and is kept as it is: %s", source, error)
            imported.unreadable.append({"where": "sessions.json", "item": item})
            continue
        known.add(row["session_id"])
        imported.sessions.append(row)
        imported.log_lines += lines
        imported.telemetry += telemetry
    return imported


def _session_rows(
    item: dict[str, Any], settings: Settings
) -> tuple[dict[str, Any], list[dict[str, Any]], list[dict[str, Any]]]:
    session_id = item["session_id"]
    if not isinstance(session_id, str) or not session_id:
        raise ValueError(f"`session_id` must be text, but is {session_id!r}")
    config = RunConfiguration.model_validate(item.get("config") or {})
    created_at = clock.parsed(item["created_at"]) if item.get("created_at") else clock.now()
    updated_at = clock.parsed(item["last_updated_at"]) if item.get("last_updated_at") else created_at
    status = SessionStatus(item.get("status", "idle"))
    text = str(item.get("status_text", "Idle · imported"))
    if status is SessionStatus.RUNNING:
        status, text = SessionStatus.IDLE, "Idle · the server stopped during a run"
    limit = max(1, int(item.get("shot_limit", settings.default_shot_limit)))
    used = max(0, int(item.get("shots_used", 0)))
    if max(limit, used) >= _MOST_SHOTS:
        raise ValueError(f"`shot_limit` and `shots_used` must be below {_MOST_SHOTS}, but are {limit} and {used}")
    last_run_id = item.get("last_run_id")
    if not isinstance(last_run_id, (str, type(None))):
        raise ValueError(f"`last_run_id` must be text, but is {last_run_id!r}")
    kpis = _kpis(item.get("last_kpis"), used, limit)
    lines = [str(line) for line in item.get("logs") or []][-MOST_LINES:]
    telemetry = [row for row in item.get("telemetry") or [] if isinstance(row, dict)][-MOST_ROWS:]
    row = {
        "session_id": session_id,
        "created_at": clock.naive_microseconds(created_at),
        "last_updated_at": clock.naive_microseconds(updated_at),
        "status": status.value,
        "status_text": text,
        "mode_label": str(item.get("mode_label") or mode_label(HardwareTarget(config.hardware_target))),
        "config": config.model_dump_json(),
        "last_run_id": last_run_id,
        "shot_limit": limit,
        "shots_used": used,
        "last_kpis": None if kpis is None else kpis.model_dump_json(),
        "carry": None,
        "first_line": 0,
    }
    _check_storable(*lines, *(value for value in row.values() if isinstance(value, str)))
    line_rows = [{"session_id": session_id, "line_number": n, "line": line} for n, line in enumerate(lines)]
    telemetry_rows = [
        {
            "session_id": session_id, "slot": number % MOST_ROWS, "row_number": number,
            "row": json.dumps(one, separators=(",", ":"), allow_nan=False).encode(),
        }
        for number, one in enumerate(telemetry)
    ]  # fmt: skip
    return row, line_rows, telemetry_rows


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


def _runs_in(folder: Path, unreadable: list[Any]) -> Iterator[dict[str, Any]]:
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
        details: dict[str, Any] = {
            "run_id": record.run_id, "session_id": record.session_id, "mode": record.mode.value, "imported": True,
            "estimates": {}, "history": [],
        }  # fmt: skip
        yield {
            "run_id": record.run_id, "session_id": record.session_id, "document": document,
            "details": json.dumps(details, separators=(",", ":")).encode(),
        }  # fmt: skip


def _session_item(database: Database, row: Any) -> dict[str, Any]:
    lines = database.lines(row.session_id, row.first_line)[-MOST_LINES:]
    return {
        "session_id": row.session_id,
        "created_at": row.created_at,
        "last_updated_at": row.last_updated_at,
        "status": row.status,
        "status_text": row.status_text,
        "mode_label": row.mode_label,
        "config": json.loads(row.config),
        "last_run_id": row.last_run_id,
        "shot_limit": row.shot_limit,
        "shots_used": row.shots_used,
        "logs": [line for _, line in lines],
        "last_kpis": None if row.last_kpis is None else json.loads(row.last_kpis),
        "telemetry": [json.loads(one) for _, one in database.telemetry_rows(row.session_id)],
    }


def _file_stem(run_id: str) -> str:
    """A file name for any run id: harmless characters, at most 200 bytes, and never the same for two."""
    safe = re.sub(r"[^\w.-]", "_", run_id, flags=re.ASCII).lstrip(".")
    if safe == run_id and len(safe) <= 200:
        return safe
    return f"{safe[:180]}-{hashlib.sha256(run_id.encode()).hexdigest()[:16]}"

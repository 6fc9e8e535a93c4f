"""`synqc serve`, and what an operator does beside it: `export-state`, `backup`, `restore`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from synqc.errors import MissingExtra

__all__ = ["add_commands"]


def add_commands(commands: Any) -> None:
    """Declare them."""
    serving = commands.add_parser(
        "serve",
        help="serve the control page and the API",
        description="Serve the control page at /ui and the API. Settings come from the environment and from .env: "
        "SYNQC_STATE_DIR, SYNQC_DATABASE_URL, SYNQC_API_KEYS and others, see docs/service.md.",
        allow_abbrev=False,
    )
    serving.add_argument("--host", help="address to listen on; default SYNQC_HOST or 127.0.0.1")
    serving.add_argument("--port", type=_port, help="default SYNQC_PORT or 8000")
    serving.set_defaults(act=_serve)
    exporting = commands.add_parser(
        "export-state",
        help="write sessions.json and runs/ as earlier services did",
        description="Write sessions.json and runs/ from the service's database, which may be in use.",
        allow_abbrev=False,
    )
    exporting.add_argument("folder", type=Path, metavar="FOLDER", help="where to; made if it is not there")
    exporting.set_defaults(act=_export_state)
    backing_up = commands.add_parser(
        "backup",
        help="copy the service's database, also while it runs",
        description="Copy the service's SQLite database to a file that appears whole or not at all.",
        allow_abbrev=False,
    )
    backing_up.add_argument("file", type=Path, metavar="FILE", help="where to")
    backing_up.add_argument("--force", action="store_true", help="replace FILE if it is there already")
    backing_up.set_defaults(act=_back_up)
    restoring = commands.add_parser(
        "restore",
        help="make a backup the service's database again",
        description="Make a copy that `synqc backup` wrote the service's SQLite database, while no service runs on it.",
        allow_abbrev=False,
    )
    restoring.add_argument("file", type=Path, metavar="FILE", help="the copy; it stays as it is")
    restoring.add_argument("--force", action="store_true", help="set a database aside that is there already")
    restoring.set_defaults(act=_restore)


def _port(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 65_535:
        raise argparse.ArgumentTypeError(f"must be between 1 and 65535, but is {text!r}.")
    return int(text)


def _needs_service() -> None:
    try:
        import fastapi  # noqa: F401
        import sqlalchemy  # noqa: F401
        import uvicorn  # noqa: F401
    except ImportError as error:
        raise MissingExtra(f"This needs {error.name}: pip install 'synqc[service]'.") from error


def _serve(arguments: argparse.Namespace) -> bool:
    _needs_service()
    from synqc.service.launcher import serve

    serve(host=arguments.host, port=arguments.port)
    return False


def _export_state(arguments: argparse.Namespace) -> bool:
    _needs_service()
    from synqc.apps.tds.storage.database import open_for_reading
    from synqc.apps.tds.storage.legacy import export_state
    from synqc.settings import Settings

    database = open_for_reading(Settings.from_environment())
    try:
        sessions, runs = export_state(database, arguments.folder)
    finally:
        database.close()
    sys.stdout.write(f"{sessions} sessions and {runs} runs written to {arguments.folder}.\n")
    return False


def _back_up(arguments: argparse.Namespace) -> bool:
    _needs_service()
    from synqc.apps.tds.storage.backup import back_up
    from synqc.settings import Settings

    size = back_up(Settings.from_environment(), arguments.file, replace=arguments.force)
    sys.stdout.write(f"{size / 1e6:.1f} MB written to {arguments.file}.\n")
    return False


def _restore(arguments: argparse.Namespace) -> bool:
    _needs_service()
    from synqc.apps.tds.storage.backup import restore
    from synqc.settings import Settings

    settings = Settings.from_environment()
    aside = restore(settings, arguments.file, replace=arguments.force)
    former = "" if aside is None else f"; the former database is {aside}"
    sys.stdout.write(f"{arguments.file} is the database of {settings.state_dir} now{former}.\n")
    return False

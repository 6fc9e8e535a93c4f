"""`synqc export-state`, `backup` and `restore`: what an operator does with the service's database."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from synqc.cli.service_extra import require_service_extra

if TYPE_CHECKING:
    from synqc.storage.backup import FileCheck
    from synqc.storage.settings import StorageSettings

__all__ = ["add_command"]

_Work = Callable[["StorageSettings", argparse.Namespace], str]
"""Does what a command is for, and says in a sentence what was done."""


def add_command(commands: Any) -> None:
    """Declare them."""
    exporting = _declare(
        commands, "export-state", _export_state,
        description="Write sessions.json and runs/ from the service's database, which may be in use.",
    )  # fmt: skip
    exporting.add_argument("folder", type=Path, metavar="FOLDER", help="where to; made if it is not there")
    backing_up = _declare(
        commands, "backup", _back_up,
        description="Copy the service's SQLite database to a file that appears whole or not at all.",
    )  # fmt: skip
    backing_up.add_argument("file", type=Path, metavar="FILE", help="where to")
    backing_up.add_argument("--force", action="store_true", help="replace FILE if it is there already")
    restoring = _declare(
        commands, "restore", _restore,
        description="Make a copy that `synqc backup` wrote the service's SQLite database, while no service runs on it.",
    )  # fmt: skip
    restoring.add_argument("file", type=Path, metavar="FILE", help="the copy; it stays as it is")
    restoring.add_argument("--force", action="store_true", help="set a database aside that is there already")


def _declare(commands: Any, name: str, work: _Work, **words: str) -> Any:
    def act(arguments: argparse.Namespace) -> bool:
        require_service_extra()
        from synqc.service.applications import read_settings
        from synqc.storage.settings import StorageSettings

        sys.stdout.write(work(read_settings(StorageSettings), arguments) + "\n")
        return False

    parser = commands.add_parser(name, allow_abbrev=False, **words)
    parser.set_defaults(act=act)
    return parser


def _export_state(settings: StorageSettings, arguments: argparse.Namespace) -> str:
    from synqc.apps.tds.storage import Database
    from synqc.apps.tds.storage.legacy import export_state
    from synqc.storage.database import open_for_reading

    database = open_for_reading(settings.location, Database)
    try:
        sessions, runs = export_state(database, arguments.folder)
    finally:
        database.close()
    return f"{sessions} sessions and {runs} runs written to {arguments.folder}."


def _back_up(settings: StorageSettings, arguments: argparse.Namespace) -> str:
    from synqc.storage.backup import back_up

    size = back_up(settings, arguments.file, checks=_checks(), replace=arguments.force)
    return f"{size / 1e6:.1f} MB written to {arguments.file}."


def _restore(settings: StorageSettings, arguments: argparse.Namespace) -> str:
    from synqc.storage.backup import restore

    aside = restore(settings, arguments.file, checks=_checks(), replace=arguments.force)
    former = "" if aside is None else f"; the former database is {aside}"
    return f"{arguments.file} is the database of {settings.state_dir} now{former}."


def _checks() -> list[FileCheck]:
    """By each room that has tables in the service's database."""
    from synqc.apps.fir.workflow.workflow import COMPONENTS as FIR
    from synqc.apps.prompts.tables.schema import COMPONENT as PROMPTS
    from synqc.apps.tds.storage.schema import check_file
    from synqc.jobs.tables.schema import COMPONENT
    from synqc.storage.backup import check_component

    return [check_file, check_component(COMPONENT), check_component(PROMPTS), *map(check_component, FIR)]

"""A column and a table are added to the letter of CONTRIBUTING: on new databases and on those of every version."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from scratch_postgresql import scratch_postgresql

import synqc
from synqc.apps.tds.application import TdsApplication
from synqc.apps.tds.models import RunConfiguration
from synqc.settings import Settings

OLD_DATABASES = sorted(Path(__file__).parent.glob("database_of_version_*.sql"))

SCHEMA = "apps/tds/storage/schema.py"
EDITS = [
    (
        SCHEMA,
        "  # rises with each change of the owner\n",
        "  # rises with each change of the owner\n"
        '    Column("favourite", Text, nullable=False, server_default="none"),\n',
    ),
    (
        SCHEMA,
        "\n\nownership.to_metadata(",
        '\n\ncolours = Table(\n    "colours", metadata,\n'
        '    Column("number", _Number, primary_key=True, autoincrement=True),\n'
        '    Column("colour", LargeBinary, nullable=False),\n)\n\nownership.to_metadata(',
    ),
    (
        SCHEMA,
        "\n\n# Step n leads",
        "\n\ndef _add_favourite_and_colours(connection):\n"
        "    connection.exec_driver_sql(\"ALTER TABLE sessions ADD COLUMN favourite TEXT DEFAULT 'none' NOT NULL\")\n"
        '    Table(\n        "colours", MetaData(),\n'
        '        Column("number", _Number, primary_key=True, autoincrement=True),\n'
        '        Column("colour", LargeBinary, nullable=False),\n    ).create(connection)\n'
        "\n\n# Step n leads",
    ),
    (SCHEMA, "_add_owners_of_sessions)\n", "_add_owners_of_sessions, _add_favourite_and_colours)\n"),
    (
        "apps/tds/session.py",
        "        self.shots_used = 0\n",
        '        self.shots_used = 0\n        self.favourite = "none"\n',
    ),
]

CHILD = """
import json, sys
from pathlib import Path
from sqlalchemy import insert, inspect, select
from synqc.apps.tds.application import TdsApplication
from synqc.apps.tds.models import RunConfiguration
from synqc.apps.tds.storage import schema
from synqc.settings import Settings
from synqc.storage.migrations import component_versions

def use(state_dir, database_url):
    settings = Settings(state_dir=Path(state_dir), database_url=database_url)
    tds = TdsApplication(settings)
    session = tds.store.sessions.get("x1")
    if session is None:
        session, stored = tds.store.create_or_update("x1", RunConfiguration())
        stored.result(10)
    before = session.favourite
    session.favourite = "blue"
    tds.store.save(session).result(10)
    with tds.database.writing() as connection:
        connection.execute(insert(schema.colours).values(colour=b"red"))
    tds.close()
    tds = TdsApplication(settings)
    with tds.database.reading() as connection:
        found = inspect(connection)
        seen = {
            "before": before, "after": tds.store.get("x1").favourite,
            "colours": [[number, bytes(one).decode()] for number, one in connection.execute(select(schema.colours))],
            "version": connection.scalar(
                select(component_versions.c.version).where(component_versions.c.component == "tds")
            ),
            "columns": {
                table: [[str(one[name]) for name in ("name", "type", "nullable", "default")]
                        for one in found.get_columns(table)]
                for table in sorted(found.get_table_names())
            },
        }
    tds.close()
    return seen

print(json.dumps([use(*place) for place in json.loads(sys.argv[1])]))
"""


@pytest.fixture(scope="module")
def edited(tmp_path_factory):
    """The package with the edits of the recipe."""
    folder = tmp_path_factory.mktemp("edited")
    package = folder / "synqc"
    original = Path(synqc.__file__).parent
    shutil.copytree(original, package, copy_function=os.symlink, ignore=shutil.ignore_patterns("__pycache__"))
    for name, before, after in EDITS:
        path = package / name
        text = path.read_text()
        assert text.count(before) == 1, (name, before)
        path.unlink()
        path.write_text(text.replace(before, after))

    def ask(*places):
        """What it finds in each place: (state directory, URL of the database or None)."""
        found = subprocess.run(
            [sys.executable, "-c", CHILD, json.dumps([(str(folder), url) for folder, url in places])],
            capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(folder)}, check=False,
        )  # fmt: skip
        assert found.returncode == 0, found.stderr
        return json.loads(found.stdout)

    return ask


def check(fresh, *old):
    for found in (fresh, *old):
        assert (found["before"], found["after"], found["colours"]) == ("none", "blue", [[1, "red"]])
        assert found["version"] == len(OLD_DATABASES) + 1
        assert found["columns"] == fresh["columns"]


def test_sqlite(edited, tmp_path):
    places = [(tmp_path / "fresh", None)]
    for script in OLD_DATABASES:
        folder = tmp_path / script.stem
        folder.mkdir()
        with sqlite3.connect(folder / "synqc.db") as connection:
            connection.executescript(script.read_text())
        connection.close()
        places.append((folder, None))
    check(*edited(*places))


def test_postgresql(edited, tmp_path):
    with scratch_postgresql() as fresh, scratch_postgresql() as old:
        tds = TdsApplication(Settings(state_dir=tmp_path, database_url=old))  # before the recipe
        tds.store.create_or_update("x1", RunConfiguration())[1].result(10)
        tds.close()
        check(*edited((tmp_path, fresh), (tmp_path, old)))


def test_contributing_says_what_is_done_here():
    text = " ".join((Path(__file__).parents[3] / "CONTRIBUTING.md").read_text().split())
    recipe = text[text.index("**A column or table of the service.**") :]
    for words in (
        "`apps/tds/storage/schema.py`",
        "`_STEPS`",
        "`ALTER TABLE",
        "`MetaData()`",
        "the attribute of `Session`",
    ):
        assert words in recipe[:1000], words

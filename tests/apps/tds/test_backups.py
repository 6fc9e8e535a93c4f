"""A backup is whole, the owner's alone, and never takes another file's place unasked; and it comes back."""

import os
import sqlite3
import stat
import subprocess
import sys
from functools import partial

import pytest

from synqc.apps.tds.models import RunConfiguration, RunRequest
from synqc.apps.tds.storage import StorageUnavailable
from synqc.apps.tds.storage.schema import check_file
from synqc.errors import InputError
from synqc.jobs.tables.schema import COMPONENT
from synqc.settings import Settings
from synqc.storage import backup

CHECKS = [check_file, backup.check_component(COMPONENT)]
back_up, restore = partial(backup.back_up, checks=CHECKS), partial(backup.restore, checks=CHECKS)


@pytest.fixture
def kept(opened):
    """An application with a session and a run."""
    tds = opened()
    tds.store.create_or_update("x1", RunConfiguration(notes="kept"))[1].result(10)
    tds.runs.execute(tds.runs.start("x1", RunRequest())).stored.result(10)
    return tds


def contents(path):
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
        sessions = connection.execute("SELECT * FROM sessions").fetchall()
        return sessions, connection.execute("SELECT run_id, document FROM runs").fetchall()


def test_it_has_everything_and_only_its_owner_may_read_it(kept, tmp_path):
    size = back_up(kept.settings, tmp_path / "copy.db")
    assert size == (tmp_path / "copy.db").stat().st_size > 0
    assert contents(tmp_path / "copy.db") == contents(tmp_path / "synqc.db")
    assert stat.S_IMODE((tmp_path / "copy.db").stat().st_mode) == 0o600
    assert not list(tmp_path.glob(".copy*"))


def test_a_file_that_is_there_stays_unless_it_is_to_go(kept, tmp_path):
    target = tmp_path / "copy.db"
    target.write_text("dear diary")
    with pytest.raises(InputError, match=r"copy\.db is there already: .* --force"):
        back_up(kept.settings, target)
    assert target.read_text() == "dear diary"
    back_up(kept.settings, target, replace=True)
    assert contents(target) == contents(tmp_path / "synqc.db")


def damage(path):
    """Points an index somewhere else: nothing that a reader of rows would see."""
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
        root, size = connection.execute(
            "SELECT rootpage, (SELECT page_size FROM pragma_page_size) FROM sqlite_master"
            " WHERE name = 'runs_of_session'"
        ).fetchone()
    connection.close()
    with path.open("r+b") as file:
        file.seek((root - 1) * size + 3)
        file.write(b"\0\0")  # cells of the page


def test_a_damaged_copy_is_noticed_and_not_kept(kept, tmp_path):
    kept.close()
    damage(tmp_path / "synqc.db")
    with pytest.raises(InputError, match=r"damaged: .*\w"):
        back_up(kept.settings, tmp_path / "copy.db")
    assert not list(tmp_path.glob("*copy*"))


class TestRestoring:
    @pytest.fixture
    def copy(self, kept, tmp_path):
        back_up(kept.settings, tmp_path / "copy.db")
        return tmp_path / "copy.db"

    def test_a_new_directory_gets_it(self, copy, tmp_path):
        settings = Settings(state_dir=tmp_path / "new")
        assert restore(settings, copy) is None
        assert contents(tmp_path / "new" / "synqc.db") == contents(copy)
        assert stat.S_IMODE((tmp_path / "new" / "synqc.db").stat().st_mode) == 0o600

    def test_the_former_database_is_set_aside_with_its_log(self, kept, copy, tmp_path):
        kept.store.create_or_update("later", RunConfiguration())[1].result(10)
        later = contents(tmp_path / "synqc.db")
        with pytest.raises(StorageUnavailable, match="in use by another SynqC service"):
            restore(kept.settings, copy, replace=True)
        kept.database.engine.dispose = lambda: None  # as if it had been killed: the log is still beside the file
        kept.close()
        with pytest.raises(InputError, match=r"There is a database .* --force"):
            restore(kept.settings, copy)
        aside = restore(kept.settings, copy, replace=True)
        assert contents(tmp_path / "synqc.db") == contents(copy)
        assert contents(aside) == later

    def test_what_is_no_copy_is_refused_and_changes_nothing(self, kept, copy, tmp_path):
        kept.close()
        before = contents(tmp_path / "synqc.db")
        (tmp_path / "text").write_text("dear diary" * 100)
        with sqlite3.connect(tmp_path / "strange.db") as connection:
            connection.execute("CREATE TABLE sessions (name TEXT)")
        with sqlite3.connect(copy) as connection:
            connection.execute("UPDATE synqc_components SET version = 1000 WHERE component = 'tds'")
        newer = copy.with_name("newer.db")
        back_up(kept.settings, newer)
        with sqlite3.connect(newer) as connection:
            connection.execute("UPDATE synqc_components SET version = 1000 WHERE component = 'jobs'")
        for name, words in [
            ("newer.db", "schema version 1000 of `jobs`, but"),
            ("text", "not a database"),
            ("strange.db", "no database of this service"),
            ("copy.db", "schema version 1000 of `tds`, but"),
            ("nothing", "There is no file"),
        ]:
            with pytest.raises(InputError, match=words):
                restore(kept.settings, tmp_path / name, replace=True)
        assert contents(tmp_path / "synqc.db") == before


def test_postgresql_has_tools_of_its_own(tmp_path):
    settings = Settings(state_dir=tmp_path, database_url="postgresql://localhost/x")
    with pytest.raises(InputError, match="pg_dump"):
        back_up(settings, tmp_path / "copy.db")
    with pytest.raises(InputError, match="pg_restore"):
        restore(settings, tmp_path / "copy.db")


def test_the_commands_say_what_they_did(kept, tmp_path):
    def command(*arguments):
        environment = {**os.environ, "SYNQC_STATE_DIR": str(tmp_path)}
        done = subprocess.run(
            [sys.executable, "-m", "synqc", *arguments], capture_output=True, text=True, env=environment, check=False
        )
        return done.returncode, done.stdout + done.stderr

    target = str(tmp_path / "copy.db")
    assert command("backup", target)[0] == 0
    code, words = command("backup", target)
    assert code == 2
    assert "--force" in words
    assert command("backup", target, "--force")[0] == 0
    kept.close()
    code, words = command("restore", target, "--force")
    assert code == 0
    assert "the former database is" in words

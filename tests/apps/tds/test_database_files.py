"""A database is the service's own, or is left alone with a sentence."""

import os
import sqlite3
import stat

import psycopg
import pytest
from scratch_postgresql import scratch_postgresql

from synqc.apps.tds.models import RunConfiguration
from synqc.apps.tds.storage import StorageUnavailable, UnusableDatabase, open_database
from synqc.cache import DiskCache
from synqc.errors import InputError, MissingExtra
from synqc.settings import Settings


class TestFile:
    def test_it_is_its_owners_alone_whatever_others_are(self, tmp_path, opened):
        before = os.umask(0)
        try:
            tds = opened()
            tds.store.create_or_update("x1", RunConfiguration())[1].result(10)
        finally:
            os.umask(before)
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.glob("synqc.*")}
        assert modes == dict.fromkeys(("synqc.db", "synqc.db-wal", "synqc.db-shm", "synqc.lock"), 0o600)

    def test_it_says_whose_it_is(self, tmp_path, opened):
        opened()
        with sqlite3.connect(tmp_path / "synqc.db") as connection:
            assert connection.execute("PRAGMA application_id").fetchone() == (0x53794454,)

    @pytest.mark.parametrize("kind", ["a text", "a cache", "another program's", "another program's with its own id"])
    def test_a_strangers_stays_as_it_is(self, tmp_path, opened, kind):
        path = tmp_path / "synqc.db"
        if kind == "a text":
            path.write_text("dear diary\n" * 100)
        elif kind == "a cache":
            with DiskCache(path) as cache:
                cache["a"] = 1
        else:
            with sqlite3.connect(path) as connection:
                if kind.endswith("id"):
                    connection.execute("CREATE TABLE synqc_schema (version INTEGER)")
                    connection.execute("PRAGMA application_id = 77")
                else:
                    connection.execute("CREATE TABLE sessions (name TEXT)")
            connection.close()
        before = path.read_bytes()
        with pytest.raises(UnusableDatabase, match=r"synqc\.db is .*It stays as it is"):
            opened()
        assert path.read_bytes() == before
        path.unlink()
        opened()  # the directory is not held by the one that failed

    def test_a_newer_schema_is_a_sentence(self, tmp_path, opened):
        opened().close()
        with sqlite3.connect(tmp_path / "synqc.db") as connection:
            connection.execute("UPDATE synqc_components SET version = 1000 WHERE component = 'tds'")
        connection.close()
        with pytest.raises(StorageUnavailable, match=r"version 1000 of `tds`, but .* knows versions up to \d+: use"):
            opened()


class TestUrl:
    @pytest.mark.parametrize(
        ("url", "words"),
        [
            ("mysql://user:secret@host/x", r"must begin with postgresql://, but is 'mysql://user:\*\*\*@host/x'"),
            ("oracle+cx://host", "must begin with postgresql://"),
            ("sqlite:///x.db", "SQLite needs no URL: set SYNQC_STATE_DIR"),
            ("postgresql", "must look like postgresql://user:password@host:5432/database"),
            ("postgresql+asyncpg://host/x", "must begin with postgresql://"),
            ("postgresql://host:port/x", "must look like"),
        ],
    )
    def test_other_kinds_are_refused(self, tmp_path, url, words):
        with pytest.raises(InputError, match=words) as refusal:
            open_database(Settings(state_dir=tmp_path, database_url=url))
        assert "secret" not in str(refusal.value)

    def test_a_driver_that_is_not_installed_is_named(self, tmp_path, monkeypatch):
        monkeypatch.setitem(__import__("sys").modules, "psycopg", None)
        with pytest.raises(MissingExtra, match=r"needs psycopg: pip install 'synqc\[postgresql\]'"):
            open_database(Settings(state_dir=tmp_path, database_url="postgresql://localhost/x"))

    def test_a_server_that_is_not_there_is_a_sentence_without_the_password(self, tmp_path):
        url = "postgresql://me:secret@127.0.0.1:1/x"
        with pytest.raises(StorageUnavailable, match=r"postgresql://me:\*\*\*@127.* cannot be opened") as refusal:
            open_database(Settings(state_dir=tmp_path, database_url=url))
        assert "secret" not in str(refusal.value)

    def test_tables_of_another_program_are_left_alone(self, tmp_path):
        with scratch_postgresql() as url:
            with psycopg.connect(url, autocommit=True) as administrator:
                administrator.execute("CREATE TABLE sessions (name TEXT)")
            with pytest.raises(UnusableDatabase, match="a table `sessions` of another program"):
                open_database(Settings(state_dir=tmp_path, database_url=url))
            with psycopg.connect(url, autocommit=True) as administrator:
                administrator.execute("DROP TABLE sessions")
            open_database(Settings(state_dir=tmp_path, database_url=url)).close()

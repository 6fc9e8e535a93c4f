"""Databases of PostgreSQL for tests to write into and throw away."""

import atexit
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

POSTGRESQL = "postgresql://postgres@127.0.0.1:5432"


_emptied = []
"""Databases that nobody uses: dropping one waits for a checkpoint, which emptying it does not."""


@contextmanager
def scratch_postgresql():
    """URL of an empty database of one's own; skips where no server answers, but fails in CI.

    At the end it is emptied for the next one, and dropped when the process ends.
    """
    psycopg = pytest.importorskip("psycopg")
    try:
        administrator = psycopg.connect(f"{POSTGRESQL}/postgres", autocommit=True, connect_timeout=3)
    except psycopg.OperationalError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"no PostgreSQL answers at {POSTGRESQL}: {error}")
    with administrator:
        if _emptied:
            name = _emptied.pop()
        else:
            name = f"synqc_test_{secrets.token_hex(6)}"
            administrator.execute(f"CREATE DATABASE {name}")
            atexit.register(_drop, name, os.getpid())
        try:
            yield f"{POSTGRESQL}/{name}"
        finally:
            _empty(administrator, name)
            _emptied.append(name)


def _empty(administrator, name):
    """Leave nothing of what tests did: nobody is connected, no setting, no schema."""
    import psycopg

    administrator.execute(f"ALTER DATABASE {name} RESET ALL")
    others = "FROM pg_stat_activity WHERE datname = %s"
    deadline = time.monotonic() + 30
    while administrator.execute(f"SELECT pg_terminate_backend(pid) {others}", [name]).fetchall():
        assert time.monotonic() < deadline, f"somebody stays connected to {name}"
        time.sleep(0.005)
    with psycopg.connect(f"{POSTGRESQL}/{name}", autocommit=True) as within:
        schemas = within.execute("SELECT nspname FROM pg_namespace WHERE nspname !~ '^(pg_|information_schema$)'")
        for (schema,) in schemas.fetchall():
            within.execute(f'DROP SCHEMA "{schema}" CASCADE')
        within.execute("CREATE SCHEMA public")
        within.execute("GRANT USAGE ON SCHEMA public TO PUBLIC")


def _drop(name, owner):
    import psycopg

    if os.getpid() == owner:
        with psycopg.connect(f"{POSTGRESQL}/postgres", autocommit=True) as administrator:
            administrator.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


class ScratchCluster:
    """A PostgreSQL of its own, which a test may restart.

    Args:
        folder: Where it lies; the user `postgres` owns it if the tests run as root.
        binaries: Folder of `initdb` and `pg_ctl`.
    """

    def __init__(self, folder, binaries):
        self._data = folder / "data"
        self._binaries = binaries
        with socket.socket() as listening:
            listening.bind(("127.0.0.1", 0))
            self._port = listening.getsockname()[1]
        self.url = f"postgresql://postgres@127.0.0.1:{self._port}/postgres"
        self._call("initdb", "--auth=trust", "--username=postgres", "--no-sync", "--pgdata", self._data)

    def start(self):
        options = f"-p {self._port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self._data}"
        self._control("start", "--options", options)

    def stop(self):
        self._control("stop", "--mode", "immediate")

    def restart(self):
        """Without a word to those who are connected, as after a crash."""
        self.stop()
        self.start()

    def _control(self, act, *arguments):
        log = self._data / "server.log"
        self._call("pg_ctl", act, "--wait", "--silent", "--log", log, "--pgdata", self._data, *arguments)

    def _call(self, program, *arguments):
        as_postgres = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
        command = [*as_postgres, self._binaries / program, *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")


@contextmanager
def scratch_cluster():
    """A `ScratchCluster` that runs; skips where PostgreSQL's programs are not, but fails in CI."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        assert not os.environ.get("CI"), "PostgreSQL's programs are not installed"
        pytest.skip("PostgreSQL's programs are not installed")
    folder = Path(tempfile.mkdtemp(prefix="synqc-postgresql-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    try:
        cluster = ScratchCluster(folder, found[-1].parent)
        cluster.start()
        try:
            yield cluster
        finally:
            cluster.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)

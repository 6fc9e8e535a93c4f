"""Storage that refuses to write while the service has it open: by the kernel's own doing, no function is replaced.

`mount -o remount,ro` is no such means: the kernel refuses it while a file is open for writing, as a database always is.
"""

import resource
import subprocess

import psycopg
import pytest
from fastapi.testclient import TestClient
from mounted_disks import Ext4Disk
from running_server import PREFIX as P
from running_server import RunningServer
from scratch_postgresql import scratch_postgresql
from troubled_storage import check_that_it_works_again, check_that_writes_are_refused_and_reads_go_on

from synqc.service import create_app
from synqc.settings import Settings


@pytest.fixture
def disk(tmp_path):
    with Ext4Disk.made(tmp_path / "disk", megabytes=8) as made:
        yield made


@pytest.fixture
def server_on(tmp_path):
    """Starts a server with its state in a folder, a session and a run."""
    made = []

    def start(state_dir):
        server = RunningServer(tmp_path / "server", SYNQC_STATE_DIR=str(state_dir)).start()
        made.append(server)
        begin(asked_of(server))
        return server

    yield start
    for server in made:
        server.stop()


def begin(ask):
    assert ask("POST", "/sessions", {"session_id": "x1", "config": {"notes": "before"}})[0] == 200
    assert ask("POST", "/sessions/x1/run", {})[0] == 200


def asked_of(server):
    return lambda method, path, body=None: server.request(method, P + path, body)


def test_a_disk_that_the_kernel_turns_read_only(disk, server_on):
    """As after a failing sector. The kernel lets nobody write until it is mounted anew, so this ends with a restart."""
    server = server_on(disk.folder / "state")
    ask = asked_of(server)
    kept = ask("GET", "/sessions/x1")[1]
    disk.report_an_error()
    with pytest.raises(OSError, match="Read-only file system"):
        (disk.folder / "file").touch()
    check_that_writes_are_refused_and_reads_go_on(ask, "x1")
    server.stop()
    disk.unmount()
    disk.repair()
    disk.mount()
    server.start()
    after = ask("GET", "/sessions/x1")[1]
    for name in ("config", "shots_used", "last_run_id", "last_kpis"):
        assert after[name] == kept[name], name
    assert after["status"] == "idle"
    check_that_it_works_again(ask, "x1")


def test_files_that_turn_immutable(disk, server_on):
    """And become mutable again, under the open database."""
    server = server_on(disk.folder / "state")
    files = [str(disk.folder / "state" / name) for name in ("synqc.db", "synqc.db-wal")]
    subprocess.run(["chattr", "+i", *files], check=True)
    try:
        check_that_writes_are_refused_and_reads_go_on(asked_of(server), "x1")
    finally:
        subprocess.run(["chattr", "-i", *files], check=True)
    check_that_it_works_again(asked_of(server), "x1")


def test_a_process_that_may_not_write_files(tmp_path, server_on):
    """By its limit of file size, which needs no rights: this one runs everywhere."""
    server = server_on(tmp_path / "state")
    usual = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (0, usual[1]))
    check_that_writes_are_refused_and_reads_go_on(asked_of(server), "x1")
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, usual)
    check_that_it_works_again(asked_of(server), "x1")


@pytest.fixture
def postgresql():
    with scratch_postgresql() as url:
        yield url


@pytest.fixture
def service_in_postgresql(postgresql, tmp_path):
    """`ask` of a service with a session and a run."""
    app = create_app(Settings(state_dir=tmp_path / "state", database_url=postgresql))
    client = TestClient(app, raise_server_exceptions=False)

    def ask(method, path, body=None):
        answer = client.request(method, P + path, json=body)
        return answer.status_code, answer.json()

    begin(ask)
    yield ask
    app.state.tds.close()


def test_a_database_of_postgresql_that_turns_read_only(postgresql, service_in_postgresql):
    name = postgresql.rpartition("/")[2]
    with psycopg.connect(postgresql, autocommit=True) as administrator:

        def let_it_be(read_only):
            administrator.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = {read_only}")
            # What is open keeps what it began with; the connection that holds the service's lock stays.
            administrator.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"
                " AND pid NOT IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory')",
                [name],
            )

        administrator.execute("SET default_transaction_read_only = off")
        let_it_be("on")
        check_that_writes_are_refused_and_reads_go_on(service_in_postgresql, "x1")
        let_it_be("off")
        check_that_it_works_again(service_in_postgresql, "x1")

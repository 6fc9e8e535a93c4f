"""Services to ask: in this process on both databases, and in a process of its own."""

import os
import secrets
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from running_server import RunningServer

from synqc.service import create_app
from synqc.settings import Settings

POSTGRESQL = "postgresql://postgres@127.0.0.1:5432"


@pytest.fixture(scope="module")
def postgresql_url():
    """A scratch database of PostgreSQL."""
    psycopg = pytest.importorskip("psycopg")
    try:
        administrator = psycopg.connect(f"{POSTGRESQL}/postgres", autocommit=True, connect_timeout=3)
    except psycopg.OperationalError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"no PostgreSQL answers at {POSTGRESQL}: {error}")
    name = f"synqc_test_{secrets.token_hex(6)}"
    with administrator:
        administrator.execute(f"CREATE DATABASE {name}")
        yield f"{POSTGRESQL}/{name}"
        administrator.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def database_url(request):
    """None for SQLite."""
    return None if request.param == "sqlite" else request.getfixturevalue("postgresql_url")


@pytest.fixture(scope="module")
def client(database_url, tmp_path_factory):
    """One service for a module, without a lifespan as its oldest clients have it; tests use sessions of their own."""
    settings = Settings(state_dir=tmp_path_factory.mktemp("service") / "state", database_url=database_url)
    found = TestClient(create_app(settings), raise_server_exceptions=False)
    yield found
    found.app.state.laboratory.close()


@pytest.fixture
def session_id():
    """A new name."""
    return f"lab-{secrets.token_hex(4)}"


@pytest.fixture
def session(client, session_id):
    """A new session's name."""
    assert client.post("/api/v1/synqc/sessions", json={"session_id": session_id}).status_code == 200
    return session_id


@pytest.fixture
def client_with(tmp_path: Path):
    """Makes services with other settings."""
    made = []

    def make(folder="state", **settings):
        one = TestClient(
            create_app(Settings(**{"state_dir": tmp_path / folder, **settings})), raise_server_exceptions=False
        )
        made.append(one)
        return one

    yield make
    for one in made:
        one.app.state.laboratory.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A real server on a free port."""
    running = RunningServer(tmp_path_factory.mktemp("server")).start()
    yield running
    running.stop()

"""Services to ask: in this process, where a test needs it on both databases, and in a process of its own."""

import secrets
from pathlib import Path

import pytest
from anyio.from_thread import start_blocking_portal
from fastapi.testclient import TestClient
from running_server import RunningServer
from scratch_postgresql import scratch_postgresql

from synqc.service import create_app
from synqc.settings import Settings


def pytest_configure(config):
    config.addinivalue_line("markers", "both_databases: asks the database for something, so PostgreSQL is asked too")


def pytest_generate_tests(metafunc):
    if "database_url" in metafunc.fixturenames:
        both = metafunc.definition.get_closest_marker("both_databases") is not None
        databases = ["sqlite", "postgresql"] if both else ["sqlite"]
        metafunc.parametrize("database_url", databases, indirect=True, scope="module")


@pytest.fixture(scope="package", autouse=True)
def one_event_loop():
    """All requests in one, as a server has it; otherwise each would begin a thread and a loop of its own."""
    with start_blocking_portal() as portal, pytest.MonkeyPatch.context() as patch:
        patch.setattr(TestClient, "portal", portal)
        yield


@pytest.fixture(scope="module")
def database_url(request):
    """None for SQLite."""
    if request.param == "sqlite":
        yield None
        return
    with scratch_postgresql() as url:
        yield url


@pytest.fixture(scope="module")
def client(database_url, tmp_path_factory):
    """One service for a module, without a lifespan as its oldest clients have it; tests use sessions of their own."""
    settings = Settings(
        state_dir=tmp_path_factory.mktemp("service") / "state", database_url=database_url, local_model="none"
    )
    found = TestClient(create_app(settings), raise_server_exceptions=False)
    yield found
    found.app.state.tds.close()


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
            create_app(Settings(**{"state_dir": tmp_path / folder, "local_model": "none", **settings})),
            raise_server_exceptions=False,
        )
        made.append(one)
        return one

    yield make
    for one in made:
        one.app.state.tds.close()


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """A real server on a free port; tests use sessions of their own."""
    running = RunningServer(tmp_path_factory.mktemp("server")).start()
    yield running
    running.stop()

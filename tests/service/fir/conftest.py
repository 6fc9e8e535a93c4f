"""Services of reports, in this process, with a server that writes."""

import pytest
from fir_service import AUTH_KEY, FirClient, WritingServer

from synqc.apps.fir.settings import FirSettings
from synqc.service import create_app
from synqc.service.settings import ServiceSettings


@pytest.fixture
def open_fir(tmp_path):
    """Makes services."""
    opened = []

    def make(*, folder="state", server=None, service=None, **settings):
        server = server or WritingServer()
        given = {
            "state_dir": tmp_path / folder, "openai_base_url": server.url, "openai_api_key": "k", "local_model": "none",
            "auth_key": AUTH_KEY, "asr_url": "none", "ocr_url": "none", "fir_requests_per_minute": 0, **settings,
        }  # fmt: skip
        app = create_app(ServiceSettings(**(service or {})), FirSettings(**given))
        client = FirClient(app, raise_server_exceptions=False, follow_redirects=False)
        client.server = server
        opened.append((app, server))
        return client

    yield make
    for app, server in opened:
        app.state.applications["fir"].offered.close()
        server.stop()


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """One service for a module; tests use sessions of their own."""
    server = WritingServer()
    settings = FirSettings(
        state_dir=tmp_path_factory.mktemp("fir"), openai_base_url=server.url, openai_api_key="k", local_model="none",
        auth_key=AUTH_KEY, asr_url="none", ocr_url="none", fir_requests_per_minute=0,
    )  # fmt: skip
    app = create_app(ServiceSettings(), settings)
    client = FirClient(app, raise_server_exceptions=False, follow_redirects=False)
    client.server = server
    yield client
    app.state.applications["fir"].offered.close()
    server.stop()

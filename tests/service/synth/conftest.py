"""Services of synthetic data, in this process, whose model is a server that writes rows."""

import sys
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from waiting import wait_until

sys.path.insert(0, str(Path(__file__).parents[2] / "llm"))
sys.path.insert(0, str(Path(__file__).parents[2] / "apps" / "synth"))

from model_rows import RowModel
from scripted_server import ScriptedServer

from synqc.apps.synth.settings import SynthSettings
from synqc.service import create_app
from synqc.service.settings import ServiceSettings


class SynthClient(TestClient):
    """Asks a service, and waits for its data sets."""

    def made(self, document):
        """A data set that has ended."""
        answer = self.post("/api/datasets", json=document)
        assert answer.status_code == 202, answer.text
        path = f"/api/datasets/{answer.json()['id']}"
        wait_until(lambda: self.get(path).json()["ended_at"] is not None)
        return self.get(path).json()


@pytest.fixture
def open_service(tmp_path):
    """Makes services."""
    opened = []

    def make(*, keys=(), **settings):
        server = ScriptedServer()
        server.otherwise = RowModel()
        given = {
            "state_dir": tmp_path / "state", "local_model": "none", "openai_base_url": server.url,
            "openai_api_key": "k", **settings,
        }  # fmt: skip
        app = create_app(ServiceSettings(api_keys=keys), SynthSettings(**given))
        client = SynthClient(app, raise_server_exceptions=False, follow_redirects=False)
        client.server = server
        opened.append((app, server))
        return client

    yield make
    for app, server in opened:
        app.state.applications["synth"].offered.close()
        server.stop()

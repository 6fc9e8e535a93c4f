"""Services of synthetic prompts on a world of models, in this process."""

import json

import pytest
from prompts_service import PromptsClient, SelfCheckingWorld, asked, prices_of, serve

from synqc.apps.prompts.settings import PromptsSettings
from synqc.service import create_app
from synqc.service.settings import ServiceSettings


@pytest.fixture
def open_service(tmp_path):
    """Makes services; rules of their worlds are arguments."""
    opened = []

    def make(
        *, folder="state", keys=(), rules=None, world=SelfCheckingWorld, priced=("1", "2"), root="prompts", **more
    ):
        played = world(**(rules or {}))
        server = serve(played)
        prices = tmp_path / "prices.json"
        prices.write_text(json.dumps(prices_of(*priced)))
        settings = {
            "state_dir": tmp_path / folder, "openai_base_url": server.url, "openai_api_key": "k", "local_model": "none",
            "prices_path": prices, "generations_at_once": 4, **more,
        }  # fmt: skip
        app = create_app(ServiceSettings(api_keys=keys), PromptsSettings(**settings))
        client = PromptsClient(app, raise_server_exceptions=False, follow_redirects=False)
        client.world, client.server = played, server
        opened.append((app, server))
        return client

    yield make
    for app, server in opened:
        app.state.applications["prompts"].offered.close()
        server.stop()


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """One service for a module, with a batch of four and whatever tests add."""
    world = SelfCheckingWorld(sound=0.8, failing=0.6)
    server = serve(world)
    folder = tmp_path_factory.mktemp("shared")
    (folder / "prices.json").write_text(json.dumps(prices_of("1", "2")))
    settings = PromptsSettings(
        state_dir=folder / "state", openai_base_url=server.url, openai_api_key="k", local_model="none",
        prices_path=folder / "prices.json", generations_at_once=4,
    )  # fmt: skip
    app = create_app(ServiceSettings(), settings)
    client = PromptsClient(app, raise_server_exceptions=False, follow_redirects=False)
    client.world = world
    assert client.made(asked(4))["stop_reason"] == "target_reached"
    yield client
    app.state.applications["prompts"].offered.close()
    server.stop()

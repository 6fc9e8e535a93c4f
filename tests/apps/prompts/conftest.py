"""A world of models and an application on it, for every test of this folder."""

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "llm"))  # where the servers are that play a language model

from model_world import InProcess, World, judge, prices_document, serve

from synqc.apps.prompts.application import PromptsApplication
from synqc.apps.prompts.request import GenerationRequest, ModelName, RoleModels
from synqc.apps.prompts.settings import PromptsSettings
from synqc.llm import Endpoint
from synqc.llm.providers.direct import DirectModels

MODELS = RoleModels(*(ModelName("world", f"{role}-1") for role in ("engineer", "checker", "target", "judge")))


@pytest.fixture
def asked():
    """Makes requests of the world's models."""

    def make(**options):
        taxonomy = {"Arithmetic": ["Sums", "Differences"], "Algebra": ["Roots"]}
        return GenerationRequest(**{"rows": 3, "models": MODELS, "taxonomy": taxonomy, **options})

    return make


@pytest.fixture
def worlds(tmp_path):
    """Makes applications on worlds; both are closed after the test."""
    opened = []

    def make(
        *, state_dir=tmp_path / "state", start=True, by_http=False, pauses=lambda body: 0.0, judge=judge,
        embedders=None, **rules,
    ):  # fmt: skip
        world = World(**rules)
        server = serve(world) if by_http else None
        prices = tmp_path / "prices.json"
        prices.write_text(json.dumps(prices_document()))
        if by_http:
            models = DirectModels(Endpoint(base_url=server.url, api_key="k", attempts=1, most_at_once=64, timeout_s=20))
        else:
            models = InProcess(world, pauses=pauses)
        settings = PromptsSettings(
            state_dir=state_dir, prices_path=prices, generations_at_once=4, benchmarks_path=tmp_path / "benchmarks"
        )
        application = PromptsApplication(settings, providers={"world": models}, judge=judge, embedders=embedders)
        if start:
            application.start()
        opened.append((application, models, server))
        application.world, application.models, application.server = world, models, server
        return application

    yield make
    for application, models, server in opened:
        application.close()
        models.close()
        if server is not None:
            server.stop()

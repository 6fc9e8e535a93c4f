"""AgenticSynth on servers that play a language model, for every test of this folder."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "llm"))  # where the servers are that play a language model

from model_rows import RowModel
from scripted_server import ScriptedServer

from synqc.apps.synth.agentic_synth import AgenticSynth
from synqc.apps.synth.settings import SynthSettings
from synqc.llm import Endpoint, LanguageModels


@pytest.fixture
def server():
    started = ScriptedServer()
    started.otherwise = RowModel()
    yield started
    started.stop()


@pytest.fixture
def second_server():
    started = ScriptedServer()
    started.otherwise = RowModel()
    yield started
    started.stop()


@pytest.fixture
def models():
    """Makes clients of servers, which are closed after the test."""
    made = []

    def make(server, **endpoint):
        options = {"base_url": server.url, "api_key": "sk-test", "attempts": 1, "timeout_s": 20.0, "most_at_once": 64}
        made.append(LanguageModels(Endpoint(**{**options, **endpoint})))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def synths(server, models):
    """Makes AgenticSynths, on `server` as the provider `one` unless others are given."""
    made = []

    def make(configuration=None, *, providers=None, settings=None, **options):
        if providers is None:
            providers = {"one": models(server)}
            if "model" not in options and "model_preference" not in options and "provider" not in options:
                options["model"] = "one:m-1"
        settings = settings or SynthSettings(local_model="none")
        made.append(AgenticSynth(configuration, settings=settings, providers=providers, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()

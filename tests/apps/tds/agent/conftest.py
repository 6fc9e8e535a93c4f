"""A server that plays a language model, and an agent that asks it."""

import sys
from concurrent.futures import Future
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[3] / "llm"))

from chat_completions_double import ChatCompletionsDouble

from synqc.apps.tds import clock
from synqc.apps.tds.agent import agent_of
from synqc.apps.tds.engine import SynQcEngine
from synqc.apps.tds.models import RunConfiguration
from synqc.apps.tds.session import Session
from synqc.settings import Settings


@pytest.fixture
def double():
    server = ChatCompletionsDouble()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def engine():
    return SynQcEngine()


class Records(list):
    """Calls that were recorded; `failure` makes storing fail."""

    failure = None

    def __call__(self, call):
        self.append(call)
        stored = Future()
        if self.failure is None:
            stored.set_result(None)
        else:
            stored.set_exception(self.failure)
        return stored


@pytest.fixture
def records():
    return Records()


@pytest.fixture
def agent(double, engine, records):
    settings = Settings(
        openai_api_key="sk-never-to-be-seen", openai_base_url=double.url, agent_model="double-1",
        max_probe_duration_ns=2000,
    )  # fmt: skip
    made = agent_of(settings, engine=engine, record=records)
    yield made
    made.close()


@pytest.fixture
def session():
    made = clock.parsed("2026-01-02T03:04:05.000006Z")
    return Session("test-session-001", position=1, created_at=made, config=RunConfiguration(), shot_limit=50_000)

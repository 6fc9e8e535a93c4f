"""Requests made from the service's own description, in every phase: no 5xx, and no answer unlike its description.

Longer: `SYNQC_SCHEMATHESIS_EXAMPLES=200 pytest -m deep tests/service/test_service_openapi.py`.
"""

import os
import sys
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from openapi_conformance import CHECKS, check_conformance

sys.path.insert(0, str(Path(__file__).parents[1] / "llm"))

from chat_completions_double import ChatCompletionsDouble, Say

from synqc.apps.tds import runs
from synqc.apps.tds.engine import batches_for
from synqc.service import create_app
from synqc.settings import Settings

EXAMPLES = int(os.environ.get("SYNQC_SCHEMATHESIS_EXAMPLES", "5"))
MOST_ITERATIONS = 100


@pytest.fixture
def app(tmp_path, monkeypatch):
    """With a model that answers, so that the agent's routes are met too, and the session that examples name."""
    # 10000 iterations, which the description allows, may be minutes of work on a busy machine.
    monkeypatch.setattr(
        runs, "batches_for", lambda config, n, budget: batches_for(config, min(n, MOST_ITERATIONS), budget)
    )
    double = ChatCompletionsDouble()
    double.otherwise = Say('{"recommended_config": {"probe_strength": 0.1}, "rationale": "gentler", "warnings": []}')
    made = create_app(Settings(state_dir=tmp_path, openai_api_key="sk-test", openai_base_url=double.url))
    assert TestClient(made).post("/api/v1/synqc/sessions", json={"session_id": "x1"}).status_code == 200
    yield made
    made.state.tds.close()
    double.stop()


@pytest.mark.parametrize("examples", [2, pytest.param(EXAMPLES, marks=pytest.mark.deep)])
def test_every_phase(app, examples, seed):
    # The stream of a session has no end; it is tested on its own.
    check_conformance(
        app, seed=seed, examples=examples, least_passed=1000, checks=(*CHECKS, "use_after_free"),
        excluded=["stream_session"], is_stateful=True, is_as_agreed=is_as_agreed,
    )  # fmt: skip


def is_as_agreed(failure):
    """Two things the checks cannot know: OpenAPI 3.1 has no words for events, and a log is cleared, not deleted."""
    cleared = str(getattr(failure, "operation", "")).endswith("/logs")
    return cleared or "SSE event violates schema" in str(failure)

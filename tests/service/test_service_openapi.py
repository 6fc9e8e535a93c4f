"""Requests made from the service's own description, in every phase: no 5xx, and no answer unlike its description.

Longer: `SYNQC_SCHEMATHESIS_EXAMPLES=200 pytest tests/service/test_service_openapi.py`.
"""

import itertools
import os
import random
import sys
from pathlib import Path

import pytest
import schemathesis
from fastapi.testclient import TestClient
from schemathesis import engine

sys.path.insert(0, str(Path(__file__).parents[1] / "llm"))

from chat_completions_double import ChatCompletionsDouble, Say

from synqc.apps.tds import runs
from synqc.apps.tds.engine import batches_for
from synqc.service import create_app
from synqc.settings import Settings

EXAMPLES = int(os.environ.get("SYNQC_SCHEMATHESIS_EXAMPLES", "5"))
TIMEOUT_S = 60.0
MOST_ITERATIONS = 100
PHASES = {"EXAMPLES", "COVERAGE", "FUZZING", "STATEFUL_TESTING"}
CHECKS = {
    "enabled": False,
    **{
        name: {"enabled": True}
        for name in (
            "not_a_server_error", "response_schema_conformance", "content_type_conformance",
            "response_headers_conformance", "use_after_free",
        )
    },
}  # fmt: skip


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


def test_every_phase(app):
    seed = random.randrange(2**31)
    generation = {"max-examples": EXAMPLES}
    settings = {"seed": seed, "generation": generation, "checks": CHECKS, "request-timeout": TIMEOUT_S}
    schema = schemathesis.openapi.from_asgi("/openapi.json", app, config=schemathesis.Config.from_dict(settings))
    # The stream of a session has no end; it is tested on its own.
    schema = schema.exclude(operation_id="stream_session")
    problems, passed, phases = [], 0, {}
    for event in engine.from_schema(schema).execute():
        kind = type(event).__name__
        if kind == "PhaseFinished":
            phases[event.phase.name.name] = event.status.name
        elif kind in ("NonFatalError", "FatalError"):
            words = getattr(event, "value", getattr(event, "exception", event))
            problems.append(f"{kind}: {getattr(event, 'label', '')}: {words}")
        elif kind == "ScenarioFinished":
            for check in itertools.chain.from_iterable(event.recorder.checks.values()):
                found = check.failure_info
                passed += found is None
                if found is not None and not is_as_agreed(found.failure):
                    problems.append(f"{event.recorder.label}: {found.failure!r}\n{found.code_sample}")
    assert not problems, f"seed {seed}:\n" + "\n\n".join(problems[:5])
    assert {name for name, status in phases.items() if status != "SKIP"} >= PHASES, phases
    assert passed > 1000


def is_as_agreed(failure):
    """Two things the checks cannot know: OpenAPI 3.1 has no words for events, and a log is cleared, not deleted."""
    cleared = str(getattr(failure, "operation", "")).endswith("/logs")
    return cleared or "SSE event violates schema" in str(failure)

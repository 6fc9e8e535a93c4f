"""Requests made from an application's description, in every phase: no 5xx, and no answer unlike the description."""

import itertools

import schemathesis
from schemathesis import engine

__all__ = ["CHECKS", "check_conformance"]

CHECKS = (
    "not_a_server_error", "response_schema_conformance", "content_type_conformance", "response_headers_conformance",
)  # fmt: skip
_PHASES = {"EXAMPLES", "COVERAGE", "FUZZING", "STATEFUL_TESTING"}
_TIMEOUT_S = 60.0


def check_conformance(
    app, *, seed, examples, least_passed, checks=CHECKS, excluded=(), is_stateful=False,
    is_as_agreed=lambda failure: False, **settings,
):  # fmt: skip
    """Fails with the first problems and the seed.

    Args:
        app: With `/openapi.json`.
        seed: What is drawn.
        examples: Most of each operation and phase.
        least_passed: So many checks must have passed: fewer mean that hardly anything was asked.
        checks: Names of schemathesis' checks.
        excluded: Ids of operations that are tested on their own.
        is_stateful: Whether operations are also put in sequences.
        is_as_agreed: Of what a check cannot know.
        settings: Further ones of schemathesis.
    """
    phases = {} if is_stateful else {"stateful": {"enabled": False}}
    configured = {
        "seed": seed, "generation": {"max-examples": examples}, "request-timeout": _TIMEOUT_S,
        "checks": {"enabled": False, **{name: {"enabled": True} for name in checks}},
        **settings, "phases": {**phases, **settings.get("phases", {})},
    }  # fmt: skip
    schema = schemathesis.openapi.from_asgi("/openapi.json", app, config=schemathesis.Config.from_dict(configured))
    for operation in excluded:
        schema = schema.exclude(operation_id=operation)
    problems, passed, ended = [], 0, {}
    for event in engine.from_schema(schema).execute():
        kind = type(event).__name__
        if kind == "PhaseFinished":
            ended[event.phase.name.name] = event.status.name
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
    wanted = _PHASES if is_stateful else _PHASES - {"STATEFUL_TESTING"}
    assert {name for name, status in ended.items() if status != "SKIP"} >= wanted, ended
    assert passed > least_passed

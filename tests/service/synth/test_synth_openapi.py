"""Requests made from the description of synthetic data, in every phase: no 5xx, no answer unlike its description.

Longer: `SYNQC_SCHEMATHESIS_EXAMPLES=200 pytest tests/service/synth/test_synth_openapi.py`.
"""

import os

from openapi_conformance import check_conformance
from test_synth_routes import GENERATED

EXAMPLES = int(os.environ.get("SYNQC_SCHEMATHESIS_EXAMPLES", "1"))
EXCLUDED = ("stream_job", "read_health_below_api", "list_jobs", "read_job", "cancel_job", "retry_job")
"""The same under another path, or routes of every application."""


def test_every_phase(open_service, seed):
    client = open_service()
    client.made(GENERATED)
    check_conformance(
        client.app, seed=seed, examples=EXAMPLES, least_passed=300, excluded=EXCLUDED,
        phases={"coverage": {"unexpected-methods": []}},
    )  # fmt: skip

"""Requests made from the description of the prompts service, in every phase: no 5xx, no answer unlike its description.

Longer: `SYNQC_SCHEMATHESIS_EXAMPLES=200 pytest tests/service/prompts/test_prompts_openapi.py`.
"""

import os

from openapi_conformance import check_conformance
from prompts_service import asked

EXAMPLES = int(os.environ.get("SYNQC_SCHEMATHESIS_EXAMPLES", "1"))
STREAMS = ("stream_batch", "stream_job_status", "stream_job")
"""Of a job that waits they have no end; they are tested on their own."""
TWICE = (
    "generate_below_api", "read_status_below_api", "start_generation_without_slash", "list_batches_without_slash",
    "list_problems_without_slash", "read_health_below_api", "list_jobs", "read_job", "cancel_job", "retry_job",
)  # fmt: skip
"""The same under another path, or routes of every application."""


def test_every_phase(open_service, seed):
    client = open_service()
    client.made(asked(1))
    # Whatever the models of an example are, their provider is not set up: no example becomes a long job.
    client.app.state.prompts.providers._makes.pop("openai")
    check_conformance(
        client.app, seed=seed, examples=EXAMPLES, least_passed=500, excluded=[*STREAMS, *TWICE],
        phases={"coverage": {"unexpected-methods": []}},
    )  # fmt: skip

"""Requests made from the description of reports, in every phase: no 5xx, no answer unlike its description.

Longer: `SYNQC_SCHEMATHESIS_EXAMPLES=200 pytest tests/service/fir/test_fir_openapi.py`.
"""

import os

from openapi_conformance import check_conformance

EXAMPLES = int(os.environ.get("SYNQC_SCHEMATHESIS_EXAMPLES", "1"))
TWICE = ("list_reports_of_later_version", "read_report_content", "check_digest", "read_figures")
"""The same under another path, or no more than numbers."""


def test_every_phase(open_fir, seed):
    client = open_fir()
    client.completed()
    check_conformance(
        client.app,
        seed=seed,
        examples=EXAMPLES,
        least_passed=500,
        excluded=TWICE,
        phases={"coverage": {"unexpected-methods": []}},
    )

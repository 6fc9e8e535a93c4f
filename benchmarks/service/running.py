"""Runs over HTTP: durable when they are answered."""

from __future__ import annotations

import json
import statistics
import tempfile
from collections.abc import Mapping
from pathlib import Path

from synqc.benchmarks.measurement import Measurement, Setting, refuse_unless
from synqc.benchmarks.service.load import LoadResult
from synqc.benchmarks.service.servers import Server, load, service

__all__ = ["measure_runs"]

_PREFIX = "/api/v1/synqc"
_SESSIONS = 100


def measure_runs(setting: Setting) -> Mapping[str, Measurement]:
    """POST run with the default configuration: alone, at one a second from 100 sessions, and as fast as they can."""
    seconds = 2.0 if setting.quick else 5.0
    with tempfile.TemporaryDirectory() as folder, service(Path(folder)) as server:
        for number in range(_SESSIONS):
            server.ask("POST", f"{_PREFIX}/sessions", {"session_id": f"s{number}", "config": {}})
        requests = [["POST", f"{_PREFIX}/sessions/s{number}/run", "{}"] for number in range(_SESSIONS)]
        load(server, requests, 1.0)  # each device is compiled once
        alone = [_checked(load(server, requests[:1], seconds / 2)) for _ in range(3)]
        paced = [_checked(load(server, requests, seconds, rate=_SESSIONS)) for _ in range(3)]
        crowded = [_checked(load(server, requests, seconds)) for _ in range(3)]
        lost = _lost_runs(server, sum(one.answered for one in (*alone, *paced, *crowded)))
        refuse_unless(lost <= 0, f"{lost} acknowledged runs are not there")
    proof = "every run answered with 200 and found again in the list of runs"
    return {
        "run-alone": Measurement(statistics.median(one.p50_ms for one in alone), proof=proof),
        "run-paced": Measurement(statistics.median(one.p95_ms for one in paced), proof=proof),
        "run-crowded": Measurement(
            statistics.median(one.answered / one.seconds for one in crowded),
            proof=proof,
            details=(f"p99 {statistics.median(one.p99_ms for one in crowded):.0f} ms",),
        ),
    }


def _checked(result: LoadResult) -> LoadResult:
    refuse_unless(set(result.statuses) == {"200"} and not result.failed, f"answers: {result.statuses}")
    return result


def _lost_runs(server: Server, acknowledged: int) -> int:

    cursor, found = "", 0
    while True:
        page = json.loads(server.ask("GET", f"{_PREFIX}/runs?limit=200{cursor}")[1])
        found += len(page["runs"])
        if page["next_cursor"] is None:
            return acknowledged - found
        cursor = f"&cursor={page['next_cursor']}"

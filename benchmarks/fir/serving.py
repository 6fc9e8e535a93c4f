"""Ten officers at once at a real server: how long requests take in which no model works."""

from __future__ import annotations

import http.client
import json
import statistics
import tempfile
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from synqc.benchmarks.llm.answering_process import answering_process
from synqc.benchmarks.measurement import Measurement, Setting, refuse_unless
from synqc.benchmarks.service.servers import service

__all__ = ["measure_serving"]

_OFFICERS = 10
_MODELS = "synqc.benchmarks.fir.writing_server"
_PAUSE_S = 0.2
_ASKED = ("/fir/health", "/fir/metrics", "/fir/list_firs", "/fir/waiting")
_COMPLAINT = "Two boys on a motorcycle snatched my gold chain near the station and rode away. " * 5


def measure_serving(setting: Setting) -> Mapping[str, Measurement]:
    """Milliseconds of requests that wait for no model, while ten officers lead sessions."""
    rounds = 1 if setting.quick else 5
    took: list[float] = []
    numbers: list[str] = []
    with tempfile.TemporaryDirectory() as folder, answering_process(_MODELS, _PAUSE_S) as address:
        environment = {
            "SYNQC_APPLICATIONS": "tds,fir", "OPENAI_BASE_URL": address, "OPENAI_API_KEY": "k",
            "SYNQC_FIR_RATE_LIMIT_PER_MINUTE": "0", "SYNQC_FIR_ASR_URL": "none", "SYNQC_FIR_OCR_URL": "none",
        }  # fmt: skip
        with service(Path(folder), **environment) as server, ThreadPoolExecutor(_OFFICERS) as officers:
            for _ in range(rounds):
                for number, times in officers.map(_lead, [server.port] * _OFFICERS):
                    numbers.append(number)
                    took += times
    refuse_unless(len(set(numbers)) == rounds * _OFFICERS, "A session did not come to a number of its own.")
    ordered = sorted(took)
    return {
        "fir-http": Measurement(
            ordered[int(0.95 * len(ordered))], ordered[0],
            proof=f"{len(numbers)} sessions of ten officers at once, each with a number of its own",
            details=(f"Median {statistics.median(took):.3g} ms of {len(took)} requests",),
        ),
    }  # fmt: skip


def _lead(port: int) -> tuple[str, list[float]]:
    """A session by approvals with tokens; its number, and ms of each request in which no model works."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    took: list[float] = []

    def ask(method: str, path: str, body: Any = None, *, counts: bool = True) -> dict[str, Any]:
        start = time.perf_counter()
        kind = {"content-type": "application/json"} if path != "/fir/process" else _FORM
        connection.request(method, path, body if isinstance(body, str | None) else json.dumps(body), kind)
        response = connection.getresponse()
        answer = json.loads(response.read())
        if counts:
            took.append(1e3 * (time.perf_counter() - start))
        refuse_unless(response.status == 200, f"{method} {path} is answered with {response.status}: {answer!s:.200}")
        return dict(answer) if isinstance(answer, dict) else {"listed": answer}

    begun = ask("POST", "/fir/process", "text=" + _COMPLAINT.replace(" ", "+"))
    session_id, token, completed = begun["session_id"], begun["token"], False
    step = begun["current_step"]
    while not completed:
        for path in (*_ASKED, f"/fir/session/{session_id}/status"):
            ask("GET", path)
        approval = {"session_id": session_id, "approved": True, "token": token}
        answer = ask("POST", "/fir/validate", approval, counts=step in ("fir_narrative_review", "final_review"))
        step, token, completed = answer["current_step"], answer["token"], answer["completed"]
    number = answer["content"]["fir_number"]
    ask("GET", f"/fir/fir/{number}")
    connection.close()
    return number, took


_FORM = {"content-type": "application/x-www-form-urlencoded"}

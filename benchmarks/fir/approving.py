"""What the workflow itself takes: a durable approval, and a whole session without models and officers."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from synqc.apps.fir.workflow.stages import StageResult
from synqc.apps.fir.workflow.steps import Step
from synqc.apps.fir.workflow.workflow import COMPONENTS, Officer, Workflow
from synqc.benchmarks.measurement import Measurement, Setting, refuse_unless
from synqc.jobs import Worker
from synqc.jobs.ledgers import Ledgers
from synqc.storage.database import DatabaseLocation

__all__ = ["measure_approving"]

_MEERA = Officer("SI Meera Rao")
_STAGES = {
    Step.SUMMARY: lambda given, stop: StageResult({"summary": given["transcript"][:200]}, "none"),
    Step.VIOLATIONS: lambda given, stop: StageResult({"violations": []}),
    Step.NARRATIVE: lambda given, stop: StageResult({"fir_narrative": given["summary"]}, "none"),
}
_COMPLAINT = "मेरी साइकिल कल रात बाज़ार के पास से चोरी हो गई। " * 20


def measure_approving(setting: Setting) -> Mapping[str, Measurement]:
    """Milliseconds of an approval, and of a session."""
    count = 10 if setting.quick else 100
    approvals: list[float] = []
    sessions: list[float] = []
    with tempfile.TemporaryDirectory() as folder, Ledgers() as ledgers:
        workflow = Workflow(ledgers.at(DatabaseLocation(Path(folder)), COMPONENTS), _STAGES)
        with Worker(workflow.ledger, workflow.works):
            for _ in range(count):
                start = time.perf_counter()
                session_id = _led(workflow, approvals)
                sessions.append(1e3 * (time.perf_counter() - start))
                refuse_unless(
                    workflow.rebuilt(session_id) == workflow.session(session_id), "The history tells another."
                )
    proof = "every session is what its history tells"
    p95 = sorted(sessions)[int(0.95 * count)]
    return {
        "fir-approval": Measurement(
            statistics.median(approvals), min(approvals), proof=proof,
            details=(f"p99 {sorted(approvals)[int(0.99 * len(approvals))]:.3g} ms",),
        ),
        "fir-five-gates": Measurement(
            p95, min(sessions), proof=proof, details=(f"Median {statistics.median(sessions):.3g} ms",)
        ),
    }  # fmt: skip


def _led(workflow: Workflow, approvals: list[float]) -> str:
    session_id = workflow.open(_MEERA, text=_COMPLAINT)
    while (gate := workflow.wait_for_gate(session_id, 30.0)) is not None and gate.waiting_since is not None:
        start = time.perf_counter()
        workflow.accept(session_id, gate.token, _MEERA)
        approvals.append(1e3 * (time.perf_counter() - start))
    refuse_unless(workflow.session(session_id).completed_at is not None, "A session did not come to its end.")
    return session_id

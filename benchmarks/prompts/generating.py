"""How long a generation takes beyond what its models take, and what one attempt costs this process."""

from __future__ import annotations

import math
import statistics
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from synqc.apps.prompts.application import PromptsApplication
from synqc.apps.prompts.causes import StopReason
from synqc.apps.prompts.equivalence import Verdict
from synqc.apps.prompts.request import AcceptanceRule, GenerationRequest, ModelName, RoleModels
from synqc.apps.prompts.settings import PromptsSettings
from synqc.benchmarks.llm.answering_process import answering_process
from synqc.benchmarks.measurement import Measurement, Setting, refuse_unless
from synqc.llm import Endpoint
from synqc.llm.conversation_loop import load_transport
from synqc.llm.providers.direct import DirectModels

__all__ = ["measure_generating"]

_PAUSE_S, _WORKERS, _CALLS = 0.05, 64, 4
_MODELS = RoleModels(*(ModelName("stub", role) for role in ("engineer", "checker", "target", "judge")))


def measure_generating(setting: Setting) -> Mapping[str, Measurement]:
    """1,000 rows of four calls of 50 ms each on 64 workers, against the time that these calls take at best.

    The best is that of places which are never empty: calls beyond those of the rows that were asked for, which somebody
    pays for all the same, do not count.
    """
    rows = 128 if setting.quick else 1000
    turns = 1 if setting.quick else min(3, setting.repetitions)
    best_s = math.ceil(rows * _CALLS / _WORKERS) * _PAUSE_S
    ratios, processor, beyond = [], [], []
    load_transport()  # as every service has done long before it begins a generation
    with answering_process("synqc.benchmarks.prompts.role_server", _PAUSE_S) as address:
        for _ in range(turns):
            taken, used, calls = _generated(address, rows)
            ratios.append(taken / best_s)
            beyond.append(calls - rows * _CALLS)
            processor.append(1e6 * used / calls)
    proof = f"{rows:,} rows, all different, each of {_CALLS} calls that are recorded and charged"
    return {
        "prompts-wall-vs-calls": Measurement(
            statistics.median(ratios), min(ratios), proof=proof,
            details=(
                f"{rows:,} rows on {_WORKERS} workers, calls of {1e3 * _PAUSE_S:g} ms: {best_s:g} s at best",
                f"{statistics.median(beyond):g} calls more than the rows needed",
            ),
        ),
        "prompts-processor-per-call": Measurement(statistics.median(processor), min(processor), proof=proof),
    }  # fmt: skip


def _generated(address: str, rows: int) -> tuple[float, float, int]:
    """(seconds from the first claim to the end, processor seconds of this process, calls)."""
    models = DirectModels(Endpoint(base_url=address, api_key="k", attempts=1, most_at_once=_WORKERS))
    with tempfile.TemporaryDirectory() as folder, models:
        application = PromptsApplication(
            PromptsSettings(state_dir=Path(folder)), providers={"stub": models}, judge=_nobody_knows
        )
        try:
            application.start()
            request = GenerationRequest(
                rows=rows, models=_MODELS, taxonomy={"Arithmetic": ["Sums"]}, workers=_WORKERS,
                acceptance=AcceptanceRule(reference_solves=0, reference_agreements=0),
            )  # fmt: skip
            used = time.process_time()
            status = application.wait(application.submit(request), timeout_s=600)
            used = time.process_time() - used
            funnel = application.funnel(status.job_id)
            calls = sum(one.calls for one in funnel.models)
            refuse_unless(status.stop_reason is StopReason.ENOUGH, f"It stopped for {status.stop_reason}.")
            found = list(application.export_rows(status.job_id))
            refuse_unless(len({row.problem for row in found}) == len(found) == rows, "Rows are missing or repeated.")
            refuse_unless(calls == len(application.calls(status.job_id)), "Calls are missing.")
            refuse_unless(status.tokens == 400 * calls, "Tokens were not all counted.")
            assert status.started_at is not None
            assert status.ended_at is not None
            return status.ended_at - status.started_at, used, calls
        finally:
            application.close()


def _nobody_knows(reference: str, answer: str, problem: str) -> Verdict:
    return Verdict.unknown("The judge shall be asked.")

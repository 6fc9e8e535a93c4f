"""Batches in the job ledger: each item is kept as it is made, so that a batch goes on where it was broken off."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from synqc import json
from synqc.apps.synth.results import BatchGenerationResult
from synqc.errors import SynqcError, TimedOut
from synqc.jobs import JobState, Ledger, RetryPolicy, RunningJob, Work, Worker

__all__ = ["Keep", "run_resumable"]

Keep = Callable[[int, Any], Awaitable[None]]
Run = Callable[[dict[int, Any], Keep], Awaitable[BatchGenerationResult]]

_KIND: Final = "synth_batch"
_PART: Final = "item."
_RESTARTS: Final = RetryPolicy(attempts=1000, first_s=0.0, most_s=0.0)
_LOOK_EVERY_S: Final = 0.2
_LEASE_S: Final = 10.0


class _Incomplete(SynqcError):
    """Some items failed: the job is no success, so that the same call tries them again."""


async def run_resumable(
    ledger: Ledger, name: str, document: Mapping[str, Any], run: Run, restore: Callable[[dict[str, Any]], Any]
) -> BatchGenerationResult:
    """A batch by its name: begun, gone on with, or read as it was made.

    Args:
        ledger: Ledger of jobs.
        name: Name of the batch; with another `document` it is refused.
        document: Everything that decides the results.
        run: run(made, keep) makes what is not made yet, and keeps it.
        restore: Makes a result of what was kept of it.

    Raises:
        IdempotencyConflict: The name is that of another batch.
        BatchFailed: An item failed, and the first failure ends the batch.
        StorageUnavailable: It could not be stored.
    """
    found: list[BatchGenerationResult] = []
    errors: list[BaseException] = []

    def kept(job_id: str) -> dict[int, Any]:
        parts = ledger.parts(job_id)
        return {
            int(part.removeprefix(_PART)): restore(json.loads(value))
            for part, value in parts.items() if part.startswith(_PART)
        }  # fmt: skip

    async def work(job: RunningJob) -> dict[str, Any]:
        async def keep(place: int, result: Any) -> None:
            await asyncio.wrap_future(job.keep(f"{_PART}{place}", result.to_dict()))

        try:
            result = await run(await asyncio.to_thread(kept, job.id), keep)
        except Exception as error:
            errors.append(error)
            raise
        found.append(result)
        if result.failures:
            raise _Incomplete(f"{len(result.failures)} of {len(result.results)} items failed.")
        return {"items": len(result.results)}

    job_id = await asyncio.to_thread(ledger.submit, _KIND, dict(document), idempotency_key=name, retry=_RESTARTS)
    worker = Worker(ledger, {_KIND: Work(work, permanent=(Exception,))}, lease_s=_LEASE_S, claims=False)
    try:
        return await _done(ledger, worker, job_id, found, errors, lambda: run(kept(job_id), _keep_nothing))
    finally:
        worker.drain()
        await asyncio.to_thread(worker.close)


async def _done(
    ledger: Ledger, worker: Worker, job_id: str, found: list[BatchGenerationResult], errors: list[BaseException],
    read: Callable[[], Awaitable[BatchGenerationResult]],
) -> BatchGenerationResult:  # fmt: skip
    job = await asyncio.to_thread(ledger.job, job_id)
    if job.state in (JobState.FAILED, JobState.CANCELLED):
        await asyncio.to_thread(ledger.retry, job_id, attempts=1000)
    while True:
        refusal = await asyncio.to_thread(worker.do, job_id)
        if found:
            return found[-1]
        if errors:
            raise errors[-1]
        if (await asyncio.to_thread(ledger.job, job_id)).has_ended:
            return await read()
        if refusal is not None:  # somebody else has it, or had it when it died
            with contextlib.suppress(TimedOut):
                await asyncio.to_thread(ledger.wait, job_id, _LOOK_EVERY_S)


async def _keep_nothing(place: int, result: Any) -> None:
    """Of a batch that was made before, and is read."""

"""The work of a durable data set: rows by calls of a model, kept round by round, gone on with after a crash."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final

from synqc import json
from synqc.apps.synth.agentic_synth import AgenticSynth
from synqc.apps.synth.dataset_request import DataSetRequest
from synqc.apps.synth.errors import NoModelFound, RowsMissing, ValidationError
from synqc.apps.synth.row_writer import Written
from synqc.errors import InputError, MissingExtra
from synqc.jobs import Ledger, RunningJob, Work

__all__ = ["KIND", "dataset_work", "rows_kept"]

KIND: Final = "dataset"
_PART: Final = "rows."


def dataset_work(synth: Callable[[], AgenticSynth], *, concurrency: int) -> Work:
    """Makes data sets.

    Args:
        synth: Gives who writes rows; called when the first one is wanted.
        concurrency: Data sets at a time.
    """

    async def work(job: RunningJob) -> dict[str, Any]:
        request = DataSetRequest.from_dict(job.payload)
        if request.is_generated:
            made = await asyncio.to_thread(request.generated)
            job.progress(made.count, made.count)
            return Written(made.count, candidates=made.count).to_dict()
        begun, parts = await asyncio.to_thread(_begun, job.ledger, job.id)

        async def keep(rows: list[dict[str, Any]], written: Written) -> None:
            nonlocal parts
            document = {"rows": rows, "written": written.to_dict()}
            await asyncio.wrap_future(job.keep(f"{_PART}{parts:06d}", document))
            parts += 1
            job.progress(len(written.rows), written.wanted)

        written = await synth().write_rows(request.kind, request.options, begun=begun, keep=keep)
        job.progress(len(written.rows), written.wanted)
        return written.to_dict()

    return Work(work, concurrency=concurrency, permanent=(InputError, ValidationError, NoModelFound, RowsMissing,
                                                          MissingExtra))  # fmt: skip


def rows_kept(ledger: Ledger, job_id: str) -> tuple[list[dict[str, Any]], Mapping[str, Any] | None]:
    """Rows of a data set in the order in which they were accepted, and what they took; None: there are none yet."""
    parts = [json.loads(value) for name, value in sorted(ledger.parts(job_id).items()) if name.startswith(_PART)]
    return [row for part in parts for row in part["rows"]], parts[-1]["written"] if parts else None


def _begun(ledger: Ledger, job_id: str) -> tuple[Written | None, int]:
    rows, told = rows_kept(ledger, job_id)
    count = sum(name.startswith(_PART) for name in ledger.parts(job_id))
    return (None if told is None else Written.from_dict(told, rows)), count

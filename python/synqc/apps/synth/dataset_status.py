"""A durable data set at one moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from synqc.apps.synth.dataset_request import DataSetRequest
from synqc.apps.synth.option_names import CamelCase
from synqc.apps.synth.row_tasks import rows_asked
from synqc.jobs import Job

__all__ = ["DataSetStatus", "status_of"]


@dataclass(frozen=True)
class DataSetStatus(CamelCase):
    """How a data set stands.

    Args:
        id: Identifier of its job.
        state: "queued", "running", "succeeded", "failed" or "cancelled".
        kind: Kind of data.
        name: For people.
        rows_wanted: As asked.
        rows: Accepted so far.
        cause: Cause of the last failure; None without one.
        submitted_at, started_at, ended_at: Seconds since 1970; None of what has not happened.
        summary: What it took, once it has ended: candidates, calls, tokens, refusals.
    """

    id: str
    state: str
    kind: str
    name: str
    rows_wanted: int
    rows: int
    cause: str | None
    submitted_at: float
    started_at: float | None
    ended_at: float | None
    summary: dict[str, Any] | None = None

    @property
    def has_ended(self) -> bool:
        """Whether nothing more comes."""
        return self.ended_at is not None


def status_of(job: Job) -> DataSetStatus:
    """Of a job with its payload."""
    request = DataSetRequest.from_dict(job.payload)
    return DataSetStatus(
        job.id, job.state.value, request.kind, request.name, rows_asked(request.kind, request.options),
        job.progress_done or 0, job.cause, job.submitted_at, job.started_at, job.ended_at, job.result,
    )  # fmt: skip

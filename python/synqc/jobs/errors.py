"""What the ledger refuses."""

from __future__ import annotations

from synqc.errors import InputError, SynqcError

__all__ = [
    "BudgetExceeded", "IdempotencyConflict", "JobRefused", "JobStopped", "LostClaim", "UnknownJob",
]  # fmt: skip


class UnknownJob(SynqcError, LookupError):
    """No job has that id."""

    code = "unknown_job"

    def __init__(self, job_id: str) -> None:
        super().__init__(f"Job '{job_id}' not found")


class JobRefused(SynqcError):
    """The job is in a state in which this cannot be done to it; the message says in which."""

    code = "job_refused"


class LostClaim(JobRefused):
    """Another attempt owns the job, or it has ended: what this one has is thrown away."""

    code = "lost_claim"


class IdempotencyConflict(InputError):
    """The idempotency key was used for something else."""

    code = "idempotency_conflict"


class BudgetExceeded(SynqcError):
    """What was to be reserved is more than the job, or what it is part of, may still spend."""

    code = "budget_exceeded"


class JobStopped(SynqcError):
    """Raised inside the work of a job that shall stop: it was cancelled, or its worker leaves or lost it."""

    code = "job_stopped"

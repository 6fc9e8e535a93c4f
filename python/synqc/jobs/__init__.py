"""Durable jobs: a ledger in SQLite or PostgreSQL, and workers that do what stands in it. See docs/jobs.md."""

from synqc.jobs.errors import BudgetExceeded, IdempotencyConflict, JobRefused, JobStopped, LostClaim, UnknownJob
from synqc.jobs.history import JobEvent
from synqc.jobs.job import Job, JobFilter
from synqc.jobs.ledger import Ledger, open_ledger
from synqc.jobs.policies import Budget, RetryPolicy
from synqc.jobs.running_job import RunningJob, StopReason
from synqc.jobs.spending import Amount
from synqc.jobs.states import JobState
from synqc.jobs.tables.claims import Claimed
from synqc.jobs.work import Work
from synqc.jobs.worker import Worker

__all__ = [
    "Amount", "Budget", "BudgetExceeded", "Claimed", "IdempotencyConflict", "Job", "JobEvent", "JobFilter",
    "JobRefused", "JobState", "JobStopped", "Ledger", "LostClaim", "RetryPolicy", "RunningJob", "StopReason",
    "UnknownJob", "Work", "Worker", "open_ledger",
]  # fmt: skip

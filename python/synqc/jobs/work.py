"""What does jobs of a kind: its function, how an attempt at a job ended, and how the ledger is told."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from synqc import metrics
from synqc.errors import InputError, SynqcError
from synqc.jobs.errors import LostClaim
from synqc.jobs.running_job import RunningJob, StopReason
from synqc.storage.errors import StorageUnavailable

__all__ = ["Outcome", "Work", "report"]

_log = logging.getLogger("synqc.jobs")
_attempts = metrics.counter("synqc_jobs_attempts_total", "Attempts at jobs by how they ended.", ("kind", "ended"))

_PAUSE_S = 0.2
_LONGEST_CAUSE = 2000


@dataclass(frozen=True)
class Work:
    """What does jobs of one kind.

    Args:
        function: Given a RunningJob, returns the result, which JSON can say. A coroutine function runs on the worker's
            event loop and is cancelled where the job shall stop; any other runs on a thread, and looks at `job.check()`
            or is told by `job.on_stop()`.
        concurrency: How many a worker does at once.
        permanent: Errors that another attempt would meet, too: the job fails. After any other it is tried again.
    """

    function: Callable[[RunningJob], Any]
    concurrency: int = 1
    permanent: tuple[type[Exception], ...] = (InputError,)

    def __post_init__(self) -> None:
        if self.concurrency < 1:
            raise InputError(f"Argument `concurrency` must be at least 1, but is {self.concurrency}.")


@dataclass(frozen=True)
class Outcome:
    """How an attempt ended: with a result, or with an error."""

    result: Any = None
    error: BaseException | None = None


def report(work: Work, job: RunningJob, outcome: Outcome, leaving: threading.Event) -> None:
    """Tell the ledger how an attempt ended, until it has heard it.

    It may hear it late: another attempt that has begun by then is not harmed, for what this one says is refused.

    Args:
        work: That was done.
        job: The attempt.
        outcome: How it ended.
        leaving: Set when the process ends: then a ledger that does not answer is not waited for.
    """
    while True:
        try:
            ended = _told(work, job, outcome)
        except LostClaim as error:
            _log.warning("%s", error)
            ended = "lost"
        except StorageUnavailable as error:
            if leaving.is_set():
                _log.error("How job %s ended cannot be stored, and it will be done again: %s", job.id, error)
                return
            time.sleep(_PAUSE_S)
            continue
        except InputError as error:  # JSON cannot say the result
            ended = job.ledger.fail(job.claimed, str(error), retry=False)
        _attempts.labels(kind=job.claimed.kind, ended=ended).add()
        return


def _told(work: Work, job: RunningJob, outcome: Outcome) -> str:
    if job.stop_reason is StopReason.LOST:
        raise LostClaim(f"Job {job.id} was lost: its lease could not be renewed in time.")
    progress, error = job.take_progress(), outcome.error
    if error is None:
        return job.ledger.complete(job.claimed, outcome.result, progress=progress)
    if job.stop_reason is StopReason.DRAINING:
        return job.ledger.release(job.claimed)
    if job.stop_reason is None and not isinstance(error, SynqcError):
        _log.error("Attempt %d at job %s failed.", job.attempt, job.id, exc_info=error)
    is_permanent = isinstance(error, work.permanent)
    return job.ledger.fail(job.claimed, _words(error), retry=not is_permanent, progress=progress)


def _words(error: BaseException) -> str:
    text = str(error) if isinstance(error, SynqcError) else f"{type(error).__name__}: {error}"
    return text[:_LONGEST_CAUSE].replace("\0", " ")

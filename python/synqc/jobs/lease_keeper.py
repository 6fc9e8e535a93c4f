"""Heartbeat of a worker: renews its leases, stores progress, hears of cancels, and reaps leases that ran out."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import TimeoutError as FutureTimeout

from synqc.jobs.errors import LostClaim
from synqc.jobs.ledger import Ledger
from synqc.jobs.running_job import RunningJob, StopReason
from synqc.storage.errors import StorageUnavailable

__all__ = ["LeaseKeeper", "trusted_until"]

_log = logging.getLogger("synqc.jobs")

_HEARTBEATS_PER_LEASE = 5
_SHARE_OF_LEASE_TRUSTED = 0.8
_LOOK_AROUND_S = 0.2
_LONGEST_BETWEEN_REAPINGS_S = 5.0


def trusted_until(sent_at: float, lease_s: float) -> float:
    """Until when nobody else can have a job: no clocks are compared, for the lease began after `sent_at`."""
    return sent_at + _SHARE_OF_LEASE_TRUSTED * lease_s


class LeaseKeeper:
    """A thread beside the work.

    Args:
        ledger: The job ledger.
        running: The jobs that are being done here.
        lease_s: How long the ledger waits for a word.
        keep_ended_s: Jobs that ended so long ago are forgotten; None: never.
    """

    def __init__(
        self, ledger: Ledger, running: Callable[[], Sequence[RunningJob]], *, lease_s: float, keep_ended_s: float | None
    ) -> None:
        self._ledger = ledger
        self._running = running
        self._lease_s = lease_s
        self._keep_ended_s = keep_ended_s
        self._look = threading.Event()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="synqc-jobs-keep", daemon=True)
        self._thread.start()

    def look(self) -> None:
        """Look now whether a job shall stop."""
        self._look.set()

    def close(self) -> None:
        """End the thread, whatever is still running."""
        self._ending.set()
        self._look.set()
        self._thread.join(self._lease_s)

    def _keep(self) -> None:
        next_heartbeat = next_reaping = time.monotonic()
        while not self._ending.is_set():
            now = time.monotonic()
            running = self._running()
            is_turn = now >= next_heartbeat
            if is_turn:
                next_heartbeat = now + self._lease_s / _HEARTBEATS_PER_LEASE
            try:
                self._renew(running if is_turn else [job for job in running if job.has_progressed])
                self._hear_of_cancels(running)
                if now >= next_reaping:
                    next_reaping = now + min(self._lease_s / 2, _LONGEST_BETWEEN_REAPINGS_S)
                    self._reap()
            except StorageUnavailable as error:
                _log.warning("Leases of jobs cannot be kept: %s", error)
            _give_up_what_others_may_have(running)
            self._look.wait(min(_LOOK_AROUND_S, self._lease_s / 20))
            self._look.clear()

    def _renew(self, jobs: Sequence[RunningJob]) -> None:
        sent_at = time.monotonic()
        renewals = [
            (job, self._ledger.heartbeat(job.claimed, lease_s=self._lease_s, progress=job.take_progress()))
            for job in jobs
        ]
        for job, renewal in renewals:
            try:
                found = renewal.result(self._lease_s / _HEARTBEATS_PER_LEASE)
            except LostClaim:
                if job in self._running():  # it may have ended meanwhile
                    job.stop(StopReason.LOST)
            except FutureTimeout:
                continue
            else:
                job.answered_until = trusted_until(sent_at, self._lease_s)
                if found.cancel_requested:
                    job.stop(StopReason.CANCELLED)

    def _hear_of_cancels(self, running: Sequence[RunningJob]) -> None:
        unstopped = {job.id: job for job in running if job.stop_reason is None}
        if unstopped:
            for job_id in self._ledger.cancelled_among(list(unstopped)):
                unstopped[job_id].stop(StopReason.CANCELLED)

    def _reap(self) -> None:
        self._ledger.expire()
        if self._keep_ended_s is not None:
            self._ledger.delete_ended(older_than_s=self._keep_ended_s)


def _give_up_what_others_may_have(running: Sequence[RunningJob]) -> None:
    now = time.monotonic()
    for job in running:
        if now > job.answered_until:
            job.stop(StopReason.LOST)

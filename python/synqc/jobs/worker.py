"""A worker: claims due jobs and does them, on threads or as coroutines."""

from __future__ import annotations

import asyncio
import inspect
import logging
import threading
import time
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import Future

from synqc.errors import InputError
from synqc.jobs.executors import EventLoopThread, thread_pool
from synqc.jobs.identifiers import check_kind, new_worker_name
from synqc.jobs.lease_keeper import LeaseKeeper, trusted_until
from synqc.jobs.ledger import Ledger
from synqc.jobs.running_job import RunningJob, StopReason
from synqc.jobs.signals import Signal, SignalKind
from synqc.jobs.states import Refusal
from synqc.jobs.work import Outcome, Work, report
from synqc.jobs.worker_presence import WorkerPresence
from synqc.storage.errors import StorageUnavailable

__all__ = ["Worker"]

_log = logging.getLogger("synqc.jobs")

_POLL_S = 1.0
_SOON_S = 0.001


class Worker:
    """Does jobs of some kinds until it is closed.

    Args:
        ledger: The job ledger.
        works: By kind.
        lease_s: How long the ledger waits for a word of this worker before it gives its jobs to another one.
        keep_ended_s: Jobs that ended so long ago are forgotten; None: never.
        claims: Whether it looks for jobs by itself; otherwise it does those that it is told of by id.
        takes_over: Whether, on SQLite, jobs of workers that are gone are queued again at once, where no other worker of
            any process has the database; otherwise, and on PostgreSQL, when their leases have run out.

    Examples:
        >>> import pathlib, tempfile
        >>> from synqc.jobs import Work, Worker, open_ledger
        >>> with tempfile.TemporaryDirectory() as folder, open_ledger(pathlib.Path(folder)) as ledger:
        ...     with Worker(ledger, {"square": Work(lambda job: job.payload**2)}):
        ...         ledger.wait(ledger.submit("square", 12), timeout_s=10).result
        144
    """

    def __init__(
        self,
        ledger: Ledger,
        works: Mapping[str, Work],
        *,
        lease_s: float = 30.0,
        keep_ended_s: float | None = None,
        claims: bool = True,
        takes_over: bool = False,
    ) -> None:
        if not works:
            raise InputError("Argument `works` must hold at least one kind, but is empty.")
        if lease_s <= 0:
            raise InputError(f"Argument `lease_s` must be more than 0, but is {lease_s}.")
        self.name = new_worker_name()
        """Of this incarnation alone."""
        self._ledger = ledger
        self._works = {check_kind(kind): work for kind, work in works.items()}
        self._lease_s = lease_s
        self._running: dict[str, RunningJob] = {}
        self._lock = threading.Lock()
        self._leaving = threading.Event()
        self._wake = threading.Event()
        self._pool = thread_pool("job", sum(work.concurrency for work in works.values()))
        self._coroutines = EventLoopThread("job-loop")
        self._presence = WorkerPresence(
            ledger.database, (lambda: ledger.expire(owners_are_gone=True)) if takes_over else None
        )
        self._keeper = LeaseKeeper(ledger, lambda: self.running, lease_s=lease_s, keep_ended_s=keep_ended_s)
        ledger.signals.subscribe(self._hear)
        ledger.listen()
        self._dispatcher = threading.Thread(target=self._dispatch, name="synqc-jobs-dispatch", daemon=True)
        if claims:
            self._dispatcher.start()

    @property
    def running(self) -> tuple[RunningJob, ...]:
        """What it is doing."""
        with self._lock:
            return tuple(self._running.values())

    @property
    def is_leaving(self) -> bool:
        """Whether it begins nothing any more."""
        return self._leaving.is_set()

    def find(self, job_id: str) -> RunningJob | None:
        """A job that it is doing."""
        return self._running.get(job_id)

    def do(self, job_id: str) -> Refusal | None:
        """Claim one job and do it; returns when it has ended here, or why it was not begun.

        Raises:
            UnknownJob: There is none of that id.
            InputError: This worker does no jobs of its kind.
        """
        kind = self._ledger.job(job_id).kind
        if kind not in self._works:
            raise InputError(f"This worker does {', '.join(sorted(self._works))}, but {job_id} is of kind {kind!r}.")
        sent_at = time.monotonic()
        claimed = self._ledger.claim_by_id(self.name, job_id, lease_s=self._lease_s)
        if isinstance(claimed, Refusal):
            return claimed
        self._begin(RunningJob(self._ledger, claimed, trusted_until(sent_at, self._lease_s))).result()
        return None

    def drain(self) -> None:
        """Claim no more, and tell the work under way to stop; returns at once."""
        self._leaving.set()
        self._wake.set()
        for job in self.running:
            job.stop(StopReason.DRAINING)

    def close(self, patience_s: float = 10.0) -> None:
        """Drain, and wait; what does not stop in time is another worker's when its lease has run out."""
        deadline = time.monotonic() + patience_s
        self.drain()
        if self._dispatcher.is_alive():
            self._dispatcher.join(patience_s)
        while self.running and time.monotonic() < deadline:
            time.sleep(0.005)
        self._keeper.close()
        self._ledger.signals.unsubscribe(self._hear)
        self._pool.shutdown(wait=not self.running, cancel_futures=True)
        self._coroutines.close()
        if not self.running:
            self._presence.leave()

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _dispatch(self) -> None:
        while not self._leaving.is_set():
            self._wake.clear()
            try:
                pause = self._claim()
            except StorageUnavailable as error:
                _log.warning("Jobs cannot be claimed: %s", error)
                pause = _POLL_S
            if pause > 0:
                self._wake.wait(pause)

    def _claim(self) -> float:
        """Begin what may be begun; how long to wait before the next look, unless something happens."""
        room = self._room()
        if not room:
            return _POLL_S
        sent_at = time.monotonic()
        found = self._ledger.claim(self.name, room, lease_s=self._lease_s)
        for claimed in found:
            self._begin(RunningJob(self._ledger, claimed, trusted_until(sent_at, self._lease_s)))
        if found:
            return 0.0
        due = self._ledger.seconds_to_next()
        return _POLL_S if due is None else min(_POLL_S, max(due, _SOON_S))

    def _room(self) -> dict[str, int]:
        taken = Counter(job.claimed.kind for job in self.running)
        free = {kind: work.concurrency - taken[kind] for kind, work in self._works.items()}
        return {kind: number for kind, number in free.items() if number > 0}

    def _hear(self, signal: Signal) -> None:
        if signal.kind is SignalKind.QUEUED and signal.name in self._works:
            self._wake.set()
        elif signal.kind is SignalKind.CANCELLED:
            job = self._running.get(signal.name)
            if job is not None:
                job.stop(StopReason.CANCELLED)
            self._keeper.look()  # what is part of that job may be here

    def _begin(self, job: RunningJob) -> Future[None]:
        with self._lock:
            self._running[job.id] = job
        if self._leaving.is_set():
            job.stop(StopReason.DRAINING)
        work = self._works[job.claimed.kind]
        if inspect.iscoroutinefunction(work.function):
            return self._coroutines.run(self._do_coroutine(work, job))
        return self._pool.submit(self._do, work, job)

    def _do(self, work: Work, job: RunningJob) -> None:
        try:
            try:
                job.check()
                outcome = Outcome(result=work.function(job))
            except Exception as error:
                outcome = Outcome(error=error)
            report(work, job, outcome, self._leaving)
        finally:
            self._end(job)

    async def _do_coroutine(self, work: Work, job: RunningJob) -> None:
        loop, task = asyncio.get_running_loop(), asyncio.ensure_future(work.function(job))

        def cancel() -> None:
            loop.call_soon_threadsafe(task.cancel)

        job.on_stop(cancel)
        try:
            try:
                outcome = Outcome(result=await task)
            except (Exception, asyncio.CancelledError) as error:
                outcome = Outcome(error=error)
            await asyncio.shield(asyncio.wrap_future(self._pool.submit(report, work, job, outcome, self._leaving)))
        finally:
            self._end(job)

    def _end(self, job: RunningJob) -> None:
        with self._lock:
            if self._running.get(job.id) is job:
                del self._running[job.id]
        self._wake.set()

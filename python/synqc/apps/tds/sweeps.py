"""Grids over a session's configuration: started, watched, cancelled, and kept when they are done."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

from synqc import json
from synqc.apps.tds.engine import SynQcEngine
from synqc.apps.tds.models import PROBE_DURATIONS_NS, PROBE_STRENGTHS, SweepRequest
from synqc.apps.tds.store import SessionStore
from synqc.apps.tds.sweep_work import KIND, sweep_work
from synqc.errors import InputError, ServiceStopping, SynqcError
from synqc.jobs import Job, JobState, Ledger, RetryPolicy, UnknownJob, Worker

__all__ = ["Sweeps", "TooManySweeps", "UnknownSweep"]

_MOST_POINTS = 2500
_MOST_WAITING = 16
_RANGES = {"probe_strength": PROBE_STRENGTHS, "probe_duration_ns": PROBE_DURATIONS_NS}
_RESTARTS = RetryPolicy(attempts=100, first_s=1.0, most_s=60.0)
"""A sweep goes on however often its service is killed; what is wrong with it is said at its first point."""
_LEASE_S = 10.0
_STATUS = {
    JobState.QUEUED: "running", JobState.RUNNING: "running", JobState.SUCCEEDED: "finished",
    JobState.CANCELLED: "cancelled", JobState.FAILED: "error", JobState.DEAD: "error",
}  # fmt: skip


class UnknownSweep(SynqcError, LookupError):
    """No sweep has that id."""

    code = "unknown_sweep"


class TooManySweeps(SynqcError):
    """More sweeps are waiting than this service takes."""

    code = "too_many_sweeps"


class Sweeps:
    """Sweeps as jobs: one runs at a time, others wait, and all go on after a crash or a restart.

    Points are cached by content, so a repeated one costs a lookup.

    Args:
        store: The session store.
        engine: Runs the points on the simulator.
        ledger: The job ledger.
        keep_ended_s: Jobs that ended so long ago are forgotten; None: never.
    """

    def __init__(
        self, store: SessionStore, engine: SynQcEngine, ledger: Ledger, *, keep_ended_s: float | None = None
    ) -> None:
        self._store = store
        self._ledger = ledger
        self._stopping = False
        self._starting = threading.Lock()
        self._worker = Worker(ledger, {KIND: sweep_work(engine)}, lease_s=_LEASE_S, keep_ended_s=keep_ended_s)

    def start(self, request: SweepRequest) -> dict[str, Any]:
        """Check a sweep and put it in the queue; blocks until it is stored there.

        Raises:
            InputError: A value is out of range, or there are too many points.
            UnknownSession: A session is named that there is not.
            TooManySweeps: The queue is full.
            ServiceStopping: Nothing is begun any more.
            StorageUnavailable: It could not be stored.
        """
        if request.session_id is not None:
            self._store.get(request.session_id)
        axes: dict[str, list[float]] = dict(request.axes.items())
        asked = {
            "session_id": request.session_id, "config": request.config.model_dump(mode="json"), "axes": axes,
            "shots": request.shots, "total": _points(axes),
            # A seed that is the same for the same grid lets cached points be found again.
            "seed": 0 if request.seed is None else request.seed,
        }  # fmt: skip
        with self._starting:
            if self._stopping:
                raise ServiceStopping
            counts = self._ledger.counts(KIND)
            if counts.get(JobState.QUEUED, 0) + counts.get(JobState.RUNNING, 0) >= _MOST_WAITING:
                raise TooManySweeps(f"At most {_MOST_WAITING} sweeps may wait: cancel one, or come back later.")
            sweep_id = self._ledger.submit(KIND, asked, retry=_RESTARTS)
        return _document(sweep_id, asked)

    def read(self, sweep_id: str) -> bytes:
        """A sweep as it is now; blocks on the database.

        Raises:
            UnknownSweep: There is none of that id.
        """
        try:
            job = self._ledger.job(sweep_id)
        except UnknownJob:
            return self._read_of_former_versions(sweep_id)
        if job.kind != KIND:
            raise _unknown(sweep_id)
        return json.dumps(self._told(job))

    def cancel(self, sweep_id: str) -> bytes:
        """Stop a sweep; what it has is kept.

        Raises:
            UnknownSweep: There is none of that id.
        """
        found = self.read(sweep_id)
        if json.loads(found)["status"] != "running":
            return found
        return json.dumps(self._told(self._ledger.cancel(sweep_id)))

    def stop(self) -> None:
        """Begin no more, and interrupt the one under way, without waiting for it: the next service goes on with it."""
        self._stopping = True
        self._worker.drain()

    def close(self) -> None:
        """Stop, and wait for it."""
        self.stop()
        self._worker.close()

    def _told(self, job: Job) -> dict[str, Any]:
        status = "cancelled" if job.cancel_requested else _STATUS[job.state]
        result = job.result or {}
        running = self._worker.find(job.id)
        progress = None if running is None else running.last_progress
        done = (job.progress_done or 0) if progress is None else progress[0]
        return _document(
            job.id, job.payload, status=status, done=done, cached=result.get("cached", 0),
            error=job.cause if status == "error" else None, results=result.get("figures"),
        )  # fmt: skip

    def _read_of_former_versions(self, sweep_id: str) -> bytes:
        """Sweeps that ended before they were jobs."""
        stored = self._store.database.sweep_document(sweep_id)
        if stored is None:
            raise _unknown(sweep_id)
        return stored


def _unknown(sweep_id: str) -> UnknownSweep:
    return UnknownSweep(f"Sweep '{sweep_id}' not found")


def _document(
    sweep_id: str, asked: Mapping[str, Any], *, status: str = "running", done: int = 0, cached: int = 0,
    error: str | None = None, results: Any = None,
) -> dict[str, Any]:  # fmt: skip
    """As clients see it."""
    return {
        "sweep_id": sweep_id, "session_id": asked["session_id"], "status": status, "done": done,
        "total": asked["total"], "cached": cached, "axes": asked["axes"], "shots": asked["shots"],
        "seed": asked["seed"], "config": asked["config"], "error": error, "results": results,
    }  # fmt: skip


def _points(axes: Mapping[str, Sequence[float]]) -> int:
    """How many points a grid has.

    Raises:
        InputError: A value is out of range, or there are too many points.
    """
    for name, values in axes.items():
        least, most = _RANGES[name]
        if not values:
            raise InputError(f"Axis `{name}` must have at least one value, but is empty.")
        for value in values:
            if not least <= value <= most:
                raise InputError(f"Values of axis `{name}` must be between {least:g} and {most:g}, but one is {value}.")
    points = prod(len(values) for values in axes.values())
    if points > _MOST_POINTS:
        raise InputError(f"A sweep must have at most {_MOST_POINTS} points, but this one has {points}.")
    return points

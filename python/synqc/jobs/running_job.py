"""A job as its work sees it: what it was given, whether it shall stop, and what it keeps."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from concurrent.futures import Future
from enum import StrEnum
from typing import Any

from synqc import json
from synqc.jobs.errors import JobStopped
from synqc.jobs.ledger import Ledger
from synqc.jobs.spending import Amount
from synqc.jobs.tables.claims import Claimed

__all__ = ["RunningJob", "StopReason"]


class StopReason(StrEnum):
    """Why work shall stop."""

    CANCELLED = "cancelled"
    DRAINING = "its worker leaves"
    """Another worker goes on with it, from what it kept."""
    LOST = "its worker lost it"
    """Another worker may have it already; nothing that this one says is believed."""


class RunningJob:
    """One attempt at a job.

    Args:
        ledger: That the job stands in.
        claimed: The attempt.
        answered_until: Moment of the monotonic clock until which nobody else can have it.
    """

    def __init__(self, ledger: Ledger, claimed: Claimed, answered_until: float = math.inf) -> None:
        self.ledger = ledger
        self.claimed = claimed
        self.answered_until = answered_until
        self._progress: tuple[int, int] | None = None
        self.last_progress: tuple[int, int] | None = None
        """(done, total) as the work said last, stored or not yet."""
        self._reason: StopReason | None = None
        self._on_stop: list[Callable[[], None]] = []
        self._lock = threading.Lock()

    @property
    def id(self) -> str:
        """The job's name."""
        return self.claimed.job_id

    @property
    def attempt(self) -> int:
        """1 for the first."""
        return self.claimed.attempt

    @property
    def payload(self) -> Any:
        """What is to be done."""
        return json.loads(self.claimed.payload)

    @property
    def stop_reason(self) -> StopReason | None:
        """Why the work shall stop; None while it shall not."""
        return self._reason

    def check(self) -> None:
        """Raises JobStopped if the work shall stop."""
        if self._reason is not None:
            raise JobStopped(f"Job {self.id} shall stop: {self._reason}.")

    def on_stop(self, call: Callable[[], None]) -> None:
        """Call something once when the work shall stop, on whatever thread; at once if it shall already."""
        with self._lock:
            if self._reason is None:
                self._on_stop.append(call)
                return
        call()

    def stop(self, reason: StopReason) -> None:
        """Tell the work to stop; the first reason counts, but a job that is lost is lost."""
        with self._lock:
            is_first = self._reason is None
            if is_first or reason is StopReason.LOST:
                self._reason = reason
            calls, self._on_stop = self._on_stop, []
        for call in calls:
            call()

    def progress(self, done: int, total: int) -> None:
        """Say how far the work is; costs nothing, and is stored a few times a second."""
        self._progress = self.last_progress = (done, total)

    @property
    def has_progressed(self) -> bool:
        """Whether something was said since `take_progress`."""
        return self._progress is not None

    def take_progress(self) -> tuple[int, int] | None:
        """What was said since it was last asked; None if nothing was."""
        said, self._progress = self._progress, None
        return said

    def keep(self, name: str, value: Any) -> Future[None]:
        """Keep something that JSON can say for a later attempt; the future is done when it is on disk.

        It fails with LostClaim where another attempt owns the job.
        """
        return self.ledger.keep_part(self.claimed, name, json.dumps(value))

    def kept(self) -> dict[str, Any]:
        """What this attempt and earlier ones kept, by name."""
        return {name: json.loads(value) for name, value in self.ledger.parts(self.id).items()}

    def reserve(self, name: str, amount: Amount) -> None:
        """Reserve what a call may cost at most; as `Ledger.reserve`."""
        self.ledger.reserve(self.claimed, name, amount)

    def settle(self, name: str, amount: Amount) -> None:
        """Say what a call did cost; as `Ledger.settle`."""
        self.ledger.settle(self.claimed, name, amount)

    def submit(self, kind: str, payload: Any = None, **options: Any) -> str:
        """Have something done as part of this job; as `Ledger.submit`."""
        return self.ledger.submit(kind, payload, parent=self.id, **options)

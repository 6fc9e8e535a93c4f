"""What a vendor's service does for a job: takes it, says how it stands, answers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from synqc.errors import SynqcError
from synqc.hardware.backend import CompiledCircuit, Shots
from synqc.hardware.circuit import DriveProbeDriveCircuit

__all__ = [
    "SubmissionRefused", "UnknownSubmission", "Vendor", "VendorAnswer", "VendorFailed", "VendorState",
    "VendorUnreachable",
]  # fmt: skip


class SubmissionRefused(SynqcError):
    """The vendor answered that it did not take the job: nothing runs, nothing is charged."""

    code = "submission_refused"


class UnknownSubmission(SynqcError):
    """Whether the vendor has the job is not known, and it is not sent again; the message has the tag to look for."""

    code = "unknown_submission"


class VendorFailed(SynqcError):
    """The vendor took the job and ended it without a result."""

    code = "vendor_failed"


class VendorUnreachable(SynqcError):
    """No answer came: the connection was lost, or the service is down."""

    code = "vendor_unreachable"


class VendorState(StrEnum):
    """Where a job stands at the vendor's."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class VendorAnswer:
    """Result of a job that is done.

    Args:
        shots: What was read.
        usd: What it cost; None: the vendor does not say.
    """

    shots: Shots
    usd: float | None = None


class Vendor(Protocol):
    """A vendor's service for one backend. Methods raise VendorUnreachable where no answer came."""

    def compile(self, circuit: DriveProbeDriveCircuit, *, seed: int = 0) -> CompiledCircuit:
        """A circuit as its backend plays it; nothing is sent."""
        ...

    def submit(self, compiled: CompiledCircuit, shots: int, *, tag: str) -> str:
        """Have it played, marked with a tag; the vendor's id. Raises SubmissionRefused if it was not taken."""
        ...

    def find(self, tag: str) -> list[str]:
        """Ids of the account's jobs that carry a tag."""
        ...

    def state(self, vendor_id: str) -> VendorState:
        """How a job stands."""
        ...

    def answer(self, vendor_id: str, compiled: CompiledCircuit) -> VendorAnswer:
        """Result of a job that is done."""
        ...

    def cancel(self, vendor_id: str) -> None:
        """End a job, if it has not ended."""
        ...

"""Which status each error of TDS is."""

from __future__ import annotations

from synqc.apps.tds.agent import AgentAbsent, AgentFailed
from synqc.apps.tds.analyses import AnalysisBusy
from synqc.apps.tds.engine import ReplayDiffers
from synqc.apps.tds.runs import RunKilled
from synqc.apps.tds.store import SessionBusy, UnknownSession
from synqc.apps.tds.sweeps import TooManySweeps, UnknownSweep
from synqc.apps.tds.target_backends import BackendAbsent
from synqc.errors import SynqcError
from synqc.hardware.vendor import VendorUnreachable
from synqc.jobs import JobRefused, UnknownJob
from synqc.service.errors import ErrorAnswers

__all__ = ["TDS_ERRORS", "UnknownRun"]


class UnknownRun(SynqcError, LookupError):
    """No run has that id."""

    code = "unknown_run"


TDS_ERRORS = ErrorAnswers(
    status_of=(
        (UnknownSession, 404),
        (UnknownRun, 404),
        (UnknownSweep, 404),
        (UnknownJob, 404),
        (JobRefused, 409),
        (SessionBusy, 409),
        (RunKilled, 409),
        (ReplayDiffers, 410),
        (TooManySweeps, 429),
        (AnalysisBusy, 429),
        (AgentFailed, 502),
        (VendorUnreachable, 502),
        (AgentAbsent, 503),
        (BackendAbsent, 409),
    )
)

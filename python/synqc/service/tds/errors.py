"""Which status each error of TDS is."""

from __future__ import annotations

from synqc.apps.tds.agent import AgentAbsent, AgentFailed
from synqc.apps.tds.analyses import AnalysisBusy
from synqc.apps.tds.engine import ReplayDiffers
from synqc.apps.tds.runs import RunKilled
from synqc.apps.tds.storage import SessionMoved
from synqc.apps.tds.store import SessionBusy, UnknownSession
from synqc.apps.tds.sweeps import TooManySweeps, UnknownSweep
from synqc.apps.tds.target_backends import BackendAbsent
from synqc.errors import SynqcError
from synqc.hardware.vendor import VendorUnreachable
from synqc.jobs import JobRefused, UnknownJob
from synqc.service.errors import ErrorAnswers
from synqc.service.tds.node_connections import NodeSilent, NodeUnreachable

__all__ = ["TDS_ERRORS", "SessionNotHere", "UnknownRun"]


class UnknownRun(SynqcError, LookupError):
    """No run has that id."""

    code = "unknown_run"


class SessionNotHere(SynqcError):
    """The session is not at this node, and the node that asks looks for it itself."""

    code = "session_not_here"

    def __init__(self, session_id: str) -> None:
        super().__init__(f"Session '{session_id}' is not at this node.")


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
        (SessionMoved, 421),
        (SessionNotHere, 421),
        (TooManySweeps, 429),
        (AnalysisBusy, 429),
        (AgentFailed, 502),
        (VendorUnreachable, 502),
        (AgentAbsent, 503),
        (BackendAbsent, 409),
        (NodeUnreachable, 503),
        (NodeSilent, 504),
    )
)

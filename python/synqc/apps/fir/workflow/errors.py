"""Why the workflow refuses something."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from synqc.errors import InputError, SynqcError

if TYPE_CHECKING:
    from synqc.apps.fir.workflow.gate import Gate

__all__ = [
    "AnswerRefused", "GateConflict", "InvalidContent", "RefusalKind", "SessionExists", "StageRunning", "UnknownSession",
]  # fmt: skip


class RefusalKind(StrEnum):
    """Why an event changes nothing."""

    STALE_TOKEN = "stale_token"
    """What was shown under the token is not what is there now."""
    NOT_WAITING = "not_waiting"
    """A stage is under way."""
    NOT_ACCEPTABLE = "not_acceptable"
    """What is shown failed, was rejected or was accepted before: it must be edited or made again."""
    NOT_REGENERATED = "not_regenerated"
    """No model makes it."""
    NOT_EDITED = "not_edited"
    """It follows from the steps before it."""
    NOT_ITS_FORM = "not_its_form"
    """What was sent is of another step."""
    EXPIRED = "expired"
    NOT_EXPIRED = "not_expired"
    FILED = "filed"
    """The report is sealed."""
    NOT_COMPLETED = "not_completed"
    STATUS = "status"
    """The report does not go there from where it stands."""
    SUPERSEDED = "superseded"
    """A result that nobody wants any more."""
    EXISTS = "exists"


class UnknownSession(SynqcError, LookupError):
    """No session has that id."""

    code = "unknown_session"

    def __init__(self, session_id: str) -> None:
        super().__init__(f"There is no session {session_id[:60]!r}.")


class SessionExists(SynqcError):
    """A session of that id was begun with something else."""

    code = "session_exists"


class InvalidContent(InputError):
    """What an officer sends for a step is not of its form."""

    code = "invalid_content"


class AnswerRefused(SynqcError):
    """An answer, or another wish, that changes nothing; `kind` says why."""

    code = "answer_refused"

    def __init__(self, kind: RefusalKind, words: str) -> None:
        self.kind = kind
        super().__init__(words)


class GateConflict(AnswerRefused):
    """The answer is to something that is not there any more; `gate` is what is, None while a stage is under way."""

    code = "gate_conflict"

    def __init__(self, kind: RefusalKind, words: str, gate: Gate | None) -> None:
        super().__init__(kind, words)
        self.gate = gate


class StageRunning(AnswerRefused):
    """The next thing to answer is still being made; ask again in `retry_after_s`."""

    code = "stage_running"

    def __init__(self, kind: RefusalKind, words: str, retry_after_s: float) -> None:
        super().__init__(kind, words)
        self.retry_after_s = retry_after_s

"""Approval gate: what an officer is shown, and the token that an answer to exactly that must carry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from synqc.apps.fir.workflow.session import ResultState, Session
from synqc.apps.fir.workflow.steps import STEPS, Step

__all__ = ["Gate", "gate_of", "gates_of"]


@dataclass(frozen=True)
class Gate:
    """One gate of a session.

    Args:
        session_id: Whose.
        step: Which.
        content: What is shown.
        digest: SHA-256 of exactly that.
        token: Which an answer names; it is void once anything of this has changed.
        state: What became of what is shown.
        waiting_since: Since when it waits for an answer; None where it does not.
    """

    session_id: str
    step: Step
    content: dict[str, Any]
    digest: str
    token: str
    state: ResultState
    waiting_since: float | None


def gate_of(session: Session) -> Gate | None:
    """The gate that waits for an answer; None while a stage is under way."""
    return None if session.ticket is not None else _gate(session, session.step)


def gates_of(session: Session) -> list[Gate]:
    """All that can be edited or asked for again at this moment, the one that waits last."""
    last = STEPS.index(session.step)
    known = [step for step in STEPS[: last + 1] if step in session.results]
    return [_gate(session, step) for step in known if session.results[step].state is not ResultState.STALE]


def _gate(session: Session, step: Step) -> Gate:
    waits = session.ticket is None and step is session.step and session.completed_at is None
    return Gate(
        session.session_id, step, session.shown(step), session.digest(step), session.token(step),
        session.results[step].state, session.waiting_since if waits else None,
    )  # fmt: skip

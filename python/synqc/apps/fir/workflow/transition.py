"""State machine of a session: what it is after an event, or why the event changes nothing.

A pure function: the store keeps what this file decides and decides nothing itself, a history is folded by it into the
session it is of, and tests explore schedules with the very same function.

    stage ──done──▶ gate ──accept──▶ next stage ... ──accept at the last──▶ completed ──▶ filed
      ▲               │ ├─edit────▶ gate, with the officer's words and a token of their own
      └──regenerate───┘ └─reject──▶ gate, where nothing is made until it is edited or regenerated

A gate stands between committed steps: its stage has ended and its result is stored before anybody is shown it, and an
answer is stored before the next stage begins. An answer names, by its token, exactly what was shown. What comes after a
result that changes is stale, and is made again unless it would be given the very same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from synqc.apps.fir.document.fields import DERIVED
from synqc.apps.fir.numbers.errors import StatusRefused
from synqc.apps.fir.numbers.status import RecordStatus, check_step
from synqc.apps.fir.workflow.content import MEMBERS
from synqc.apps.fir.workflow.errors import RefusalKind
from synqc.apps.fir.workflow.events import (
    Accepted,
    Answer,
    Detailed,
    Edited,
    Event,
    Expired,
    Opened,
    Regenerated,
    Rejected,
    Reopened,
    StageDone,
    StageFailed,
    StatusChanged,
)
from synqc.apps.fir.workflow.session import (
    Ahead,
    LastAnswer,
    Result,
    ResultState,
    Session,
    Ticket,
    digest_of,
    next_input_digest,
    stage_input,
)
from synqc.apps.fir.workflow.steps import MADE_BY_MODELS, STEPS, Step, following

__all__ = ["Refusal", "rebuild", "transition"]


@dataclass(frozen=True)
class Refusal:
    """Why an event changes nothing."""

    kind: RefusalKind
    words: str


def transition(session: Session | None, event: Event, at: float) -> Session | Refusal:
    """What a session is after an event at a moment, or why it is as before.

    The very object it was given comes back where the event has had its effect already.

    Args:
        session: As it is; None before it is opened.
        event: What happens.
        at: When, seconds since 1970; never before the event that came last.
    """
    if isinstance(event, Opened):
        return _opened(event, at) if session is None else Refusal(RefusalKind.EXISTS, "The session exists already.")
    if session is None:
        raise ValueError("Argument `session` must be one that was opened, but is None.")
    if isinstance(event, Answer) and _is_repeated(session, event):
        return session
    moved = replace(session, revision=session.revision + 1, last_activity=at)
    return _RULES[type(event)](moved, event, at)


def rebuild(events: list[tuple[Event, float]]) -> Session:
    """The session that a history is of.

    Raises:
        ValueError: An event is refused: it never happened so.
    """
    session: Session | None = None
    for number, (event, at) in enumerate(events, 1):
        after = transition(session, event, at)
        if isinstance(after, Refusal) or after is session:
            reason = after.words if isinstance(after, Refusal) else "it has had its effect already"
            raise ValueError(f"Entry {number} of the history cannot have happened: {reason}")
        session = after
    if session is None:
        raise ValueError("Argument `events` must have at least one, but is empty.")
    return session


# Beginning


def _opened(event: Opened, at: float) -> Session:
    session = Session(
        event.session_id, event.source, event.text, event.media, event.language, dict(event.station), event.ahead,
        created_at=at, last_activity=at, revision=1,
    )  # fmt: skip
    if not event.text:
        return _want(session, Step.TRANSCRIPT, at)
    typed = {MEMBERS[Step.TRANSCRIPT]: event.text}
    input_digest = digest_of(stage_input(session, Step.TRANSCRIPT))
    return _show(session, Step.TRANSCRIPT, Result(typed, input_digest, ResultState.SHOWN, session.revision), at)


# Stages


def _done(session: Session, event: StageDone, at: float) -> Session | Refusal:
    ticket = session.ticket
    if ticket is not None and ticket.number == event.ticket:
        session = _numbered(session, ticket.step, event.content)
        return _show(session, ticket.step, _made(session, ticket, event), at)
    if session.ahead is not None and session.ahead.ticket.number == event.ticket and session.ahead.result is None:
        return replace(session, ahead=Ahead(session.ahead.ticket, _made(session, session.ahead.ticket, event)))
    return Refusal(RefusalKind.SUPERSEDED, "Nobody wants this result any more.")


def _failed(session: Session, event: StageFailed, at: float) -> Session | Refusal:
    ticket = session.ticket
    if ticket is not None and ticket.number == event.ticket:
        none = Result({}, ticket.input_digest, ResultState.FAILED, session.revision, reason=event.cause)
        results = {**session.results, ticket.step: none}
        return replace(session, results=results, ticket=None, ahead=None, waiting_since=at)
    if session.ahead is not None and session.ahead.ticket.number == event.ticket and session.ahead.result is None:
        return replace(session, ahead=None)
    return Refusal(RefusalKind.SUPERSEDED, "Nobody wants this result any more.")


def _made(session: Session, ticket: Ticket, event: StageDone) -> Result:
    return Result(
        dict(event.content), ticket.input_digest, ResultState.SHOWN, session.revision, event.model, event.prompt_sha256,
        event.latency_s, unsupported=tuple(event.unsupported), doubts=tuple(dict(one) for one in event.doubts),
    )  # fmt: skip


def _numbered(session: Session, step: Step, content: Mapping[str, Any]) -> Session:
    if step is not Step.FINAL or session.number:
        return session
    return replace(session, number=content["fir_number"], prepared_at=content["prepared_at"])


# Answers


def _accepted(session: Session, event: Accepted, at: float) -> Session | Refusal:
    refusal = _refusal_at_gate(session, event)
    if refusal is not None:
        return refusal
    state = session.results[session.step].state
    if state is not ResultState.SHOWN:
        return Refusal(
            RefusalKind.NOT_ACCEPTABLE,
            f"What is shown at {session.step.value} is {state.value}: edit it or have it made again.",
        )
    return _accept(_answered(session, event, session.step, at), event.who, event.note, at)


def _edited(session: Session, event: Edited, at: float) -> Session | Refusal:
    step = _step_of(session, event)
    if isinstance(step, Refusal):
        return step
    if step is Step.FINAL:
        return Refusal(
            RefusalKind.NOT_EDITED, "The report follows from the steps before it: edit those, or state its fields."
        )
    if set(event.content) != {MEMBERS[step]}:
        words = (
            f"Content of {step.value} must be an object with the one member `{MEMBERS[step]}`, but is of another step."
        )
        return Refusal(RefusalKind.NOT_ITS_FORM, words)
    input_digest = session.results[step].input_digest
    written = Result(dict(event.content), input_digest, ResultState.SHOWN, session.revision, edited_by=event.who)
    session = _show(_answered(_without_later(session, step), event, step, at), step, written, at)
    return _accept(session, event.who, event.note, at) if event.accept else session


def _rejected(session: Session, event: Rejected, at: float) -> Session | Refusal:
    refusal = _refusal_at_gate(session, event)
    if refusal is not None:
        return refusal
    result = session.results[session.step]
    if result.state is ResultState.FAILED:
        return Refusal(RefusalKind.NOT_ACCEPTABLE, "There is nothing to reject: the stage gave no result.")
    rejected = replace(
        result, state=ResultState.REJECTED, decided_by=event.who, reason=event.reason, revision=session.revision
    )
    session = _answered(session, event, session.step, at)
    return replace(session, results={**session.results, session.step: rejected}, ahead=None, completed_at=None)


def _regenerated(session: Session, event: Regenerated, at: float) -> Session | Refusal:
    step = _step_of(session, event)
    if isinstance(step, Refusal):
        return step
    is_heard = step is Step.TRANSCRIPT and not session.text
    has_failed = session.results[step].state is ResultState.FAILED
    if step not in MADE_BY_MODELS and not is_heard and not has_failed:
        return Refusal(RefusalKind.NOT_REGENERATED, f"No model makes {MEMBERS[step]}: it cannot be made again.")
    session = _answered(_without_later(session, step), event, step, at)
    session = replace(
        session, step=step, instructions={**session.instructions, step: event.instruction},
        tries={**session.tries, step: session.tries.get(step, 0) + 1},
        results={**session.results, step: replace(session.results[step], state=ResultState.STALE)},
    )  # fmt: skip
    return _want(session, step, at)


def _is_repeated(session: Session, event: Answer) -> bool:
    return session.last_answer is not None and session.last_answer.digest == digest_of(event.to_plain())


def _answered(session: Session, event: Answer, step: Step, at: float) -> Session:
    last = LastAnswer(digest_of(event.to_plain()), event.token, event.name, step, event.who, at, session.revision)
    return replace(session, last_answer=last)


def _refusal_at_gate(session: Session, event: Answer) -> Refusal | None:
    """Why an answer is not to the gate that waits."""
    closed = _refusal_of_closed(session)
    if closed is not None:
        return closed
    if session.ticket is None and session.completed_at is None and event.token == session.token(session.step):
        return None
    if session.completed_at is not None and event.token == session.token(session.step):
        return Refusal(RefusalKind.NOT_ACCEPTABLE, "The last gate was passed: nothing waits for an answer.")
    return _not_the_gate(session, event)


def _step_of(session: Session, event: Answer) -> Step | Refusal:
    """The step at which exactly this was shown; it may be one that was passed."""
    closed = _refusal_of_closed(session)
    if closed is not None:
        return closed
    for step, result in session.results.items():
        if result.state is not ResultState.STALE and event.token == session.token(step):
            return step
    return _not_the_gate(session, event)


def _not_the_gate(session: Session, event: Answer) -> Refusal:
    last = session.last_answer
    if last is not None and last.token == event.token:
        words = f"This was answered already, by {last.who}: {last.name}."
        return Refusal(RefusalKind.STALE_TOKEN, words)
    if session.ticket is not None:
        return Refusal(RefusalKind.NOT_WAITING, f"{session.ticket.step.value} is still being made.")
    return Refusal(RefusalKind.STALE_TOKEN, "What was shown under this token is not what is there now.")


def _refusal_of_closed(session: Session) -> Refusal | None:
    if session.status is not RecordStatus.DRAFT:
        return Refusal(RefusalKind.FILED, "The report is sealed and does not change any more.")
    if session.expired:
        return Refusal(RefusalKind.EXPIRED, "Nobody answered for too long: the session must be reopened first.")
    return None


# What follows


def _accept(session: Session, who: str, note: str, at: float) -> Session:
    step = session.step
    accepted = replace(
        session.results[step], state=ResultState.ACCEPTED, decided_by=who, reason="", revision=session.revision
    )
    session = replace(
        session, results={**session.results, step: accepted}, notes={**session.notes, step: note}, waiting_since=None
    )
    if step is Step.FINAL:
        return replace(session, completed_at=at, ahead=None)
    return _want(session, following(step), at)


def _want(session: Session, step: Step, at: float) -> Session:
    """Have a stage's result shown: one that there is for the very same input, or a new one."""
    needed = digest_of(stage_input(session, step))
    ahead, known = session.ahead, session.results.get(step)
    session = replace(session, step=step, ahead=None, waiting_since=None)
    if ahead is not None and ahead.ticket.step is step and ahead.ticket.input_digest == needed:
        if ahead.result is not None:
            return _show(session, step, ahead.result, at)
        return replace(session, ticket=ahead.ticket)
    if known is not None and known.state is ResultState.STALE and known.content and known.input_digest == needed:
        return _show(session, step, replace(known, state=ResultState.SHOWN, decided_by="", reason=""), at)
    return replace(session, ticket=Ticket(step, session.revision, needed))


def _show(session: Session, step: Step, result: Result, at: float) -> Session:
    """A gate that waits; the stage after it is computed meanwhile, as if it were accepted."""
    shown = replace(result, revision=session.revision)
    session = replace(
        session, step=step, results={**session.results, step: shown}, ticket=None, ahead=None, waiting_since=at
    )
    if not session.computes_ahead or step is Step.FINAL or following(step) is Step.FINAL:
        return session
    needed = next_input_digest(session)
    known = session.results.get(following(step))
    if known is not None and known.content and known.input_digest == needed:
        return session
    return replace(session, ahead=Ahead(Ticket(following(step), session.revision, needed)))


def _without_later(session: Session, step: Step) -> Session:
    """A result changes: what comes after it is stale, and what is under way is not wanted."""
    later = STEPS[STEPS.index(step) + 1 :]
    results = {
        one: replace(result, state=ResultState.STALE) if one in later else result
        for one, result in session.results.items()
    }
    return replace(session, results=results, ticket=None, ahead=None, completed_at=None, step=step)


# Beside the gates


def _detailed(session: Session, event: Detailed, at: float) -> Session | Refusal:
    closed = _refusal_of_closed(session)
    if closed is not None:
        return closed
    if event.base != session.details_digest:
        return Refusal(RefusalKind.STALE_TOKEN, "Somebody else has changed the fields meanwhile: look at them again.")
    details = dict(session.details)
    for key, value in event.statements.items():
        if key in DERIVED:
            return Refusal(RefusalKind.NOT_EDITED, f"Field `{key}` follows from the gates: edit what it follows from.")
        if value is None:
            details.pop(key, None)
        else:
            details[key] = (value, event.who, session.step.value)
    session = replace(session, details=details)
    if session.step is not Step.FINAL:
        return session
    stale = (
        {Step.FINAL: replace(session.results[Step.FINAL], state=ResultState.STALE)}
        if Step.FINAL in session.results
        else {}
    )
    session = replace(session, results={**session.results, **stale}, ticket=None, completed_at=None)
    return _want(session, Step.FINAL, at)


def _expired(session: Session, event: Expired, at: float) -> Session | Refusal:
    waits = session.ticket is None and session.completed_at is None and session.waiting_since is not None
    if session.expired or not waits or at < (session.waiting_since or 0.0) + event.after_s:
        return Refusal(RefusalKind.NOT_EXPIRED, "Nothing of it has waited for so long.")
    return replace(session, expired=True, ahead=None)


def _reopened(session: Session, event: Reopened, at: float) -> Session | Refusal:
    if not session.expired:
        return Refusal(RefusalKind.NOT_EXPIRED, "It has not expired.")
    session = replace(session, expired=False)
    result = session.results[session.step]
    if result.state is ResultState.SHOWN:
        return _show(session, session.step, result, at)
    again = replace(result, revision=session.revision)
    return replace(session, results={**session.results, session.step: again}, waiting_since=at)


def _status_changed(session: Session, event: StatusChanged, at: float) -> Session | Refusal:
    if session.completed_at is None:
        return Refusal(RefusalKind.NOT_COMPLETED, "The last gate has not been passed.")
    try:
        check_step(session.status, RecordStatus(event.to))
    except StatusRefused as refused:
        return Refusal(RefusalKind.STATUS, str(refused))
    return replace(session, status=RecordStatus(event.to))


_RULES: Mapping[type[Event], Callable[[Session, Any, float], Session | Refusal]] = {
    StageDone: _done, StageFailed: _failed, Accepted: _accepted, Edited: _edited, Rejected: _rejected,
    Regenerated: _regenerated, Detailed: _detailed, Expired: _expired, Reopened: _reopened,
    StatusChanged: _status_changed,
}  # fmt: skip

"""No schedule of officers, stages, crashes and time breaks the rules of gates; broken rules are found."""

from dataclasses import replace

import pytest
from gate_explorer import Broken, Explorer

from synqc.apps.fir.workflow.events import (
    Accepted,
    Detailed,
    Edited,
    Expired,
    Regenerated,
    Rejected,
    StageDone,
)
from synqc.apps.fir.workflow.session import ResultState, Session, Ticket
from synqc.apps.fir.workflow.steps import STEPS, Step
from synqc.apps.fir.workflow.transition import Refusal, transition


def explore(rule, schedules, seed, length=15):
    explorer = Explorer(rule, seed)
    try:
        for _ in range(schedules):
            explorer.walk(length)
    except Broken as broken:
        raise Broken(f"seed {seed}, schedule {explorer.schedules}: {broken}") from None
    return explorer.schedules


def test_no_schedule_breaks_a_gate(seed):
    assert explore(transition, 1000, seed) == 1000


@pytest.mark.deep
def test_none_of_100000_schedules_breaks_a_gate(seed):
    assert explore(transition, 100_000, seed, 20) == 100_000


def token_is_not_looked_at(session, event, at):
    if isinstance(event, Accepted) and session.ticket is None and not session.expired:
        event = replace(event, token=session.token(session.step))
    return transition(session, event, at)


def repeated_answer_is_done_again(session, event, at):
    if session is not None:
        session = replace(session, last_answer=None)
        if isinstance(event, Accepted) and session.ticket is None and session.completed_at is None:
            event = replace(event, token=session.token(session.step))
    return transition(session, event, at)


def any_result_is_taken(session, event, at):
    if isinstance(event, StageDone) and session.ticket is not None:
        event = replace(event, ticket=session.ticket.number)
    return transition(session, event, at)


def later_results_stay(session, event, at):
    after = transition(session, event, at)
    if isinstance(event, Edited) and isinstance(after, Session) and after is not session and not event.accept:
        kept = {one: result for one, result in session.results.items() if STEPS.index(one) > STEPS.index(after.step)}
        return replace(after, results={**after.results, **kept})
    return after


def edit_is_lost(session, event, at):
    after = transition(session, event, at)
    if isinstance(event, Edited) and isinstance(after, Session) and after is not session:
        step = after.last_answer.step
        return replace(after, results={**after.results, step: session.results[step]})
    return after


def rejection_asks_again(session, event, at):
    after = transition(session, event, at)
    if isinstance(event, Rejected) and isinstance(after, Session) and after is not session:
        return replace(after, ticket=Ticket(after.step, after.revision, after.results[after.step].input_digest))
    return after


def rejected_may_be_accepted(session, event, at):
    result = session.results.get(session.step) if isinstance(event, Accepted) else None
    if result is not None and result.state is ResultState.REJECTED:
        shown = replace(result, state=ResultState.SHOWN)
        return transition(replace(session, results={**session.results, session.step: shown}), event, at)
    return transition(session, event, at)


def fields_are_overwritten(session, event, at):
    if isinstance(event, Detailed):
        event = replace(event, base=session.details_digest)
    return transition(session, event, at)


def note_is_not_given_to_what_was_computed_ahead(session, event, at):
    after = transition(session, event, at)
    ahead = session.ahead if session is not None and isinstance(event, Accepted) and event.note else None
    ticket = after.ticket if isinstance(after, Session) else None
    if ahead is None or ticket is None or ticket.step is not ahead.ticket.step:
        return after
    return replace(after, ticket=ahead.ticket)


def number_is_given_anew(session, event, at):
    after = transition(session, event, at)
    if isinstance(event, StageDone) and isinstance(after, Session) and after.step is Step.FINAL and after.number:
        return replace(after, number=f"FIR-{after.revision}")
    return after


def working_sessions_expire(session, event, at):
    if isinstance(event, Expired) and session.ticket is not None and not session.expired:
        return replace(session, expired=True, revision=session.revision + 1)
    return transition(session, event, at)


def expired_gate_is_answered(session, event, at):
    if isinstance(event, Accepted) and session.expired:
        session = replace(session, expired=False)
        after = transition(session, event, at)
        return after if isinstance(after, Refusal) else replace(after, expired=False)
    return transition(session, event, at)


def stage_is_lost(session, event, at):
    after = transition(session, event, at)
    if isinstance(event, Regenerated) and isinstance(after, Session) and after is not session:
        return replace(after, ticket=None)
    return after


def acceptance_is_anybodys(session, event, at):
    after = transition(session, event, at)
    if isinstance(event, Accepted) and isinstance(after, Session) and after is not session:
        step = after.last_answer.step
        return replace(after, results={**after.results, step: replace(after.results[step], decided_by="")})
    return after


def text_of_a_later_try_is_accepted(session, event, at):
    """The model's text of another attempt takes the place of the one that was shown."""
    after = transition(session, event, at)
    if isinstance(event, Accepted) and isinstance(after, Session) and after is not session:
        step = after.last_answer.step
        other = replace(after.results[step], content={"summary": "changed"})
        return replace(after, results={**after.results, step: other})
    return after


def completed_is_not_left(session, event, at):
    after = transition(session, event, at)
    if isinstance(event, Edited) and isinstance(after, Session) and session.completed_at is not None:
        return replace(after, completed_at=session.completed_at)
    return after


@pytest.mark.parametrize(
    "planted",
    [
        token_is_not_looked_at, repeated_answer_is_done_again, any_result_is_taken,
        later_results_stay, edit_is_lost, rejection_asks_again, rejected_may_be_accepted, fields_are_overwritten,
        note_is_not_given_to_what_was_computed_ahead, number_is_given_anew, working_sessions_expire,
        expired_gate_is_answered, stage_is_lost, acceptance_is_anybodys, text_of_a_later_try_is_accepted,
        completed_is_not_left,
    ],
)  # fmt: skip
def test_a_planted_fault_is_found(planted, seed):
    with pytest.raises(Broken):
        explore(planted, 20_000, seed)

"""An officer's answer at a gate: approved, edited, rejected, or to be made again."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Query, Request
from pydantic import Field

from synqc.apps.fir.application import FirApplication
from synqc.apps.fir.roles import Grant
from synqc.apps.fir.workflow.errors import AnswerRefused, RefusalKind, StageRunning
from synqc.apps.fir.workflow.gate import Gate, gate_of, gates_of
from synqc.apps.fir.workflow.session import ResultState, Session
from synqc.apps.fir.workflow.steps import Step
from synqc.errors import InputError
from synqc.service.context import run_in_thread
from synqc.service.description import answered, asked, refused
from synqc.service.fir.context import Fir, Lead, Shown, officer_of
from synqc.service.fir.documents import RegenerateResponse, ValidationResponse, shown_content, stored_provisions
from synqc.service.fir.encodable_body import EncodableBody
from synqc.service.fir.errors import StageFailedAtModel
from synqc.service.fir.routes.examples import REGENERATED, VALIDATED, VALIDATIONS
from synqc.service.fir.routes.parameters import SessionId
from synqc.service.fir.settled import settled
from synqc.service.fir.showing import showing
from synqc.service.responses import JsonBytes

__all__ = ["router"]

router = APIRouter(tags=["sessions"])

_LONGEST_INPUT = 10_000
_FAILURES: dict[int | str, dict[str, Any]] = {
    502: {"description": "The stage gave no result; it may be made again, or written by hand."},
    504: {"description": "The stage takes longer, and goes on."},
}
Decision = Literal["accept", "edit", "reject", "regenerate"]


class Validation(EncodableBody):
    """An answer. Clients of old send the first three."""

    session_id: str
    approved: bool
    user_input: str | None = Field(
        None, max_length=_LONGEST_INPUT,
        description="With an approval: for the next stage, beside what is approved. Else: why not, or what to change.",
    )  # fmt: skip
    regenerate: bool = Field(False, description="Where it is not approved: make it again.")
    token: str | None = Field(
        None, pattern="^[0-9a-f]{64}$",
        description="Of what is answered. Without it that is what this officer was last shown.",
    )  # fmt: skip
    decision: Decision | None = Field(None, description="In the place of `approved` and `regenerate`.")
    content: dict[str, Any] | None = Field(None, description="Of an edit: the step's one member, as it shall be.")
    reason: str | None = Field(None, max_length=_LONGEST_INPUT, description="Of a rejection.")

    @property
    def meant(self) -> Decision:
        """What is decided."""
        if self.decision is not None:
            return self.decision
        if self.content is not None:
            return "edit"
        return "accept" if self.approved else "regenerate" if self.regenerate else "reject"


class Regeneration(EncodableBody):
    """What shall be made again."""

    step: Step | None = None
    user_input: str | None = Field(None, max_length=_LONGEST_INPUT, description="What shall be different.")
    token: str | None = Field(None, pattern="^[0-9a-f]{64}$", description="Of what is to be made again.")


@router.post(
    "/validate", operation_id="answer_gate", response_model=ValidationResponse,
    responses={**answered(VALIDATED), **refused(404, 409), **_FAILURES},
)  # fmt: skip
async def answer_gate(
    request: Request, body: Annotated[Validation, Body(openapi_examples=asked(**VALIDATIONS))], fir: Fir, lead: Lead,
    shown: Shown,
) -> JsonBytes:  # fmt: skip
    """Answer what was shown; the answer to this is what comes next, when it is there."""
    token = body.token or shown.of(body.session_id.lower(), lead.name)
    if token is None:
        session = await _nothing_shown(request, fir, body.session_id)
        words = "This was not shown before, so nothing was decided: look at it, and answer again."
    elif body.meant == "reject" and not (body.reason or body.user_input or "").strip():
        session = await settled(request, fir, body.session_id)
        words = "Nothing was changed: say why it is wrong, change it, or have it made again."
    else:
        words = await run_in_thread(request, _answered, fir, lead, body, token)
        session = await settled(request, fir, body.session_id)
        _check_made(session)
        if session.step is Step.FINAL and session.completed_at is None:
            fir.count_report(session)
    document = ValidationResponse.of(fir, session, words)
    return await showing(request, shown, lead, session.session_id, document)


@router.post(
    "/regenerate/{session_id}", operation_id="make_again", response_model=RegenerateResponse,
    responses={**answered(REGENERATED), **refused(409), **_FAILURES},
)  # fmt: skip
async def make_again(
    request: Request,
    session_id: SessionId,
    fir: Fir,
    lead: Lead,
    shown: Shown,
    body: Annotated[Regeneration | None, Body(description="Or in the address, as older clients have it.")] = None,
    step: Annotated[str | None, Query(description="Which; the one at which the session stands.")] = None,
    user_input: Annotated[str | None, Query(description="What shall be different.")] = None,
) -> JsonBytes:
    """Have a result made again, at the gate that waits or at one that was passed; what comes after it is stale."""
    wanted = body or Regeneration()
    instruction = wanted.user_input if wanted.user_input is not None else user_input
    if instruction is not None and len(instruction) > _LONGEST_INPUT:
        raise InputError(
            f"Argument `user_input` must have at most {_LONGEST_INPUT:,} characters, but has {len(instruction):,}."
        )
    asked_for = Regeneration(step=wanted.step or _step(step), user_input=instruction, token=wanted.token)
    made = await run_in_thread(request, _begun_again, fir, lead, session_id, asked_for)
    session = await settled(request, fir, session_id)
    _check_made(session)
    gate = gate_of(session)
    if gate is None or gate.step is not made:
        raise AnswerRefused(RefusalKind.STALE_TOKEN, f"Somebody else went on meanwhile, to {session.step.value}.")
    document = RegenerateResponse(
        success=True, session_id=session.session_id, step=gate.step, content=shown_content(fir, gate),
        message="Made again: look at it.", token=gate.token, digest=gate.digest, state=gate.state.value,
    )  # fmt: skip
    return await showing(request, shown, lead, session.session_id, document)


async def _nothing_shown(request: Request, fir: FirApplication, session_id: str) -> Session:
    """What waits, for somebody who answers what they were never shown."""
    session = await run_in_thread(request, fir.workflow.session, session_id)
    if session.ticket is not None:
        words = f"{session.ticket.step.value} is still being made: ask for the session's status."
        raise StageRunning(RefusalKind.NOT_WAITING, words, 1.0)
    return session


def _answered(fir: FirApplication, lead: Grant, body: Validation, token: str) -> str:
    """Store an answer; what to tell of it."""
    workflow, officer, session_id = fir.workflow, officer_of(lead), body.session_id
    note = body.user_input or ""
    match body.meant:
        case "accept":
            workflow.accept(session_id, token, officer, note=note)
            fir.remove_approved_upload(session_id)
            return "Approved."
        case "edit":
            if body.content is None:
                raise InputError("Member `content` must be there for an edit, but is not.")
            content = dict(body.content)
            if "violations" in content:
                content["violations"] = stored_provisions(content["violations"])
            workflow.edit(session_id, token, officer, content, accept=body.approved, note=note)
            fir.remove_approved_upload(session_id)
            return "Changed and approved." if body.approved else "Changed."
        case "reject":
            workflow.reject(session_id, token, officer, reason=body.reason or note)
            return "Rejected: change it, or have it made again."
        case "regenerate":
            workflow.regenerate(session_id, token, officer, instruction=note)
            return "Made again."


def _begun_again(fir: FirApplication, lead: Grant, session_id: str, wanted: Regeneration) -> Step:
    """Begin it; the step that is made."""
    workflow, officer, instruction = fir.workflow, officer_of(lead), wanted.user_input or ""
    session = workflow.session(session_id)
    step = wanted.step or session.step
    token = wanted.token or _token_of(session, step)
    if token is None:
        last = session.last_answer
        if last is None or (last.name, last.step, last.who) != ("regenerate", step, officer.name):
            raise AnswerRefused(RefusalKind.NOT_WAITING, f"There is no {step.value} yet that could be made again.")
        token = last.token  # the same request, sent again while its first is worked on
    workflow.regenerate(session_id, token, officer, instruction=instruction)
    return step


def _token_of(session: Session, step: Step) -> str | None:
    found: Gate | None = next((one for one in gates_of(session) if one.step is step), None)
    return None if found is None else found.token


def _check_made(session: Session) -> None:
    """Raises if the stage that was waited for gave nothing."""
    gate = gate_of(session)
    if gate is not None and gate.state is ResultState.FAILED:
        words = f"{gate.step.value} could not be made: {gate.content['error']}"
        raise StageFailedAtModel(words, gate)


def _step(given: str | None) -> Step | None:
    if given is None or given in set(Step):
        return None if given is None else Step(given)
    raise InputError(f"Argument `step` must be one of {', '.join(Step)}, but is {given[:60]!r}.")

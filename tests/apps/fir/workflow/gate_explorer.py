"""Schedules of two officers, stages, crashes and time around one session, over the workflow's own rules.

What must stay true is judged by what was shown, answered and stored alone, never by how the state machine works.
"""

import random
from dataclasses import dataclass, field

from synqc.apps.fir.workflow.content import MEMBERS
from synqc.apps.fir.workflow.events import (
    Accepted,
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
)
from synqc.apps.fir.workflow.gate import gate_of, gates_of
from synqc.apps.fir.workflow.session import ResultState, Session, digest_of, stage_input
from synqc.apps.fir.workflow.steps import STEPS, Step
from synqc.apps.fir.workflow.transition import Refusal, rebuild, transition

SESSION = "0a1b2c3d-0000-4000-8000-000000000000"
MACHINE = {"who": "synqc", "role": "machine"}
EXPIRES_S = 100.0
OFFICERS = ("A", "B")


class Broken(AssertionError):
    """Something that must stay true does not; the schedule leads there."""


@dataclass
class World:
    """One run; what the outside was shown, answered and told is kept beside the session."""

    session: Session
    now: float
    log: list = field(default_factory=list)  # (event, at) of what was applied
    sent: list = field(default_factory=list)  # answers that clients may send again
    seen: dict = field(default_factory=dict)  # token -> (step, digest, content) as an officer was shown it
    jobs: dict = field(default_factory=dict)  # ticket -> (step, input) of stages that were begun
    answered: dict = field(default_factory=dict)  # token -> the answer that was applied
    texts: int = 0
    path: list = field(default_factory=list)


class Explorer:
    """Walks; raises Broken with the first schedule that breaks something.

    Args:
        rule: The rules, in the place of `transition`.
        seed: Of the walk.
    """

    def __init__(self, rule=transition, seed=0):
        self.rule, self.rng = rule, random.Random(seed)
        self.schedules = 0

    def walk(self, length):
        """One schedule, drawn: so many steps to an end, and as many more to another one."""
        rng = self.rng
        typed = {"text": "complaint"} if rng.random() < 0.7 else {"media": "a recording"}
        source = "text" if "text" in typed else "audio"
        event = Opened(who="A", role="officer", session_id=SESSION, source=source, ahead=rng.random() < 0.7, **typed)
        world = World(self.rule(None, event, 1000.0), 1000.0, [(event, 1000.0)])
        try:
            self._look(world)
            for _ in range(2):  # what was completed may change until it is filed
                for _ in range(length):
                    act = rng.choice(self.ACTIONS)
                    world.path.append(act.__name__)
                    act(self, world)
                world.path.append("finish")
                self._finish(world)
        except Broken as broken:
            raise Broken(f"{broken}: {', '.join(world.path)}") from None
        self.schedules += 1

    # What happens

    def look(self, world):
        """Somebody loads the page."""
        self._look(world)

    def begin(self, world):
        """A worker takes jobs of stages that are wanted."""
        for ticket in world.session.tickets:
            given = stage_input(world.session, ticket.step)
            if ticket.step is not world.session.step:
                given |= {"note": ""}
            if digest_of(given) != ticket.input_digest:
                raise Broken(f"a ticket for {ticket.step} is not of what its stage is given")
            known = world.jobs.get(ticket.number)
            if known is not None and known != (ticket.step, given):
                raise Broken("two tickets share a number")
            world.jobs[ticket.number] = (ticket.step, given)

    def finish_stage(self, world):
        """A stage that was begun at any time ends; also one that nobody wants any more, and one that ended before."""
        if not world.jobs:
            return
        number = self.rng.choice(list(world.jobs))
        step, given = world.jobs[number]
        world.texts += 1
        if step is Step.FINAL:
            content = {"fir_content": str(sorted(given)), "fir_number": "FIR-1", "prepared_at": "then"}
        elif step is Step.VIOLATIONS:
            accepted = self.rng.choice([True, False, None])
            content = {"violations": [{"act": "BNS", "section": "1", "title": "", "accepted": accepted}]}
        else:
            content = {MEMBERS[step]: f"text {world.texts} of {digest_of(given)}"}
        if self.rng.random() < 0.15:
            self._send(world, StageFailed(**MACHINE, ticket=number, cause="broken"))
        else:
            self._send(world, StageDone(**MACHINE, ticket=number, content=content, model="m"))

    def crash(self, world):
        """All that is in memory is gone; jobs that were begun may still end elsewhere, or never."""
        for number in list(world.jobs):
            if self.rng.random() < 0.5:
                del world.jobs[number]

    def accept(self, world):
        """Either officer, of something either was shown once."""
        self._answer(world, Accepted, note=self.rng.choice(["", "", "a note"]))

    def edit(self, world):
        token = self._token(world)
        if token is None:
            return
        step = world.seen[token][0]
        world.texts += 1
        text = f"edit {world.texts}"
        violation = {"act": text, "section": "2", "title": "", "accepted": True}
        of_step = self.rng.choice(STEPS[:4]) if step is Step.FINAL or self.rng.random() < 0.1 else step
        content = {MEMBERS[of_step]: [violation] if of_step is Step.VIOLATIONS else text}
        who, accept = self.rng.choice(OFFICERS), self.rng.random() < 0.5
        self._send(world, Edited(who=who, role="officer", token=token, content=content, accept=accept))

    def reject(self, world):
        self._answer(world, Rejected, reason="wrong")

    def regenerate(self, world):
        self._answer(world, Regenerated, instruction=self.rng.choice(["", "shorter"]))

    def repeat(self, world):
        """A client sends what it sent before."""
        if world.sent:
            self._send(world, self.rng.choice(world.sent))

    def state(self, world):
        world.texts += 1
        base = self.rng.choice([world.session.details_digest, digest_of({})])
        statements = {"witnesses": self.rng.choice([None, f"witness {world.texts}"])}
        self._send(world, Detailed(who=self.rng.choice(OFFICERS), role="officer", base=base, statements=statements))

    def wait(self, world):
        world.now += self.rng.choice([1.0, EXPIRES_S / 2, EXPIRES_S])
        self._send(world, Expired(**MACHINE, after_s=EXPIRES_S))

    def reopen(self, world):
        self._send(world, Reopened(who="A", role="officer"))

    ACTIONS = (
        look, look, look, begin, begin, finish_stage, finish_stage, finish_stage, accept, accept, accept, edit, reject,
        regenerate, repeat, state, wait, reopen, crash,
    )  # fmt: skip

    def _answer(self, world, kind, **what):
        token = self._token(world)
        if token is not None:
            self._send(world, kind(who=self.rng.choice(OFFICERS), role="officer", token=token, **what))

    def _token(self, world):
        """Mostly what was shown last."""
        if not world.seen:
            return None
        tokens = list(world.seen)
        return tokens[-1] if self.rng.random() < 0.7 else self.rng.choice(tokens)

    def _look(self, world):
        for gate in gates_of(world.session):
            self._see(world, gate)
        gate = gate_of(world.session)
        if gate is not None:
            if gate.state is ResultState.STALE:
                raise Broken("something stale is shown as the gate")
            world.seen.pop(gate.token, None)
            self._see(world, gate)

    def _see(self, world, gate):
        shown = (gate.step, gate.digest, gate.content)
        if world.seen.setdefault(gate.token, shown) != shown:
            raise Broken("two things were shown under one token")
        if gate.digest != digest_of(gate.content):
            raise Broken("the digest is not of what is shown")

    # What must stay true

    def _send(self, world, event):
        before = world.session
        after = self.rule(before, event, world.now)
        is_answer = isinstance(event, Accepted | Edited | Rejected | Regenerated)
        if is_answer:
            world.sent = [*world.sent, event][-6:]
        if isinstance(after, Refusal):
            if isinstance(event, Reopened) and before.expired:
                raise Broken("what had expired cannot be reopened")
            return
        if after is before:
            if not is_answer or world.answered.get(event.token) != event:
                raise Broken(f"{event} had no effect, and was not refused")
            return
        if is_answer:
            self._check_answer(world, before, after, event)
        if isinstance(event, StageDone | StageFailed) and event.ticket not in {one.number for one in before.tickets}:
            raise Broken("a result was taken that nobody wanted")
        if isinstance(event, Detailed) and event.base != before.details_digest:
            raise Broken("fields were overwritten that an officer had not seen")
        if isinstance(event, Expired) and (before.completed_at is not None or before.ticket is not None):
            raise Broken("something expired that did not wait")
        if after.revision != before.revision + 1:
            raise Broken("an entry of the history would be missing")
        world.session = after
        world.log.append((event, world.now))
        self._check(world, before)

    def _check_answer(self, world, before, after, event):
        if event.token in world.answered:
            raise Broken(f"{event.token[:8]} was answered twice")
        step, digest, _ = world.seen[event.token]
        if before.digest(step) != digest:
            raise Broken("an answer was taken to something that had changed since it was shown")
        if before.expired:
            raise Broken("an answer was taken after the session had expired")
        world.answered[event.token] = event
        if isinstance(event, Accepted):
            accepted = after.results[step]
            if accepted.content != before.results[step].content or accepted.decided_by != event.who:
                raise Broken("what was accepted is not what was shown, or not by who accepted it")
            if before.results[step].state is not ResultState.SHOWN:
                raise Broken("something rejected or failed was accepted")
        if isinstance(event, Edited) and after.results[step].content != event.content:
            raise Broken("an edit was not applied")
        if isinstance(event, Edited) and set(event.content) != {MEMBERS[step]}:
            raise Broken("an edit of another step was applied")
        if isinstance(event, Rejected) and after.tickets:
            raise Broken("a model is asked though the officer said no")
        if isinstance(event, Edited | Regenerated):
            for later in STEPS[STEPS.index(step) + 1 :]:
                result = after.results.get(later)
                if result is None or result.state is ResultState.STALE:
                    continue
                if result.input_digest != digest_of(stage_input(after, later)):
                    raise Broken("an earlier result changed and a later one is not stale")

    def _check(self, world, before):
        session = world.session
        for step in STEPS[: STEPS.index(session.step)]:
            if session.results[step].state is not ResultState.ACCEPTED:
                raise Broken(f"{session.step} is reached and {step} is not accepted")
        for step in STEPS[1 : STEPS.index(session.step)]:
            result = session.results[step]
            if not result.edited_by and result.input_digest != digest_of(stage_input(session, step)):
                raise Broken(f"{step} was accepted and is not of what was accepted before it")
        if before.number and session.number != before.number:
            raise Broken("the report has another number")
        if session.ticket is not None and session.step is not session.ticket.step:
            raise Broken("a stage is under way for another step")
        if session.completed_at is not None and (session.tickets or session.results[Step.FINAL].state != "accepted"):
            raise Broken("a session is completed that is not")

    def _finish(self, world):
        """Whatever happened, an officer who goes on comes to the end, and the history tells all of it."""
        for _ in range(40):
            if world.session.completed_at is not None:
                break
            if world.session.expired:
                self._send(world, Reopened(who="A", role="officer"))
            self.begin(world)
            ticket = world.session.ticket
            if ticket is not None:
                self._do(world, ticket)
                continue
            self._look(world)
            gate = gate_of(world.session)
            if gate.state is ResultState.SHOWN:
                self._send(world, Accepted(who="A", role="officer", token=gate.token, note=str(world.texts)))
            elif gate.step is Step.FINAL:
                world.texts += 1
                statements = {"witnesses": f"witness {world.texts}"}
                base = world.session.details_digest
                self._send(world, Detailed(who="A", role="officer", base=base, statements=statements))
            else:
                content = {MEMBERS[gate.step]: [] if gate.step is Step.VIOLATIONS else "words"}
                self._send(world, Edited(who="A", role="officer", token=gate.token, content=content, accept=True))
        else:
            raise Broken(f"the session is stuck at {world.session.step}")
        try:
            told = rebuild([(Event.from_plain(event.to_plain()), at) for event, at in world.log])
        except ValueError as error:
            raise Broken(str(error)) from error
        if told != world.session:
            raise Broken("the history tells another session")
        if Session.from_plain(world.session.to_plain()) != world.session:
            raise Broken("the session is not what is stored of it")

    def _do(self, world, ticket):
        step, given = world.jobs[ticket.number]
        contents = {
            Step.TRANSCRIPT: {"transcript": "heard"}, Step.SUMMARY: {"summary": "short"},
            Step.VIOLATIONS: {"violations": []}, Step.NARRATIVE: {"fir_narrative": "told"},
            Step.FINAL: {"fir_content": digest_of(given), "fir_number": "FIR-1", "prepared_at": "then"},
        }  # fmt: skip
        self._send(world, StageDone(**MACHINE, ticket=ticket.number, content=contents[step], model="m"))

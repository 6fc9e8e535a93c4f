"""One attempt: from a draw to a row, by asking the roles one after the other."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, TypeVar

from synqc.apps.prompts.acceptance import MOfK, SequentialTest
from synqc.apps.prompts.causes import DiscardCause, RowStatus
from synqc.apps.prompts.draws import Draw
from synqc.apps.prompts.equivalence import Verdict
from synqc.apps.prompts.novelty import Novelty
from synqc.apps.prompts.request import GenerationRequest
from synqc.apps.prompts.roles import Asked, Problem, Roles, final_answer_in
from synqc.apps.prompts.row import DuplicateOf
from synqc.apps.prompts.semantic.meaning import Meaning

__all__ = ["Ask", "Attempt", "CallFailed", "Compare", "Interrupted"]

_Value = TypeVar("_Value")
_NO_NAMES = ("unknown", "none", "null", "n/a", "not applicable", "unclassified", "unspecified")


class CallFailed(Exception):
    """A model did not answer as it must; the attempt ends with this cause."""

    def __init__(self, cause: DiscardCause, words: str) -> None:
        super().__init__(words)
        self.cause = cause


class Interrupted(Exception):
    """The generation ends before the call is made."""


class Ask(Protocol):
    """Asks a model, or finds in the store what it said; `read` makes a value of it, or raises ValueError."""

    def __call__(self, asked: Asked, read: Callable[[str], _Value]) -> Awaitable[_Value]: ...


Compare = Callable[[str, int, str, str, str], Awaitable[Verdict]]
"""compare("target" or "reference", number, problem, reference, answer): whether answers are equal, by computation."""


@dataclass
class Attempt:
    """Template of an attempt: `write`, then `compare_with`, then `examine`; each does nothing once it has ended.

    What follows depends on the request, the draw, the answers and the verdicts alone, and on the rows that were there
    when `compare_with` was called: so the store repeats it.

    Args:
        request: The generation.
        roles: Roles of the generation.
        number: Number of the attempt.
        draw: Draw of the attempt.
        ask: Asks models.
        compare: Compares answers.
        meaning: Meaning of its problem, where rows must not say the same in other words.
    """

    request: GenerationRequest
    roles: Roles
    number: int
    draw: Draw
    ask: Ask
    compare: Compare
    status: RowStatus | None = None
    cause: DiscardCause | None = None
    reason: str = ""
    problem: Problem | None = None
    hints_were_corrected: bool = False
    target_answers: list[str] = field(default_factory=list)
    verdicts: list[dict[str, Any]] = field(default_factory=list)
    duplicates: tuple[DuplicateOf, ...] = ()
    held_against: Mapping[str, int] = field(default_factory=dict)
    meaning: Meaning | None = None

    async def write(self) -> None:
        """Have the engineer write the problem."""
        await self._guarded(self._write)

    async def compare_with(self, novelty: Novelty) -> None:
        """Look whether the problem is new."""
        if self.status is None and self.problem is not None:
            if self.meaning is not None:
                await self.meaning.read(self.problem.problem)
            self.held_against = novelty.extent
            if self.request.is_guard_trial:
                return  # it is one of the seeds
            self.repeat(await novelty.repeats(self.problem.problem, self.meaning))

    async def examine(self) -> None:
        """Have the problem checked, the target fail, and the reference guarded."""
        await self._guarded(self._examine)

    def repeat(self, duplicates: tuple[DuplicateOf, ...]) -> None:
        """End as a repetition, if there is something that is repeated."""
        if duplicates:
            self.duplicates = duplicates
            first = duplicates[0]
            in_rows = first.source in ("batch", "store")
            words = f"row {first.row}" if in_rows else f"number {first.row} of {first.source}"
            words += " in other words" if first.by == "meaning" else ""
            what = "cosine" if first.by == "meaning" else "similarity"
            cause = DiscardCause.DUPLICATE if in_rows else DiscardCause.CONTAMINATED
            self._end(RowStatus.DISCARDED, cause, f"Repeats {words}, with {what} {first.score:.3f}.")

    def is_taken(self, novelty: Novelty, row: asyncio.Future[int]) -> bool:
        """Whether, as an accepted one, it repeats no row; if so it is one from now on, whose id `row` will have."""
        assert self.problem is not None
        return self.request.is_guard_trial or novelty.take(self.problem.problem, row, self.meaning)

    @property
    def repeats_row(self) -> int | None:
        """Id of the row of its generation that it repeats."""
        return next((one.row for one in self.duplicates if one.source == "batch"), None)

    def interrupt(self) -> None:
        """End because the generation does."""
        self._end(RowStatus.STOPPED, DiscardCause.STOPPED, "The generation ended first.")

    def document(self) -> dict[str, Any]:
        """What a row holds beside its columns."""
        seed = None if self.draw.seed_index is None else self.request.seeds[self.draw.seed_index]
        return {
            "hints": {} if self.problem is None else dict(self.problem.hints),
            "hints_were_corrected": self.hints_were_corrected,
            "reference": None if seed is None else _reference(self.request.benchmark_name, seed.tags, seed.source_id),
            "target_answers": self.target_answers, "verdicts": self.verdicts,
            "duplicates": [one.to_dict() for one in self.duplicates], "draws": self.draw.to_dict(),
            "held_against": dict(self.held_against), "meanings": [] if self.meaning is None else self.meaning.told,
        }  # fmt: skip

    async def _guarded(self, step: Callable[[], Awaitable[None]]) -> None:
        if self.status is not None:
            return
        try:
            await step()
        except CallFailed as error:
            self._end(RowStatus.FAILED, error.cause, str(error))
        except Interrupted:
            self.interrupt()

    def _end(self, status: RowStatus, cause: DiscardCause | None, reason: str) -> None:
        self.status, self.cause = status, cause
        self.reason = reason.replace("\0", " ").encode(errors="replace").decode()  # it may quote a model

    async def _write(self) -> None:
        if self.request.is_guard_trial:
            await self._pose()
            return
        about = f"{self.draw.subject} / {self.draw.topic}".casefold()
        if any(words.casefold() in about for words in self.request.easy_topics):
            self._end(RowStatus.DISCARDED, DiscardCause.TOO_EASY, "Pre-filtered as too easy")
            return
        self.problem = await self.ask(self.roles.engineer(self.number, self.draw), self.roles.problem_in)
        told = (self.draw.subject or self.problem.subject, self.draw.topic or self.problem.topic)
        if any(map(_says_nothing, told)):
            self._end(RowStatus.DISCARDED, DiscardCause.UNCLASSIFIED, "Subject/topic classification failed")

    async def _pose(self) -> None:
        """Take a seed, of which the engineer's solution is the reference from here on."""
        assert self.draw.seed_index is not None
        seed = self.request.seeds[self.draw.seed_index]
        self.problem = Problem(seed.subject, seed.topic, seed.problem, seed.answer, {})
        solution = await self.ask(self.roles.author(self.number, self.problem), final_answer_in)
        if await self._equals("engineer", 0, solution) == "unknown":
            self._end(
                RowStatus.DISCARDED, DiscardCause.UNDECIDED, "Whether the engineer's solution is right is unknown."
            )
        self.problem = replace(self.problem, answer=solution)

    async def _examine(self) -> None:
        assert self.problem is not None
        if self.request.is_guard_trial:
            if await self._reference_holds():
                self._end(RowStatus.ACCEPTED, None, "")
            return
        check = await self.ask(self.roles.checker(self.number, self.problem), self.roles.check_in)
        if not check.valid:
            words = check.reason.strip() or "The checker gave no reason."
            self._end(RowStatus.DISCARDED, DiscardCause.INVALID, words)
            return
        self.problem, self.hints_were_corrected = self.problem.with_hints(check.corrected_hints)
        if await self._target_fails() and await self._reference_holds():
            self._end(RowStatus.ACCEPTED, None, "")

    async def _target_fails(self) -> bool:
        """Ask the target until the rule has decided; an answer of which nobody knows is no failure."""
        assert self.problem is not None
        rule = _rule_of(self.request)
        failures = unknown = 0
        while True:
            sample = len(self.target_answers)
            answer = await self.ask(self.roles.target(self.number, self.problem, sample), final_answer_in)
            self.target_answers.append(answer)
            kind = await self._equals("target", sample, answer)
            failures += kind == "unequal"
            unknown += kind == "unknown"
            decision = rule.decide(failures, len(self.target_answers))
            if decision.choice == "accept":
                return True
            if decision.choice == "reject":
                solved = len(self.target_answers) - failures - unknown
                if solved == 0 and unknown:
                    self._end(RowStatus.DISCARDED, DiscardCause.UNDECIDED, "No answer could be compared for sure.")
                else:
                    one = len(self.target_answers) == 1
                    words = (
                        "Target model solved correctly" if one else f"Target model solved correctly: {decision.reason}"
                    )
                    self._end(RowStatus.DISCARDED, DiscardCause.SOLVED, words)
                return False

    async def _reference_holds(self) -> bool:
        """Have the problem solved independently, and hold the solutions against the reference."""
        guard = self.request.acceptance.guard
        if guard is None:
            return True
        assert self.problem is not None
        agreements = solves = 0
        while True:
            answer = await self.ask(self.roles.solver(self.number, self.problem, solves), final_answer_in)
            agreements += await self._equals("reference", solves, answer) == "equal"
            solves += 1
            decision = guard.decide(agreements, solves)
            if decision.choice == "trust":
                return True
            if decision.choice == "refuse":
                self._end(RowStatus.DISCARDED, DiscardCause.REFERENCE_DOUBTED, decision.reason)
                return False

    async def _equals(self, of: str, number: int, answer: str) -> str:
        """Whether an answer equals the reference: by proof, else by the judge's word."""
        assert self.problem is not None
        found = await self.compare(of, number, self.problem.problem, self.problem.answer, answer)
        kind, method, confidence, detail = found.kind, found.method, found.confidence, found.detail
        if kind == "unknown":
            asked = self.roles.judge(self.number, self.problem, answer, of, number)
            said = await self.ask(asked, self.roles.equality_in)
            kind, method, confidence, detail = "unknown", "judge", said.confidence, said.reason
            if said.confidence >= self.request.acceptance.judge_confidence:
                kind = "equal" if said.equal else "unequal"
        verdict = {"of": of, "number": number, "kind": kind, "method": method, "confidence": confidence}
        self.verdicts.append({**verdict, "detail": detail, "answer": answer, "computed": _computed(found)})
        return kind


def _says_nothing(name: str) -> bool:
    """Whether a model that must name a subject or topic could not."""
    return not any(map(str.isalpha, name)) or name.strip().casefold() in _NO_NAMES


def _rule_of(request: GenerationRequest) -> MOfK | SequentialTest:
    rule = request.acceptance
    if rule.rule == "m_of_k":
        return MOfK(rule.m, rule.k)
    return SequentialTest(rule.rate_low, rule.rate_high, rule.alpha, rule.beta, rule.k)


def _computed(verdict: Verdict) -> Mapping[str, Any]:
    """What computation said, from which the store repeats it."""
    return {
        "kind": verdict.kind, "method": verdict.method, "confidence": verdict.confidence, "detail": verdict.detail
    }  # fmt: skip


def _reference(benchmark: str | None, tags: tuple[str, ...], source_id: str) -> str | None:
    """`<tag>:<source_id>`."""
    tag = tags[0] if tags else benchmark or "seed"
    return f"{tag}:{source_id}" if source_id else tag

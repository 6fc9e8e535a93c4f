"""Replays a generation from the store: the same draws, answers and verdicts through the same code, without network."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from synqc import json
from synqc.apps.prompts.asking import CallAccount, key_of, value_of
from synqc.apps.prompts.attempt import Ask, Attempt, Interrupted
from synqc.apps.prompts.causes import DiscardCause, RowStatus
from synqc.apps.prompts.draws import Draws
from synqc.apps.prompts.equivalence import Verdict
from synqc.apps.prompts.errors import ReplayDiffers
from synqc.apps.prompts.novelty import Novelty
from synqc.apps.prompts.request import GenerationRequest
from synqc.apps.prompts.roles import Asked, Roles
from synqc.apps.prompts.row import Row
from synqc.apps.prompts.semantic.meaning import RecordedMeaning
from synqc.apps.prompts.tables.call_records import Call
from synqc.llm import Outcome

__all__ = ["Replay", "replay"]

_Value = TypeVar("_Value")
_GOOD = (RowStatus.ACCEPTED, RowStatus.SURPLUS)
_OF_THE_STORE = ("id", "job_id", "created_at", "updated_at", "by_hand", "finished")
"""What a row has from the store alone: its names there, and the clock."""


@dataclass(frozen=True)
class Replay:
    """A generation, made again.

    Args:
        rows: How many were made again, each equal to the stored one in every byte.
        calls: Answers that were taken from the store.
        document: All rows in the order in which they ended, as canonical JSON.
    """

    rows: int
    calls: int
    document: bytes


def replay(
    request: GenerationRequest, rows: Sequence[Row], calls: Sequence[Call], sources: Mapping[str, Sequence[str]],
    store: Callable[[int], Sequence[tuple[int, str]]],
) -> Replay:  # fmt: skip
    """Make rows again and hold them against those that are stored.

    Args:
        request: The generation.
        rows: All rows of it, in any order.
        calls: All calls of it.
        sources: Seeds and benchmarks by name.
        store: store(until): rows of other generations up to an id.

    Raises:
        ReplayDiffers: A row comes out different, or needs a call that is not recorded; the message names it.
    """
    return asyncio.run(_Replaying(request, rows, calls, sources, store).made())


class _Replaying:
    def __init__(
        self, request: GenerationRequest, rows: Sequence[Row], calls: Sequence[Call],
        sources: Mapping[str, Sequence[str]], store: Callable[[int], Sequence[tuple[int, str]]],
    ) -> None:  # fmt: skip
        self._request = request
        self._rows = sorted(rows, key=lambda row: row.finished)
        self._calls = {(one.attempt, one.step, one.key): one for one in calls if one.outcome != Outcome.CANCELLED}
        self._sources, self._store = sources, store
        self._roles, self._draws = Roles(request), Draws(request)
        self._used = 0
        self._made: dict[int, tuple[Attempt, CallAccount]] = {}

    async def made(self) -> Replay:
        for row in self._rows:
            self._begin(row)
            await self._made[row.attempt][0].write()
        for load in sorted({row.held_against["load"] for row in self._rows if row.held_against}):
            await self._load(load)
        document, accepted = [], 0
        is_labelled = not any(row.by_hand for row in self._rows)
        for row in self._rows:
            attempt, account = self._made[row.attempt]
            status = attempt.status
            if status is RowStatus.ACCEPTED:
                if not is_labelled and row.made["status"] in _GOOD:  # people changed how many there were
                    status = RowStatus(row.made["status"])
                elif accepted >= self._request.rows:
                    status = RowStatus.SURPLUS
                accepted += status is RowStatus.ACCEPTED
            document.append(self._checked(row, attempt, account, status))
        return Replay(len(document), self._used, json.canonical(document))

    def _begin(self, row: Row) -> None:
        account = CallAccount()
        meaning = None if self._request.duplicates.semantic is None else RecordedMeaning(row.meanings)
        attempt = Attempt(
            self._request, self._roles, row.attempt, self._draws.of(row.attempt), self._ask(row, account),
            _recorded_verdicts(row), meaning=meaning,
        )  # fmt: skip
        self._made[row.attempt] = (attempt, account)

    def _ask(self, row: Row, account: CallAccount) -> Ask:
        async def ask(asked: Asked, read: Callable[[str], _Value]) -> _Value:
            call = self._calls.get((row.attempt, asked.step, key_of(asked)))
            if call is None:
                if row.made["status"] == RowStatus.STOPPED:
                    raise Interrupted
                raise ReplayDiffers(
                    f"Attempt {row.attempt} needs the call {asked.step!r}, which is not recorded as it would be asked "
                    "today: prompts or models of this SynQc are others."
                )
            self._used += 1
            account.add(call)
            return value_of(call, asked, read)

        return ask

    async def _load(self, load: int) -> None:
        """Repeat comparisons of one attempt at the job, each with the rows that there were."""
        here = [row for row in self._rows if row.held_against.get("load") == load]
        until = here[0].held_against["store_until"]
        first = min(row.finished for row in here)
        own = [row for row in self._rows if row.made["status"] in _GOOD and row.finished < first]
        # A row that was compared by an earlier attempt at the job was committed by it.
        own = [row for row in own if row.held_against.get("load", 0) < load]
        known = [*self._store(until), *((row.id, row.problem) for row in own)]
        novelty = Novelty(self._request.duplicates, known, self._sources, own=len(own), load=load)
        waiting = sorted(here, key=lambda row: row.held_against["taken"], reverse=True)
        loop = asyncio.get_running_loop()
        for row in here:
            while waiting and waiting[-1].held_against["taken"] <= novelty.extent["taken"]:
                attempt = self._made[waiting.pop().attempt][0]
                await attempt.compare_with(novelty)
                await attempt.examine()
            attempt = self._made[row.attempt][0]
            if attempt.status is RowStatus.ACCEPTED and attempt.problem is not None:
                number = loop.create_future()
                number.set_result(row.id)
                if not attempt.is_taken(novelty, number):
                    attempt.repeat(await novelty.repeats(attempt.problem.problem, attempt.meaning))

    def _checked(self, row: Row, attempt: Attempt, account: CallAccount, status: RowStatus | None) -> dict[str, Any]:
        problem, draw = attempt.problem, attempt.draw
        made = {
            "attempt": row.attempt, "status": status, "cause": attempt.cause, "reason": attempt.reason,
            "subject": draw.subject or ("" if problem is None else problem.subject),
            "topic": draw.topic or ("" if problem is None else problem.topic), "difficulty": draw.difficulty,
            "problem": "" if problem is None else problem.problem, "answer": "" if problem is None else problem.answer,
            **attempt.document(), "usd_micros": account.usd_micros, "tokens": account.tokens,
        }  # fmt: skip
        stored = {name: value for name, value in row.to_dict().items() if name not in _OF_THE_STORE} | dict(row.made)
        stored.pop("made")
        if json.canonical(_plain(made)) != json.canonical(_plain(stored)):
            names = [
                name for name in stored if json.canonical(_plain(made[name])) != json.canonical(_plain(stored[name]))
            ]
            raise ReplayDiffers(
                f"Attempt {row.attempt} comes out different in {', '.join(names)}: {names[0]} is now "
                f"{made[names[0]]!r:.200} and was {stored[names[0]]!r:.200}."
            )
        return {name: _plain(value) for name, value in made.items()}


def _recorded_verdicts(row: Row) -> Callable[[str, int, str, str, str], Any]:
    """What computation said then; where nothing is recorded it could not tell, and the judge did not either."""
    known = {(one["of"], one["number"]): one["computed"] for one in row.verdicts}

    async def compare(of: str, number: int, problem: str, reference: str, answer: str) -> Verdict:
        found = known.get((of, number))
        if found is None:
            return Verdict.unknown("Nothing is recorded.")
        return Verdict(found["kind"], found["method"], found["confidence"], found["detail"])

    return compare


def _plain(value: Any) -> Any:
    if isinstance(value, RowStatus | DiscardCause):
        return value.value
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value

"""Calls: reserved in the ledger before they are made, recorded and settled in one transaction after it, and read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, func, select
from sqlalchemy.dialects import postgresql, sqlite

from synqc import json
from synqc.apps.prompts.row import RecordedCall
from synqc.apps.prompts.tables.schema import calls, rows
from synqc.jobs.spending import Amount
from synqc.jobs.tables import charges
from synqc.jobs.tables.clock import database_clock

__all__ = [
    "Call", "CallCosts", "Entry", "Recording", "Refused", "book", "call_costs", "charge_of", "family_of", "find_calls",
    "find_reusable", "seconds_of_calls", "settlement_of", "unfinished_calls",
]  # fmt: skip

_RECORD = {
    "sqlite": sqlite.insert(calls).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(calls).on_conflict_do_nothing(),
}


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call with its answer, as `prompts_calls` holds it."""

    job_id: str
    attempt: int
    step: str
    job_attempt: int
    key: str
    role: str
    model: str
    question: bytes
    answer: bytes
    outcome: str
    error: str
    requests: int
    prompt_tokens: int | None
    completion_tokens: int | None
    cached_prompt_tokens: int | None
    reasoning_tokens: int | None
    picodollars: int | None
    usd_micros: int | None
    reserved_usd_micros: int | None
    reserved_tokens: int
    latency_s: float
    ended_at: float
    reused_from: str | None

    @property
    def text(self) -> str:
        """What was said."""
        return self.answer.decode(errors="surrogatepass")

    def told(self) -> RecordedCall:
        """As it is read by others."""
        messages = tuple((role, content) for role, content in json.loads(self.question))
        return RecordedCall(
            attempt=self.attempt, step=self.step, role=self.role, model=self.model, messages=messages,
            answer=self.answer.decode(errors="replace"), outcome=self.outcome, error=self.error,
            prompt_tokens=self.prompt_tokens, completion_tokens=self.completion_tokens, usd_micros=self.usd_micros,
            reserved_usd_micros=self.reserved_usd_micros, latency_s=self.latency_s, reused_from=self.reused_from,
        )  # fmt: skip


@dataclass(frozen=True)
class Refused:
    """What was asked of the ledger was refused; what else the transaction holds is stored."""

    error: Exception


@dataclass(frozen=True)
class Recording:
    """A call that ended.

    Args:
        call: It, `ended_at` not yet known.
        settlement: Settlement of its charge; None where nothing was reserved.
    """

    call: Call
    settlement: charges.Settlement | None


@dataclass(frozen=True)
class CallCosts:
    """What calls of one model in one role came to."""

    role: str
    model: str
    requests: int
    answers: int
    prompt_tokens: int | None
    completion_tokens: int | None
    usd_micros: int | None
    """None where one of them is unknown."""
    counted_usd_micros: int
    """Of those that are known."""
    counted_tokens: int


Entry = charges.Reservation | charges.Settlement | Recording
"""Asked of the books: to reserve the most that a call may cost, to settle one that was not made, to record one."""


def book(connection: Connection, entries: Sequence[Entry]) -> list[Refused | None]:
    """Record calls and settle their charges, and then reserve for others; all of a group in one pass over the ledger.

    A call that was written down before stays as it is.
    """
    now = database_clock(connection)
    calls_made = [{**vars(one.call), "ended_at": now} for one in entries if isinstance(one, Recording)]
    if calls_made:
        connection.execute(_RECORD[connection.dialect.name], calls_made)
    settlements = [_settlement_in(one) for one in entries]
    reservations = [one for one in entries if isinstance(one, charges.Reservation)]
    settled, reserved = charges.settle_and_reserve(
        connection, now, [one for one in settlements if one is not None], reservations
    )
    of_settlements, of_reservations = iter(settled), iter(reserved)
    answers: list[Refused | None] = []
    for one, settlement in zip(entries, settlements, strict=True):
        error = None
        if isinstance(one, charges.Reservation):
            error = next(of_reservations)
        elif settlement is not None:
            error = next(of_settlements)
        answers.append(None if error is None else Refused(error))
    return answers


def _settlement_in(entry: Entry) -> charges.Settlement | None:
    if isinstance(entry, Recording):
        return entry.settlement
    return entry if isinstance(entry, charges.Settlement) else None


def unfinished_calls(connection: Connection, job_id: str) -> list[Call]:
    """Calls of attempts that have no row yet: what they said need not be asked again."""
    finished = select(rows.c.attempt).where(rows.c.job_id == job_id)
    query = (
        select(calls).where(calls.c.job_id == job_id, calls.c.attempt.not_in(finished)).order_by(calls.c.job_attempt)
    )
    return [_call(found) for found in connection.execute(query)]


def family_of(connection: Connection, job_id: str, reuse_from: str | None) -> list[str]:
    """Generations that make the same rows: it, that whose answers it takes, and all that take answers of the same."""
    if reuse_from is None:
        return [job_id]
    near = {job_id, reuse_from}
    taken = (calls.c.job_id.in_(near), calls.c.reused_from.is_not(None))
    first = near | set(connection.scalars(select(calls.c.reused_from).where(*taken).distinct()))
    others = connection.scalars(select(calls.c.job_id).where(calls.c.reused_from.in_(first)).distinct())
    return sorted(first | set(others))


def find_reusable(connection: Connection, job_id: str, key: str) -> Call | None:
    """An answer to the very same question that another generation was given."""
    query = select(calls).where(calls.c.key == key, calls.c.job_id == job_id, calls.c.outcome == "ok").limit(1)
    found = connection.execute(query).first()
    return None if found is None else _call(found)


def find_calls(connection: Connection, job_id: str, attempt: int | None = None) -> list[Call]:
    """Calls of a generation, or of one attempt, in the order in which they ended."""
    query = select(calls).where(calls.c.job_id == job_id)
    if attempt is not None:
        query = query.where(calls.c.attempt == attempt)
    query = query.order_by(calls.c.attempt, calls.c.job_attempt, calls.c.ended_at, calls.c.step)
    return [_call(found) for found in connection.execute(query)]


def call_costs(connection: Connection, job_id: str) -> list[CallCosts]:
    """What the calls of a generation came to, by role and model."""
    tokens = calls.c.prompt_tokens + calls.c.completion_tokens
    counted = (
        func.sum(calls.c.requests), func.count(), func.sum(calls.c.prompt_tokens), func.count(calls.c.prompt_tokens),
        func.sum(calls.c.completion_tokens), func.count(calls.c.completion_tokens), func.sum(calls.c.usd_micros),
        func.count(calls.c.usd_micros), func.sum(tokens),
    )  # fmt: skip
    query = select(calls.c.role, calls.c.model, *counted).where(calls.c.job_id == job_id)
    groups = query.group_by(calls.c.role, calls.c.model).order_by(calls.c.role, calls.c.model)
    found = []
    for role, model, requests, number, prompt, prompts, written, writings, usd, priced, both in connection.execute(
        groups
    ):
        whole_prompt = int(prompt or 0) if prompts == number else None
        whole_written = int(written or 0) if writings == number else None
        whole_usd = int(usd or 0) if priced == number else None
        costs = (int(requests or 0), number, whole_prompt, whole_written, whole_usd, int(usd or 0), int(both or 0))
        found.append(CallCosts(role, model, *costs))
    return found


def seconds_of_calls(connection: Connection, job_id: str) -> float:
    """How long the calls of a generation took, together."""
    return float(connection.scalar(select(func.sum(calls.c.latency_s)).where(calls.c.job_id == job_id)) or 0.0)


def settlement_of(call: Call, owner: str, spent: Amount) -> charges.Settlement:
    """Of a call's charge."""
    return charges.Settlement(charge_of(call.job_id, owner, call.job_attempt, call.attempt, call.step), spent)


def charge_of(job_id: str, owner: str, job_attempt: int, attempt: int, step: str) -> charges.ChargeOf:
    """Name of a call's charge."""
    return charges.ChargeOf(job_id, owner, job_attempt, f"{attempt}.{step}")


def _call(found: Row[Any]) -> Call:
    values = dict(found._mapping)
    values["question"], values["answer"] = bytes(found.question), bytes(found.answer)
    return Call(**values)

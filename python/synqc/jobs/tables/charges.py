"""Charges: reserved before a call, settled after it, each once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, and_, insert, or_, select, update

from synqc.jobs.errors import BudgetExceeded, LostClaim, UnknownJob
from synqc.jobs.spending import Amount
from synqc.jobs.states import JobState
from synqc.jobs.tables.locked_jobs import LockedJob, LockedJobs
from synqc.jobs.tables.schema import charges

__all__ = ["ChargeOf", "Reservation", "Settlement", "reserve", "settle"]

_Key = tuple[str, int, str]


@dataclass(frozen=True)
class ChargeOf:
    """Which charge: of an attempt at a job, by the name its work gives it."""

    job_id: str
    owner: str
    attempt: int
    name: str


@dataclass(frozen=True)
class Reservation:
    """What a call may cost at most."""

    of: ChargeOf
    amount: Amount


@dataclass(frozen=True)
class Settlement:
    """What a call did cost."""

    of: ChargeOf
    amount: Amount


def reserve(connection: Connection, now: float, reservations: Sequence[Reservation]) -> list[Exception | None]:
    """Reserve amounts, in turn; BudgetExceeded where a job, or what it is part of, may not spend so much."""
    locked = LockedJobs(connection, now)
    locked.load(one.of.job_id for one in reservations)
    known = _known(connection, [one.of for one in reservations])
    answers = []
    for one in reservations:
        key = (one.of.job_id, one.of.attempt, one.of.name)
        refusal = None if key in known else _reserve(connection, locked, one)
        if refusal is None:
            known.setdefault(key, None)
        answers.append(refusal)
    locked.store()
    return answers


def settle(connection: Connection, now: float, settlements: Sequence[Settlement]) -> list[Exception | None]:
    """Settle charges; one that is settled stays as it is, unless that was the estimate of an attempt that ended.

    What a call did cost is true whoever owns the job by now, so that an attempt need not own it any more.
    """
    locked = LockedJobs(connection, now)
    locked.load(one.of.job_id for one in settlements)
    known = _known(connection, [one.of for one in settlements])
    answers: list[Exception | None] = []
    for one in settlements:
        key = (one.of.job_id, one.of.attempt, one.of.name)
        job, row = locked.get(one.of.job_id), known.get(key)
        if job is None or row is None:
            answers.append(UnknownJob(one.of.job_id) if job is None else LostClaim(f"Nothing is reserved as {key[2]}."))
            continue
        if row.spent_usd_micros is None or row.is_estimate:
            _settle(connection, locked, job, row, one.amount)
            known[key] = _known(connection, [one.of])[key]
        answers.append(None)
    locked.store()
    return answers


def _known(connection: Connection, of: Sequence[ChargeOf]) -> dict[_Key, Row[Any] | None]:
    named = [
        and_(charges.c.job_id == one.job_id, charges.c.attempt == one.attempt, charges.c.name == one.name) for one in of
    ]
    return {(row.job_id, row.attempt, row.name): row for row in connection.execute(select(charges).where(or_(*named)))}


def _reserve(connection: Connection, locked: LockedJobs, one: Reservation) -> Exception | None:
    job = locked.get(one.of.job_id)
    if job is None:
        return UnknownJob(one.of.job_id)
    now = job.lifecycle
    if now.state is not JobState.RUNNING or (now.owner, now.attempt) != (one.of.owner, one.of.attempt):
        return LostClaim(f"Job {job.id} is not attempt {one.of.attempt}'s any more.")
    for payer in locked.with_ancestors(job):
        if not payer.spending.allows(one.amount):
            return BudgetExceeded(
                f"Job {payer.id} may not spend {one.amount.usd_micros} millionths of a dollar and {one.amount.tokens} "
                f"tokens more: {_words(payer)}."
            )
    locked.charge(job, one.amount, None)
    row = {
        "job_id": job.id, "attempt": one.of.attempt, "name": one.of.name, "is_estimate": False,
        "reserved_usd_micros": one.amount.usd_micros, "reserved_tokens": one.amount.tokens,
    }  # fmt: skip
    connection.execute(insert(charges).values(row))
    return None


def _settle(connection: Connection, locked: LockedJobs, job: LockedJob, row: Row[Any], amount: Amount) -> None:
    reserved = Amount(row.reserved_usd_micros, row.reserved_tokens)
    if row.is_estimate:  # `reserved` was counted as spent when the attempt ended
        difference = Amount(amount.usd_micros - reserved.usd_micros, amount.tokens - reserved.tokens)
        locked.charge(job, Amount(), difference)
    else:
        locked.charge(job, reserved, amount)
    this = (charges.c.job_id == row.job_id, charges.c.attempt == row.attempt, charges.c.name == row.name)
    spent = {"spent_usd_micros": amount.usd_micros, "spent_tokens": amount.tokens, "is_estimate": False}
    connection.execute(update(charges).where(*this).values(spent))


def _words(payer: LockedJob) -> str:
    of_things = (
        ("millionths of a dollar", payer.spending.usd_micros), ("tokens", payer.spending.tokens),
    )  # fmt: skip
    return ", ".join(
        f"{meter.spent} {thing} are spent and {meter.reserved} reserved of {meter.limit}"
        for thing, meter in of_things
        if meter.limit is not None
    )

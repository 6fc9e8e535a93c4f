"""Charges: reserved before a call, settled after it, each once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection, bindparam, insert, select, update

from synqc.jobs.errors import BudgetExceeded, LostClaim, UnknownJob
from synqc.jobs.spending import Amount
from synqc.jobs.states import JobState
from synqc.jobs.tables.chunks import chunks
from synqc.jobs.tables.locked_jobs import LockedJob, LockedJobs
from synqc.jobs.tables.schema import charges

__all__ = ["ChargeOf", "Reservation", "Settlement", "reserve", "settle", "settle_and_reserve"]

_Key = tuple[str, int, str]

_OF = (
    charges.c.job_id == bindparam("of_job"), charges.c.attempt == bindparam("of_attempt"),
    charges.c.name == bindparam("of_name"),
)  # fmt: skip
_KNOWN = select(charges).where(
    charges.c.job_id == bindparam("of_job"), charges.c.attempt == bindparam("of_attempt"),
    charges.c.name.in_(bindparam("names", expanding=True)),
)  # fmt: skip
_INSERT = insert(charges)
_SETTLE = (
    update(charges)
    .where(*_OF)
    .values(spent_usd_micros=bindparam("usd_micros"), spent_tokens=bindparam("tokens"), is_estimate=False)
)


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
    return settle_and_reserve(connection, now, (), reservations)[1]


def settle(connection: Connection, now: float, settlements: Sequence[Settlement]) -> list[Exception | None]:
    """Settle charges; one that is settled stays as it is, unless that was the estimate of an attempt that ended.

    What a call did cost is true whoever owns the job by now, so that an attempt need not own it any more.
    """
    return settle_and_reserve(connection, now, settlements, ())[0]


def settle_and_reserve(
    connection: Connection, now: float, settlements: Sequence[Settlement], reservations: Sequence[Reservation]
) -> tuple[list[Exception | None], list[Exception | None]]:
    """`settle`, then `reserve` of what that left, with as few statements as one of them takes."""
    locked = LockedJobs(connection, now)
    of = [*(one.of for one in settlements), *(one.of for one in reservations)]
    locked.load(one.job_id for one in of)
    known = _known(connection, of)
    settled = _settle_all(connection, locked, known, settlements)
    reserved = _reserve_all(connection, locked, known, reservations)
    locked.store()
    return settled, reserved


@dataclass(frozen=True)
class _Charge:
    """One row, as far as it decides."""

    reserved: Amount
    is_settled: bool
    is_estimate: bool = False


def _settle_all(
    connection: Connection, locked: LockedJobs, known: dict[_Key, _Charge], settlements: Sequence[Settlement]
) -> list[Exception | None]:
    answers: list[Exception | None] = []
    settled = []
    for one in settlements:
        key = (one.of.job_id, one.of.attempt, one.of.name)
        job, charge = locked.get(one.of.job_id), known.get(key)
        if job is None or charge is None:
            answers.append(UnknownJob(one.of.job_id) if job is None else LostClaim(f"Nothing is reserved as {key[2]}."))
            continue
        if not charge.is_settled or charge.is_estimate:
            _settle(locked, job, charge, one.amount)
            known[key] = replace(charge, is_settled=True, is_estimate=False)
            settled.append(
                {
                    "of_job": key[0], "of_attempt": key[1], "of_name": key[2], "usd_micros": one.amount.usd_micros,
                    "tokens": one.amount.tokens,
                }
            )  # fmt: skip
        answers.append(None)
    if settled:
        connection.execute(_SETTLE, settled)
    return answers


def _reserve_all(
    connection: Connection, locked: LockedJobs, known: dict[_Key, _Charge], reservations: Sequence[Reservation]
) -> list[Exception | None]:
    answers: list[Exception | None] = []
    made = []
    for one in reservations:
        key = (one.of.job_id, one.of.attempt, one.of.name)
        refusal = None if key in known else _reserve(locked, one)
        if refusal is None and key not in known:
            known[key] = _Charge(one.amount, is_settled=False)
            made.append(
                {
                    "job_id": one.of.job_id, "attempt": one.of.attempt, "name": one.of.name, "is_estimate": False,
                    "reserved_usd_micros": one.amount.usd_micros, "reserved_tokens": one.amount.tokens,
                }
            )  # fmt: skip
        answers.append(refusal)
    if made:
        connection.execute(_INSERT, made)
    return answers


def _known(connection: Connection, of: Sequence[ChargeOf]) -> dict[_Key, _Charge]:
    names: dict[tuple[str, int], list[str]] = {}
    for one in of:
        names.setdefault((one.job_id, one.attempt), []).append(one.name)
    found = {}
    for (job_id, attempt), some in names.items():
        for part in chunks(some):
            asked = {"of_job": job_id, "of_attempt": attempt, "names": list(part)}
            for row in connection.execute(_KNOWN, asked):
                reserved = Amount(row.reserved_usd_micros, row.reserved_tokens)
                found[job_id, attempt, row.name] = _Charge(
                    reserved, row.spent_usd_micros is not None, bool(row.is_estimate)
                )  # fmt: skip
    return found


def _reserve(locked: LockedJobs, one: Reservation) -> Exception | None:
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
    return None


def _settle(locked: LockedJobs, job: LockedJob, charge: _Charge, amount: Amount) -> None:
    reserved = charge.reserved
    if charge.is_estimate:  # `reserved` was counted as spent when the attempt ended
        difference = Amount(amount.usd_micros - reserved.usd_micros, amount.tokens - reserved.tokens)
        locked.charge(job, Amount(), difference)
    else:
        locked.charge(job, reserved, amount)


def _words(payer: LockedJob) -> str:
    of_things = (
        ("millionths of a dollar", payer.spending.usd_micros), ("tokens", payer.spending.tokens),
    )  # fmt: skip
    return ", ".join(
        f"{meter.spent} {thing} are spent and {meter.reserved} reserved of {meter.limit}"
        for thing, meter in of_things
        if meter.limit is not None
    )

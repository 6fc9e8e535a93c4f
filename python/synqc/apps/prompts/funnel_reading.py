"""Reads a generation's funnel and estimates out of its rows and calls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from synqc.apps.prompts.acceptance import chao1, good_turing
from synqc.apps.prompts.causes import DiscardCause, RowStatus
from synqc.apps.prompts.funnel import Estimate, Funnel, ModelCost, SemanticReport
from synqc.apps.prompts.tables.call_records import CallCosts
from synqc.jobs.spending import Spending
from synqc.llm.wilson_interval import wilson_interval

__all__ = ["estimate_of", "funnel_of"]

_GOOD = (RowStatus.ACCEPTED, RowStatus.SURPLUS)


def funnel_of(
    rows_wanted: int, counted: Sequence[Any], costs: Sequence[CallCosts], spending: Spending, *,
    is_priced: bool, came: Sequence[int], semantic: SemanticReport | None = None,
) -> Funnel:  # fmt: skip
    """The funnel.

    Args:
        rows_wanted: As asked for.
        counted: (status, cause, subject, topic, number) of rows.
        costs: Costs of calls by role and model.
        spending: Spending of the job, by the ledger.
        came: How often each good row came.
        is_priced: Whether the price of each model is known.
        semantic: What counts as the same in other words.
    """
    by_status = dict.fromkeys(RowStatus, 0)
    by_cause: dict[DiscardCause, int] = {}
    by_topic: dict[str, dict[str, int]] = {}
    for status, cause, subject, topic, number in counted:
        by_status[RowStatus(status)] += number
        if cause is not None:
            by_cause[DiscardCause(cause)] = by_cause.get(DiscardCause(cause), 0) + number
        here = by_topic.setdefault(f"{subject} / {topic}", {"attempted": 0, "accepted": 0})
        here["attempted"] += number
        here["accepted"] += number if RowStatus(status) in _GOOD else 0
    known = sum(one.counted_usd_micros for one in costs)
    tokens = sum(one.counted_tokens for one in costs)
    accepted = by_status[RowStatus.ACCEPTED]
    return Funnel(
        rows_wanted=rows_wanted, attempted=sum(by_status.values()), by_status=by_status, by_cause=by_cause,
        by_topic=by_topic, usd_micros=known if is_priced else None,
        uncounted_usd_micros=max(0, spending.usd_micros.spent - known), tokens=tokens,
        usd_micros_per_accepted=spending.usd_micros.spent / accepted if accepted and is_priced else None,
        models=tuple(
            ModelCost(
                role=one.role, model=one.model, calls=one.requests, answers=one.answers,
                prompt_tokens=one.prompt_tokens, completion_tokens=one.completion_tokens, usd_micros=one.usd_micros,
            )
            for one in costs
        ),
        richness=chao1(came) if came else None, coverage=good_turing(came) if came else None,
        semantic=semantic,
    )  # fmt: skip


def estimate_of(funnel: Funnel, seconds_per_attempt: float, *, rows: int, workers: int) -> Estimate:
    """What rows will take, by the attempts that a funnel has.

    Args:
        funnel: Funnel of a generation that was begun.
        seconds_per_attempt: Mean time that models took for one.
        rows: That shall be accepted.
        workers: Calls at a time.
    """
    passed = sum(funnel.by_status[one] for one in _GOOD)
    made = funnel.attempted - funnel.by_status[RowStatus.STOPPED]
    rate = (passed / made if made else 0.0, *wilson_interval(passed, made))
    needed = tuple(None if share == 0 else rows / share for share in (rate[0], rate[2], rate[1]))
    cost = None if funnel.usd_micros is None or not made else (funnel.usd_micros + funnel.uncounted_usd_micros) / made
    money = tuple(None if cost is None or one is None else cost * one for one in needed)
    # Attempts fill all workers until the last ones.
    seconds = tuple(
        None if one is None else seconds_per_attempt * max(1.0, one / workers) for one in needed
    )  # fmt: skip
    return Estimate(
        attempts=made, acceptance_rate=rate, attempts_needed=needed, usd_micros_per_attempt=cost,  # type: ignore[arg-type]
        usd_micros=money, seconds=seconds,  # type: ignore[arg-type]
    )  # fmt: skip

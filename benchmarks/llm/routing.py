"""What a router costs: its choice, and what it adds to a call in the same process."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Mapping
from typing import Any

from synqc.benchmarks.kernel_programs import labelled_nanoseconds
from synqc.benchmarks.measurement import Measurement, Setting, refuse_unless
from synqc.llm import Completion, Message, Price, Request, Spent
from synqc.llm.router import Budget, Deployment, Router, Routing

__all__ = ["measure_added", "measure_choice"]

_KERNEL = "balancer_choice_among_100_deployments"
_CALLS = 2000


def measure_choice(setting: Setting) -> Mapping[str, Measurement]:
    """A choice among 100 deployments, begun and ended, in microseconds; the dearest strategy counts."""
    costs = labelled_nanoseconds(setting, "route", _KERNEL)
    told = ", ".join(f"{name} {cost:.0f} ns" for name, cost in costs.items())
    return {
        "routing-choice": Measurement(
            max(costs.values()) * 1e-3,
            proof="all 100 could be chosen; nothing is in flight afterwards",
            details=(told,),
        )
    }


def measure_added(setting: Setting) -> Mapping[str, Measurement]:
    """Microseconds that a router over four deployments adds to an awaited call of one of them."""
    completion = Completion("Because.", "Because.", "m", "stop", Spent(1, 500, 2, 0.01))
    provider = _AtOnce(completion)
    price = Price(prompt="1", completion="2")
    router = Router(
        [
            Deployment(provider=provider, model="m", name=f"d{place}", price=price, context_tokens=100_000)
            for place in range(4)
        ]
    )
    request = Request(model="m", messages=tuple(Message("user", "why? " * 40) for _ in range(10)), max_tokens=10)
    budget = Budget(10**12)
    found = {}
    for key, routing in (("routing-added", Routing()), ("routing-added-budget", Routing(budget=budget))):
        answered = asyncio.run(router.acomplete(request, routing=routing))
        refuse_unless(answered.text == "Because.", "The router's answer is not the provider's.")
        refuse_unless(answered.receipt.cost_microdollars == 504, "The receipt's cost is not what the tokens cost.")
        added = [asyncio.run(_added(provider, router, request, routing)) for _ in range(setting.repetitions)]
        refuse_unless(router.in_flight == 0, "Calls that have ended are in flight.")
        found[key] = Measurement(
            statistics.median(added), min(added), proof="the provider's answer, its cost, nothing in flight"
        )
    return found


async def _added(provider: _AtOnce, router: Router, request: Request, routing: Routing) -> float:
    """In processor time of the thread, so that other work on the machine counts little; nothing is waited for."""
    start = time.thread_time()
    for _ in range(_CALLS):
        await provider.acomplete(request)
    alone = time.thread_time() - start
    start = time.thread_time()
    for _ in range(_CALLS):
        await router.acomplete(request, routing=routing)
    return 1e6 * (time.thread_time() - start - alone) / _CALLS


class _AtOnce:
    """A provider that answers without doing anything."""

    name, most_at_once, is_local = "at once", 1, True

    def __init__(self, completion: Completion[str]) -> None:
        self._completion = completion

    async def acomplete(self, request: Request, *_: Any, **__: Any) -> Completion[str]:
        return self._completion

    def __getattr__(self, name: str) -> Any:
        raise NotImplementedError(name)

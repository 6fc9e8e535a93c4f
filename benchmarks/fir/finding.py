"""Finding provisions: a search that is new, one that was asked before, and ten checks side by side."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Mapping
from typing import Any

from synqc.apps.fir.knowledge.facts import bns_2023
from synqc.apps.fir.knowledge.knowledge_base import KnowledgeBase
from synqc.apps.fir.violations.checks import ViolationChecks
from synqc.benchmarks.measurement import Measurement, Setting, refuse_unless
from synqc.llm.completion import Completion, Spent
from synqc.llm.logprobs import TokenLogprobs

__all__ = ["measure_finding"]

_LATENCY_S = 1.0


class _SlowYes:
    """Says yes after a second, to any number of questions at once."""

    name, is_local, most_at_once = "slow-yes", True, 10

    async def acomplete(self, request: Any, **_: Any) -> Completion[str]:
        await asyncio.sleep(_LATENCY_S)
        first = TokenLogprobs("YES", -0.01, (("YES", -0.01), ("NO", -4.6)))
        return Completion("YES", "YES", request.model, "stop", Spent(1), logprobs=(first,))


def measure_finding(setting: Setting) -> Mapping[str, Measurement]:
    """Milliseconds of a search, how much faster a kept answer is, and seconds of ten checks."""
    rounds = 1 if setting.quick else 5
    law = KnowledgeBase.standard()
    complaints = [f"{one.description} {one.hindi}" for one in bns_2023().values() if one.offences]
    new: list[float] = []
    kept: list[float] = []
    for number in range(rounds):
        for text in complaints:
            for times, was_asked in ((new, False), (kept, True)):
                start = time.perf_counter()
                found = law.search(f"{text} {number}", punishing=True)
                times.append(1e3 * (time.perf_counter() - start))
                refuse_unless(found.cached is was_asked, "An answer does not say whether it was kept.")
    with ViolationChecks(law, provider=_SlowYes(), model="none") as checks:  # type: ignore[arg-type]
        start = time.perf_counter()
        checked = checks.check("Two men on a motorcycle snatched my gold chain and ran away.")
        took = time.perf_counter() - start
    refuse_unless(len(checked.violations) == 10, "Ten provisions were to be checked.")
    proof = "each answer says whether it was kept; ten verdicts are yes"
    ratios = [one / other for one, other in zip(new, kept, strict=True)]
    return {
        "fir-search": Measurement(
            statistics.median(new), min(new), proof=proof, details=(f"p95 {sorted(new)[int(0.95 * len(new))]:.3g} ms",)
        ),
        "fir-search-kept": Measurement(
            statistics.median(ratios), proof=proof, details=(f"median {1e3 * statistics.median(kept):.3g} us",)
        ),
        "fir-checks": Measurement(took, took, proof=proof),
    }  # fmt: skip

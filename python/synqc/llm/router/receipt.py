"""What became of a request in a router: who was asked, why, what else was possible, and where the time went."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

from synqc.llm.completion import Completion
from synqc.llm.router.budget import PICODOLLARS

__all__ = ["Asked", "Explanation", "Judged", "Receipt", "RoutedCompletion"]

Value = TypeVar("Value")


@dataclass(frozen=True)
class Asked:
    """One call of one deployment.

    Args:
        deployment: Its name.
        model: As the provider knows it.
        strategy: By which it was chosen.
        degradation: Why that is another strategy than the one asked for: "no_latency_known", "no_price_known" or
            "no_session_given"; "": it is not.
        reason: Why it was chosen, e.g. "less_loaded", "preferred", "probe".
        others: Deployments that could have been asked instead.
        cause: "ok", or why it gave no answer; see `CAUSES`.
        status: HTTP status of a refusal, or 0.
        began_s: Since the request came.
        took_s: Until it answered or failed; of a stream, to its end.
        prompt_tokens: As the server counts; None: it did not say, as for the next.
        completion_tokens: Likewise.
        picodollars: What it cost; None: not known.
        is_hedge: Whether it was asked because another one took long.
    """

    deployment: str
    model: str
    strategy: str
    degradation: str
    reason: str
    others: tuple[str, ...]
    cause: str
    status: int
    began_s: float
    took_s: float
    prompt_tokens: int | None
    completion_tokens: int | None
    picodollars: int | None
    is_hedge: bool


@dataclass(frozen=True)
class Receipt:
    """What became of one request. `total_ns` is `provider_ns` + `overhead_ns` + `reader_ns`, exactly.

    Args:
        model: As the request names it.
        asked: Calls in their order; the last one without a hedge answered, if any did.
        total_ns: From the request to its end.
        provider_ns: While at least one deployment was being asked.
        overhead_ns: The router's own.
        reader_ns: While whoever reads a stream did something else.
    """

    model: str
    asked: tuple[Asked, ...]
    total_ns: int
    provider_ns: int
    overhead_ns: int
    reader_ns: int = 0

    @property
    def answered_by(self) -> str:
        """Name of the deployment that answered, or ""."""
        return next((one.deployment for one in reversed(self.asked) if one.cause == "ok"), "")

    @property
    def cost_microdollars(self) -> int | None:
        """What all calls cost, rounded up; None as soon as one is not known."""
        costs = [one.picodollars for one in self.asked]
        known = [cost for cost in costs if cost is not None]
        return -(-sum(known) // PICODOLLARS) if len(known) == len(costs) else None

    def to_plain(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "model": self.model, "answered_by": self.answered_by, "cost_microdollars": self.cost_microdollars,
            "total_ns": self.total_ns, "provider_ns": self.provider_ns, "overhead_ns": self.overhead_ns,
            "reader_ns": self.reader_ns, "asked": [dict(vars(one)) for one in self.asked],
        }  # fmt: skip


@dataclass(frozen=True)
class RoutedCompletion(Completion[Value]):
    """An answer that came through a router; `spent` is of every call that was made for it."""

    receipt: Receipt = Receipt("", (), 0, 0, 0)

    @classmethod
    def of(cls, completion: Completion[Value], **changed: Any) -> RoutedCompletion[Value]:
        """The same answer with a receipt. Its fields were checked when it was made: they are taken over as they are."""
        routed: RoutedCompletion[Value] = object.__new__(cls)
        routed.__dict__.update(completion.__dict__, **changed)
        return routed


@dataclass(frozen=True)
class Judged:
    """How one deployment would be judged for a request now.

    Args:
        deployment: Its name.
        verdict: "eligible", or why it cannot be asked.
        wait_s: Until that may change; 0 if waiting does not help.
        latency_s: Expected; 0: not known.
        in_flight: Requests under way.
        cost_microdollars: Expected; None: no price.
    """

    deployment: str
    verdict: str
    wait_s: float
    latency_s: float
    in_flight: int
    cost_microdollars: float | None


@dataclass(frozen=True)
class Explanation:
    """What a router would do with a request now; nothing was asked and nothing has changed.

    Args:
        deployment: Name of the one that would be asked, or "".
        strategy: By which.
        degradation: Why that is another one than was asked for, or "".
        reason: Why that deployment.
        retry_after_s: Until somebody can be asked, if nobody can; None: nobody ever can.
        judged: Every deployment that serves the model.
    """

    deployment: str
    strategy: str
    degradation: str
    reason: str
    retry_after_s: float | None
    judged: tuple[Judged, ...]

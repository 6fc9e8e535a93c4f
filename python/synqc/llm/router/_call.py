"""One request on its way: whom to ask next, and what to make of what came. It asks nobody itself.

Threads, coroutines, streams, hedges and simulations drive the same object: `begin` says whom to ask, then one of
`answered`, `failed` and `left` ends that attempt.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, TypeVar

from synqc.llm.completion import Completion, Spent
from synqc.llm.errors import LanguageModelError, ModelTimedOut, PromptTooLong
from synqc.llm.request import Request
from synqc.llm.router import reporting
from synqc.llm.router.budget import Reservation
from synqc.llm.router.causes import Action, Cause, cause_of
from synqc.llm.router.deployment import Deployment
from synqc.llm.router.errors import BudgetExceeded, NoDeployment
from synqc.llm.router.policy import Routing, check_routing
from synqc.llm.router.receipt import Asked, Receipt, RoutedCompletion
from synqc.llm.router.size import Size
from synqc.llm.router.trace import Record

if TYPE_CHECKING:
    from synqc.llm.router.router import Router

__all__ = ["Attempt", "RoutedCall"]

Value = TypeVar("Value")
_LONGEST_COOLDOWN_S: Final = 86_400.0
"""A server that wants to be left alone for years is asked once a day."""


class Attempt:
    """One deployment being asked."""

    __slots__ = ("began_ns", "choice", "deployment", "index", "is_hedge", "request", "reservation")

    def __init__(
        self, deployment: Deployment, index: int, request: Request, choice: Any, reservation: Reservation | None,
        began_ns: int, is_hedge: bool,
    ) -> None:  # fmt: skip
        self.deployment, self.index, self.request = deployment, index, request
        self.choice, self.reservation = choice, reservation
        self.began_ns, self.is_hedge = began_ns, is_hedge


class RoutedCall:
    """One request of a router.

    Raises:
        NoDeployment: The model is not served.
    """

    def __init__(
        self, router: Router, request: Request, routing: Routing, *, deadline_s: float | None, repeats: int = 0,
        size: Size | None = None,
    ) -> None:  # fmt: skip
        check_routing(routing)
        self.router, self.request, self.routing = router, request, routing
        self.started_ns = router._clock_ns()
        self.group = router._group_of(request.model)
        self.number = next(router._numbers)
        self.size = Size.of(request, repeats, smallest_window=self.group.smallest_window) if size is None else size
        self.affinity = router._affinity_of(request, routing)
        self.spent = Spent()
        self._deadline_s = deadline_s
        self._deadline_ns = None if deadline_s is None else self.started_ns + int(deadline_s * 1e9)
        self._tried: list[int] = []
        self._asked: list[Asked] = []
        self._attempts = 0
        self._first: LanguageModelError | None = None
        self._exceeded: BudgetExceeded | None = None
        self._window = 0
        self._open = 0
        self._since_ns = 0
        self._provider_ns = 0
        self._reader_ns = 0
        self._ended = False

    # --- whom to ask ---

    @property
    def may_go_on(self) -> bool:
        """Whether another deployment may be asked."""
        return self._attempts < self.router.policy.most_attempts

    @property
    def left_s(self) -> float | None:
        """Until the caller's deadline; None: there is none."""
        return None if self._deadline_ns is None else (self._deadline_ns - self.router._clock_ns()) * 1e-9

    def begin(self, *, is_hedge: bool = False) -> Attempt:
        """Chooses, and sets aside what it could cost.

        Raises:
            LanguageModelError: Nobody can be asked, or nobody more: what failed first is told.
        """
        router, routing = self.router, self.routing
        left_s = self.left_s
        if left_s is not None and left_s <= 0:
            raise self._given_up(self._past_the_deadline())
        strategy = routing.strategy or router.policy.strategy
        while True:
            now_ns = router._clock_ns()
            choice = router._balancer.choose(
                self.group.number, now_ns * 1e-9, strategy=strategy,
                capabilities=router._bits_of(routing.capabilities), prompt_tokens=self.size.usual_prompt,
                completion_tokens=self.size.usual_completion,
                window_tokens=max(self._window, self.size.window),
                affinity=self.affinity, needs_price=routing.budget is not None,
                prefer=router._indices_of(routing.prefer), asked=self._tried,
            )  # fmt: skip
            index = choice.deployment
            if index < 0:
                raise self._given_up(self._first or self._exceeded or self._nobody(choice))
            self._tried.append(index)
            deployment = router._by_number[index]
            request = self.request
            if deployment.model != request.model:
                request = replace(request, model=deployment.model)
            reservation = None
            if routing.budget is not None:
                most = deployment.most_cost(self.size.most_prompt, self.size.completion)
                try:
                    if most is None:
                        raise _without_bound(deployment, self.size)
                    reservation = routing.budget.reserve(most)
                except BudgetExceeded as error:  # a cheaper one may do
                    choice.end("neutral", now_s=now_ns * 1e-9, tokens=0)
                    self._exceeded = self._exceeded or error
                    continue
            break
        self._attempts += 1
        if router.reports_metrics:
            reporting.count_choice(choice.strategy, choice.degradation)
        attempt = Attempt(deployment, index, request, choice, reservation, router._clock_ns(), is_hedge)
        self._asking(attempt.began_ns)
        return attempt

    # --- what came ---

    def answered(self, attempt: Attempt, completion: Completion[Value]) -> RoutedCompletion[Value]:
        """An attempt gave an answer."""
        self.succeeded(attempt, completion.spent, cached=completion.cached)
        receipt = self.close("ok")
        return RoutedCompletion.of(completion, spent=completion.spent if completion.cached else self.spent,
                                   receipt=receipt)  # fmt: skip

    def succeeded(self, attempt: Attempt, spent: Spent, *, cached: bool) -> None:
        """An attempt ended well; an answer that was kept says nothing about the deployment, and costs nothing."""
        now_ns = self._end(attempt, "ok", 0, Spent() if cached else spent)
        if cached:
            attempt.choice.end("neutral", now_s=now_ns * 1e-9, tokens=0)
        else:
            tokens = (spent.prompt_tokens or 0) + (spent.completion_tokens or 0)
            attempt.choice.end("succeeded", now_s=now_ns * 1e-9, tokens=tokens or -1)

    def failed(self, attempt: Attempt, error: LanguageModelError, *, was_read: bool = False) -> None:
        """An attempt failed: returns where another one may be made.

        Args:
            attempt: Which.
            error: Why.
            was_read: The reader has seen a part of the answer, so that no other can take its place.

        Raises:
            LanguageModelError: None may; of several failures the first is told, unless the last is the caller's own.
        """
        cause = cause_of(error)
        action = Action(self.router.policy.actions.get(cause.name, cause.action))
        self._record(attempt, cause, error)
        if action is Action.LARGER:
            limit = error.limit_tokens if isinstance(error, PromptTooLong) else None
            self._window = max(self._window, (limit or attempt.deployment.context_tokens or 0) + 1)
        if action is Action.STOP or was_read:
            raise self._given_up(error)
        self._first = self._first or error
        if not self.may_go_on and not self._open:
            raise self._given_up(self._first)

    def left(self, attempt: Attempt, spent: Spent | None = None) -> None:
        """Nobody wants this attempt's answer any more; what it cost is not known unless it says so."""
        now_ns = self._end(attempt, "cancelled", 0, Spent(1) if spent is None else spent)
        attempt.choice.end("neutral", now_s=now_ns * 1e-9)

    def _record(self, attempt: Attempt, cause: Cause, error: LanguageModelError) -> None:
        now_ns = self._end(attempt, cause.name, error.status, error.spent)
        cooldown_s = self.router.policy.cooldowns_s.get(cause.name, cause.cooldown_s)
        if error.retry_after_s is not None and cause.result != "neutral":
            cooldown_s = min(error.retry_after_s, _LONGEST_COOLDOWN_S)
        attempt.choice.end(cause.result, now_s=now_ns * 1e-9, cooldown_s=cooldown_s, cause=cause.name)

    # --- where the time went ---

    def _asking(self, now_ns: int) -> None:
        if self._open == 0:
            self._since_ns = now_ns
        self._open += 1

    def _asked_until(self, now_ns: int) -> None:
        self._open -= 1
        if self._open == 0:
            self._provider_ns += now_ns - self._since_ns

    def hand_over(self) -> int:
        """A part of a stream goes to its reader; returns when."""
        now_ns = self.router._clock_ns()
        self._asked_until(now_ns)
        return now_ns

    def take_back(self, since_ns: int) -> None:
        """The reader wants the next part."""
        now_ns = self.router._clock_ns()
        self._reader_ns += now_ns - since_ns
        self._asking(now_ns)

    def receipt(self) -> Receipt:
        """What has become of the request so far."""
        now_ns = self.router._clock_ns()
        provider_ns = self._provider_ns + (now_ns - self._since_ns if self._open else 0)
        total_ns = now_ns - self.started_ns
        return Receipt(
            self.request.model, tuple(self._asked), total_ns, provider_ns, total_ns - provider_ns - self._reader_ns,
            self._reader_ns,
        )  # fmt: skip

    def close(self, outcome: str) -> Receipt:
        """The request has ended."""
        receipt = self.receipt()
        if not self._ended:
            self._ended = True
            if self.router.reports_metrics:
                reporting.count_request(self.group.name, outcome)
                reporting.record_overhead(receipt.overhead_ns * 1e-9)
        return receipt

    def _end(self, attempt: Attempt, cause: str, status: int, spent: Spent) -> int:
        """Money, metrics and the record of an attempt that is over; when that was."""
        router, deployment, choice = self.router, attempt.deployment, attempt.choice
        now_ns = router._clock_ns()
        self._asked_until(now_ns)
        self.spent += spent
        cost = deployment.cost(spent)
        if attempt.reservation is not None:
            attempt.reservation.keep() if cost is None else attempt.reservation.settle(cost)
        others = tuple(router._by_number[one].name for one in choice.candidates if one != attempt.index)
        took_s = (now_ns - attempt.began_ns) * 1e-9
        self._asked.append(
            Asked(deployment.name, deployment.model, choice.strategy, choice.degradation, choice.reason, others, cause,
                  status, (attempt.began_ns - self.started_ns) * 1e-9, took_s,
                  spent.prompt_tokens, spent.completion_tokens, cost, attempt.is_hedge)
        )  # fmt: skip
        if router.reports_metrics:
            reporting.count_attempt(deployment.name, cause)
        if router._record is not None:
            router._record(
                Record(self.number, self.started_ns * 1e-9, attempt.began_ns * 1e-9, self.request.model,
                       deployment.name, choice.in_flight, took_s, cause, spent.prompt_tokens or self.size.usual_prompt,
                       spent.completion_tokens or 0, self.routing.tenant, cost)
            )  # fmt: skip
        return now_ns

    # --- why it ends without an answer ---

    def _given_up(self, error: LanguageModelError) -> LanguageModelError:
        """The error as the caller has it: with what everything cost and a receipt."""
        if not self._open:  # else there is a hedge, and whoever began it ends it
            self.give_up(error)
        return error

    def give_up(self, error: LanguageModelError) -> None:
        """The request has ended in an error, which tells from now on what everything cost, and has a receipt."""
        outcome = "no_deployment" if isinstance(error, NoDeployment) else error.outcome.value
        error.spent = self.spent
        error.receipt = self.close(outcome)  # type: ignore[attr-defined]

    def _past_the_deadline(self) -> ModelTimedOut:
        told = "" if self._first is None else f" The first that failed said: {self._first}"
        return ModelTimedOut(
            f"No deployment answered within {self._deadline_s:g} s, the caller's deadline.{told}",
            limit="deadline", seconds=self._deadline_s or 0.0,
        )  # fmt: skip

    def _nobody(self, choice: Any) -> LanguageModelError:
        """Why nobody could be asked at all. It is nobody's failure: nothing is recorded."""
        model = self.request.model
        judged = self.router.explain(self.request, self.routing).judged
        verdicts = {one.deployment: one.verdict for one in judged}
        if choice.suitable:
            return NoDeployment(
                f"Every deployment of {model!r} is busy or resting ({_listed(verdicts)}); ask again in "
                f"{choice.retry_after_s:.3g} s.",
                verdicts=verdicts, status=429, retry_after_s=choice.retry_after_s,
            )  # fmt: skip
        if set(verdicts.values()) == {"window_too_small"}:
            known = [one.context_tokens or 0 for one in self.router.deployments if model in one.serves]
            return PromptTooLong(
                f"The conversation and the answer's `max_tokens` do not fit any deployment of {model!r}: they need at "
                f"least {self.size.window} tokens, the largest window is "
                f"{max(known)}.",
                limit_tokens=max(known), status=400,
            )  # fmt: skip
        return NoDeployment(
            f"No deployment of {model!r} can ever answer this request ({_listed(verdicts)}).", verdicts=verdicts,
            status=400,
        )  # fmt: skip


def _without_bound(deployment: Deployment, size: Size) -> BudgetExceeded:
    if size.most_prompt is None and deployment.context_tokens is None:
        told = f"The request must have no pictures, for {deployment.name} has no `context_tokens` that bound them"
    else:
        told = f"The request must name `max_tokens`, for {deployment.name} has no limit of its own"
    return BudgetExceeded(f"{told}, and a budget holds only for what has a bound.", status=400)


def _listed(verdicts: dict[str, str]) -> str:
    return "; ".join(f"{name}: {verdict.replace('_', ' ')}" for name, verdict in verdicts.items())

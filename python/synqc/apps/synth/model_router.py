"""ModelRouter of the original: names a model for a request, and learns from what is reported, by the core's balancer.

It asks nobody. Whoever wants requests carried, with fallbacks, uses `synqc.llm.Router`.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from synqc._core import Balancer
from synqc.apps.synth.checks import check_choice, check_flag, check_number, check_text, names_in
from synqc.apps.synth.errors import NoModelFound, RouteSelectionError, ValidationError
from synqc.apps.synth.option_names import CamelCase

__all__ = ["ModelRouter", "ModelStats"]

_STRATEGIES: Final = {
    "round-robin": "round-robin", "least-latency": "least-latency", "cost-optimized": "preference",
    "capability-based": "preference",
}  # fmt: skip
_SMALL_REQUEST: Final = 1000
_MOST_CAPABILITIES: Final = 64


@dataclass(frozen=True)
class ModelStats(CamelCase):
    """What was reported of a model.

    Args:
        requests: Reports.
        errors: Those of failures.
        total_latency: Milliseconds of those that succeeded.
        avg_latency: total_latency by their number; None: none succeeded yet.
    """

    requests: int = 0
    errors: int = 0
    total_latency: float = 0.0

    @property
    def avg_latency(self) -> float | None:
        succeeded = self.requests - self.errors
        return self.total_latency / succeeded if succeeded else None

    def to_dict(self) -> dict[str, Any]:
        """As plain values with names in camelCase."""
        return {**super().to_dict(), "avgLatency": self.avg_latency}


class ModelRouter:
    """Chooses one of several models.

    Latencies decay, failures are no fast answers, and a model that fails three times in a row rests for five seconds.
    `cost-optimized` gives requests below 1000 characters to the first model and others to the last one;
    `capability-based` gives the first one that can do what the request's `capabilities` name.

    Args:
        options: `models`, each with `id`, and `endpoint`, `capabilities` if it has any; `strategy`.
        clock: Replaces the monotonic clock, for tests; seconds.

    Raises:
        ValidationError: An option is not known; there is no model; two have one id.
        UnknownName: There is no such strategy.

    Examples:
        >>> router = ModelRouter({"models": [{"id": "a"}, {"id": "b"}], "strategy": "round-robin"})
        >>> router.route({}), router.route({}), router.route({})
        ('a', 'b', 'a')
        >>> router.recordMetrics("a", 120.0)
        >>> router.getStats("a").avgLatency
        120.0
    """

    def __init__(
        self, options: Mapping[str, Any] | None = None, *, clock: Callable[[], float] = time.monotonic, **named: Any
    ) -> None:
        given = {**(options or {}), **named}
        unknown = set(given) - {"models", "strategy"}
        if unknown:
            raise ValidationError(f"Option {sorted(unknown)[0]!r} is not known: there are models, strategy.")
        self._strategy = given.get("strategy", "round-robin")
        check_choice("strategy", self._strategy, _STRATEGIES)
        models = given.get("models") or ()
        if not isinstance(models, Sequence) or isinstance(models, str) or not models:
            raise ValidationError(f"Option `models` must be a list of at least one model, but is {models!r:.80}.")
        self._clock = clock
        self._lock = threading.Lock()
        self._ids: list[str] = []
        self._capabilities: list[frozenset[str]] = []
        self._bits: dict[str, int] = {}
        self._stats: list[ModelStats] = []
        self._balancer: Balancer | None = None
        self._groups: list[int] = []
        for model in models:
            self.register_model(model)

    def register_model(self, model: Mapping[str, Any]) -> None:
        """One more model, the last in order.

        Raises:
            ValidationError: It has no id, or another one's.
        """
        if not isinstance(model, Mapping) or set(model) - {"id", "endpoint", "capabilities"}:
            raise ValidationError(f"A model must have id, endpoint and capabilities alone, but is {model!r:.80}.")
        check_text("id", model.get("id"))
        name = str(model["id"])
        can = frozenset(names_in("capabilities", model.get("capabilities", ())))
        with self._lock:
            if name in self._ids:
                raise ValidationError(f"A model must have an id of its own, but {name!r} is another one's.")
            for word in sorted(can - self._bits.keys()):
                if len(self._bits) == _MOST_CAPABILITIES:
                    raise ValidationError(f"Models must have at most {_MOST_CAPABILITIES} different capabilities.")
                self._bits[word] = 1 << len(self._bits)
            document = {
                "name": name, "capabilities": sum(self._bits[word] for word in can), "context_tokens": 0,
                "requests_per_minute": 0, "tokens_per_minute": 0, "most_in_flight": 0, "prompt_price": -1,
                "completion_price": -1, "weight": 1.0,
            }  # fmt: skip
            if self._balancer is None:
                self._balancer = Balancer(
                    [document], seed=0, latency_decay_s=10.0, latency_valid_s=300.0, most_load=1.25, failures_to_open=3,
                    failure_share=0.5, open_s=5.0, longest_open_s=300.0,
                )  # fmt: skip
                self._everyone = self._balancer.add_group([0])
            else:
                number = self._balancer.add(document)
                assert number == len(self._ids)  # none is ever removed
                self._balancer.set_group(self._everyone, range(number + 1))
            self._groups.append(self._balancer.add_group([len(self._ids)]))
            self._ids.append(name)
            self._capabilities.append(can)
            self._stats.append(ModelStats())

    def route(self, request: Mapping[str, Any] | str | None = None) -> str:
        """Id of the model for a request.

        Args:
            request: Anything JSON can say; `capabilities` in it are what the model must be able to do.

        Raises:
            NoModelFound: No model can do that.
            RouteSelectionError: Those that can all rest.
        """
        request = {} if request is None else request
        needed = names_in("capabilities", request.get("capabilities", ())) if isinstance(request, Mapping) else ()
        assert self._balancer is not None
        with self._lock:
            unknown = [word for word in needed if word not in self._bits]
            order = list(range(len(self._ids)))
            if self._strategy == "cost-optimized" and len(json.dumps(request)) >= _SMALL_REQUEST:
                order.reverse()
            bits = sum(self._bits.get(word, 0) for word in needed)
            able = [one for one in order if not unknown and set(needed) <= self._capabilities[one]]
        if not able:
            raise NoModelFound(f"A model must be able to do {', '.join(needed)}, but none is.")
        choice = self._balancer.choose(
            self._everyone, self._clock(), strategy=_STRATEGIES[self._strategy], capabilities=bits, prefer=order
        )
        if choice.deployment < 0:
            raise RouteSelectionError(
                f"A model must be free, but all that can do it rest for {choice.retry_after_s:.1f} s.",
                {"retryAfterS": choice.retry_after_s},
            )
        return self._ids[choice.deployment]  # the choice ends here: what becomes of the request is reported apart

    def record_metrics(self, model_id: str, latency: float, success: bool = True) -> None:
        """Report what became of a request.

        Args:
            model_id: Model that answered, or failed.
            latency: Milliseconds.
            success: Whether it answered.

        Raises:
            NoModelFound: There is no such model.
        """
        place = self._place_of(model_id)
        check_number("latency", latency, 0)
        check_flag("success", success)
        assert self._balancer is not None
        moment = self._clock()
        choice = self._balancer.choose(self._groups[place], moment, strategy="round-robin")
        if choice.deployment >= 0:  # one that rests is not asked, so that a late report of it says nothing new
            choice.end("succeeded" if success else "failed", now_s=moment, latency_s=latency / 1000)
        with self._lock:
            before = self._stats[place]
            self._stats[place] = ModelStats(
                before.requests + 1, before.errors + (not success), before.total_latency + (latency if success else 0.0)
            )

    def get_stats(self, model_id: str | None = None) -> ModelStats | dict[str, ModelStats]:
        """Of one model, or of all by id.

        Raises:
            NoModelFound: There is no such model.
        """
        if model_id is not None:
            return self._stats[self._place_of(model_id)]
        with self._lock:
            return dict(zip(self._ids, self._stats, strict=True))

    registerModel = register_model  # noqa: N815
    recordMetrics = record_metrics  # noqa: N815
    getStats = get_stats  # noqa: N815

    def _place_of(self, model_id: str) -> int:
        try:
            return self._ids.index(model_id)
        except ValueError:
            raise NoModelFound(f"There is no model {model_id!r:.80}: there are {', '.join(self._ids)}.") from None

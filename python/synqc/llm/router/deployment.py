"""A model at a provider, as a router sees it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from synqc.errors import InputError
from synqc.llm.completion import Spent
from synqc.llm.price import Price
from synqc.llm.provider import Provider

__all__ = ["Deployment"]

_COUNTS = ("context_tokens", "most_completion_tokens", "requests_per_minute", "tokens_per_minute", "most_in_flight")


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """One model of one provider, with what it costs and what it may be asked.

    Args:
        provider: Provider that answers. Give it one attempt (`Endpoint(attempts=1)`): the router asks again, and
            elsewhere.
        model: As the provider knows it.
        name: In receipts, statistics and metrics; without one, the provider's name and the model's.
        serves: Names that requests may give to mean it; without any, its model's.
        price: Per million tokens; None: not known, so that no budget can be charged for it.
        context_tokens: Tokens of conversation and answer together; None: not known.
        most_completion_tokens: An answer has no more, even where a request says nothing.
        requests_per_minute: In any 60 s; None: no limit, as for the next two.
        tokens_per_minute: Expected before, corrected after.
        most_in_flight: Requests under way at a time.
        capabilities: What it can do, in words of your own, e.g. "vision".
        weight: Its share among equals.

    Raises:
        InputError: An argument is out of its range.

    Examples:
        >>> from synqc.llm import Endpoint, LanguageModels
        >>> local = LanguageModels(Endpoint(base_url="http://127.0.0.1:11434/v1", api_key="ollama", attempts=1))
        >>> Deployment(provider=local, model="phi3", serves=("small",)).name
        'phi3 at http://127.0.0.1:11434/v1'
    """

    provider: Provider
    model: str
    name: str = ""
    serves: tuple[str, ...] = ()
    price: Price | None = None
    context_tokens: int | None = None
    most_completion_tokens: int | None = None
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    most_in_flight: int | None = None
    capabilities: frozenset[str] = frozenset()
    weight: float = 1.0

    def __post_init__(self) -> None:
        if not isinstance(getattr(self.provider, "name", None), str):
            raise InputError(
                f"Argument `provider` must be a Provider, such as LanguageModels, but is a "
                f"{type(self.provider).__name__}."
            )
        if self.price is not None and not isinstance(self.price, Price):
            raise InputError(f"Argument `price` must be a Price or None, but is {self.price!r:.80}.")
        if not isinstance(self.model, str) or not isinstance(self.name, str):
            wrong = "model" if not isinstance(self.model, str) else "name"
            raise InputError(f"Argument `{wrong}` must be a text, but is {getattr(self, wrong)!r:.80}.")
        for name in ("serves", "capabilities"):
            if isinstance(getattr(self, name), str):
                raise InputError(
                    f"Argument `{name}` must be several names, but is the one text {getattr(self, name)!r}."
                )
        object.__setattr__(self, "name", self.name or f"{self.model} at {self.provider.name}")
        object.__setattr__(self, "serves", tuple(self.serves) or (self.model,))
        object.__setattr__(self, "capabilities", frozenset(self.capabilities))
        for name in _COUNTS:
            given = getattr(self, name)
            if given is not None and (not isinstance(given, int) or isinstance(given, bool) or given < 1):
                raise InputError(f"Argument `{name}` must be a whole number from 1, but is {given!r}.")
        if not (isinstance(self.weight, (int, float)) and 0 < self.weight < math.inf):
            raise InputError(f"Argument `weight` must be a number above 0, but is {self.weight!r}.")
        prices = None
        if self.price is not None:
            given = self.price.prompt, self.price.completion, self.price.cached_prompt
            prices = tuple(map(_microdollars, (*given[:2], given[0] if given[2] is None else given[2])))
        object.__setattr__(self, "_prices", prices)

    @property
    def prices(self) -> tuple[int, int, int] | None:
        """Of tokens sent, written, and sent but cached; pico-dollars per token, or None."""
        return self.__dict__["_prices"]  # type: ignore[no-any-return]

    def cost(self, spent: Spent) -> int | None:
        """What a call cost, in pico-dollars; None: its tokens were not counted, or the price is not known.

        >>> from types import SimpleNamespace
        >>> price = Price(prompt="0.25", cached_prompt="0.025", completion="2.00")
        >>> deployment = Deployment(provider=SimpleNamespace(name="p"), model="m", price=price)
        >>> deployment.cost(Spent(1, 2746, 197, 0.0, cached_prompt_tokens=2208))
        583700000
        """
        if spent.calls == 0 or (spent.prompt_tokens == 0 and spent.completion_tokens == 0):
            return 0
        prices = self.prices
        if prices is None or spent.prompt_tokens is None or spent.completion_tokens is None:
            return None
        cached = min(spent.cached_prompt_tokens or 0, spent.prompt_tokens)
        return prices[0] * (spent.prompt_tokens - cached) + prices[2] * cached + prices[1] * spent.completion_tokens

    def most_cost(self, prompt_tokens: int | None, completion_tokens: int | None) -> int | None:
        """What a call could cost at most, in pico-dollars; None: there is no bound, or no price."""
        prices = self.prices
        prompt_tokens = self.context_tokens if prompt_tokens is None else prompt_tokens
        bounds = [bound for bound in (completion_tokens, self.most_completion_tokens, self.context_tokens) if bound]
        if prices is None or not bounds or prompt_tokens is None:
            return None
        return max(prices[0], prices[2]) * prompt_tokens + prices[1] * min(bounds)

    def to_core(self, capabilities: Iterable[str]) -> dict[str, Any]:
        """As the balancer takes it; `capabilities` gives each word its bit."""
        prompt, completion, _ = self.prices or (-1, -1, -1)
        return {
            "name": self.name,
            "capabilities": sum(1 << bit for bit, word in enumerate(capabilities) if word in self.capabilities),
            "context_tokens": self.context_tokens or 0,
            "requests_per_minute": self.requests_per_minute or 0,
            "tokens_per_minute": self.tokens_per_minute or 0,
            "most_in_flight": self.most_in_flight or 0,
            "prompt_price": prompt,
            "completion_price": completion,
            "weight": float(self.weight),
        }


def _microdollars(dollars: Any) -> int:
    microdollars = Decimal(dollars) * 1_000_000
    if microdollars != int(microdollars):
        raise InputError(
            f"Argument `price` must be in whole micro-dollars per million tokens, but one of it is {dollars} dollars."
        )
    return int(microdollars)

"""What tokens cost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from synqc.errors import InputError, UnknownName
from synqc.llm.completion import Spent

__all__ = ["Price", "cost_of"]

_MILLION = Decimal(1_000_000)


@dataclass(frozen=True, kw_only=True)
class Price:
    """Prices of one model, per million tokens; in decimal digits, so that sums are exact in any order.

    Args:
        prompt: Price of tokens sent.
        completion: Price of tokens written, thoughts included.
        cached_prompt: Price of tokens sent that the server had in its cache; None: as `prompt`.

    Raises:
        InputError: A price is negative or no number.

    Examples:
        >>> price = Price(prompt="0.25", cached_prompt="0.025", completion="2.00")
        >>> price.of(Spent(1, 2746, 197, 0.0, cached_prompt_tokens=2208, reasoning_tokens=64))
        Decimal('0.0005837')
    """

    prompt: Decimal | str | int
    completion: Decimal | str | int
    cached_prompt: Decimal | str | int | None = None

    def __post_init__(self) -> None:
        for name in ("prompt", "completion", "cached_prompt"):
            given = getattr(self, name)
            if given is None and name == "cached_prompt":
                continue
            try:
                # A float is taken as it is written: 0.25 means 0.25, not its binary neighbour.
                price = Decimal(repr(given)) if isinstance(given, float) else Decimal(given)
                wrong = not price.is_finite() or price < 0
            except (ArithmeticError, TypeError, ValueError):
                wrong = True
            if wrong:
                raise InputError(f"Argument `{name}` must be a price from 0 per million tokens, but is {given!r}.")
            object.__setattr__(self, name, price)

    def of(self, spent: Spent) -> Decimal | None:
        """Cost of what one model spent, or None if its tokens were not counted. Thoughts are priced once."""
        if spent.calls == 0:
            return Decimal(0)
        if spent.prompt_tokens is None or spent.completion_tokens is None:
            return None
        cached = min(spent.cached_prompt_tokens or 0, spent.prompt_tokens)
        cached_price = self.prompt if self.cached_prompt is None else self.cached_prompt
        total = (
            (spent.prompt_tokens - cached) * Decimal(self.prompt)
            + cached * Decimal(cached_price)
            + spent.completion_tokens * Decimal(self.completion)
        )
        return (total / _MILLION).normalize()


def cost_of(spent: Iterable[tuple[str, Spent]], prices: Mapping[str, Price]) -> Decimal | None:
    """Cost of what several models spent, each at its own price; None if anything was not counted.

    Args:
        spent: Pairs of a model's name and what it spent, in any order.
        prices: By the same names.

    Raises:
        UnknownName: A model has no price.

    Examples:
        >>> prices = {"small": Price(prompt=1, completion=2), "large": Price(prompt=10, completion=20)}
        >>> cost_of([("small", Spent(1, 1000, 10)), ("large", Spent(1, 1000, 10))], prices)
        Decimal('0.01122')
    """
    total = Decimal(0)
    for model, one in spent:
        if model not in prices:
            known = ", ".join(sorted(prices)) or "none"
            raise UnknownName(f"Argument `prices` must name every model, but lacks {model!r}; it names {known}.")
        cost = prices[model].of(one)
        if cost is None:
            return None
        total += cost
    return total

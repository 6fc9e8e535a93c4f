"""Price table: what models cost per million tokens, each with the date and the source of the figure."""

from __future__ import annotations

import json as standard_json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, Decimal
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any

from synqc.apps.prompts.request import ModelName
from synqc.errors import DocumentError, InputError
from synqc.llm import Price, Spent

__all__ = ["FREE_PROVIDERS", "PICODOLLARS", "PriceTable", "PricedModel", "words_of_prices"]

PICODOLLARS = 1_000_000
"""In a millionth of a dollar: a price of six decimals per million tokens is a whole number of them per token."""
FREE_PROVIDERS = ("local", "ollama", "arithmetic")
"""Computed on machines of the operator: nobody bills them."""
_PER_DOLLAR = Decimal(10**12)
_BATCH = {"batch_prompt", "batch_completion"}
_OPTIONAL = {"cached_prompt", *_BATCH}
_NAMES = {"provider", "model", "prompt", "completion", "date", "source", *_OPTIONAL}


@dataclass(frozen=True, kw_only=True)
class PricedModel:
    """What one model costs.

    Args:
        model: Its name; a name that ends in `*` stands for all that begin so.
        price: Per million tokens, dollars.
        date: When that was so, as YYYY-MM-DD or YYYY-MM.
        source: Where it stands.
        batch_price: By the batch interface; None: nobody says that it is another one.
    """

    model: ModelName
    price: Price
    date: str
    source: str
    batch_price: Price | None = None

    @property
    def in_batches(self) -> PricedModel:
        """The same model, asked by the batch interface: at its price there if that is known, else at the usual one."""
        return replace(self, price=self.batch_price or self.price)

    def cost(self, spent: Spent) -> int | None:
        """Of a call, in picodollars, exactly; None where the server did not count tokens."""
        dollars = self.price.of(spent)
        return None if dollars is None else int((dollars * _PER_DOLLAR).to_integral_value(ROUND_CEILING))

    def to_dict(self) -> dict[str, Any]:
        """As plain values, ready for JSON: dollars per million tokens, as text."""
        price = self.price
        cached = None if price.cached_prompt is None else str(price.cached_prompt)
        return {
            "model": str(self.model), "prompt": str(price.prompt), "completion": str(price.completion),
            "cached_prompt": cached, "date": self.date, "source": self.source,
        }  # fmt: skip

    def most_cost(self, prompt_tokens: int, completion_tokens: int) -> int:
        """Of a call of at most so many tokens, in picodollars."""
        return self.cost(Spent(1, prompt_tokens, completion_tokens)) or 0


class PriceTable:
    """Prices by model. A model that is not in it has no price, which is not the price 0.

    Args:
        models: Later ones win.

    Examples:
        >>> table = PriceTable.shipped()
        >>> found = table.find(ModelName("openai", "gpt-4o-mini"))
        >>> found.cost(Spent(1, 1000, 100)), found.price.completion, found.date[:2]
        (210000000, Decimal('0.60'), '20')
        >>> table.find(ModelName("openai", "nobody-knows")) is None
        True
    """

    def __init__(self, models: Iterable[PricedModel]) -> None:
        self._by_name = {(one.model.provider, one.model.model_name): one for one in models}

    @classmethod
    def shipped(cls) -> PriceTable:
        """What comes with the package."""
        text = files("synqc.apps.prompts").joinpath("prices.json").read_text(encoding="utf-8")
        return cls(_read(standard_json.loads(text, parse_float=str), "prices.json"))

    @classmethod
    def of(cls, path: Path | None) -> PriceTable:
        """What comes with the package, and over it what a file says.

        Raises:
            DocumentError: The file cannot be read as prices.
        """
        shipped = cls.shipped()
        if path is None:
            return shipped
        try:
            document = standard_json.loads(path.read_text(encoding="utf-8"), parse_float=str)
        except (OSError, ValueError) as error:
            raise DocumentError(f"Prices must be a JSON file, but {path} cannot be read: {error}.") from error
        return cls([*shipped._by_name.values(), *_read(document, str(path))])

    def find(self, model: ModelName) -> PricedModel | None:
        """A model's price: its own, or that of the longest name with `*` that it begins with; None: unknown."""
        found = self._by_name.get((model.provider, model.model_name))
        if found is None:
            starred = [
                one
                for (provider, name), one in self._by_name.items()
                if provider == model.provider and name.endswith("*") and model.model_name.startswith(name[:-1])
            ]
            found = max(starred, key=lambda one: len(one.model.model_name), default=None)
        if found is None and model.provider in FREE_PROVIDERS:
            return PricedModel(
                model=model, price=Price(prompt=0, completion=0), date="", source="computed on a machine of one's own"
            )
        return found

    def stated(self, models: Iterable[ModelName]) -> list[PricedModel]:
        """Prices of those that somebody bills, each under the name of the model that was asked for."""
        found = {model: self.find(model) for model in models}
        return [replace(one, model=model) for model, one in found.items() if one is not None and one.date]

    @cached_property
    def dearest(self) -> PricedModel | None:
        """Who bounds the cost of a model that has no price, where that is wished."""
        return max(self._by_name.values(), key=lambda one: (one.price.completion, one.price.prompt), default=None)

    def of_models(self, models: Iterable[ModelName], *, worst: bool) -> Mapping[ModelName, PricedModel | None]:
        """Prices of some models; `worst` takes the dearest known price for those without."""
        found = {model: self.find(model) for model in models}
        if worst and self.dearest is not None:
            return {model: one or self.dearest for model, one in found.items()}
        return found


def words_of_prices(prices: Sequence[PricedModel]) -> str:
    """When prices were so, and who says it; "" without any.

    >>> words_of_prices(PriceTable.shipped().stated([ModelName("openai", "o1"), ModelName("local", "m")]))[:60]
    'Price of openai:o1 of 2025-08, entered from memory, not chec'
    """
    models: dict[tuple[str, str], list[str]] = {}
    for one in prices:
        models.setdefault((one.date, one.source), []).append(str(one.model))
    return " ".join(
        f"Price{'s' if len(names) > 1 else ''} of {', '.join(names)} of {date}, {source}."
        for (date, source), names in models.items()
    )


def _read(document: Any, where: str) -> list[PricedModel]:
    if not isinstance(document, list):
        raise DocumentError(f"Prices must be a list of objects, but are {type(document).__name__}: {where}")
    models = []
    for place, one in enumerate(document):
        if not isinstance(one, dict) or not _NAMES - _OPTIONAL <= one.keys() <= _NAMES:
            raise DocumentError(
                f"A price must have {', '.join(sorted(_NAMES))}, but is {one!r:.200}: {where} $[{place}]"
            )
        if one.keys() & _BATCH not in (set(), _BATCH):
            raise DocumentError(
                f"A price must have both of {' and '.join(sorted(_BATCH))}, or neither: {where} $[{place}]"
            )
        try:
            cached = one.get("cached_prompt")
            price = Price(prompt=one["prompt"], completion=one["completion"], cached_prompt=cached)
            batch_price = None
            if one.keys() & _BATCH:
                batch_price = Price(prompt=one["batch_prompt"], completion=one["batch_completion"])
            model = ModelName(one["provider"], one["model"])
        except InputError as error:
            raise DocumentError(f"{error} {where} $[{place}]") from error
        if not all(isinstance(one[name], str) and one[name].strip() for name in ("date", "source")):
            raise DocumentError(f"A price must name the date and the source of its figure: {where} $[{place}]")
        models.append(
            PricedModel(model=model, price=price, date=one["date"], source=one["source"], batch_price=batch_price)
        )
    return models

"""Configuration of AgenticSynth: how answers are kept, who is asked, and how much is done at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from synqc.apps.synth.checks import check_choice, check_flag, check_number, check_text, check_whole, names_in
from synqc.apps.synth.errors import ValidationError
from synqc.apps.synth.option_names import fields_named, read_options
from synqc.llm.price import Price

__all__ = ["STRATEGIES", "SynthConfiguration"]

STRATEGIES: Final[Mapping[str, str]] = {
    "preference": "preference", "quality": "preference", "round-robin": "round-robin",
    "least-latency": "least-latency", "least-in-flight": "least-in-flight", "cost-optimized": "cost",
    "capability-based": "capability",
}  # fmt: skip
"""Strategies of the original, by those of `synqc.llm.Router`."""

_ALIASES: Final[Mapping[str, str]] = {"cacheTTL": "cache_ttl_ms", "cache_ttl": "cache_ttl_ms", "timeout": "timeout_ms"}
_NESTED: Final[Mapping[str, Mapping[str, str]]] = {
    "cache": {
        "enabled": "enable_cache", "maxSize": "cache_size", "max_size": "cache_size", "strategy": "cache_strategy",
        "ttl": "cache_ttl_ms", "persistPath": "cache_path", "persist_path": "cache_path",
    },
    "routing": {
        "strategy": "routing_strategy", "fallback": "fallback_chain", "fallbackChain": "fallback_chain",
        "fallback_chain": "fallback_chain", "costLimit": "cost_limit", "cost_limit": "cost_limit",
        "budgetLimit": "budget_limit", "budget_limit": "budget_limit", "timeoutMs": "timeout_ms",
        "timeout_ms": "timeout_ms",
    },
}  # fmt: skip
_IN_SECONDS: Final[Mapping[str, str]] = {
    "cache_ttl_s": "cache_ttl_ms", "cacheTtlS": "cache_ttl_ms", "timeout_s": "timeout_ms", "timeoutS": "timeout_ms",
}  # fmt: skip
_MOST_ENTRIES = 100_000_000
_LONGEST_MS = 3.2e12  # a century


@dataclass(frozen=True, kw_only=True)
class SynthConfiguration:
    """What an AgenticSynth is made with; each name also in camelCase, and `cacheTTL`, `timeout` in milliseconds.

    `cache_ttl_s` and `timeout_s` are the same in seconds.

    Args:
        enable_cache: Whether answers are kept.
        cache_size: Answers kept at most; 0: none.
        cache_ttl_ms: How long one is kept, in milliseconds; 0: not at all.
        cache_strategy: "memory", "disk" (in `cache_path`, too) or "none".
        cache_path: File of kept answers.
        memory_limit: Bytes that kept answers may weigh, keys and what the cache needs for an entry included; those
            asked for longest ago leave first. None: any.
        model_preference: Models by name, the best first: "provider:model", or a model of `provider`.
        provider: Whose models are meant where a name says none: gemini, openrouter, openai, ollama, local.
        model: Model of it; goes before `model_preference`.
        api_key: For `provider`, instead of the environment's.
        max_concurrency: Calls of models under way at a time, of all requests together.
        max_retries: Attempts after the first that a request may have, other models' included.
        timeout_ms: One answer must be complete by then, attempts included.
        enable_fallback: Whether another model is asked where one fails.
        fallback_chain: Models, or providers for their usual one, behind those preferred.
        routing_strategy: How one of several models is chosen.
        cost_limit: US dollars that one request may cost at most.
        budget_limit: US dollars that all may.
        prices: By a model's name, per million tokens: `{"prompt": "0.25", "completion": "2"}`, or a `Price`.
        streaming: False refuses `generate_stream`, as the original did unless told otherwise.
        automation, vector_db: Peers of the original that are not offered: only False.

    Raises:
        ValidationError: An option is out of its range.

    Examples:
        >>> configuration = SynthConfiguration.of({"cacheTTL": 60_000, "modelPreference": ["local:phi3"]})
        >>> configuration.cache_ttl_ms, configuration.model_preference
        (60000, ('local:phi3',))
        >>> SynthConfiguration.of({"maxConcurency": 5})
        Traceback (most recent call last):
        ...
        synqc.apps.synth.errors.ValidationError: Option 'maxConcurency' is not known: did you mean 'maxConcurrency'?
    """

    enable_cache: bool = True
    cache_size: int = 1000
    cache_ttl_ms: float = 3_600_000
    cache_strategy: str = "memory"
    cache_path: Path | None = None
    memory_limit: int | None = None
    model_preference: tuple[str, ...] = ()
    provider: str | None = None
    model: str | None = None
    api_key: str | None = field(default=None, repr=False)
    max_concurrency: int = 100
    max_retries: int = 3
    timeout_ms: float = 30_000
    enable_fallback: bool = True
    fallback_chain: tuple[str, ...] = ()
    routing_strategy: str = "preference"
    cost_limit: float | None = None
    budget_limit: float | None = None
    prices: Mapping[str, Price] = field(default_factory=dict)
    streaming: bool | None = None
    automation: bool = False
    vector_db: bool = False

    def __post_init__(self) -> None:
        for name in ("enable_cache", "enable_fallback", "automation", "vector_db"):
            check_flag(name, getattr(self, name))
        if self.streaming is not None:
            check_flag("streaming", self.streaming)
        check_whole("cache_size", self.cache_size, 0, _MOST_ENTRIES)
        check_number("cache_ttl_ms", self.cache_ttl_ms, 0, _LONGEST_MS)
        check_choice("cache_strategy", self.cache_strategy, ("memory", "disk", "none", "lru"))
        if self.memory_limit is not None:
            check_whole("memory_limit", self.memory_limit, 1, 2**62)
        check_whole("max_concurrency", self.max_concurrency, 1, 100_000)
        check_whole("max_retries", self.max_retries, 0, 100)
        check_number("timeout_ms", self.timeout_ms, 1, _LONGEST_MS)
        for name in ("provider", "model", "api_key"):
            if getattr(self, name) is not None:
                check_text(name, getattr(self, name))
        for name in ("model_preference", "fallback_chain"):
            object.__setattr__(self, name, names_in(name, getattr(self, name)))
        check_choice("routing_strategy", self.routing_strategy, STRATEGIES)
        for name in ("cost_limit", "budget_limit"):
            if getattr(self, name) is not None:
                check_number(name, getattr(self, name), 0)
        if self.cost_limit is not None and self.budget_limit is not None:
            raise ValidationError("Option `cost_limit` must not be given beside `budget_limit`, but is: one is kept.")
        for name in ("automation", "vector_db"):
            if getattr(self, name):
                raise ValidationError(f"Option `{name}` must be false, but is true: this peer is not offered here.")
        if self.cache_strategy == "disk" and self.cache_path is None:
            raise ValidationError('Option `cache_path` must be given where `cache_strategy` is "disk", but is not.')
        if self.cache_path is not None:
            object.__setattr__(self, "cache_path", Path(self.cache_path).expanduser())
        object.__setattr__(self, "prices", {name: _price(name, one) for name, one in dict(self.prices).items()})

    @property
    def is_caching(self) -> bool:
        """Whether anything is kept."""
        return self.enable_cache and self.cache_strategy != "none" and self.cache_size > 0 and self.cache_ttl_ms > 0

    @classmethod
    def of(cls, given: Mapping[str, Any] | None = None, **named: Any) -> SynthConfiguration:
        """From options in either spelling, nested ones (`cache`, `routing`) included.

        Raises:
            ValidationError: A name is not known, an option is given twice or out of its range.
        """
        return read_options(cls, _flattened(given), _flattened(named), _ALIASES)

    def changed(self, given: Mapping[str, Any] | None = None, **named: Any) -> SynthConfiguration:
        """With other values for what is named.

        Raises:
            ValidationError: As for `of`.
        """
        return replace(self, **fields_named(type(self), _flattened(given), _flattened(named), _ALIASES))


def _flattened(given: Any) -> Any:
    """Nested groups as the flat options that they are."""
    if not isinstance(given, Mapping):
        return given
    flat: dict[str, Any] = {}
    for name, value in given.items():
        if name in _IN_SECONDS:
            check_number(name, value, 0, _LONGEST_MS / 1000)
            if _IN_SECONDS[name] in flat:
                raise ValidationError(f"Option `{name}` must be given once, but is given elsewhere, too.")
            flat[_IN_SECONDS[name]] = 1000 * value
            continue
        group = _NESTED.get(name)
        if group is None:
            flat[name] = value
            continue
        if not isinstance(value, Mapping):
            raise ValidationError(f"Option `{name}` must map names to values, but is {value!r:.80}.")
        for inner, one in value.items():
            if inner not in group:
                raise ValidationError(
                    f"Option `{name}.{inner}` is not known: there are {', '.join(sorted(group))}.", {"option": inner}
                )
            if group[inner] in flat:
                raise ValidationError(f"Option `{name}.{inner}` must be given once, but is given elsewhere, too.")
            flat[group[inner]] = one
    return flat


def _price(name: str, given: Any) -> Price:
    if isinstance(given, Price):
        return given
    try:
        return Price(**given)
    except TypeError:
        raise ValidationError(
            f"Option `prices[{name!r}]` must be a mapping with `prompt` and `completion`, but is {given!r:.80}."
        ) from None

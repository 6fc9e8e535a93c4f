"""Who answers: models by name, each a deployment of one router, built once and kept while the configuration changes."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any, Final

from synqc.apps.synth.checks import check_choice
from synqc.apps.synth.configuration import STRATEGIES, SynthConfiguration
from synqc.apps.synth.errors import NoModelFound
from synqc.apps.synth.settings import SynthSettings
from synqc.llm import OPENAI_URL, Endpoint, LanguageModels, Provider
from synqc.llm.choice import choose, models_of
from synqc.llm.model_files import known_models, model_named
from synqc.llm.providers.direct import DirectModels
from synqc.llm.proxies import proxy_of
from synqc.llm.router import Budget, Deployment, Policy, Router, Routing

__all__ = ["SynthModels", "split_name"]

_URLS: Final[Mapping[str, str]] = {
    "gemini": "https://generativelanguage.googleapis.com/v1beta/openai",
    "openrouter": "https://openrouter.ai/api/v1",
}
_KEYS: Final[Mapping[str, str]] = {"gemini": "GEMINI_API_KEY", "openrouter": "OPENROUTER_API_KEY"}
_USUAL: Final[Mapping[str, str]] = {"gemini": "gemini-2.0-flash-exp"}
_PROVIDERS: Final = ("gemini", "openrouter", "openai", "ollama", "local")
_MOST_NAMED: Final = 100
_ANY: Final = "any"
"""Name that every deployment of the configuration serves."""


def split_name(name: str, providers: Sequence[str]) -> tuple[str | None, str]:
    """Provider and model of a name; a provider alone has an empty model.

    >>> [split_name(name, ("ollama",)) for name in ("ollama:phi3:latest", "phi3:latest", "ollama")]
    [('ollama', 'phi3:latest'), (None, 'phi3:latest'), ('ollama', '')]
    """
    provider, colon, model = name.partition(":")
    if provider in providers and (colon or name in providers):
        return provider, model
    return None, name


class SynthModels:
    """A router over the models of a configuration; nothing is asked and nothing loaded before the first request.

    Args:
        configuration: Which models, and how one is chosen.
        settings: Servers and keys of the process.
        providers: Further providers by name, which win; they are not closed here.
    """

    def __init__(
        self,
        configuration: SynthConfiguration,
        settings: SynthSettings,
        providers: Mapping[str, Provider] | None = None,
    ) -> None:
        self._settings = settings
        self._others = dict(providers or {})
        self._made: dict[tuple[Any, ...], Provider] = {}
        self._lock = threading.Lock()
        self._router: Router | None = None
        self._named = 0
        self._budget: Budget | None = None
        self.configuration = configuration
        self._remember_budget(configuration)

    @property
    def is_configured(self) -> bool:
        """Whether the configuration, or the operator, names a model."""
        one = self.configuration
        return bool(one.model_preference or one.model or one.provider or self._settings.synth_model)

    @property
    def router(self) -> Router:
        """Over all models of the configuration; made when it is first needed.

        Raises:
            NoModelFound: There is none, or one of them has no provider here.
        """
        with self._lock:
            if self._router is None:
                self._router = Router(self._deployments(), policy=self._policy(), name="synth")
            return self._router

    @property
    def router_there(self) -> Router | None:
        """The router, if it was needed already."""
        return self._router

    def configure(self, configuration: SynthConfiguration) -> None:
        """Other models from now on; what is known of those that stay is kept, and so are their connections.

        Raises:
            NoModelFound: One of them has no provider here; nothing has changed then.
        """
        with self._lock:
            before, self.configuration = self.configuration, configuration
            if self._router is None:
                self._remember_budget(configuration)
                return
            try:
                deployments = self._deployments()
                if self._policy() == self._router.policy:
                    self._router.replace(deployments)
                else:
                    self._router = Router(deployments, policy=self._policy(), name="synth")
            except BaseException:
                self.configuration = before
                raise
            if configuration.budget_limit != before.budget_limit:
                self._remember_budget(configuration)

    def name_of(self, model: str | None) -> str:
        """The name to ask the router by; a model that is not among those of the configuration joins them.

        Raises:
            NoModelFound: It has no provider here.
        """
        router = self.router
        if model is None:
            return _ANY
        if model not in router.models:
            with self._lock:
                if model not in router.models:
                    self._check_named(model)
                    self._named += 1
                    router.add(self._deployment(model, serves=(model,), attempts=self.configuration.max_retries + 1))
        return model

    def _check_named(self, model: str) -> None:
        """What a request may name beside the configuration: no files of this machine, and not without end."""
        provider, name = split_name(model, (*_PROVIDERS, *self._others))
        if (provider or self.configuration.provider or "") == "local" and name:
            model_named(name)
        if self._named == _MOST_NAMED:
            raise NoModelFound(
                f"Requests must name at most {_MOST_NAMED} models beside those of the configuration, but {model!r:.80} "
                "would be one more."
            )

    def routing(self, capabilities: Sequence[str] = ()) -> Routing:
        """What a request wants of the router, by the configuration.

        Raises:
            InputError: No model has a capability.
        """
        one = self.configuration
        budget = self._budget
        if one.cost_limit is not None:
            budget = Budget(round(one.cost_limit * 1_000_000))
        return Routing(capabilities=frozenset(capabilities), budget=budget)

    def identity(self, model: str | None) -> list[list[str]]:
        """What decides answers beside the request: who can be asked, where and on whose account."""
        router = self.router
        name = self.name_of(model)
        return [
            [one.provider.name, one.model, str(getattr(getattr(one.provider, "endpoint", None), "tenant", ""))]
            for one in router.deployments
            if name in one.serves
        ]

    def names_asked(self) -> list[str]:
        """Of the deployments that requests without a model may be asked of.

        Raises:
            NoModelFound: There is none.
        """
        return [one.name for one in self.router.deployments if _ANY in one.serves]

    def licence_of(self, model: str) -> str:
        """Licence of a model's weights, where it is a known file."""
        return next((one.licence for one in known_models() if one.name == model), "not stated")

    def close(self) -> None:
        """End what is under way with those that were made here, and let go of them."""
        with self._lock:
            made, self._made, self._router = self._made, {}, None
        for one in made.values():
            one.close()

    def _remember_budget(self, configuration: SynthConfiguration) -> None:
        limit = configuration.budget_limit
        self._budget = None if limit is None else Budget(round(limit * 1_000_000))

    def _policy(self) -> Policy:
        one = self.configuration
        return Policy(
            strategy=STRATEGIES[one.routing_strategy], most_attempts=one.max_retries + 1 if one.enable_fallback else 1
        )

    def _names(self) -> list[str]:
        """Models in their order of preference, each once."""
        one = self.configuration
        first = [one.model] if one.model else []
        names = [*first, *one.model_preference]
        if not names and one.provider is not None:
            names = [one.provider]
        if not names and self._settings.synth_model:
            names = [self._settings.synth_model]
        names += one.fallback_chain if one.enable_fallback else []
        return list(dict.fromkeys(names))

    def _deployments(self) -> list[Deployment]:
        names = self._names()
        if not names:
            return [self._best_here()]
        attempts = 1 if len(names) > 1 and self.configuration.enable_fallback else self.configuration.max_retries + 1
        return [self._deployment(name, serves=(_ANY, name), attempts=attempts) for name in names]

    def _deployment(self, name: str, *, serves: tuple[str, ...], attempts: int) -> Deployment:
        provider, model = split_name(name, (*_PROVIDERS, *self._others))
        if provider is None:
            provider = self.configuration.provider or self._only_provider()
        model = model or self._usual_model(provider)
        price = self.configuration.prices.get(name) or self.configuration.prices.get(model)
        return Deployment(
            provider=self._provider(provider, model, attempts), model=model, name=name, serves=serves, price=price
        )

    def _best_here(self) -> Deployment:
        """The model that all applications take where none is named."""
        choice = choose(self._settings, model="gpt-4o-mini")
        if choice.kind not in ("server", "ollama", "file"):
            raise NoModelFound(f"No model can be asked: {choice.words}")
        timeout_s = self.configuration.timeout_ms / 1000
        key = ("chosen", choice.kind, choice.model, choice.where, timeout_s)
        if key not in self._made:
            self._made[key] = models_of(choice, self._settings)
        return Deployment(provider=self._made[key], model=choice.model, name=choice.model, serves=(_ANY, choice.model))

    def _provider(self, provider: str, model: str, attempts: int) -> Provider:
        if provider in self._others:
            return self._others[provider]
        if provider not in _PROVIDERS:
            check_choice("provider", provider, (*_PROVIDERS, *self._others))
        one = self.configuration
        own_key = one.api_key if one.provider == provider else None
        key = (provider, model if provider == "local" else "", own_key, one.timeout_ms, attempts)
        if key not in self._made:
            self._made[key] = self._make(provider, model, own_key, attempts)
        return self._made[key]

    def _make(self, provider: str, model: str, own_key: str | None, attempts: int) -> Provider:
        settings = self._settings
        if provider in ("local", "ollama"):
            changes: dict[str, object] = {"openai_base_url": None, "openai_api_key": None}
            if provider == "local":
                changes |= {"ollama_host": None, "local_model": model}
            alone = settings.model_copy(update=changes)
            choice = choose(alone, model=model)
            if choice.kind not in ("file", "ollama"):
                raise NoModelFound(f"Model {provider}:{model} cannot be asked: {choice.words}")
            return models_of(choice, alone)
        if provider == "openai":
            url, api_key = settings.openai_base_url or OPENAI_URL, own_key or settings.openai_api_key
            if api_key is None and settings.openai_base_url is not None:
                api_key = "none"
        else:
            url, api_key = _URLS[provider], own_key or getattr(settings, f"{provider}_api_key")
        if api_key is None:
            variable = _KEYS.get(provider, "OPENAI_API_KEY")
            raise NoModelFound(f"Provider {provider!r} needs a key: set {variable}, or `api_key` with `provider`.")
        endpoint = Endpoint(
            base_url=url, api_key=api_key, timeout_s=self.configuration.timeout_ms / 1000, attempts=attempts,
            most_at_once=settings.calls_at_once,
        )  # fmt: skip
        kind = DirectModels if proxy_of(endpoint) is None else LanguageModels
        return kind(endpoint)

    def _usual_model(self, provider: str) -> str:
        if provider in _USUAL:
            return _USUAL[provider]
        if provider == "local":
            choice = choose(
                self._settings.model_copy(
                    update={"openai_base_url": None, "openai_api_key": None, "ollama_host": None}
                ),
                model="",
            )
            if choice.kind == "file":
                return choice.model
            raise NoModelFound(f"No model can be asked: {choice.words}")
        raise NoModelFound(f"Provider {provider!r} must be named with a model, as in {provider}:NAME, but is not.")

    def _only_provider(self) -> str:
        """Whose models are meant where nothing says so."""
        settings = self._settings
        there = [
            *self._others,
            *(["openai"] if settings.openai_base_url or settings.openai_api_key else []),
            *(["gemini"] if settings.gemini_api_key else []),
            *(["openrouter"] if settings.openrouter_api_key else []),
            *(["ollama"] if settings.ollama_host else []),
        ]
        if len(there) == 1:
            return there[0]
        if not there:
            return "local"
        known = ", ".join(there)
        raise NoModelFound(f"Models must be named with their provider where there are several ({known}), but are not.")

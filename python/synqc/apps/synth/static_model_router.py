"""StaticModelRouter of the original's `routing`: chooses among routes by name, capabilities and priority alone.

Nothing is learnt and nobody is asked: `ModelRouter` learns from what is reported, `synqc.llm.router.Router` carries
requests.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from synqc.apps.synth.checks import check_text, check_whole, names_in
from synqc.apps.synth.errors import NoModelFound, ValidationError
from synqc.apps.synth.option_names import CamelCase, read_options

__all__ = ["ModelRoute", "StaticModelRouter"]

_PROVIDERS: Final = ("gemini", "openrouter")
_OPTIMISATIONS: Final = frozenset({"streaming", "fast", "efficient", "complex", "reasoning"})
"""Capabilities that a fallback may lack: they say how well, and not what."""


@dataclass(frozen=True, kw_only=True)
class ModelRoute(CamelCase):
    """A model that may be chosen.

    Args:
        provider: Name of its provider.
        model: As the provider names it.
        priority: The greatest is chosen.
        capabilities: Names of its abilities.
    """

    provider: str = ""
    model: str = ""
    priority: int = 0
    capabilities: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_text("provider", self.provider)
        check_text("model", self.model)
        check_whole("priority", self.priority, -(2**31), 2**31)
        object.__setattr__(self, "capabilities", names_in("capabilities", self.capabilities))


def _route(provider: str, model: str, priority: int, *capabilities: str) -> ModelRoute:
    return ModelRoute(provider=provider, model=model, priority=priority, capabilities=("text", "json", *capabilities))


_ROUTES: Final = (
    _route("gemini", "gemini-2.0-flash-exp", 10, "streaming", "fast"),
    _route("gemini", "gemini-1.5-pro", 8, "complex", "reasoning"),
    _route("gemini", "gemini-1.5-flash", 9, "fast", "efficient"),
    _route("openrouter", "openai/gpt-4o", 10, "reasoning", "complex"),
    _route("openrouter", "mistralai/mistral-large", 9, "reasoning"),
    _route("openrouter", "meta-llama/llama-3.1-8b-instruct", 7, "fast", "efficient"),
)


@dataclass(frozen=True, kw_only=True)
class _Options:
    default_provider: str = "gemini"
    provider_keys: Mapping[str, str] = field(default_factory=dict, repr=False)
    fallback_chain: Sequence[str] | None = None
    custom_routes: Sequence[ModelRoute | Mapping[str, Any]] = ()


class StaticModelRouter:
    """Chooses a route: the model that is named, else the one of greatest priority that can do what is needed.

    Args:
        options: `default_provider` ("gemini"), whose routes are meant where nothing says more; `provider_keys`, API
            keys by provider; `fallback_chain`, providers to fall back to (None: the other one); `custom_routes`,
            behind those that are known.
        named: The same, as keywords.

    Raises:
        ValidationError: An option is not known, or out of its range.

    Examples:
        >>> router = StaticModelRouter({"defaultProvider": "gemini"})
        >>> fast = router.selectModel({"capabilities": ["fast"]})
        >>> fast.model, [one.provider for one in router.getFallbackChain(fast)]
        ('gemini-2.0-flash-exp', ['gemini', 'openrouter'])
    """

    def __init__(self, options: Mapping[str, Any] | None = None, **named: Any) -> None:
        asked = read_options(_Options, options, named, {})
        check_text("default_provider", asked.default_provider)
        chain = asked.fallback_chain
        if chain is None:
            chain = [one for one in _PROVIDERS if one != asked.default_provider]
        self._fallbacks = names_in("fallback_chain", chain)
        for name, kind in (("provider_keys", Mapping), ("custom_routes", (list, tuple))):
            if not isinstance(getattr(asked, name), kind):
                words = "a mapping" if kind is Mapping else "a list"
                raise ValidationError(f"Option `{name}` must be {words}, but is {type(getattr(asked, name)).__name__}.")
        self._default, self._keys = asked.default_provider, dict(asked.provider_keys)
        self._routes = list(_ROUTES)
        for route in asked.custom_routes:
            self.add_route(route)

    def select_model(self, wanted: Mapping[str, Any] | None = None, **named: Any) -> ModelRoute:
        """The route for a request.

        Args:
            wanted: `capabilities` that are needed, `provider` whose model it must be, `preferred_model` by its name.
            named: The same, as keywords.

        Raises:
            ValidationError: An option is not known.
            NoModelFound: There is no such model, or none that can do that.
        """
        asked = read_options(_Wanted, wanted, named, {})
        needed = frozenset(names_in("capabilities", asked.capabilities))
        if asked.preferred_model is not None:
            for route in self._routes:
                if route.model == asked.preferred_model and asked.provider in (None, route.provider):
                    return route
            known = ", ".join(one.model for one in self._routes)
            raise NoModelFound(f"There is no model {asked.preferred_model!r:.80}: there are {known}.")
        found = self._best(asked.provider or self._default, needed)
        if found is None:
            words = ", ".join(sorted(needed)) or "anything"
            raise NoModelFound(f"A model of {asked.provider or self._default} must be able to do {words}, but none is.")
        return found

    def get_fallback_chain(self, primary: ModelRoute) -> list[ModelRoute]:
        """A route, and behind it the best one of each provider to fall back to that can do what it can do.

        Whether it does so fast, efficiently, or by reasoning does not matter then.
        """
        needed = frozenset(primary.capabilities) - _OPTIMISATIONS
        others = (self._best(one, needed) for one in self._fallbacks if one != primary.provider)
        return [primary, *(one for one in others if one is not None)]

    def get_routes(self) -> list[ModelRoute]:
        """All routes, in the order in which they were added."""
        return list(self._routes)

    def add_route(self, route: ModelRoute | Mapping[str, Any]) -> None:
        """One more route; of equal priority, the one that came first is chosen.

        Raises:
            ValidationError: It has no provider or model, or something else beside.
        """
        self._routes.append(route if isinstance(route, ModelRoute) else read_options(ModelRoute, route, {}, {}))

    def get_model_config(self, route: ModelRoute) -> dict[str, str | None]:
        """Options that a client of the route's model is made with: `provider`, `model` and `apiKey`."""
        return {"provider": route.provider, "model": route.model, "apiKey": self._keys.get(route.provider)}

    selectModel = select_model  # noqa: N815
    getFallbackChain = get_fallback_chain  # noqa: N815
    getRoutes = get_routes  # noqa: N815
    addRoute = add_route  # noqa: N815
    getModelConfig = get_model_config  # noqa: N815

    def _best(self, provider: str, needed: frozenset[str]) -> ModelRoute | None:
        able = [one for one in self._routes if one.provider == provider and needed <= set(one.capabilities)]
        return max(able, key=lambda one: one.priority, default=None)


@dataclass(frozen=True, kw_only=True)
class _Wanted:
    capabilities: Sequence[str] = ()
    provider: str | None = None
    preferred_model: str | None = None

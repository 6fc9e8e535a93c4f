"""Registry of providers: by the name that requests use, made when first asked for, shared by all generations."""

from __future__ import annotations

import difflib
import importlib.util
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, Protocol

from synqc.apps.prompts.request import ModelName
from synqc.errors import InputError, UnknownName
from synqc.llm import OPENAI_URL, Completion, Endpoint, LanguageModels, Provider, Request
from synqc.llm.choice import choose, models_of
from synqc.llm.conversation_loop import load_transport
from synqc.llm.providers.direct import DirectModels
from synqc.llm.providers.openai_batch import BatchJournal, BatchModels
from synqc.llm.proxies import proxy_of

if TYPE_CHECKING:
    from synqc.apps.prompts.settings import PromptsSettings

__all__ = ["Answers", "Providers"]

_GEMINI_URL: Final = "https://generativelanguage.googleapis.com/v1beta/openai"
_FIREWORKS_URL: Final = "https://api.fireworks.ai/inference/v1"
_LOCAL: Final = "local"
_OPENAI: Final = "openai"

_SET_UP_BY: Final = {
    "openai": "OPENAI_API_KEY or OPENAI_BASE_URL", "ollama": "OLLAMA_HOST", "gemini": "GEMINI_KEY",
    "deepseek": "DEEPSEEK_KEY",
}  # fmt: skip
"""Variables that set up a provider that is known by name."""
_Make = Callable[[ModelName], Provider]


class Answers(Protocol):
    """As much of a `Provider` as a generation needs."""

    async def acomplete(self, request: Request, read: Callable[[str], Any], *, repeats: int = 0) -> Completion[Any]:
        """Ask and wait in a coroutine; see `Provider.acomplete`."""
        ...


class Providers:
    """Who answers, by name; each holds its own limit of calls under way.

    Args:
        settings: Which servers there are, and their keys.
        others: Further ones by name, which win over those of the settings; they are not closed here.

    Examples:
        >>> from synqc.apps.prompts.settings import PromptsSettings
        >>> providers = Providers(PromptsSettings(openai_base_url="http://localhost:8000/v1"))
        >>> providers.names, providers.find(ModelName("openai", "phi3")).most_at_once
        (('local', 'openai'), 64)
        >>> providers.find(ModelName("opena1", "phi3"))
        Traceback (most recent call last):
        ...
        synqc.errors.UnknownName: Provider 'opena1' is not set up here: did you mean 'openai'? There are local, openai.
    """

    def __init__(self, settings: PromptsSettings, others: Mapping[str, Answers] | None = None) -> None:
        self._settings = settings
        self._others = dict(others or {})
        self._makes = _makes(settings)
        self._made: dict[tuple[str, str], Provider] = {}
        self._lock = threading.Lock()

    @property
    def names(self) -> tuple[str, ...]:
        """Those that can be asked."""
        return tuple(sorted({*self._makes, *self._others}))

    def check(self, model: ModelName) -> None:
        """Raises InputError unless the model's provider can be asked."""
        if model.provider in self.names:
            return
        there = f"There are {', '.join(self.names)}." if self.names else "There are none."
        if model.provider == _LOCAL:
            raise InputError(
                f"Provider 'local' must not be asked where SYNQC_LOCAL_MODEL is none, but {model} is of it. {there}"
            )
        near = difflib.get_close_matches(model.provider.casefold(), self.names, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        if model.provider in _SET_UP_BY:
            hint = f"set {_SET_UP_BY[model.provider]}. "
        raise UnknownName(f"Provider {model.provider!r} is not set up here: {hint}{there}")

    def find(self, model: ModelName) -> Answers:
        """Who answers for a model; nothing is loaded and nobody asked before the first request.

        Raises:
            UnknownName: There is no such provider.
            InputError: Its address or key cannot be one, the model is not on this machine, or the settings allow none
                in this process.
            MissingExtra: A package is not installed.
        """
        self.check(model)
        # A server has all its models behind one limit; in this process each model is one of its own.
        key = (model.provider, model.model_name if model.provider == _LOCAL else "")
        with self._lock:
            if model.provider in self._others:
                return self._others[model.provider]
            if key not in self._made:
                self._made[key] = self._makes[model.provider](model)
            return self._made[key]

    @property
    def with_batches(self) -> tuple[str, ...]:
        """Those that have a batch interface."""
        return (_OPENAI,) if _OPENAI in self._makes and _OPENAI not in self._others else ()

    def has_batches(self, model: ModelName) -> bool:
        """Whether its provider has a batch interface."""
        return model.provider in self.with_batches

    def batches_of(self, model: ModelName, journal: BatchJournal) -> BatchModels:
        """Who answers for a model by its provider's batch interface; the caller's, for one generation."""
        url, key = _openai_of(self._settings)
        return BatchModels(
            Endpoint(base_url=url, api_key=key), journal,
            gather_s=self._settings.batch_gather_s, poll_s=self._settings.batch_poll_s,
        )  # fmt: skip

    def load(self) -> None:
        """Import what carries calls to servers, where there are some: else a job waits for it."""
        if set(self._makes) - {_LOCAL} and importlib.util.find_spec("openai") is not None:
            load_transport()

    def close(self) -> None:
        """End what is under way with those that were made here, and let go of them."""
        with self._lock:
            made, self._made = self._made, {}
        for one in made.values():
            one.close()


def _makes(settings: PromptsSettings) -> Mapping[str, _Make]:
    def server(url: str, key: str) -> _Make:
        endpoint = Endpoint(
            base_url=url, api_key=key, timeout_s=settings.call_timeout_s, most_at_once=settings.calls_at_once
        )
        kind = DirectModels if proxy_of(endpoint) is None else LanguageModels
        return lambda _: kind(endpoint)

    def chosen(model: ModelName) -> Provider:
        """By the rules that hold for all applications, without the servers that they would prefer."""
        changes: dict[str, object] = {"openai_base_url": None, "openai_api_key": None}
        if model.provider == _LOCAL:
            changes |= {"ollama_host": None, "local_model": model.model_name}
        alone = settings.model_copy(update=changes)
        choice = choose(alone, model=model.model_name)
        if choice.kind not in ("file", "ollama"):
            raise InputError(f"Model {model} cannot be asked: {choice.words}")
        return models_of(choice, alone)

    makes: dict[str, _Make] = {} if (settings.local_model or "").strip() == "none" else {_LOCAL: chosen}
    if settings.openai_api_key or settings.openai_key or settings.openai_base_url:
        makes[_OPENAI] = server(*_openai_of(settings))
    if settings.ollama_host:
        makes["ollama"] = chosen
    if settings.gemini_key:
        makes["gemini"] = server(_GEMINI_URL, settings.gemini_key)
    if settings.deepseek_key:
        makes["deepseek"] = server(_FIREWORKS_URL, settings.deepseek_key)
    return makes


def _openai_of(settings: PromptsSettings) -> tuple[str, str]:
    """Address and key."""
    return settings.openai_base_url or OPENAI_URL, settings.openai_api_key or settings.openai_key or "none"

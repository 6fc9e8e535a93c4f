"""What an enrichment worker opts into: its two classes, with their calls kept."""

from __future__ import annotations

import importlib
import inspect
import logging
import pkgutil
import sys
import threading
from collections.abc import Callable
from typing import Any, ClassVar, Final

from synqc.apps.enrichment.cached_calls import CachedCalls, CachedMethod
from synqc.apps.enrichment.errors import OriginalMissing
from synqc.apps.enrichment.performance_cache import get_cache

__all__ = ["CachedHybridScorer", "CachedPostEnricher", "enable_caching_for_worker"]

_log = logging.getLogger("synqc.enrichment")
_PACKAGE: Final = "src.modules"
_STAGE_1: Final = CachedMethod("emotion_scoring", "stage1_hybrid_score")
_STAGE_2: Final = CachedMethod("post_enrichment", "stage2_enrichment")


class _CachedOriginal:
    """Stands for a worker's class: makes its object once, when it is first used."""

    _class_name: ClassVar[str]
    _module: ClassVar[str]
    _methods: ClassVar[dict[str, CachedMethod]]

    def __init__(self, arguments: dict[str, Any], more: dict[str, Any], secret: str | None = None) -> None:
        self._arguments, self._more, self._secret = arguments, more, secret
        self._lock = threading.Lock()
        self._made: CachedCalls | None = None

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        calls = self._calls()
        found = calls.methods.get(name)
        return getattr(calls.original, name) if found is None else found

    def _first(self, *names: str) -> Callable[..., Any]:
        """The first of these methods that the original has."""
        calls = self._calls()
        for name in names:
            if callable(getattr(calls.original, name, None)):
                return calls.methods[name]
        wanted = " nor ".join(f"`{name}`" for name in names)
        raise AttributeError(f"{type(calls.original).__qualname__} has neither {wanted}.")

    def _calls(self) -> CachedCalls:
        if self._made is None:
            with self._lock:
                if self._made is None:
                    original = _made(_original_class(self._module, self._class_name), self._arguments, self._more)
                    made_with = {**self._arguments, **self._more}
                    if self._secret is not None:
                        made_with = {name: one for name, one in made_with.items() if one != self._secret}
                    self._made = CachedCalls(
                        original, self._methods, get_cache(), made_with=made_with, secret=self._secret
                    )
        return self._made


class CachedHybridScorer(_CachedOriginal):
    """The worker's `HybridScorer`, whose `enrich` and `score` are kept by all of their arguments.

    Args:
        hf_token: Passed on; in keys as a digest.
        ollama_base_url: Passed on if it is given, as the others are if the original takes them.
        more: Further keyword arguments of the original.

    Raises (when it is first used):
        OriginalMissing: No module of `src.modules` has the class.
    """

    _class_name, _module = "HybridScorer", "hybrid_scorer"
    _methods: ClassVar = {"enrich": _STAGE_1, "score": _STAGE_1}

    def __init__(
        self,
        hf_token: str | None = None,
        ollama_base_url: str | None = None,
        use_ollama: bool = True,
        ollama_model: str = "phi3:latest",
        **more: Any,
    ) -> None:
        given = {
            "hf_token": hf_token, "ollama_base_url": ollama_base_url, "use_ollama": use_ollama,
            "ollama_model": ollama_model,
        }  # fmt: skip
        super().__init__(given, more, secret=hf_token)

    def score(self, text: str, method: str = "hybrid") -> Any:
        """The score of a text: by the original's `score`, or by its `enrich` if it has none."""
        call = self._first("score", "enrich")
        return call(text, method=method) if "method" in inspect.signature(call).parameters else call(text)

    def is_available(self) -> bool:
        """What the original says; True if it says nothing."""
        asked = getattr(self._calls().original, "is_available", None)
        return bool(asked()) if callable(asked) else True


class CachedPostEnricher(_CachedOriginal):
    """The worker's `PostEnricher`, whose `enrich` and `run_post_enrichment` are kept by all of their arguments.

    Args:
        ollama_base_url: Passed on if it is given, as the others are if the original takes them.
        more: Further keyword arguments of the original.

    Raises (when it is first used):
        OriginalMissing: No module of `src.modules` has the class.
    """

    _class_name, _module = "PostEnricher", "post_enricher"
    _methods: ClassVar = {"enrich": _STAGE_2, "run_post_enrichment": _STAGE_2}

    def __init__(
        self,
        ollama_base_url: str | None = None,
        ollama_model: str = "phi3:latest",
        temperature: float = 0.8,
        timeout: float = 360,
        **more: Any,
    ) -> None:
        given = {
            "ollama_base_url": ollama_base_url, "ollama_model": ollama_model, "temperature": temperature,
            "timeout": timeout,
        }  # fmt: skip
        super().__init__(given, more)

    def enrich(self, *args: Any, **kwargs: Any) -> Any:
        """By the original's `enrich`, or by its `run_post_enrichment` if it has none."""
        return self._first("enrich", "run_post_enrichment")(*args, **kwargs)


def enable_caching_for_worker() -> dict[str, type[Any]]:
    """The classes a worker binds to the names of its own.

    Nothing is patched: `HybridScorer = enable_caching_for_worker()["HybridScorer"]` is what opts in. The originals are
    looked for in `src.modules` when they are first used.

    Examples:
        >>> sorted(enable_caching_for_worker())
        ['HybridScorer', 'PostEnricher']
    """
    _log.info("[PERF] HybridScorer: enrich and score are kept.")
    _log.info("[PERF] PostEnricher: enrich and run_post_enrichment are kept.")
    return {"HybridScorer": CachedHybridScorer, "PostEnricher": CachedPostEnricher}


def _original_class(module: str, name: str) -> type[Any]:
    """A class of the worker's package: of the module with its name, or of the first that defines it."""
    try:
        package = importlib.import_module(_PACKAGE)
    except ImportError as error:
        raise OriginalMissing(f"`{name}` must be in {_PACKAGE}, which cannot be imported: {error}.") from error
    names = [module, *sorted(one.name for one in pkgutil.iter_modules(package.__path__) if one.name != module)]
    for one in names:
        try:
            found = getattr(sys.modules.get(f"{_PACKAGE}.{one}") or importlib.import_module(f"{_PACKAGE}.{one}"), name)
        except (ImportError, AttributeError):
            continue
        if isinstance(found, type) and not issubclass(found, _CachedOriginal):
            return found
    raise OriginalMissing(f"`{name}` must be a class of a module of {_PACKAGE}, but none has it.")


def _made(kind: type[Any], arguments: dict[str, Any], more: dict[str, Any]) -> Any:
    """An object of the worker's class, given those of the arguments that it takes.

    What it demands under a name that is none of ours is the token, which comes first.
    """
    parameters = inspect.signature(kind).parameters
    takes_any = any(one.kind is one.VAR_KEYWORD for one in parameters.values())
    given = {
        name: value
        for name, value in arguments.items()
        if (name in parameters or takes_any)
        and (value is not None or (name in parameters and parameters[name].default is inspect.Parameter.empty))
    }
    demanded = [
        name
        for name, one in parameters.items()
        if one.default is one.empty and one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)
    ]
    first = demanded[0] if demanded else None
    if first is not None and first not in given and first not in more and "hf_token" in arguments:
        return kind(arguments["hf_token"], **given, **more)
    return kind(**given, **more)

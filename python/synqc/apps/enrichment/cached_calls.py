"""Proxy of an object whose named methods remember what they returned, by all of their arguments."""

from __future__ import annotations

import functools
import hashlib
import inspect
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from synqc.apps.enrichment.performance_cache import PerformanceCache
from synqc.apps.enrichment.performance_metrics import timer

__all__ = ["CachedCalls", "CachedMethod"]

_log = logging.getLogger("synqc.enrichment")


@dataclass(frozen=True)
class CachedMethod:
    """How the calls of a method are kept.

    Args:
        cache_type: Names lifetime and statistics.
        operation: Under which its time is recorded.
    """

    cache_type: str
    operation: str


class CachedCalls:
    """Keeps what an object's methods return; everything else is the object's own.

    The key is made of the class, what the object was made with, the method and all arguments, defaults filled in; a
    secret it was made with is in it as a digest. A call whose arguments have no JSON text, or whose result
    JSON would not give back as it was, goes uncached, which is said once. What is None, empty, or a dict that names an
    "error" is not kept. Coroutine functions are awaited and kept alike.

    Args:
        original: The object.
        methods: Those that are kept, by name; the ones it does not have are left out.
        cache: Where.
        made_with: Arguments of the object's constructor.
        secret: A part of that which nobody may read.
    """

    def __init__(
        self,
        original: Any,
        methods: Mapping[str, CachedMethod],
        cache: PerformanceCache,
        *,
        made_with: Mapping[str, Any] | None = None,
        secret: str | None = None,
    ) -> None:
        kind = type(original)
        self.original = original
        self._cache = cache
        self._about = {"class": f"{kind.__module__}.{kind.__qualname__}", "made_with": dict(made_with or {})}
        self._namespace = "" if secret is None else hashlib.sha256(b"enrichment\0" + secret.encode()).hexdigest()[:32]
        self.methods = {
            name: self._remembering(name, getattr(original, name), how)
            for name, how in methods.items()
            if callable(getattr(original, name, None))
        }
        if not self.methods:
            _log.warning(
                "%s has none of %s: nothing of it can be kept.", self._about["class"], ", ".join(sorted(methods))
            )
        elif not cache.enabled:
            _log.info("The cache is switched off: %s is called each time.", self._about["class"])

    def _remembering(self, name: str, method: Callable[..., Any], how: CachedMethod) -> Callable[..., Any]:
        try:
            signature = inspect.signature(method)
        except (TypeError, ValueError):
            signature = None

        def content_of(args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any] | None:
            """What is asked; None: the arguments do not fit, which the method itself will say."""
            if signature is None:
                return {**self._about, "method": name, "args": list(args), "kwargs": kwargs}
            try:
                bound = signature.bind(*args, **kwargs)
            except TypeError:
                return None
            bound.apply_defaults()
            return {**self._about, "method": name, "arguments": dict(bound.arguments)}

        options: dict[str, Any] = {"cache_type": how.cache_type, "namespace": self._namespace, "keep": _is_answer}
        if inspect.iscoroutinefunction(method):

            @functools.wraps(method)
            async def acall(*args: Any, **kwargs: Any) -> Any:
                with timer(how.operation):
                    content = content_of(args, kwargs) if self._cache.enabled else None
                    if content is None:
                        return await method(*args, **kwargs)
                    return await self._cache.aget_or_compute(content, lambda: method(*args, **kwargs), **options)

            return acall

        @functools.wraps(method)
        def call(*args: Any, **kwargs: Any) -> Any:
            with timer(how.operation):
                content = content_of(args, kwargs) if self._cache.enabled else None
                if content is None:
                    return method(*args, **kwargs)
                return self._cache.get_or_compute(content, lambda: method(*args, **kwargs), **options)

        return call


def _is_answer(value: Any) -> bool:
    if isinstance(value, dict) and value.get("error"):
        return False
    return not (value is None or (isinstance(value, (str, bytes, list, dict)) and not value))

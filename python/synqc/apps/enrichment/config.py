"""`perf_config.json`: where it is, what it says, and what of it says nothing."""

from __future__ import annotations

import difflib
import json
import logging
import math
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from synqc.apps.enrichment.settings import EnrichmentSettings
from synqc.environment import Environment

__all__ = ["DEFAULT_TTL_S", "PerfConfig", "load_config"]

_log = logging.getLogger("synqc.enrichment")
_NAME: Final = Path("config") / "perf_config.json"
DEFAULT_TTL_S: Final = 2_592_000
"""Of every type that has none of its own: 30 days."""


@dataclass(frozen=True)
class PerfConfig:
    """What the drop-ins do, as `perf_config.json` and the environment say; the defaults are those of the file.

    Args:
        path: The file that was read; None: there is none.
        max_new_tokens_stage1: Most tokens of answers, by the kind of question.
        temperature_stage1: Temperature of the model, by the kind of question.
        num_threads: Threads of the model's server.
        num_ctx: Window of the model, tokens; one value for all calls, since another makes a server load it anew.
        cache_enabled: Whether anything is kept.
        cache_dir: Absolute; a relative one of the file is beside its folder `config`.
        cache_max_bytes: Bound on the weight of what is kept.
        ttl_s: Seconds that values of a type live.
        max_concurrent_requests: Most requests of the asynchronous client under way at once.
        per_host_limit: Most of these to one host.
        timeout_connect_s: A connection must be made by then.
        timeout_read_s: A server must not be silent for so long.
        retry_attempts: How often a request is sent in all.
        retry_backoff_ms: Longest pauses before the second, third, ... attempt.
        keep_alive: How long a server keeps the model after an answer.
        num_parallel: Sent as the contract says; servers of today read it from their own environment.
    """

    path: Path | None = None
    max_new_tokens_stage1: int = 120
    max_new_tokens_stage2: int = 160
    vision_max_tokens: int = 150
    temperature_stage1: float = 0.3
    temperature_stage2: float = 0.7
    num_threads: int = 6
    num_ctx: int = 2048
    cache_enabled: bool = True
    cache_dir: Path = field(default_factory=lambda: Path("cache").absolute())
    cache_max_bytes: int = 512 << 20
    ttl_s: Mapping[str, float] = field(
        default_factory=lambda: MappingProxyType({"song_recommendations": 86_400.0}), hash=False
    )
    max_concurrent_requests: int = 16
    per_host_limit: int = 6
    timeout_connect_s: float = 10.0
    timeout_read_s: float = 180.0
    retry_attempts: int = 3
    retry_backoff_ms: tuple[float, ...] = (100.0, 300.0, 900.0)
    ollama_url: str = "http://localhost:11434"
    text_model: str = "phi3:latest"
    keep_alive: str | float = "30m"
    num_parallel: int = 2

    def ttl_of(self, cache_type: str) -> float:
        """Seconds that a value of a type lives unless said otherwise.

        >>> PerfConfig().ttl_of("song_recommendations"), PerfConfig().ttl_of("emotion_scoring")
        (86400.0, 2592000)
        """
        return self.ttl_s.get(cache_type, DEFAULT_TTL_S)

    def answer_limits(self, cache_type: str) -> tuple[float, int]:
        """Temperature and most tokens of an answer of a type.

        >>> PerfConfig().answer_limits("text_inference"), PerfConfig().answer_limits("stage2_enrichment")
        ((0.3, 120), (0.7, 160))
        """
        if cache_type in ("post_enrichment", "stage2_enrichment"):
            return self.temperature_stage2, self.max_new_tokens_stage2
        if cache_type == "vision_inference":
            return self.temperature_stage1, self.vision_max_tokens
        return self.temperature_stage1, self.max_new_tokens_stage1


@dataclass(frozen=True)
class _Key:
    """A key of the file: the field it sets and what its value must be, or why it does nothing."""

    field: str = ""
    check: Callable[[Any], bool] = lambda value: True
    must_be: str = ""
    default: Any = None
    inert: str = ""


def _number(least: float, *, whole: bool = False) -> Callable[[Any], bool]:
    kinds = (int,) if whole else (int, float)
    return lambda value: (
        isinstance(value, kinds) and not isinstance(value, bool) and math.isfinite(value) and value >= least
    )


def _count(name: str) -> _Key:
    return _Key(name, _number(1, whole=True), "a whole number from 1")


def _seconds(name: str) -> _Key:
    return _Key(name, lambda value: _number(0)(value) and value > 0, "a number of seconds above 0")


def _temperature(name: str) -> _Key:
    return _Key(name, _number(0), "a number from 0")


def _text(name: str) -> _Key:
    return _Key(name, lambda value: isinstance(value, str) and value != "", "a text")


def _is_backoff(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(_number(0)(one) for one in value)


_WORKERS: Final = "the workers are programs of their own and read it themselves"
_KEYS: Final[dict[str, dict[str, _Key]]] = {
    "inference": {
        "text_max_new_tokens_stage1": _count("max_new_tokens_stage1"),
        "text_max_new_tokens_stage2": _count("max_new_tokens_stage2"),
        "vision_max_tokens": _count("vision_max_tokens"),
        "temperature_stage1": _temperature("temperature_stage1"),
        "temperature_stage2": _temperature("temperature_stage2"),
        "num_threads": _count("num_threads"),
        "num_ctx": _count("num_ctx"),
        # Names that the companion paper prints for the same.
        "num_predict_short": _count("max_new_tokens_stage1"),
        "num_predict_long": _count("max_new_tokens_stage2"),
        "temperature": _temperature("temperature_stage1"),
        "keep_alive": _Key("keep_alive", lambda value: isinstance(value, (str, int)), "a text such as 30m"),
    },
    "caching": {
        "enabled": _Key("cache_enabled", lambda value: isinstance(value, bool), "true or false"),
        "cache_dir": _text("cache_dir"),
        "max_bytes": _count("cache_max_bytes"),
    },
    "networking": {
        "max_concurrent_requests": _count("max_concurrent_requests"),
        "per_host_limit": _count("per_host_limit"),
        "timeout_connect": _seconds("timeout_connect_s"),
        "timeout_read": _seconds("timeout_read_s"),
        "retry_attempts": _count("retry_attempts"),
        "retry_backoff_ms": _Key("retry_backoff_ms", _is_backoff, "a list of milliseconds from 0"),
    },
    "workers": {
        "image_worker_poll_ms": _Key(inert=_WORKERS, default=500),
        "enrichment_worker_poll_ms": _Key(inert=_WORKERS, default=500),
        "song_worker_concurrency": _Key(inert=_WORKERS, default=4),
    },
    "ollama": {
        "base_url": _text("ollama_url"),
        "text_model": _text("text_model"),
        "vision_model": _Key(inert="no drop-in asks a model of pictures", default="llava:latest"),
        "keep_alive": _Key("keep_alive", lambda value: isinstance(value, (str, int)), "a text such as 30m"),
        "num_parallel": _count("num_parallel"),
    },
}
_TTL_ALIASES: Final = {"default_ttl": "text_inference", "ttl_api": "song_recommendations"}
_is_ttl = _number(0)


def load_config(settings: EnrichmentSettings | None = None) -> PerfConfig:
    """What the file and the environment say.

    The file is read anew at each call. What it says wrongly, what nobody knows and what does nothing is said in the
    log "synqc.enrichment", once for a file as it is, and the default stands in for it. A missing file is none.

    Args:
        settings: None: those of the process's environment.

    Examples:
        >>> load_config(EnrichmentSettings(config="/nowhere/perf_config.json")).per_host_limit
        6
    """
    if settings is None:
        environment = Environment(told=_told_of_environment)
        environment.name_unknown_variables([EnrichmentSettings], apart="SYNQC_ENRICHMENT_", page="docs/enrichment.md")
        settings = EnrichmentSettings.from_environment(environment)
    path = settings.config or next(_candidates(), None)
    config = PerfConfig()
    if path is not None:
        config = _read(path)
    given: dict[str, Any] = {
        "cache_dir": settings.cache_dir,
        "cache_enabled": None if settings.cache_enabled is None else settings.cache_enabled == "1",
        "cache_max_bytes": settings.cache_max_bytes,
        "ollama_url": settings.ollama_url,
        "text_model": settings.text_model,
        "max_concurrent_requests": settings.max_concurrent_requests,
        "per_host_limit": settings.per_host_limit,
    }
    return replace(config, **{name: value for name, value in given.items() if value is not None})


def _candidates() -> Iterator[Path]:
    """Files there are: beside a folder that modules come from, then in the working folder and those above it."""
    here = Path.cwd()
    for folder in (*map(Path, sys.path), here, *here.parents):
        path = folder.absolute() / _NAME
        if os.path.isfile(path):  # which, unlike `path.is_file()`, says False of what may not be looked at
            yield path


def _read(path: Path) -> PerfConfig:
    path = path.absolute()
    try:
        text = path.read_text("utf-8")
        document = json.loads(text)
        if not isinstance(document, dict):
            raise ValueError("it is no JSON object")
    except FileNotFoundError:
        return PerfConfig()
    except (OSError, ValueError) as error:
        _warn(path, "", "%s cannot be used, so that the defaults are: %s.", path, error)
        return PerfConfig()
    values: dict[str, Any] = {}
    ttl_s: dict[str, float] = dict(PerfConfig().ttl_s)
    for section, members in document.items():
        if section == "_comment":
            continue
        if section not in _KEYS or not isinstance(members, dict):
            near = "must be an object" if section in _KEYS else f"is not known{_near(section, _KEYS)}"
            _warn(path, text, "%s: `%s` %s; it does nothing.", path, section, near)
            continue
        for name, value in members.items():
            if section == "caching" and (name.startswith("ttl_") or name in _TTL_ALIASES):
                kind = _TTL_ALIASES.get(name) or name.removeprefix("ttl_")
                if _is_ttl(value):
                    ttl_s[kind] = float(value)
                else:
                    _warn(path, text, "%s: `caching.%s` must be seconds from 0, but is %r; the default is used.",
                          path, name, value)  # fmt: skip
                continue
            _take(path, text, section, name, value, values)
    if "cache_dir" in values:
        values["cache_dir"] = Path(os.path.abspath(path.parent.parent / Path(values["cache_dir"]).expanduser()))
    else:
        values["cache_dir"] = path.parent.parent / "cache"
    if "retry_backoff_ms" in values:
        values["retry_backoff_ms"] = tuple(map(float, values["retry_backoff_ms"]))
    return PerfConfig(path=path, ttl_s=MappingProxyType(ttl_s), **values)


def _take(path: Path, text: str, section: str, name: str, value: Any, values: dict[str, Any]) -> None:
    key = _KEYS[section].get(name)
    if key is None:
        if name != "_comment":
            near = _near(name, _KEYS[section])
            _warn(path, text, "%s: `%s.%s` is not known%s; it does nothing.", path, section, name, near)
    elif key.inert:
        if value != key.default:
            _warn(path, text, "%s: `%s.%s` does nothing here: %s.", path, section, name, key.inert)
    elif not key.check(value):
        _warn(path, text, "%s: `%s.%s` must be %s, but is %r; the default is used.",
              path, section, name, key.must_be, value)  # fmt: skip
    else:
        values[key.field] = value


def _near(name: str, known: Mapping[str, Any]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f": did you mean `{near[0]}`?" if near else ""


_told: set[tuple[str, str, str]] = set()
_told_of_environment: set[str] = set()


def _warn(path: Path, text: str, words: str, *arguments: object) -> None:
    line = words % arguments
    if (str(path), text, line) not in _told:
        _told.add((str(path), text, line))
        _log.warning("%s", line)

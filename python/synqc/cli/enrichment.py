"""`synqc enrichment`: what the workers' cache holds, and what their metrics say."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from synqc.cli.tables import json_text
from synqc.errors import MissingExtra

if TYPE_CHECKING:
    from synqc.apps.enrichment.config import PerfConfig

__all__ = ["add_command"]


def add_command(commands: Any) -> None:
    """Declare it and its own commands."""
    enrichment = commands.add_parser(
        "enrichment",
        description="The cache and the metrics of the workers that config/perf_config.json and SYNQC_ENRICHMENT_CONFIG "
        "name; they may be running.",
        allow_abbrev=False,
    )
    acts = enrichment.add_subparsers(title="commands", metavar="COMMAND", dest="enrichment_command", required=True)
    _add(acts, "stats", _stats, "performance of all processes, and the cache, as one JSON document")
    _add(acts, "cache", _cache, "what the cache holds, as a JSON document")
    _add(acts, "clear-expired", _clear_expired, "remove what expired")
    _add(acts, "clear", _clear, "forget everything")
    _add(acts, "config", _config, "the settings in use, as a JSON document")


def _add(acts: Any, name: str, act: Callable[[PerfConfig], str], words: str) -> None:
    parser = acts.add_parser(name, help=words, description=f"{words[0].upper()}{words[1:]}.", allow_abbrev=False)
    parser.set_defaults(act=lambda arguments: _with_config(act, arguments))


def _with_config(act: Callable[[PerfConfig], str], arguments: argparse.Namespace) -> bool:
    try:
        from synqc.apps.enrichment.config import load_config
    except ImportError as error:
        raise MissingExtra(f"Enrichment needs more packages ({error.name}): pip install 'synqc[enrichment]'.") from None
    sys.stdout.write(act(load_config()) + "\n")
    return False


def _stats(config: PerfConfig) -> str:
    from synqc.apps.enrichment.report import folder_payload

    return json_text(folder_payload(config))


def _cache(config: PerfConfig) -> str:
    from synqc.apps.enrichment.report import existing_cache

    with existing_cache(config) as cache:
        return json_text(cache.get_stats())


def _clear_expired(config: PerfConfig) -> str:
    from synqc.apps.enrichment.report import existing_cache, refuse_trouble

    with existing_cache(config) as cache:
        removed = cache.clear_expired() or 0
        refuse_trouble(cache)
        return f"{removed} expired entries removed."


def _clear(config: PerfConfig) -> str:
    from synqc.apps.enrichment.report import existing_cache, refuse_trouble

    with existing_cache(config) as cache:
        entries = cache.get_stats().get("total_entries", 0)
        cache.clear_all()
        refuse_trouble(cache)
        return f"{entries} entries removed."


def _config(config: PerfConfig) -> str:
    shown = {**vars(config), "ttl_s": dict(config.ttl_s), "cache_dir": str(config.cache_dir)}
    return json_text({**shown, "path": None if config.path is None else str(config.path)})

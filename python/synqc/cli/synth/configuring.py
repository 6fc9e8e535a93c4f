"""`synqc synth config`, `validate` and `init`."""

from __future__ import annotations

import argparse
import json
import sys

from synqc.cli.outputs import check_outputs, note
from synqc.cli.synth.configuration_file import opened_synth, read_configuration
from synqc.errors import InputError

__all__ = ["init", "show", "validate"]

_PROVIDERS = ("gemini", "openrouter", "openai", "ollama", "local")


def show(arguments: argparse.Namespace) -> bool:
    """Print the configuration as JSON."""
    with opened_synth(read_configuration(arguments.config)) as synth:
        sys.stdout.write(json.dumps(synth.get_config(), indent=2, default=str) + "\n")
        if arguments.test:
            note(f"A request would be asked of {', '.join(synth.models_asked())}.")
    return False


def validate(arguments: argparse.Namespace) -> bool:
    """Refuse what is no configuration."""
    read_configuration(arguments.config)
    sys.stdout.write(f"{arguments.config or 'The configuration'} can be used.\n")
    return False


def init(arguments: argparse.Namespace) -> bool:
    """Write a configuration."""
    if arguments.provider not in _PROVIDERS:
        raise InputError(
            f"Argument `--provider` must be one of {', '.join(_PROVIDERS)}, but is {arguments.provider!r}."
        )
    check_outputs(arguments.output, plot=None)
    if arguments.output.exists() and not arguments.force:
        raise InputError(f"{arguments.output} is there already: give --force to write over it.")
    document = {
        "provider": arguments.provider, "cacheStrategy": "memory", "cacheTTL": 3_600_000, "cacheSize": 1000,
        "maxConcurrency": 100, "maxRetries": 3, "timeout": 30_000,
    }  # fmt: skip
    arguments.output.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    note(f"Written: {arguments.output}. Keys stay in the environment.")
    return False

"""`synqc synth doctor`: who can be asked here; no key is ever printed, not even its beginning."""

from __future__ import annotations

import argparse
import os
import sys

from synqc.cli.synth.configuration_file import opened_synth, read_configuration
from synqc.cli.tables import table
from synqc.errors import SynqcError

__all__ = ["check_up"]

_VARIABLES = (
    "GEMINI_API_KEY", "OPENROUTER_API_KEY", "OPENAI_API_KEY", "OPENAI_BASE_URL", "OLLAMA_HOST", "SYNQC_LOCAL_MODEL",
    "SYNQC_SYNTH_MODEL",
)  # fmt: skip


def check_up(arguments: argparse.Namespace) -> bool:
    """Print what was found."""
    rows = []
    try:
        configuration = read_configuration(arguments.config)
        rows.append(["configuration", "ok", str(arguments.config or "as usual")])
        with opened_synth(configuration) as synth:
            rows.append(["models", "ok", ", ".join(synth.models_asked())])
    except SynqcError as error:
        rows.append(["models" if rows else "configuration", "trouble", str(error)])
    if arguments.verbose:
        rows += [[name, "set" if os.environ.get(name) else "not set", ""] for name in _VARIABLES]
    sys.stdout.write(table(["what", "state", "words"], rows) + "\n")
    return False

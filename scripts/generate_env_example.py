"""Write deploy/.env.example from the settings: every variable with its words, switched off where it has a default.

python scripts/generate_env_example.py
"""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

__all__ = ["example_text"]

_FILE = Path(__file__).parents[1] / "deploy" / ".env.example"
_HEAD = """\
# Settings of the service. Copy to .env beside it, readable by its user alone, and take away the # of what you set.
# Made from the settings by scripts/generate_env_example.py; `synqc doctor` shows what a process uses.
"""
_TITLES = {
    "ServiceSettings": "The service", "TdsSettings": "Sessions and runs", "PromptsSettings": "Synthetic prompts",
    "FirSettings": "First Information Reports", "SynthSettings": "Synthetic data", "EnrichmentSettings": "Enrichment",
}  # fmt: skip


def example_text() -> str:
    """The file."""
    from synqc.service.applications import settings_classes

    told: set[str] = set()
    parts = [_HEAD]
    for one in settings_classes():
        lines = []
        for field_name, variable in one.variables().items():
            if variable.name in told:
                continue
            told.add(variable.name)
            field = one.model_fields[field_name]
            words = " ".join((field.description or "").split())
            lines += [f"# {line}" for line in textwrap.wrap(words, 118, break_on_hyphens=False)]
            lines.append(f"#{variable.name}={_shown(field.default)}")
        if lines:
            parts.append(f"\n# --- {_TITLES.get(one.__name__, one.__name__)} ---\n" + "\n".join(lines) + "\n")
    return "".join(parts)


def _shown(value: Any) -> str:
    """A default as a variable has it; nothing where it follows from the machine."""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    if isinstance(value, (str, int, float)):
        return str(value)
    return ""


if __name__ == "__main__":
    _FILE.write_text(example_text(), encoding="utf-8")

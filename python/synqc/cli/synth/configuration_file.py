"""Configuration files of `synqc synth`: JSON or YAML with the options of AgenticSynth."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from synqc.errors import InputError, MissingExtra

if TYPE_CHECKING:
    from synqc.apps.synth.agentic_synth import AgenticSynth
    from synqc.apps.synth.configuration import SynthConfiguration

__all__ = ["USUAL_FILE", "opened_synth", "read_configuration", "read_document", "read_text"]

USUAL_FILE = Path(".agentic-synth.json")


def read_text(path: Path) -> str:
    """The text of a file, without the mark of its order of bytes that some programs begin one with.

    Raises:
        InputError: It is no UTF-8.
    """
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path} must be a text in UTF-8, but is not at byte {error.start}.") from None


def read_document(path: Path) -> Any:
    """What a file of JSON or YAML holds.

    Raises:
        InputError: It is not JSON, not YAML, or no UTF-8.
        MissingExtra: It is YAML, and `pyyaml` is not installed.
    """
    text = read_text(path)
    if path.suffix.lower() in (".yaml", ".yml"):
        try:
            import yaml
        except ImportError:
            raise MissingExtra("YAML needs the package `pyyaml`: pip install 'synqc[synth]'.") from None
        try:
            return yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise InputError(f"{path} must be YAML, but is not: {' '.join(str(error).split())[:200]}") from None
    try:
        return json.loads(text)
    except ValueError as error:
        raise InputError(f"{path} must be JSON, but is not: {error}") from None


def read_configuration(path: Path | None, **options: Any) -> SynthConfiguration:
    """The configuration of a file, or of the usual one where there is one, with options of the command line.

    Raises:
        InputError: It is none.
    """
    from synqc.apps.synth.configuration import SynthConfiguration

    given = {name: value for name, value in options.items() if value is not None}
    if path is None and USUAL_FILE.is_file():
        path = USUAL_FILE
    document = {} if path is None else read_document(path)
    if not isinstance(document, dict):
        raise InputError(f"{path} must be a mapping of options, but is {type(document).__name__}.")
    configuration = SynthConfiguration.of(document)
    return configuration.changed(given) if given else configuration


def opened_synth(configuration: SynthConfiguration) -> AgenticSynth:
    """An AgenticSynth with keys and servers of the environment.

    Raises:
        MissingExtra: A package is not installed.
    """
    try:
        from synqc.apps.synth.agentic_synth import AgenticSynth
    except ImportError as error:
        raise MissingExtra(f"Synthetic data need {error.name}: pip install 'synqc[synth]'.") from None
    return AgenticSynth(configuration)

"""Settings of models in this process."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

from annotated_types import Interval

from synqc.environment import EnvironmentSettings, Variable

__all__ = ["LocalModelSettings"]


def _default_directory() -> Path:
    return (Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "synqc" / "models").expanduser().absolute()


class LocalModelSettings(EnvironmentSettings):
    """Inherited by the settings of each application that may answer with a model of its own.

    Examples:
        >>> LocalModelSettings.from_environment({"SYNQC_LOCAL_SLOTS": "99"}).local_slots
        16
    """

    local_model: Annotated[str | None, Variable("SYNQC_LOCAL_MODEL")] = None
    """Path of a GGUF file, or a name of `synqc models list`; "none": no model in this process."""
    models_dir: Annotated[Path, Variable("SYNQC_MODELS_DIR")] = _default_directory()
    """Where `synqc models get` puts models; default: synqc/models in the user's cache."""
    local_slots: Annotated[int, Variable("SYNQC_LOCAL_SLOTS"), Interval(ge=1, le=16)] = 2
    """Conversations that a local model is in the middle of at a time; others wait."""
    local_context_tokens: Annotated[int, Variable("SYNQC_LOCAL_CONTEXT"), Interval(ge=256, le=131_072)] = 4096
    """Tokens of one conversation, its answer included; each costs memory, see `synqc models list`."""
    local_threads: Annotated[int, Variable("SYNQC_LOCAL_THREADS"), Interval(ge=0, le=256)] = 0
    """Threads of a local model; 0: as many as this process has processors."""
    local_idle_s: Annotated[float, Variable("SYNQC_LOCAL_IDLE_SEC"), Interval(ge=1.0, le=86_400.0)] = 300.0
    """A local model that nobody asked for so long gives its memory back, s."""

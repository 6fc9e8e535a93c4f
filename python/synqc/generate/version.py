"""Version of the generators: it changes whenever a configuration and seed would give other values."""

from __future__ import annotations

from typing import Final

from synqc import _core

__all__ = ["GENERATOR_VERSION"]

GENERATOR_VERSION: Final[int] = _core.generator_version

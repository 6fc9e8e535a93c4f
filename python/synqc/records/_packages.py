"""Packages that layouts need and the rest of the package does not."""

from __future__ import annotations

import importlib
from typing import Any

from synqc.errors import MissingExtra

__all__ = ["package"]


def package(name: str) -> Any:
    """A module by name.

    Raises:
        MissingExtra: It is not installed.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise MissingExtra(f"This layout needs the package `{name}`: pip install 'synqc[records]'.") from error

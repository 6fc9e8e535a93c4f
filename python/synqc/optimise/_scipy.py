"""SciPy, which optimisation needs and the rest of the package does not."""

from __future__ import annotations

import importlib
from typing import Any

from synqc.errors import MissingExtra

__all__ = ["interpolate", "minimiser", "signal"]


def _part(name: str) -> Any:
    try:
        return importlib.import_module(f"scipy.{name}")
    except ImportError as error:
        raise MissingExtra("synqc.optimise needs the package `scipy`: pip install 'synqc[optimise]'.") from error


def minimiser() -> Any:
    """scipy.optimize."""
    return _part("optimize")


def interpolate() -> Any:
    """scipy.interpolate."""
    return _part("interpolate")


def signal() -> Any:
    """scipy.signal."""
    return _part("signal")

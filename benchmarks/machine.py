"""On what the figures were measured."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from pathlib import Path
from typing import Any

from synqc import _core

__all__ = ["machine", "usable_threads"]

_PACKAGES = ("synqc", "numpy", "scipy", "qutip", "dynamiqs", "jax", "jaxlib")


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.machine())


def _version_of(package: str) -> str | None:
    from synqc import __version__

    if package == "synqc":
        return __version__
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def usable_threads() -> int:
    """Processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def machine() -> dict[str, Any]:
    """Processor, instruction-set level, threads, load and versions.

    Examples:
        >>> machine()["threads"] >= 1
        True
    """
    return {
        "processor": _processor(),
        "simd_level": str(_core.build_info()["simd_level"]),
        "threads": usable_threads(),
        "load": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "system": platform.platform(),
        "python": platform.python_version(),
        "versions": {name: _version_of(name) for name in _PACKAGES},
    }

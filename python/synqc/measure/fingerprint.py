"""On what something was measured, and whether two such places may be compared."""

from __future__ import annotations

import functools
import importlib.metadata
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from synqc import _core
from synqc._version import __version__

__all__ = ["Fingerprint", "fingerprint", "machine", "processor", "usable_threads"]


@dataclass(frozen=True)
class Fingerprint:
    """What must be the same for times of two moments to be comparable.

    Args:
        processor: Its model.
        simd_level: Instruction-set level that the core chose.
        threads: Processors this process may use.
        system: Operating system with its release's first two numbers.
        python: Implementation and version with two numbers.
    """

    processor: str
    simd_level: str
    threads: int
    system: str
    python: str

    def differences(self, other: Fingerprint) -> list[str]:
        """One sentence part for each thing that differs.

        Examples:
            >>> here = fingerprint()
            >>> here.differences(here)
            []
        """
        mine, others = asdict(self), asdict(other)
        return [f"{name} is {mine[name]}, was {others[name]}" for name in mine if mine[name] != others[name]]


def fingerprint() -> Fingerprint:
    """That of this process on this machine."""
    release = ".".join(platform.release().split(".")[:2])
    return Fingerprint(
        processor=processor(),
        simd_level=str(_core.build_info()["simd_level"]),
        threads=usable_threads(),
        system=f"{platform.system()} {release}",
        python=f"{platform.python_implementation()} {'.'.join(platform.python_version_tuple()[:2])}",
    )


@functools.cache
def processor() -> str:
    """The processor's model; its architecture where the system does not tell."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.machine())


def usable_threads() -> int:
    """Processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _version_of(package: str) -> str | None:
    if package == "synqc":
        return __version__
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def machine(packages: Sequence[str] = ("synqc", "numpy")) -> dict[str, Any]:
    """Processor, instruction-set level, threads, load and versions, to be shown beside figures.

    Examples:
        >>> machine()["threads"] >= 1
        True
    """
    return {
        "processor": processor(),
        "simd_level": str(_core.build_info()["simd_level"]),
        "threads": usable_threads(),
        "load": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "system": platform.platform(),
        "python": platform.python_version(),
        "versions": {name: _version_of(name) for name in packages},
    }

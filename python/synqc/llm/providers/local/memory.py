"""Memory: what a model will take, told from its file's head before anything is loaded, and what the process has."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from synqc.llm.providers.local.gguf import head_of

__all__ = ["MemoryEstimate", "available_bytes", "memory_of", "resident_mb"]

_OVER_THE_FILE: Final = 1.75
"""Weights are resident as mapped and once more as repacked for the processor; measured 1.6 to 1.8 for Q4_K_M."""
_HALF: Final = 2
"""Bytes of a number that is remembered of a token."""
_OF_ITS_OWN: Final = 96 << 20
"""Code, buffers of a batch, tokens."""
_MEMINFO: Final = Path("/proc/meminfo")
_GROUP: Final = Path("/sys/fs/cgroup")


@dataclass(frozen=True)
class MemoryEstimate:
    """Memory of one model.

    Args:
        weights_bytes: For what it has learnt.
        context_bytes: For the conversations it is in the middle of.
        trained_context: Most tokens it was trained to read.
    """

    weights_bytes: int
    context_bytes: int
    trained_context: int

    @property
    def bytes(self) -> int:
        """In all."""
        return self.weights_bytes + self.context_bytes + _OF_ITS_OWN


def memory_of(path: Path, *, tokens: int) -> MemoryEstimate:
    """An estimate, right to about a third.

    Args:
        path: A GGUF file.
        tokens: Tokens of all conversations at once.

    Raises:
        InputError: It is no GGUF file that is understood.
    """
    head = head_of(path)
    kind = head.get("general.architecture", "")

    def said(name: str, otherwise: int) -> int:
        value = head.get(f"{kind}.{name}", otherwise)
        return value if isinstance(value, int) else otherwise

    width, heads = said("embedding_length", 4096), max(1, said("attention.head_count", 32))
    key_heads = said("attention.head_count_kv", heads)
    per_token = 2 * _HALF * said("block_count", 32) * key_heads * said("attention.key_length", width // heads)
    return MemoryEstimate(
        int(_OVER_THE_FILE * path.stat().st_size), tokens * per_token, said("context_length", 4096)
    )  # fmt: skip


def available_bytes() -> int | None:
    """What this process may still take: of the machine, and of its control group where it has a limit; None where
    neither says."""
    found = []
    try:
        for line in _MEMINFO.read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                found.append(int(line.split()[1]) << 10)
        most = (_GROUP / "memory.max").read_text(encoding="ascii").strip()
        if most != "max":
            found.append(int(most) - int((_GROUP / "memory.current").read_text(encoding="ascii")))
    except (OSError, ValueError):
        pass
    return max(0, min(found)) if found else None


def resident_mb() -> float:
    """Resident memory of this process, in MB.

    Raises:
        OSError: The system does not tell (it has no /proc).
    """
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

"""Readings of memory: what the system, the allocator and Python say a process holds."""

from __future__ import annotations

import ctypes
import functools
import gc
import os
import resource
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from synqc.errors import InputError
from synqc.measure.errors import MeasuredNothing

__all__ = ["Readings", "memory_of_process", "own_memory", "peak_resident_bytes", "resident_bytes"]

Readings = Callable[[], Mapping[str, float]]
"""What is held now, by the name of who says so, in bytes unless the name says otherwise."""

_PAGE: Final = os.sysconf("SC_PAGE_SIZE")


def resident_bytes(pid: int | None = None) -> int:
    """Bytes of a process that lie in memory; of this one by default.

    Raises:
        MeasuredNothing: There is no such process, or the system does not tell.

    Examples:
        >>> resident_bytes() > 1_000_000
        True
    """
    place = Path(f"/proc/{'self' if pid is None else pid}/statm")
    try:
        return int(place.read_text(encoding="ascii").split()[1]) * _PAGE
    except (OSError, IndexError, ValueError) as error:
        raise MeasuredNothing(f"Memory of process {pid or os.getpid()} cannot be read from {place}.") from error


def peak_resident_bytes() -> int:
    """Most bytes of this process that ever lay in memory, since its program began.

    Where the system has no `/proc`, `getrusage` answers, whose `ru_maxrss` also remembers the process that this one was
    started from: a child of a large process then seems as large.

    Examples:
        >>> peak_resident_bytes() >= 1_000_000
        True
    """
    try:
        words = Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines()
        return next(1024 * int(line.split()[1]) for line in words if line.startswith("VmHWM:"))
    except (OSError, StopIteration):
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else 1024 * most


class _MallInfo(ctypes.Structure):
    """glibc's `struct mallinfo2`."""

    _fields_ = tuple(
        (name, ctypes.c_size_t)
        for name in (
            "arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost",
        )
    )  # fmt: skip


@functools.cache
def _mallinfo() -> Callable[[], _MallInfo] | None:
    """glibc's `mallinfo2`, or None where the C library has none."""
    try:
        function = ctypes.CDLL(None).mallinfo2
    except (OSError, AttributeError):
        return None
    function.restype = _MallInfo
    return function


def own_memory() -> dict[str, float]:
    """What this process holds after a collection of garbage.

    Returns:
        `resident` (bytes, of the system), `native heap` (bytes handed out by the C library, where it tells), and
        `python blocks` (a number of objects).

    Examples:
        >>> sorted(own_memory())[-2:]
        ['python blocks', 'resident']
    """
    gc.collect()
    found: dict[str, float] = {"resident": resident_bytes(), "python blocks": sys.getallocatedblocks()}
    ask = _mallinfo()
    if ask is not None:
        told = ask()
        found["native heap"] = told.uordblks + told.hblkhd
    return found


def memory_of_process(pid: int) -> Readings:
    """Readings of another process, by its number.

    Raises:
        InputError: It is no number of a process.
    """
    if pid < 1:
        raise InputError(f"Argument `pid` must be at least 1, but is {pid}.")
    return lambda: {"resident": resident_bytes(pid)}

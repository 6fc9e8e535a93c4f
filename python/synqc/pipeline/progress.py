"""A progress bar that suits a terminal and a notebook, and keeps quiet for short work and for programs."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Literal

__all__ = ["ProgressBar", "ProgressOption", "progress_callback"]

ProgressOption = Literal["auto"] | bool | Callable[[int, int], object]

_QUIET_SECONDS = 0.5  # work shorter than this shows nothing
_WIDTH = 30


def _is_watched() -> bool:
    """Whether a person looks at stderr: a terminal, or a notebook's output cell."""
    return sys.stderr.isatty() or "ipykernel" in sys.modules


class ProgressBar:
    """Draws `done / total` on one line of stderr, after half a second; erases it with `close`."""

    def __init__(self, unit: str = "shots") -> None:
        self._unit = unit
        self._started = time.monotonic()
        self._drawn = 0

    def __call__(self, done: int, total: int) -> None:
        elapsed = time.monotonic() - self._started
        if elapsed < _QUIET_SECONDS or total <= 0:
            return
        share = min(1.0, done / total)
        filled = int(share * _WIDTH)
        left = elapsed * (1 - share) / share if share > 0 else float("inf")
        rest = f", {left:.0f} s left" if left < 1e6 else ""
        line = f"[{'#' * filled}{'.' * (_WIDTH - filled)}] {share:4.0%}  {done:,} of {total:,} {self._unit}{rest}"
        sys.stderr.write("\r" + line.ljust(self._drawn))
        sys.stderr.flush()
        self._drawn = len(line)

    def close(self) -> None:
        """Erase the line."""
        if self._drawn:
            sys.stderr.write("\r" + " " * self._drawn + "\r")
            sys.stderr.flush()
            self._drawn = 0


def progress_callback(progress: ProgressOption, unit: str = "shots") -> Callable[[int, int], object] | None:
    """What `progress="auto"|True|False|callable` stands for: a callable of (done, total), or nothing."""
    if callable(progress):
        return progress
    if progress is True or (progress == "auto" and _is_watched()):
        return ProgressBar(unit)
    return None

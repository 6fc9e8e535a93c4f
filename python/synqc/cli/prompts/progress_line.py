"""Line of progress on standard error, as wide as a terminal and without colours; nothing where there is none."""

from __future__ import annotations

import shutil
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from synqc.apps.prompts.funnel import GenerationStatus

__all__ = ["ProgressLine", "line_of"]

_DRAWN_EVERY_S = 0.1
_WIDEST = 80
_BAR = 20


def line_of(status: GenerationStatus, seconds: float, width: int = _WIDEST) -> str:
    """How far a job is, in at most `width` characters."""
    share = min(1.0, status.accepted / status.rows_wanted)
    filled = round(_BAR * share)
    attempted = status.accepted + status.surplus + status.discarded + status.failed + status.stopped
    spent = "price unknown" if status.usd_micros is None else f"${status.usd_micros / 1e6:.4f}"
    bar = "#" * filled + "." * (_BAR - filled)
    words = f"[{bar}] {status.accepted}/{status.rows_wanted}  {attempted} attempts  {spent}  {seconds:.0f} s"
    return words[:width]


class ProgressLine:
    """Drawn over itself until it is left."""

    def __init__(self, shown: bool) -> None:
        self._shown = shown and sys.stderr.isatty()
        self._drawn = self._begun = time.monotonic()
        self._is_there = False

    def __enter__(self) -> ProgressLine:
        return self

    def __exit__(self, *_: object) -> None:
        if self._is_there:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    def show(self, status: GenerationStatus) -> None:
        """Draw it, unless that was a moment ago."""
        now = time.monotonic()
        if self._shown and now - self._drawn >= _DRAWN_EVERY_S:
            self._drawn, self._is_there = now, True
            width = min(_WIDEST, shutil.get_terminal_size().columns) - 1
            sys.stderr.write(f"\r\x1b[K{line_of(status, now - self._begun, width)}")
            sys.stderr.flush()

"""A progress bar that suits a terminal and a notebook, and keeps quiet for short work and for programs."""

from __future__ import annotations

import importlib.util
import sys
import time
from collections.abc import Callable
from typing import Any, Literal

__all__ = ["NotebookBar", "ProgressBar", "ProgressOption", "progress_callback"]

ProgressOption = Literal["auto"] | bool | Callable[[int, int], object]

_QUIET_SECONDS = 0.5  # work shorter than this shows nothing
_WIDTH = 30


class ProgressBar:
    """Draws `done / total` on one line of stderr, after half a second; erases it with `close`."""

    def __init__(self, unit: str = "shots") -> None:
        self._unit = unit
        self._started = time.monotonic()
        self._drawn = 0

    def __call__(self, done: int, total: int) -> None:
        elapsed = time.monotonic() - self._started
        if elapsed >= _QUIET_SECONDS and total > 0:
            self._draw(done, total, elapsed)

    def close(self) -> None:
        """Erase the line."""
        if self._drawn:
            sys.stderr.write("\r" + " " * self._drawn + "\r")
            sys.stderr.flush()
            self._drawn = 0

    def _draw(self, done: int, total: int, elapsed: float) -> None:
        share = min(1.0, done / total)
        filled = int(share * _WIDTH)
        line = f"[{'#' * filled}{'.' * (_WIDTH - filled)}] {share:4.0%}  {self._count(done, total, elapsed)}"
        sys.stderr.write("\r" + line.ljust(self._drawn))
        sys.stderr.flush()
        self._drawn = len(line)

    def _count(self, done: int, total: int, elapsed: float) -> str:
        left = elapsed * (total / done - 1) if done > 0 else float("inf")
        rest = f", {max(left, 0):.0f} s left" if left < 1e6 else ""
        return f"{done:,} of {total:,} {self._unit}{rest}"


class NotebookBar(ProgressBar):
    """Draws `done / total` in the output of a notebook's cell: by tqdm where it and ipywidgets are there, as a plain
    bar of HTML elsewhere. `close` takes it away, so that a saved notebook holds nothing of it.
    """

    def __init__(self, unit: str = "shots") -> None:
        super().__init__(unit)
        self._tqdm: Any = None
        self._place: Any = None

    def close(self) -> None:
        """Empty the place where the bar was."""
        if self._place is None:
            return
        from IPython.display import HTML

        if self._tqdm is not None:
            self._tqdm.close()
            self._tqdm.container.close()
        self._place.update(HTML(""))
        self._tqdm = self._place = None

    def _draw(self, done: int, total: int, elapsed: float) -> None:
        from IPython.display import HTML, display

        if self._place is None and _has_widgets():
            from tqdm.notebook import tqdm

            self._tqdm = tqdm(total=total, unit=f" {self._unit}", display=False, leave=False, miniters=1)
            self._place = display(self._tqdm.container, display_id=True)
        if self._tqdm is not None:
            self._tqdm.update(done - self._tqdm.n)
            return
        words = self._count(done, total, elapsed)
        bar = HTML(f'<progress value="{done}" max="{total}" aria-label="{self._unit}"></progress> {words}')
        if self._place is None:
            self._place = display(bar, display_id=True)
        else:
            self._place.update(bar)


def progress_callback(progress: ProgressOption, unit: str = "shots") -> Callable[[int, int], object] | None:
    """What `progress="auto"|True|False|callable` stands for: a callable of (done, total), or nothing."""
    if callable(progress):
        return progress
    if progress is True or progress == "auto":
        if _in_notebook():
            return NotebookBar(unit)
        if progress is True or sys.stderr.isatty():
            return ProgressBar(unit)
    return None


def _in_notebook() -> bool:
    """Whether what is displayed lands in the cell of a notebook."""
    if "ipykernel" not in sys.modules:
        return False
    from IPython import get_ipython

    return hasattr(get_ipython(), "kernel")


def _has_widgets() -> bool:
    return all(importlib.util.find_spec(name) is not None for name in ("tqdm", "ipywidgets"))

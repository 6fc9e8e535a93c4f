"""Files a command is to write: checked before the work, written after it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from synqc.errors import InputError, MissingExtra

if TYPE_CHECKING:
    import plotly.graph_objects

__all__ = ["add_shared_options", "check_outputs", "note", "write_picture"]


def add_shared_options(parser: argparse.ArgumentParser) -> None:
    """`--json` and `--plot`."""
    parser.add_argument("--json", action="store_true", help="print one JSON document to stdout and nothing else")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="write a picture: .html (a page), .png, .svg or .pdf")


def check_outputs(*paths: Path | None, plot: Path | None) -> None:
    """Refuse before hours of work what could not be written after them.

    Raises:
        InputError: A folder does not exist, or the picture's suffix is unknown.
        MissingExtra: What draws the picture is not installed.

    Examples:
        >>> check_outputs(None, plot=Path("picture.bmp"))
        Traceback (most recent call last):
        synqc.errors.InputError: Argument `--plot` must end in .html, .png, .svg, .pdf, but is picture.bmp.
    """
    for path in (*paths, plot):
        if path is not None and not path.parent.is_dir():
            raise InputError(f"The folder of {path} does not exist.")
        if path is not None and path.is_dir():
            raise InputError(f"{path} is a folder, but a file is to be written there.")
    if plot is None:
        return
    from synqc.lab import plots
    from synqc.lab.plots import style

    suffix = plot.suffix.lower().removeprefix(".")
    if suffix not in ("html", *plots.PICTURE_FORMATS):
        known = ", ".join(f".{name}" for name in ("html", *plots.PICTURE_FORMATS))
        raise InputError(f"Argument `--plot` must end in {known}, but is {plot}.")
    style.graph_objects()
    if suffix != "html" and plots.find_browser() is None:
        raise MissingExtra(
            "A picture needs a Chromium or Chrome browser, but none was found: install one or set BROWSER_PATH, or "
            "write a page (.html), which needs none."
        )


def note(text: str) -> None:
    """Tell the person, not the program that reads stdout."""
    sys.stderr.write(text + "\n")


def write_picture(figure: plotly.graph_objects.Figure, path: Path) -> None:
    """Write a figure and say so."""
    from synqc.lab import plots

    note(f"picture written to {plots.write(figure, path)}")

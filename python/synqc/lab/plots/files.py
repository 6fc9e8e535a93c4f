"""A figure as a file: a page that needs no network, or a picture drawn by a browser without a window."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from synqc.errors import InputError, MissingExtra, SynqcError

if TYPE_CHECKING:
    import plotly.graph_objects

__all__ = ["PICTURE_FORMATS", "find_browser", "picture_bytes", "write"]

PICTURE_FORMATS = ("png", "svg", "pdf")

_BROWSERS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
    "brave-browser",
)
_SECONDS = 60
_NOT_LOADED = "kaleido_scopes is not defined"
"""Answer of a browser whose page had not loaded its script yet, for want of a processor; it has when asked again."""


def find_browser() -> str | None:
    """Path of the browser that draws pictures: $BROWSER_PATH, or the first Chromium relative in $PATH, or None.

    Examples:
        >>> browser = find_browser()
        >>> browser is None or os.path.exists(browser)
        True
    """
    wished = os.environ.get("BROWSER_PATH")
    if wished:
        return shutil.which(wished)
    return next((path for path in map(shutil.which, _BROWSERS) if path), None)


def picture_bytes(
    figure: plotly.graph_objects.Figure,
    form: str = "png",
    *,
    width: int | None = None,
    height: int | None = None,
    scale: float = 2,
) -> bytes:
    """A static picture of a figure.

    Takes two to four seconds, nearly all of it the browser's start.

    Args:
        figure: What to draw.
        form: "png", "svg" or "pdf".
        width, height: Size in pixels before scaling; None: the figure's own.
        scale: Pixels per pixel; 2 is sharp on paper and on dense screens.

    Raises:
        InputError: `form` is none of these.
        MissingExtra: Kaleido or a browser is missing; the message says what to install.
        SynqcError: The browser was started but drew nothing.
    """
    if form not in PICTURE_FORMATS:
        raise InputError(f"Argument `form` must be one of {', '.join(PICTURE_FORMATS)}, but is {form!r}.")
    try:
        import kaleido
    except ImportError as error:
        raise MissingExtra("Static pictures need Kaleido: pip install 'synqc[plot]'. Pages (.html) do not.") from error
    browser = find_browser()
    if browser is None:
        wished = os.environ.get("BROWSER_PATH")
        found = f"BROWSER_PATH={wished} is not an executable file" if wished else "none is in $PATH"
        raise MissingExtra(
            f"Static pictures need a Chromium or Chrome browser, but {found}. Install one (Debian, Ubuntu: apt install "
            "chromium), or set BROWSER_PATH, or write a page (.html) instead, which needs none."
        )
    own_width = figure.layout.width or (figure.layout.meta or {}).get("width")
    size = {"width": width or own_width or 960, "height": height or figure.layout.height or 600}
    # MathJax would be fetched from the network, and no picture here has formulas that need it.
    settings = {"path": browser, "mathjax": False, "timeout": _SECONDS}
    wanted = {"format": form, "scale": scale, **size}
    try:
        try:
            picture = kaleido.calc_fig_sync(figure, opts=wanted, kopts=settings)
        except Exception as error:
            if _NOT_LOADED not in str(error):
                raise
            picture = kaleido.calc_fig_sync(figure, opts=wanted, kopts=settings)
    except Exception as error:
        raise SynqcError(
            f"The browser {browser} could not draw the picture: {type(error).__name__}: {error}"
        ) from error
    if not isinstance(picture, bytes) or not picture:
        raise SynqcError(f"The browser {browser} drew an empty picture.")
    return picture


def write(figure: plotly.graph_objects.Figure, path: str | os.PathLike[str]) -> Path:
    """Write a figure to a file whose suffix says what it becomes.

    `.html` is a page that holds the data and Plotly's own script, from the installed package: it opens without a
    network, zooms and shows values. `.png`, `.svg` and `.pdf` are static and need Kaleido and a Chromium relative.

    Args:
        figure: What to write.
        path: Where to; the file appears whole or not at all.

    Returns:
        The path written.

    Raises:
        InputError: The suffix is none of these.
        MissingExtra: A static picture was asked for, and Kaleido or a browser is missing.

    Examples:
        >>> import pathlib, tempfile, synqc
        >>> figure = synqc.Experiment().run(shots=10, seed=1).plot("latency")
        >>> page = write(figure, pathlib.Path(tempfile.mkdtemp()) / "latency.html")
        >>> "cdn.plot.ly" in page.read_text(encoding="utf-8").split("<script")[-1]
        False
    """
    target = Path(path)
    form = target.suffix.lower().removeprefix(".")
    if form == "html":
        content = figure.to_html(include_plotlyjs=True, full_html=True, config={"displaylogo": False}).encode()
    elif form in PICTURE_FORMATS:
        content = picture_bytes(figure, form)
    else:
        known = ", ".join(f".{name}" for name in ("html", *PICTURE_FORMATS))
        raise InputError(f"Argument `path` must end in one of {known}, but is {target}.")
    temporary = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        temporary.write_bytes(content)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
    return target

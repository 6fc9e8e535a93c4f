"""Fonts of printed reports: out of packages of Python, so that they are there without a network."""

from __future__ import annotations

import importlib.util
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from synqc.apps.fir.document.errors import FontsMissing
from synqc.errors import MissingExtra

__all__ = ["PrintFonts", "print_fonts"]

_PACKAGES = ("fontpkg_noto_sans_devanagari", "fontpkg_noto_sans")
_FAMILIES = ("Noto Sans Devanagari", "Noto Sans")


@dataclass(frozen=True)
class PrintFonts:
    """Fonts that typst prints with.

    Args:
        folders: Where their files lie.
        shown: Code points that one of them has a glyph for.
    """

    folders: tuple[Path, ...]
    shown: frozenset[int]

    def opened(self) -> Any:
        """As typst takes them: these alone, whatever the machine has."""
        import typst

        return typst.Fonts(
            include_system_fonts=False, include_embedded_fonts=False, font_paths=list(map(str, self.folders))
        )


@cache
def print_fonts() -> PrintFonts:
    """Noto Sans Devanagari, and Noto Sans for what it lacks.

    Raises:
        FontsMissing: The packages that carry them are not installed.
        MissingExtra: typst, or what reads fonts, is not installed.
    """
    folders = []
    for package, family in zip(_PACKAGES, _FAMILIES, strict=True):
        found = importlib.util.find_spec(package)
        if found is None or found.origin is None:
            distribution = package.replace("_", "-")
            raise FontsMissing(
                f"Font {family} is not installed, and without it reports cannot be printed: "
                f"`pip install {distribution}`, or `pip install 'synqc[fir]'` for all that reports need."
            )
        folders.append(Path(found.origin).parent / "files")
    return PrintFonts(tuple(folders), frozenset().union(*map(_shown_by, folders)))


def _shown_by(folder: Path) -> frozenset[int]:
    try:
        from fontTools.ttLib import TTFont
    except ImportError as error:
        raise MissingExtra("PDF needs fontTools: `pip install 'synqc[fir]'`.") from error
    shown: set[int] = set()
    for path in sorted(folder.glob("*.ttf")):
        if re.search("italic", path.name, re.IGNORECASE):
            continue
        with TTFont(path, lazy=True) as font:
            shown.update(font.getBestCmap())
    return frozenset(shown)

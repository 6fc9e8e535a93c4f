"""Tesseract as a program of its own, which is ended where it takes too long."""

from __future__ import annotations

import importlib.util
import io
import os
import shutil
import subprocess
from collections.abc import Sequence
from functools import cached_property
from typing import Any, Final

from synqc.errors import MissingExtra
from synqc.llm.errors import ErrorInAnswer, ModelTimedOut
from synqc.llm.languages import Languages
from synqc.llm.picture import Picture, UnreadablePicture
from synqc.llm.read_image import Read, ReadWord

__all__ = ["Tesseract"]

_ITS_CODES: Final = {"en": "eng", "hi": "hin"}
"""Languages that were tried; clean typed pages come out nearly exact."""
_SMALL_PX: Final = 1000
"""Letters of pages narrower than this are drawn twice as large, without which numbers are misread."""
_LISTED_WITHIN_S: Final = 10.0


class Tesseract:
    """A `PageReader` of typed pages in English and Hindi, as far as their data is installed.

    Pages that are turned are turned back where its data for that is there (`osd`). Handwriting it does not read.

    Args:
        program: Name or path.

    Raises:
        MissingExtra: The program or the package `pillow` is not installed.
    """

    name = "tesseract"

    def __init__(self, program: str = "tesseract") -> None:
        found = shutil.which(program)
        if found is None:
            raise MissingExtra(
                "Pictures are read by the program `tesseract`: apt-get install tesseract-ocr tesseract-ocr-eng "
                "tesseract-ocr-hin."
            )
        if importlib.util.find_spec("PIL") is None:
            raise MissingExtra("Pictures need the package `pillow`: pip install 'synqc[ocr]'.")
        self._program = found

    @cached_property
    def languages(self) -> Languages:
        """Those whose data is installed."""
        return Languages(able=tuple(code for code, name in _ITS_CODES.items() if name in self._data))

    def read(self, picture: Picture, *, languages: Sequence[str], deadline_s: float) -> Read:
        """The words of a picture, in the order of reading.

        Raises:
            UnreadablePicture: It cannot be decoded.
            ModelTimedOut: The deadline has come.
            ErrorInAnswer: The program failed.
        """
        page, scale = _drawn(picture)
        known = "+".join(_ITS_CODES[code] for code in languages)
        layout = "1" if "osd" in self._data else "3"
        command = [self._program, "stdin", "stdout", "-l", known, "--psm", layout, "tsv"]
        try:
            ended = subprocess.run(
                command, input=page, capture_output=True, timeout=deadline_s, check=False,
                env={**os.environ, "OMP_THREAD_LIMIT": "1"},
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise ModelTimedOut(
                f"tesseract did not read all within {deadline_s:g} s, the caller's deadline.",
                limit="deadline", seconds=deadline_s,
            ) from None  # fmt: skip
        if ended.returncode:
            words = " ".join(ended.stderr.decode(errors="replace").split())[:500]
            raise ErrorInAnswer(f"tesseract failed: {words or f'it ended by {ended.returncode}'}", words=words)
        return _read(ended.stdout.decode(errors="replace"), scale)

    @cached_property
    def _data(self) -> frozenset[str]:
        told = subprocess.run(
            [self._program, "--list-langs"], capture_output=True, timeout=_LISTED_WITHIN_S, check=False
        )
        return frozenset(told.stdout.decode(errors="replace").split("\n")[1:])


def _drawn(picture: Picture) -> tuple[bytes, int]:
    """The picture as a grey one that holds nothing else, and how much larger it is."""
    from PIL import Image, ImageOps

    scale = 2 if picture.width < _SMALL_PX else 1
    try:
        with Image.open(io.BytesIO(picture.content), formats=("PNG", "JPEG")) as opened:
            if opened.size != (picture.width, picture.height):
                raise UnreadablePicture("The picture is damaged: it tells of two sizes.")
            upright = ImageOps.exif_transpose(opened)
            page = _on_paper(upright) if upright.has_transparency_data else upright.convert("L")
            if scale != 1:
                page = page.resize((page.width * scale, page.height * scale), Image.Resampling.LANCZOS)
            drawn = io.BytesIO()
            page.save(drawn, "PNG", dpi=(300, 300), compress_level=1)
    except (OSError, SyntaxError, ValueError, EOFError) as error:  # what its decoders raise
        raise UnreadablePicture(f"The picture cannot be decoded: {error}.") from None
    return drawn.getvalue(), scale


def _on_paper(picture: Any) -> Any:
    from PIL import Image

    drawn = picture.convert("LA")
    return Image.composite(drawn.getchannel("L"), Image.new("L", drawn.size, 255), drawn.getchannel("A"))


def _read(table: str, scale: int) -> Read:
    lines: dict[tuple[str, ...], list[str]] = {}
    words = []
    for row in table.splitlines()[1:]:
        fields = row.split("\t")
        if len(fields) != 12 or fields[0] != "5" or not fields[11].strip():
            continue
        left, top, width, height = (int(one) // scale for one in fields[6:10])
        lines.setdefault(tuple(fields[1:5]), []).append(fields[11])
        confidence = min(1.0, max(0.0, float(fields[10]) / 100))
        words.append(ReadWord(fields[11], confidence, (left, top, left + width, top + height)))
    return Read("\n".join(" ".join(line) for line in lines.values()), tuple(words))

"""Output device of pdfminer that records text, by ActualText where a file says what its glyphs stand for."""

from __future__ import annotations

from typing import Any

from pdfminer.pdfdevice import PDFTextDevice
from pdfminer.pdffont import PDFUnicodeNotDefined
from pdfminer.utils import decode_text

__all__ = ["TextRecorder"]


class TextRecorder(PDFTextDevice):
    """Notes the text of one page; pdfminer's own converters know nothing of ActualText.

    Args:
        resources: pdfminer's manager of fonts.
    """

    def __init__(self, resources: Any) -> None:
        super().__init__(resources)
        self.told: list[str] = []
        self._spans: list[bool] = []

    def begin_page(self, page: Any, ctm: Any) -> None:
        """Nothing."""

    def begin_tag(self, tag: Any, props: Any = None) -> None:
        """A span may say what it stands for: it counts, and not the glyphs in it."""
        actual = props.get("ActualText") if isinstance(props, dict) else None
        if actual is not None and not any(self._spans):
            self.told.append(decode_text(actual))
        self._spans.append(actual is not None)

    def end_tag(self) -> None:
        """End of a span."""
        self._spans.pop()

    def render_string(self, textstate: Any, seq: Any, ncs: Any, graphicstate: Any) -> None:
        """Glyphs outside of such a span: each stands for what its font says."""
        if any(self._spans):
            return
        for piece in seq:
            if isinstance(piece, bytes):
                for glyph in textstate.font.decode(piece):
                    self.told.append(_meaning(textstate.font, glyph))


def _meaning(font: Any, glyph: int) -> str:
    try:
        return str(font.to_unichr(glyph))
    except PDFUnicodeNotDefined:
        return "\ufffd"

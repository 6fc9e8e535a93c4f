"""Acceptance of a PDF: two extractors that share no code read exactly the text that went in.

The first is PDFium, in C++. The second is pdf_oxide, in Rust; where that is not installed, or reads anything else,
pdfminer.six has the last word, which takes twenty times as long. Which of them it was changes nothing in the file.
"""

from __future__ import annotations

import importlib.util
import io
import operator
import re
import threading
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from synqc.apps.fir.document.errors import NotReadBack
from synqc.apps.fir.document.panic import is_panic
from synqc.errors import MissingExtra

__all__ = ["Expected", "check_read_back", "compared", "pages_by_oxide", "pages_by_pdfium", "pages_by_pdfminer"]

_LIGATURES = {code: unicodedata.normalize("NFKD", chr(code)) for code in range(0xFB00, 0xFB07)}
_lock = threading.Lock()


@dataclass(frozen=True)
class Expected:
    """What a file must say.

    Args:
        told: Between the margins, in the order of reading.
        number: Number of the report, in the foot of each page.
        page: Word before a page's number there.
    """

    told: Sequence[str]
    number: str
    page: str

    def foot(self, page: int, pages: int) -> str:
        """Foot of a page, counted from 1, as it is compared."""
        return compared(f"{self.number}{self.page}{page}/{pages}")


def compared(text: str) -> str:
    """Text without blanks, which line breaks come and go with, in Unicode's NFC; PDFium tells ligatures by letters."""
    return re.sub(r"[\s\u200b]", "", unicodedata.normalize("NFC", text)).translate(_LIGATURES)


def check_read_back(pdf: bytes, expected: Expected) -> None:
    """Raises NotReadBack if one of two extractors reads anything else than what is expected."""
    wanted = compared("".join(expected.told))
    _check("PDFium", pages_by_pdfium, pdf, expected, wanted)
    if importlib.util.find_spec("pdf_oxide") is not None:
        try:
            _check("pdf_oxide", pages_by_oxide, pdf, expected, wanted)
            return
        except NotReadBack:
            pass  # it guesses where texts of other makers have blanks and columns; pdfminer.six guesses nothing
    _check("pdfminer.six", pages_by_pdfminer, pdf, expected, wanted)


def _check(name: str, extract: Callable[[bytes], list[str]], pdf: bytes, expected: Expected, wanted: str) -> None:
    pages = [compared(page) for page in extract(pdf)]
    read = "".join(_without_foot(page, expected.foot(number, len(pages))) for number, page in enumerate(pages, 1))
    if read != wanted:
        raise NotReadBack(f"The PDF was not handed out: {name} reads {_difference(read, wanted)}.")


def pages_by_pdfium(pdf: bytes) -> list[str]:
    """Text of each page as Chromium's viewer has it."""
    try:
        import pypdfium2
    except ImportError as error:
        raise MissingExtra("PDF needs pypdfium2: `pip install 'synqc[fir]'`.") from error
    with _lock:  # PDFium knows no threads
        document = pypdfium2.PdfDocument(pdf)
        try:
            return [_text_by_pdfium(page) for page in document]
        finally:
            document.close()


def _text_by_pdfium(page: Any) -> str:
    text = page.get_textpage()
    try:
        # A hyphen at the end of a line is told as U+FFFE, which reports print as its code point.
        return str(text.get_text_range()).replace("\ufffe", "-")
    finally:
        text.close()
        page.close()


def pages_by_oxide(pdf: bytes) -> list[str]:
    """Text of each page in the order of its instructions, as pdf_oxide has it.

    Raises:
        NotReadBack: It fails.
        MissingExtra: It is not installed.
    """
    try:
        import pdf_oxide
    except ImportError as error:
        raise MissingExtra("This extractor needs pdf_oxide: `pip install 'synqc[fir]'`.") from error
    try:
        document = pdf_oxide.PdfDocument.from_bytes(pdf)
        spans = [document.extract_spans(page) for page in range(document.page_count())]
    except BaseException as error:
        if not isinstance(error, Exception) and not is_panic(error):
            raise
        raise NotReadBack(f"The PDF was not handed out: pdf_oxide failed, {type(error).__name__}.") from None
    return ["".join(span.text for span in sorted(page, key=operator.attrgetter("sequence"))) for page in spans]


def pages_by_pdfminer(pdf: bytes) -> list[str]:
    """Text of each page in the order of its instructions, as pdfminer.six interprets them."""
    try:
        from pdfminer.pdfinterp import PDFPageInterpreter, PDFResourceManager
        from pdfminer.pdfpage import PDFPage

        from synqc.apps.fir.document.text_recorder import TextRecorder
    except ImportError as error:
        raise MissingExtra("PDF needs pdfminer.six: `pip install 'synqc[fir]'`.") from error
    resources = PDFResourceManager()
    pages = []
    for page in PDFPage.get_pages(io.BytesIO(pdf)):
        device = TextRecorder(resources)
        PDFPageInterpreter(resources, device).process_page(page)
        pages.append("".join(device.told))
    return pages


def _without_foot(page: str, foot: str) -> str:
    if page.endswith(foot):
        return page[: -len(foot)]
    return page[len(foot) :] if page.startswith(foot) else page


def _difference(read: str, wanted: str) -> str:
    at = next((i for i, (a, b) in enumerate(zip(read, wanted, strict=False)) if a != b), min(len(read), len(wanted)))
    before = wanted[max(0, at - 20) : at]
    return f"{read[at : at + 20]!r} after {before!r}, but {wanted[at : at + 20]!r} went in"

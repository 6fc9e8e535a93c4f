"""Seal of a report: its forms as they were made at one moment, with the SHA-256 of each and of its state."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from synqc import json
from synqc.apps.fir.document.docx_form import docx_of
from synqc.apps.fir.document.html_form import html_of
from synqc.apps.fir.document.json_form import json_of
from synqc.apps.fir.document.pdf_form import pdf_of
from synqc.apps.fir.document.report import FirstInformationReport
from synqc.apps.fir.document.text_form import text_of

__all__ = ["FORMS", "Seal", "SealedReport", "seal"]


FORMS: Final = ("pdf", "docx", "html", "txt", "json")
"""Endings of the forms that are sealed."""


@dataclass(frozen=True)
class Seal:
    """What is noted of a sealed report.

    Args:
        number: Number of the report.
        digest: SHA-256 of its canonical state.
        files: SHA-256 of each form, by its ending.
    """

    number: str
    digest: str
    files: Mapping[str, str]

    def to_plain(self) -> dict[str, object]:
        """As JSON says it."""
        return {"number": self.number, "digest": self.digest, "files": dict(self.files)}


@dataclass(frozen=True)
class SealedReport:
    """All forms of a report and their seal.

    Args:
        seal: What is noted of it.
        files: Bytes of each form, by its ending.
        unprinted: Characters that the PDF shows as code points, because there is no font for them.
    """

    seal: Seal
    files: Mapping[str, bytes]
    unprinted: tuple[str, ...]


def seal(report: FirstInformationReport) -> SealedReport:
    """Make all forms of a report that may be filed; equal reports give equal bytes.

    Raises:
        NotFinal: It lacks something.
        NotReadBack: The PDF does not say what went in.
        FontsMissing: There is no font of Devanagari.
        MissingExtra: A library is not installed.
    """
    report.check_final()
    pdf = pdf_of(report)
    files = {
        "pdf": pdf.data,
        "docx": docx_of(report),
        "html": html_of(report).encode(),
        "txt": text_of(report).encode(),
        "json": json.canonical(json_of(report)),
    }
    digests = {ending: hashlib.sha256(data).hexdigest() for ending, data in files.items()}
    return SealedReport(Seal(report.number, report.digest, digests), files, pdf.unprinted)

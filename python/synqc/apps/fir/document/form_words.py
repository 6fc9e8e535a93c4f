"""Labels of the form in English and Hindi: all that a document says beside what was stated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from synqc.apps.fir.document.provision import Verdict
from synqc.apps.fir.document.statement import SourceKind

__all__ = ["WORDS", "FormWords"]


@dataclass(frozen=True)
class FormWords:
    """Of one language; `attribute` is where fields and parts have theirs."""

    attribute: str
    number: str
    year: str
    date: str
    not_stated: str
    page: str
    complaint: str
    as_given: str
    provisions: str
    sources: str
    missing: str
    checked: str
    decision: str
    reason: str
    statute: str
    approved_by: str
    verdicts: Mapping[Verdict, str]
    decisions: Mapping[bool | None, str]
    kinds: Mapping[SourceKind, str]
    places: Mapping[str, str]


WORDS: Final[Mapping[str, FormWords]] = {
    "en": FormWords(
        attribute="english", number="FIR No.", year="Year", date="Date of report", not_stated="not stated",
        page="Page", complaint="Annex A. The complaint as it was given", as_given="Complaint",
        provisions="Annex B. Provisions that were considered", sources="Annex C. Who said it, and where",
        missing="Annex D. What nobody has stated", checked="Check", decision="Decision of the officer",
        reason="Reason", statute="Words of the statute", approved_by="approved by",
        verdicts={
            Verdict.YES: "applies", Verdict.NO: "does not apply", Verdict.UNKNOWN: "gave no answer",
        },
        decisions={True: "accepted", False: "not accepted", None: "none"},
        kinds={
            SourceKind.COMPLAINANT: "complainant", SourceKind.OFFICER: "officer",
            SourceKind.MODEL: "language model", SourceKind.STATION: "station",
        },
        places={
            "transcript_review": "review of the transcript", "summary_review": "review of the summary",
            "violations_review": "review of the provisions", "fir_narrative_review": "review of the narrative",
            "final_review": "final review", "settings": "settings of the station",
        },
    ),
    "hi": FormWords(
        attribute="hindi", number="प्राथमिकी संख्या", year="वर्ष", date="रिपोर्ट की तिथि", not_stated="नहीं बताया गया",
        page="पृष्ठ", complaint="परिशिष्ट क. शिकायत, जैसी दी गई", as_given="शिकायत",
        provisions="परिशिष्ट ख. विचार किए गए प्रावधान", sources="परिशिष्ट ग. किसने कहा और कहाँ",
        missing="परिशिष्ट घ. जो किसी ने नहीं बताया", checked="जाँच", decision="अधिकारी का निर्णय",
        reason="कारण", statute="विधि के शब्द", approved_by="अनुमोदित:",
        verdicts={
            Verdict.YES: "लागू होता है", Verdict.NO: "लागू नहीं होता", Verdict.UNKNOWN: "उत्तर नहीं मिला",
        },
        decisions={True: "स्वीकृत", False: "अस्वीकृत", None: "कोई नहीं"},
        kinds={
            SourceKind.COMPLAINANT: "शिकायतकर्ता", SourceKind.OFFICER: "अधिकारी",
            SourceKind.MODEL: "भाषा मॉडल", SourceKind.STATION: "थाना",
        },
        places={
            "transcript_review": "प्रतिलेख की समीक्षा", "summary_review": "सारांश की समीक्षा",
            "violations_review": "प्रावधानों की समीक्षा", "fir_narrative_review": "विवरण की समीक्षा",
            "final_review": "अंतिम समीक्षा", "settings": "थाने की व्यवस्था",
        },
    ),
}  # fmt: skip

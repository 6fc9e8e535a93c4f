"""How long a PDF takes, and whether a thousand of them take more memory than a hundred."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Mapping
from datetime import UTC, datetime

from synqc.apps.fir.document.pdf_form import pdf_of
from synqc.apps.fir.document.provision import Provision, Verdict
from synqc.apps.fir.document.read_back import compared, pages_by_pdfium
from synqc.apps.fir.document.report import FirstInformationReport
from synqc.apps.fir.document.statement import Source, SourceKind, Statement
from synqc.benchmarks.measurement import Measurement, Setting, refuse_unless
from synqc.llm.providers.local import resident_mb

__all__ = ["measure_printing"]

_OFFICER = Source(SourceKind.OFFICER, "SI Meera Rao", "final_review")
_MODEL = Source(SourceKind.MODEL, "a model", "summary_review", "SI Meera Rao")
_COMPLAINANT = Source(SourceKind.COMPLAINANT, "complainant", "transcript_review")
_SAID = "मेरी साइकिल कल रात अद्भुत बाज़ार के पास से चोरी हो गई। My blue cycle was stolen near the market. "


def measure_printing(setting: Setting) -> Mapping[str, Measurement]:
    """Milliseconds of one, and the growth of memory in percent."""
    count = 60 if setting.quick else 1000
    settled = count // 5
    taken, computed, before = [], [], 0.0
    for number in range(count):
        report = _report(number)
        start, began = time.perf_counter(), time.process_time()
        made = pdf_of(report)
        taken.append(1e3 * (time.perf_counter() - start))
        computed.append(1e3 * (time.process_time() - began))
        if number == settled:
            gc.collect()
            before = resident_mb()
    gc.collect()
    growth = 100 * (resident_mb() - before) / before
    read = compared("".join(pages_by_pdfium(made.data)))
    refuse_unless(compared(report.narrative.value) in read, "The last PDF does not say its narrative.")
    refuse_unless(pdf_of(report) == made, "The same report gave other bytes.")
    return {
        "fir-pdf": Measurement(
            statistics.median(taken), min(taken), proof="two extractors read what went in, of every one",
            details=(
                f"p99 {sorted(taken)[int(0.99 * count)]:.3g} ms",
                f"{statistics.median(computed):.3g} ms of processors",
                f"{len(made.data):,} bytes",
            ),
        ),
        "fir-pdf-memory": Measurement(
            growth, proof="two extractors read what went in, of every one", details=(f"From {before:.0f} MB",)
        ),
    }  # fmt: skip


def _report(number: int) -> FirstInformationReport:
    stated = {"complainant_name": "ज्ञानेश्वरी शुक्ला", "incident_location": "Sector 4", "witnesses": f"Witness {number}"}
    return FirstInformationReport(
        number=f"FIR-0a1b2c3d-{number:014d}", session_id="0a1b2c3d-0000-4000-8000-000000000000",
        prepared_at=datetime(2026, 11, 30, tzinfo=UTC),
        statements={key: Statement(value, _OFFICER) for key, value in stated.items()},
        complaint=Statement(_SAID * 8, _COMPLAINANT), summary=Statement(_SAID, _MODEL),
        narrative=Statement(f"{_SAID}{number}.", _MODEL),
        provisions=(Provision("Bharatiya Nyaya Sanhita, 2023", "303(2)", "Theft", Verdict.YES, accepted=True),),
        decided_by="SI Meera Rao", language="hi" if number % 2 else "en",
    )  # fmt: skip

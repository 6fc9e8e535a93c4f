"""JSON renderer of a report: the contract's 30 fields, and every statement verbatim with its source."""

from __future__ import annotations

from typing import Any

from synqc.apps.fir.document.fields import FIELDS
from synqc.apps.fir.document.report import FirstInformationReport

__all__ = ["json_of"]


def json_of(report: FirstInformationReport) -> dict[str, Any]:
    """As programs read it: `fields` for those that know the contract, `report` for those that ask who said it."""
    return {
        "fir_number": report.number,
        "digest": report.digest,
        "fields": report.contract_fields(),
        "missing": list(report.missing),
        "obstacles": [{"kind": one.kind.value, "name": one.name, "words": one.words} for one in report.obstacles],
        "statements": {
            field.key: said.to_plain() for field in FIELDS if (said := report.statement(field.key)) is not None
        },
        "report": report.to_plain(),
    }

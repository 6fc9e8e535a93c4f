"""Reports to make forms of."""

from datetime import datetime, timedelta, timezone

from synqc.apps.fir.document.provision import Provision, Verdict
from synqc.apps.fir.document.report import FirstInformationReport
from synqc.apps.fir.document.statement import Source, SourceKind, Statement

OFFICER = Source(SourceKind.OFFICER, "SI Meera Rao", "final_review")
STATION = Source(SourceKind.STATION, "Kotwali", "settings")
COMPLAINANT = Source(SourceKind.COMPLAINANT, "complainant", "transcript_review")
MODEL = Source(SourceKind.MODEL, "small-model", "summary_review", "SI Meera Rao")
BNS = "Bharatiya Nyaya Sanhita, 2023"
INDIA = timezone(timedelta(hours=5, minutes=30))

STATED = {
    "police_station": Statement("Kotwali", STATION),
    "complainant_name": Statement("ज्ञानेश्वरी शुक्ला", OFFICER),
    "complainant_address": Statement("12 MG Road,\nद्वारका", OFFICER),
    "incident_date_from": Statement("२९/११/२०२६", OFFICER),
    "incident_location": Statement("अद्भुत बाज़ार, Sector 4", OFFICER),
    "investigating_officer_name": Statement("Meera Rao", OFFICER),
    "investigating_officer_rank": Statement("Sub-Inspector", OFFICER),
}


def a_report(*, stated=STATED, provisions=None, language="en", **changes):
    """One that may be filed, unless something is changed."""
    if provisions is None:
        provisions = (Provision(BNS, "303(2)", "Theft", Verdict.YES, accepted=True, checked_by="small-model"),)
    given = {
        "number": "FIR-0a1b2c3d-20261130101010",
        "session_id": "0a1b2c3d-0000-4000-8000-000000000000",
        "prepared_at": datetime(2026, 11, 30, 15, 40, 10, tzinfo=INDIA),
        "statements": dict(stated),
        "complaint": Statement("मेरी साइकिल चोरी हो गई। My cycle was stolen.\nIt was blue.", COMPLAINANT),
        "summary": Statement("साइकिल की चोरी। A cycle was stolen.", MODEL),
        "narrative": Statement("On 29 November a cycle was stolen from the market.", MODEL),
        "provisions": provisions, "decided_by": "SI Meera Rao", "language": language,
    }  # fmt: skip
    return FirstInformationReport(**(given | changes))


def said_everywhere(value):
    """A report that says the same in every place that a person may fill, the head of each page among them."""
    from synqc.apps.fir.document.fields import DERIVED, FIELDS

    said = Statement(value, OFFICER)
    provision = Provision(value, value, value, Verdict.YES, cause=value, accepted=True, reason=value, text=value)
    return a_report(
        stated={field.key: said for field in FIELDS if field.key not in DERIVED}, provisions=(provision,),
        complaint=said, summary=said, narrative=said,
    )  # fmt: skip

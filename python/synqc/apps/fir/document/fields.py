"""Fields of a First Information Report: the 30 of the contract, and the head of the form."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Final

from synqc.apps.fir.document.errors import UnknownField

__all__ = ["DERIVED", "FIELDS", "HEAD", "PLACEHOLDERS", "REQUIRED", "Field", "Part", "check_field", "fields_of"]


@dataclass(frozen=True)
class Part:
    """A numbered part of the form.

    Args:
        key: Its name.
        english, hindi: Its heading.
    """

    key: str
    english: str
    hindi: str


COMPLAINANT: Final = Part("complainant", "Complainant", "शिकायतकर्ता")
INCIDENT: Final = Part("incident", "Incident", "घटना")
LEGAL: Final = Part("legal", "Legal provisions", "विधिक प्रावधान")
SUSPECT: Final = Part("suspect", "Suspect", "संदिग्ध")
INVESTIGATION: Final = Part("investigation", "Investigation", "अन्वेषण")
SIGNATURES: Final = Part("signatures", "Signatures", "हस्ताक्षर")
HEAD: Final = Part("head", "First Information Report", "प्रथम सूचना रिपोर्ट")


@dataclass(frozen=True)
class Field:
    """One field.

    Args:
        key: Its name in documents.
        part: Where it stands in the form.
        english, hindi: Its label.
        original: Key under which older clients know it, spelt as there; None if they do not.
    """

    key: str
    part: Part
    english: str
    hindi: str
    original: str | None = None


FIELDS: Final = (
    Field("complainant_name", COMPLAINANT, "Name", "नाम", "complainant_name"),
    Field("complainant_dob", COMPLAINANT, "Date of birth", "जन्म तिथि", "dateofbirth"),
    Field("complainant_nationality", COMPLAINANT, "Nationality", "राष्ट्रीयता", "Nationality"),
    Field(
        "complainant_father_husband_name", COMPLAINANT, "Father's or husband's name", "पिता या पति का नाम",
        "father_name/husband_name",
    ),
    Field("complainant_address", COMPLAINANT, "Address", "पता", "complainant_address"),
    Field("complainant_contact", COMPLAINANT, "Contact", "संपर्क", "complainant_contact"),
    Field("complainant_passport", COMPLAINANT, "Passport number", "पासपोर्ट संख्या", "passport_number"),
    Field("complainant_occupation", COMPLAINANT, "Occupation", "व्यवसाय", "occupation"),
    Field("incident_date_from", INCIDENT, "Date from", "दिनांक से", "Date from"),
    Field("incident_date_to", INCIDENT, "Date to", "दिनांक तक", "Date to"),
    Field("incident_time_from", INCIDENT, "Time from", "समय से", "Time from"),
    Field("incident_time_to", INCIDENT, "Time to", "समय तक", "Time to"),
    Field("incident_location", INCIDENT, "Place of occurrence", "घटनास्थल", "Place of Occurrence"),
    Field("incident_address", INCIDENT, "Address of occurrence", "घटनास्थल का पता", "Address of Occurrence"),
    Field("incident_description", INCIDENT, "Description", "विवरण", "incident_description"),
    Field(
        "delayed_reporting_reasons", INCIDENT, "Reasons for delay in reporting", "सूचना में विलंब के कारण",
        "reasons_for_delayed_reporting",
    ),
    Field("incident_summary", INCIDENT, "Summary", "सारांश", "summary"),
    Field("legal_acts", LEGAL, "Acts", "अधिनियम", "Acts"),
    Field("legal_sections", LEGAL, "Sections", "धाराएँ", "Sections"),
    Field("suspect_details", SUSPECT, "Details of the suspect", "संदिग्ध का विवरण", "Suspect_details"),
    Field("investigating_officer_name", INVESTIGATION, "Officer's name", "अधिकारी का नाम", "io_name"),
    Field("investigating_officer_rank", INVESTIGATION, "Officer's rank", "अधिकारी का पद", "io_rank"),
    Field("witnesses", INVESTIGATION, "Witnesses", "साक्षी", "witnesses"),
    Field("action_taken", INVESTIGATION, "Action taken", "की गई कार्रवाई", "action_taken"),
    Field("investigation_status", INVESTIGATION, "Status of investigation", "अन्वेषण की स्थिति", "investigation_status"),
    Field("date_of_despatch", INVESTIGATION, "Date of despatch", "प्रेषण की तिथि", "date_of_despatch"),
    Field("investigating_officer_signature", SIGNATURES, "Signature of the officer", "अधिकारी के हस्ताक्षर"),
    Field("investigating_officer_date", SIGNATURES, "Date", "दिनांक"),
    Field("complainant_signature", SIGNATURES, "Signature of the complainant", "शिकायतकर्ता के हस्ताक्षर"),
    Field("complainant_date", SIGNATURES, "Date", "दिनांक"),
    Field("police_station", HEAD, "Police station", "थाना", "police_station"),
    Field("district", HEAD, "District", "जिला", "district"),
    Field("state", HEAD, "State", "राज्य", "state"),
    Field("information_received", HEAD, "Information received", "सूचना प्राप्ति", "Information recieved"),
)  # fmt: skip
"""All of them, in the order of the form; the last four are its head, beside the contract's 30."""

DERIVED: Final = frozenset({"incident_description", "incident_summary", "legal_acts", "legal_sections"})
"""What follows from what was approved at the gates, and is never stated beside it."""

REQUIRED: Final = frozenset(
    {
        "police_station", "complainant_name", "complainant_address", "incident_date_from", "incident_location",
        "incident_description", "incident_summary", "legal_acts", "legal_sections", "investigating_officer_name",
        "investigating_officer_rank",
    }
)  # fmt: skip
"""Without these a report is not filed. Signatures are not among them: paper is signed by hand."""

PLACEHOLDERS: Final = frozenset({"n/a", "unknown", "none", "tbd"})
"""Words that older clients put where they know nothing: a required field that has one of them is missing."""

_BY_KEY: Final = {field.key: field for field in FIELDS}


def fields_of(part: Part) -> tuple[Field, ...]:
    """Those of a part, in the order of the form.

    >>> [len(fields_of(part)) for part in (COMPLAINANT, INCIDENT, LEGAL, SUSPECT, INVESTIGATION, SIGNATURES)]
    [8, 9, 2, 1, 6, 4]
    """
    return tuple(field for field in FIELDS if field.part is part)


def check_field(key: object) -> Field:
    """The field of a name.

    Raises:
        UnknownField: There is none; the message has the nearest name.
    """
    if isinstance(key, str) and key in _BY_KEY:
        return _BY_KEY[key]
    near = difflib.get_close_matches(str(key)[:80], _BY_KEY, n=1)
    hint = f"; the nearest is `{near[0]}`" if near else ""
    raise UnknownField(f"Argument `key` must name a field of the report, but is {str(key)[:80]!r}{hint}.")

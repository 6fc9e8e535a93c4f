"""A report says what somebody said, names what nobody said, and is not filed without what it must have."""

import pytest
from reports import BNS, COMPLAINANT, MODEL, OFFICER, STATED, a_report

from synqc import json
from synqc.apps.fir.document.errors import NotFinal, UnknownField
from synqc.apps.fir.document.fields import FIELDS, PLACEHOLDERS, REQUIRED, check_field
from synqc.apps.fir.document.form_words import WORDS
from synqc.apps.fir.document.json_form import json_of
from synqc.apps.fir.document.layout import lay_out
from synqc.apps.fir.document.provision import Provision, Verdict
from synqc.apps.fir.document.report import FirstInformationReport
from synqc.apps.fir.document.seal import seal
from synqc.apps.fir.document.statement import Source, SourceKind, Statement
from synqc.apps.fir.document.text_form import text_of
from synqc.errors import InputError

CONTRACT = [
    "complainant_name",
    "complainant_dob",
    "complainant_nationality",
    "complainant_father_husband_name",
    "complainant_address",
    "complainant_contact",
    "complainant_passport",
    "complainant_occupation",
    "incident_date_from",
    "incident_date_to",
    "incident_time_from",
    "incident_time_to",
    "incident_location",
    "incident_address",
    "incident_description",
    "delayed_reporting_reasons",
    "incident_summary",
    "legal_acts",
    "legal_sections",
    "suspect_details",
    "investigating_officer_name",
    "investigating_officer_rank",
    "witnesses",
    "action_taken",
    "investigation_status",
    "date_of_despatch",
    "investigating_officer_signature",
    "investigating_officer_date",
    "complainant_signature",
    "complainant_date",
]
ORIGINAL = {
    "police_station", "district", "state", "Acts", "Sections", "Date from", "Date to", "Time from", "Time to",
    "Information recieved", "Place of Occurrence", "Address of Occurrence", "complainant_name", "dateofbirth",
    "Nationality", "father_name/husband_name", "complainant_address", "complainant_contact", "passport_number",
    "occupation", "Suspect_details", "reasons_for_delayed_reporting", "incident_description", "summary", "action_taken",
    "io_name", "io_rank", "witnesses", "date_of_despatch", "investigation_status",
}  # fmt: skip


def test_the_fields_are_the_contracts_thirty_and_the_head_of_the_form():
    assert [field.key for field in FIELDS[:30]] == CONTRACT
    assert {field.original for field in FIELDS} - {None} == ORIGINAL
    assert {field.key for field in FIELDS} >= REQUIRED


def test_every_field_of_the_contract_has_text_and_what_nobody_said_is_listed():
    document = json_of(a_report())
    assert list(document["fields"]) == CONTRACT
    assert all(isinstance(value, str) and value.strip() for value in document["fields"].values())
    unsaid = [key for key in CONTRACT if key in document["missing"]]
    assert unsaid
    assert all(document["fields"][key].casefold() in PLACEHOLDERS for key in unsaid)
    assert set(document["statements"]) == {field.key for field in FIELDS} - set(document["missing"])


def test_approved_sections_summary_and_narrative_are_in_the_report():
    report = a_report(
        provisions=(
            Provision(BNS, "303(2)", "Theft", Verdict.YES, accepted=True),
            Provision(BNS, "309", "Robbery", Verdict.YES, accepted=False, reason="no force was used"),
            Provision("Special Act", "4", "", Verdict.NO, accepted=True, reason="the officer knows better"),
        )
    )
    fields = report.contract_fields()
    assert fields["legal_acts"] == f"{BNS}; Special Act"
    assert fields["legal_sections"] == f"{BNS}: 303(2); Special Act: 4"
    assert (fields["incident_summary"], fields["incident_description"]) == (
        report.summary.value,
        report.narrative.value,
    )
    assert report.statement("incident_summary").source.kind is SourceKind.MODEL
    text = text_of(report)
    for one in report.provisions:
        assert one.reason in text


def test_no_word_is_in_the_text_that_neither_a_person_nor_the_form_gave():
    for language, words in WORDS.items():
        report = a_report(language=language)
        given = [report.complaint, report.summary, report.narrative, *report.statements.values()]
        spoken = {word for one in given for word in f"{one.value} {one.source.who} {one.source.approved_by}".split()}
        spoken |= {word for one in report.provisions for word in f"{one.act} {one.section} {one.title}".split()}
        spoken |= {"चोरी", "(Theft)"} if language == "hi" else set()  # beside the title that was approved
        spoken |= {report.number, *report.prepared_at.isoformat(sep=" ", timespec="minutes").split(), "2026"}
        told = [value for value in vars(words).values() if isinstance(value, str)]
        told += [
            text for table in (words.verdicts, words.decisions, words.kinds, words.places) for text in table.values()
        ]
        told += [getattr(thing, words.attribute) for field in FIELDS for thing in (field, field.part)]
        form = {word for text in told for word in text.split()} | {f"{number}." for number in range(1, 6)} | {"_" * 20}
        bare = {word.strip(":;,") for word in spoken | form}
        assert {word.strip(":;,") for word in text_of(report).split()} <= bare


def test_a_report_in_hindi_has_the_tables_hindi_title_beside_the_one_that_was_approved():
    titled = [("303(2)", "Theft"), ("303(2)", "Theft of a cycle"), ("304", "Theft"), ("999", "Theft"), ("١", "Theft")]
    provisions = tuple(Provision(BNS, section, title, Verdict.YES, accepted=True) for section, title in titled)
    text = {language: text_of(a_report(language=language, provisions=provisions)) for language in ("en", "hi")}
    assert "    चोरी (Theft)\n" in text["hi"]
    assert "    Theft of a cycle\n" in text["hi"]
    assert text["hi"].count("चोरी (Theft)") == 1
    assert "चोरी" not in text["en"].replace("मेरी साइकिल चोरी हो गई", "").replace("साइकिल की चोरी", "")


@pytest.mark.parametrize(
    ("language", "complaint", "name"),
    [
        ("en", "complainant; review of the transcript; approved by Arun Das", "officer: SI Meera Rao; final review"),
        ("hi", "शिकायतकर्ता; प्रतिलेख की समीक्षा; अनुमोदित: Arun Das", "अधिकारी: SI Meera Rao; अंतिम समीक्षा"),
    ],
)
def test_who_has_no_name_but_their_part_is_called_by_it_in_the_forms_language(language, complaint, name):
    said = Source(SourceKind.COMPLAINANT, "complainant", "transcript_review", approved_by="Arun Das")
    report = a_report(language=language, complaint=Statement("A cycle was stolen.", said))
    told = {row.value for block in lay_out(report).blocks for row in block.rows}
    assert {complaint, name} <= told


@pytest.mark.parametrize("key", sorted(REQUIRED - {"incident_description", "incident_summary"}))
def test_a_report_without_a_required_field_is_not_sealed(key):
    if key.startswith("legal"):
        lacking = a_report(provisions=())
    else:
        lacking = a_report(stated={name: one for name, one in STATED.items() if name != key})
    with pytest.raises(NotFinal, match=key) as refused:
        seal(lacking)
    assert key in {one.name for one in refused.value.obstacles}


@pytest.mark.parametrize("word", ["N/A", "unknown", " None ", "TBD"])
def test_a_placeholder_is_no_value_of_a_required_field(word):
    report = a_report(stated=STATED | {"complainant_name": Statement(word, OFFICER)})
    assert [one.name for one in report.obstacles] == ["complainant_name"]


def test_a_check_without_an_answer_blocks_until_an_officer_decides_with_a_reason():
    open_one = Provision(BNS, "309", "Robbery", Verdict.UNKNOWN, cause="timed out after 8 s")
    theft = Provision(BNS, "303(2)", "Theft", Verdict.YES, accepted=True)
    for undecided in (open_one, Provision(BNS, "309", "Robbery", Verdict.UNKNOWN, accepted=False)):
        report = a_report(provisions=(theft, undecided))
        assert [one.kind.value for one in report.obstacles] == ["undecided_provision"]
    decided = Provision(BNS, "309", "Robbery", Verdict.UNKNOWN, "timed out after 8 s", False, "no force was used")
    report = a_report(provisions=(theft, decided))
    assert report.obstacles == ()
    assert "gave no answer (timed out after 8 s)" in text_of(report)
    assert "no force was used" in text_of(report)


def test_what_follows_from_the_gates_cannot_be_stated_beside_them():
    with pytest.raises(InputError, match="legal_acts"):
        a_report(stated={"legal_acts": Statement("Indian Penal Code", OFFICER)})


def test_a_misspelt_field_is_refused_with_the_nearest_name():
    with pytest.raises(UnknownField, match="nearest is `complainant_name`"):
        check_field("complainantname")
    with pytest.raises(UnknownField):
        a_report(stated={"constructor": Statement("x", OFFICER)})


@pytest.mark.parametrize("number", ["", "x" * 51, "FIR 1", "FIR-\n1", "FIR-<1>", None])
def test_a_number_is_letters_and_digits(number):
    with pytest.raises(InputError, match="number"):
        a_report(number=number)


def test_a_statement_has_a_source_and_a_models_words_an_officer():
    with pytest.raises(InputError, match="who"):
        Source(SourceKind.OFFICER, " ", "final_review")
    with pytest.raises(InputError, match="approved_by"):
        Source(SourceKind.MODEL, "small-model", "summary_review")
    for nothing in ("", " \n", "x" * 50_001, None):
        with pytest.raises(InputError, match="value"):
            Statement(nothing, COMPLAINANT)
    with pytest.raises(InputError, match="decided_by"):
        a_report(decided_by="")


def test_a_report_comes_back_from_json_with_the_same_seal():
    report = a_report(summary=Statement("a\x00b \u202e \ud800 \U0001f600", MODEL))
    again = FirstInformationReport.from_plain(json.loads(json.dumps(report.to_plain())))
    assert again == report
    assert again.digest == report.digest
    assert a_report(language="hi").digest != report.digest

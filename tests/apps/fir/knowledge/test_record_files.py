"""Knowledge bases of either layout are read, joined by section, and what cannot be understood is named by its place."""

import json

import pytest

from synqc.apps.fir.knowledge.facts import BNS
from synqc.apps.fir.knowledge.record import REPEALED, TextKind
from synqc.apps.fir.knowledge.record_files import load_records
from synqc.errors import DocumentError, InputError

BASIC = [
    {"Section": 303, "Title": "Theft", "Legal Definition": "Words on theft."},
    {"Section": 101, "Title": "Murder", "Legal Definition": "M."},
]
CLASSES = ("Offence", "Punishment", "Cognizable?", "Bailable?", "Triable By")
DETAILS = [
    {"Section": "303(2)"} | dict(zip(CLASSES, values, strict=True))
    for values in (
        ("Theft.", "3 years.", "Cognizable.", "Non-bailable.", "Any Magistrate."),
        ("Small theft.", "Service.", "Non-cognizable.", "Bailable.", "Any Magistrate."),
    )
]


def written(folder, name, rows):
    lines = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    (folder / name).write_text(lines if name.endswith("l") else json.dumps(rows, ensure_ascii=False), "utf-8")
    return folder


def as_store(rows, *texts):
    """Rows as a vector store keeps them."""
    return [
        {"id": f"sec_{k}", "documents": " ".join(str(row[name]) for name in texts),
         "metadatas": {name: value for name, value in row.items() if name not in texts or name == "Title"}}
        for k, row in enumerate(rows)
    ]  # fmt: skip


@pytest.mark.parametrize("ending", ["json", "jsonl"])
def test_basic_and_details_are_joined_on_the_section(tmp_path, ending):
    written(tmp_path, f"BNS_basic.{ending}", BASIC)
    written(tmp_path, f"BNS_indepth.{ending}", DETAILS)
    theft, murder = sorted(load_records(tmp_path), key=lambda one: one.title, reverse=True)
    assert (theft.code, theft.section, theft.text, theft.kind) == (BNS, "303", "Words on theft.", TextKind.LOADED)
    assert [one.at for one in theft.offences] == ["303(2)", "303(2)"]
    assert (theft.cognizable, theft.bailable, theft.triable_by) == ("varies", "varies", "Any Magistrate")
    assert (murder.section, murder.offences) == ("101", ())


def test_rows_of_a_vector_store(tmp_path):
    written(tmp_path, "bns_basic_chroma.jsonl", as_store(BASIC, "Legal Definition"))
    written(tmp_path, "bns_details_chroma.jsonl", as_store(DETAILS, "Offence"))
    theft = next(one for one in load_records(tmp_path) if one.section == "303")
    assert theft.text == "Words on theft."
    assert len(theft.offences) == 2


def test_rows_of_section_title_text(tmp_path):
    written(
        tmp_path,
        "act.jsonl",
        [{"section": "12A", "text": "Some text.", "title": "A title"}, {"section": "13", "text": "Other."}],
    )
    records = load_records(tmp_path / "act.jsonl")
    assert [(one.section, one.title, one.text, one.db) for one in records] == [
        ("12A", "A title", "Some text.", "act"), ("13", "", "Other.", "act"),
    ]  # fmt: skip


def test_rows_with_a_penalty_alone_are_joined_to_their_text(tmp_path):
    row = {
        "section_number": "303",
        "title": "Theft",
        "description": "Words.",
        "penalty": "",
        "category": "",
        "source": "BNS",
    }
    alone = {**row, "title": "", "description": "", "penalty": "3 years"}
    (found,) = load_records(written(tmp_path, "legal_sections.json", [row, alone]))
    assert (found.text, found.punishment) == ("Words.", "3 years")


def test_classification_without_text_is_still_found(tmp_path):
    (found,) = load_records(written(tmp_path, "BNS_indepth.json", DETAILS))
    assert (found.section, found.title, len(found.offences)) == ("303", "Theft.", 2)


def test_special_acts_are_told_apart_and_their_citations_of_the_repealed_code_followed(tmp_path):
    row = {
        "Number": "3(1)",
        "Category": "Some Special Act",
        "Title": "T",
        "Legal Definition": "Read with section 420 IPC.",
    }
    (found,) = load_records(written(tmp_path, "spacts.json", [row]))
    assert (found.code, found.section, found.category, found.repealed) == (
        "Some Special Act",
        "3(1)",
        "Some Special Act",
        False,
    )
    (note,) = found.notes
    assert "in its place stands section 318" in note


def test_records_of_the_repealed_code_are_marked(tmp_path):
    row = {"section_number": "420", "title": "Cheating", "description": "D.", "penalty": "7 years"}
    (found,) = load_records(written(tmp_path, "ipc_sections.json", [row]))
    assert (found.code, found.repealed, found.punishment) == (REPEALED[0], True, "7 years")


def test_repeated_rows_are_kept_once(tmp_path):
    assert len(load_records(written(tmp_path, "BNS_basic.json", BASIC * 3))) == 2


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("a.jsonl", '{"section": "1", "text": "x"}\n{', "no JSON .*: line 2"),
        ("a.jsonl", "[1]", "must be an object, but is list: line 1"),
        ("a.json", '[{"text": "x"}]', r"must have a section or a number, but has \['text'\]: \$\[0\]"),
        ("a.json", '[{"section": "1"}]', r"must have a text or a title, but has neither: \$\[0\]"),
        (
            "a.json",
            '[{"section": "1", "text": ["x", "y"]}]',
            r"Member `text` in a.json must be text, but is list: \$\[0\]",
        ),
        ("a.json", "3", "must hold a list of objects, but holds int"),
        ("a.json", "[" * 100_000, "no JSON"),
    ],
    ids=["broken line", "no object", "no section", "no text", "text is a list", "number", "deep"],
)
def test_what_cannot_be_understood_is_named_by_its_place(tmp_path, name, text, told):
    (tmp_path / name).write_text(text)
    with pytest.raises(DocumentError, match=told):
        load_records(tmp_path / name)


def test_other_encodings_are_refused(tmp_path):
    (tmp_path / "a.json").write_bytes("[]".encode("utf-16"))
    with pytest.raises(DocumentError, match="must be UTF-8"):
        load_records(tmp_path)


@pytest.mark.parametrize("name", ["", "missing.json"])
def test_missing_files_are_named(tmp_path, name):
    with pytest.raises(InputError, match="`path` must be a file of records, or a folder"):
        load_records(tmp_path / name)

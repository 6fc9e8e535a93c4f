"""The official text is imported only if it is whole; every fault is named; versions are of the texts."""

import csv
import io
import json

import pytest

from synqc.apps.fir.knowledge.facts import bns_2023
from synqc.apps.fir.knowledge.import_statute import StatuteRefused, import_statute
from synqc.apps.fir.knowledge.statute import Statute
from synqc.errors import DocumentError, InputError

TITLES = {number: section.title for number, section in bns_2023().items()}
TEXTS = {
    number: f"(1) The words of section number {number} are these.\n(2) And धारा {number} these." for number in TITLES
}


def rows(texts=None, titles=None):
    texts, titles = texts or TEXTS, {**TITLES, **(titles or {})}
    return [{"section": str(number), "title": titles[number], "text": text} for number, text in texts.items()]


def as_csv(given):
    out = io.StringIO()
    writer = csv.DictWriter(out, ["section", "title", "text"])
    writer.writeheader()
    writer.writerows(given)
    return out.getvalue()


def as_text(given):
    contents = "ARRANGEMENT OF SECTIONS\n" + "".join(f"{one['section']}. {one['title']}.\n" for one in given)
    body = "".join(
        f"{'CHAPTER V' if one['section'] == '63' else ''}\n{one['section']}. {one['title']}.—{one['text']}\n"
        f"{one['section']}\n"
        for one in given
    )
    return contents + body


WRITERS = {
    "law.csv": as_csv, "law.txt": as_text, "law.json": json.dumps,
    "law.jsonl": lambda given: "\n".join(json.dumps(one) for one in given),
}  # fmt: skip


def written(folder, name, given):
    (folder / name).write_text(WRITERS[name](given), "utf-8")
    return folder / name


@pytest.mark.parametrize("name", WRITERS)
def test_every_kind_of_file_gives_the_same_version(tmp_path, name):
    statute = import_statute(written(tmp_path, name, rows()))
    assert dict(statute) == TEXTS
    assert statute.warnings == ()
    assert statute.version == Statute(TEXTS, source="", source_sha256="").version
    assert len(statute.source_sha256) == 64


@pytest.mark.parametrize("name", WRITERS)
def test_missing_sections_are_listed(tmp_path, name):
    fewer = {number: text for number, text in TEXTS.items() if number not in (7, 100, 101, 102)}
    with pytest.raises(StatuteRefused, match="4 of 358 sections are missing: 7, 100-102"):
        import_statute(written(tmp_path, name, rows(fewer)))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda given: [*given, given[0]], "Section 1 is there more than once"),
        (lambda given: [*given, {**given[0], "section": "359"}], "There is no section '359'"),
        (lambda given: [{**given[0], "section": "one"}, *given[1:]], "There is no section 'one'"),
        (
            lambda given: [{**given[0], "text": "Short."}, *given[1:]],
            "Section 1 must have 20 to 40000 characters, but has 6",
        ),
        (lambda given: [{**given[0], "text": "x" * 40_001}, *given[1:]], "but has 40001"),
        (
            lambda given: [{**given[0], "title": "Murder"}, *given[1:]],
            "Section 1 must be 'Short title, .*', but is 'Murder'",
        ),
        (lambda given: [{**given[0], "text": given[1]["text"]}, *given[1:]], "Sections 1 and 2 have the same text"),
        (
            lambda given: [{**given[0], "text": "It is \ufffd garbled here."}, *given[1:]],
            "Section 1 holds characters that were",
        ),
        (
            lambda given: [{**given[0], "text": "The Governmentâ€™s order it is."}, *given[1:]],
            "Section 1 holds characters that",
        ),
        (lambda given: [3, *given[1:]], r"The row at \$\[0\] must be an object, but is int"),
    ],
    ids=["twice", "359", "word", "short", "long", "other title", "same text", "replaced", "mojibake", "no object"],
)
def test_faults_are_named(tmp_path, change, told):
    with pytest.raises(StatuteRefused, match=told) as caught:
        import_statute(written(tmp_path, "law.json", change(rows())))
    assert caught.value.problems


def test_all_faults_are_counted_and_some_told(tmp_path):
    with pytest.raises(StatuteRefused, match=r"And 338 more\.$") as caught:
        import_statute(written(tmp_path, "law.json", rows({number: f"Short {number}" for number in TEXTS})))
    assert len(caught.value.problems) == 358


def test_cut_texts_and_spellings_of_titles_are_warnings(tmp_path):
    statute = import_statute(
        written(
            tmp_path,
            "law.json",
            rows({**TEXTS, 9: "This text ends in the middle of a"}, {303: "Theft,", 310: "Dacoitty"}),
        )
    )
    assert len(statute.warnings) == 2
    assert "Section 9 ends without a full stop" in statute.warnings[0]
    assert "Section 310 has the title 'Dacoitty'" in statute.warnings[1]


def test_gazette_with_titles_in_the_margin(tmp_path):
    body = "\n".join(f"{number}. (1) Whoever does what section {number} says." for number in TEXTS)
    (tmp_path / "law.txt").write_text(body)
    statute = import_statute(tmp_path / "law.txt")
    assert statute[303] == "(1) Whoever does what section 303 says."
    assert len(statute.warnings) == 358


def test_numbered_lists_within_a_section_begin_no_section(tmp_path):
    listed = {**TEXTS, 2: "The terms are these:\n3. a thing that is listed;\n4. another thing."}
    statute = import_statute(written(tmp_path, "law.txt", rows(listed)))
    assert statute[2].endswith("3. a thing that is listed;\n4. another thing.")
    assert statute[3] == TEXTS[3]


@pytest.mark.parametrize("name", ["law.csv", "law.txt", "law.jsonl"])
def test_other_encodings_are_refused(tmp_path, name):
    (tmp_path / name).write_bytes(WRITERS[name](rows()).encode("utf-16"))
    with pytest.raises(StatuteRefused, match="must be UTF-8, but is not, at byte 0"):
        import_statute(tmp_path / name)


@pytest.mark.parametrize("name", ["law.csv", "law.txt", "law.json", "law.jsonl"])
@pytest.mark.parametrize(
    "content",
    [b"", b"\x00" * 100, b"{", b"[]", b'"', b"1.\n" * 1000],
    ids=["empty", "nul", "brace", "list", "quote", "ones"],
)
def test_files_of_anything_are_refused_by_a_sentence(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(StatuteRefused, match="was not imported"):
        import_statute(tmp_path / name)


def test_broken_pdf_is_refused(tmp_path):
    pytest.importorskip("pypdfium2")
    (tmp_path / "law.pdf").write_bytes(b"%PDF-1.4 nothing")
    with pytest.raises(StatuteRefused, match="no PDF that can be read"):
        import_statute(tmp_path / "law.pdf")


def test_pdf_of_pictures_is_refused(tmp_path):
    pdfium = pytest.importorskip("pypdfium2")
    document = pdfium.PdfDocument.new()
    document.new_page(200, 200)
    document.save(tmp_path / "law.pdf")
    with pytest.raises(StatuteRefused, match="holds no text, only pictures of pages"):
        import_statute(tmp_path / "law.pdf")


def test_other_kinds_and_missing_files_are_named(tmp_path):
    with pytest.raises(
        InputError, match=r"must end in one of \.pdf, \.txt, \.csv, \.json, \.jsonl, but is 'law\.docx'"
    ):
        import_statute(tmp_path / "law.docx")
    with pytest.raises(InputError, match=r"must be a file, but .* is none"):
        import_statute(tmp_path / "law.csv")


def test_versions_are_kept_and_the_last_is_current(tmp_path):
    first = Statute(TEXTS, source="a.txt", source_sha256="1")
    second = Statute(
        {**TEXTS, 1: "Other words altogether."}, source="b.txt", source_sha256="2", warnings=("Look at 1.",)
    )
    assert Statute.load(tmp_path) is None
    first.save(tmp_path)
    second.save(tmp_path)
    loaded = Statute.load(tmp_path)
    assert (loaded.version, loaded.source, loaded.warnings, dict(loaded)) == (
        second.version,
        "b.txt",
        ("Look at 1.",),
        dict(second),
    )
    assert dict(Statute.load(tmp_path, first.version)) == TEXTS
    assert Statute.versions(tmp_path) == sorted([first.version, second.version])
    with pytest.raises(InputError, match="`version` must be one of"):
        Statute.load(tmp_path, "../../etc/passwd")


def test_changed_bytes_are_found(tmp_path):
    file = Statute(TEXTS, source="a.txt", source_sha256="1").save(tmp_path)
    file.write_text(file.read_text("utf-8").replace("section number 303", "section number 304"), "utf-8")
    with pytest.raises(DocumentError, match="is damaged: its texts are of version"):
        Statute.load(tmp_path)
    file.write_text("{}")
    with pytest.raises(DocumentError, match="is damaged"):
        Statute.load(tmp_path)

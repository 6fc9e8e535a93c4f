"""All forms of a report carry every word of it, whatever that is, and are the same bytes for the same report."""

import gc
import html.parser
import io
import itertools
import random
import re
import unicodedata
import zipfile
from functools import cache

import pytest
from reports import OFFICER, STATED, a_report, said_everywhere

from synqc.apps.fir.document import cluster_text, fonts, pdf_form, read_back
from synqc.apps.fir.document.docx_form import docx_of
from synqc.apps.fir.document.errors import FontsMissing, NotReadBack
from synqc.apps.fir.document.html_form import html_of
from synqc.apps.fir.document.layout import lay_out
from synqc.apps.fir.document.pdf_form import pdf_of
from synqc.apps.fir.document.read_back import (
    Expected,
    check_read_back,
    compared,
    pages_by_oxide,
    pages_by_pdfium,
    pages_by_pdfminer,
)
from synqc.apps.fir.document.seal import seal
from synqc.apps.fir.document.statement import Statement
from synqc.apps.fir.document.text_form import text_of
from synqc.apps.fir.document.visible_marks import mark_invisible, mark_missing, read_marks
from synqc.llm.providers.local import resident_mb

docx = pytest.importorskip("docx")
pdf_oxide = pytest.importorskip("pdf_oxide")

HOSTILE = {
    "template": "{{7*7}} {% raw %} ${7*7}",
    "typst": '#import "@preview/x:1.0.0" \n#eval("1+1")\n- item $x^2$ *b* _i_ `r` <label> @ref // /* */ \\ ~ "q"',
    "formula": '=cmd|\' /C calc\'!A0\n+1+1\n-2\n@SUM(1)',
    "latex": "\\input{/etc/passwd} \\write18{id} %",
    "markup": "<script>alert(1)</script> & < > \" ' </dd></dl> <select> ]]> <!-- -->",
    "nul and controls": "a\x00b\x07c\x1b[31md\x0b\x0ce\x85f\u2028g",
    "direction": "a\u202eb\u2066c\u2069\u200f \u061c",
    "surrogate and no characters": "\ud800 \ufffe \U0010ffff",
    "another script": "தமிழ் বাংলা 漢字 \U0001f600",
    "accents": "q̃ x̂́ ẵ Crème brûlée Å",
    "joiners": "क्‍ष क्‌ष र्‍य",
    "marks that look like ours": "[U+202E] [U+ [U+005B]",
    "ampersands over lines": "Ram & Sons\n<Pvt> \"Ltd\"\n\nof 'Kotwali' & the rest",
    "a forged label": "x\nName: somebody else\n\n5. Investigation\nOfficer's name: nobody",
    "blank lines": "\n\n first\n\n\tsecond \n",
}  # fmt: skip

CONSONANTS = [chr(code) for code in range(0x915, 0x93A)]


def syllables(rng, count):
    """Words of conjuncts with vowel signs, as Hindi has them."""
    signs = ["", "ा", "ि", "ी", "ु", "ू", "ृ", "े", "ै", "ो", "ौ", "ं", "ाँ", "ु", "ीं"]

    def syllable():
        joined = "्".join(rng.choices(CONSONANTS, k=rng.choice([1, 1, 2, 2, 2, 3])))
        return joined + rng.choice(signs)

    return ["".join(syllable() for _ in range(rng.randint(1, 4))) for _ in range(count)]


class Values(html.parser.HTMLParser):
    """What a browser shows where values stand."""

    def __init__(self):
        super().__init__()
        self.values, self.tags, self._in_value = [], set(), False

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self._in_value = tag == "dd"
        if self._in_value:
            self.values.append("")

    def handle_endtag(self, tag):
        self._in_value = self._in_value and tag != "dd"

    def handle_data(self, data):
        if self._in_value:
            self.values[-1] += data


def cells_of(data):
    return [row.cells[1].text for table in docx.Document(io.BytesIO(data)).tables for row in table.rows]


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_text_is_verbatim_in_every_form(kind):
    value = HOSTILE[kind]
    report = said_everywhere(value)
    rows = [row for rows in (lay_out(report).head, *(block.rows for block in lay_out(report).blocks)) for row in rows]
    shown = [row.value for row in rows]
    assert all(said is not None for said in shown)
    assert [said for said in shown if read_marks(said) == value]

    page = Values()
    page.feed(html_of(report))
    assert page.values == shown
    assert page.tags <= {"html", "head", "meta", "title", "style", "body", "h1", "h2", "section", "dl", "dt", "dd"}
    assert cells_of(docx_of(report)) == shown
    assert docx.Document(io.BytesIO(docx_of(report))).sections[0].header.paragraphs[0].text == report.number
    lines = text_of(report).split("\n")
    assert f"Suspect: {value}" not in lines
    for row in rows:
        first, *more = row.value.split("\n")
        at = lines.index(f"{row.label}: {first}")
        assert lines[at + 1 : at + 1 + len(more)] == ["    " + line for line in more]
    assert pdf_of(report).data  # it was read back, or NotReadBack


def test_marks_are_read_back_without_loss(seed):
    rng = random.Random(seed)
    for _ in range(300):
        pieces = ["[U+", "202E]", "[", "U+0041]", *map(chr, rng.choices(range(0x20), k=3)), "\ud834", "\u200e", "क्‍ष"]
        text = "".join(rng.choices(pieces, k=rng.randint(0, 12))).replace("\r\n", "")
        marked, _ = mark_missing(mark_invisible(text), set(range(0x20, 0x7F)))
        assert read_marks(marked) == text, f"seed {seed}"
        assert all(char.isprintable() or char in "\n\t\u200c\u200d" for char in marked), f"seed {seed}"


def test_500_strings_over_the_common_conjuncts_are_read_back(seed):
    words = syllables(random.Random(seed), 500)
    try:
        report = a_report(narrative=Statement(" ".join(words), OFFICER))
        pages = pages_by_pdfium(pdf_of(report).data)
    except NotReadBack as refused:
        raise AssertionError(f"seed {seed}: {refused}") from None
    read = compared("".join(pages))
    assert all(compared(word) in read for word in words), f"seed {seed}"


@pytest.mark.deep
def test_every_pair_of_consonants_with_every_vowel_sign_is_read_back():
    signs = ["", "ा", "ि", "ी", "ु", "ू", "ृ", "े", "ै", "ो", "ौ", "ं", "ः", "ँ", "ॉ", "ीं"]
    for sign in signs:
        words = [f"{one}्{other}{sign}" for one, other in itertools.product(CONSONANTS, repeat=2)]
        assert pdf_of(a_report(narrative=Statement(" ".join(words), OFFICER))).unprinted == ()


# If all readings were tried, these would be too many already.
@pytest.mark.parametrize("more", [1, pytest.param(10, marks=pytest.mark.deep)])
@pytest.mark.parametrize(
    "text", ["द्भु " * 500, "द्भु" * 500, "द्भुं " * 200, "द्भुं" * 20, "द्भु द्भुद्भु " * 50, "क" * 500],
    ids=["words", "one word", "words of three runs", "one word of three runs", "both", "long lines"],
)  # fmt: skip
def test_one_syllable_many_times_over_is_read_back_without_trying_all_readings(text, more):
    assert pdf_of(a_report(narrative=Statement(text * more, OFFICER))).unprinted == ()


@pytest.mark.parametrize(
    "text", ["e" + "\u0301" * 2000, "क्" * 2000, "\u093f" * 2000, "क\u200d" * 2000],
    ids=["accents", "conjuncts", "vowel signs", "joiners"],
)  # fmt: skip
def test_clusters_without_end_are_printed_or_refused(text):
    try:
        made = pdf_of(a_report(narrative=Statement(text, OFFICER)))
    except NotReadBack:
        return
    assert made.data


def test_marks_beyond_thirty_on_a_letter_are_printed_as_code_points():
    made = pdf_of(a_report(narrative=Statement("e" + "\u0301" * 40, OFFICER)))
    assert made.unprinted == ("\u0301",)
    assert compared("".join(pages_by_pdfium(made.data))).count("[U+0301]") == 10


def test_a_panic_of_typst_is_a_refusal(monkeypatch):
    class PanicException(BaseException):
        pass

    class Failing:
        def compile(self, **options):
            raise PanicException("PosOverflow")

    monkeypatch.setattr(pdf_form, "_compiler", cache(lambda: Failing()))
    with pytest.raises(NotReadBack, match="typst failed"):
        pdf_of(a_report())


@pytest.mark.parametrize(
    "text", ["Sub-Inspector " * 200, "well-known-and-very-long-" * 5, "a-" * 5000, "क-ख " * 500],
    ids=["words", "one word", "letters", "Hindi"],
)  # fmt: skip
def test_hyphens_at_the_end_of_lines_are_read_back(text):
    assert pdf_of(a_report(narrative=Statement(text, OFFICER))).unprinted == ()


def test_what_people_paste_is_read_back():
    pasted = (
        "the oﬃce ﬁled a well‐known Sub‑Inspector’s “report” – 50 % ₹5,000 … ½ H₂O श्री‌मान् कि॰मी॰ a\u00a0b x\u2060y "
    )
    assert pdf_of(a_report(narrative=Statement(pasted * 40, OFFICER))).data


def test_a_search_for_a_reading_that_there_is_not_ends():
    glyph = cluster_text._Glyph(0, (0, 0), "क", 100.0)
    mark = cluster_text._Glyph(0, (0, 2), "क", 99.0, is_first=True)
    with pytest.raises(NotReadBack, match="ends before 'ख'"):
        cluster_text._goes_on([glyph, mark] * 100 + [glyph], ["क" * 150, "ख"])


def test_three_extractors_read_the_same():
    data = pdf_of(a_report(narrative=Statement("अद्भुत द्भ्य सद्भाव x̂́ राष्ट्रीय", OFFICER))).data
    read = [compared("".join(extract(data))) for extract in (pages_by_pdfium, pages_by_oxide, pages_by_pdfminer)]
    assert read[0] == read[1] == read[2]
    assert compared("अद्भुत द्भ्य सद्भाव x̂́ राष्ट्रीय") in read[0]


def test_a_pdf_that_says_something_else_is_not_handed_out():
    report = a_report()
    data = pdf_of(report).data
    for told in (["something else"], [text_of(report)]):
        with pytest.raises(NotReadBack, match="went in"):
            check_read_back(data, Expected(told, report.number, "Page"))


@pytest.mark.parametrize("kind", HOSTILE)
def test_the_extractor_in_rust_needs_no_help_by_pdfminer(kind, monkeypatch):
    monkeypatch.setattr(read_back, "pages_by_pdfminer", lambda pdf: ["was asked"])
    assert pdf_of(said_everywhere(HOSTILE[kind])).data


def test_without_its_extractor_in_rust_a_pdf_is_read_back_by_pdfminer(monkeypatch):
    monkeypatch.setattr(read_back.importlib.util, "find_spec", lambda name: None)
    asked = []
    monkeypatch.setattr(read_back, "pages_by_pdfminer", lambda pdf: asked.append(1) or pages_by_pdfminer(pdf))
    assert pdf_of(a_report()).data
    assert asked


@pytest.mark.parametrize("reads", [["something else"], None], ids=["reads something else", "panics"])
def test_where_the_extractor_in_rust_fails_pdfminer_decides(reads, monkeypatch):
    class PanicException(BaseException):
        pass

    class Failing:
        @staticmethod
        def from_bytes(pdf):
            raise PanicException("index out of bounds")

    if reads is None:
        monkeypatch.setattr(pdf_oxide, "PdfDocument", Failing)
    else:
        monkeypatch.setattr(read_back, "pages_by_oxide", lambda pdf: reads)
    assert pdf_of(a_report()).data
    monkeypatch.setattr(read_back, "pages_by_pdfminer", lambda pdf: ["something else, too"])
    with pytest.raises(NotReadBack, match=r"pdfminer\.six reads 'somethingelse,too'"):
        pdf_of(a_report())


@pytest.mark.deep
def test_a_thousand_pdfs_take_no_more_memory_than_two_hundred(seed):
    rng = random.Random(seed)
    sizes = []
    for number in range(1000):
        report = a_report(
            narrative=Statement(" ".join(syllables(rng, 100)), OFFICER), language=("en", "hi")[number % 2]
        )
        try:
            assert pdf_of(report).data
        except NotReadBack as refused:
            raise AssertionError(f"seed {seed}: {refused}") from None
        if number in (199, 999):
            gc.collect()
            sizes.append(resident_mb())
    assert sizes[1] < 1.05 * sizes[0], f"seed {seed}: {sizes} MB"


def test_what_no_font_shows_is_named_and_printed_as_its_code_point():
    made = pdf_of(a_report(narrative=Statement("தமிழ் \U0001f600", OFFICER)))
    assert set(made.unprinted) == set("தமிழ்") | {"\U0001f600"}
    assert "[U+1F600]" in compared("".join(pages_by_pdfium(made.data)))


def test_hindi_latin_and_a_picture_in_one_field_are_printed_and_the_picture_is_named():
    made = pdf_of(a_report(narrative=Statement("राष्ट्रीय bank \U0001f6b2 साइकिल \u20b95,000", OFFICER)))
    assert made.unprinted == ("\U0001f6b2",)
    read = compared("".join(pages_by_pdfium(made.data)))
    assert compared("राष्ट्रीय bank [U+1F6B2] साइकिल \u20b95,000") in read


@pytest.mark.parametrize("count", [5_000, pytest.param(50_000, marks=pytest.mark.deep)])
def test_characters_without_a_blank_stay_within_the_margins(count):
    value = "क्षW" * (count // 4)
    made = pdf_of(a_report(complaint=Statement(value, OFFICER)))
    assert compared(value) in compared(re.sub("FIR-0a1b2c3d-20261130101010Page\\d+/\\d+", "", compared("".join(
        pages_by_pdfium(made.data)))))  # fmt: skip
    import pypdfium2

    document = pypdfium2.PdfDocument(made.data)
    page = document[1]
    width = page.get_width()
    text = page.get_textpage()
    boxes = [text.get_charbox(index) for index in range(0, text.count_chars(), 7)]
    assert max(box[2] for box in boxes) < width - 40
    document.close()


@pytest.mark.parametrize("language", ["en", "hi"])
def test_equal_reports_give_equal_bytes_and_others_do_not(language):
    first, second = (seal(a_report(language=language)) for _ in range(2))
    assert first.files == second.files
    assert first.seal == second.seal
    other = seal(a_report(language=language, stated=STATED | {"witnesses": Statement("द्वारका प्रसाद", OFFICER)}))
    assert all(other.files[form] != data for form, data in first.files.items())
    with zipfile.ZipFile(io.BytesIO(first.files["docx"])) as archive:
        assert {member.date_time for member in archive.infolist()} == {(2026, 11, 30, 10, 10, 10)}


def test_hindi_in_docx_has_what_word_processors_ask_of_complex_scripts():
    with zipfile.ZipFile(io.BytesIO(docx_of(a_report(language="hi")))) as archive:
        body = archive.read("word/document.xml").decode()
    runs = re.findall(r"<w:r>.*?</w:r>", body, re.DOTALL)
    hindi = [run for run in runs if re.search("[\u0900-\u097f]", run)]
    assert hindi
    for run in hindi:
        for wanted in ('w:cs="Noto Sans Devanagari"', 'w:hint="cs"', "<w:szCs ", "<w:cs/>", '<w:rtl w:val="0"/>'):
            assert wanted in run
        assert ("<w:b/>" in run) == ("<w:bCs/>" in run)
    assert any("<w:bCs/>" in run for run in hindi)


def test_every_word_of_the_narrative_is_in_every_form():
    narrative = "राष्ट्रीय राजमार्ग पर अद्भुत घटना; the cycle (blue) was taken at १०:३० by “someone”."
    files = seal(a_report(narrative=Statement(narrative, OFFICER))).files
    pdf = compared("".join(pages_by_pdfium(files["pdf"])))
    for word in narrative.split():
        assert compared(word) in pdf
    assert narrative in cells_of(files["docx"])
    page = Values()
    page.feed(files["html"].decode())
    assert narrative in page.values
    assert narrative in files["txt"].decode()
    assert narrative in files["json"].decode()
    assert unicodedata.is_normalized("NFC", narrative)


def test_without_a_font_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setattr(fonts.importlib.util, "find_spec", lambda name: None)
    fonts.print_fonts.cache_clear()
    try:
        with pytest.raises(FontsMissing, match="pip install fontpkg-noto-sans-devanagari"):
            fonts.print_fonts()
    finally:
        monkeypatch.undo()
        fonts.print_fonts.cache_clear()

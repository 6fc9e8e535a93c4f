"""Citations of the repealed code are found as people write them, and only what is sure is said."""

import pytest

from synqc.apps.fir.knowledge.citations import cited_sections
from synqc.apps.fir.knowledge.superseded import find_superseded, successors


@pytest.mark.parametrize(
    ("text", "cited"),
    [
        ("FIR under sections 379, 34 and 506 IPC", ["379", "34", "506"]),
        ("u/s 498A of the Indian Penal Code", ["498A"]),
        ("I.P.C. section 420", ["420"]),
        ("IPC 302 r/w 34", ["302", "34"]),
        ("धारा ३०२ भादवि के तहत", ["302"]),
        ("आईपीसी की धारा 376", ["376"]),
        ("302/34 IPC", ["302", "34"]),
    ],
)
def test_spellings(text, cited):
    assert [found.cited for found in find_superseded(text)] == cited


@pytest.mark.parametrize(
    "text", ["section 303 BNS", "420 rupees", "", "IPC", "IPC 999", "धारा 303 बीएनएस", "a recipe 20"]
)
def test_what_is_no_citation_of_it(text):
    assert find_superseded(text) == []


@pytest.mark.parametrize(
    ("ipc", "bns"),
    [
        ("302", (103,)), ("304B", (80,)), ("307", (109,)), ("323", (115,)), ("354D", (78,)), ("379", (303,)),
        ("392", (309,)), ("406", (316,)), ("498A", (85, 86)), ("506", (351,)), ("304a", (106,)), ("171-i", (177,)),
    ],
)  # fmt: skip
def test_successors(ipc, bns):
    assert successors(ipc) == bns


def test_no_entry_is_said_and_nothing_guessed():
    (found,) = find_superseded("section 16 IPC")
    assert found.successors == ()
    assert "no entry" in found.note


def test_places_are_those_of_the_text():
    text = "रिपोर्ट: 420 IPC"
    (found,) = find_superseded(text)
    assert text[found.start : found.start + len(found.written)] == "420"


def test_long_texts_of_numbers_end():
    assert find_superseded("1, " * 60_000) == []


@pytest.mark.parametrize("text", ["IPC{}x", "420{}x", "420 of{}the{}x", "भादवि{}धारा{}x"])
def test_a_long_run_of_blanks_is_read_once(text):
    assert find_superseded(text.replace("{}", " " * 20_000)) == []
    assert cited_sections(text.replace("IPC", "BNS").replace("{}", "\t" * 20_000)) == []


def test_any_number_of_blanks_may_stand_between_a_section_and_its_code():
    assert [found.cited for found in find_superseded("420   of   the\t IPC, IPC   section \t 302   and   34")] == [
        "420",
        "302",
        "34",
    ]

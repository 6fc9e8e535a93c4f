"""Sections are found as people name them, and nothing else is taken for one."""

import pytest

from synqc.apps.fir.knowledge.citations import cited_sections


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("section 303 BNS", [303]),
        ("u/s 115(2), 351(2) and 352 of the BNS", [115, 351, 352]),
        ("BNS section 64", [64]),
        ("B.N.S. 109 r/w 3(5)", [109, 3]),
        ("Bharatiya Nyaya Sanhita 2023 section 318", [318]),
        ("धारा ३०३(2) बीएनएस", [303]),
        ("भारतीय न्याय संहिता की धारा 70 व 64", [70, 64]),
        ("302 IPC, now 103 BNS", [103]),
    ],
)
def test_spellings(text, numbers):
    assert cited_sections(text) == numbers


@pytest.mark.parametrize(
    "text",
    [
        "",
        "303",
        "Rs 303",
        "section 303",
        "section 173 BNSS",
        "धारा 173 बीएनएसएस",
        "999 BNS",
        "BNS",
        "bns 1234567",
        "302 CrPC",
    ],
)
def test_what_names_no_section(text):
    assert cited_sections(text) == []


def test_long_texts_end():
    assert cited_sections("1, " * 60_000) == []

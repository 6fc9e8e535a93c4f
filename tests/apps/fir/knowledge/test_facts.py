"""The table of facts: dense, in order, consistent, and in our own words."""

import re

import pytest

from synqc.apps.fir.knowledge.facts import bns_2023
from synqc.apps.fir.knowledge.search_words import is_hindi
from synqc.errors import UnknownName

CHAPTERS = [
    (1, 3), (4, 13), (14, 44), (45, 62), (63, 99), (100, 146), (147, 158), (159, 168), (169, 177), (178, 188),
    (189, 197), (198, 205), (206, 226), (227, 269), (270, 297), (298, 302), (303, 334),
    (335, 350), (351, 357), (358, 358),
]  # fmt: skip
COURTS = {
    "Court of Session", "Magistrate of the first class", "any Magistrate", "the Court of the main offence",
    "the Court in which it is committed, or any Magistrate",
}  # fmt: skip
OFFENCES = [offence for section in bns_2023().values() for offence in section.offences]


def test_sections_are_dense_and_in_order():
    assert list(bns_2023()) == list(range(1, 359))


def test_chapters_follow_each_other_with_the_sections_of_the_act():
    for chapter, (first, last) in enumerate(CHAPTERS, 1):
        assert {bns_2023()[number].chapter for number in range(first, last + 1)} == {chapter}


def test_no_other_section_exists():
    with pytest.raises(UnknownName, match="sections 1 to 358, but no section 511"):
        bns_2023()[511]


@pytest.mark.parametrize("field", ["title", "description", "english", "hindi", "chapter_title"])
def test_every_section_has(field):
    assert [number for number, section in bns_2023().items() if not getattr(section, field).strip()] == []


def test_descriptions_are_one_to_three_sentences():
    for number, section in bns_2023().items():
        sentences = re.findall(r"[^.]+\.", section.description)
        assert section.description.endswith("."), number
        assert 1 <= len(sentences) <= 3 or number in (106, 303), number
        assert 20 <= len(section.description) <= 300, number


def test_descriptions_are_not_in_the_phrases_of_the_statute():
    phrases = re.compile(
        r"\bwhoever\b|shall be punished|shall also be liable|said to|notwithstanding|of either description", re.I
    )
    assert [number for number, section in bns_2023().items() if phrases.search(section.description)] == []


def test_hindi_words_are_hindi_and_english_ones_are_not():
    assert all(is_hindi(section.hindi) and not is_hindi(section.english) for section in bns_2023().values())


def test_classification_is_of_the_words_that_there_are():
    for offence in OFFENCES:
        assert offence.cognizable in ("yes", "no", "depends"), offence
        assert offence.bailable in ("yes", "no", "depends"), offence
        assert offence.court in COURTS, offence
        assert offence.punishment, offence
        assert set(offence.disputed) <= {"cognizable", "bailable", "court"}, offence


def test_offences_stand_at_their_section_and_are_told_apart():
    for number, section in bns_2023().items():
        assert all(re.fullmatch(rf"{number}(\(\w+\))*", offence.at) for offence in section.offences), number
        labels = [(offence.at, offence.offence) for offence in section.offences]
        assert len(set(labels)) == len(labels), number


def test_what_carries_death_or_life_is_not_bailable_before_a_magistrate():
    heavy = [
        one
        for one in OFFENCES
        if one.punishment.startswith("death") or re.match("imprisonment for life", one.punishment)
    ]
    assert len(heavy) > 40
    for offence in heavy:
        assert offence.bailable == "no" or offence.at in ("339", "341(1)", "342(1)"), offence
        assert offence.court != "any Magistrate", offence


def test_what_only_a_fine_punishes_is_bailable():
    fined = [one for one in OFFENCES if one.punishment.startswith("fine")]
    assert len(fined) >= 8
    assert all(one.bailable == "yes" for one in fined)


def test_explaining_sections_have_no_offences():
    assert not any(
        bns_2023()[number].offences for number in [*range(1, 49), 63, 86, 100, 101, 114, 128, 130, 138, 169, 270, 335]
    )


@pytest.mark.parametrize(
    ("at", "cognizable", "bailable", "court"),
    [
        ("103(1)", "yes", "no", "Court of Session"),
        ("115(2)", "no", "yes", "any Magistrate"),
        ("304(2)", "yes", "no", "any Magistrate"),
        ("318(4)", "yes", "no", "Magistrate of the first class"),
        ("351(2)", "no", "yes", "any Magistrate"),
        ("85", "depends", "no", "Magistrate of the first class"),
    ],
)
def test_offences_that_every_station_knows(at, cognizable, bailable, court):
    offence = next(one for one in OFFENCES if one.at == at)
    assert (offence.cognizable, offence.bailable, offence.court) == (cognizable, bailable, court)

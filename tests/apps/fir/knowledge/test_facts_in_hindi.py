"""Hindi of the table of facts: complete, in Devanagari, and with the numbers of the English."""

import re

from synqc.apps.fir.knowledge.facts import BNS, Offence, bns_2023
from synqc.apps.fir.knowledge.facts_in_hindi import act_in_hindi, punishment_in_hindi, title_in_hindi
from synqc.apps.fir.knowledge.knowledge_base import KnowledgeBase

SECTIONS = list(bns_2023().values())
WORDS = {
    "life": "आजीवन", "death": "मृत्युदंड", "fine": "जुर्माना", "forfeiture": "समपहरण", "confiscation": "अधिहरण",
    "rigorous": "कठोर", "simple": "सादा", "community": "सामुदायिक", "at least": "कम से कम", "both": "दोनों",
    "rest of natural life": "शेष प्राकृत जीवन", "month": "माह", "year": "वर्ष", "lakh": "लाख", "hours": "घंटे",
}  # fmt: skip
"""Words that make a punishment another one, and their Hindi."""


def numbers(text):
    return sorted(re.findall(r"[\d,]*\d", text))


def test_every_title_has_hindi_with_its_numbers():
    for one in SECTIONS:
        hindi = title_in_hindi(BNS, str(one.number), one.title)
        assert hindi, one
        assert numbers(hindi) == numbers(one.title), one
        assert not re.search("[A-Za-z]", hindi), one


def test_every_section_that_punishes_has_hindi_for_all_of_its_offences():
    for one in SECTIONS:
        hindi = punishment_in_hindi(one.offences)
        assert bool(hindi) == bool(one.offences), one
        assert not re.search("[A-Za-z]", re.sub(r"(?<=[\d)])\([a-z]+\)", "", hindi)), one
        assert all(f"{offence.at} (" in hindi or f"{offence.at}: " in hindi for offence in one.offences[1:]), one


def test_every_punishment_says_what_the_english_says():
    for one in (offence for section in SECTIONS for offence in section.offences):
        hindi = punishment_in_hindi([one])
        assert numbers(hindi) == numbers(one.punishment), one
        assert not re.search("[A-Za-z]", hindi), one
        for english, word in WORDS.items():
            assert (english in one.punishment) == (word in hindi.replace("जुर्माने", "जुर्माना")), (one, hindi)


def test_different_titles_and_names_are_different():
    titles = [title_in_hindi(BNS, str(one.number), one.title) for one in SECTIONS]
    assert len(set(titles)) == len({one.title for one in SECTIONS})


def test_what_the_table_does_not_have_has_no_hindi():
    assert act_in_hindi("Arms Act, 1959") == ""
    for act, section, title in [(BNS, "304", "Theft"), (BNS, "999", "Theft"), (BNS, "", ""), ("Arms Act", "3", "x")]:
        assert title_in_hindi(act, section, title) == ""
    assert punishment_in_hindi([]) == ""
    assert punishment_in_hindi([Offence("3", "", "flogging", "yes", "no", "any Magistrate")]) == ""
    assert punishment_in_hindi([Offence("3", "of a kind", "fine", "yes", "no", "any Magistrate")]) == ""


def test_hits_carry_it():
    (hit, *_) = KnowledgeBase.standard().search("chain snatched by men on a motorcycle").hits
    plain = hit.to_plain()
    assert plain["code_hindi"] == "भारतीय न्याय संहिता, 2023"
    assert plain["title_hindi"] == "झपटमारी"
    assert plain["punishment_hindi"] == "3 वर्ष तक का कारावास, और जुर्माना"

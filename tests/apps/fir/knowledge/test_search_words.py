"""Words of Hindi stay whole, and one word has one form however it is typed."""

import pytest

from synqc.apps.fir.knowledge.search_words import is_hindi, search_words, telling_words


def test_words_of_devanagari_stay_whole():
    assert search_words("हिन्दी में हत्या की रिपोर्ट, क्षत्रिय नियुक्ति") == [
        "हिंद",
        "में",
        "हत्य",
        "की",
        "रिपोर्ट",
        "क्षत्रिय",
        "नियुक्त",
    ]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("क्\u200dष", "क्ष"), ("क्\u200cष", "क्ष"), ("ज़मीन", "जमीन"),
        ("\u095b\u092e\u0940\u0928", "जमीन"), ("३०३", "303"),
        ("बच्चों", "बच्चे"),
        ("माँ", "मां"), ("THEFT", "theft"), ("घर\u00ad", "घर"), ("ﬁre", "fire"),
    ],
)  # fmt: skip
def test_spellings_of_one_word(one, other):
    assert search_words(one) == search_words(other)


@pytest.mark.parametrize("text", ["", " ", "।।", "!!!", "\0", "\ud800", "का के की", "\u200d"])
def test_texts_without_telling_words(text):
    assert telling_words(text) == []


def test_language_by_share_of_letters():
    assert is_hindi("मेरा mobile phone चोरी हुआ")
    assert not is_hindi("My complaint is about चोरी committed at the market yesterday")
    assert not is_hindi("12345")

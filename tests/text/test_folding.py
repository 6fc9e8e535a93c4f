"""Folding of single characters, against Python's Unicode database."""

import functools
import sys
import unicodedata
from pathlib import Path

import pytest

from synqc.text import Shingling

SCRIPTS = Path(__file__).parents[2] / "scripts"
sys.path.insert(0, str(SCRIPTS))

import generate_folding  # noqa: E402

fold = functools.cache(generate_folding.fold)

same_unicode = pytest.mark.skipif(
    unicodedata.unidata_version not in generate_folding.DATA.read_text()[:200],
    reason="the tables are of another version of Unicode than this Python",
)


@same_unicode
def test_the_tables_are_what_the_generator_makes():
    assert generate_folding.DATA.read_text() == generate_folding.data_text()


@same_unicode
@pytest.mark.parametrize("look_alikes", [False, True])
def test_every_character_folds_as_the_generator_says(look_alikes):
    shingling = Shingling(look_alikes=look_alikes)
    doubles = str.maketrans(generate_folding.LOOK_ALIKES if look_alikes else {})
    for first in range(0, 0x110000, 0x400):
        letters = [chr(code) for code in range(first, first + 0x400) if not 0xD800 <= code < 0xE000]
        folded = shingling.folded("|".join(letter for letter in letters if letter not in "|∣" and not letter.isspace()))
        expected = "|".join(
            fold(letter).translate(doubles) for letter in letters if letter not in "|∣" and not letter.isspace()
        )
        assert folded == " ".join(expected.split()), hex(first)


def test_case_never_matters():
    shingling = Shingling()
    for code in range(0x110000):
        letter = chr(code)
        if not 0xD800 <= code < 0xE000 and letter != letter.upper() and letter.upper().lower() == letter:
            assert shingling.folded(letter) == shingling.folded(letter.upper()), hex(code)


def test_words_of_other_scripts_stay_apart():
    words = ["प्रश्न", "किताब", "कीताब", "数学", "数論", "שלום", "مرحبا", "ไทย", "한국", "한글"]
    folded = [Shingling().folded(word) for word in words]
    assert len(set(folded)) == len(words)
    assert all(folded)

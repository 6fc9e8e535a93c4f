"""Texts by locale come from the tables of mimesis, or the field is refused by name."""

import mimesis
import pytest
from drawn_seed import drawn_seed

from synqc import generate
from synqc.errors import InputError
from synqc.generate.locale_text import FIELDS, locales, sampler_of

SEED = drawn_seed(__name__)


def drawn(field, locale, rows=300):
    return generate.make(generate.Table({"x": generate.LocaleText(field, locale)}), rows=rows, seed=SEED).column("x")


def test_every_field_of_every_locale_is_drawn_or_refused():
    refused = []
    for locale in locales():
        for field in FIELDS:
            try:
                assert sampler_of(field, locale).sample(SEED, field, 0)
            except InputError as refusal:
                refused.append((locale, str(refusal)))
    assert len(locales()) > 40
    assert len(refused) < 10
    assert all(repr(locale) in words for locale, words in refused)


@pytest.mark.parametrize("locale", ["en", "de", "ru"])
def test_words_are_those_of_mimesis(locale):
    person, address = mimesis.Person(mimesis.Locale(locale)), mimesis.Address(mimesis.Locale(locale))
    cities = set(address._extract(["city"]))
    assert set(drawn("city", locale)) <= cities
    surnames = person._extract(["surnames"])
    known = set(surnames) if isinstance(surnames, list) else {name for names in surnames.values() for name in names}
    assert set(drawn("last_name", locale)) <= known


def test_a_country_has_what_differs_from_its_language():
    assert set(drawn("state", "de-at", 2000)) != set(drawn("state", "de", 2000))
    assert drawn("last_name", "de-at", 5).size == 5


def test_family_names_come_first_where_they_do():
    surnames = set(drawn("last_name", "ja", 20_000))
    firsts = [name.split(" ")[0] for name in drawn("full_name", "ja")]
    assert sum(first in surnames for first in firsts) > 290


def test_masks_are_filled():
    assert all(code.isdigit() and len(code) == 5 for code in drawn("postal_code", "de"))
    assert not any("#" in number for number in drawn("phone", "en"))

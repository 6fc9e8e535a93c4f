"""Samplers of names, places and words by locale, from the tables that mimesis brings."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from importlib import metadata, resources
from types import MappingProxyType
from typing import Any, Final

from synqc import _core
from synqc.errors import InputError, MissingExtra

__all__ = ["FIELDS", "locales", "sampler_of", "source"]


def _tables(locale: str) -> Any:
    try:
        return resources.files("mimesis.datasets").joinpath(locale)
    except ModuleNotFoundError as error:
        raise MissingExtra("Texts by locale need mimesis: pip install 'synqc[generate]'.") from error


def locales() -> tuple[str, ...]:
    """Names of the locales there are tables of.

    Examples:
        >>> [name for name in locales() if name.startswith("de")]
        ['de', 'de-at', 'de-ch']
    """
    root = _tables("en").parent if hasattr(_tables("en"), "parent") else resources.files("mimesis.datasets")
    return tuple(
        sorted(
            each.name for each in root.iterdir() if each.is_dir() and re.fullmatch(r"[a-z]{2}(-[a-z]{2})?", each.name)
        )
    )


def source() -> dict[str, str]:
    """Where the tables come from, for a data card."""
    return {"name": "mimesis", "version": metadata.version("mimesis"), "licence": "MIT"}


def _merged(below: dict[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """The upper document's values over the lower one's, member by member."""
    merged = dict(below)
    for name, value in above.items():
        inside = merged.get(name)
        merged[name] = _merged(inside, value) if isinstance(inside, dict) and isinstance(value, dict) else value
    return merged


@lru_cache(maxsize=128)
def _document(locale: str, name: str) -> dict[str, Any]:
    """One file of a locale; `en-gb` has what differs from `en`."""
    language = locale.partition("-")[0]
    document: dict[str, Any] = {}
    for part in dict.fromkeys((language, locale)):
        file = _tables(part).joinpath(f"{name}.json")
        if file.is_file():
            document = _merged(document, json.loads(file.read_text(encoding="utf-8")))
    return document


class _Tables:
    """Lists of one locale by their path, such as `person.names.female`."""

    def __init__(self, locale: str) -> None:
        self.locale = locale

    def find(self, path: str) -> Any:
        name, *members = path.split(".")
        value: Any = _document(self.locale, name)
        for member in members:
            value = value.get(member) if isinstance(value, dict) else None
        return value

    def words(self, *paths: str) -> list[str]:
        """All texts of the first of the paths there is, those of the sexes together; each once."""
        for path in paths:
            found = _texts_in(self.find(path))
            if found:
                return list(dict.fromkeys(found))
        raise InputError(f"Argument `locale` must have a table of {paths[0]}, but {self.locale!r} has none.")

    def choice(self, *paths: str) -> _core.TextSampler:
        return _core.TextSampler.choice(self.words(*paths))


def _texts_in(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        value = [value[name] for name in sorted(value)]
    return [text for each in value or [] for text in _texts_in(each)]


def _mask(mask: str) -> _core.TextSampler:
    """A text in which every # is a digit and every @ a capital letter."""
    sampler = _core.TextSampler
    digit, letter = sampler.choice(list("0123456789")), sampler.choice([chr(code) for code in range(65, 91)])
    parts = [
        digit if part == "#" else letter if part == "@" else sampler.literal(part) for part in re.split("([#@])", mask)
    ]
    return sampler.sequence(parts)


def _masks(tables: _Tables, *paths: str) -> _core.TextSampler:
    return _core.TextSampler.one_of([_mask(mask) for mask in tables.words(*paths)])


_FAMILY_NAME_FIRST: Final = frozenset({"hu", "ja", "ko", "zh"})


def _full_name(tables: _Tables) -> _core.TextSampler:
    parts = [tables.choice("person.names"), _core.TextSampler.literal(" "), tables.choice("person.surnames")]
    if tables.locale in _FAMILY_NAME_FIRST:
        parts.reverse()
    return _core.TextSampler.sequence(parts)


def _address(tables: _Tables) -> _core.TextSampler:
    """By the locale's own order of street and number."""
    sampler = _core.TextSampler
    number = sampler.pattern("[1-9][0-9]{0,2}", 0)
    parts = []
    for part in re.split(r"(\{\w+\})", tables.words("address.address_fmt")[0]):
        if part == "{st_num}":
            parts.append(number)
        elif part == "{st_name}":
            parts.append(tables.choice("address.street.name"))
        elif part == "{st_sfx}":
            parts.append(tables.choice("address.street.suffix"))
        elif part.startswith("{"):
            raise InputError(
                f"Argument `locale` must have addresses of street and number, but {tables.locale!r} has {part}."
            )
        else:
            parts.append(sampler.literal(part))
    return sampler.sequence(parts)


def _sentence(tables: _Tables) -> _core.TextSampler:
    """Words, not grammar: four to twelve of them and a full stop."""
    sampler = _core.TextSampler
    words = tables.choice("text.words")
    more = sampler.repeated(sampler.sequence([sampler.literal(" "), words]), 3, 11)
    return sampler.sequence([words, more, sampler.literal(".")])


def _email(tables: _Tables) -> _core.TextSampler:
    """Letters and digits at domains that RFC 2606 keeps for examples."""
    return _core.TextSampler.pattern(r"[a-z]{4,10}[0-9]{0,3}@example\.(com|net|org)", 0)


def _of(*paths: str) -> Callable[[_Tables], _core.TextSampler]:
    return lambda tables: tables.choice(*paths)


FIELDS: Final[Mapping[str, Callable[[_Tables], _core.TextSampler]]] = MappingProxyType(
    {
        "first_name": _of("person.names"),
        "last_name": _of("person.surnames"),
        "full_name": _full_name,
        "email": _email,
        "phone": lambda tables: _masks(tables, "person.telephone_fmt"),
        "occupation": _of("person.occupation"),
        "nationality": _of("person.nationality"),
        "language": _of("person.language"),
        "university": _of("person.university"),
        "academic_degree": _of("person.academic_degree"),
        "city": _of("address.city"),
        "state": _of("address.state.name", "address.state.abbr"),
        "country": _of("address.country.name"),
        "continent": _of("address.continent"),
        "street": _of("address.street.name"),
        "address": _address,
        "postal_code": lambda tables: _masks(tables, "address.postal_code_fmt"),
        "company": _of("finance.company.name"),
        "bank": _of("finance.banks"),
        "month": _of("datetime.month.name"),
        "weekday": _of("datetime.day.name"),
        "dish": _of("food.dishes"),
        "drink": _of("food.drinks"),
        "fruit": _of("food.fruits"),
        "vegetable": _of("food.vegetables"),
        "color": _of("text.color"),
        "word": _of("text.words"),
        "sentence": _sentence,
    }
)
"""What there is, by name: how it is made of a locale's tables."""


@lru_cache(maxsize=512)
def sampler_of(field: str, locale: str) -> _core.TextSampler:
    """The sampler of a field in a locale.

    Raises:
        InputError: There is no such field, no such locale, or no such table in it.
        MissingExtra: mimesis is not installed.
    """
    if field not in FIELDS:
        raise InputError(f"Argument `field` must be one of {', '.join(FIELDS)}, but is {field!r}.")
    if locale not in locales():
        raise InputError(f"Argument `locale` must be one of {', '.join(locales())}, but is {locale!r}.")
    return FIELDS[field](_Tables(locale))

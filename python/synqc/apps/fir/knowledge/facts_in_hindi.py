"""Titles and punishments of the Bharatiya Nyaya Sanhita, 2023, in Hindi: words of ours for its table of facts."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from synqc.apps.fir.knowledge.facts import BNS, Offence, bns_2023

__all__ = ["act_in_hindi", "punishment_in_hindi", "title_in_hindi"]


def act_in_hindi(act: str) -> str:
    """Name of an act; "" of one that is not known.

    >>> act_in_hindi("Bharatiya Nyaya Sanhita, 2023")
    'भारतीय न्याय संहिता, 2023'
    """
    return str(_read("titles")["act"]) if act == BNS else ""


def title_in_hindi(act: str, section: str, title: str) -> str:
    """Title of a section; "" where it has another title than the table's, which somebody gave it, or is not known.

    >>> title_in_hindi("Bharatiya Nyaya Sanhita, 2023", "304(2)", "Snatching")
    'झपटमारी'
    """
    number = section.partition("(")[0].strip()
    if act != BNS or not number.isascii() or not number.isdecimal() or int(number) not in bns_2023():
        return ""
    return str(_read("titles")["titles"][str(int(number))]) if bns_2023()[int(number)].title == title else ""


def punishment_in_hindi(offences: Sequence[Offence]) -> str:
    """Of all of them, as `Record.punishment` has them in English; "" where words of one are not known.

    >>> punishment_in_hindi(bns_2023()[304].offences)
    '3 वर्ष तक का कारावास, और जुर्माना'
    """
    punishments, names = _read("punishments"), _read("offences")
    told = []
    for one in offences:
        punishment, name = punishments.get(one.punishment), names.get(one.offence) if one.offence else ""
        if punishment is None or name is None:
            return ""
        told.append(f"{one.at}{f' ({name})' if name else ''}: {punishment}" if len(offences) > 1 else punishment)
    return "; ".join(told)


@cache
def _read(name: str) -> Mapping[str, Any]:
    return tomllib.loads((files("synqc") / "data" / "bns_2023_hindi" / f"{name}.toml").read_text("utf-8"))

"""Language of a complaint: English, Hindi in either script, both, or another one."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final

__all__ = ["ComplaintLanguage", "detect_language"]

_DEVANAGARI_WORD: Final = re.compile(r"[\u0904-\u0939][\u0900-\u0963\u0966-\u097f\u200c\u200d]*")
_LATIN_WORD: Final = re.compile(r"[a-z]+(?:['’][a-z]+)*")
_LETTER: Final = re.compile(r"[^\W\d_]")
_READ: Final = re.compile(r"[a-z\u00c0-\u024f\u0900-\u097f]")
_A_PART: Final = 0.15
"""Of the words: less is a name, a thing or a quotation within the other language."""

_ENGLISH: Final = """
    a about after all also an and any are as at away back because been before but by can could did down for from
    had has have he her him his home house i in into it its me my near night no not of off on one our out over police
    said saw she so some someone stolen than that the their them then there they this time to told took two up us was
    we went were when where which while who with you your
"""
_HINDI_IN_LATIN: Final = """
    aaj aap aaya aayi apna apne apni aur baad baje bhai bhi chori diya diye dono ek gaya gaye gayi ghar hai hain
    hamara hamare hamari ho hua hue hui humko iska jab jo ka kaha kal kar kara karke karna karne ke ki kisi kiya ko koi
    kuch kuchh kya laga lagi liya maara maine mara mein mera mere meri mujhe mujhse nahi nahin nai ne par pati
    paise phir raat raha rahe rahi saath saal sab sath se shaam sasural subah tab tak tatha tha thi tum unhone uska
    uske uski usko usne voh wahan wala wale wali woh ye yeh
"""
"""As Hindi is typed where there is no keyboard for it, without words that English has, too, such as थे."""


class ComplaintLanguage(StrEnum):
    """What a complaint is written in."""

    ENGLISH = "en"
    HINDI = "hi"
    MIXED = "mixed"
    """Both: neither is only a name or a quotation in the other."""
    UNKNOWN = "unknown"
    """Another language, or too little to tell."""


def detect_language(text: str) -> ComplaintLanguage:
    """The language of a complaint, by its scripts and, in Latin letters, by the words that every sentence needs.

    Devanagari is taken as Hindi: Marathi and Nepali, which it also writes, are not told apart.

    Examples:
        >>> detect_language("Two men took my phone near the station.").value
        'en'
        >>> detect_language("दो लड़के मेरा मोबाइल छीनकर भाग गए।").value
        'hi'
        >>> detect_language("Do ladke mera mobile chheen kar bhaag gaye hain.").value
        'hi'
        >>> detect_language("मेरा मोबाइल snatch करके वो लोग red bike पर towards the station भाग गए").value
        'mixed'
        >>> detect_language("என் கைப்பேசி திருடப்பட்டது").value
        'unknown'
    """
    said = text.casefold()
    letters = len(_LETTER.findall(said))
    if letters == 0 or 2 * len(_READ.findall(_letters_of(said))) < letters:
        return ComplaintLanguage.UNKNOWN
    latin = _LATIN_WORD.findall(said)
    english = sum(word in _ENGLISH_WORDS for word in latin)
    romanised = sum(word in _ROMANISED_WORDS for word in latin)
    devanagari = len(_DEVANAGARI_WORD.findall(said))
    if devanagari == 0 and english == romanised == 0:
        return ComplaintLanguage.UNKNOWN
    of_latin = romanised / (english + romanised) if english + romanised else 0.0
    hindi = (devanagari + of_latin * len(latin)) / (devanagari + len(latin))
    if hindi > 1 - _A_PART:
        return ComplaintLanguage.HINDI
    return ComplaintLanguage.MIXED if hindi > _A_PART else ComplaintLanguage.ENGLISH


def _letters_of(text: str) -> str:
    return "".join(_LETTER.findall(text))


_ENGLISH_WORDS: Final = frozenset(_ENGLISH.split())
_ROMANISED_WORDS: Final = frozenset(_HINDI_IN_LATIN.split())

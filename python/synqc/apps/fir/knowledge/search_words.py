"""Words of a text for searching: one form for what people spell in several ways, in English, Hindi and both at once."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from synqc.apps.fir.knowledge.devanagari_digits import ASCII_DIGITS

__all__ = ["is_hindi", "search_words", "telling_words"]

_WORD: Final = re.compile(r"[^\W_](?:[^\W_]|[\u0900-\u0903\u093a-\u094f\u0955-\u0957\u0962\u0963])*")
r"""`\w` ends a word at a vowel sign, which is of no letter's category."""
_DEVANAGARI: Final = re.compile(r"[\u0904-\u0939]")
_LETTER: Final = re.compile(r"[^\W\d_]")
_ONE_FORM: Final[dict[int, int | None]] = {
    0x093C: None, 0x200C: None, 0x200D: None, 0x00AD: None, 0x0901: 0x0902, **ASCII_DIGITS,
}  # fmt: skip
"""Nukta and joiners away, chandrabindu as anusvara, digits of Hindi as ASCII's: each is written with and without."""

_ENDINGS: Final = (
    "ियां", "ियों", "ूंगा", "ूंगी", "ेंगे", "ाएं", "ाओं", "ाकर", "ाता", "ाती", "ाते", "ाना", "ानी", "ाने",
    "ाया", "ायी", "ाये", "ुओं", "ेगा", "ेगी", "कर", "ता", "ती", "ते", "ना", "नी", "ने", "ां", "ाई", "ाए",
    "ीं", "ें", "ों", "ं", "ा", "ि", "ी", "ु", "ू", "े", "ै", "ो", "ौ",
)  # fmt: skip
"""Of words of Hindi, the longest first: number, case, gender and tense are no difference to a search."""
_SHORTEST_STEM: Final = 3
_NASAL: Final = re.compile(r"[ङञणनम]\u094d(?=[\u0915-\u0939])")

_COMMON: Final = """
    a about after all also am an and any are as at be because been before but by can could did do does
    for from had has have he her hers him his how i if in into is it its me my no not of on one or our
    out s she so some t than that the their them then there they this to up us was we were what when
    where which while who whom will with would you your said told went came come go gone got get near
    day today yesterday morning evening night time around pm o clock sir madam please request complaint
    complain action take report lodge police station dated date name
    का के की को से में पर ने है हैं था थे थी हो होता होती होते हुआ हुई हुए और या एक यह वह ये
    वे इस उस इन उन जो कि तो भी ही मैं हम मेरा मेरे मेरी मुझे हमारे हमारी हमारा उसने उसके
    उसकी उसका उसे उन्होंने उनके उनकी मैंने हमने आप आपके कर करके करना करने किया गई गया गए गयी
    कुछ कोई सब सभी जब तब फिर बाद पहले साथ लिए तक नहीं अपने अपनी अपना दिन रात सुबह शाम समय
    बजे कल आज वाले वाली वाला द्वारा रहा रही रहे दिया दी दिए लिया ली लिये जा जाने पास श्रीमान
    महोदय निवेदन शिकायत कृपया कार्रवाई थाना पुलिस रिपोर्ट
"""
"""Words that complaints of every kind have."""


def is_hindi(text: str) -> bool:
    """Whether a fifth of a text's letters, or more, are Devanagari's.

    >>> is_hindi("मेरा phone चोरी हो गया"), is_hindi("My phone was stolen")
    (True, False)
    """
    letters = len(_LETTER.findall(text))
    return letters > 0 and 5 * len(_DEVANAGARI.findall(text)) >= letters


def search_words(text: str) -> list[str]:
    """Words of a text in their order, each in one form; English is left to the index, which knows its endings.

    >>> search_words("चोरों ने 5 लाख की चोरी की, FIR ३०३")
    ['चोर', 'ने', '5', 'लाख', 'की', 'चोर', 'की', 'fir', '303']
    >>> search_words("सड़क") == search_words("सडक"), search_words("हिन्दी") == search_words("हिंदी")
    (True, True)
    """
    plain = unicodedata.normalize("NFKD", text.casefold())
    plain = unicodedata.normalize("NFC", plain.translate(_ONE_FORM)).translate(_ONE_FORM)
    return [_stem(_NASAL.sub("\u0902", word)) for word in _WORD.findall(plain)]


def telling_words(text: str) -> list[str]:
    """The same, each once and without those that all texts have.

    >>> telling_words("He took the phone and the phone charger")
    ['took', 'phone', 'charger']
    """
    return [word for word in dict.fromkeys(search_words(text)) if word not in _EVERYWHERE]


def _stem(word: str) -> str:
    if not _DEVANAGARI.match(word):
        return word
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST_STEM:
            return word[: -len(ending)]
    return word


_EVERYWHERE: Final = frozenset(search_words(_COMMON))

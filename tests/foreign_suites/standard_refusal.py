"""A refusal of `synqc.json` in the standard library's words and places."""

import json
import re

# What a document must have, and how the standard library says that it has not.
_WORDS = {
    "nothing after its value": "Extra data",
    "a value": "Expecting value",
    "`,` or `": "Expecting ',' delimiter",
    "a key in quotes": "Expecting property name enclosed in double quotes",
    "`:` after a key": "Expecting ':' delimiter",
    "a known escape": "Invalid \\escape",
    '`"` at the end': "Unterminated string starting at",
}


def standard_refusal(refusal: Exception, document: object, kind=json.JSONDecodeError) -> json.JSONDecodeError:
    """The exception that the standard library raises in its place."""
    if isinstance(document, (bytes, bytearray, memoryview)):
        document = bytes(document).decode("utf-8", "replace")
    text = document if isinstance(document, str) else ""
    sentence = str(refusal)
    demand = sentence.removeprefix("Document must have ")
    words = next((words for start, words in _WORDS.items() if demand.startswith(start)), sentence)
    return kind(words, text, _index(sentence, text))


def _index(sentence: str, text: str) -> int:
    """Of the letter that the line and the column stand for; 0 where the sentence has none."""
    found = re.search(r"\(line (\d+), column (\d+)", sentence)
    if found is None:
        return 0
    line, column = int(found[1]), int(found[2])
    return sum(len(before) + 1 for before in text.split("\n")[: line - 1]) + column - 1

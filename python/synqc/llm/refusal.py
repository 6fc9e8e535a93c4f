"""What a server says when it does not answer: its words, its code, and when to come back."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

__all__ = ["Refusal", "refusal_in", "refusal_of", "retry_after_s", "window_in"]

_LONGEST_WORDS: Final = 500
_MARKS: Final = ("code", "param", "type")
_WINDOW = re.compile(
    r"context[ _]?(?:length|window|size)|maximum (?:context|prompt|input)"
    r"|(?:prompt|input|conversation|messages?|context|request) (?:is|are|was|has|have) (?:\w+ )?"
    r"(?:too long|too many tokens|longer than)|prompt (?:is )?too long|too many (?:input |prompt )?tokens"
    r"|exceeds? (?:the )?(?:available |maximum )?(?:context|model.{0,20}(?:length|window))"
    r"|num_ctx|n_ctx|token limit exceeded|input length",
    re.IGNORECASE,
)
_LIMIT = re.compile(
    r"(?:maximum|limit|window|context|up to|at most|exceeds?|than|n_ctx|num_ctx|max)\D{0,60}?(\d[\d,_]{2,})",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Refusal:
    """An error as a server puts it.

    Args:
        words: Everything it says, code and parameter included, on one line.
        status: The code among it that is an HTTP status, or 0.
    """

    words: str
    status: int = 0


def refusal_in(document: Any) -> Refusal | None:
    """The error a document tells of, or None if it tells of none.

    >>> refusal_in({"error": {"message": "No such model.", "code": 404}})
    Refusal(words='No such model. (code: 404)', status=404)
    >>> refusal_in({"detail": [{"loc": ["body", "stop"], "msg": "Extra inputs are not permitted"}]}).words
    'body.stop: Extra inputs are not permitted'
    >>> refusal_in({"error": None, "choices": []}) is None
    True
    """
    if isinstance(document, list) and document:  # as Google's servers wrap theirs
        return refusal_in(document[0])
    if not isinstance(document, Mapping):
        return None
    for name in ("error", "detail", "errors"):
        if document.get(name):
            words = _flat(document[name])
            status = _status(document[name]) or _status(document)
            return Refusal(" ".join(words.split())[:_LONGEST_WORDS], status)
    if "choices" not in document and isinstance(document.get("message"), str):
        return Refusal(" ".join(document["message"].split())[:_LONGEST_WORDS], _status(document))
    return None


def refusal_of(body: bytes) -> str:
    """The words of an error's body: those of its JSON, or the text itself."""
    try:
        document = json.loads(body.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        text = body.decode(errors="replace")
        visible = re.sub(r"<(script|style)\b.*?</\1>|<[^>]*>", " ", text, flags=re.DOTALL | re.IGNORECASE)
        return " ".join(visible.split())[:_LONGEST_WORDS]
    found = refusal_in(document)
    if found is not None:
        return found.words
    return "" if document in (None, {}, []) else " ".join(_flat(document).split())[:_LONGEST_WORDS]


def window_in(words: str) -> tuple[bool, int | None]:
    """Whether words say that the conversation is too long, and how many tokens fit if they say that.

    >>> window_in("This model's maximum context length is 4096 tokens. However, you requested 7900 tokens.")
    (True, 4096)
    >>> window_in("Unsupported parameter: 'temperature'")
    (False, None)
    """
    if _WINDOW.search(words) is None:
        return False, None
    limit = _LIMIT.search(words)
    return True, int(re.sub(r"[,_]", "", limit[1])) if limit else None


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds until the server wants to be asked again, or None if it does not say; a date counts from now.

    >>> retry_after_s({"retry-after": "120"}), retry_after_s({"retry-after-ms": "250"}), retry_after_s({})
    (120.0, 0.25, None)
    """
    for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        given = (headers.get(name) or "").strip()
        if not given:
            continue
        try:
            seconds = float(given) / unit
        except ValueError:
            try:
                date = parsedate_to_datetime(given)
            except ValueError:
                continue
            seconds = (date.replace(tzinfo=date.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
        if math.isfinite(seconds):
            return max(0.0, seconds)
    return None


def _flat(told: Any, depth: int = 0) -> str:
    """All words of an error, whatever shape it has."""
    if isinstance(told, str):
        return told
    if depth > 4:
        return ""
    if isinstance(told, list):
        return "; ".join(filter(None, (_flat(one, depth + 1) for one in told[:10])))
    if isinstance(told, Mapping):
        named = next((name for name in ("message", "msg", "error", "detail") if told.get(name)), "")
        said = _flat(told.get(named), depth + 1)
        place = told.get("loc")
        if isinstance(place, list):
            said = f"{'.'.join(map(str, place))}: {said}"
        marks = [f"{name}: {told[name]}" for name in _MARKS if isinstance(told.get(name), (str, int))]
        metadata = told.get("metadata")
        if isinstance(metadata, Mapping) and isinstance(metadata.get("raw"), str):
            marks.append(metadata["raw"])  # what the server behind the server said
        return f"{said} ({', '.join(marks)})" if marks else said
    return "" if told is None else str(told)


def _status(told: Any) -> int:
    if isinstance(told, Mapping):
        for name in ("code", "status", "status_code"):
            given = told.get(name)
            if isinstance(given, str) and given.isascii() and given.isdigit():
                given = int(given)
            if isinstance(given, int) and not isinstance(given, bool) and 400 <= given <= 599:
                return given
    return 0

"""Answers in words: a model's, or the one that says there is none."""

from __future__ import annotations

from synqc import metrics
from synqc.apps.tds.agent.text import clean
from synqc.errors import SynqcError
from synqc.llm import CutAnswer, FilteredAnswer, ModelRefused

__all__ = ["count_chat", "placeholder_reply", "reply_in"]

_LONGEST_REPLY = 100_000
_LONGEST_REASON = 300
_outcomes = metrics.counter("synqc_agent_chats_total", "Chat messages, by what came of them.", ["outcome"])


def placeholder_reply(message: str, session_id: str | None, error: SynqcError | None = None) -> str:
    """The same for the same message; it echoes it, does not pretend, and says what became of the model's answer.

    >>> placeholder_reply(" is it stable? ", "x1")
    'You said: is it stable? (session x1). This is a placeholder reply: no language model answered.'
    """
    about = f" (session {session_id})" if session_id else ""
    return f"You said: {message.strip()}{about}. This is a placeholder reply: {_what_became(error)}."


def _what_became(error: SynqcError | None) -> str:
    if isinstance(error, CutAnswer):
        return "the language model's answer was cut at its limit of length"
    if isinstance(error, FilteredAnswer):
        return "the language model's answer was withheld by a filter of its server"
    if isinstance(error, ModelRefused) and error.status == 200:
        words = clean(" ".join(error.words.split()), _LONGEST_REASON).rstrip(". ")
        return "the language model declined to answer" + (f": {words}" if words else "")
    return "no language model answered"


def reply_in(text: str) -> str:
    """The reply a model's text holds.

    Raises:
        ValueError: It is blank.
    """
    reply = clean(text, _LONGEST_REPLY).strip()
    if not reply:
        raise ValueError("it is blank")
    return reply


def count_chat(outcome: str) -> None:
    """Counts a message: "answered", "no agent", or the code of the error that led to the placeholder."""
    _outcomes.labels(outcome=outcome).add()

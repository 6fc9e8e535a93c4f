"""Answers in words: a model's, or the one that says there is none."""

from __future__ import annotations

from synqc import metrics
from synqc.apps.tds.agent.text import clean

__all__ = ["count_chat", "placeholder_reply", "reply_in"]

_LONGEST_REPLY = 100_000
_outcomes = metrics.counter("synqc_agent_chats_total", "Chat messages, by what came of them.", ["outcome"])


def placeholder_reply(message: str, session_id: str | None) -> str:
    """The same for the same message; it echoes it and does not pretend.

    >>> placeholder_reply(" is it stable? ", "x1")
    'You said: is it stable? (session x1). This is a placeholder reply: no language model answered.'
    """
    about = f" (session {session_id})" if session_id else ""
    return f"You said: {message.strip()}{about}. This is a placeholder reply: no language model answered."


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

"""How long a conversation is at least, as models count."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from synqc.llm.completion import Spent
from synqc.llm.message import Message

__all__ = ["is_truncated", "least_tokens"]

_MOST_LETTERS: Final = 24
_SMALLEST_WINDOW: Final = 256
"""No server has a smaller one: what counts fewer tokens does not count."""


def least_tokens(messages: Iterable[Message]) -> int:
    """Tokens that a conversation has at least: none of them reaches over a space, and none is longer than 24 letters.

    >>> least_tokens([Message("user", "Is 7 prime?")])
    3
    """
    least = 0
    for message in messages:
        words = message.content.split()
        least += len(words)
        if max(map(len, words), default=0) > _MOST_LETTERS:
            long = (len(word) for word in words if len(word) > _MOST_LETTERS and word.isalpha())
            least += sum(-(-letters // _MOST_LETTERS) - 1 for letters in long)
    return least


def is_truncated(messages: Iterable[Message], spent: Spent) -> bool:
    """Whether a server that counted these tokens cannot have read all of it."""
    counted = spent.prompt_tokens
    if counted is None or counted < _SMALLEST_WINDOW:
        return False
    counted += spent.cached_prompt_tokens or 0
    # Mostly words alone tell, and to look for long ones among them takes three times as long as to count them.
    messages = tuple(messages)
    texts = [message.content for message in messages]
    if counted >= sum(len(text.split()) + len(text) // _MOST_LETTERS for text in texts):
        return False
    return counted < least_tokens(messages)

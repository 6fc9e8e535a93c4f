"""How long a conversation is at least, as models count."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from synqc.llm.completion import Spent
from synqc.llm.request import Message

__all__ = ["is_truncated", "least_tokens"]

_WORD = re.compile(r"\S+")
_MOST_LETTERS: Final = 24
_SMALLEST_WINDOW: Final = 256
"""No server has a smaller one: what counts fewer tokens does not count."""


def least_tokens(messages: Iterable[Message]) -> int:
    """Tokens that a conversation has at least: none of them reaches over a space, and none is longer than 24 letters.

    >>> least_tokens([Message("user", "Is 7 prime?")])
    3
    """
    return sum(-(-len(word) // _MOST_LETTERS) if word.isalpha() else 1
               for message in messages for word in _WORD.findall(message.content))  # fmt: skip


def is_truncated(messages: Iterable[Message], spent: Spent) -> bool:
    """Whether a server that counted these tokens cannot have read all of it."""
    counted = spent.prompt_tokens
    if counted is None or counted < _SMALLEST_WINDOW:
        return False
    return counted + (spent.cached_prompt_tokens or 0) < least_tokens(messages)

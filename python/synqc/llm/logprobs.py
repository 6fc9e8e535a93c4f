"""What could have stood in an answer's place: its first tokens' alternatives, with their log-probabilities."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

__all__ = ["MOST_ALTERNATIVES", "MOST_TOKENS", "TokenLogprobs", "logprobs_in"]

MOST_ALTERNATIVES: Final = 20
"""No server of OpenAI's protocol gives more."""
MOST_TOKENS: Final = 64
"""Of an answer; decisions are read at its beginning, and long answers would fill caches with numbers."""


@dataclass(frozen=True)
class TokenLogprobs:
    """One token of an answer and what could have stood in its place.

    Args:
        token: That was chosen, as text.
        logprob: Its natural log-probability, at most 0.
        alternatives: Likely tokens there with theirs, the likeliest first; the chosen one is among them if it was
            likely.

    Examples:
        >>> first = TokenLogprobs("Yes", -0.1, (("Yes", -0.1), ("No", -2.4)))
        >>> first.of("No"), first.of("Maybe")
        (-2.4, None)
    """

    token: str
    logprob: float
    alternatives: tuple[tuple[str, float], ...] = ()

    def of(self, token: str) -> float | None:
        """Log-probability of a token, or None if it is not told."""
        return next((one for text, one in self.alternatives if text == token), None)

    def to_plain(self) -> list[Any]:
        """As plain values that any cache can hold."""
        return [self.token, self.logprob, [list(one) for one in self.alternatives]]

    @classmethod
    def from_plain(cls, plain: list[Any]) -> TokenLogprobs:
        """What `to_plain` described."""
        token, logprob, alternatives = plain
        return cls(token, logprob, tuple((text, one) for text, one in alternatives))


def logprobs_in(told: Any) -> tuple[TokenLogprobs, ...]:
    """Tokens out of a list as servers send it; what is none is read over.

    >>> logprobs_in([{"token": "A", "logprob": -1, "top_logprobs": [{"token": "B", "logprob": -0.5}]}])
    (TokenLogprobs(token='A', logprob=-1.0, alternatives=(('B', -0.5),)),)
    >>> logprobs_in([{"token": "A", "logprob": None}, 5])
    ()
    """
    tokens = told if isinstance(told, list) else []
    return tuple(
        TokenLogprobs(*chosen, alternatives=_alternatives(one.get("top_logprobs")))
        for one in tokens[:MOST_TOKENS]
        if isinstance(one, Mapping) and (chosen := _one(one)) is not None
    )


def _alternatives(told: Any) -> tuple[tuple[str, float], ...]:
    found = [chosen for one in (told if isinstance(told, list) else []) if (chosen := _one(one)) is not None]
    return tuple(sorted(found, key=lambda one: -one[1]))


def _one(told: Any) -> tuple[str, float] | None:
    if not isinstance(told, Mapping):
        return None
    token, logprob = told.get("token"), told.get("logprob")
    if not isinstance(token, str) or not isinstance(logprob, (int, float)) or isinstance(logprob, bool):
        return None
    return (token, min(0.0, float(logprob))) if math.isfinite(logprob) else None

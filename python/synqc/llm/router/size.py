"""How many tokens a request has: at least, about, and at most."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from synqc.llm.prompt_size import least_tokens
from synqc.llm.request import Request

__all__ = ["USUAL_COMPLETION_TOKENS", "Size"]

USUAL_COMPLETION_TOKENS: Final = 256
"""Expected of an answer to a request that names no limit."""

_LETTERS_PER_TOKEN: Final = 4
_FRAME_TOKENS: Final = 16
"""Around each message, at most: marks of its role and of its ends."""
_CORRECTION_TOKENS: Final = 20_000
"""A repetition quotes an answer and says what is wrong with it, at most."""


@dataclass(frozen=True)
class Size:
    """Bounds of what a request needs, in tokens; servers count, this only plans.

    Args:
        least_prompt: No tokeniser makes fewer; 0 where that cannot matter.
        usual_prompt: A token is about four letters.
        most_prompt: A token is at least a byte; None: there are pictures, which count as servers like.
        completion: The limit that the request names, or None.
    """

    least_prompt: int
    usual_prompt: int
    most_prompt: int | None
    completion: int | None

    @property
    def usual_completion(self) -> int:
        """What is expected where the request says nothing, too."""
        return USUAL_COMPLETION_TOKENS if self.completion is None else self.completion

    @property
    def window(self) -> int:
        """A window must have so many at least."""
        return self.least_prompt + (self.completion or 0)

    @classmethod
    def of(cls, request: Request, repeats: int = 0, *, smallest_window: int = 0) -> Size:
        """Of a request that may be asked again `repeats` times.

        Args:
            request: What is asked.
            repeats: How often again.
            smallest_window: Among those that could answer, in tokens; words are counted only where they might not fit,
                for counting takes longer than choosing. 0: always.

        >>> from synqc.llm.message import Message
        >>> Size.of(Request(model="m", messages=(Message("user", "Is 7 prime?"),), max_tokens=5))
        Size(least_prompt=3, usual_prompt=3, most_prompt=27, completion=5)
        """
        letters = size = 0
        for message in request.messages:
            content = message.content
            letters += len(content)
            size += len(content) if content.isascii() else len(content.encode(errors="surrogatepass"))
            for call in message.tool_calls:
                size += len(call.id) + 4 * (len(call.name) + len(call.arguments))
        if request.form is not None:  # whose schema may be told in words
            size += 2 * len(str(request.form.schema)) + 1000
        if request.tools:
            told = sum(len(str(one.to_sent())) for one in request.tools)
            letters, size = letters + told, size + 4 * told + 1000
        completion = request.max_tokens
        fits = letters + (completion or 0) < smallest_window
        least = 0 if fits else least_tokens(request.messages)
        usual = max(least, -(-letters // _LETTERS_PER_TOKEN))
        most: int | None = None if request.has_images else size + _FRAME_TOKENS * len(request.messages)
        if repeats:
            most = None if most is None else most + repeats * (most + _CORRECTION_TOKENS)
            completion = None if completion is None else completion * (repeats + 1)
        return cls(least, usual, most, completion)

"""Question hints: what a question says about its answer."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["QuestionHints"]


@dataclass(frozen=True)
class QuestionHints:
    """What the question says about its answer.

    Args:
        question: Its text, cleaned; empty if it was not given.
    """

    question: str = ""

    @property
    def positive(self) -> bool:
        """Whether variables are said to be positive."""
        return bool(re.search(r"\bpositive\b|\bnon-?negative\b|>\s*0|\\(?:ge|geq)\s*0", self.question))

    @property
    def interval(self) -> bool:
        """Whether an interval is asked for."""
        return bool(re.search(r"\binterval|\bdomain\b|\brange\b|\binequalit|values? of", self.question))

    @property
    def integral(self) -> bool:
        """Whether a constant of integration may stand in the answer: the question asks for one, or is not known."""
        words = r"integra|antideriv|primitive|differential equation|general solution|\\int"
        return not self.question or bool(re.search(words, self.question, re.IGNORECASE))

    def speaks_of(self, word: str) -> bool:
        """Whether the word stands in the question."""
        return word.lower() in self.question.lower()

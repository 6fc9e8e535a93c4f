"""Cursor of a parser: a place within a text's tokens, and what is asked of the token there."""

from __future__ import annotations

from synqc.apps.prompts.equivalence.tokens import NotMathematics, Token

__all__ = ["TokenCursor"]


class TokenCursor:
    """A place within tokens, from the first one on.

    Args:
        tokens: Tokens of a text, the last of kind "end".
    """

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.k = 0

    @property
    def here(self) -> Token:
        """The token that comes next."""
        return self.tokens[self.k]

    def ahead(self, steps: int = 1) -> Token:
        """A token after it; at the end the last one."""
        return self.tokens[min(self.k + steps, len(self.tokens) - 1)]

    def advance(self) -> Token:
        """Take the next token.

        Raises:
            NotMathematics: There is none.
        """
        token = self.here
        if token.kind == "end":
            raise NotMathematics("It ends too early.")
        self.k += 1
        return token

    def at(self, *texts: str) -> bool:
        """Whether one of these signs or commands comes next."""
        return self.here.kind in ("sign", "command") and self.here.text in texts

    def at_command(self, *names: str) -> bool:
        """Whether one of these commands of LaTeX comes next."""
        return self.here.kind == "command" and self.here.text in names

    def take(self, text: str) -> bool:
        """Take a sign if it comes next."""
        if self.here.kind == "sign" and self.here.text == text:
            self.k += 1
            return True
        return False

    def expect(self, text: str) -> None:
        """Take a sign.

        Raises:
            NotMathematics: Another token comes next.
        """
        if not self.take(text):
            raise NotMathematics(f"{text!r} must stand where {self.here.text or 'the end'!r} does.")

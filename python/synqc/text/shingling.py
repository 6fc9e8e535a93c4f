"""How a text becomes a set of shingles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from synqc import _core
from synqc.errors import InputError
from synqc.text._arguments import whole_number

__all__ = ["Shingling"]


@dataclass(frozen=True, kw_only=True)
class Shingling:
    """Cuts folded texts into overlapping pieces, the shingles, whose sets are compared.

    Folding makes equal what reads alike: case, runs of whitespace (control characters and NUL are whitespace),
    Unicode's compatibility forms (full width, ligatures, mathematical letters), accents of Latin, Greek and Cyrillic
    letters, invisible characters, digits of other scripts. Punctuation and vowel signs stay. A lone surrogate counts as
    U+FFFD.

    Args:
        unit: Shingles of "characters", for every language, or of "words" between blanks, for long prose.
        width: Units per shingle, 1 to 32. A text with fewer is one shingle; one without any equals its likes alone.
        look_alikes: Letters of Cyrillic, Greek, Armenian, small capitals, curly quotes and dashes count as the Latin
            ones they look like.
        numbers: "rename" counts every number as the same one, so that only the words between matter; "keep" does not.

    Examples:
        >>> Shingling().folded("Fіnd  thе\\nRООTS of Ｘ²")
        'find the roots of x2'
        >>> Shingling(numbers="rename").folded("Add 12 and 3.5")
        'add 0 and 0'
    """

    unit: Literal["characters", "words"] = "characters"
    width: int = 5
    look_alikes: bool = True
    numbers: Literal["keep", "rename"] = "keep"

    def __post_init__(self) -> None:
        for name, choices in (("unit", ("characters", "words")), ("numbers", ("keep", "rename"))):
            if getattr(self, name) not in choices:
                known = ", ".join(choices)
                raise InputError(f"Argument `{name}` must be one of {known}, but is {getattr(self, name)!r}.")
        object.__setattr__(self, "width", whole_number("width", self.width, least=1, most=32))
        if not isinstance(self.look_alikes, bool):
            raise InputError(f"Argument `look_alikes` must be True or False, but is {self.look_alikes!r}.")

    def folded(self, text: str) -> str:
        """The text as it is compared."""
        if not isinstance(text, str):
            raise InputError(f"Argument `text` must be a str, but is {type(text).__name__}.")
        return _core.folded_text(text, look_alikes=self.look_alikes, renames_numbers=self.numbers == "rename")

    def to_dict(self) -> dict[str, Any]:
        """Its arguments as plain values."""
        return dict(vars(self))

    def _to_core(self) -> dict[str, Any]:
        return {
            "unit": self.unit,
            "width": self.width,
            "look_alikes": self.look_alikes,
            "renames_numbers": self.numbers == "rename",
        }

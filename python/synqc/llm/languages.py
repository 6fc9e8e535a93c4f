"""What languages a model of text, speech or pictures can read, as a value, so that nobody finds out by its nonsense."""

from __future__ import annotations

from dataclasses import dataclass

from synqc.errors import InputError

__all__ = ["Languages", "UnsupportedLanguage"]


class UnsupportedLanguage(InputError):
    """A model cannot read a language, or nobody knows that it can."""

    code = "unsupported_language"


@dataclass(frozen=True)
class Languages:
    """Languages of a model, by their codes (ISO 639-1).

    Args:
        able: Read well.
        rough: Read worse than well: what comes is to be looked at by a person.
        unable: Tried, and what came was of no use.
        others: Whether a language in none of the lists may be tried; of a server, nobody here knows what it can.

    Examples:
        >>> Languages(able=("en",), unable=("hi",)).require("hi", "whisper-base")
        Traceback (most recent call last):
        ...
        synqc.llm.languages.UnsupportedLanguage: Language hi is not supported by whisper-base: what it made of it was of
         no use. It can en.
    """

    able: tuple[str, ...] = ()
    rough: tuple[str, ...] = ()
    unable: tuple[str, ...] = ()
    others: bool = False

    def require(self, language: str, name: str) -> str:
        """The code of a language that the model can read, without region or script ("en" for "en-IN").

        Args:
            language: Code of the language.
            name: Name of the model, for the error.

        Raises:
            UnsupportedLanguage: It cannot, or nobody knows that it can.
            InputError: It is no code.
        """
        if not isinstance(language, str):
            raise InputError(f"Argument `language` must be the code of one, such as 'en', but is {language!r:.40}.")
        code = language.replace("_", "-").partition("-")[0].lower()
        if code in (*self.able, *self.rough) or (self.others and code not in self.unable and code.isalpha()):
            return code
        can = ", ".join([*self.able, *(f"{one} (roughly)" for one in self.rough)])
        why = "what it made of it was of no use" if code in self.unable else "nobody has shown that it can"
        raise UnsupportedLanguage(f"Language {language:.20} is not supported by {name}: {why}. It can {can}.")

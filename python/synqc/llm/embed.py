"""Texts as vectors: near where meanings are near."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from synqc.errors import InputError
from synqc.llm.languages import Languages

__all__ = ["Embedder", "embed"]

_MOST_TEXTS: Final = 100_000
_LONGEST_TEXT: Final = 1 << 20


@runtime_checkable
class Embedder(Protocol):
    """Makes vectors of texts; any thread may use it."""

    @property
    def name(self) -> str:
        """Of the model; vectors of two models do not compare."""
        ...

    @property
    def languages(self) -> Languages:
        """What it can read."""
        ...

    @property
    def most_tokens(self) -> int | None:
        """Of a text; what stands behind them is not read. None: all is read, or it does not say."""
        ...

    def vectors(self, texts: Sequence[str], *, is_query: bool) -> NDArray[np.float32]:
        """Vectors (n, d) of texts that are not empty, not yet of length 1."""
        ...


def embed(
    texts: Sequence[str], *, embedder: Embedder, language: str = "en", is_query: bool = False
) -> NDArray[np.float32]:
    """Vectors of texts, of length 1, so that the product of two is the cosine of their angle.

    Args:
        texts: None of them blank; what stands behind the model's `most_tokens` is not read.
        embedder: Makes the vectors.
        language: Language of the texts.
        is_query: Whether they are questions to find texts by; some models tell both apart.

    Returns:
        (n, d), float32.

    Raises:
        InputError: A text is blank, too long or no text, or there are too many; or `embedder` is none.
        UnsupportedLanguage: The model cannot read the language.
        LanguageModelError: A server did not answer.

    Examples:
        >>> class Letters:  # a model for the example
        ...     name, languages, most_tokens = "letters", Languages(able=("en",)), None
        ...     def vectors(self, texts, *, is_query):
        ...         return np.array([[text.count("a"), text.count("b")] for text in texts], dtype=np.float32)
        >>> near = embed(["aab", "ab"], embedder=Letters())
        >>> round(float(near[0] @ near[1]), 4)
        0.9487
    """
    if not isinstance(embedder, Embedder):
        raise InputError(
            f"Argument `embedder` must be an Embedder, such as those of synqc.llm.embedders, but is a "
            f"{type(embedder).__name__}."
        )
    embedder.languages.require(language, embedder.name)
    given: list[Any] = [texts] if isinstance(texts, str) else list(texts)
    if isinstance(texts, str) or len(given) > _MOST_TEXTS:
        raise InputError(f"Argument `texts` must be up to {_MOST_TEXTS} texts, but is {_told(given)}.")
    for place, text in enumerate(given):
        if not isinstance(text, str) or not text.strip() or len(text) > _LONGEST_TEXT:
            raise InputError(
                f"Argument `texts` must hold texts of 1 to {_LONGEST_TEXT} characters that are not blank, but "
                f"texts[{place}] is {_told([text])}."
            )
    if not given:
        return np.zeros((0, 0), np.float32)
    # Half a character, which no encoding has, and NUL, at which C ends a text, say nothing.
    clean = [text.encode("utf-8", "replace").decode().replace("\0", " ") for text in given]
    found = np.asarray(embedder.vectors(clean, is_query=is_query), dtype=np.float32)
    lengths = np.linalg.norm(found, axis=1, keepdims=True)
    return np.asarray(found / np.maximum(lengths, np.finfo(np.float32).tiny), dtype=np.float32)


def _told(given: list[Any]) -> str:
    if len(given) > 1:
        return f"{len(given)} texts"
    one = given[0]
    return f"{len(one)} characters, {one!r:.40}" if isinstance(one, str) else type(one).__name__

"""Any server with the door `/embeddings` of OpenAI's protocol."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from synqc.llm._documents import Documents
from synqc.llm.endpoint import Endpoint
from synqc.llm.languages import Languages

__all__ = ["ServerEmbedder"]

_MOST_AT_ONCE: Final = 256


class ServerEmbedder:
    """An `Embedder` by a server; attempts, limits of time and errors are those of `LanguageModels`.

    Args:
        endpoint: Where.
        model: As the server knows it.
        languages: What it can read, where you know; else any may be tried.

    Raises:
        MissingExtra: The package `openai` is not installed.

    Examples:
        >>> from synqc.llm import Endpoint
        >>> from synqc.llm.embed import embed
        >>> server = ServerEmbedder(Endpoint(base_url="http://127.0.0.1:9/v1", api_key="k", attempts=1), "bge-m3")
        >>> embed(["A bicycle."], embedder=server)
        Traceback (most recent call last):
        ...
        synqc.llm.errors.ModelUnreachable: Nobody answers at http://127.0.0.1:9/v1: ...
    """

    most_tokens = None

    def __init__(self, endpoint: Endpoint, model: str, *, languages: Languages | None = None) -> None:
        self.languages = Languages(others=True) if languages is None else languages
        self._documents, self._model = Documents(endpoint), model

    @property
    def name(self) -> str:
        """Of the model and its server."""
        return f"{self._model} at {self._documents.endpoint.base_url}"

    def vectors(self, texts: Sequence[str], *, is_query: bool) -> NDArray[np.float32]:
        """Vectors (n, d), 256 texts a request; this protocol does not tell questions from texts.

        Raises:
            LanguageModelError: The server did not answer, or not with a vector for each text.
        """
        found: list[Any] = []
        for first in range(0, len(texts), _MOST_AT_ONCE):
            some = list(texts[first : first + _MOST_AT_ONCE])
            body = {"model": self._model, "input": some, "encoding_format": "float"}
            found += self._read(self._documents.post("/embeddings", body), len(some))
        if len({len(one) for one in found}) > 1:
            raise self._documents.misread("its vectors differ in length")
        return np.asarray(found, dtype=np.float32)

    def _read(self, told: Any, count: int) -> list[Any]:
        data = told.get("data") if isinstance(told, Mapping) else None
        if not isinstance(data, list) or len(data) != count:
            raise self._documents.misread(f"it holds no {count} vectors")
        places: list[Any] = [None] * count
        for place, one in enumerate(data):
            vector = one.get("embedding") if isinstance(one, Mapping) else None
            index = one.get("index", place) if isinstance(one, Mapping) else None
            if not isinstance(index, int) or not 0 <= index < count or places[index] is not None:
                raise self._documents.misread("its vectors are not numbered from 0")
            if not isinstance(vector, list) or not vector or not all(_is_number(one) for one in vector):
                raise self._documents.misread("a vector is no list of numbers")
            places[index] = vector
        return places


def _is_number(told: Any) -> bool:
    return isinstance(told, (int, float)) and not isinstance(told, bool) and math.isfinite(told)

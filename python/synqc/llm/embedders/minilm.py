"""all-MiniLM-L6-v2, its weights in 8 bits, on onnxruntime: English sentences as 384 numbers."""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from synqc.errors import MissingExtra
from synqc.llm.languages import Languages

__all__ = ["MiniLM"]

_MOST_TOKENS: Final = 256
"""What the model was trained on; behind them its sentences mean less."""


class MiniLM:
    """An `Embedder` for English.

    Each text goes through the model alone: its vector does not depend on what it is asked with.

    Args:
        folder: With `model.onnx` and `tokenizer.json`: `get_component("minilm-int8", ...)` of `synqc.llm.model_files`.
        threads: Threads of one computation; more calls at once are computed beside each other.

    Raises:
        MissingExtra: The packages `onnxruntime` and `tokenizers` are not installed.
    """

    name = "all-MiniLM-L6-v2-int8"
    languages = Languages(able=("en",), unable=("hi",))
    most_tokens = _MOST_TOKENS

    def __init__(self, folder: Path, *, threads: int = 1) -> None:
        for package in ("onnxruntime", "tokenizers"):
            if importlib.util.find_spec(package) is None:
                raise MissingExtra(f"MiniLM needs the package `{package}`: pip install 'synqc[embeddings]'.")
        self._folder, self._threads = folder, threads
        self._loading = threading.Lock()
        self._loaded: tuple[Any, Any] | None = None

    def vectors(self, texts: Sequence[str], *, is_query: bool) -> NDArray[np.float32]:
        """Mean of the last layer over a text's tokens (n, 384); questions are texts like all others."""
        session, tokenizer = self._model()
        found = []
        for text in texts:
            tokens = tokenizer.encode(text)
            ids = np.array([tokens.ids], dtype=np.int64)
            given = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
            (layer,) = session.run(["last_hidden_state"], given)
            found.append(layer[0].mean(axis=0))
        return np.asarray(found, dtype=np.float32)

    def _model(self) -> tuple[Any, Any]:
        with self._loading:
            if self._loaded is None:
                import onnxruntime
                from tokenizers import Tokenizer

                options = onnxruntime.SessionOptions()
                options.intra_op_num_threads = self._threads
                options.log_severity_level = 3
                tokenizer = Tokenizer.from_file(str(self._folder / "tokenizer.json"))
                tokenizer.no_padding()
                tokenizer.enable_truncation(_MOST_TOKENS)
                path = str(self._folder / "model.onnx")
                session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
                self._loaded = session, tokenizer
            return self._loaded

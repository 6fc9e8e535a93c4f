"""Copies of the project in which mistakes are made: the project's own files are never touched."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from mutants.mutation import Mutation

__all__ = ["mirror", "mutated"]


def mirror(root: Path, names: Iterable[str], copy: Path) -> None:
    """Make `copy` hold these files, folders and links of `root` as they are; what has not changed keeps its time."""
    wanted: set[Path] = set()
    for name in names:
        origin = root / name
        for file in [origin] if origin.is_file() else origin.rglob("*"):
            if (file.is_file() or file.is_symlink()) and "__pycache__" not in file.parts and file.suffix != ".so":
                wanted.add(file.relative_to(root))
    for path in wanted:
        target = copy / path
        if (root / path).is_symlink():
            _place_link(target, (root / path).readlink())
        elif not target.exists() or target.read_bytes() != (root / path).read_bytes():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(root / path, target)
    for file in copy.rglob("*"):
        if file.is_file() and file.relative_to(copy) not in wanted and file.suffix != ".so":
            file.unlink()


def _place_link(place: Path, goal: Path) -> None:
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
    if not place.is_symlink():
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(goal)


@contextmanager
def mutated(copy: Path, mutation: Mutation) -> Iterator[None]:
    """The copy with one mistake in it."""
    file = copy / mutation.path
    source = file.read_bytes()
    try:
        file.write_bytes(mutation.applied_to(source))
        _forget_compiled(file)
        yield
    finally:
        file.write_bytes(source)
        _forget_compiled(file)


def _forget_compiled(file: Path) -> None:
    """Python takes what it compiled within the same second from a text of the same length for the same."""
    for compiled in (file.parent / "__pycache__").glob(f"{file.stem}.*.pyc"):
        compiled.unlink()

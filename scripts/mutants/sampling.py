"""Which mutations a seed stands for."""

from __future__ import annotations

import random
import tomllib
from collections.abc import Iterator
from pathlib import Path

from mutants.cpp_mutations import cpp_mutations
from mutants.mutation import Mutation
from mutants.python_mutations import python_mutations

__all__ = ["ROOMS", "drawn", "mutations_of", "sources", "tests_of"]

ROOMS = tomllib.loads((Path(__file__).parent / "rooms.toml").read_text())
_PYTHON, _CPP = "python/synqc/", "cpp/synqc/"
_NO_ROOM = (".test.cc", ".perf.cc")  # of what a mistake is looked for in


def tests_of(path: str) -> list[str] | None:
    """Python tests that must see a mistake in a file; None if none is made responsible."""
    if path.startswith(_PYTHON):
        inside = path.removeprefix(_PYTHON)
        return next((tests for name, tests in ROOMS["python"].items() if f"{inside}/".startswith(f"{name}/")), None)
    return ROOMS["cpp"].get(path.removeprefix(_CPP).partition("/")[0])


def sources(root: Path, under: list[str]) -> list[str]:
    """Files of the rooms that begin with one of these ways, or all; Python's first."""
    found = [*sorted(root.glob(f"{_PYTHON}**/*.py")), *sorted(root.glob(f"{_CPP}*/*.cc"))]
    paths = [str(path.relative_to(root)) for path in found]
    return [
        path
        for path in paths
        if tests_of(path) is not None
        and not path.endswith(_NO_ROOM)
        and (not under or any(path.startswith(beginning) for beginning in under))
    ]


def mutations_of(path: str, source: bytes) -> list[Mutation]:
    """All of one file."""
    return (python_mutations if path.endswith(".py") else cpp_mutations)(path, source)


def drawn(root: Path, paths: list[str], seed: str) -> Iterator[Mutation]:
    """One mutation after the other, no two of one line; every line that can be changed has the same chance."""
    of_line: dict[tuple[str, int], list[Mutation]] = {}
    for path in paths:
        source = (root / path).read_bytes()
        for mutation in mutations_of(path, source):
            of_line.setdefault((path, mutation.line(source)), []).append(mutation)
    chance = random.Random(seed)
    lines = list(of_line)
    chance.shuffle(lines)
    for line in lines:
        yield chance.choice(of_line[line])

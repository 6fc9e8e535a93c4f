"""Small mistakes made on purpose, and who notices: a seeded sample, each against the tests of its own room.

    PYTHONPATH=scripts python -m mutants [--python 60] [--cpp 15] [--seed WORD] [--under python/synqc/lab ...]

A mistake that no test notices is a sentence nobody checks; it is printed with its diff. Rooms and their tests stand in
rooms.toml. Mistakes are made in copies under build/mutants.
"""

from __future__ import annotations

import argparse
import itertools
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from mutants.cpp_build import CppBuild
from mutants.mutation import Mutation
from mutants.python_tests import PythonTests
from mutants.sampling import drawn, sources, tests_of
from mutants.trees import mirror, mutated

ROOT = Path(__file__).resolve().parent.parent.parent
WORK = ROOT / "build" / "mutants"


def say(words: str) -> None:
    """At once, for it takes long."""
    print(words, flush=True)


def judged_python(mutations: Iterator[Mutation]) -> Iterator[tuple[Mutation, str | None]]:
    """Each with what killed it, or None."""
    from synqc import _core  # of the package that tests import otherwise

    tree = WORK / "package"
    mirror(ROOT, ["benchmarks", "python"], tree)
    shutil.copy(_core.__file__, tree / "python" / "synqc")
    tests = PythonTests(ROOT, tree / "python", say)
    for mutation in mutations:
        responsible = tests_of(mutation.path) or []
        tests.learn(responsible)
        with mutated(tree, mutation):
            yield mutation, tests.killer_of(mutation.path, responsible)


def judged_cpp(mutations: Iterator[Mutation], jobs: int) -> Iterator[tuple[Mutation, str | None]]:
    """Each that compiles with what killed it, or None."""
    tree = WORK / "tree"
    package = tree / "python" / "synqc"
    mirror(ROOT, ["CMakeLists.txt", "benchmarks", "cmake", "cpp", "python"], tree)
    build = CppBuild(tree, WORK / "build", jobs)
    tests = PythonTests(ROOT, package.parent, say)
    learnt: set[str] = set()
    for mutation in mutations:
        room = mutation.path.split("/")[2]
        responsible = tests_of(mutation.path) or []
        if room not in learnt:
            learnt.add(room)
            build.learn(room)
            if not build.place_extension(package):
                raise RuntimeError("The extension cannot be built.")
            tests.learn(responsible)
        with mutated(tree, mutation):
            if not build.compiles(room):
                continue
            killer = build.killer_of(room)
            if killer is None and responsible:
                if not build.place_extension(package):
                    continue
                killer = tests.killer_of(mutation.path, responsible)
            yield mutation, killer


def report(kind: str, judged: Iterator[tuple[Mutation, str | None]]) -> None:
    """A line for each, and the diff of those that live."""
    killed, lived = 0, []
    for mutation, killer in judged:
        source = (ROOT / mutation.path).read_bytes()
        place = f"{mutation.path}:{mutation.line(source)} ({mutation.kind})"
        if killer is not None:
            killed += 1
            say(f"killed  {place}: {killer}")
        else:
            lived.append(f"{place}\n{mutation.diff(source)}")
            say(f"LIVES   {place}")
    if killed + len(lived):
        say(f"\n{kind}: {killed} of {killed + len(lived)} killed\n")
    for one in lived:
        say(f"{one}\n")


def main() -> None:
    """Read the command's arguments and do what they say."""
    parser = argparse.ArgumentParser(prog="mutants", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--python", type=int, default=60, metavar="N", help="mistakes in Python")
    parser.add_argument("--cpp", type=int, default=15, metavar="N", help="mistakes in C++")
    parser.add_argument("--seed", default=None, help="seed of the sample; drawn and printed by default")
    parser.add_argument("--under", nargs="*", default=[], metavar="WAY", help="only files that begin like this")
    parser.add_argument(
        "--jobs", type=int, default=os.cpu_count() or 1, help="compilers of the C++ build that run at once"
    )
    chosen = parser.parse_args()
    seed = chosen.seed or secrets.token_hex(4)
    say(f"seed {seed}")
    paths = sources(ROOT, chosen.under)
    python = [path for path in paths if path.endswith(".py")]
    cpp = [path for path in paths if path.endswith(".cc")]
    if python and chosen.python:
        report("Python", judged_python(itertools.islice(drawn(ROOT, python, seed), chosen.python)))
    if cpp and chosen.cpp:
        report("C++", itertools.islice(judged_cpp(drawn(ROOT, cpp, seed), chosen.jobs), chosen.cpp))


if __name__ == "__main__":
    main()

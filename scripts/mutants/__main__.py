"""Small mistakes made on purpose, and who notices: a seeded sample, each against the tests of its own room.

    PYTHONPATH=scripts python -m mutants [--python 60] [--cpp 15] [--seed WORD] [--under python/synqc/lab ...]

A mistake that no test notices is a sentence nobody checks; it is printed with its diff. Rooms and their tests stand in
rooms.toml. Mistakes are made in copies under build/mutants.
"""

from __future__ import annotations

import argparse
import itertools
import os
import queue
import secrets
import shutil
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from mutants.cpp_build import CppBuild
from mutants.mutation import Mutation
from mutants.python_tests import PythonTests, Verdict
from mutants.sampling import drawn, sources, tests_of
from mutants.trees import mirror, mutated

ROOT = Path(__file__).resolve().parent.parent.parent
WORK = ROOT / "build" / "mutants"


def say(words: str) -> None:
    """At once, for it takes long."""
    print(words, flush=True)


def judged_python(mutations: Iterable[Mutation], jobs: int, seconds: float) -> Iterator[tuple[Mutation, Verdict]]:
    """Each with the verdict of its room's tests, `jobs` at a time, each of them in a copy of its own."""
    untouched = untouched_package()
    copies: queue.SimpleQueue[tuple[Path, PythonTests]] = queue.SimpleQueue()
    for number in range(jobs):
        tree = WORK / f"package-{number}"
        mirror(untouched, ["benchmarks", "python"], tree)
        shutil.copy(core_of(untouched), tree / "python" / "synqc")
        tests = PythonTests(ROOT, tree / "python", untouched / "python", say, seconds=seconds)
        copies.put((tree, tests))

    def judged(mutation: Mutation) -> tuple[Mutation, Verdict]:
        tree, tests = copies.get()
        try:
            with mutated(tree, mutation):
                return mutation, tests.verdict_on(mutation.path, tests_of(mutation.path) or [])
        finally:
            copies.put((tree, tests))

    with ThreadPoolExecutor(jobs) as pool:
        yield from pool.map(judged, mutations)


def untouched_package() -> Path:
    """A copy of the package as it is, with the extension that tests import otherwise."""
    from synqc import _core

    tree = WORK / "untouched"
    mirror(ROOT, ["benchmarks", "python"], tree)
    shutil.copy(_core.__file__, tree / "python" / "synqc")
    return tree


def core_of(tree: Path) -> Path:
    """The extension in a copy."""
    return next((tree / "python" / "synqc").glob("_core*.so"))


def judged_cpp(mutations: Iterator[Mutation], jobs: int, seconds: float) -> Iterator[tuple[Mutation, Verdict]]:
    """Each that compiles with the verdict of its room's tests."""
    tree = WORK / "tree"
    package = tree / "python" / "synqc"
    mirror(ROOT, ["CMakeLists.txt", "benchmarks", "cmake", "cpp", "python"], tree)
    build = CppBuild(tree, WORK / "build", jobs)
    tests = PythonTests(ROOT, package.parent, untouched_package() / "python", say, seconds=seconds)
    for mutation in mutations:
        room = mutation.path.split("/")[2]
        responsible = tests_of(mutation.path) or []
        build.learn(room)
        with mutated(tree, mutation):
            if not build.compiles(room):
                continue
            verdict = Verdict(build.killer_of(room))
            if verdict.killer is None and responsible:
                if not build.place_extension(package):
                    continue
                verdict = tests.verdict_on(mutation.path, responsible)
            yield mutation, verdict


def report(kind: str, judged: Iterator[tuple[Mutation, Verdict]]) -> None:
    """A line for each, and the diff of those that live."""
    killed, lived = 0, []
    for mutation, verdict in judged:
        source = (ROOT / mutation.path).read_bytes()
        place = f"{mutation.path}:{mutation.line(source)} ({mutation.kind})"
        if verdict.killer is not None:
            killed += 1
            say(f"killed  {place}: {verdict.killer}")
        else:
            within = "" if verdict.complete else ", but not every test of its room had been asked when its time was up"
            lived.append(f"{place}\n{mutation.diff(source)}")
            say(f"LIVES   {place}{within}")
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
    parser.add_argument("--seconds", type=float, default=60, help="how long a room's Python tests may take for each")
    parser.add_argument(
        "--jobs", type=int, default=os.cpu_count() or 1, help="mistakes in Python, and compilers, at a time"
    )
    chosen = parser.parse_args()
    seed = chosen.seed or secrets.token_hex(4)
    say(f"seed {seed}")
    paths = sources(ROOT, chosen.under)
    python = [path for path in paths if path.endswith(".py")]
    cpp = [path for path in paths if path.endswith(".cc")]
    if python and chosen.python:
        sample = itertools.islice(drawn(ROOT, python, seed), chosen.python)
        report("Python", judged_python(sample, chosen.jobs, chosen.seconds))
    if cpp and chosen.cpp:
        report("C++", itertools.islice(judged_cpp(drawn(ROOT, cpp, seed), chosen.jobs, chosen.seconds), chosen.cpp))


if __name__ == "__main__":
    main()

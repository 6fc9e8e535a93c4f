"""The Python tests of a room, run against a copy of the package that holds a mistake."""

from __future__ import annotations

import re
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path

from mutants.program import Ended, run_program

__all__ = ["PythonTests"]

_FOUND = re.compile(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", re.MULTILINE)


class PythonTests:
    """What passes without a mistake, and how long that takes, must be learnt of every list of tests first.

    Args:
        root: The project's root folder.
        package: Folder that holds the copy of `synqc`.
        report: Told in a sentence what is not as it should be.
    """

    def __init__(self, root: Path, package: Path, report: Callable[[str], None]) -> None:
        self._root = root
        self._environment = {"PYTHONPATH": str(package), "PYTHONHASHSEED": "0"}
        self._junit = package.parent / "durations.xml"
        self._report = report
        self._seconds: dict[str, float] = {}
        self._failing: set[str] = set()

    def learn(self, tests: list[str]) -> None:
        """How long they take while there is no mistake, and which fail all the same."""
        for file in self._files(tests):
            if file not in self._seconds:
                self._learn(file)

    def killer_of(self, path: str, tests: list[str]) -> str | None:
        """The first test that fails, or how else the mistake showed; those named after the file come first."""
        files = self._files(tests)
        if not files:
            return None
        stem = Path(path).stem.strip("_")
        files.sort(key=lambda file: (stem not in Path(file).stem, self._seconds[file]))
        limit = 60 + 3 * sum(self._seconds[file] for file in files)
        passed_over = set(self._failing)
        while True:
            ended = self._ran(files, limit, passed_over)
            if ended.code == 0:
                return None
            if ended.code is None:
                return f"no end within {limit:.0f} s"
            found = _FOUND.search(ended.output)
            if found is None:
                return f"exit code {ended.code} of the tests"
            # A busy machine fails a test now and then, a mistake always.
            if "::" not in found[1] or self._ran([found[1]], limit, set()).code != 0:
                return found[1]
            passed_over.add(found[1])

    def _ran(self, tests: list[str], limit: float, passed_over: set[str]) -> Ended:
        command = [*self._pytest(), "-x", *(f"--deselect={test}" for test in passed_over), *tests]
        return run_program(command, self._root, seconds=limit, environment=self._environment)

    def _files(self, tests: list[str]) -> list[str]:
        found = (self._root / name for name in tests)
        return [
            str(file.relative_to(self._root))
            for path in found
            for file in ([path] if path.is_file() else sorted(path.rglob("test_*.py")))
        ]

    def _learn(self, file: str) -> None:
        ended = run_program(
            [*self._pytest(), f"--junit-xml={self._junit}", file], self._root, environment=self._environment
        )
        if ended.code not in (0, 1, 5):
            raise RuntimeError(f"The tests in {file} cannot be run:\n{ended.output}")
        failing = set(_FOUND.findall(ended.output))
        for test in sorted(failing):
            self._report(f"{test} fails without a mistake and judges none")
        self._failing |= failing
        self._seconds[file] = float(ElementTree.parse(self._junit).getroot()[0].get("time", "0"))

    @staticmethod
    def _pytest() -> list[str]:
        return [sys.executable, "-m", "pytest", "-q", "--no-header", "-p", "no:cacheprovider", "--tb=no"]

"""The Python tests of a room, run against a copy of the package that holds a mistake."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mutants.program import Ended, run_program

__all__ = ["PythonTests", "Verdict"]

_FOUND = re.compile(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", re.MULTILINE)
_NOTHING_FAILED = (0, 5)  # all passed, or there was none


@dataclass(frozen=True)
class Verdict:
    """What killed a mistake, or None; `complete` says whether every test of the room was asked."""

    killer: str | None
    complete: bool = True


class PythonTests:
    """Asks a room's tests about a mistake for a limited time, those first that speak of the mistaken file.

    Nothing is learnt beforehand: a test that fails is asked about the package without the mistake, and judges none if
    it fails there, too.

    Args:
        root: The project's root folder.
        package: Folder that holds the copy of `synqc` with the mistake.
        untouched: Folder that holds one without.
        report: Told in a sentence what is not as it should be.
        seconds: How long the tests may take for one mistake.
    """

    def __init__(
        self, root: Path, package: Path, untouched: Path, report: Callable[[str], None], *, seconds: float
    ) -> None:
        self._root = root
        self._package = package
        self._untouched = untouched
        self._report = report
        self._seconds = seconds
        self._failing: set[str] = set()

    def verdict_on(self, path: str, tests: list[str]) -> Verdict:
        """Whether any test fails because of the mistake in a file."""
        deadline = time.monotonic() + self._seconds
        for files in self._nearest_first(path, tests):
            while files:
                left = deadline - time.monotonic()
                if left <= 0:
                    return Verdict(None, complete=False)
                ended = self._ran(files, self._package, left)
                if ended.code in _NOTHING_FAILED:
                    break
                if ended.code is None:
                    return self._verdict_on_no_end(files, left)
                found = _FOUND.search(ended.output)
                if found is None:
                    return Verdict(f"exit code {ended.code} of the tests")
                if self._is_to_blame(found[1]):
                    return Verdict(found[1])
                self._failing.add(found[1])
        return Verdict(None)

    def _nearest_first(self, path: str, tests: list[str]) -> list[list[str]]:
        """Files that speak of the mistaken one, those named after it first, and then the others, small ones first."""
        stem = Path(path).stem.strip("_")
        if stem in ("init", "main"):
            stem = Path(path).parent.name
        word = re.compile(rf"\b_?{re.escape(stem)}\b")
        found = [
            file
            for place in (self._root / name for name in tests)
            for file in ([place] if place.is_file() else sorted(place.rglob("test_*.py")))
        ]
        found.sort(key=lambda file: (stem not in file.stem, file.stat().st_size))
        near = [file for file in found if stem in file.stem or word.search(file.read_text())]
        far = [file for file in found if file not in near]
        return [[str(file.relative_to(self._root)) for file in files] for files in (near, far)]

    def _verdict_on_no_end(self, files: list[str], seconds: float) -> Verdict:
        """A mistake that lets tests go on for ever is told from tests that are many."""
        without = self._ran(files, self._untouched, seconds / 2)
        return Verdict(None, complete=False) if without.code is None else Verdict(f"no end within {seconds:.0f} s")

    def _is_to_blame(self, test: str) -> bool:
        """Whether a failure repeats, for a busy machine fails a test now and then, and is the mistake's."""
        if "::" in test and self._ran([test], self._package).code in _NOTHING_FAILED:
            return False
        if self._ran([test], self._untouched).code in _NOTHING_FAILED:
            return True
        self._report(f"{test} fails without a mistake and judges none")
        return False

    def _ran(self, tests: list[str], package: Path, seconds: float | None = None) -> Ended:
        command = [sys.executable, "-m", "pytest", "-q", "--no-header", "-p", "no:cacheprovider", "--tb=no", "-x"]
        passed_over = (f"--deselect={test}" for test in self._failing)
        environment = {"PYTHONPATH": str(package), "PYTHONHASHSEED": "0"}
        limit = self._seconds if seconds is None else seconds
        return run_program([*command, *passed_over, *tests], self._root, seconds=limit, environment=environment)

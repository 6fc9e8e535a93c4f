"""The C++ rooms built from a copy that holds a mistake."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from mutants.program import Ended, run_program

__all__ = ["CppBuild"]

_FAILED = re.compile(r"^\[  FAILED  \] ([\w./]+)", re.MULTILINE)


class CppBuild:
    """Test programs and the extension of one copy of the sources, at one instruction-set level.

    Args:
        tree: The copy.
        folder: Build folder.
        jobs: Compilers that run at once.
    """

    def __init__(self, tree: Path, folder: Path, jobs: int) -> None:
        self._tree = tree
        self._folder = folder
        self._jobs = jobs
        self._seconds: dict[str, float] = {}
        level = "v3" if "avx2" in Path("/proc/cpuinfo").read_text().split() else "v2"
        pybind = subprocess.check_output(
            [sys.executable, "-c", "import pybind11; print(pybind11.get_cmake_dir())"], text=True
        )
        subprocess.run(
            ["cmake", "-S", tree, "-B", folder, "-G", "Ninja", "-DSYNQC_TESTS=ON", "-DSYNQC_PYTHON=ON",
             f"-DSYNQC_SIMD_LEVELS={level}", f"-DPython_EXECUTABLE={sys.executable}",
             f"-Dpybind11_DIR={pybind.strip()}"],
            check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip

    def compiles(self, room: str) -> bool:
        """Build a room's tests as they are now, if it has any; whether that works."""
        return not self.has_tests(room) or self._built(f"{room}_tests").code == 0

    def learn(self, room: str) -> None:
        """How long a room's tests take while there is no mistake."""
        if room not in self._seconds:
            self._seconds[room] = 0.0
            if self.has_tests(room):
                self._build_or_raise(f"{room}_tests")
                begun = time.monotonic()
                ended = run_program(self._program(room), self._folder)
                if ended.code != 0:
                    raise RuntimeError(f"The tests of {room} fail without a mistake:\n{ended.output}")
                self._seconds[room] = time.monotonic() - begun

    def has_tests(self, room: str) -> bool:
        """Whether a room has a test program."""
        return any((self._tree / "cpp" / "synqc" / room).glob("*.test.cc"))

    def killer_of(self, room: str) -> str | None:
        """The first of a room's tests that fails, or how else the mistake showed."""
        if not self.has_tests(room):
            return None
        limit = 30 + 3 * self._seconds[room]
        ended = run_program(self._program(room), self._folder, seconds=limit)
        if ended.code == 0:
            return None
        if ended.code is None:
            return f"no end of {room}_tests within {limit:.0f} s"
        found = _FAILED.search(ended.output)
        return found[1] if found else f"exit code {ended.code} of {room}_tests"

    def place_extension(self, package: Path) -> bool:
        """Build the extension as it is now, into a copy of the package; whether it compiles."""
        if self._built("_core").code != 0:
            return False
        (extension,) = self._folder.glob("cpp/synqc/_core*.so")
        shutil.copy(extension, package)
        return True

    def _program(self, room: str) -> list[str]:
        (program,) = self._folder.glob(f"cpp/**/{room}_tests")
        return [str(program), "--gtest_fail_fast", "--gtest_brief=1"]

    def _built(self, target: str) -> Ended:
        command = ["cmake", "--build", str(self._folder), "-j", str(self._jobs), "--target", target]
        return run_program(command, self._folder)

    def _build_or_raise(self, target: str) -> None:
        ended = self._built(target)
        if ended.code != 0:
            raise RuntimeError(f"{target} cannot be built:\n{ended.output}")

"""Where the tests of others come from: releases pinned by version and hash, fetched once and never copied here."""

import hashlib
import importlib.metadata
import os
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest

FETCHED = Path(__file__).parents[2] / "build" / "foreign_suites"


def fetched(source) -> Path | None:
    """The folder of a source. Without its registry the test is skipped, but fails in CI."""
    try:
        return source.folder()
    except Unreachable as failure:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(f"{source} cannot be fetched: {failure}")


class Unreachable(Exception):
    """The registry gave no archive: it cannot be reached, or its client is not installed."""


@dataclass(frozen=True)
class Installed:
    """A package whose tests are installed with it."""

    name: str

    def folder(self) -> None:
        """Nothing is fetched: the tests are named by their modules."""

    def __str__(self) -> str:
        return f"{self.name} {importlib.metadata.version(self.name)}"


@dataclass(frozen=True)
class StandardLibrary:
    """The tests of the running interpreter. A table holds for one minor version."""

    minor: tuple[int, int]

    def folder(self) -> None:
        """Nothing is fetched: the tests are named by their modules."""

    def __str__(self) -> str:
        return f"CPython {self.minor[0]}.{self.minor[1]}"


@dataclass(frozen=True)
class SourceDistribution:
    """A release on PyPI as its authors packed it, tests included.

    Before pip hands an archive out, it asks the archive's build back-end for metadata. One that would need a compiler
    is named here, and a module of that name answers in its place.
    """

    name: str
    version: str
    sha256: str
    compiling_backend: str = ""

    def folder(self) -> Path:
        """Where it lies unpacked."""
        return _unpacked(f"{self.name}-{self.version}", self._download, self.sha256)

    def _download(self, folder: Path) -> None:
        requirement = folder / "requirement.txt"
        requirement.write_text(f"{self.name}=={self.version} --hash=sha256:{self.sha256}\n")
        options = ["--quiet", "--no-deps", "--no-binary", self.name, "--timeout", "30", "--retries", "1"]
        environment = dict(os.environ)
        if self.compiling_backend:
            (folder / f"{self.compiling_backend}.py").write_text(_BACKEND.format(name=self.name, version=self.version))
            options.append("--no-build-isolation")
            environment["PYTHONPATH"] = str(folder)
        command = [sys.executable, "-m", "pip", "download", *options, "--require-hashes", "-r", requirement]
        _run(command, folder, environment)

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


@dataclass(frozen=True)
class NpmPackage:
    """A package of the npm registry."""

    name: str
    version: str
    sha256: str

    def folder(self) -> Path:
        """Where it lies unpacked."""
        return _unpacked(f"npm-{self.name}-{self.version}", self._download, self.sha256)

    def _download(self, folder: Path) -> None:
        _run(["npm", "pack", "--silent", f"{self.name}@{self.version}"], folder)

    def __str__(self) -> str:
        return f"{self.name} {self.version} of npm"


_BACKEND = """
from pathlib import Path

def prepare_metadata_for_build_wheel(directory, *_):
    information = Path(directory, "{name}-{version}.dist-info")
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\\nName: {name}\\nVersion: {version}\\n")
    return information.name
"""


def _run(command: list, folder: Path, environment: dict[str, str] | None = None) -> None:
    try:
        subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True, env=environment)
    except FileNotFoundError:
        raise Unreachable(f"{command[0]} is not installed") from None
    except subprocess.CalledProcessError as failure:
        if "DO NOT MATCH THE HASHES" in failure.stderr:
            raise
        raise Unreachable(f"{' '.join(map(str, command))} failed: {failure.stderr.strip()[-500:]}") from None


def _unpacked(name: str, download, sha256: str) -> Path:
    """The one folder of an archive, which must have the hash. Another process may fetch the same meanwhile."""
    place = FETCHED / name
    if not place.exists():
        FETCHED.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=FETCHED) as temporary:
            folder = Path(temporary)
            download(folder)
            (archive,) = (path for path in folder.iterdir() if path.suffix in (".gz", ".tgz"))
            found = hashlib.sha256(archive.read_bytes()).hexdigest()
            if found != sha256:
                raise ValueError(f"The archive of {name} must have the SHA-256 {sha256}, but has {found}.")
            with tarfile.open(archive) as packed:
                packed.extractall(folder / "unpacked", filter="data")
            (unpacked,) = (folder / "unpacked").iterdir()
            try:
                os.rename(unpacked, place)
            except OSError:
                if not place.exists():
                    raise
    return place

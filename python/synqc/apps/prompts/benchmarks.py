"""Benchmarks of a folder: problems by the name of their file, as seeds and as what rows must not repeat."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from synqc.apps.prompts.request import SeedProblem
from synqc.apps.prompts.topics import FORMATS, ProblemFile, read_problems
from synqc.errors import DocumentError, UnknownName

__all__ = ["Benchmarks", "problems_in", "problems_of"]

_SUFFIXES = tuple(f".{one}" for one in FORMATS)


class Benchmarks:
    """Problem files of a folder, each a benchmark by the name that stands before its suffix.

    Args:
        folder: Where they lie; None: there are none.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    @property
    def names(self) -> tuple[str, ...]:
        """Those that there are."""
        if self._folder is None or not self._folder.is_dir():
            return ()
        return tuple(sorted({path.stem for path in self._folder.iterdir() if path.suffix in _SUFFIXES}))

    def problems(self, name: str) -> tuple[SeedProblem, ...]:
        """Problems of a benchmark.

        Raises:
            UnknownName: There is none of that name.
            DocumentError: Its file cannot be read.
        """
        if name not in self.names or self._folder is None:  # nothing but a name of the list becomes a path
            near = difflib.get_close_matches(name, self.names, n=1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise UnknownName(f"There is no benchmark {name!r:.80}: {hint}There are {', '.join(self.names) or 'none'}.")
        path = next(path for suffix in _SUFFIXES if (path := self._folder / (name + suffix)).is_file())
        return _read(path, path.stat().st_mtime_ns)

    def texts(self, name: str) -> Sequence[str]:
        """Texts of their problems."""
        return [one.problem for one in self.problems(name)]


@lru_cache(maxsize=16)
def _read(path: Path, _: int) -> tuple[SeedProblem, ...]:
    return _whole(read_problems(path), str(path))


def problems_in(text: str, where: str, *, lines: bool) -> tuple[SeedProblem, ...]:
    """Problems of a document: a JSON list, or one JSON value a line; all of it, or none.

    Raises:
        DocumentError: It is none, or a row is none; the message names the place.

    Examples:
        >>> [one.problem for one in problems_in('["1 + 1?", {"problem": "Find x.", "year": 1999}]', "x", lines=False)]
        ['1 + 1?', 'Find x.']
    """
    body = text.encode(errors="surrogatepass")
    return _whole(read_problems(body, name=where, format="jsonl" if lines else "json"), where)


def problems_of(path: Path) -> tuple[SeedProblem, ...]:
    """Problems of a file: CSV or Parquet by its suffix, any other is JSON or JSON lines; all of it, or none.

    Raises:
        DocumentError: It cannot be read, or a row is none; the message names the place.
    """
    if path.suffix.lower() in (".csv", ".parquet"):
        return _whole(read_problems(path), str(path))
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise DocumentError(f"{path} must be UTF-8, but is not at byte {error.start}.") from None
    return problems_in(text, str(path), lines=not text.lstrip().startswith("["))


def _whole(found: ProblemFile, where: str) -> tuple[SeedProblem, ...]:
    if found.refused:
        first = found.errors[0]
        raise DocumentError(
            f"Each row must be a problem, but {found.refused} are not: {first.words} {where} $[{first.row - 1}]"
        )
    return found.problems

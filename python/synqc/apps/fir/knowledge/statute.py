"""Official text of the Bharatiya Nyaya Sanhita, 2023, as an operator imported it: checked, versioned, sealed."""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from synqc.errors import DocumentError, InputError

__all__ = ["Statute"]

_FORMAT: Final = 1
_VERSION: Final = re.compile(r"^bns-2023-[0-9a-f]{16}$")
_CURRENT: Final = "current"


class Statute(Mapping[int, str]):
    """Texts of the 358 sections by number; `import_statute` makes it of a file.

    Args:
        texts: By number.
        source: Name of the file it came from.
        source_sha256: SHA-256 of that file.
        warnings: What a person should look at; none of it made the import fail.
    """

    def __init__(
        self, texts: Mapping[int, str], *, source: str, source_sha256: str, warnings: tuple[str, ...] = ()
    ) -> None:
        self._texts = dict(sorted(texts.items()))
        self.source = source
        self.source_sha256 = source_sha256
        self.warnings = warnings
        self.version = f"bns-2023-{_sealed(self._texts)[:16]}"
        """Follows from the texts alone: the same texts out of a PDF and out of a table are the same version."""

    def __getitem__(self, number: int) -> str:
        return self._texts[number]

    def __iter__(self) -> Iterator[int]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)

    def save(self, folder: str | Path) -> Path:
        """Keep it in a folder of versions, and make it the current one; earlier ones stay.

        Raises:
            OSError: The folder cannot be written.
        """
        where = Path(folder)
        where.mkdir(parents=True, exist_ok=True)
        file = where / f"{self.version}.json"
        plain = {
            "format": _FORMAT, "version": self.version, "source": self.source, "source_sha256": self.source_sha256,
            "warnings": list(self.warnings), "sections": {str(number): text for number, text in self._texts.items()},
        }  # fmt: skip
        _replace(file, json.dumps(plain, ensure_ascii=False, indent=1))
        _replace(where / _CURRENT, self.version)
        return file

    @classmethod
    def load(cls, folder: str | Path, version: str | None = None) -> Statute | None:
        """One of a folder's versions, by default the current one; None: nothing was imported there.

        Raises:
            InputError: There is no such version.
            DocumentError: The file is damaged: its texts are not those that its version was made of.
        """
        where = Path(folder)
        if version is None:
            try:
                version = (where / _CURRENT).read_text("utf-8").strip()
            except FileNotFoundError:
                return None
        known = cls.versions(where)
        if version not in known:
            raise InputError(f"Argument `version` must be one of {known}, but is {version[:60]!r}.")
        file = where / f"{version}.json"
        try:
            plain: dict[str, Any] = json.loads(file.read_text("utf-8"))
            found = cls(
                {int(number): str(text) for number, text in plain["sections"].items()},
                source=str(plain["source"]), source_sha256=str(plain["source_sha256"]),
                warnings=tuple(map(str, plain["warnings"])),
            )  # fmt: skip
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise DocumentError(f"{file.name} is damaged ({error!r:.80}); import the official text anew: $") from None
        if found.version != version:
            raise DocumentError(
                f"{file.name} is damaged: its texts are of version {found.version}; import anew: $.sections"
            )
        return found

    @staticmethod
    def versions(folder: str | Path) -> list[str]:
        """Versions that a folder holds."""
        return sorted(one.stem for one in Path(folder).glob("*.json") if _VERSION.match(one.stem))


def _sealed(texts: Mapping[int, str]) -> str:
    plain = json.dumps([[number, text] for number, text in texts.items()], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(plain.encode()).hexdigest()


def _replace(file: Path, text: str) -> None:
    """Write a file so that a crash leaves the old one or the new one."""
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        os.replace(name, file)
    except BaseException:
        os.unlink(name)
        raise

"""Store of uploads on disk, private to the service, each only as long as its session has not read it."""

from __future__ import annotations

import os
import re
import time
import uuid
from collections.abc import Collection
from pathlib import Path
from typing import Final

from synqc.apps.fir.input.upload import Media, Upload
from synqc.errors import InputError, SynqcError

__all__ = ["UploadFolder", "UploadGone"]

_PLACE: Final = re.compile(r"[0-9a-f]{32}-([a-z]{2})\.(wav|mp3|jpeg|png)")


class UploadGone(SynqcError, LookupError):
    """An upload was removed, or is on the disk of another machine."""

    code = "upload_gone"


class UploadFolder:
    """Uploads in one folder, which only the user of this process may read.

    A place is a name of the store's own, without a path and without any word of the client: it says the language and
    the kind, and may stand in histories and logs. Services that share a database must share the folder.

    Args:
        path: Path of the folder; it is made when the first upload comes.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        """Of the folder."""

    def keep(self, upload: Upload, *, language: str = "en") -> str:
        """Store an upload; when its place is returned, it is on disk.

        Args:
            upload: That was checked.
            language: That is spoken or written there, by its code: `en`, or `hi-IN`.

        Raises:
            InputError: The language is none.
        """
        code = language.replace("_", "-").partition("-")[0].lower()
        if not re.fullmatch("[a-z]{2}", code):
            raise InputError(f"Argument `language` must be a code such as en or hi-IN, but is {language[:20]!r}.")
        place = f"{uuid.uuid4().hex}-{code}.{upload.kind}"
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self.path / place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(upload.content)
                file.flush()
                os.fsync(file.fileno())
        except BaseException:
            self.remove(place)
            raise
        return place

    def read(self, place: str) -> bytes:
        """An upload's bytes.

        Raises:
            UploadGone: It is not there.
        """
        try:
            return (self.path / _checked(place)).read_bytes()
        except FileNotFoundError:
            raise UploadGone("The upload is not there any more: upload it again, or type the complaint.") from None

    def remove(self, place: str) -> bool:
        """Delete an upload; whether it was there."""
        try:
            (self.path / _checked(place)).unlink()
        except FileNotFoundError:
            return False
        return True

    def remove_others(self, kept: Collection[str], *, older_than_s: float) -> int:
        """Delete what no session waits for, such as what was left by a process that was killed; how many there were.

        Args:
            kept: Places of uploads that are still to be read.
            older_than_s: What came later may belong to a session that is being opened.
        """
        if not self.path.is_dir():
            return 0
        before, removed = time.time() - older_than_s, 0
        for file in self.path.iterdir():
            if _PLACE.fullmatch(file.name) and file.name not in kept and _changed_at(file) < before:
                removed += self.remove(file.name)
        return removed


def language_of(place: str) -> str:
    """Code of the language of an upload, which `keep` was told."""
    return _match(place)[1]


def media_of(place: str) -> Media:
    """Whether an upload is a recording or a picture."""
    return Media.AUDIO if _match(place)[2] in ("wav", "mp3") else Media.IMAGE


def _checked(place: str) -> str:
    return _match(place)[0]


def _match(place: str) -> re.Match[str]:
    found = _PLACE.fullmatch(place)
    if found is None:
        raise InputError(f"Argument `place` must be one that `keep` returned, but is {place[:60]!r}.")
    return found


def _changed_at(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except FileNotFoundError:
        return float("inf")

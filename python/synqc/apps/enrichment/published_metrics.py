"""Metrics of all processes of one cache folder, told through files beside it."""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import json
import logging
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from synqc.apps.enrichment.config import load_config
from synqc.errors import SynqcError
from synqc.metrics import Registry, Snapshot, merge

if TYPE_CHECKING:
    from synqc.apps.enrichment.performance_metrics import Metrics

__all__ = ["Publication", "publish", "published"]

_log = logging.getLogger("synqc.enrichment")
_FOLDER: Final = "metrics"
_EVERY_S: Final = 1.0
_MOST_SLOTS: Final = 256


class Publication:
    """Writes a process's metrics into a slot of its own, each second in which they changed, and once more at its end.

    A slot is a file and the lock on it. A process takes the first that is free and goes on from what stands there, so
    that there are as many files as there were processes at once, and nothing is lost when one ends.

    Args:
        metrics: The metrics to publish.
        cache_dir: The folder of the cache.
    """

    def __init__(self, metrics: Metrics, cache_dir: Path) -> None:
        self._metrics = metrics
        self._folder = cache_dir / _FOLDER
        self._lock = threading.Lock()
        self._slot: Path | None = None
        self._lock_file: int | None = None
        self._before: Snapshot | None = None
        self._last: Any = None
        self._ended = threading.Event()

    def start(self) -> None:
        """Tell from now on."""
        threading.Thread(target=self._go_on, name="synqc-enrichment-metrics", daemon=True).start()

    def write(self) -> None:
        """Tell what is known now."""
        with self._lock:
            snapshot = self._metrics.snapshot()
            told = {name: family["series"] for name, family in snapshot["metrics"].items()}
            if told == self._last or not any(told.values()):
                return
            try:
                self._write(snapshot)
            except (OSError, SynqcError, ValueError) as error:
                _log.warning("Metrics cannot be told to other processes in %s: %s.", self._folder, error)
                self._ended.set()
                return
            self._last = told

    def end(self) -> None:
        """Tell for the last time and leave the slot to others."""
        self._ended.set()
        self.write()
        with self._lock:
            self.abandon()

    def abandon(self) -> None:
        """Leave the slot as it is."""
        self._ended.set()
        if self._lock_file is not None:
            os.close(self._lock_file)
            self._lock_file = self._slot = None

    def _go_on(self) -> None:
        while not self._ended.wait(_EVERY_S):
            self.write()

    def _write(self, snapshot: Snapshot) -> None:
        if self._slot is None:
            self._take_slot()
        assert self._slot is not None
        whole = snapshot if self._before is None else merge([self._before, snapshot])
        part = self._slot.with_suffix(".part")
        part.write_text(json.dumps(whole, allow_nan=False), "utf-8")
        os.replace(part, self._slot)

    def _take_slot(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        for number in range(_MOST_SLOTS):
            lock_file = os.open(self._folder / f"{number}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                fcntl.flock(lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                os.close(lock_file)
                continue
            self._lock_file, self._slot = lock_file, self._folder / f"{number}.json"
            self._before = _read(self._slot)
            return
        raise OSError(f"all {_MOST_SLOTS} slots are taken")


def published(cache_dir: Path) -> Snapshot:
    """What the processes of a cache folder have told, living and gone, added up.

    Examples:
        >>> published(Path("/nowhere"))["metrics"]
        {}
    """
    found = [_read(path) for path in sorted((cache_dir / _FOLDER).glob("*.json"))]
    return merge([Registry().snapshot(), *(one for one in found if one is not None)])


def _read(path: Path) -> Snapshot | None:
    try:
        snapshot: Snapshot = json.loads(path.read_text("utf-8"))
        merge([snapshot])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, SynqcError) as error:
        _log.warning("%s cannot be read, and what it told is lost: %s.", path, error)
        return None
    return snapshot


_publication: Publication | None = None


def publish(metrics: Metrics) -> None:
    """Tell a process's metrics in the folder of its cache, if that is switched on."""
    global _publication
    config = load_config()
    if config.cache_enabled:
        _publication = Publication(metrics, config.cache_dir)
        _publication.start()


@atexit.register
def _end() -> None:
    if _publication is not None:
        _publication.end()


def _start_anew_in_child() -> None:
    """The slot is the parent's."""
    global _publication
    if _publication is not None:
        metrics, folder = _publication._metrics, _publication._folder.parent
        with contextlib.suppress(OSError):
            _publication.abandon()
        _publication = Publication(metrics, folder)
        _publication.start()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_start_anew_in_child)

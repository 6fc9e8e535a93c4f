"""A journal of budgets: what was reserved and settled survives the process, however that ends."""

from __future__ import annotations

import contextlib
import fcntl
import json
import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from synqc.errors import DocumentError, InputError

__all__ = ["BudgetJournal", "KeptBudget"]

_log = logging.getLogger("synqc.llm")


@dataclass
class KeptBudget:
    """What has become of one budget, in pico-dollars.

    Args:
        period: Number of the period that the sums are of.
        spent: Counted.
        uncounted: The most that calls could have cost whose end nobody wrote down, or whose tokens no server told.
    """

    period: int = 0
    spent: int = 0
    uncounted: int = 0

    def in_period(self, period: int) -> KeptBudget:
        """Itself, or nothing spent if a later period has begun."""
        if period > self.period:
            self.period, self.spent, self.uncounted = period, 0, 0
        return self


class BudgetJournal:
    """A file of lines: each reservation before its call, each settlement after it.

    A reservation without a settlement belongs to a process that was killed: it counts as the most it could have cost.
    Lines are handed to the system at once, so that they survive the process, but not the machine. The file is made
    short when it is opened. One process at a time may have it open.

    Args:
        path: Path of the file; it is made if there is none.

    Raises:
        InputError: Another process has it open.
        DocumentError: A line is none of a journal.
        OSError: The file cannot be written.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        self._numbers = 0
        self._file = -1
        self._lock = os.open(self._path.with_name(self._path.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._lock)
            raise InputError(f"{self._path} must be open in one process alone, but another one has it.") from None
        try:
            self._kept = self._read()
            self._write_anew()
        except BaseException:
            os.close(self._lock)
            raise

    def kept(self, name: str) -> KeptBudget:
        """What has become of a budget so far."""
        return self._kept.setdefault(name, KeptBudget())

    def reserve(self, name: str, period: int, picodollars: int) -> int:
        """Write a reservation down; its number.

        Raises:
            OSError: It could not be written.
        """
        self._numbers += 1
        self._append({"number": self._numbers, "name": name, "period": period, "reserved": picodollars})
        return self._numbers

    def settle(self, number: int, spent: int, uncounted: int) -> None:
        """Write down what became of a reservation; if that fails, it counts as the most after the next start."""
        try:
            self._append({"number": number, "spent": spent, "uncounted": uncounted})
        except OSError as error:
            _log.error("A settlement of a budget could not be written to %s: %s.", self._path, error.strerror)

    def close(self) -> None:
        """Let go of the file."""
        for descriptor in (self._file, self._lock):
            with contextlib.suppress(OSError):
                os.close(descriptor)

    def _append(self, line: dict[str, Any]) -> None:
        raw = json.dumps(line).encode() + b"\n"
        if os.write(self._file, raw) != len(raw):  # what follows must not stand on half a line
            os.write(self._file, b"\n")
            raise OSError(0, "a line was written in part")

    def _read(self) -> dict[str, KeptBudget]:
        kept: dict[str, KeptBudget] = {}
        reserved: dict[int, tuple[str, int, int]] = {}
        lines = self._path.read_bytes().split(b"\n") if self._path.exists() else []
        for number, raw in enumerate(lines, 1):
            if not raw.strip():
                continue
            try:
                self._take(json.loads(raw), kept, reserved)
            except (ValueError, KeyError, TypeError, AttributeError):
                if number == len(lines):  # the process was killed while it wrote
                    continue
                raise DocumentError(f"{self._path}, line {number}: must be a line of a journal of budgets.") from None
        for name, period, most in reserved.values():
            of = kept.setdefault(name, KeptBudget()).in_period(period)
            of.uncounted += most if period == of.period else 0
        return kept

    @staticmethod
    def _take(line: dict[str, Any], kept: dict[str, KeptBudget], reserved: dict[int, tuple[str, int, int]]) -> None:
        if "reserved" in line:
            reserved[int(line["number"])] = str(line["name"]), int(line["period"]), int(line["reserved"])
            return
        if "number" in line:
            name, period, _ = reserved.pop(int(line["number"]))
        else:
            name, period = str(line["name"]), int(line["period"])
        of = kept.setdefault(name, KeptBudget()).in_period(period)
        if period == of.period:
            of.spent += int(line["spent"])
            of.uncounted += int(line["uncounted"])

    def _write_anew(self) -> None:
        """The sums alone, in place of all lines, in one step."""
        lines = [
            json.dumps({"name": name, "period": one.period, "spent": one.spent, "uncounted": one.uncounted}) + "\n"
            for name, one in self._kept.items()
        ]
        fresh = self._path.with_name(self._path.name + ".new")
        fresh.write_text("".join(lines))
        fresh.replace(self._path)
        self._file = os.open(self._path, os.O_WRONLY | os.O_APPEND)

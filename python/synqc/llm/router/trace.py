"""Records of what deployments did, for simulations: times and counts, never a text."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from synqc.errors import DocumentError

__all__ = ["Record", "TraceFile", "read_trace"]


@dataclass(frozen=True)
class Record:
    """One call of one deployment.

    Args:
        request: Number of the request it was made for, counted by the router.
        arrived_s: When that request came, on a clock that begins anywhere.
        began_s: When the call began, on the same clock.
        model: As the request names it.
        deployment: Its name.
        in_flight: Calls of that deployment under way when it began, itself included.
        latency_s: Until it ended.
        cause: "ok", or why it failed.
        prompt_tokens: As the server counts, or as expected where it does not say.
        completion_tokens: Likewise; 0 of a call that failed.
        tenant: Whose request it was.
        picodollars: What it cost; None: not known.
    """

    request: int
    arrived_s: float
    began_s: float
    model: str
    deployment: str
    in_flight: int
    latency_s: float
    cause: str
    prompt_tokens: int
    completion_tokens: int
    tenant: str = ""
    picodollars: int | None = None


class TraceFile:
    """Appends records to a file, one JSON object a line; any thread may call it.

    Args:
        path: Path of the file; it is made if there is none.
    """

    def __init__(self, path: str | Path) -> None:
        self._file = Path(path).open("a", encoding="utf-8", buffering=1)  # noqa: SIM115  closed by `close`
        self._lock = threading.Lock()

    def __call__(self, record: Record) -> None:
        """Appends one."""
        line = json.dumps(asdict(record)) + "\n"
        with self._lock:
            if not self._file.closed:
                self._file.write(line)

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._file.close()


def read_trace(path: str | Path) -> list[Record]:
    """Records of a file; a last line that was broken off is left out.

    Raises:
        DocumentError: A line is no record; the message has its number.
        OSError: The file cannot be read.
    """
    lines = Path(path).read_text(encoding="utf-8", errors="replace").splitlines(keepends=True)
    return list(_records(lines))


def _records(lines: list[str]) -> Iterable[Record]:
    names = {field.name for field in fields(Record)}
    for number, line in enumerate(lines, 1):
        try:
            document: Any = json.loads(line)
            yield _record_of({name: document[name] for name in names if name in document})
        except (ValueError, TypeError, KeyError, RecursionError):
            if number == len(lines) and not line.endswith("\n"):
                return
            raise DocumentError(f"Line {number} must be a record of a trace, but is {line.strip()!r:.80}.") from None


def _record_of(plain: dict[str, Any]) -> Record:
    record = Record(**plain)
    for name in ("arrived_s", "began_s", "latency_s"):
        if not 0 <= float(getattr(record, name)) < 1e12:
            raise ValueError(name)
    for name in ("request", "in_flight", "prompt_tokens", "completion_tokens"):
        if not isinstance(getattr(record, name), int):
            raise TypeError(name)
    if not isinstance(record.model, str) or not isinstance(record.deployment, str) or not isinstance(record.cause, str):
        raise TypeError("model")
    return record

"""Names of jobs, of kinds and of workers."""

from __future__ import annotations

import os
import re
import secrets
import socket
import threading
import time

from synqc.errors import InputError

__all__ = ["check_kind", "new_job_id", "new_worker_name"]

_KIND = re.compile(r"[a-z][a-z0-9_.]{0,39}")

_lock = threading.Lock()
_last = 0


def new_job_id(kind: str) -> str:
    """A name no other job has; those of one process are in the order in which they were made.

    Examples:
        >>> first, second = new_job_id("sweep"), new_job_id("sweep")
        >>> first < second, first.startswith("sweep-"), len(first)
        (True, True, 30)
    """
    global _last
    with _lock:
        # Milliseconds and a counter below them: 16 digits, which grow.
        _last = max(_last + 1, time.time_ns() // 1_000_000 << 16)
        count = _last
    return f"{kind}-{count:016x}{secrets.token_hex(4)}"


def new_worker_name() -> str:
    """A name of this incarnation alone: one that comes back after a crash is somebody else."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"


def check_kind(kind: str) -> str:
    """The name of a kind.

    Raises:
        InputError: It cannot stand in an id.
    """
    if not isinstance(kind, str) or _KIND.fullmatch(kind) is None:
        raise InputError(
            "Argument `kind` must be at most 40 small letters, digits, dots and underscores, beginning with a letter, "
            f"but is {kind!r}."
        )
    return kind

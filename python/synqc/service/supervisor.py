"""A supervisor of workers, which starts again whatever ends: for a worker that can never start, it must not."""

from __future__ import annotations

import multiprocessing
import os
import signal

__all__ = ["end_supervisor"]


def end_supervisor() -> None:
    """Ask the supervisor of `uvicorn --workers` to stop, if this process is one of its workers.

    It knows no way to hear from a worker that starting it again is of no use.
    """
    work = getattr(multiprocessing.current_process(), "_kwargs", {}).get("target")
    if getattr(work, "__module__", None) == "uvicorn.supervisors.multiprocess":
        os.kill(os.getppid(), signal.SIGTERM)

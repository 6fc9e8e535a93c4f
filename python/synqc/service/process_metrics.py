"""What the process costs, and what it was built from, under the names that Prometheus' own clients use."""

from __future__ import annotations

import os
import platform
import resource
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from synqc import __version__, metrics
from synqc.errors import InputError

__all__ = ["report_process"]

_PROC = Path("/proc/self")


def report_process() -> None:
    """Show them with the metrics of this process."""
    with suppress(InputError):  # another service of this process shows them already
        metrics.add_collector("process", _samples)


def _samples() -> Iterator[metrics.Sample]:
    used = resource.getrusage(resource.RUSAGE_SELF)
    yield metrics.Sample(
        "process_cpu_seconds_total", used.ru_utime + used.ru_stime, "counter", help="Processor time.", unit="seconds"
    )
    yield metrics.Sample("process_max_fds", resource.getrlimit(resource.RLIMIT_NOFILE)[0], help="Files it may open.")
    with suppress(OSError, IndexError):  # not every system has these
        yield from _samples_of_proc()
    labels = {"version": __version__, "python": platform.python_version(), "platform": platform.platform()}
    yield metrics.Sample("synqc_build_info", 1, labels=labels, help="What runs here.")


def _samples_of_proc() -> Iterator[metrics.Sample]:
    virtual, resident = (int(pages) for pages in (_PROC / "statm").read_text().split()[:2])
    page = os.sysconf("SC_PAGE_SIZE")
    yield metrics.Sample("process_resident_memory_bytes", resident * page, help="Memory in use.", unit="bytes")
    yield metrics.Sample("process_virtual_memory_bytes", virtual * page, help="Memory mapped.", unit="bytes")
    yield metrics.Sample("process_open_fds", len(os.listdir(_PROC / "fd")), help="Files that are open.")
    # After the name, which may hold spaces; ticks since the machine's start, which /proc/stat knows.
    ticks = int((_PROC / "stat").read_text().rpartition(")")[2].split()[19])
    [started] = [line.split()[1] for line in Path("/proc/stat").read_text().splitlines() if line.startswith("btime")]
    moment = int(started) + ticks / os.sysconf("SC_CLK_TCK")
    yield metrics.Sample("process_start_time_seconds", moment, help="Since 1970.", unit="seconds")

"""Group commits of the simulated database beside those of a ledger on SQLite."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from synqc.benchmarks.measurement import Measurement, Setting, refuse_unless
from synqc.cluster.service_simulation import simulated_group_commits
from synqc.jobs import JobState, Ledger, open_ledger

__all__ = ["measure_commits"]

_TAKEN = (1, 64)
_FORETOLD = (4, 16)


def measure_commits(setting: Setting) -> Mapping[str, Measurement]:
    """Two figures of the simulation are taken from 1 and 64 submissions under way; 4 and 16 are foretold."""
    submissions, turns = (200, 2) if setting.quick else (2000, 9)
    fastest = dict.fromkeys((*_TAKEN, *_FORETOLD), 0.0)
    with tempfile.TemporaryDirectory() as folder, open_ledger(Path(folder)) as ledger:
        for _ in range(turns):
            for under_way in fastest:
                fastest[under_way] = max(fastest[under_way], _rate(ledger, under_way, submissions))
        stored = ledger.counts("work").get(JobState.QUEUED, 0)
    refuse_unless(stored == turns * len(fastest) * submissions, f"{stored} submissions are in the ledger.")
    one, many = (under_way / fastest[under_way] for under_way in _TAKEN)  # of a group of so many, s
    change_s = max(0.0, (many - one) / (_TAKEN[1] - _TAKEN[0]))
    commit_s = max(1e-9, one - change_s)
    said, off = [], 0.0
    for under_way in _FORETOLD:
        foretold = simulated_group_commits(under_way, commit_s=commit_s, change_s=change_s)
        off = max(off, abs(fastest[under_way] / foretold - 1))
        said.append(f"{under_way} under way: {fastest[under_way]:,.0f} a second, foretold {foretold:,.0f}")
    taken = f"Taken: {1e3 * commit_s:.3f} ms a commit, {1e3 * change_s:.4f} ms a change"
    return {"simulated-commits": Measurement(100 * off, proof="every submission is stored", details=(taken, *said))}


def _rate(ledger: Ledger, under_way: int, submissions: int) -> float:
    """Submissions a second of clients who send the next one when one is stored."""
    left, ended, lock = submissions - under_way, threading.Event(), threading.Lock()
    stored = 0

    def answered(done: Future[Any]) -> None:
        nonlocal left, stored
        with lock:
            stored += 1
            sends = left > 0
            left -= sends
            if stored == submissions:
                ended.set()
        if sends:
            ledger.submit_soon("work", None).add_done_callback(answered)

    started = time.perf_counter()
    for _ in range(under_way):
        ledger.submit_soon("work", None).add_done_callback(answered)
    ended.wait()
    return submissions / (time.perf_counter() - started)

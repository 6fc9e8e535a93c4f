"""Durable submits: many threads together, and one alone beside what the disk and sqlite3 take."""

from __future__ import annotations

import os
import sqlite3
import statistics
import tempfile
import threading
import time
from collections import deque
from collections.abc import Mapping
from concurrent.futures import Future
from contextlib import closing
from pathlib import Path
from typing import Any

from synqc.benchmarks.measurement import Measurement, Setting, refuse_unless
from synqc.jobs import JobState, open_ledger
from synqc.measure.turns import interleaved, ratio

__all__ = ["measure_submitting", "measure_submitting_alone"]

_SUBMITTERS = 8
_UNDER_WAY = 64
_PAYLOAD = {"preset": "ibm_fez", "shots": 1000, "seed": 7}


def measure_submitting(setting: Setting) -> Mapping[str, Measurement]:
    """Jobs answered as durable, per second; afterwards every id is found by a ledger opened anew."""
    of_each = 250 if setting.quick else 2500
    rates = []
    for _ in range(1 if setting.quick else 3):
        with tempfile.TemporaryDirectory() as folder:
            ids: list[str] = []
            with open_ledger(Path(folder)) as ledger:
                submitters = [threading.Thread(target=_submit, args=(ledger, of_each, ids)) for _ in range(_SUBMITTERS)]
                start = time.perf_counter()
                for submitter in submitters:
                    submitter.start()
                for submitter in submitters:
                    submitter.join()
                rates.append(len(ids) / (time.perf_counter() - start))
            with open_ledger(Path(folder)) as ledger:
                stored = ledger.counts()
                some = ledger.job(ids[-1]).payload
            refuse_unless(
                len(set(ids)) == stored[JobState.QUEUED] == _SUBMITTERS * of_each and some == _PAYLOAD,
                f"{len(set(ids))} jobs were answered, and {stored} are stored.",
            )
            disk = _fdatasync_ms(Path(folder))
    return {
        "jobs-submit": Measurement(
            statistics.median(rates), max(rates), proof="every answered id is stored", details=(disk,)
        )
    }


def measure_submitting_alone(setting: Setting) -> Mapping[str, Measurement]:
    """Milliseconds until a submit is answered, in turn with sqlite3's own commit of one row."""
    turns = 30 if setting.quick else 300
    with tempfile.TemporaryDirectory() as folder, open_ledger(Path(folder)) as ledger:
        with closing(sqlite3.connect(Path(folder) / "peer.db", isolation_level=None)) as peer:
            for statement in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", "CREATE TABLE t (row BLOB)"):
                peer.execute(statement)
            row, ids = b"x" * 400, []

            def insert() -> None:
                peer.execute("INSERT INTO t VALUES (?)", (row,))

            def submit() -> None:
                ids.append(ledger.submit("bench", _PAYLOAD))

            # One call a turn: what else the machine does harms both alike.
            times = interleaved({"ours": submit, "peer": insert}, repetitions=turns, least_seconds=0.0)
            stored = peer.execute("SELECT count(*) FROM t").fetchone()[0]
        refuse_unless(
            ledger.counts()[JobState.QUEUED] == len(set(ids)) and stored >= turns, "What was answered is not stored."
        )
        disk = _fdatasync_ms(Path(folder))
    ours, sqlites = times["ours"], times["peer"]
    return {
        "jobs-submit-alone": Measurement(
            1e3 * ours.median, 1e3 * ours.best, proof="every answered id is stored", details=(disk,)
        ),
        "jobs-submit-alone-vs-sqlite": Measurement(
            ratio(ours, sqlites),
            proof="both tables hold every row",
            details=(f"sqlite3 {sqlite3.sqlite_version} takes {1e3 * sqlites.median:.3g} ms", disk),
        ),
    }


def _submit(ledger: Any, number: int, ids: list[str]) -> None:
    under_way: deque[Future[Any]] = deque()
    for _ in range(number):
        under_way.append(ledger.submit_soon("bench", _PAYLOAD))
        if len(under_way) == _UNDER_WAY:
            ids.append(under_way.popleft().result().job_id)
    ids += [one.result().job_id for one in under_way]


def _fdatasync_ms(folder: Path) -> str:
    """What a durable write costs on this disk at least, in words."""
    with (folder / "fdatasync").open("wb", buffering=0) as file:
        taken = []
        for _ in range(50):
            file.write(b"x" * 8192)
            start = time.perf_counter()
            os.fdatasync(file.fileno())
            taken.append(1e3 * (time.perf_counter() - start))
    return f"fdatasync of this disk takes {statistics.median(taken):.3g} ms ({min(taken):.3g} at best)"

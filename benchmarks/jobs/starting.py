"""How soon work begins: in the process, woken by NOTIFY of PostgreSQL, and with many jobs queued."""

from __future__ import annotations

import secrets
import statistics
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from synqc.benchmarks.measurement import Measurement, Setting, Unavailable, import_peer, refuse_unless
from synqc.jobs import Work, Worker, open_ledger
from synqc.storage.database import DatabaseLocation

__all__ = ["SERVER", "measure_claim_of_many", "measure_starting", "measure_starting_on_postgresql", "scratch_database"]

SERVER = "postgresql://postgres@127.0.0.1:5432"
_QUEUED, _FEW = 100_000, 100


def measure_starting(setting: Setting) -> Mapping[str, Measurement]:
    """Milliseconds from the answer to the work, on SQLite."""
    with tempfile.TemporaryDirectory() as folder:
        return {"jobs-start": _started(DatabaseLocation(Path(folder)), setting, shares_ledger=True)}


def measure_starting_on_postgresql(setting: Setting) -> Mapping[str, Measurement]:
    """The same, with the worker's ledger apart from the submitter's, as in another process."""
    with scratch_database() as location:
        return {"jobs-start-postgresql": _started(location, setting, shares_ledger=False)}


def measure_claim_of_many(setting: Setting) -> Mapping[str, Measurement]:
    """Milliseconds of a claim of one job, which is the first of its batch."""
    queued = _QUEUED // 20 if setting.quick else _QUEUED
    taken = {number: _claims(number, 20 if setting.quick else 100) for number in (_FEW, queued)}
    few, many = taken[_FEW], taken[queued]
    return {
        "jobs-claim-of-100000": Measurement(
            statistics.median(many), min(many), proof="claims came in the order of submission",
            details=(f"With {_FEW} queued {statistics.median(few):.3g} ms", f"{queued:,} queued"),
        )
    }  # fmt: skip


def _claims(queued: int, turns: int) -> list[float]:
    taken, seen = [], []
    with tempfile.TemporaryDirectory() as folder, open_ledger(Path(folder)) as ledger:
        ledger.submit_batch("bench", range(queued))
        for _ in range(turns):
            start = time.perf_counter()
            (claimed,) = ledger.claim("bench", {"bench": 1}, lease_s=60.0)
            taken.append(1e3 * (time.perf_counter() - start))
            seen.append(int(claimed.payload))
    refuse_unless(seen == list(range(turns)), "Claims did not come in order.")
    return taken


def _started(location: DatabaseLocation, setting: Setting, *, shares_ledger: bool) -> Measurement:
    begun: dict[int, float] = {}

    def work(job: Any) -> int:
        begun[job.payload] = time.perf_counter()
        return int(job.payload)

    waited, results = [], []
    turns = 20 if setting.quick else 200
    with (
        open_ledger(location) as ledger,
        open_ledger(location) as apart,
        Worker(ledger if shares_ledger else apart, {"bench": Work(work)}),
    ):
        for number in range(turns):
            job_id = ledger.submit("bench", number)
            answered = time.perf_counter()
            results.append(ledger.wait(job_id, timeout_s=60).result)
            waited.append(1e3 * max(0.0, begun[number] - answered))  # it may begin before the answer is heard
    refuse_unless(results == list(range(turns)), "A job's result is not that of its work.")
    return Measurement(
        statistics.median(waited), min(waited), proof="every job's result is its own",
        details=(f"p95 {sorted(waited)[int(0.95 * turns)]:.3g} ms",),
    )  # fmt: skip


@contextmanager
def scratch_database() -> Iterator[DatabaseLocation]:
    """A new database of the PostgreSQL on this machine, dropped at the end; Unavailable where none answers."""
    psycopg = import_peer("psycopg")
    try:
        administrator = psycopg.connect(f"{SERVER}/postgres", autocommit=True, connect_timeout=3)
    except psycopg.OperationalError as error:
        raise Unavailable(f"No PostgreSQL answers at {SERVER}: {error}") from error
    name = f"synqc_bench_{secrets.token_hex(6)}"
    with administrator:
        administrator.execute(f"CREATE DATABASE {name}")
        try:
            yield DatabaseLocation(Path("unused"), f"{SERVER}/{name}")
        finally:
            administrator.execute(f"DROP DATABASE {name} WITH (FORCE)")

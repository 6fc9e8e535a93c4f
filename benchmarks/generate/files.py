"""A large table to a file, and the memory of a stream, each in a process of its own."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Mapping

from synqc.benchmarks.measurement import Measurement, Setting, WrongAnswer

__all__ = ["measure_parquet", "measure_stream_memory"]

_PARQUET = """
import sys, time
import numpy as np
import pyarrow.parquet as pq
from synqc import generate as g
rows, path = int(sys.argv[1]), sys.argv[2]
table = g.Table({
    "id": g.Sequence(),
    "customer": g.UniqueInteger(1, 2**31 - 1),
    "plan": g.Category(["free", "team", "company"], [90, 9, 1]),
    "age": g.Integer("uniform", {"low": 18, "high": 90}),
    "items": g.Integer("poisson", {"mean": 3}),
    "income": g.Number("log_normal", {"mean": 10, "deviation": 0.5}, decimals=2),
    "height": g.Number("normal", {"mean": 170, "deviation": 8}),
    "waiting": g.Number("gamma", {"shape": 2, "scale": 3}, null_rate=0.05),
    "active": g.Boolean(0.8),
    "joined": g.Moment("2020-01-01", "2025-01-01", "1d"),
    "seen": g.Moment("2025-01-01", "2025-02-01", "1ms"),
    "code": g.Pattern("[A-Z]{3}-[0-9]{4}"),
})
g.make(table, rows=1000).to_arrow()
start, processor = time.perf_counter(), time.process_time()
g.write(table, path, rows=rows, seed=5, threads=2)
seconds, processor = time.perf_counter() - start, time.process_time() - processor
read = pq.read_table(path, columns=["id", "items", "height", "code"])
assert read.num_rows == rows
ids, heights = read["id"].to_numpy(), read["height"].to_numpy()
assert ids[0] == 1 and ids[-1] == rows and (np.diff(ids) == 1).all()
assert abs(heights.mean() - 170) < 6 * 8 / rows**0.5 and abs(heights.std() - 8) < 6 * 8 / (2 * rows)**0.5
last = g.make(table, rows=1, seed=5, first_row=rows - 1)
assert read["code"][-1].as_py() == last.column("code")[0]
print(seconds, processor)
"""
_STREAM = """
import sys, time
from synqc import generate as g
from synqc.measure import peak_resident_bytes
rows = int(sys.argv[1])
table = g.Table({"id": g.Sequence(), "x": g.Number("normal", {"mean": 0, "deviation": 1}), "code":
    g.Pattern("[a-z]{8}"), "plan": g.Category(["a", "b"])})
start, seen, total = time.perf_counter(), 0, 0.0
for chunk in g.stream(table, rows=rows, seed=5):
    seen += len(chunk)
    total += float(chunk.column("x").sum())
seconds = time.perf_counter() - start
assert seen == rows and int(chunk.column("id")[-1]) == rows and abs(total) < 6 * rows**0.5
print(seconds, peak_resident_bytes() / 1e6)
"""


def _run(program: str, *arguments: str) -> list[float]:
    answer = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, timeout=1800, check=False
    )
    if answer.returncode != 0:
        raise WrongAnswer(answer.stderr.strip().splitlines()[-1])
    return [float(word) for word in answer.stdout.split()]


def measure_parquet(setting: Setting) -> Mapping[str, Measurement]:
    """Wall time of `write` alone; the file is then read back."""
    rows = 500_000 if setting.quick else 10_000_000
    with tempfile.TemporaryDirectory() as folder:
        turns = [_run(_PARQUET, str(rows), f"{folder}/rows.parquet") for _ in range(1 if setting.quick else 3)]
    turns.sort()
    seconds, processor = turns[len(turns) // 2]
    return {
        "generate-parquet": Measurement(
            seconds,
            turns[0][0],
            proof="read back: all rows, ids in order, mean and deviation of heights, the last code",
            details=(f"{rows:,} rows, {processor:.3g} s of processor time.",),
        )
    }


def measure_stream_memory(setting: Setting) -> Mapping[str, Measurement]:
    """Greatest resident memory of the process, interpreter and NumPy included."""
    rows = 2_000_000 if setting.quick else 100_000_000
    seconds, megabytes = _run(_STREAM, str(rows))
    return {
        "generate-stream-memory": Measurement(
            megabytes,
            proof="all rows are met, the last id is the number of rows, the mean is 0 within six standard errors",
            details=(f"{rows:,} rows in {seconds:.3g} s.",),
        )
    }

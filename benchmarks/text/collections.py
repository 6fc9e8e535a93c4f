"""Collections of rows, as their owners would deduplicate them."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Mapping
from functools import partial

from synqc import text
from synqc.benchmarks.measurement import Measurement, Setting, WrongAnswer, import_peer, refuse_unless
from synqc.benchmarks.text.rows import copies_in, rows_with_copies, shingles_of
from synqc.measure.turns import interleaved, ratio

__all__ = ["measure_million", "measure_peers"]

_THRESHOLD = 0.8
_HASHES = 128

_MILLION = """
import sys, time
from synqc import text
from synqc.benchmarks.text.rows import copies_in, rows_with_copies
from synqc.measure import peak_resident_bytes
size = int(sys.argv[1])
rows = rows_with_copies(size, seed=7)
start, processor = time.perf_counter(), time.process_time()
found = text.deduplicate(rows, threshold=0.8, threads=2, progress=False)
seconds, processor = time.perf_counter() - start, time.process_time() - processor
assert found.duplicates.rows.tolist() == copies_in(size), "other rows than the planted copies were found"
print(seconds, processor, peak_resident_bytes())
"""


def _ours(rows: list[str]) -> list[int]:
    found: list[int] = text.deduplicate(rows, threshold=_THRESHOLD, threads=2, progress=False).duplicates.rows.tolist()
    return found


def _by_rensa(rows: list[str]) -> list[int]:
    rensa = import_peer("rensa")
    lsh = rensa.RMinHashLSH(threshold=_THRESHOLD, num_perm=_HASHES, num_bands=16)
    found = []
    for number, row in enumerate(rows):
        minhash = rensa.RMinHash(num_perm=_HASHES, seed=42)
        minhash.update(shingles_of(row))
        if lsh.query(minhash):
            found.append(number)
        else:
            lsh.insert(number, minhash)
    return found


def _by_datasketch(rows: list[str]) -> list[int]:
    datasketch = import_peer("datasketch")
    lsh = datasketch.MinHashLSH(threshold=_THRESHOLD, num_perm=_HASHES)
    found = []
    for number, row in enumerate(rows):
        minhash = datasketch.MinHash(num_perm=_HASHES)
        minhash.update_batch([shingle.encode() for shingle in shingles_of(row)])
        if lsh.query(minhash):
            found.append(number)
        else:
            lsh.insert(number, minhash)
    return found


def measure_peers(setting: Setting) -> Mapping[str, Measurement]:
    """Copies of Jaccard similarity 0.96 among unlike rows: everybody must find exactly those."""
    measured = {}
    for key, peer, peers_way, size in (
        ("text-dedup-vs-rensa", "rensa", _by_rensa, 2_000 if setting.quick else 20_000),
        ("text-dedup-vs-datasketch", "datasketch", _by_datasketch, 200 if setting.quick else 2_000),
    ):
        rows = rows_with_copies(size, seed=3)
        for name, answer in (("ours", _ours(rows)), (peer, peers_way(rows))):
            refuse_unless(answer == copies_in(size), f"{name} does not find exactly the planted copies of {size} rows.")
        times = interleaved(
            {"ours": partial(_ours, rows), peer: partial(peers_way, rows)},
            repetitions=min(setting.repetitions, 3),
            least_seconds=0,
        )
        measured[key] = Measurement(
            ratio(times[peer], times["ours"]),
            proof=f"both find exactly the planted copies of {size:,} rows",
            details=(f"{peer} {times[peer].median:.3g} s, ours {times['ours'].median:.3g} s.",),
        )
    return measured


def measure_million(setting: Setting) -> Mapping[str, Measurement]:
    """In a process of its own, whose peak is counted; the time is that of `deduplicate` alone."""
    size = 50_000 if setting.quick else 1_000_000
    started = time.perf_counter()
    answer = subprocess.run(
        [sys.executable, "-c", _MILLION, str(size)], capture_output=True, text=True, timeout=1800, check=False
    )
    if answer.returncode != 0:
        raise WrongAnswer(answer.stderr.strip().splitlines()[-1])
    seconds, processor, peak = map(float, answer.stdout.split())
    proof = f"exactly the planted copies of {size:,} rows are found"
    rest = time.perf_counter() - started - seconds
    made = f"{size:,} rows, {processor:.3g} s of processor time; making them took {rest:.0f} s more."
    return {
        "text-dedup-million": Measurement(seconds, proof=proof, details=(made,)),
        "text-dedup-million-memory": Measurement(peak / 1e9, proof=proof, details=(made,)),
    }

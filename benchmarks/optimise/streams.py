"""Streams of shots that are larger than what a process may hold."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from synqc.benchmarks.measurement import Measurement, Setting, refuse_unless

__all__ = ["measure_stream"]

_READ = """
import sys, time
from synqc.measure import peak_resident_bytes
from synqc.records import chunks_of, summarise_shots
start = time.perf_counter()
with open(sys.argv[1], "rb", buffering=0) as file:
    room = bytearray(16 << 20)
    while file.readinto(room):
        pass
plain = time.perf_counter() - start
del room
start, busy = time.perf_counter(), time.process_time()
summary = summarise_shots(chunks_of(sys.argv[1]))
seconds, busy = time.perf_counter() - start, time.process_time() - busy
most = peak_resident_bytes()
print(seconds, plain, busy, most, summary.shots, summary.mean.real, summary.mean.imag, summary.covariance[0, 1])
"""
_BLOCK = 1 << 20


def measure_stream(setting: Setting) -> Mapping[str, Measurement]:
    """A process of its own reads the file plainly, then summarises it; the file's moments are known from its making."""
    blocks = 4 if setting.quick else 62
    random = np.random.default_rng(1)
    block = 3 - 2j + random.normal(size=_BLOCK) + 1j * random.normal(size=_BLOCK)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "shots.npy"
        with path.open("wb") as file:
            header = {"descr": "<c16", "fortran_order": False, "shape": (blocks * _BLOCK,)}
            np.lib.format.write_array_header_1_0(file, header)
            for _ in range(blocks):
                file.write(block.tobytes())
        answer = subprocess.run(
            [sys.executable, "-c", _READ, str(path)], capture_output=True, text=True, check=True
        ).stdout.split()
        size = path.stat().st_size
    seconds, plain, busy, most, count, *moments = (float(word) for word in answer)
    expected = [block.real.mean(), block.imag.mean(), np.cov(block.real, block.imag)[0, 1]]
    refuse_unless(
        count == blocks * _BLOCK and np.allclose(moments, expected, rtol=1e-5, atol=1e-9),
        f"the summary of {count:.0f} shots is {moments}, but was made as {expected}.",
    )
    proof = "count, mean and covariance are those the file was made with"
    beside = (
        f"Reading the same file and doing nothing: {size / plain / 1e6:.0f} MB/s; a second of processor time "
        f"summarises {size / busy / 1e6:.0f} MB."
    )
    return {
        "records-stream": Measurement(size / seconds / 1e6, proof=proof, details=(beside,)),
        "records-stream-memory": Measurement(most / 1e6, proof=proof),
    }

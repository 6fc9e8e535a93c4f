"""What a signature costs."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping

from synqc import _core
from synqc.benchmarks.kernel_programs import labelled_nanoseconds
from synqc.benchmarks.measurement import Measurement, Setting, import_peer, refuse_unless
from synqc.benchmarks.text.rows import rows_with_copies, shingles_of

__all__ = ["measure_kernel", "measure_peers"]

_PROGRAM = "signature_of_464_shingles_with_folding"
_PROOF = "the program holds the share of equal places against the Jaccard similarity of plain sets"


def _ours(setting: Setting) -> tuple[float, dict[str, float]]:
    """Microseconds at the level in use, and nanoseconds at all."""
    by_level = labelled_nanoseconds(setting, "text", _PROGRAM)
    return by_level[str(_core.build_info()["simd_level"])] / 1e3, by_level


def measure_kernel(setting: Setting) -> Mapping[str, Measurement]:
    """Folding, shingling and 128 minima, in processor time."""
    ours, by_level = _ours(setting)
    levels = ", ".join(f"{level} {value / 1e3:.2f} us" for level, value in by_level.items())
    return {"text-signature": Measurement(ours, proof=_PROOF, details=(f"By level: {levels}.",))}


def measure_peers(setting: Setting) -> Mapping[str, Measurement]:
    """Rensa is handed its shingles; neither it nor we are charged for making the row."""
    rensa = import_peer("rensa")
    ours, _ = _ours(setting)
    rows = [shingles_of(row) for row in rows_with_copies(200, seed=1)]
    refuse_unless(all(len(row) == 464 for row in rows), "A row has other than 464 shingles.")

    def sign(shingles: list[str]) -> list[int]:
        minhash = rensa.RMinHash(num_perm=128, seed=42)
        minhash.update(shingles)
        return list(minhash.digest())

    refuse_unless(sign(rows[0]) == sign(rows[0]), "Rensa's signatures differ from call to call.")
    times = []
    for _ in range(setting.repetitions):
        start = time.thread_time()
        for shingles in rows:
            minhash = rensa.RMinHash(num_perm=128, seed=42)
            minhash.update(shingles)
            minhash.digest()
        times.append((time.thread_time() - start) / len(rows) * 1e6)
    theirs = statistics.median(times)
    return {
        "text-signature-vs-rensa": Measurement(
            theirs / ours,
            proof=_PROOF,
            details=(f"rensa {theirs:.2f} us from cut shingles, ours {ours:.2f} us from text.",),
        )
    }

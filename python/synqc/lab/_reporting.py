"""What the engine does, as metrics of the process."""

from __future__ import annotations

from collections.abc import Iterable

from synqc import metrics
from synqc.lab._segments import shared_segments

__all__ = ["count_run", "run_timer"]

run_timer = metrics.timer("synqc_run", "Time of Experiment.run.")
_shots = metrics.counter("synqc_shots_total", "Shots simulated, of all qubits.")
_stopped = metrics.counter("synqc_runs_stopped_total", "Runs that were stopped before their end.")

_SEGMENTS = {
    "hits": ("synqc_segments_hits_total", "Compiled segments found."),
    "misses": ("synqc_segments_misses_total", "Segments compiled."),
    "evictions": ("synqc_segments_evicted_total", "Compiled segments forgotten for lack of room."),
    "entries": ("synqc_segments_entries", "Compiled segments held."),
    "bytes": ("synqc_segments_bytes", "What they weigh."),
}


def count_run(shots: int, partial: bool) -> None:
    """Counts a finished run."""
    _shots.add(shots)
    if partial:
        _stopped.add()


def _segments() -> Iterable[metrics.Sample]:
    for field, value in shared_segments().counts().items():
        name, words = _SEGMENTS[field]
        yield metrics.Sample(name, value, kind="counter" if name.endswith("_total") else "gauge", help=words)


metrics.add_collector("compiled segments", _segments)

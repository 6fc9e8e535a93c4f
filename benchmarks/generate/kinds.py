"""How fast time series, events and documents are made."""

from __future__ import annotations

import time
from collections.abc import Mapping

import numpy as np

from synqc import generate
from synqc.benchmarks.generate.columns import SEED
from synqc.benchmarks.measurement import Measurement, Setting, refuse_unless
from synqc.measure.turns import interleaved

__all__ = ["measure_kinds"]

_SERIES = generate.TimeSeries(
    {
        "x": generate.Series(
            seasons=[generate.Season("1d", 1), generate.Season("7d", 2)],
            noise=generate.Noise(1, ar=[0.7]),
            anomalies=[generate.Anomaly("spike", 0.001, "spike", 9)],
        )
    }
)
_EVENTS = generate.EventLog({"visit": {"visit": 3, "end": 2}}, session_gap="1s")
_DOCUMENTS = generate.Documents(
    {
        "type": "object",
        "required": ["id", "lines"],
        "properties": {
            "id": {"type": "string", "format": "uuid"},
            "lines": {
                "type": "array",
                "minItems": 1,
                "maxItems": 3,
                "items": {
                    "type": "object",
                    "required": ["count"],
                    "properties": {"count": {"type": "integer", "minimum": 1, "maximum": 9}},
                },
            },
        },
    }
)


def measure_kinds(setting: Setting) -> Mapping[str, Measurement]:
    """In processor time, after what is easily known of each was found right."""
    rows, documents = (100_000, 500) if setting.quick else (1_000_000, 5_000)
    series = generate.make(_SERIES, rows=rows, seed=SEED)
    usual = series.column("x")[series.column("x_anomaly") == "none"]
    # Variances of the sines are half the squares of their amplitudes; the noise has 1.
    refuse_unless(abs(usual.var() - 3.5) < 0.05, f"Seed {SEED}: the variance of a series is {usual.var()}.")
    events = generate.make(_EVENTS, rows=rows, seed=SEED)
    sessions = events.column("session").max()
    refuse_unless(bool((np.diff(events.column("time").astype(int)) >= 0).all()), "Events are not in order of time.")
    refuse_unless(abs(rows / sessions / 2.5 - 1) < 0.02, f"Seed {SEED}: sessions have {rows / sessions} events.")
    made = generate.make(_DOCUMENTS, rows=documents, seed=SEED).to_dicts()
    refuse_unless(all(1 <= len(one["lines"]) <= 3 and len(one["id"]) == 36 for one in made), "A document is not valid.")
    times = interleaved(
        {
            "generate-series": lambda: generate.make(_SERIES, rows=rows, seed=SEED, threads=1),
            "generate-events": lambda: generate.make(_EVENTS, rows=rows, seed=SEED, threads=1),
            "generate-documents": lambda: generate.make(_DOCUMENTS, rows=documents, seed=SEED),
        },
        repetitions=min(setting.repetitions, 5),
        least_seconds=0,
        clock=time.process_time,
    )
    proofs = {
        "generate-series": (rows / 1e6, "variance of rows without an anomaly within 0.05 of 3.5"),
        "generate-events": (rows / 1e6, "in order of time, 2.5 events a session within 2 %"),
        "generate-documents": (documents / 1e3, "each has a UUID and one to three lines"),
    }
    return {
        key: Measurement(size / times[key].median, size / times[key].best, proof=proof)
        for key, (size, proof) in proofs.items()
    }

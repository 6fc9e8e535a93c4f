"""Lists of numbers as arrays, in and out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from synqc import json
from synqc.benchmarks.json.documents import document
from synqc.benchmarks.measurement import Measurement, Setting, import_peer, refuse_unless
from synqc.measure.turns import interleaved, ratio

__all__ = ["measure_reading", "measure_writing"]


def _rings(value: Any) -> list[Any]:
    return value["features"][0]["geometry"]["coordinates"]  # type: ignore[no-any-return]


def measure_reading(setting: Setting) -> Mapping[str, Measurement]:
    """Rings of points, each an array of two columns."""
    orjson = import_peer("orjson")
    text = document("canada")

    def peer() -> Any:
        value = orjson.loads(text)
        value["features"][0]["geometry"]["coordinates"] = [np.array(ring) for ring in _rings(value)]
        return value

    ours, theirs = _rings(json.loads(text, arrays="numpy")), _rings(peer())
    refuse_unless(
        len(ours) == len(theirs) and all(map(np.array_equal, ours, theirs)), "Arrays differ from those of the peer."
    )
    clocks = interleaved(
        {"ours": lambda: json.loads(text, arrays="numpy"), "peer": peer}, repetitions=setting.repetitions
    )
    return {
        "json-arrays": Measurement(
            ratio(clocks["peer"], clocks["ours"]),
            proof="arrays equal to the peer's",
            details=(f"Ours {1e3 * clocks['ours'].median:.3g} ms",),
        )
    }


def measure_writing(setting: Setting) -> Mapping[str, Measurement]:
    """One array of doubles with all their digits."""
    orjson = import_peer("orjson")
    values = np.random.default_rng(7).normal(size=(1000, 100))
    refuse_unless(
        json.loads(json.dumps(values), arrays="numpy").tobytes() == values.tobytes(), "The array does not read back."
    )
    clocks = interleaved(
        {
            "ours": lambda: json.dumps(values),
            "peer": lambda: orjson.dumps(values, option=orjson.OPT_SERIALIZE_NUMPY),
        },
        repetitions=setting.repetitions,
    )
    return {
        "json-arrays-out": Measurement(
            ratio(clocks["peer"], clocks["ours"]),
            proof="the array reads back bit by bit",
            details=(f"Ours {1e6 * clocks['ours'].median / values.size * 1e3:.3g} ns a number",),
        )
    }

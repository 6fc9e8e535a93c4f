"""Reading and writing of whole documents."""

from __future__ import annotations

import json as standard
import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from synqc import json
from synqc.benchmarks.json.documents import DOCUMENTS, document
from synqc.benchmarks.measurement import Measurement, Setting, import_peer, refuse_unless
from synqc.measure.turns import interleaved, ratio

__all__ = ["measure_dumps", "measure_loads"]


def _peers() -> dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]]:
    orjson, msgspec = import_peer("orjson"), import_peer("msgspec")
    return {
        "orjson": (orjson.loads, orjson.dumps),
        "msgspec": (msgspec.json.decode, msgspec.json.encode),
        "standard library": (standard.loads, partial(standard.dumps, ensure_ascii=False, separators=(",", ":"))),
    }


def measure_loads(setting: Setting) -> Mapping[str, Measurement]:
    """Bytes to objects."""
    peers = {name: loads for name, (loads, _) in _peers().items()}
    texts = {name: document(name) for name in DOCUMENTS}
    for name, text in texts.items():
        refuse_unless(json.loads(text) == standard.loads(text), f"{name} reads as something else.")
    return _against(setting, "json-loads", json.loads, peers, texts)


def measure_dumps(setting: Setting) -> Mapping[str, Measurement]:
    """Objects to bytes."""
    peers = {name: dumps for name, (_, dumps) in _peers().items()}
    values = {name: standard.loads(document(name)) for name in DOCUMENTS}
    for name, value in values.items():
        expected = standard.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
        refuse_unless(json.dumps(value) == expected, f"{name} is written as something else.")
    return _against(setting, "json-dumps", json.dumps, peers, values)


def _against(
    setting: Setting,
    key: str,
    ours: Callable[[Any], Any],
    peers: Mapping[str, Callable[[Any], Any]],
    subjects: Mapping[str, Any],
) -> Mapping[str, Measurement]:
    ratios: dict[str, list[float]] = {name: [] for name in peers}
    details = []
    for subject, value in subjects.items():
        actions = {"ours": partial(ours, value), **{name: partial(peer, value) for name, peer in peers.items()}}
        clocks = interleaved(actions, repetitions=setting.repetitions)
        for name in peers:
            ratios[name].append(ratio(clocks[name], clocks["ours"]))
        beside = ", ".join(f"{name} {ratios[name][-1]:.2f}" for name in peers)
        details.append(f"{subject} {1e3 * clocks['ours'].median:.3g} ms; times as long: {beside}")
    details.append(f"Standard library {math.prod(ratios['standard library']) ** (1 / len(subjects)):.2f} times as long")
    return {
        f"{key}-{name}": Measurement(
            math.prod(ratios[name]) ** (1 / len(subjects)),
            proof="equal to the standard library on each document",
            details=tuple(details),
        )
        for name in ("orjson", "msgspec")
    }

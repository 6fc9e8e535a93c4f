"""What a service answers: the document of a run and a row of telemetry, written by the core without objects."""

from __future__ import annotations

import json as standard
from collections.abc import Mapping
from typing import Any

from synqc.benchmarks.measurement import Measurement, Setting, import_peer, refuse_unless
from synqc.lab.experiment import Experiment
from synqc.measure.turns import interleaved, ratio

__all__ = ["measure_run"]


def _model_of(pydantic: Any, name: str, value: Mapping[str, Any]) -> Any:
    """An instance of a model with the members of a dict, as a service would declare it."""

    def kind(key: str, item: Any) -> Any:
        if isinstance(item, dict):
            return type(_model_of(pydantic, f"{name}_{key}", item))
        if isinstance(item, list) and item:
            return list[kind(key, item[0])]  # type: ignore[misc]
        return type(item) if item is not None else float | None

    return pydantic.create_model(name, **{key: (kind(key, item), ...) for key, item in value.items()})(**value)


def measure_run(setting: Setting) -> Mapping[str, Measurement]:
    """Everything but arrays."""
    orjson, pydantic = import_peer("orjson"), import_peer("pydantic")
    run = Experiment(adaptive_rule="kalman").run(shots=500, iterations=5, seed=1, progress=False)
    value = standard.loads(run.to_json())
    model = _model_of(pydantic, "Run", value)
    refuse_unless(standard.loads(model.model_dump_json()) == value, "The model holds something else.")
    refuse_unless(orjson.loads(orjson.dumps(value)) == value, "The peer writes something else.")
    clocks = interleaved(
        {"ours": run.to_json, "pydantic": model.model_dump_json, "orjson": lambda: orjson.dumps(value)},
        repetitions=setting.repetitions,
    )
    details = (f"{len(run.to_json())} bytes in {1e6 * clocks['ours'].median:.3g} µs",)
    return _beside(clocks, "json-run", details)


def _beside(clocks: Mapping[str, Any], key: str, details: tuple[str, ...]) -> Mapping[str, Measurement]:
    return {
        f"{key}-{peer}": Measurement(
            ratio(clocks[peer], clocks["ours"]), proof="equal to the dict the peers write", details=details
        )
        for peer in ("pydantic", "orjson")
    }

"""The work of a sweep, as jobs do it: points are kept one by one, and a later attempt has those that are done."""

from __future__ import annotations

import json as standard_json
from collections.abc import Hashable
from typing import Any

import numpy as np

from synqc.apps.tds.engine import SynQcEngine
from synqc.apps.tds.models import RunConfiguration
from synqc.cache import MemoryCache
from synqc.jobs import RunningJob, StopReason, Work
from synqc.lab.experiment import StopFlag
from synqc.lab.sweep import Sweep, sweep

__all__ = ["KIND", "sweep_work"]

KIND = "sweep"
_FIGURES = ("fidelity", "backaction", "information_bits", "latency_us", "objective_score")


def sweep_work(engine: SynQcEngine) -> Work:
    """Runs grids with an engine, one at a time: each point uses all processors."""
    points = MemoryCache(max_entries=20_000)
    return Work(lambda job: _measure(engine, job, points))


class _KeptPoints(MemoryCache):
    """Finished points of one sweep, each kept by its job; beside them those that other sweeps left in memory."""

    def __init__(self, job: RunningJob, of_all: MemoryCache) -> None:
        super().__init__()
        self._job = job
        self._of_all = of_all
        for key, row in job.kept().items():
            super().set(key, standard_json.loads(row))
        self.of_earlier_attempts = len(self)

    def get(self, key: Hashable, default: Any = None) -> Any:
        found = super().get(key)
        return self._of_all.get(key, default) if found is None else found

    def set(self, key: Hashable, value: Any, *, ttl: float | None = None, kind: str = "default") -> None:
        super().set(key, value, ttl=ttl, kind=kind)
        self._of_all.set(key, value, ttl=ttl, kind=kind)
        # As text, for figures may be NaN. Nobody waits: a point that is not kept is measured again.
        self._job.keep(str(key), standard_json.dumps(value))


def _measure(engine: SynQcEngine, job: RunningJob, of_all: MemoryCache) -> dict[str, Any]:
    asked, stop = job.payload, StopFlag()
    job.on_stop(stop.stop)
    config = RunConfiguration.model_validate(asked["config"])
    experiment = engine.experiment(config, asked["session_id"] or "")
    points = _KeptPoints(job, of_all)
    found = sweep(
        experiment, asked["axes"], shots=asked["shots"], seed=asked["seed"], cache=points, progress=job.progress,
        stop=stop,
    )  # fmt: skip
    if job.stop_reason is not StopReason.CANCELLED:
        job.check()
    done = int(np.isfinite(found["fidelity"]).sum())
    job.progress(done, found["fidelity"].size)
    return {"cached": max(0, found.reused - points.of_earlier_attempts), "figures": _results(found)}


def _results(found: Sweep) -> dict[str, Any]:
    return {name: {"values": _listed(found[name]), "standard_errors": _listed(found.error(name))} for name in _FIGURES}


def _listed(values: np.ndarray) -> Any:
    """Nested lists, with null where a stop came first."""
    return np.where(np.isfinite(values), values, None).tolist()  # type: ignore[call-overload]

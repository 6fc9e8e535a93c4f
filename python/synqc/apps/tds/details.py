"""Everything about a run beyond its record: stored as the core wrote it, put into order when somebody asks."""

from __future__ import annotations

from typing import Any

from synqc import json
from synqc._version import __version__
from synqc.apps.tds.engine import EngineResult
from synqc.apps.tds.models import RunRecord

__all__ = ["details_document", "details_to_store", "settings_of_last_iteration"]

_SHARED = (
    "backaction_mean_per_shot", "information_bits_per_second", "cycle_time_us", "latency_terms", "probe",
)  # fmt: skip


def details_to_store(figures: dict[str, Any], result: EngineResult) -> bytes:
    """Cheap to write at the end of a run: what only this place knows, and the core's documents of all its parts."""
    carry = result.carry_in
    head = json.dumps(
        {
            "version": __version__,
            "shots_simulated": result.shots,
            "wall_seconds": result.wall_seconds,
            "best": result.runs.index(result.run),
            "replay": {
                "seed": result.seed,
                "batches": [[one.shots, one.iterations] for one in result.batches],
                "carry": None if carry is None else carry.to_dict(),
                "fidelity": figures["fidelity"]["value"],
                "version": __version__,
            },
        }
    )
    return head[:-1] + b',"runs":[' + b",".join(run.to_json() for run in result.runs) + b"]}"


def details_document(record: RunRecord, stored: bytes) -> dict[str, Any]:
    """What clients read of a stored run."""
    details = json.loads(stored)
    parts = details.pop("runs", [])
    history = [iteration for part in parts for iteration in part["iterations"]]
    shown: dict[str, Any] = {
        "run_id": record.run_id,
        "session_id": record.session_id,
        "mode": record.mode.value,
        "hardware_target": record.config_snapshot.hardware_target.value,
        "emulated": record.emulated,
        "seed": record.seed,
        "partial": record.partial,
        "iterations": len(history),
        "estimates": record.estimates,
    }
    if parts:
        best = parts[details.pop("best")]
        shown.update({name: best[name] for name in _SHARED})
    return {**shown, "history": history, **details}


def settings_of_last_iteration(stored: bytes) -> list[dict[str, float]] | None:
    """What each qubit's controls were set to at the end of a stored run."""
    parts = json.loads(stored).get("runs")
    return [qubit["settings"] for qubit in parts[-1]["iterations"][-1]["qubits"]] if parts else None

"""Documents that the documentation shows; tests hold them against their schemas and against real answers."""

from __future__ import annotations

from typing import Any

__all__ = ["CONFIG", "ROW", "RUN", "SUMMARY"]

CONFIG: dict[str, Any] = {
    "hardware_target": "sim-local", "hardware_preset": "transmon-default", "drive_envelope": "gaussian",
    "probe_strength": 0.2, "probe_duration_ns": 120, "adaptive_rule": "none", "objective": "maximize-fidelity",
    "notes": None,
}  # fmt: skip
_KPIS: dict[str, Any] = {
    "fidelity": 0.9666, "latency_us": 1.38, "backaction": 0.0133, "shots_used": 836, "shot_limit": 50_000,
    "shots_used_fraction": 0.01672,
}  # fmt: skip
RUN: dict[str, Any] = {
    "run_id": "x1-20260102T030405Z", "session_id": "x1", "mode": "run", "config_snapshot": CONFIG,
    "created_at": "2026-01-02T03:04:05.678901", "kpis": _KPIS,
    "measurements": [
        {"qubit": 0, "p0": 0.0455, "p1": 0.9545, "last": 1}, {"qubit": 1, "p0": 0.0383, "p1": 0.9617, "last": 1},
        {"qubit": 2, "p0": 0.0514, "p1": 0.9486, "last": 1}, {"qubit": 3, "p0": 0.0574, "p1": 0.9426, "last": 0},
    ],
    "events": [
        "[RUN] objective=maximize-fidelity adaptive=none envelope=gaussian",
        "[KPIs] fidelity 0.96663(15) is below target.", "[KPIs] latency 1.38 µs is low.",
        "[KPIs] back-action 0.0133 is gentle.", "[BUDGET] 836 of 50000 shots used (2%).",
    ],
    "estimates": {
        "fidelity": {"value": 0.9666, "standard_error": 0.00015},
        "backaction": {"value": 0.0133, "standard_error": 0.0},
        "information_bits": {"value": 0.0196, "standard_error": 0.0},
        "latency_us": {"value": 1.38, "standard_error": 0.0},
        "objective_score": {"value": 0.9666, "standard_error": 0.00015},
        "success": {"value": 0.9628, "standard_error": 0.0038},
    },
    "partial": False, "seed": 5902031327640654, "emulated": False,
}  # fmt: skip
SUMMARY: dict[str, Any] = {
    "session_id": "x1", "created_at": "2026-01-02T03:04:01.234567", "last_updated_at": "2026-01-02T03:04:05.679012",
    "status": "idle", "status_text": "Idle · last run completed", "mode_label": "Sim Local", "shot_limit": 50_000,
    "shots_used": 836, "shots_used_fraction": 0.01672, "last_run_id": "x1-20260102T030405Z", "last_kpis": _KPIS,
    "config": CONFIG,
}  # fmt: skip
ROW: dict[str, Any] = {
    "timestamp": "2026-01-02T03:04:06.789Z", "provider": "sim-local", "fidelity": 0.967926, "latency_us": 1.38,
    "backaction": 0.013277, "shots_used": 836, "shot_rate": 724637.7, "fidelity_standard_error": 0.000609,
    "qubits": [0.9375, 0.9688, 0.9062, 1.0],
}  # fmt: skip

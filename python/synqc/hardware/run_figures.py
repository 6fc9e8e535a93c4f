"""Figures of a run that a backend played, under the names that the laboratory's own runs have."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synqc.hardware.backend import Capabilities, CompiledCircuit, Shots
from synqc.hardware.exact_figures import exact_figures
from synqc.lab.estimate import Estimate
from synqc.lab.probe import pulse_doses

__all__ = ["run_arrays", "run_figures"]

_UNKNOWN = (math.nan, math.nan, 0.0)


def run_figures(
    experiment: Any, capabilities: Capabilities, compiled: CompiledCircuit, shots: Shots, *, seed: int
) -> dict[str, Any]:
    """Figures by name, as `Run.to_dict` gives them.

    Measured are one_fraction, success, mean_record, and fidelity where the ideal state is |0> or |1>; elsewhere, and
    where an objective needs what nobody measured, they are NaN. Latency is that of the compiled circuit. Back-action
    and information are those of the ideal probe: a backend shows neither without tomography.

    Args:
        experiment: What was run.
        capabilities: Capabilities of the backend.
        compiled: What it played.
        shots: What it answered.
        seed: Seed of the run.
    """
    count = len(shots.bits)
    qubits = [_qubit(experiment, compiled, shots, pair) for pair in range(compiled.circuit.pairs)]
    exact = exact_figures(compiled.circuit)
    fidelity, success = (_mean([qubit[name] for qubit in qubits]) for name in ("fidelity", "success"))
    cycle_us = compiled.duration_us + capabilities.repetition_delay_us
    return {
        "fidelity": fidelity,
        "backaction": (exact.backaction, 0.0, 0.0),
        "information_bits": (exact.information_bits, 0.0, 0.0),
        "latency_us": (compiled.duration_us, 0.0, 0.0),
        "objective_score": fidelity if experiment.objective == "maximize-fidelity" else _UNKNOWN,
        "backaction_mean_per_shot": _mean_backaction_per_shot(compiled.circuit.strength),
        "information_bits_per_second": exact.information_bits / cycle_us * 1e6 if cycle_us > 0 else math.nan,
        "cycle_time_us": cycle_us,
        "latency_terms": compiled.latency_terms,
        "probe": _probe(compiled.circuit.strength),
        "iterations": [
            {
                "fidelity": fidelity, "success": success, "shots": count, "calibration_shots": 0, "learning_shots": 0,
                "device_time_s": count * cycle_us * 1e-6, "network_latency_s": 0.0, "qubits": qubits,
            }
        ],
        "shots_used": count,
        "seed": seed,
        "partial": False,
        "carry": {
            "device_time_s": count * cycle_us * 1e-6, "controllers": [[] for _ in qubits], "drift": [[] for _ in qubits]
        },
        "backend": {
            "name": capabilities.name, "emulated": capabilities.emulated,
            "layout": [list(pair) for pair in compiled.layout], "entangling_gates": compiled.entangling_gates,
        },
    }  # fmt: skip


def run_arrays(shots: Shots, *, keep_bits: bool, keep_records: bool) -> dict[str, NDArray[Any] | None]:
    """Bits and records as `Run` has them: the probe's outcome 0 is the record +1."""
    readout, probe = shots.bits[:, 1::2].T[None], shots.bits[:, 0::2].T[None, :, :, None]
    record = np.ascontiguousarray(1.0 - 2.0 * probe) if keep_records else None
    nothing = np.zeros(probe.shape) if keep_records else None
    return {
        "bits": np.ascontiguousarray(readout) if keep_bits else None, "records_i": record, "records_q": nothing,
        "record_moments": nothing,
    }  # fmt: skip


def _qubit(experiment: Any, compiled: CompiledCircuit, shots: Shots, pair: int) -> dict[str, Any]:
    exact = exact_figures(compiled.circuit, pair)
    readout, record = shots.bits[:, 2 * pair + 1], 1.0 - 2.0 * shots.bits[:, 2 * pair]
    ones = _share(readout)
    success = _corrected(ones, shots, 2 * pair + 1, exact.ideal_outcome)
    success_plain = (success.value, success.standard_error, success.skewness)
    error = float(record.std(ddof=1)) / math.sqrt(len(record)) if len(record) > 1 else math.nan
    return {
        "fidelity": success_plain if exact.reads_fidelity else _UNKNOWN,
        "one_fraction": (ones.value, ones.standard_error, ones.skewness),
        "success": success_plain,
        "mean_record": (float(record.mean()), error, 0.0),
        "shots": len(readout),
        "settings": {
            "drive_correction_khz": 0.0, "first_angle": compiled.circuit.first_angle,
            "second_angle": compiled.circuit.second_angle, "first_axis": compiled.circuit.first_axis,
            "second_axis": compiled.circuit.second_axis, "drag_beta": experiment.drag_beta, "feedback_gain": 0.0,
        },
        "detuning_khz": 0.0, "detuning_deviation_khz": 0.0, "tracker_locked": False, "normalised_innovation": 0.0,
        "true_detuning_khz": math.nan, "true_t1_ratio": math.nan,
    }  # fmt: skip


def _corrected(ones: Estimate, shots: Shots, column: int, ideal_outcome: int) -> Estimate:
    """Share of the ideal outcome, by the inverse of the measured errors of assignment; not clipped."""
    share = ones if ideal_outcome else 1 - ones
    if shots.all_zero is None or shots.all_one is None:
        return share
    one_given_0, zero_given_1 = _share(shots.all_zero[:, column]), 1 - _share(shots.all_one[:, column])
    false = one_given_0 if ideal_outcome else zero_given_1
    return (share - false) / (1 - one_given_0 - zero_given_1)


def _share(bits: NDArray[np.uint8]) -> Estimate:
    """Share of ones; its error is that of Jeffreys' posterior, so that no count is without one."""
    one, zero = float(bits.sum()) + 0.5, float(len(bits) - bits.sum()) + 0.5
    total = one + zero
    variance = one * zero / (total**2 * (total + 1))
    skewness = 2 * (zero - one) * math.sqrt(total + 1) / ((total + 2) * math.sqrt(one * zero))
    return Estimate(float(bits.mean()), math.sqrt(variance), skewness)


def _mean(figures: list[tuple[float, float, float]]) -> tuple[float, float, float]:
    """Of independent ones."""
    count, errors = len(figures), np.array([figure[1] for figure in figures])
    error = float(np.sqrt((errors**2).sum())) / count
    third = sum(figure[2] * figure[1] ** 3 for figure in figures) / count**3
    return float(np.mean([figure[0] for figure in figures])), error, third / error**3 if error > 0 else 0.0


def _mean_backaction_per_shot(strength: float) -> float:
    """Trace distance of an equatorial state from what either outcome makes of it, that state turned by asin."""
    return math.sin(math.asin(strength) / 2)


def _probe(strength: float) -> dict[str, Any]:
    doses = pulse_doses(strength)
    return {
        "mapping": "pulse", "regime": doses.regime if strength > 0 else "off", "g": doses.g, "s": doses.s,
        "eps_pulse": doses.eps_pulse, "steps": 0, "step_error": 0.0, "coherence_left": math.sqrt(1 - strength**2),
    }  # fmt: skip

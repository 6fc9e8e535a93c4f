"""A register that tunes itself: how long it takes, and what its gates err by afterwards."""

from __future__ import annotations

import time
from collections.abc import Mapping

import numpy as np

from synqc.benchmarks.measurement import Measurement, Setting, refuse_unless
from synqc.protocols import RandomisedBenchmarking, retune
from synqc.protocols.randomised_benchmarking import PULSES_PER_CLIFFORD
from synqc.twin import HiddenQubit, Twin
from synqc.twin.twin import TwinQubit

__all__ = ["measure_retune"]

_QUBITS, _REGISTERS = 5, 5
_CLIFFORDS = 100


def _register(seed: int, qubits: int) -> list[HiddenQubit]:
    generator = np.random.default_rng([seed, 5])
    return [
        HiddenQubit(
            t1_us=generator.uniform(50, 120),
            tphi_us=generator.uniform(80, 300),
            detuning_khz=generator.uniform(-900, 900),
            rabi_scale=generator.uniform(0.85, 1.15),
            anharmonicity_mhz=generator.uniform(-330, -270),
        )
        for _ in range(qubits)
    ]


def measure_retune(setting: Setting) -> Mapping[str, Measurement]:
    """The twin's own simulation is part of the time; errors are those of exact populations after random gates."""
    registers = 1 if setting.quick else _REGISTERS
    seconds, after, before = [], 0.0, np.inf
    for seed in range(registers):
        hidden = _register(seed, 2 if setting.quick else _QUBITS)
        twin = Twin(hidden, seed=seed)
        before = min(before, *(_over_limit(qubit, truth) for qubit, truth in zip(twin, hidden, strict=True)))
        start = time.perf_counter()
        found = retune(twin)
        seconds.append(time.perf_counter() - start)
        open_ones = [one.reasons for one in found if one.verdict == "not determined"]
        refuse_unless(not open_ones, f"A qubit of register {seed} was not retuned: {open_ones}.")
        after = max(after, *(_over_limit(qubit, truth) for qubit, truth in zip(twin, hidden, strict=True)))
    proof = (
        f"gates of {registers} registers err by at most {after:.2f} times what T1 and T2 allow, before it by at least "
        f"{before:.0f} times"
    )
    return {
        "retune-time": Measurement(float(np.median(seconds)), min(seconds), proof),
        "retune-error": Measurement(after, proof=proof),
    }


def _over_limit(qubit: TwinQubit, hidden: HiddenQubit) -> float:
    """Error of a Clifford gate, from exact populations after random ones, over what decay makes of its pulses."""
    circuits, _ = RandomisedBenchmarking(lengths=(_CLIFFORDS,), sequences=20).plan(qubit.gate_ns)
    lost = 1 - float(np.mean([qubit.populations(circuit)[0] for circuit in circuits]))
    error = (1 - max(1 - 2 * lost, 1e-9) ** (1 / _CLIFFORDS)) / 2
    limit = PULSES_PER_CLIFFORD * qubit.gate_ns * 1e-3 * (1 / hidden.t1_us + 2 / hidden.t2_us) / 6
    return float(error / limit)

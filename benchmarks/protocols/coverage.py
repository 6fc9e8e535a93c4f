"""How often intervals hold the truth that they are about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from synqc.benchmarks.measurement import Measurement, Setting
from synqc.protocols import T1, RabiAmplitude, RamseyDecay
from synqc.twin import HiddenQubit, Twin

__all__ = ["measure_coverage"]

_QUBITS = 1000
_NARROW = 0.6827


def _drawn(generator: Any) -> HiddenQubit:
    return HiddenQubit(
        t1_us=generator.uniform(50, 110),
        tphi_us=generator.uniform(80, 300),
        detuning_khz=generator.uniform(-2, 2),
        rabi_scale=generator.uniform(0.99, 1.01),
        anharmonicity_mhz=-5000.0,
    )


def measure_coverage(setting: Setting) -> Mapping[str, Measurement]:
    """Profile intervals on twins drawn at random."""
    qubits = 40 if setting.quick else _QUBITS
    asked: dict[str, tuple[Any, Any]] = {
        "t1_us": (T1(), lambda hidden: hidden.t1_us),
        "t2_us": (RamseyDecay(), lambda hidden: hidden.t2_us),
        "rabi_scale": (RabiAmplitude(), lambda hidden: hidden.rabi_scale),
    }
    narrow, wide = {}, {}
    for name, (protocol, truth) in asked.items():
        held = np.zeros(2)
        for number in range(qubits):
            hidden = _drawn(np.random.default_rng([number, 3]))
            found = protocol.analyse(protocol.run(Twin([hidden], seed=number)[0]))
            for k, intervals in enumerate((found.intervals, found.wide_intervals)):
                held[k] += intervals[name][0] <= truth(hidden) <= intervals[name][1]
        narrow[name], wide[name] = held / qubits
    shares = ", ".join(f"{name} {narrow[name]:.3f} and {wide[name]:.3f}" for name in asked)
    return {
        "protocol-intervals": Measurement(
            100 * max(abs(share - _NARROW) for share in narrow.values()),
            proof=f"against the hidden truth of {qubits} qubits each",
            details=(f"intervals of 68 and 95 % hold it in: {shares}",),
        )
    }

"""Bias of the efficiency of a readout, for short pulses and long ones."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from synqc.benchmarks.measurement import Measurement, Setting, refuse_unless
from synqc.protocols import ReadoutDephasing, ReadoutEfficiency
from synqc.readout import ReadoutPulse, Resonator
from synqc.twin import HiddenQubit, Twin

__all__ = ["measure_bias"]

_LENGTHS_NS = (50.0, 200.0, 1000.0, 2000.0)
_RUNS = 100
_SHORT_NS = 100.0


def measure_bias(setting: Setting) -> Mapping[str, Measurement]:
    """Twins of one efficiency; pulses of 50 ns keep most of what they tell in the resonator when they end."""
    runs = 4 if setting.quick else _RUNS
    hidden = HiddenQubit(t1_us=80.0, anharmonicity_mhz=-5000.0)
    truth = hidden.readout.efficiency
    biases, errors, plain = [], [], []
    for length in _LENGTHS_NS:
        amplitudes = tuple(np.sqrt(np.linspace(0.0, 2 / _dephasing(hidden, length), 9)))
        protocol = ReadoutEfficiency(
            pulse_ns=length,
            amplitude=3.0 if length <= _SHORT_NS else 1.0,
            t1_us=hidden.t1_us,
            dephasing=ReadoutDephasing(shots=200, amplitudes=amplitudes),
        )
        found = [protocol.analyse(protocol.run(Twin([hidden], seed=number)[0])).values for number in range(runs)]
        values = np.array([one["phase_preserving_efficiency"] for one in found]) / truth - 1
        biases.append(float(values.mean()))
        errors.append(float(values.std() / np.sqrt(runs)))
        plain.append(float(np.mean([one["boxcar_estimate"] for one in found])) / truth)
    noise = max(errors)
    refuse_unless(setting.quick or noise < 0.005, f"The mean of {runs} runs is known to {100 * noise:.2f} % only.")
    return {
        "efficiency-bias": Measurement(
            100 * max(map(abs, biases)),
            proof=f"against the hidden efficiency; the mean of {runs} runs is known to {100 * noise:.2f} %",
            details=(
                "the plain estimate finds "
                + ", ".join(f"{share:.2f}" for share in plain)
                + " of the efficiency at "
                + ", ".join(f"{length:g}" for length in _LENGTHS_NS)
                + " ns",
            ),
        )
    }


def _dephasing(hidden: HiddenQubit, tone_ns: float) -> float:
    """Of a tone of amplitude 1, the ring-down included."""
    readout = hidden.readout
    middle = (readout.shifts_mhz[0] + readout.shifts_mhz[1]) / 2
    resonator = Resonator(
        kappa_mhz=readout.kappa_mhz,
        chi_mhz=readout.shifts_mhz[0] - middle,
        drive_mhz=readout.drive_mhz,
        detuning_mhz=middle,
    )
    return float(resonator.dephasing(ReadoutPulse.square(tone_ns), tone_ns + 1000.0))

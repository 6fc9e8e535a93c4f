"""Retuning: the chain of protocols that brings a fixed-frequency qubit's pulses to the limit of its coherence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from synqc.protocols.amplitude import AmplifiedAmplitude, RabiAmplitude
from synqc.protocols.analysis import Analysis, Verdict
from synqc.protocols.circuit import Settings
from synqc.protocols.drag import Drag
from synqc.protocols.echo import Echo
from synqc.protocols.instrument import Instrument
from synqc.protocols.iq_blobs import IQBlobs
from synqc.protocols.ramsey import Ramsey
from synqc.protocols.randomised_benchmarking import PULSES_PER_CLIFFORD, RandomisedBenchmarking
from synqc.protocols.relaxation import T1

__all__ = ["Retuning", "RetuningStep", "retune"]

_ATTEMPTS = 3
_SWEPT = tuple(float(amplitude) for amplitude in np.linspace(0.0, 1.6, 17))
"""Larger amplitudes of short pulses drive the third level before DRAG is known."""


@dataclass(frozen=True)
class RetuningStep:
    """One protocol of a chain.

    Args:
        protocol: What was run.
        analysis: What it found.
        settings: With which the next one was run.
    """

    protocol: Any
    analysis: Analysis
    settings: Settings


@dataclass(frozen=True)
class Retuning:
    """How one qubit was retuned.

    Args:
        steps: In order.
        verdict: "good" if every setting was found and benchmarks agree with the limit of coherence; "not determined" if
            the chain ended early; else "suspicious".
        reasons: Why the verdict is not "good".
    """

    steps: tuple[RetuningStep, ...]
    verdict: Verdict
    reasons: tuple[str, ...]

    @property
    def settings(self) -> Settings:
        """What the instrument plays with now."""
        return self.steps[-1].settings

    @property
    def values(self) -> dict[str, float]:
        """What was found last of each parameter."""
        return {name: value for step in self.steps for name, value in step.analysis.values.items()}

    def incoherent_limit(self, gate_ns: float) -> float:
        """Average error of a gate that T1 and T2, as measured, allow: t (1/T1 + 2/T2) / 6.

        Args:
            gate_ns: Its length.
        """
        return gate_ns * 1e-3 * (1 / self.values["t1_us"] + 2 / self.values["t2_us"]) / 6


def retune(device: Iterable[Instrument]) -> tuple[Retuning, ...]:
    """Bring drive frequency, readout, amplitude and DRAG of every qubit to where its gates are limited by decay alone.

    Rabi, Ramsey, IQ blobs, DRAG, amplified amplitude (twice), Ramsey again, T1, echo, randomised benchmarking. What a
    step finds is set at once; one that finds nothing is repeated with what its `next` proposes, and ends the chain of
    its qubit if that does not help, with settings as they were before it.

    Args:
        device: Its qubits, such as a `synqc.twin.Twin`; their `settings` are changed.

    Returns:
        What was done, for each qubit.

    Examples:
        >>> from synqc.twin import HiddenQubit, Twin
        >>> twin = Twin([HiddenQubit(detuning_khz=-380.0, rabi_scale=1.06)], seed=3)
        >>> found = retune(twin)[0]
        >>> abs(found.settings.drive_shift_khz + 380) < 3, abs(found.settings.pi_amplitude * 1.06 - 1) < 0.01
        (True, True)
    """
    return tuple(_retune_one(qubit) for qubit in device)


def _retune_one(qubit: Instrument) -> Retuning:
    steps: list[RetuningStep] = []
    chain: list[Any] = [
        RabiAmplitude(amplitudes=_SWEPT),
        Ramsey(),
        IQBlobs(),
        RabiAmplitude(amplitudes=_SWEPT),
        Drag(),
        AmplifiedAmplitude(),
        AmplifiedAmplitude(pulses=40, largest_error=0.02),
        Drag(pairs=10, coefficients=tuple(float(one) for one in np.linspace(0.2, 0.8, 21))),
        AmplifiedAmplitude(pulses=40, largest_error=0.02),
        Ramsey(span_khz=20.0),
        T1(),
        Echo(),
        RandomisedBenchmarking(),
    ]
    for planned in chain:
        step = _one_step(qubit, planned)
        steps.append(step)
        if step.analysis.verdict == "not determined":
            reasons = tuple(f"{type(planned).__name__}: {reason}" for reason in step.analysis.reasons)
            return Retuning(tuple(steps), "not determined", reasons)
        qubit.settings = step.settings
    return _concluded(tuple(steps), qubit.gate_ns)


def _one_step(qubit: Instrument, protocol: Any) -> RetuningStep:
    for _ in range(_ATTEMPTS):
        analysis = protocol.analyse(protocol.run(qubit))
        if analysis.verdict != "not determined":
            return RetuningStep(protocol, analysis, protocol.corrected(qubit.settings, analysis))
        tried, protocol = protocol, protocol.next(analysis)
    return RetuningStep(tried, analysis, qubit.settings)


def _concluded(steps: tuple[RetuningStep, ...], gate_ns: float) -> Retuning:
    """Faults of early steps are what later ones put right: the last run of each protocol counts."""
    last = {type(step.protocol).__name__: step.analysis for step in steps}
    reasons = [f"{name}: {reason}" for name, analysis in last.items() for reason in analysis.reasons]
    found = Retuning(steps, "good", ())
    limit = PULSES_PER_CLIFFORD * found.incoherent_limit(gate_ns)
    low, high = last["RandomisedBenchmarking"].wide_intervals["error_per_clifford"]
    if low > 1.2 * limit:
        reasons.append(
            f"RandomisedBenchmarking: gates err by {low:.2g} to {high:.2g} per Clifford, where decay allows {limit:.2g}"
        )
    return Retuning(steps, "suspicious" if reasons else "good", tuple(reasons))

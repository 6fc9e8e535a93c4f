"""Efficiency of a readout chain: what the records tell, over what the pulse dephases."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from synqc.errors import InputError, ShapeError
from synqc.lab.estimate import Estimate
from synqc.protocols.analysis import Analysis
from synqc.protocols.circuit import Circuit, Rotation
from synqc.protocols.cloud_tests import PARTS, cloud_complaints
from synqc.protocols.instrument import Instrument
from synqc.protocols.records import Records
from synqc.protocols.tones import ReadoutDephasing
from synqc.readout import phase_preserving_efficiency, single_quadrature_efficiency

__all__ = ["EfficiencyRecords", "ReadoutEfficiency"]

_LEAST_SHOTS = 100


@dataclass(frozen=True)
class EfficiencyRecords:
    """Counts of a Ramsey sequence through the pulse, and records of the pulse.

    Args:
        dephasing: Of `ReadoutDephasing`.
        traces (complex128, (2, shots, samples)): With |0> prepared, and with |1>; NaN where a shot is missing.

    Raises:
        ShapeError: There are not two rows of traces.
    """

    dephasing: Records
    traces: ArrayLike

    def __post_init__(self) -> None:
        traces = np.array(self.traces, np.complex128)
        if traces.ndim != 3 or len(traces) != 2:
            raise ShapeError(f"Argument `traces` must have shape (2, shots, samples), but has shape {traces.shape}.")
        traces.setflags(write=False)
        object.__setattr__(self, "traces", traces)


@dataclass(frozen=True, kw_only=True)
class ReadoutEfficiency:
    """Dephasing of the pulse with the resonator emptied after it, and SNR of its records with ring-up and ring-down.

    Matched weights of the samples would flatter the SNR, for noise is in them, too. So one half of the shots is
    weighted with the mean traces of the other: SNR^2 = Re sum conj(d_A) d_B / sigma^2 has the right mean for any
    number of shots and any length of the pulse. Both |0> and |1> must have been prepared well; what decays while the
    pulse is on is put right by `t1_us`. Records are taken in parts, so that what changes meanwhile is noticed.

    Args:
        shots: Of each level, with the pulse at `amplitude`.
        pulse_ns: Length of the pulse.
        amplitude: Of it where records are taken; dephasing is measured at those of `dephasing` and scaled.
        ring_down_ns: How long records go on after the pulse: until the resonator is empty.
        sample_ns: Length of a sample.
        t1_us: Of the qubit; infinite if unknown, and then an efficiency is too low by a share of about pulse / T1.
        dephasing: The other part; its `tone_ns` is taken from `pulse_ns`.

    Examples:
        >>> from synqc.twin import HiddenQubit, Twin
        >>> protocol = ReadoutEfficiency(pulse_ns=500.0, t1_us=80.0)
        >>> found = protocol.analyse(protocol.run(Twin([HiddenQubit()], seed=2)[0]))
        >>> abs(found.values["phase_preserving_efficiency"] - 0.35) < 0.04
        True

    Source: Bultink et al., Appl. Phys. Lett. 112, 092601 (2018).
    """

    shots: int = 2000
    pulse_ns: float = 1000.0
    amplitude: float = 1.0
    ring_down_ns: float = 400.0
    sample_ns: float = 20.0
    t1_us: float = math.inf
    dephasing: ReadoutDephasing = field(default_factory=lambda: ReadoutDephasing(shots=200))

    def __post_init__(self) -> None:
        if not (isinstance(self.shots, int) and self.shots >= _LEAST_SHOTS):
            raise InputError(
                f"Argument `shots` must be a whole number of at least {_LEAST_SHOTS}, but is {self.shots}."
            )
        for name in ("pulse_ns", "amplitude", "sample_ns", "t1_us"):
            if not getattr(self, name) > 0:
                raise InputError(f"Argument `{name}` must be greater than 0, but is {getattr(self, name)}.")
        if not self.ring_down_ns >= 0:
            raise InputError(f"Argument `ring_down_ns` must be at least 0, but is {self.ring_down_ns}.")
        object.__setattr__(self, "dephasing", replace(self.dephasing, tone_ns=self.pulse_ns))

    def run(self, device: Instrument) -> EfficiencyRecords:
        """Play the Ramsey sequence through the pulse, then record the pulse after both levels.

        Args:
            device: One qubit that gives `traces`.
        """
        circuits: list[Circuit] = [(), (Rotation(math.pi),)]
        counts = self.dephasing.run(device)
        parts = [
            device.traces(
                circuits,
                self.shots // PARTS,
                pulse_ns=self.pulse_ns,
                amplitude=self.amplitude,
                window_ns=self.pulse_ns + self.ring_down_ns,
                sample_ns=self.sample_ns,
            )
            for _ in range(PARTS)
        ]
        return EfficiencyRecords(counts, np.concatenate(parts, axis=1))

    def analyse(self, records: EfficiencyRecords) -> Analysis:
        """Efficiency in both conventions, SNR and dephasing at `amplitude`; and what boxcar weights would make of it.

        Args:
            records: Of this protocol.
        """
        fringe = self.dephasing.analyse(records.dephasing)
        reasons = [f"dephasing: {reason}" for reason in fringe.reasons]
        rows = [row[~np.isnan(row).any(axis=1)] for row in np.asarray(records.traces)]
        missing = np.asarray(records.traces).shape[1] * 2 - sum(len(row) for row in rows)
        if min(len(row) for row in rows) < _LEAST_SHOTS or fringe.verdict == "not determined":
            few = (
                [f"fewer than {_LEAST_SHOTS} records of a level arrived"] if fringe.verdict != "not determined" else []
            )
            return Analysis({}, {}, {}, "not determined", (*reasons, *few))
        if missing:
            reasons.append(f"{missing} records are missing, whose outcomes are unknown")
        reasons += cloud_complaints(_weighted(np.asarray(records.traces), rows))
        square = self.amplitude**2
        low, high = fringe.intervals["dephasing"]
        beta = Estimate(square * fringe.values["dephasing"], square * (high - low) / 2)
        snr, boxcar = self._signal_to_noise(rows)
        if snr.value < 5 * snr.standard_error or beta.value < 5 * beta.standard_error:
            open_words = "records tell too little, or the pulse dephases too little, for a ratio"
            return Analysis({}, {}, {}, "not determined", (*reasons, open_words))
        found = {
            "phase_preserving_efficiency": phase_preserving_efficiency(snr, beta),
            "single_quadrature_efficiency": single_quadrature_efficiency(snr, beta),
            "signal_to_noise": snr,
            "dephasing": beta,
            "boxcar_estimate": phase_preserving_efficiency(boxcar, beta),
        }
        if found["phase_preserving_efficiency"].value > 1 + 3 * found["phase_preserving_efficiency"].standard_error:
            reasons.append("an efficiency above 1 is against physics: the pulse of one part is not that of the other")
        narrow, wide = ({name: _within(one, sigmas) for name, one in found.items()} for sigmas in (1, 2))
        values = {name: one.value for name, one in found.items()}
        return Analysis(values, narrow, wide, "suspicious" if reasons else "good", tuple(reasons))

    def _signal_to_noise(self, rows: list[Any]) -> tuple[Estimate, Estimate]:
        """With matched weights over all samples, and with equal ones during the pulse."""
        samples = rows[0].shape[1]
        middles = (np.arange(samples) + 0.5) * self.sample_ns * 1e-3
        undo = np.exp(middles / self.t1_us)
        deviation = math.sqrt(float(rows[0].var(axis=0).mean()) / 2)
        parts = [[row[start::2].mean(axis=0) for row in rows] for start in (0, 1)]
        first, second = ((excited - ground) * undo / deviation for ground, excited in parts)
        # Of each quadrature of each half's difference, in units of the noise of a sample.
        variance = 2 * sum(1 / len(row) for row in rows)
        information = float((np.conj(first) * second).sum().real)
        spread = math.sqrt(2 * max(information, 0.0) * variance + 2 * samples * variance**2)
        distance = math.sqrt(max(information, 0.0))
        matched = Estimate(distance, spread / (2 * distance) if distance else math.sqrt(spread))
        during = middles < self.pulse_ns * 1e-3
        whole = abs(((first + second) / 2)[during].sum()) / math.sqrt(during.sum())
        return matched, Estimate(float(whole), math.sqrt(variance / 2))

    def next(self, analysis: Analysis) -> ReadoutEfficiency:
        """Amplitudes of the Ramsey sequence that dephase by 2 at most; four times the shots where nothing was found."""
        if analysis.verdict == "not determined":
            weaker = replace(self.dephasing, amplitudes=tuple(one / 2 for one in self.dephasing.amplitudes))
            return replace(self, shots=4 * self.shots, dephasing=weaker)
        scaled = math.sqrt(2 / (analysis.values["dephasing"] / self.amplitude**2)) / max(self.dephasing.amplitudes)
        tuned = tuple(one * scaled for one in self.dephasing.amplitudes)
        return replace(self, dephasing=replace(self.dephasing, amplitudes=tuned))


def _weighted(traces: Any, rows: list[Any]) -> Any:
    """Each trace as one point (2, shots): with the difference of the mean traces as weights."""
    weights = rows[1].mean(axis=0) - rows[0].mean(axis=0)
    return traces @ weights.conj() / np.linalg.norm(weights)


def _within(estimate: Estimate, sigmas: int) -> tuple[float, float]:
    return estimate.value - sigmas * estimate.standard_error, estimate.value + sigmas * estimate.standard_error

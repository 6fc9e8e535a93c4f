"""Dephasing matrix: how much the readout of each qubit dephases every other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from synqc.errors import InputError
from synqc.protocols.analysis import Analysis, Verdict
from synqc.protocols.instrument import Instrument
from synqc.protocols.records import Records
from synqc.protocols.tones import ReadoutDephasing
from synqc.readout import CrosstalkMatrix

__all__ = ["CrosstalkAnalysis", "CrosstalkRecords", "DephasingMatrix"]


@dataclass(frozen=True)
class CrosstalkRecords:
    """Counts of every pair.

    Args:
        pairs: Records of `ReadoutDephasing` by (qubit, resonator).
        qubits: How many.
    """

    pairs: dict[tuple[int, int], Records]
    qubits: int


@dataclass(frozen=True)
class CrosstalkAnalysis:
    """Dephasing of every qubit by the readout pulse of every resonator.

    Args:
        matrix: Rates with errors, 1/us averaged over the pulse: `dephasing` over its length.
        pairs: Analyses by (qubit, resonator); dephasing and Stark phase with intervals.
        verdict: "good" if all pairs' are; else the worst of them.
        reasons: Of the pairs.
    """

    matrix: CrosstalkMatrix
    pairs: dict[tuple[int, int], Analysis]
    verdict: Verdict
    reasons: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class DephasingMatrix:
    """`ReadoutDephasing` of each qubit with a tone on each resonator, its own and the others'.

    Args:
        own: For a qubit's own resonator.
        neighbours: For the others', of which stronger tones are wanted: amplitudes about that of a readout.

    Examples:
        >>> from synqc.twin import HiddenQubit, Twin
        >>> twin = Twin([HiddenQubit(), HiddenQubit()], seed=2, crosstalk_mhz=[[0, 0.15], [0, 0]])
        >>> protocol = DephasingMatrix()
        >>> found = protocol.analyse(protocol.run(list(twin)))
        >>> rates = found.matrix.rates_per_us
        >>> bool(rates[0, 0] > 10), bool(0.05 < rates[0, 1] < 0.25), bool(abs(rates[1, 0]) < 0.05)
        (True, True, True)
    """

    own: ReadoutDephasing = field(default_factory=ReadoutDephasing)
    neighbours: ReadoutDephasing = field(
        default_factory=lambda: ReadoutDephasing(
            amplitudes=tuple(float(one) for one in np.sqrt(np.linspace(0.0, 2.0, 9)))
        )
    )

    def run(self, device: Sequence[Instrument]) -> CrosstalkRecords:
        """Measure all pairs.

        Args:
            device: Its qubits, in the order in which tones number their resonators.
        """
        qubits = list(device)
        pairs = {
            (number, resonator): self._of(number, resonator).run(qubit)
            for number, qubit in enumerate(qubits)
            for resonator in range(len(qubits))
        }
        return CrosstalkRecords(pairs, len(qubits))

    def analyse(self, records: CrosstalkRecords) -> CrosstalkAnalysis:
        """Rates of all pairs, and how far to trust them.

        Args:
            records: Of this protocol.

        Raises:
            InputError: A pair is missing.
        """
        wanted = {(qubit, resonator) for qubit in range(records.qubits) for resonator in range(records.qubits)}
        if set(records.pairs) != wanted:
            raise InputError(
                f"Argument `records` must have {len(wanted)} pairs of {records.qubits} qubits, but has "
                f"{sorted(records.pairs)}."
            )
        pairs = {pair: self._of(*pair).analyse_one_of(of, len(wanted)) for pair, of in records.pairs.items()}
        rates, errors = np.empty((2, records.qubits, records.qubits))
        for (qubit, resonator), found in pairs.items():
            length_us = 1e-3 * self._of(qubit, resonator).tone_ns
            low, high = found.intervals["dephasing"]
            rates[qubit, resonator] = found.values["dephasing"] / length_us
            errors[qubit, resonator] = (high - low) / 2 / length_us
        verdicts = [found.verdict for found in pairs.values()]
        verdict: Verdict = max(verdicts, key=("good", "suspicious", "not determined").index)
        reasons = [f"qubit {q}, resonator {r}: {one}" for (q, r), found in pairs.items() for one in found.reasons]
        return CrosstalkAnalysis(CrosstalkMatrix(rates, errors), pairs, verdict, tuple(reasons))

    def _of(self, qubit: int, resonator: int) -> ReadoutDephasing:
        return replace(self.own if qubit == resonator else self.neighbours, resonator=resonator)

    def next(self, analysis: CrosstalkAnalysis) -> DephasingMatrix:
        """Amplitudes for which the strongest of the others' tones dephases by 2."""
        others = [
            found.values["dephasing"]
            for (qubit, resonator), found in analysis.pairs.items()
            if qubit != resonator and found.verdict != "not determined"
        ]
        strongest = max(others, default=0.0)
        if strongest <= 0:
            return self
        largest = max(self.neighbours.amplitudes)
        scale = math.sqrt(2 / strongest) / largest
        tuned = tuple(one * scale for one in self.neighbours.amplitudes)
        return replace(self, neighbours=replace(self.neighbours, amplitudes=tuned))

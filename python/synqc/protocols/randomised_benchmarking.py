"""Randomised benchmarking of one qubit, with leakage."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from synqc.infer import Curve, Parameter
from synqc.protocols.analysis import Analysis
from synqc.protocols.circuit import Circuit, Rotation
from synqc.protocols.count_protocol import READOUT_ERRORS, CountProtocol, judged
from synqc.protocols.curves import CliffordDecay, LeakageRise, Referenced
from synqc.protocols.records import Records

__all__ = ["PULSES_PER_CLIFFORD", "RandomisedBenchmarking"]

PULSES_PER_CLIFFORD = 44 / 24
"""Mean over the 24 gates."""


@dataclass(frozen=True, kw_only=True)
class RandomisedBenchmarking(CountProtocol):
    """Random Clifford gates and the one that undoes them all: what is not back in |0>, and what left both levels.

    Sequences are random, and played in each sweep: what differs between sweeps has changed meanwhile.

    Args:
        lengths: Numbers of gates.
        sequences: Of each length, in each sweep.
        seed: Of the sequences.

    Examples:
        >>> from synqc.twin import HiddenQubit, Twin
        >>> device = Twin([HiddenQubit(t1_us=40.0, tphi_us=80.0)], seed=2)[0]
        >>> device.settings = device.settings.__class__(drag=0.5)
        >>> protocol = RandomisedBenchmarking()
        >>> found = protocol.analyse(protocol.run(device))
        >>> limit = PULSES_PER_CLIFFORD * 0.024 * (1 / 40 + 2 / 40) / 6
        >>> 0.8 < found.values["error_per_clifford"] / limit < 1.3, found.verdict
        (True, 'good')

    Source: Magesan, Gambetta and Emerson, PRL 106, 180504 (2011); Wood and Gambetta, PRA 97, 032306 (2018).
    """

    shots: int = 20
    lengths: tuple[int, ...] = (1, 10, 25, 50, 100, 150, 200, 300)
    sequences: int = 8
    seed: int = 0

    reported = ("error_per_clifford",)

    @property
    def curve(self) -> Curve:
        """(1 - (1 - 2 r)^m) / 2."""
        return Referenced(CliffordDecay())

    def plan(self, gate_ns: float) -> tuple[list[Circuit], list[tuple[float, ...]]]:
        """Sequences of every length."""
        generator = np.random.default_rng(self.seed)
        lengths = [length for length in self.lengths for _ in range(self.sequences)]
        return [_sequence(length, generator) for length in lengths], [(float(length),) for length in lengths]

    def searched(self, settings: Any) -> dict[str, Parameter]:
        """Errors up to a fifth."""
        return {"error_per_clifford": Parameter(0.0, 0.2, start=1e-3), **READOUT_ERRORS}

    def analyse_leakage(self, records: Records) -> Analysis:
        """`leakage` from the computational space by a gate, and `seepage` back into it.

        Args:
            records: Of this protocol, in which three levels are told apart.
        """
        points = np.asarray(records.settings)[:, 0] < 0
        kept = Records(
            records.protocol,
            records.columns[1:],
            np.asarray(records.settings)[points, 1:],
            np.asarray(records.counts)[:, points],
            records.shots,
        )
        searched = {
            "leakage": Parameter(1e-9, 0.02, start=1e-4),
            "seepage": Parameter(1e-9, 0.2, start=1e-3),
            "taken_for_leaked": Parameter(0.0, 0.2, start=0.01),
        }
        return judged(kept, kept.leaked, LeakageRise(), searched, {}, ("leakage", "seepage"))

    def next(self, analysis: Analysis) -> RandomisedBenchmarking:
        """Sequences as long as the gates' errors allow, new ones."""
        longest = max(self.lengths)
        wanted = min(4 * longest, max(10.0, 1 / max(2 * analysis.values["error_per_clifford"], 1e-6)))
        lengths = tuple(max(1, round(length * wanted / longest)) for length in self.lengths)
        return replace(self, lengths=lengths, seed=self.seed + 1)


_PULSES = tuple(
    Rotation(angle, phase)
    for angle, phase in (
        (math.pi / 2, 0.0), (-math.pi / 2, 0.0), (math.pi, 0.0),
        (math.pi / 2, math.pi / 2), (-math.pi / 2, math.pi / 2), (math.pi, math.pi / 2),
    )
)  # fmt: skip


def _unitary(pulse: Rotation) -> Any:
    axis = np.array([[0, np.exp(-1j * pulse.phase_rad)], [np.exp(1j * pulse.phase_rad), 0]])
    return math.cos(pulse.angle_rad / 2) * np.eye(2) - 1j * math.sin(pulse.angle_rad / 2) * axis


def _key(unitary: Any) -> bytes:
    """Equal for equal unitaries up to a phase: what they do to x and z."""
    x, z = np.array([[0, 1], [1, 0]]), np.diag([1, -1])
    images = [unitary.astype(complex) @ one @ unitary.conj().T for one in (x, z)]
    return bytes((np.round(images) + 0.0).tobytes())  # no negative zeros


@functools.cache
def _cliffords() -> dict[bytes, tuple[Circuit, Any]]:
    """The 24 gates, each as the fewest pulses that make it."""
    found: dict[bytes, tuple[Circuit, Any]] = {_key(np.eye(2)): ((), np.eye(2))}
    frontier = list(found.values())
    while frontier:
        reached = []
        for circuit, unitary in frontier:
            for pulse in _PULSES:
                longer = _unitary(pulse) @ unitary
                key = _key(longer)
                if key not in found:
                    found[key] = ((*circuit, pulse), longer)
                    reached.append(found[key])
        frontier = reached
    return found


def _sequence(length: int, generator: np.random.Generator) -> Circuit:
    gates = list(_cliffords().values())
    circuit: Circuit = ()
    total = np.eye(2, dtype=complex)
    for number in generator.integers(len(gates), size=length):
        pulses, unitary = gates[number]
        circuit += pulses
        total = unitary @ total
    return circuit + _cliffords()[_key(total.conj().T)][0]

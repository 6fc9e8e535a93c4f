"""What an adapter of a vendor's backend does, and the values it speaks in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from synqc.errors import InputError
from synqc.hardware.circuit import DriveProbeDriveCircuit

__all__ = ["Backend", "Capabilities", "CompiledCircuit", "Price", "Shots", "bits_of_texts"]


@dataclass(frozen=True, kw_only=True)
class Price:
    """What a vendor takes for one job: so much for it, for each shot, and for each second of its machine.

    Examples:
        >>> Price(usd_per_job=0.3, usd_per_shot=0.01).usd(shots=100, seconds=5.0)
        1.3
    """

    usd_per_job: float = 0.0
    usd_per_shot: float = 0.0
    usd_per_second: float = 0.0

    def usd(self, *, shots: int, seconds: float) -> float:
        """For one job."""
        return self.usd_per_job + self.usd_per_shot * shots + self.usd_per_second * seconds


@dataclass(frozen=True, kw_only=True)
class Capabilities:
    """What a backend says of itself.

    Args:
        name: As `synqc.hardware.backend_named` takes it, such as "ibm:fake_manila".
        emulated: False only where qubits of metal, ions or atoms play it; simulators and fakes are emulated.
        qubits: It has.
        couplings: Pairs that it can entangle, in either order; None: all of them.
        entangling_gates: Names of its native ones; empty: any.
        feeds_forward: Whether a gate may depend on an earlier outcome of the same shot.
        shots_most: In one job; None: not said.
        repetition_delay_us: Between two shots.
        calibrates_readout: Whether a job plays both preparations of its readout beside the experiment.
    """

    name: str
    emulated: bool
    qubits: int
    couplings: frozenset[frozenset[int]] | None
    entangling_gates: tuple[str, ...]
    feeds_forward: bool
    shots_most: int | None
    repetition_delay_us: float
    calibrates_readout: bool = True

    @property
    def circuits(self) -> int:
        """Number of circuits of a job: the experiment, and both preparations of its readout where they are played."""
        return 3 if self.calibrates_readout else 1

    def check(self, circuit: DriveProbeDriveCircuit, shots: int) -> None:
        """Raises InputError if it cannot play a circuit so often."""
        if circuit.qubits > self.qubits:
            raise InputError(
                f"Argument `qubits` must be at most {self.qubits // 2} on {self.name}, which has {self.qubits} "
                f"qubits and gives each an ancilla, but is {circuit.pairs}."
            )
        if circuit.feeds_forward and not self.feeds_forward:
            raise InputError(
                f'Argument `adaptive_rule` must be "none" on {self.name}, whose gates cannot depend on an outcome, but '
                "corrects the second drive."
            )
        if self.shots_most is not None and shots > self.shots_most:
            raise InputError(f"Argument `shots` must be at most {self.shots_most} on {self.name}, but is {shots}.")


@dataclass(frozen=True)
class CompiledCircuit:
    """A circuit as a backend plays it.

    Args:
        circuit: What it was made of.
        text: It, as the vendor's compiler writes it.
        layout: Physical (system, ancilla) of each pair.
        entangling_gates: In it, over all pairs.
        duration_us: Duration of one shot from its first gate to the end of its last readout; 0 where nothing is said of
            it.
        latency_terms: Parts of that duration in order, µs, of the pair that ends last.
        native: The compiler's own object.
    """

    circuit: DriveProbeDriveCircuit
    text: str
    layout: tuple[tuple[int, int], ...]
    entangling_gates: int
    duration_us: float
    latency_terms: dict[str, float]
    native: Any


@dataclass(frozen=True)
class Shots:
    """What a backend answered.

    Args:
        bits (uint8, (shots, qubits)): c[j] of each shot in column j.
        all_zero (uint8, (shots, qubits)): The same bits read after every qubit was prepared in |0>; None: not measured.
        all_one (uint8, (shots, qubits)): After |1>.
    """

    bits: NDArray[np.uint8]
    all_zero: NDArray[np.uint8] | None = None
    all_one: NDArray[np.uint8] | None = None


class Backend(Protocol):
    """An adapter of a vendor's backend."""

    @property
    def capabilities(self) -> Capabilities:
        """What it says of itself."""
        ...

    @property
    def price(self) -> Price | None:
        """What it takes; None: not known."""
        ...

    def compile(self, circuit: DriveProbeDriveCircuit, *, seed: int = 0) -> CompiledCircuit:
        """A circuit as it would play it."""
        ...

    def sample(self, compiled: CompiledCircuit, shots: int, *, seed: int = 0) -> Shots:
        """Play it here and now; raises InputError where that takes a job at the vendor's."""
        ...


def bits_of_texts(texts: Sequence[str], qubits: int) -> NDArray[np.uint8]:
    """Bits from texts such as "0110", whose last letter is c[0]."""
    letters = np.frombuffer("".join(texts).encode(), dtype=np.uint8).reshape(len(texts), qubits)
    return np.ascontiguousarray(letters[:, ::-1] - ord("0"))

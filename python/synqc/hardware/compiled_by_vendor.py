"""Backend whose vendor compiles what is sent: what its adapter can say of a circuit, and why it samples nothing."""

from __future__ import annotations

from synqc.errors import InputError
from synqc.hardware.backend import Capabilities, CompiledCircuit
from synqc.hardware.circuit import PROBE_ENTANGLES, DriveProbeDriveCircuit

__all__ = ["capabilities_unsaid", "compiled_by_vendor", "takes_a_job"]


def capabilities_unsaid(name: str, *, emulated: bool, qubits: int) -> Capabilities:
    """Capabilities of a backend that says nothing of couplings, gates and limits, and feeds no outcome forward."""
    return Capabilities(
        name=name, emulated=emulated, qubits=qubits, couplings=None, entangling_gates=(), feeds_forward=False,
        shots_most=None, repetition_delay_us=0.0, calibrates_readout=False,
    )  # fmt: skip


def compiled_by_vendor(circuit: DriveProbeDriveCircuit, text: str) -> CompiledCircuit:
    """The circuit itself, on its first qubits, of unknown duration.

    Args:
        circuit: The circuit.
        text: The circuit in the words that are sent.
    """
    return CompiledCircuit(
        circuit=circuit, text=text, layout=tuple((2 * pair, 2 * pair + 1) for pair in range(circuit.pairs)),
        entangling_gates=PROBE_ENTANGLES * circuit.pairs, duration_us=0.0, latency_terms={"circuit": 0.0},
        native=None,
    )  # fmt: skip


def takes_a_job(name: str, *, whose: str, expected: str) -> InputError:
    """Refusal of a run at once on what takes a job (`synqc.hardware.submission`).

    Args:
        name: Name of the backend.
        whose: Name of the vendor, in the genitive.
        expected: Backends that run at once, in words.
    """
    return InputError(
        f"Argument `on` must be {expected}, but {name} is {whose}: submit a job to it with synqc.hardware.submission."
    )

"""What a run on a backend would be, before anything is sent or paid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from synqc.errors import InputError
from synqc.hardware.backend import Backend, Capabilities, CompiledCircuit
from synqc.hardware.circuit import circuit_of

__all__ = ["Plan", "dry_run"]

_OVERHEAD_S = 2.0
"""Of a job, beside its shots: loading it and sending its result."""


@dataclass(frozen=True)
class Plan:
    """A run as it would be sent.

    Args:
        capabilities: Capabilities of the backend.
        compiled: The circuit as it would be played, with its layout.
        shots: Shots of the experiment; where the readout is calibrated, that is by as many in |0> and in |1>.
        seconds: Estimated time on the machine, without its queue.
        usd: Estimated price; None: not known, because nobody said what the account is charged.
    """

    capabilities: Capabilities
    compiled: CompiledCircuit
    shots: int
    seconds: float
    usd: float | None

    def __str__(self) -> str:
        pairs = ", ".join(f"{system} by {ancilla}" for system, ancilla in self.compiled.layout)
        price = "not known" if self.usd is None else f"{self.usd:.2f} USD"
        kind = "emulated" if self.capabilities.emulated else "a machine"
        return "\n".join(
            [
                f"{self.capabilities.name}  [{kind}]",
                f"  qubits            {pairs}",
                f"  entangling gates  {self.compiled.entangling_gates}",
                f"  one shot          {self.compiled.duration_us:.4g} µs",
                f"  shots             {self.capabilities.circuits} x {self.shots:,}",
                f"  estimated         {self.seconds:.3g} s of the machine, {price}",
                self.compiled.text,
            ]
        )


def dry_run(experiment: Any, backend: Backend, *, shots: int, seed: int = 0) -> Plan:
    """Compile an experiment for a backend and estimate what a run of it takes; nothing is sent.

    Args:
        experiment: A `synqc.Experiment`.
        backend: The adapter.
        shots: Shots of the experiment.
        seed: Seed of the compiler.

    Raises:
        InputError: The backend cannot play the experiment.

    Examples:
        >>> import synqc
        >>> from synqc.hardware.ibm import ibm_backend
        >>> plan = dry_run(synqc.Experiment(qubits=2), ibm_backend("fake_manila"), shots=1000)
        >>> plan.compiled.entangling_gates, plan.usd
        (4, 0.0)
    """
    if shots < 1:
        raise InputError(f"Argument `shots` must be at least 1, but is {shots}.")
    circuit = circuit_of(experiment)
    backend.capabilities.check(circuit, shots)
    compiled = backend.compile(circuit, seed=seed)
    cycle_us = compiled.duration_us + backend.capabilities.repetition_delay_us
    played = backend.capabilities.circuits * shots
    seconds = _OVERHEAD_S + played * cycle_us * 1e-6
    usd = None if backend.price is None else backend.price.usd(shots=played, seconds=seconds)
    return Plan(backend.capabilities, compiled, shots, seconds, usd)

"""Amazon Braket's local simulators, which play OpenQASM 3 with measurements in the middle, here and without noise."""

from __future__ import annotations

from typing import Any

import numpy as np

from synqc.errors import MissingExtra
from synqc.hardware.backend import Capabilities, CompiledCircuit, Price, Shots
from synqc.hardware.circuit import PROBE_ENTANGLES, DriveProbeDriveCircuit
from synqc.lab._near_words import unknown_name

__all__ = ["BraketSimulator"]

_NAMES = {"braket_dm": "density matrices", "braket_sv": "state vectors"}
_QUBITS = {"braket_dm": 12, "braket_sv": 24}


class BraketSimulator:
    """Adapter of a simulator of `amazon-braket-default-simulator`, the one behind Braket's `LocalSimulator`.

    It offers no seed for its shots: runs do not repeat.

    Args:
        name: "braket_dm" (density matrices) or "braket_sv" (state vectors).

    Raises:
        UnknownName: It is called otherwise.
    """

    def __init__(self, name: str = "braket_dm") -> None:
        if name not in _NAMES:
            raise unknown_name("name", name, _NAMES)
        self._name = name
        self.price: Price | None = Price()
        self.capabilities = Capabilities(
            name=f"braket:{name}", emulated=True, qubits=_QUBITS[name], couplings=None, entangling_gates=(),
            feeds_forward=True, shots_most=None, repetition_delay_us=0.0, calibrates_readout=False,
        )  # fmt: skip

    def compile(self, circuit: DriveProbeDriveCircuit, *, seed: int = 0) -> CompiledCircuit:
        """The circuit itself, with Braket's names of gates; it takes no time."""
        self.capabilities.check(circuit, 1)
        return CompiledCircuit(
            circuit=circuit,
            text=circuit.to_openqasm(includes_standard_gates=False),
            layout=tuple((2 * pair, 2 * pair + 1) for pair in range(circuit.pairs)),
            entangling_gates=PROBE_ENTANGLES * circuit.pairs,
            duration_us=0.0,
            latency_terms={"circuit": 0.0},
            native=None,
        )

    def sample(self, compiled: CompiledCircuit, shots: int, *, seed: int = 0) -> Shots:
        """Play it; the readout is ideal, and so not calibrated.

        Raises:
            MissingExtra: The simulator is not installed.
        """
        simulator, program = _simulator(self._name)
        answered = simulator.run(program(source=compiled.text), shots=shots)
        measured = np.array(answered.measurements, dtype=np.uint8)
        column = {qubit: number for number, qubit in enumerate(answered.measuredQubits)}
        order = [column[qubit] for pair in compiled.layout for qubit in reversed(pair)]
        return Shots(np.ascontiguousarray(measured[:, order]))


def _simulator(name: str) -> tuple[Any, Any]:
    try:
        from braket.default_simulator.density_matrix_simulator import DensityMatrixSimulator
        from braket.default_simulator.state_vector_simulator import StateVectorSimulator
        from braket.ir.openqasm import Program
    except ImportError as error:
        raise MissingExtra("Braket's simulators are not installed: pip install 'synqc[hardware-braket]'.") from error
    return (DensityMatrixSimulator if name == "braket_dm" else StateVectorSimulator)(), Program

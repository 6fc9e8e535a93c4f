"""Drive-Probe-Drive experiments on backends of qubits, as circuits in OpenQASM 3. See docs/hardware.md."""

from synqc.hardware.circuit import DriveProbeDriveCircuit, circuit_of
from synqc.hardware.exact_figures import ExactFigures, exact_figures

__all__ = ["DriveProbeDriveCircuit", "ExactFigures", "circuit_of", "exact_figures"]

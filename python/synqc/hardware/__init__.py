"""Drive-Probe-Drive experiments on backends of qubits, as circuits in OpenQASM 3. See docs/hardware.md."""

from synqc.hardware.backend import Backend, Capabilities, CompiledCircuit, Price, Shots
from synqc.hardware.circuit import DriveProbeDriveCircuit, circuit_of
from synqc.hardware.exact_figures import ExactFigures, exact_figures
from synqc.hardware.plan import Plan, dry_run

__all__ = [
    "Backend", "Capabilities", "CompiledCircuit", "DriveProbeDriveCircuit", "ExactFigures", "Plan", "Price", "Shots",
    "circuit_of", "dry_run", "exact_figures",
]  # fmt: skip

"""A twin as a backend of Qiskit, so that programs written for one run on a device whose truth is known."""

from __future__ import annotations

import math
import uuid
from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from synqc.errors import InputError, MissingExtra
from synqc.protocols.circuit import Circuit, Delay, Rotation
from synqc.twin.twin import Twin

try:
    from qiskit.circuit import Delay as QiskitDelay
    from qiskit.circuit import Measure, Parameter, QuantumCircuit
    from qiskit.circuit.library import RZGate, SXGate, XGate
    from qiskit.providers import BackendV2, JobStatus, JobV1, Options
    from qiskit.result import Result
    from qiskit.transpiler import InstructionProperties, Target
except ImportError as error:
    raise MissingExtra("A twin as a backend needs the package qiskit: pip install 'synqc[twin-qiskit]'.") from error

__all__ = ["TwinBackend", "TwinJob"]

_NS = 1e-9
_SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9, "ps": 1e-12, "dt": _NS}
_LEVEL_OF_BITS, _LEVEL_OF_POINTS = 2, 1


class TwinBackend(BackendV2):  # type: ignore[misc]  # Qiskit has no types
    """Backend of a `Twin`: sx, x, rz (a turn of the frame), delay and one measurement per qubit at the end.

    Every qubit is driven by itself; there are no gates between qubits. Shots begin in equilibrium, so that a `reset` is
    taken at the start of a circuit alone. dt is 1 ns. Lost shots of any qubit are missing from counts and memory. The
    third level is read as 1.

    Args:
        twin: What plays. Pulses are played with its qubits' `settings`.

    Examples:
        >>> from qiskit import QuantumCircuit, transpile
        >>> from synqc.twin import HiddenQubit, Twin
        >>> backend = TwinBackend(Twin([HiddenQubit()], seed=2))
        >>> circuit = QuantumCircuit(1)
        >>> _ = circuit.h(0), circuit.h(0), circuit.x(0)
        >>> circuit.measure_all()
        >>> counts = backend.run(transpile(circuit, backend), shots=1000).result().get_counts()
        >>> counts["1"] > 950
        True
    """

    def __init__(self, twin: Twin) -> None:
        super().__init__(name="synqc_twin", description="A twin of hidden truth.")
        self._twin = twin
        gate = {(k,): InstructionProperties(duration=qubit.gate_ns * _NS) for k, qubit in enumerate(twin)}
        self._target = Target(num_qubits=len(twin), dt=_NS)
        free = {(k,): InstructionProperties(duration=0.0) for k in range(len(twin))}
        any_length = {(k,): None for k in range(len(twin))}
        self._target.add_instruction(XGate(), dict(gate))
        self._target.add_instruction(SXGate(), dict(gate))
        self._target.add_instruction(RZGate(Parameter("angle")), free)
        self._target.add_instruction(QiskitDelay(Parameter("duration")), dict(any_length))
        self._target.add_instruction(Measure(), dict(any_length))

    @property
    def target(self) -> Any:
        """Gates and their lengths."""
        return self._target

    @property
    def max_circuits(self) -> None:
        """Any number."""
        return None

    @classmethod
    def _default_options(cls) -> Any:
        return Options(shots=1024, meas_level=_LEVEL_OF_BITS, meas_return="single", memory=False)

    def run(self, run_input: Any, **options: Any) -> TwinJob:
        """Play circuits, one after the other.

        Args:
            run_input: A `QuantumCircuit`, or several.
            options: shots; meas_level 2 (counts) or 1 (IQ points); meas_return "single" or "avg" of points; memory.

        Raises:
            InputError: A circuit has what the twin cannot play, or an option is unknown.
        """
        chosen = dict(self.options)
        unknown = set(options) - set(chosen) - {"seed_simulator", "init_qubits", "rep_delay"}
        if unknown:
            raise InputError(
                f"Argument `options` must be of {', '.join(chosen)}, but has {', '.join(sorted(unknown))}."
            )
        chosen |= {name: value for name, value in options.items() if name in chosen}
        circuits = [run_input] if isinstance(run_input, QuantumCircuit) else list(run_input)
        results = [self._one(circuit, chosen) for circuit in circuits]
        job = uuid.uuid4().hex
        document = {
            "backend_name": self.name, "backend_version": "2", "job_id": job, "qobj_id": job, "success": True,
            "results": results,
        }  # fmt: skip
        return TwinJob(self, job, Result.from_dict(document))

    def _one(self, circuit: Any, options: Mapping[str, Any]) -> dict[str, Any]:
        shots = int(options["shots"])
        played, bits = _played_by_each(circuit, len(self._twin))
        header = {
            "name": circuit.name, "metadata": circuit.metadata or {}, "memory_slots": circuit.num_clbits,
            "n_qubits": circuit.num_qubits,
            "creg_sizes": [[register.name, register.size] for register in circuit.cregs],
        }  # fmt: skip
        entry = {"shots": shots, "success": True, "meas_level": options["meas_level"], "header": header}
        if options["meas_level"] == _LEVEL_OF_POINTS:
            points = np.zeros((shots, circuit.num_clbits), complex)
            for qubit, bit in bits.items():
                points[:, bit] = self._twin[qubit].points([played[qubit]], shots)[0]
            kept = points[~np.isnan(points).any(axis=1)]
            pairs = np.stack([kept.real, kept.imag], axis=-1)
            is_mean = options["meas_return"] == "avg"
            memory = (pairs.mean(axis=0) if is_mean else pairs).tolist()
            return entry | {"meas_return": options["meas_return"], "data": {"memory": memory}}
        words = np.zeros(shots, object)
        lost = np.zeros(shots, bool)
        for qubit, bit in bits.items():
            labels = self._twin[qubit].labels([played[qubit]], shots)[0]
            words += np.array([int(label > 0) << bit for label in labels], object)
            lost |= labels < 0
        texts = [hex(word) for word in words[~lost]]
        data: dict[str, Any] = {"counts": dict(Counter(texts))}
        if options["memory"]:
            data["memory"] = texts
        return entry | {"data": data}


class TwinJob(JobV1):  # type: ignore[misc]  # Qiskit has no types
    """What was played, which is there at once.

    Args:
        backend: The backend.
        job_id: Its name.
        result: What it gave.
    """

    def __init__(self, backend: TwinBackend, job_id: str, result: Any) -> None:
        super().__init__(backend, job_id)
        self._result = result

    def submit(self) -> None:
        """Nothing: it was played when it was made."""

    def result(self) -> Any:
        """Counts or IQ points."""
        return self._result

    def status(self) -> Any:
        """Done."""
        return JobStatus.DONE


def _played_by_each(circuit: Any, qubits: int) -> tuple[dict[int, Circuit], dict[int, int]]:
    """Operations of each qubit, with turns of the frame in the phases behind them, and the bit it is read into."""
    if circuit.num_qubits > qubits:
        raise InputError(f"Argument `run_input` must have at most {qubits} qubits, but has {circuit.num_qubits}.")
    operations: dict[int, list[Delay | Rotation]] = {k: [] for k in range(circuit.num_qubits)}
    frames, bits = dict.fromkeys(operations, 0.0), {}
    for instruction in circuit.data:
        name = instruction.operation.name
        places = [circuit.find_bit(qubit).index for qubit in instruction.qubits]
        if name == "barrier":
            continue
        place = places[0]
        if place in bits or len(places) > 1:
            raise InputError(
                "Argument `run_input` must have one measurement per qubit, at its end, and no gate of two, but has "
                f"{name}."
            )
        if name == "measure":
            bits[place] = circuit.find_bit(instruction.clbits[0]).index
        elif name == "rz":
            frames[place] += float(instruction.operation.params[0])
        elif name in ("x", "sx"):
            operations[place].append(Rotation(math.pi if name == "x" else math.pi / 2, _wrapped(-frames[place])))
        elif name == "delay":
            operations[place].append(Delay(_microseconds(instruction.operation)))
        elif name != "reset" or operations[place]:
            raise InputError(
                "Argument `run_input` must have x, sx, rz, delay, barrier and measure alone, or be transpiled, but has "
                f"{name}."
            )
    return {place: tuple(of) for place, of in operations.items()}, bits


def _wrapped(angle: float) -> float:
    """Between minus and plus pi; the same to rounding, so that pulses are computed once."""
    return round(math.remainder(angle, 2 * math.pi), 12)


def _microseconds(delay: Any) -> float:
    return float(delay.duration) * _SECONDS[delay.unit] * 1e6

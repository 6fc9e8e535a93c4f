"""Backends of Qiskit: IBM's machines, their fakes and Qiskit's simulators, as one adapter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from synqc.errors import InputError, MissingExtra, UnknownName
from synqc.hardware.backend import Capabilities, CompiledCircuit, Price, Shots, bits_of_texts
from synqc.hardware.circuit import DriveProbeDriveCircuit
from synqc.lab.device import Device

__all__ = ["IbmBackend", "device_of_pairs", "ibm_backend", "with_idle_times"]

_REPETITION_DELAY_S = 250e-6
_NOT_GATES = frozenset({"measure", "reset", "delay", "barrier", "if_else", "for_loop", "while_loop", "switch_case"})


class IbmBackend:
    """Adapter of one Qiskit backend.

    Args:
        backend: A `BackendV2`: a fake of qiskit-ibm-runtime, an `AerSimulator` with a target, or a machine of
            `QiskitRuntimeService`.
        pairs: Physical (system, ancilla) of each pair; None: the compiler chooses.
        price: What the account is charged; None: not known, but nothing for what is emulated.

    Raises:
        InputError: It is no backend of Qiskit.

    Examples:
        >>> from qiskit_ibm_runtime.fake_provider import FakeManilaV2
        >>> manila = IbmBackend(FakeManilaV2())
        >>> manila.capabilities.emulated, manila.capabilities.qubits, manila.capabilities.entangling_gates
        (True, 5, ('cx',))
        >>> compiled = manila.compile(DriveProbeDriveCircuit.corrected(strength=0.4))
        >>> compiled.entangling_gates, 10 < compiled.duration_us < 13
        (2, True)
    """

    def __init__(
        self, backend: Any, *, pairs: Sequence[tuple[int, int]] | None = None, price: Price | None = None
    ) -> None:
        if getattr(backend, "target", None) is None or not hasattr(backend, "num_qubits"):
            raise InputError(
                f"Argument `backend` must be a Qiskit backend with a target, but is {type(backend).__name__}."
            )
        self.backend = backend
        self._pairs = None if pairs is None else tuple((int(system), int(ancilla)) for system, ancilla in pairs)
        self.capabilities = _capabilities(backend)
        self.price = Price() if self.capabilities.emulated else price

    def compile(self, circuit: DriveProbeDriveCircuit, *, seed: int = 0) -> CompiledCircuit:
        """A circuit by Qiskit's preset pass manager of level 1, on the pairs that were asked for or that it chooses.

        Args:
            circuit: The circuit.
            seed: Seed of the compiler, whose choices are random where several are equal.

        Raises:
            InputError: The backend cannot play it.
        """
        import qiskit.qasm3
        from qiskit.transpiler import generate_preset_pass_manager

        self.capabilities.check(circuit, 1)
        layout = None
        if self._pairs is not None:
            if len(self._pairs) != circuit.pairs:
                raise InputError(
                    f"Argument `pairs` must have one for each of {circuit.pairs} qubits, but has {len(self._pairs)}."
                )
            layout = [qubit for pair in self._pairs for qubit in pair]
        manager = generate_preset_pass_manager(
            1, backend=self.backend, initial_layout=layout, seed_transpiler=seed % 2**31
        )
        native = manager.run(qiskit.qasm3.loads(circuit.to_openqasm()))
        measured = _measured_qubits(native)
        timing = _Timing(self.backend.target)
        timing.walk(native)
        duration_us, terms = _latency_terms(timing, circuit)
        return CompiledCircuit(
            circuit=circuit,
            text=qiskit.qasm3.dumps(native),
            layout=tuple((measured[2 * pair + 1], measured[2 * pair]) for pair in range(circuit.pairs)),
            entangling_gates=_entangling_gates(native),
            duration_us=duration_us,
            latency_terms=terms,
            native=native,
        )

    def sample(self, compiled: CompiledCircuit, shots: int, *, seed: int = 0) -> Shots:
        """Play it on Aer with the backend's noise, idle times included, and measure the readout's errors beside it.

        Raises:
            InputError: The backend is a machine: its shots take a job (`synqc.hardware.submission`).
            MissingExtra: qiskit-aer is not installed.
        """
        if not self.capabilities.emulated:
            raise InputError(
                f"Argument `on` must be a simulator or a fake, but {self.capabilities.name} is a machine that costs: "
                "submit a job to it with synqc.hardware.submission."
            )
        try:
            from qiskit_aer import AerSimulator
        except ImportError as error:
            raise MissingExtra("Simulators and fakes need qiskit-aer: pip install 'synqc[hardware-ibm]'.") from error
        simulator = self.backend if isinstance(self.backend, AerSimulator) else AerSimulator.from_backend(self.backend)
        circuits = [with_idle_times(compiled.native, self.backend.target), *self.calibration_circuits(compiled)]
        answered = simulator.run(circuits, shots=shots, memory=True, seed_simulator=seed % 2**31).result()
        played, zero, one = (
            bits_of_texts(answered.get_memory(number), compiled.circuit.qubits) for number in range(len(circuits))
        )
        return Shots(played, zero, one)

    def calibration_circuits(self, compiled: CompiledCircuit) -> list[Any]:
        """Every qubit of a compiled circuit prepared in |0>, and in |1>, and read into its bit of that circuit."""
        from qiskit import QuantumCircuit

        made = []
        for prepares_one in (False, True):
            circuit = QuantumCircuit(*compiled.native.qregs, *compiled.native.cregs)
            for bit, qubit in sorted(_measured_qubits(compiled.native).items()):
                if prepares_one:
                    circuit.x(qubit)
                circuit.measure(qubit, bit)
            made.append(circuit)
        return made

    def device(self, compiled: CompiledCircuit) -> Device:
        """The laboratory's own emulation of the qubits that a circuit was compiled to; as `device_of_pairs`."""
        return device_of_pairs(self.backend, compiled.layout)


def ibm_backend(name: str) -> IbmBackend:
    """Backend of that name: a fake ("fake_manila"), "aer" (without noise), or a machine of the stored account.

    Raises:
        UnknownName: No fake has this name.
        MissingExtra: qiskit-ibm-runtime is not installed.
        InputError: No account is stored, or it has no such machine.

    Examples:
        >>> ibm_backend("fake_manila").capabilities.name
        'ibm:fake_manila'
        >>> ibm_backend("fake_manilla")
        Traceback (most recent call last):
        synqc.errors.UnknownName: Argument `on` must name a fake backend of qiskit-ibm-runtime, but names
        'fake_manilla'; near it: 'fake_manila', ...
    """
    try:
        import qiskit_ibm_runtime
    except ImportError as error:
        raise MissingExtra("Backends of IBM need qiskit-ibm-runtime: pip install 'synqc[hardware-ibm]'.") from error
    if name == "aer":
        return IbmBackend(_noiseless())
    if not name.startswith("fake_"):
        try:
            return IbmBackend(qiskit_ibm_runtime.QiskitRuntimeService().backend(name))
        except Exception as error:  # whatever its client throws of accounts, names and connections
            raise InputError(f"Argument `on` must name a machine of your IBM account, but {name!r}: {error}") from error
    return IbmBackend(_fake(name))


def _noiseless() -> Any:
    try:
        from qiskit_aer import AerSimulator
    except ImportError as error:
        raise MissingExtra("Simulators need qiskit-aer: pip install 'synqc[hardware-ibm]'.") from error
    return AerSimulator()


def _fake(name: str) -> Any:
    import difflib

    from qiskit_ibm_runtime import fake_provider

    classes = [getattr(fake_provider, entry) for entry in dir(fake_provider) if entry.startswith("Fake")]
    fakes = {one.backend_name: one for one in classes if getattr(one, "backend_name", None)}
    if name not in fakes:
        near = difflib.get_close_matches(name, fakes, n=3) or sorted(fakes)
        raise UnknownName(
            f"Argument `on` must name a fake backend of qiskit-ibm-runtime, but names {name!r}; near it: "
            f"{', '.join(map(repr, near))}."
        )
    return fakes[name]()


def device_of_pairs(backend: Any, pairs: Sequence[tuple[int, int]]) -> Device:
    """Device whose first qubits are the systems of some pairs, with the figures of their calibration.

    Args:
        backend: A Qiskit backend with `properties()`.
        pairs: Physical (system, ancilla) of each.

    Raises:
        InputError: The backend has no calibration.

    Examples:
        >>> from qiskit_ibm_runtime.fake_provider import FakeManilaV2
        >>> device = device_of_pairs(FakeManilaV2(), [(1, 0)])
        >>> round(device.calibrated_qubits[0]["t1_us"], 1), len(device.calibrated_qubits)
        (124.5, 2)
    """
    return Device.from_backend(backend, qubits=pairs)


def _capabilities(backend: Any) -> Capabilities:
    target = backend.target
    entangling = tuple(
        name for name in target.operation_names
        if name not in _NOT_GATES and getattr(target.operation_from_name(name), "num_qubits", 0) == 2
    )  # fmt: skip
    configured = _configuration(backend)
    coupling = target.build_coupling_map()
    return Capabilities(
        name=f"ibm:{backend.name}",
        emulated=_is_emulated(backend),
        qubits=int(backend.num_qubits or 0),
        couplings=None if coupling is None else frozenset(frozenset(edge) for edge in coupling.get_edges()),
        entangling_gates=entangling,
        feeds_forward="if_else" in target.operation_names,
        shots_most=getattr(configured, "max_shots", None),
        repetition_delay_us=1e6 * (getattr(configured, "default_rep_delay", None) or _REPETITION_DELAY_S),
    )


def _is_emulated(backend: Any) -> bool:
    """Whatever is not known to be a machine is emulated."""
    try:
        from qiskit_ibm_runtime import IBMBackend
    except ImportError:
        return True
    return not isinstance(backend, IBMBackend) or bool(getattr(_configuration(backend), "simulator", True))


def _configuration(backend: Any) -> Any:
    configuration = getattr(backend, "configuration", None)
    return configuration() if callable(configuration) else None


def _measured_qubits(native: Any) -> dict[int, int]:
    """Which physical qubit is read into each bit."""
    return {
        native.find_bit(item.clbits[0]).index: native.find_bit(item.qubits[0]).index
        for item in native.data
        if item.operation.name == "measure"
    }


def _entangling_gates(native: Any) -> int:
    """Two-qubit gates that a shot plays; of branches, the one with most."""
    count = 0
    for item in native.data:
        blocks = getattr(item.operation, "blocks", ())
        if blocks:
            count += max(_entangling_gates(block) for block in blocks)
        elif len(item.qubits) == 2 and item.operation.name not in _NOT_GATES:
            count += 1
    return count


class _Timing:
    """When each instruction of a compiled circuit may begin at the earliest, in s, and when each bit is read."""

    def __init__(self, target: Any) -> None:
        self._target = target
        self.reads: dict[int, tuple[float, float]] = {}
        """(begin, end) of what is read into each bit."""
        self.waits: list[list[tuple[int, float]]] = []
        """Before each instruction: (qubit, how long it has been idle)."""

    def walk(self, native: Any) -> None:
        free: dict[int, float] = {}
        known: dict[int, float] = {}
        for item in native.data:
            qubits = [native.find_bit(qubit).index for qubit in item.qubits]
            bits = [native.find_bit(bit).index for bit in item.clbits]
            moments = [free[qubit] for qubit in qubits if qubit in free]
            if item.operation.name != "measure":
                moments += [known[bit] for bit in bits if bit in known]
            begin = max(moments, default=0.0)
            self.waits.append([(qubit, begin - free[qubit]) for qubit in qubits if free.get(qubit, begin) < begin])
            end = begin + self._duration(item.operation, qubits)
            free |= dict.fromkeys(qubits, end)
            if item.operation.name == "measure":
                known[bits[0]], self.reads[bits[0]] = end, (begin, end)

    def _duration(self, operation: Any, qubits: list[int]) -> float:
        blocks = getattr(operation, "blocks", ())
        if blocks:
            return max(self._of_block(block, qubits) for block in blocks)
        if operation.name == "barrier" or operation.name not in self._target.operation_names:
            return 0.0
        entries = self._target[operation.name]
        entry = entries.get(tuple(qubits)) if entries is not None else None
        return float(getattr(entry, "duration", None) or 0.0)

    def _of_block(self, block: Any, outer: list[int]) -> float:
        """A block has one qubit, on which gates follow each other."""
        return sum(
            self._duration(item.operation, [outer[block.find_bit(qubit).index] for qubit in item.qubits])
            for item in block.data
        )


def with_idle_times(native: Any, target: Any) -> Any:
    """A compiled circuit with a delay wherever a qubit waits for an outcome or another qubit.

    Without delays a simulator lets a qubit rest for free while its ancilla is read.

    Args:
        native: The compiled circuit.
        target: Target of the backend, with durations.
    """
    timing = _Timing(target)
    timing.walk(native)
    padded = native.copy_empty_like()
    for item, waits in zip(native.data, timing.waits, strict=True):
        if item.operation.name != "barrier":
            for qubit, seconds in waits:
                padded.delay(seconds, qubit, unit="s")
        padded.append(item)
    return padded


def _latency_terms(timing: _Timing, circuit: DriveProbeDriveCircuit) -> tuple[float, dict[str, float]]:
    last = max(range(circuit.pairs), key=lambda pair: timing.reads[2 * pair + 1][1])
    probe, readout = timing.reads[2 * last], timing.reads[2 * last + 1]
    if circuit.feeds_forward:
        moments = {
            "first drive and probe": probe[0], "ancilla readout": probe[1] - probe[0],
            "second drive": readout[0] - probe[1],
        }  # fmt: skip
    else:
        moments = {"drives and probe": readout[0]}
    moments["readout"] = readout[1] - readout[0]
    terms = {name: float(np.round(1e6 * seconds, 9)) for name, seconds in moments.items()}
    return sum(terms.values()), terms

"""A backend that is played in this process, as a `Vendor`: the whole way of a job, without an account."""

from __future__ import annotations

import threading
import zlib

from synqc.errors import InputError
from synqc.hardware.backend import Backend, CompiledCircuit
from synqc.hardware.circuit import DriveProbeDriveCircuit
from synqc.hardware.vendor import SubmissionRefused, VendorAnswer, VendorState

__all__ = ["EmulatedVendor"]


class EmulatedVendor:
    """Service of one simulator or fake, for `hardware_work`; it takes nothing, and sends nothing anywhere.

    The id of a job holds all that its answer follows from, so that another process can go on with it; what is drawn
    follows from its tag.

    Args:
        backend: The adapter.

    Raises:
        InputError: The backend is a machine.

    Examples:
        >>> from synqc.hardware.ibm import ibm_backend
        >>> vendor = EmulatedVendor(ibm_backend("fake_manila"))
        >>> compiled = vendor.compile(DriveProbeDriveCircuit(strength=0.4))
        >>> vendor_id = vendor.submit(compiled, 100, tag="synqc-example")
        >>> vendor.state(vendor_id), vendor.answer(vendor_id, compiled).shots.bits.shape
        (<VendorState.DONE: 'done'>, (100, 2))
    """

    def __init__(self, backend: Backend) -> None:
        if not backend.capabilities.emulated:
            raise InputError(
                f"Argument `backend` must be a simulator or a fake, but {backend.capabilities.name} is a machine."
            )
        self._backend = backend
        self._taken: dict[str, str] = {}
        self._lock = threading.Lock()

    def compile(self, circuit: DriveProbeDriveCircuit, *, seed: int = 0) -> CompiledCircuit:
        """As the backend's own."""
        return self._backend.compile(circuit, seed=seed)

    def submit(self, compiled: CompiledCircuit, shots: int, *, tag: str) -> str:
        """Take a job; it is played when its answer is asked for."""
        try:
            self._backend.capabilities.check(compiled.circuit, shots)
        except InputError as error:
            raise SubmissionRefused(str(error)) from error
        vendor_id = f"{shots}:{tag}"
        with self._lock:
            self._taken[tag] = vendor_id
        return vendor_id

    def find(self, tag: str) -> list[str]:
        """Ids of jobs with that tag that this process has taken."""
        with self._lock:
            return [self._taken[tag]] if tag in self._taken else []

    def state(self, vendor_id: str) -> VendorState:
        """Nothing waits here."""
        return VendorState.DONE

    def answer(self, vendor_id: str, compiled: CompiledCircuit) -> VendorAnswer:
        """Play the circuit, compiled anew where another process had compiled it."""
        shots, _, tag = vendor_id.partition(":")
        seed = zlib.crc32(tag.encode())
        playable = self._backend.compile(compiled.circuit, seed=seed) if compiled.native is None else compiled
        return VendorAnswer(self._backend.sample(playable, int(shots), seed=seed), usd=0.0)

    def cancel(self, vendor_id: str) -> None:
        """Nothing is under way."""

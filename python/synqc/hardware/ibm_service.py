"""IBM's service as a `Vendor`: jobs of its sampler, found again by their tag."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from synqc.errors import MissingExtra
from synqc.hardware.backend import CompiledCircuit, Shots, bits_of_texts
from synqc.hardware.circuit import DriveProbeDriveCircuit
from synqc.hardware.ibm import IbmBackend
from synqc.hardware.vendor import SubmissionRefused, VendorAnswer, VendorState, VendorUnreachable

__all__ = ["IbmService", "ibm_service"]

_STATES = {
    "INITIALIZING": VendorState.QUEUED, "QUEUED": VendorState.QUEUED, "RUNNING": VendorState.RUNNING,
    "DONE": VendorState.DONE, "ERROR": VendorState.FAILED, "CANCELLED": VendorState.CANCELLED,
}  # fmt: skip
_FEW = 10


class IbmService:
    """One machine of an account, for `hardware_work`.

    Args:
        service: A `QiskitRuntimeService`.
        backend: The machine.
        sampler: Makes its sampler, given the machine and its options; None: qiskit-ibm-runtime's `SamplerV2`.
    """

    def __init__(
        self, service: Any, backend: IbmBackend, *, sampler: Callable[[Any, dict[str, Any]], Any] | None = None
    ) -> None:
        self._service = service
        self._backend = backend
        self._sampler = _sampler if sampler is None else sampler

    def compile(self, circuit: DriveProbeDriveCircuit, *, seed: int = 0) -> CompiledCircuit:
        """As `IbmBackend.compile`."""
        return self._backend.compile(circuit, seed=seed)

    def submit(self, compiled: CompiledCircuit, shots: int, *, tag: str) -> str:
        """The experiment and both preparations of its readout, as one job with that tag."""
        from qiskit_ibm_runtime.exceptions import IBMInputValueError

        circuits = [compiled.native, *self._backend.calibration_circuits(compiled)]
        sampler = self._sampler(self._backend.backend, {"environment": {"job_tags": [tag]}})
        try:
            return str(sampler.run(circuits, shots=shots).job_id())
        except IBMInputValueError as error:  # of circuits and options, before anything is sent
            raise SubmissionRefused(f"IBM's client refused the job: {error}") from error

    def find(self, tag: str) -> list[str]:
        """Ids of jobs with that tag."""
        found = _asked(lambda: self._service.jobs(job_tags=[tag], limit=_FEW))
        return [str(job.job_id()) for job in found]

    def state(self, vendor_id: str) -> VendorState:
        """How a job stands."""
        said = _asked(lambda: self._service.job(vendor_id).status())
        return _STATES[str(getattr(said, "name", said)).upper()]

    def answer(self, vendor_id: str, compiled: CompiledCircuit) -> VendorAnswer:
        """Bits of all three circuits, and what the machine's time costs by the price of the backend."""
        job = _asked(lambda: self._service.job(vendor_id))
        answered = _asked(job.result)
        bits = [bits_of_texts(answered[number].data.c.get_bitstrings(), compiled.circuit.qubits) for number in range(3)]
        price, usage = self._backend.price, getattr(job, "usage", None)
        usd = None
        if price is not None and usage is not None:
            seconds = float(_asked(usage))
            usd = price.usd(shots=sum(len(played) for played in bits), seconds=seconds)
        return VendorAnswer(Shots(*bits), usd)

    def cancel(self, vendor_id: str) -> None:
        """End a job, if it has not ended."""
        job = _asked(lambda: self._service.job(vendor_id))
        if self.state(vendor_id) in (VendorState.QUEUED, VendorState.RUNNING):
            _asked(job.cancel)


def ibm_service(name: str) -> IbmService:
    """Service of the stored account for one of its machines.

    Raises:
        MissingExtra: qiskit-ibm-runtime is not installed.
        VendorUnreachable: No account is stored, or no answer came.
    """
    try:
        from qiskit_ibm_runtime import QiskitRuntimeService
    except ImportError as error:
        raise MissingExtra("Machines of IBM need qiskit-ibm-runtime: pip install 'synqc[hardware-ibm]'.") from error
    service = _asked(QiskitRuntimeService)
    return IbmService(service, IbmBackend(_asked(lambda: service.backend(name))))


def _sampler(backend: Any, options: dict[str, Any]) -> Any:
    from qiskit_ibm_runtime import SamplerV2

    return SamplerV2(mode=backend, options=options)


def _asked(question: Callable[[], Any]) -> Any:
    """Questions change nothing, so that each failure of the client is one more time to ask."""
    try:
        return question()
    except Exception as error:
        raise VendorUnreachable(f"IBM's service did not answer: {type(error).__name__}: {error}") from error

"""IonQ's service as a `Vendor`: jobs of its HTTP interface, found again by their tag."""

from __future__ import annotations

import os
import urllib.parse
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synqc.errors import InputError
from synqc.hardware.backend import CompiledCircuit, Price, Shots
from synqc.hardware.circuit import DriveProbeDriveCircuit
from synqc.hardware.compiled_by_vendor import capabilities_unsaid, compiled_by_vendor, takes_a_job
from synqc.hardware.http_questions import HttpQuestions
from synqc.hardware.ionq import ionq_request
from synqc.hardware.vendor import SubmissionRefused, VendorAnswer, VendorFailed, VendorState, VendorUnreachable
from synqc.lab._near_words import unknown_name

__all__ = ["ADDRESS", "KEY", "IonqBackend", "IonqService", "ionq_backend", "ionq_service"]

ADDRESS = "https://api.ionq.co/v0.4"
KEY = "IONQ_API_KEY"
"""Variable of the account's key, as IonQ's own clients read it."""

_STATES = {
    "submitted": VendorState.QUEUED, "ready": VendorState.QUEUED, "started": VendorState.RUNNING,
    "running": VendorState.RUNNING, "completed": VendorState.DONE, "failed": VendorState.FAILED,
    "canceled": VendorState.CANCELLED,
}  # fmt: skip
_PAGES = 20


class IonqBackend:
    """Adapter of one of IonQ's backends; shots take a job.

    Args:
        name: Name of the backend at IonQ's, such as "simulator" or "qpu.forte-1".
        qubits: Number of its qubits.
        price: Price that the account is charged; None: not known, but nothing for the simulator.

    Examples:
        >>> forte = IonqBackend("qpu.forte-1", 36)
        >>> forte.capabilities.name, forte.capabilities.emulated, forte.capabilities.feeds_forward
        ('ionq:qpu.forte-1', False, False)
        >>> forte.compile(DriveProbeDriveCircuit(strength=0.4)).layout
        ((0, 1),)
    """

    def __init__(self, name: str, qubits: int, *, price: Price | None = None) -> None:
        is_simulator = name == "simulator"
        self.price = Price() if is_simulator else price
        self.capabilities = capabilities_unsaid(f"ionq:{name}", emulated=is_simulator, qubits=qubits)

    def compile(self, circuit: DriveProbeDriveCircuit, *, seed: int = 0) -> CompiledCircuit:
        """The circuit itself: IonQ compiles it after it was sent, and says nothing of durations."""
        self.capabilities.check(circuit, 1)
        return compiled_by_vendor(circuit, circuit.to_openqasm(reads_at_end=True))

    def sample(self, compiled: CompiledCircuit, shots: int, *, seed: int = 0) -> Shots:
        """Always refused: what IonQ plays takes a job (`synqc.hardware.submission`)."""
        raise takes_a_job(self.capabilities.name, whose="IonQ's", expected="a simulator or a fake of this machine")


class IonqService:
    """One backend of an account, for `hardware_work`. The readout is not calibrated.

    Args:
        key: Key of the account.
        backend: The backend.
        address: Address of the interface.
    """

    def __init__(self, key: str, backend: IonqBackend, *, address: str = ADDRESS) -> None:
        self._questions = _questions(key, address)
        self._backend = backend
        self._name = backend.capabilities.name.partition(":")[2]
        self._version = urllib.parse.urlsplit(address).path.rstrip("/")

    def compile(self, circuit: DriveProbeDriveCircuit, *, seed: int = 0) -> CompiledCircuit:
        """As `IonqBackend.compile`."""
        return self._backend.compile(circuit, seed=seed)

    def submit(self, compiled: CompiledCircuit, shots: int, *, tag: str) -> str:
        """The experiment as one job, with the tag among its metadata."""
        body = ionq_request(compiled.circuit, backend=self._name, shots=shots, name=tag, tag=tag)
        answered = self._questions.ask("/jobs", method="POST", body=body)
        if not isinstance(answered, dict) or not isinstance(answered.get("id"), str):
            raise VendorUnreachable(f"IonQ answered a submission without an id: {str(answered)[:200]}")
        vendor_id: str = answered["id"]
        return vendor_id

    def find(self, tag: str) -> list[str]:
        """Ids of jobs with that tag, among the newest two thousand."""
        found: list[str] = []
        following = None
        for _ in range(_PAGES):
            query = {"limit": "100"} | ({} if following is None else {"next": following})
            page = self._asked(f"/jobs?{urllib.parse.urlencode(query)}")
            found += [job["id"] for job in page.get("jobs", []) if (job.get("metadata") or {}).get("tag") == tag]
            following = page.get("next")
            if not following or found:
                break
        return found

    def state(self, vendor_id: str) -> VendorState:
        """How a job stands."""
        said = self._job(vendor_id).get("status")
        if said not in _STATES:
            raise VendorUnreachable(f"IonQ said of its job {vendor_id} what is no state: {str(said)[:100]}")
        return _STATES[said]

    def answer(self, vendor_id: str, compiled: CompiledCircuit) -> VendorAnswer:
        """Bits of each shot where the job has them, else the shots that its probabilities are shares of."""
        job = self._job(vendor_id)
        results = job.get("results") or {}
        shots, probabilities = (_address_in(results, name) for name in ("shots", "probabilities"))
        if shots is not None:
            outcomes = [int(outcome) for outcome in self._asked(self._below(shots))]
        elif probabilities is not None:
            outcomes = _apportioned(self._asked(self._below(probabilities)), int(job["shots"]))
        else:
            raise VendorFailed(f"IonQ ended its job {vendor_id} without a result.")
        return VendorAnswer(Shots(_bits(outcomes, compiled.circuit)))

    def cancel(self, vendor_id: str) -> None:
        """End a job, if it has not ended."""
        if self.state(vendor_id) in (VendorState.QUEUED, VendorState.RUNNING):
            self._asked(f"/jobs/{urllib.parse.quote(vendor_id, safe='')}/status/cancel", method="PUT")

    def _job(self, vendor_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self._asked(f"/jobs/{urllib.parse.quote(vendor_id, safe='')}")
        return found

    def _asked(self, path: str, *, method: str = "GET") -> Any:
        """Questions change nothing that matters, so that each failure is one more time to ask."""
        try:
            return self._questions.ask(path, method=method)
        except SubmissionRefused as error:
            raise VendorUnreachable(str(error)) from error

    def _below(self, path: str) -> str:
        """A result's path without the version, which the base has: a key follows no address out of it."""
        return path.removeprefix(self._version) if path.startswith("/") else f"/{path}"


def ionq_backend(
    name: str, *, price: Price | None = None, key: str | None = None, address: str = ADDRESS
) -> IonqBackend:
    """Backend of that name, with the number of qubits that IonQ says it has.

    Args:
        name: Name of the backend at IonQ's.
        price: Price that the account is charged.
        key: Key of the account; None: that of IONQ_API_KEY.
        address: Address of the interface.

    Raises:
        InputError: There is no key.
        UnknownName: IonQ has no such backend.
        VendorUnreachable: No answer came.
    """
    try:
        known = _questions(_key(key), address).ask("/backends")
    except SubmissionRefused as error:
        raise VendorUnreachable(str(error)) from error
    listed = known if isinstance(known, list) else (known or {}).get("backends", [])
    qubits = {one["backend"]: int(one["qubits"]) for one in listed}
    if name not in qubits:
        raise unknown_name("name", name, sorted(qubits))
    return IonqBackend(name, qubits[name], price=price)


def ionq_service(name: str, *, address: str = ADDRESS) -> IonqService:
    """Service of the account of IONQ_API_KEY for one of IonQ's backends; raises as `ionq_backend`."""
    key = _key(None)
    return IonqService(key, ionq_backend(name, key=key, address=address), address=address)


def _questions(key: str, address: str) -> HttpQuestions:
    return HttpQuestions("IonQ", address, {"authorization": f"apiKey {key}"})


def _key(given: str | None) -> str:
    key = os.environ.get(KEY, "").strip() if given is None else given
    if not key or not key.isprintable():
        raise InputError(
            f"Variable {KEY} must be the key of an IonQ account, but is {'not set' if not key else 'no text'}."
        )
    return key


def _address_in(results: dict[str, Any], name: str) -> str | None:
    found = results.get(name)
    url = found.get("url") if isinstance(found, dict) else None
    return url if isinstance(url, str) else None


def _apportioned(probabilities: dict[str, float], shots: int) -> list[int]:
    """Outcomes by the largest remainders, so that there are as many as shots."""
    shares = {int(outcome): float(share) * shots for outcome, share in probabilities.items()}
    counts = {outcome: int(share) for outcome, share in shares.items()}
    left = shots - sum(counts.values())
    for outcome in sorted(shares, key=lambda one: counts[one] - shares[one])[:left]:
        counts[outcome] += 1
    return [outcome for outcome, count in counts.items() for _ in range(count)]


def _bits(outcomes: list[int], circuit: DriveProbeDriveCircuit) -> NDArray[np.uint8]:
    """Bit j of an outcome is qubit j; column 2 k is the ancilla of pair k, column 2 k + 1 its system."""
    column = [qubit + 1 if qubit % 2 == 0 else qubit - 1 for qubit in range(circuit.qubits)]
    return np.array([[outcome >> qubit & 1 for qubit in column] for outcome in outcomes], dtype=np.uint8)

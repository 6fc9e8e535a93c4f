"""Amazon Braket's service as a `Vendor`: quantum tasks of its interface, found again by their tag."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from synqc.errors import InputError, MissingExtra
from synqc.hardware.backend import CompiledCircuit, Price, Shots
from synqc.hardware.circuit import DriveProbeDriveCircuit
from synqc.hardware.compiled_by_vendor import capabilities_unsaid, compiled_by_vendor, takes_a_job
from synqc.hardware.vendor import SubmissionRefused, VendorAnswer, VendorState, VendorUnreachable

__all__ = ["BUCKET", "BraketBackend", "BraketService", "braket_backend", "braket_service", "is_device_name"]

BUCKET = "AMZN_BRAKET_OUT_S3_BUCKET"
"""Variable of the bucket that results come to, as Amazon's own client reads it."""

_TAG = "synqc"
_PAGES = 20
_STATES = {
    "CREATED": VendorState.QUEUED, "QUEUED": VendorState.QUEUED, "RUNNING": VendorState.RUNNING,
    "COMPLETED": VendorState.DONE, "FAILED": VendorState.FAILED, "CANCELLING": VendorState.CANCELLED,
    "CANCELLED": VendorState.CANCELLED,
}  # fmt: skip
_REFUSALS = (
    "AccessDeniedException", "DeviceOfflineException", "DeviceRetiredException", "ServiceQuotaExceededException",
    "ValidationException", "ThrottlingException",
)  # fmt: skip
"""Answers after which nothing runs."""


def is_device_name(name: str) -> bool:
    """Whether a name is that of a device of Braket's, rather than of a simulator here.

    Examples:
        >>> is_device_name("arn:aws:braket:us-east-1::device/qpu/ionq/Forte-1"), is_device_name("braket_dm")
        (True, False)
    """
    return name.startswith("arn:")


class BraketBackend:
    """Adapter of one device of Braket's; shots take a job.

    Args:
        arn: Amazon's name of the device.
        qubits: Number of its qubits.
        is_machine: Whether qubits play it; Braket's own simulators are emulated.
        price: Price that the account is charged; None: not known.
    """

    def __init__(self, arn: str, qubits: int, *, is_machine: bool, price: Price | None = None) -> None:
        self.arn = arn
        self.price = price
        self.capabilities = capabilities_unsaid(f"braket:{arn}", emulated=not is_machine, qubits=qubits)

    def compile(self, circuit: DriveProbeDriveCircuit, *, seed: int = 0) -> CompiledCircuit:
        """The circuit itself, read at its end: Braket compiles it after it was sent, and says nothing of durations."""
        self.capabilities.check(circuit, 1)
        return compiled_by_vendor(circuit, circuit.to_openqasm(includes_standard_gates=False, reads_at_end=True))

    def sample(self, compiled: CompiledCircuit, shots: int, *, seed: int = 0) -> Shots:
        """Always refused: what Braket plays takes a job (`synqc.hardware.submission`)."""
        raise takes_a_job(self.capabilities.name, whose="Amazon's", expected="braket:braket_dm or braket:braket_sv")


class BraketService:
    """One device of an account, for `hardware_work`. The readout is not calibrated.

    The tag is the token by which Braket itself takes a repeated submission for one.

    Args:
        tasks: Client of the service "braket", as boto3 makes it.
        files: Client of the service "s3".
        backend: The device.
        bucket: Bucket that results come to.
    """

    def __init__(self, tasks: Any, files: Any, backend: BraketBackend, bucket: str) -> None:
        self._tasks = tasks
        self._files = files
        self._backend = backend
        self._bucket = bucket

    def compile(self, circuit: DriveProbeDriveCircuit, *, seed: int = 0) -> CompiledCircuit:
        """As `BraketBackend.compile`."""
        return self._backend.compile(circuit, seed=seed)

    def submit(self, compiled: CompiledCircuit, shots: int, *, tag: str) -> str:
        """The experiment as one quantum task, with that tag."""
        action = {
            "braketSchemaHeader": {"name": "braket.ir.openqasm.program", "version": "1"}, "source": compiled.text,
            "inputs": {},
        }  # fmt: skip
        try:
            answered = self._tasks.create_quantum_task(
                action=json.dumps(action), clientToken=tag, deviceArn=self._backend.arn, deviceParameters="{}",
                outputS3Bucket=self._bucket, outputS3KeyPrefix="synqc", shots=shots, tags={_TAG: tag},
            )  # fmt: skip
        except Exception as error:
            if _code_of(error) in _REFUSALS:
                raise SubmissionRefused(f"Braket refused the job: {error}") from error
            raise
        return str(answered["quantumTaskArn"])

    def find(self, tag: str) -> list[str]:
        """Ids of tasks of the device with that tag, among the newest two thousand."""
        only = [{"name": "deviceArn", "operator": "EQUAL", "values": [self._backend.arn]}]
        found: list[str] = []
        following: dict[str, str] = {}
        for _ in range(_PAGES):
            page = _asked(partial(self._tasks.search_quantum_tasks, filters=only, maxResults=100, **following))
            found += [
                str(one["quantumTaskArn"]) for one in page["quantumTasks"] if one.get("tags", {}).get(_TAG) == tag
            ]
            if found or not page.get("nextToken"):
                break
            following = {"nextToken": page["nextToken"]}
        return found

    def state(self, vendor_id: str) -> VendorState:
        """How a task stands."""
        return _STATES[_asked(lambda: self._tasks.get_quantum_task(quantumTaskArn=vendor_id))["status"]]

    def answer(self, vendor_id: str, compiled: CompiledCircuit) -> VendorAnswer:
        """Bits of each shot, from the file in the bucket."""
        task = _asked(lambda: self._tasks.get_quantum_task(quantumTaskArn=vendor_id))
        place = {"Bucket": task["outputS3Bucket"], "Key": f"{task['outputS3Directory']}/results.json"}
        document = json.loads(_asked(lambda: self._files.get_object(**place)["Body"].read()))
        measured = np.array(document["measurements"], dtype=np.uint8)
        column = {qubit: number for number, qubit in enumerate(document["measuredQubits"])}
        order = [column[qubit] for pair in compiled.layout for qubit in reversed(pair)]
        return VendorAnswer(Shots(np.ascontiguousarray(measured[:, order])))

    def cancel(self, vendor_id: str) -> None:
        """End a task, if it has not ended."""
        if self.state(vendor_id) in (VendorState.QUEUED, VendorState.RUNNING):
            token = vendor_id.rpartition("/")[2][-64:]
            _asked(lambda: self._tasks.cancel_quantum_task(quantumTaskArn=vendor_id, clientToken=token))


def braket_backend(arn: str, *, price: Price | None = None, tasks: Any = None) -> BraketBackend:
    """Device of that name, with the number of qubits that Braket says it has.

    Args:
        arn: Amazon's name of the device.
        price: Price that the account is charged.
        tasks: Client of the service "braket"; None: boto3's, by the account that it finds.

    Raises:
        InputError: It is no such name.
        MissingExtra: boto3 is not installed.
        VendorUnreachable: No answer came.
    """
    client = _client("braket", arn) if tasks is None else tasks
    said = _asked(lambda: client.get_device(deviceArn=arn))
    capabilities = said["deviceCapabilities"]
    document = json.loads(capabilities) if isinstance(capabilities, str) else capabilities
    return BraketBackend(
        arn, int(document["paradigm"]["qubitCount"]), is_machine=said["deviceType"] == "QPU", price=price
    )


def braket_service(arn: str) -> BraketService:
    """Service of boto3's account for one device; raises as `braket_backend`, and InputError without a bucket."""
    bucket = os.environ.get(BUCKET, "").strip()
    if not bucket:
        raise InputError(f"Variable {BUCKET} must name the bucket that results come to, but is not set.")
    tasks = _client("braket", arn)
    return BraketService(tasks, _client("s3", arn), braket_backend(arn, tasks=tasks), bucket)


def _client(service: str, arn: str) -> Any:
    parts = arn.split(":")
    if len(parts) < 6 or parts[2] != "braket":
        raise InputError(
            "Argument `arn` must be Amazon's name of a device, arn:aws:braket:<region>::device/..., but is "
            f"{arn[:200]!r}."
        )
    try:
        import boto3
    except ImportError as error:
        raise MissingExtra("Devices of Braket need boto3: pip install boto3.") from error
    region = parts[3] or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
    return _asked(lambda: boto3.client(service, region_name=region))


def _code_of(error: Exception) -> str:
    """Of an error of botocore's clients."""
    answered = getattr(error, "response", None) or {}
    return str(answered.get("Error", {}).get("Code", ""))


def _asked(question: Callable[[], Any]) -> Any:
    """Questions change nothing, so that each failure of the client is one more time to ask."""
    try:
        return question()
    except Exception as error:
        raise VendorUnreachable(f"Braket did not answer: {type(error).__name__}: {error}") from error

"""Braket's quantum tasks: requests held against Amazon's own description of its interface, nothing sent."""

import io
import json

import pytest

pytest.importorskip("boto3", reason="needs Amazon's client")

import boto3
from botocore.response import StreamingBody
from botocore.stub import ANY, Stubber

from synqc.errors import InputError
from synqc.hardware import DriveProbeDriveCircuit
from synqc.hardware.braket_service import BraketBackend, BraketService, braket_backend, braket_service
from synqc.hardware.open_vendor import missing_credentials
from synqc.hardware.vendor import SubmissionRefused, VendorState, VendorUnreachable

ARN = "arn:aws:braket:us-east-1::device/qpu/ionq/Forte-1"
TASK = "arn:aws:braket:us-east-1:111122223333:quantum-task/0a1b"
PLAIN = DriveProbeDriveCircuit(strength=0.4)
ASKED = {
    "quantumTaskArn": TASK, "deviceArn": ARN, "deviceParameters": "{}", "shots": 4,
    "outputS3Bucket": "amazon-braket-lab", "outputS3Directory": "synqc/0a1b", "createdAt": "2026-01-01T00:00:00Z",
}  # fmt: skip


@pytest.fixture
def clients():
    account = {"region_name": "us-east-1", "aws_access_key_id": "none", "aws_secret_access_key": "none"}
    tasks, files = boto3.client("braket", **account), boto3.client("s3", **account)
    with Stubber(tasks) as of_tasks, Stubber(files) as of_files:
        service = BraketService(tasks, files, BraketBackend(ARN, 36, is_machine=True), "amazon-braket-lab")
        yield service, of_tasks, of_files
        of_tasks.assert_no_pending_responses()
        of_files.assert_no_pending_responses()


def test_a_task_is_created_with_its_tag_as_the_token(clients):
    service, tasks, _ = clients
    tasks.add_response(
        "create_quantum_task", {"quantumTaskArn": TASK},
        {
            "action": ANY, "clientToken": "synqc-1", "deviceArn": ARN, "deviceParameters": "{}",
            "outputS3Bucket": "amazon-braket-lab", "outputS3KeyPrefix": "synqc", "shots": 4,
            "tags": {"synqc": "synqc-1"},
        },
    )  # fmt: skip
    assert service.submit(service.compile(PLAIN), 4, tag="synqc-1") == TASK


def test_the_text_reads_at_its_end_and_braket_reads_it():
    text = (
        BraketBackend(ARN, 36, is_machine=True)
        .compile(DriveProbeDriveCircuit(strength=0.4, corrections=((0, 0),) * 2))
        .text
    )
    lines = text.splitlines()
    assert all(" = measure " in line for line in lines[-4:])
    assert not any(" = measure " in line for line in lines[:-4])
    from braket.default_simulator.openqasm.interpreter import Interpreter

    assert Interpreter().build_circuit(text).num_qubits == 4


@pytest.mark.parametrize("code", ["DeviceOfflineException", "AccessDeniedException", "ValidationException"])
def test_a_refusal_is_said_to_be_one(clients, code):
    service, tasks, _ = clients
    tasks.add_client_error("create_quantum_task", code, "no")
    with pytest.raises(SubmissionRefused, match=code):
        service.submit(service.compile(PLAIN), 4, tag="synqc-1")


def test_a_failure_of_the_service_is_no_refusal(clients):
    service, tasks, _ = clients
    tasks.add_client_error("create_quantum_task", "InternalServiceException", "oh", http_status_code=500)
    with pytest.raises(Exception, match="InternalServiceException") as failure:
        service.submit(service.compile(PLAIN), 4, tag="synqc-1")
    assert not isinstance(failure.value, SubmissionRefused)


def test_a_task_is_found_by_its_tag_on_a_later_page(clients):
    service, tasks, _ = clients
    only = [{"name": "deviceArn", "operator": "EQUAL", "values": [ARN]}]
    listed = {name: ASKED[name] for name in ASKED if name != "deviceParameters"} | {"status": "QUEUED"}
    other = {**listed, "tags": {"synqc": "synqc-2"}}
    tasks.add_response(
        "search_quantum_tasks",
        {"quantumTasks": [other, listed], "nextToken": "on"},
        {"filters": only, "maxResults": 100},
    )
    mine = {**listed, "tags": {"synqc": "synqc-1"}}
    tasks.add_response(
        "search_quantum_tasks", {"quantumTasks": [mine]}, {"filters": only, "maxResults": 100, "nextToken": "on"}
    )
    assert service.find("synqc-1") == [TASK]


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("CREATED", VendorState.QUEUED), ("QUEUED", VendorState.QUEUED), ("RUNNING", VendorState.RUNNING),
        ("COMPLETED", VendorState.DONE), ("FAILED", VendorState.FAILED), ("CANCELLING", VendorState.CANCELLED),
        ("CANCELLED", VendorState.CANCELLED),
    ],
)  # fmt: skip
def test_every_status_has_a_state(clients, status, state):
    service, tasks, _ = clients
    tasks.add_response("get_quantum_task", ASKED | {"status": status}, {"quantumTaskArn": TASK})
    assert service.state(TASK) is state


def test_no_answer_is_asked_again_by_whoever_follows_it(clients):
    service, tasks, _ = clients
    tasks.add_client_error("get_quantum_task", "ThrottlingException", "slower")
    with pytest.raises(VendorUnreachable, match="ThrottlingException"):
        service.state(TASK)


def test_bits_come_from_the_bucket_by_the_number_of_the_qubit(clients):
    service, tasks, files = clients
    tasks.add_response("get_quantum_task", ASKED | {"status": "COMPLETED"}, {"quantumTaskArn": TASK})
    document = json.dumps({"measurements": [[0, 1], [1, 1]], "measuredQubits": [1, 0]}).encode()
    files.add_response(
        "get_object", {"Body": StreamingBody(io.BytesIO(document), len(document))},
        {"Bucket": "amazon-braket-lab", "Key": "synqc/0a1b/results.json"},
    )  # fmt: skip
    assert service.answer(TASK, service.compile(PLAIN)).shots.bits.tolist() == [[0, 1], [1, 1]]


def test_a_task_that_waits_is_cancelled(clients):
    service, tasks, _ = clients
    tasks.add_response("get_quantum_task", ASKED | {"status": "QUEUED"}, {"quantumTaskArn": TASK})
    tasks.add_response(
        "cancel_quantum_task", {"quantumTaskArn": TASK, "cancellationStatus": "CANCELLING"},
        {"quantumTaskArn": TASK, "clientToken": "0a1b"},
    )  # fmt: skip
    service.cancel(TASK)


def test_a_device_says_how_many_qubits_it_has(clients):
    service, tasks, _ = clients
    said = {
        "deviceArn": ARN, "deviceName": "Forte 1", "providerName": "IonQ", "deviceType": "QPU",
        "deviceStatus": "ONLINE", "deviceCapabilities": json.dumps({"paradigm": {"qubitCount": 36}}),
    }  # fmt: skip
    tasks.add_response("get_device", said, {"deviceArn": ARN})
    found = braket_backend(ARN, tasks=service._tasks)
    assert (found.capabilities.qubits, found.capabilities.emulated, found.price) == (36, False, None)


def test_what_is_missing_is_named(monkeypatch, tmp_path):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AMZN_BRAKET_OUT_S3_BUCKET"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    missing = missing_credentials(f"braket:{ARN}")
    assert missing == "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AMZN_BRAKET_OUT_S3_BUCKET"
    with pytest.raises(InputError, match="AMZN_BRAKET_OUT_S3_BUCKET"):
        braket_service(ARN)
    monkeypatch.setenv("AMZN_BRAKET_OUT_S3_BUCKET", "amazon-braket-lab")
    with pytest.raises(InputError, match="`arn`"):
        braket_service("arn:aws:s3")
